"""Filter paper on a cortex: where the drug goes, and how block and AMPA gain follow it.

    python gallery/one_dose.py --out one_dose.png

One simulated animal, a few trials before, early and late; the paper lies on the right half of the
patch for an hour and is followed for 30 minutes after it was lifted.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

from ketacortex import CircuitSettings, Subject, build_circuit, simulate_session
from ketacortex.drug.doses import TopicalDose
from ketacortex.drug.exposure import Exposure, Sites
from ketacortex.drug.tissue_diffusion import Tissue
from ketacortex.simulate.session import Treatment
from ketacortex.simulate.slow_states import SlowSteps
from ketacortex.stimulus.grating import GratingSequence

COLOUR_OF_CLASS = {"pyr": "#35618f", "pv": "#c8553d", "sst": "#5b8e7d"}
PAPER = TopicalDose(name="paper", blocker="ketamine", route="topical")
SEQUENCE = GratingSequence(n_orientations=6, repeats=2, blanks=4)
STARTS_S = {"early": 600.0, "late": 2700.0, "washout": 5400.0}


def draw_section(axis, at_s: float) -> None:
    """Free concentration in a vertical section through the middle of the paper."""
    x, depth = np.meshgrid(np.linspace(-750, 1250, 121), np.linspace(0, 700, 71))
    sites = Sites(np.column_stack([x.ravel(), np.zeros(x.size)]), depth.ravel())
    exposure = Exposure([PAPER], Tissue(), sites, at_s + 1)
    free = exposure.free_micromolar(at_s)[0].reshape(x.shape)
    shown = axis.pcolormesh(x, depth, np.maximum(free, 1e-3), norm=LogNorm(1e-2, 30), cmap="magma")
    left = PAPER.x_um - PAPER.side_um / 2
    axis.plot([left, left + PAPER.side_um], [-15, -15], color="0.2", lw=4, clip_on=False)
    axis.plot([-750, 750, 750, -750, -750], [150, 150, 450, 450, 150], color="w", lw=1, ls="--")
    axis.set(
        title=f"free drug after {at_s / 60:.0f} min; dashed: somata of the patch",
        xlabel="µm from the middle of the patch", ylabel="depth (µm)", ylim=(700, -20),
    )  # fmt: skip
    axis.figure.colorbar(shown, ax=axis, label="µM")


def draw_course(axis, course, quantity: str, label: str) -> None:
    """A slow state of each class, its mean and the range of nine tenths of its sites."""
    zero_s = course["time_s"].min()
    here = course[course["quantity"] == quantity]
    for population, rows in here.groupby("population", sort=False):
        minutes = (rows["time_s"] - zero_s) / 60
        axis.plot(minutes, rows["mean"], color=COLOUR_OF_CLASS[population], label=population)
        axis.fill_between(
            minutes, rows["low"], rows["high"], color=COLOUR_OF_CLASS[population], alpha=0.15, lw=0
        )
    axis.axvspan(0, PAPER.duration_s / 60, color="0.5", alpha=0.1, lw=0)
    axis.set(xlabel="minutes since the paper was laid on", ylabel=label)


def main(arguments: list[str] | None = None) -> Path:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("one_dose.png"))
    chosen = parser.parse_args(arguments)
    session = simulate_session(
        build_circuit(CircuitSettings(), 1),
        [(name, SEQUENCE) for name in ("control", *STARTS_S)],
        1,
        Subject(identifier="example"),
        starts_s=STARTS_S,
        treatment=Treatment(doses=(PAPER,), slow_steps=SlowSteps(representative_trials=3)),
    )
    figure = plt.figure(figsize=(12, 6.4), layout="constrained")
    axes = figure.subplots(2, 2)
    draw_section(axes[0, 0], 2700.0)
    draw_course(axes[0, 1], session.course, "free_micromolar", "free drug at the receptors (µM)")
    axes[0, 1].set(yscale="log", ylim=(1e-2, 30))
    draw_course(axes[1, 0], session.course, "blocked_share", "share of NMDA conductance blocked")
    draw_course(axes[1, 1], session.course, "ampa_gain", "AMPA gain of pyramidal branches")
    axes[1, 0].legend(frameon=False)
    figure.savefig(chosen.out, dpi=110)
    return chosen.out


if __name__ == "__main__":
    print(main())
