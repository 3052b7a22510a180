"""One cortex twice: every cell, and what electrodes in it would have recorded.

    python gallery/through_electrodes.py --out through_electrodes.png

The table says how rates, selectivity, Fano factor and noise correlation differ between the two
views; the picture shows the same for each cell that is a unit by itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from ketacortex import CircuitSettings, Subject, build_circuit, measure_session, simulate_session
from ketacortex.recording.electrode_view import sampling_numbers, view_through
from ketacortex.recording.electrodes import Electrodes
from ketacortex.stimulus.grating import GratingSequence

MEASURES = ("evoked_rate_hz", "spontaneous_rate_hz", "osi", "fano_factor", "noise_correlation")
OF_A_UNIT = (("mean_rate_hz", "rate (Hz)"), ("osi", "OSI"), ("fano_factor", "Fano factor"))


def print_table(full, seen) -> None:
    print(f"{'all cells together':<22}{'every cell':>12}{'electrodes':>12}")
    for measure in MEASURES:
        values = []
        for findings in (full, seen):
            rows = findings.values
            is_it = (rows["measure"] == measure) & (rows["population"] == "all")
            values.append(rows[is_it]["value"].mean())  # one row, or none with few repeats
        print(f"{measure:<22}{values[0]:>12.3f}{values[1]:>12.3f}")


def draw(figure, full, seen, view) -> None:
    alone = view.units[view.units["n_cells"] == 1]
    cells = full.units.set_index("unit").loc[alone["cells"].astype(int)]
    units = seen.units.set_index("unit").loc[alone.index]
    for axis, (measure, label) in zip(figure.subplots(1, 3), OF_A_UNIT, strict=True):
        dots = axis.scatter(cells[measure], units[measure], c=alone["amplitude_uv"], s=16)
        top = max(cells[measure].max(), units[measure].max())
        axis.plot([0, top], [0, top], color="0.7", zorder=0)
        axis.set(title=label, xlabel="of the cell", ylabel="of its unit", aspect="equal")
    figure.colorbar(dots, ax=axis, label="amplitude (µV)")


def main(arguments: list[str] | None = None) -> Path:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("through_electrodes.png"))
    parser.add_argument("--repeats", type=int, default=6)
    chosen = parser.parse_args(arguments)
    circuit = build_circuit(CircuitSettings(), 1)
    sequence = GratingSequence(repeats=chosen.repeats, blanks=2 * chosen.repeats)
    recording = simulate_session(
        circuit, [("control", sequence)], 1, Subject(identifier="example")
    ).recording
    view = view_through(recording, Electrodes(), 1)
    numbers = sampling_numbers(view)
    print(view.source)
    print(
        f"{numbers['n_merged']} units of several cells, {numbers['missed_share']:.1%} of spikes "
        f"missed, {numbers['noise_share']:.1%} of events noise\n"
    )
    full, seen = measure_session(recording), measure_session(view)
    print_table(full, seen)
    figure = plt.figure(figsize=(11, 3.4), layout="constrained")
    draw(figure, full, seen, view)
    figure.savefig(chosen.out, dpi=110)
    return chosen.out


if __name__ == "__main__":
    print(main())
