"""One simulated cortex: its map, a few seconds of its spikes, and the tuning of four of its cells.

    python gallery/one_cortex.py --out one_cortex.png

Cells are picked by rule: the pyramidal cells at the 20th, 40th, 60th and 80th percentile of OSI.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from ketacortex import CircuitSettings, Subject, build_circuit, measure_session, simulate_session
from ketacortex.stimulus.grating import GratingSequence

COLOUR_OF_CLASS = {"pyr": "#35618f", "pv": "#c8553d", "sst": "#5b8e7d"}
SHOWN_S = 7.2  # eight trials


def draw_map(axis, circuit) -> None:
    n = circuit.settings.pyr.n
    dots = axis.scatter(
        *circuit.position_um[:n].T, c=circuit.preferred_deg, cmap="hsv", vmin=0, vmax=180, s=22
    )
    axis.set(
        title=f"map of {n} pyramidal cells", xlabel="µm", ylabel="µm", aspect="equal",
        xticks=[0, 1500], yticks=[0, 1500],
    )  # fmt: skip
    axis.figure.colorbar(dots, ax=axis, label="preferred orientation (deg)", ticks=[0, 90, 180])


def draw_raster(axis, recording, circuit) -> None:
    n = circuit.settings.pyr.n
    order = np.concatenate([np.argsort(circuit.preferred_deg), np.arange(n, recording.n_units)])
    for row, unit in enumerate(order):
        times = recording.spike_times_s(unit)
        times = times[times < SHOWN_S]
        colour = COLOUR_OF_CLASS[recording.cell_classes[unit]]
        axis.plot(times, np.full(len(times), row), ".", color=colour, markersize=1.6)
    for _, trial in recording.trials[recording.trials["offset_s"] <= SHOWN_S].iterrows():
        blank = np.isnan(trial["orientation_deg"])
        label = "blank" if blank else f"{trial['orientation_deg']:.0f}°"
        axis.axvspan(
            trial["onset_s"], trial["offset_s"], color="0.5", alpha=0.03 if blank else 0.13
        )
        middle = (trial["onset_s"] + trial["offset_s"]) / 2
        axis.text(middle, recording.n_units + 6, label, ha="center", fontsize=8)
    axis.set(xlim=(0, SHOWN_S), ylim=(0, recording.n_units), xlabel="time (s)",
             ylabel="cells: pyramidal by preference, PV, SST")  # fmt: skip


def draw_tuning(axis, findings) -> None:
    units = findings.units[findings.units["cell_class"] == "pyr"].set_index("unit")
    tuned = units[units["is_tuned"]].sort_values("osi")
    rate = findings.tuning["rate_hz"].isel(epoch=0)
    for share in (0.2, 0.4, 0.6, 0.8):
        unit = tuned.index[int(share * len(tuned))]
        curve = rate.sel(unit=unit)
        axis.plot(
            curve["orientation"], curve, "o-", markersize=3,
            label=f"OSI {tuned.loc[unit, 'osi']:.2f}",
        )  # fmt: skip
    axis.set(title="tuning of four cells", xlabel="orientation (deg)", ylabel="rate (Hz)",
             xticks=[0, 45, 90, 135])  # fmt: skip
    axis.legend(frameon=False, fontsize=8)


def main(arguments: list[str] | None = None) -> Path:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("one_cortex.png"))
    parser.add_argument("--map", choices=["cat", "mouse", "shuffled"], default="cat")
    parser.add_argument("--repeats", type=int, default=8)
    chosen = parser.parse_args(arguments)
    circuit = build_circuit(CircuitSettings(map=chosen.map), 1)
    sequence = GratingSequence(repeats=chosen.repeats, blanks=2 * chosen.repeats)
    session = simulate_session(circuit, [("control", sequence)], 1, Subject(identifier="example"))
    recording = session.recording
    findings = measure_session(recording)
    figure = plt.figure(figsize=(12, 4.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=[1.15, 1.9, 1])
    draw_map(left, circuit)
    draw_raster(middle, recording, circuit)
    draw_tuning(right, findings)
    figure.savefig(chosen.out, dpi=110)
    return chosen.out


if __name__ == "__main__":
    print(main())
