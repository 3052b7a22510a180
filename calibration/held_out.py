"""The undrugged cortex on animals that the calibration never saw, against physiology.

python calibration/held_out.py       # prints the table of the README
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from ketacortex.analyse.session import measure_session
from ketacortex.evidence.physiology import ANAESTHETISED_V1, Range
from ketacortex.model.circuit import build_circuit
from ketacortex.model.settings import CircuitSettings
from ketacortex.recording.recording import Subject
from ketacortex.seeds import seed_of
from ketacortex.simulate.session import simulate_session
from ketacortex.stimulus.grating import GratingSequence

MAPS = ("cat", "mouse")
ANIMALS = range(1, 6)
SEQUENCE = GratingSequence(repeats=8, blanks=48)


Values = dict[tuple[str, str], float]


def measure_animal(map_name: str, number: int) -> tuple[Values, float]:
    """Values of one animal, and the median distance of its cells' preferences from the map."""
    seed = seed_of("held out", number)
    circuit = build_circuit(CircuitSettings(map=map_name), seed)
    session = simulate_session(
        circuit, [("control", SEQUENCE)], seed, Subject(identifier=f"{map_name}-{number}")
    )
    findings = measure_session(session.recording)
    units = findings.units[findings.units["cell_class"] == "pyr"]
    off = (units["preferred_orientation_deg"].to_numpy() - circuit.preferred_deg + 90) % 180 - 90
    values = findings.values.set_index(["measure", "population"])["value"].to_dict()
    for population in ("pyr", "pv", "sst"):
        spontaneous, evoked = (
            values[f"{kind}_rate_hz", population] for kind in ("spontaneous", "evoked")
        )
        values["spontaneous_over_evoked", population] = spontaneous / evoked
    return values, float(np.nanmedian(np.abs(off)))


def measure_held_out() -> dict[tuple[str, int], tuple[Values, float]]:
    """Every held-out animal of both maps."""
    jobs = [(map_name, number) for map_name in MAPS for number in ANIMALS]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        return dict(zip(jobs, pool.map(measure_animal, *zip(*jobs, strict=True)), strict=True))


def label(row: Range) -> str:
    """The measurement in the README's table."""
    unit = f" ({row.unit})" if row.unit in ("Hz", "deg") else ""
    return f"{row.population}: {row.label}{unit}"


def table(found: dict[tuple[str, int], tuple[Values, float]]) -> str:
    """Markdown: mean and extremes over the five animals of each map."""
    lines = ["| 5 held-out animals a map | range | cat | mouse |", "|---|---|---|---|"]
    for row in ANAESTHETISED_V1:
        cells = []
        for map_name in MAPS:
            of_map = [found[map_name, n][0][row.measure, row.population] for n in ANIMALS]
            cells.append(f"{np.mean(of_map):.2g} ({min(of_map):.2g}–{max(of_map):.2g})")
        lines.append(f"| {label(row)} | {row.text} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(measure_held_out()))
