"""The undrugged cortex on animals that the calibration never saw, against physiology.

    python calibration/held_out.py       # prints the table of the README

Ranges: primary visual cortex under anaesthesia, as the design of the model states them.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np

from ketacortex.analyse.session import measure_session
from ketacortex.model.circuit import build_circuit
from ketacortex.model.settings import CircuitSettings
from ketacortex.recording.recording import Subject
from ketacortex.seeds import seed_of
from ketacortex.simulate.session import simulate_session
from ketacortex.stimulus.grating import GratingSequence

MAPS = ("cat", "mouse")
ANIMALS = range(1, 6)
SEQUENCE = GratingSequence(repeats=8, blanks=48)


class Range(NamedTuple):
    """One measurement and where it has to lie in every single animal."""

    measure: str
    population: str
    label: str
    low: float
    high: float


RANGES = (
    Range("evoked_rate_hz", "pyr", "pyramidal, evoked (Hz, mean of orientations)", 3.0, 6.0),
    Range("peak_rate_hz", "pyr", "pyramidal, best orientation (Hz)", 6.0, 20.0),
    Range("spontaneous_rate_hz", "pyr", "pyramidal, spontaneous (Hz)", 0.3, 2.0),
    Range("isi_cv", "pyr", "pyramidal, CV of intervals", 0.7, 1.1),
    Range("evoked_rate_hz", "pv", "PV, evoked (Hz)", 8.0, 20.0),
    Range("evoked_rate_hz", "sst", "SST, evoked (Hz)", 5.0, 25.0),
    Range("gosi_median", "pyr", "median gOSI", 0.25, 0.6),
    Range("half_width_deg", "pyr", "median half-width (deg)", 15.0, 40.0),
    Range("tuned_share", "pyr", "share of cells tuned", 0.6, 1.0),
    Range("fano_factor", "pyr", "Fano factor", 1.0, 1.6),
    Range("noise_correlation", "pyr", "noise correlation", 0.02, 0.15),
    Range("blank_unimodality_p", "pyr", "blank rates unimodal (dip test p)", 0.01, 1.0),
    Range("up_state_share", "pyr", "share of blanks in an up state", 0.0, 0.05),
)
Values = dict[tuple[str, str], float]


def measure_animal(map_name: str, number: int) -> tuple[Values, float]:
    """Values of one animal, and the median distance of its cells' preferences from the map."""
    seed = seed_of("held out", number)
    circuit = build_circuit(CircuitSettings(map=map_name), seed)
    recording = simulate_session(
        circuit, [("control", SEQUENCE)], seed, Subject(identifier=f"{map_name}-{number}")
    )
    findings = measure_session(recording)
    units = findings.units[findings.units["cell_class"] == "pyr"]
    off = (units["preferred_orientation_deg"].to_numpy() - circuit.preferred_deg + 90) % 180 - 90
    values = findings.values.set_index(["measure", "population"])["value"].to_dict()
    return values, float(np.nanmedian(np.abs(off)))


def measure_held_out() -> dict[tuple[str, int], tuple[Values, float]]:
    """Every held-out animal of both maps."""
    jobs = [(map_name, number) for map_name in MAPS for number in ANIMALS]
    with ProcessPoolExecutor(2) as pool:
        return dict(zip(jobs, pool.map(measure_animal, *zip(*jobs, strict=True)), strict=True))


def table(found: dict[tuple[str, int], tuple[Values, float]]) -> str:
    """Markdown: mean and extremes over the five animals of each map."""
    lines = ["| baseline, 5 held-out animals a map | range | cat | mouse |", "|---|---|---|---|"]
    for row in RANGES:
        cells = []
        for map_name in MAPS:
            of_map = [found[map_name, n][0][row.measure, row.population] for n in ANIMALS]
            cells.append(f"{np.mean(of_map):.2g} ({min(of_map):.2g}-{max(of_map):.2g})")
        high = "" if row.high == 1.0 else f"-{row.high:g}"
        low = f"{row.low:g}" if high else f"above {row.low:g}"
        lines.append(f"| {row.label} | {low}{high} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(measure_held_out()))
