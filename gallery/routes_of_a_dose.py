"""One dose by several routes: plasma, norketamine, free brain, and receptors on two scales.

    python gallery/routes_of_a_dose.py --out routes.png

Half a milligram a kilogram of a human: into a vein over 40 minutes, into a muscle, into the nose,
by mouth; no network runs. Block is that of pure GluN2A at a clamped voltage with a pore that is
open a hundredth of the time, so that use is the same for all routes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from ketacortex.drug.pharmacokinetics import Kinetics, SystemicCourse, dose_umol, ng_per_ml
from ketacortex.drug.receptor_block import advance_mixture, free_of_magnesium, unbinding_per_s
from ketacortex.evidence.blockers import BLOCKERS

ROUTES = {"intravenous": 2400.0, "intramuscular": 0.0, "intranasal": 0.0, "oral": 0.0}
COLOURS = ("#35618f", "#c8553d", "#5b8e7d", "#8a63d2")
VOLTAGE_MV, MAGNESIUM_MILLIMOLAR, P_OPEN = -40.0, 1.0, 0.01
STEP_S = 60.0


def blocked_share(free_micromolar: np.ndarray) -> np.ndarray:
    """Share of GluN2A held by drug and metabolite together, (n_time,)."""
    names = ("ketamine", "norketamine")
    open_free = P_OPEN * free_of_magnesium("glun2a", VOLTAGE_MV, MAGNESIUM_MILLIMOLAR)
    leave = np.array(
        [[P_OPEN * unbinding_per_s(BLOCKERS[name], "glun2a", VOLTAGE_MV)] for name in names]
    )
    k_on = np.array([BLOCKERS[name].k_on.value for name in names])
    held, course = np.zeros((2, 1)), [0.0]
    for concentration in free_micromolar.T[:-1]:
        entry = (k_on * concentration * open_free)[:, None]
        held = advance_mixture(held, entry, leave, STEP_S)
        course.append(float(held.sum()))
    return np.array(course)


def main(arguments: list[str] | None = None) -> Path:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("routes.png"))
    chosen = parser.parse_args(arguments)
    time_s = np.arange(0.0, 4 * 3600.0, STEP_S)
    body = Kinetics(species="human")
    amount = dose_umol(0.5 * body.mass_kg, "ketamine", "base")
    figure = plt.figure(figsize=(11, 6), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True).ravel()
    for (route, infused_s), colour in zip(ROUTES.items(), COLOURS, strict=True):
        course = SystemicCourse(body, "ketamine", route, amount, infused_s, time_s[-1])
        plasma = ng_per_ml(course.plasma_micromolar(time_s), "ketamine")
        made = ng_per_ml(course.metabolite_plasma_micromolar(time_s), "norketamine")
        free = course.free_brain_micromolar(time_s)
        minutes = time_s / 60
        axes[0].plot(minutes, plasma, color=colour, label=route)
        axes[1].plot(minutes, made, color=colour)
        axes[2].plot(minutes, free[0], color=colour)
        axes[3].plot(minutes, blocked_share(free), color=colour)
        weighed = sum(
            c / BLOCKERS[name].half_occupancy_in_vivo.value
            for c, name in zip(free, ("ketamine", "norketamine"), strict=True)
        )
        axes[3].plot(minutes, weighed / (1 + weighed), color=colour, lw=0.8, ls=":")
    labels = (
        "ketamine in plasma,\ntotal (ng/ml)", "norketamine in plasma,\ntotal (ng/ml)",
        "ketamine free\nin the brain (µM)",
        f"GluN2A blocked at {VOLTAGE_MV:g} mV\n(dotted: in vivo scale)",
    )  # fmt: skip
    for axis, label in zip(axes, labels, strict=True):
        axis.set(ylabel=label, ylim=(0, None))
    for axis in axes[2:]:
        axis.set_xlabel("minutes since the dose")
    axes[0].legend(frameon=False)
    figure.savefig(chosen.out, dpi=110)
    return chosen.out


if __name__ == "__main__":
    print(main())
