"""Fit the free parameters of the circuit to the physiology of the undrugged, anaesthetised cortex.

The targets lie inside the ranges of `evidence/physiology.py`; two are a choice of our own: PV and
SST cells are tonically active at rest, which the prototype circuits' were not.

Damped Gauss-Newton: each free parameter is changed by 12 %, the change of every measurement is
read off, and the step that brings all measurements toward their targets is taken in the
logarithm of the parameters. The four calibration animals (two cats, two mice) keep their
wiring and noise throughout, so differences are of the parameters alone. Nothing about a drug is
simulated, measured or looked at.

    python calibration/calibrate.py --steps 2 --workers 2

prints the measurements at each step and writes the nearest point to `calibration/result.json`,
from which the values marked `fitted: ... (calibration/)` in `model/settings.py` are copied by hand,
rounded to three digits. About a minute and a half a step on two cores.

The first point was found by hand from the sets of the prototype circuits: fewer but stronger
E->E synapses with an NMDA share strong enough for local NMDA spikes, a background that keeps cells
near threshold without a tonic current, and PV cells active at rest. With the prototypes' dense E->E
wiring and tonic current, blanks fell apart into a silent and a 4-6 Hz state.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from ketacortex.analyse.session import measure_session
from ketacortex.evidence.physiology import ANAESTHETISED_V1
from ketacortex.model.circuit import build_circuit
from ketacortex.model.settings import CircuitSettings
from ketacortex.recording.recording import Subject
from ketacortex.seeds import seed_of
from ketacortex.simulate.session import simulate_session
from ketacortex.stimulus.grating import GratingSequence

RANGE_OF = {(row.measure, row.population): (row.low, row.high) for row in ANAESTHETISED_V1}
RANGE_OF |= {
    ("spontaneous_rate_hz", "pv"): (0.8, 5.0),
    ("spontaneous_rate_hz", "sst"): (0.4, 5.0),
}
TARGETS = {
    ("evoked_rate_hz", "pyr"): 4.4,
    ("peak_rate_hz", "pyr"): 10.5,
    ("spontaneous_rate_hz", "pyr"): 0.7,
    ("evoked_rate_hz", "pv"): 13.0,
    ("evoked_rate_hz", "sst"): 14.0,
    ("spontaneous_rate_hz", "pv"): 2.0,
    ("spontaneous_rate_hz", "sst"): 1.5,
    ("gosi_median", "pyr"): 0.42,
    ("half_width_deg", "pyr"): 27.0,
    ("fano_factor", "pyr"): 1.2,
    ("noise_correlation", "pyr"): 0.06,
    ("isi_cv", "pyr"): 0.95,
}
# at least, at most
LIMITS = {("tuned_share", "pyr"): (0.75, 1.0), ("up_state_share", "pyr"): (0.0, 0.0)}
FREE = (
    "afferents.pyr_nanosiemens",
    "afferents.pv_nanosiemens",
    "afferents.sst_nanosiemens",
    "afferents.tuning",
    "afferents.peak_hz",
    "afferents.pedestal_hz",
    "afferents.shared_gain_sd",
    "afferents.private_gain_sd",
    "wiring.es_nanosiemens",
    "wiring.ep_nanosiemens",
    "wiring.pe_nanosiemens",
    "wiring.se_nanosiemens",
    "background.branch_hz",
    "background.pv_nanosiemens",
    "background.sst_nanosiemens",
    "pyr.threshold_sd_mv",
)
ANIMALS = (("calibration", 0, "cat"), ("calibration", 1, "mouse"),
           ("calibration", 2, "cat"), ("calibration", 3, "mouse"))  # fmt: skip
SEQUENCE = GratingSequence(repeats=5, blanks=30)
PROBE = 0.12  # relative change of a parameter
DAMPING = 1.0
LONGEST_STEP = 0.35


def settings_with(values: dict[str, float], map_name: str) -> CircuitSettings:
    """The circuit's settings with some values replaced."""
    table = CircuitSettings().model_dump()
    table["map"] = map_name
    for path, value in values.items():
        room, name = path.split(".")
        table[room][name] = value
    return CircuitSettings.model_validate(table)


def measure(values: dict[str, float], animal: tuple[str, int, str]) -> dict[str, float]:
    """Every target and limit as measured in one animal."""
    name, number, map_name = animal
    seed = seed_of(name, number)
    circuit = build_circuit(settings_with(values, map_name), seed)
    session = simulate_session(
        circuit, [("control", SEQUENCE)], seed, Subject(identifier=f"{name}-{number}")
    )
    found = measure_session(session.recording).values.set_index(["measure", "population"])["value"]
    return {"/".join(key): float(found.get(key, np.nan)) for key in (*TARGETS, *LIMITS)}


def residual(measured: dict[str, float]) -> np.ndarray:
    """Distance from every target in half-widths of its range (rates: of logs), 0 inside a limit."""
    out = []
    for key, target in TARGETS.items():
        low, high = RANGE_OF[key]
        value = measured["/".join(key)]
        if key[0].endswith("_rate_hz"):
            low, target, high, value = np.log([low, target, high, max(value, 0.01)])
        out.append((value - target) / (0.5 * (high - low)))
    for key, (low, high) in LIMITS.items():
        value = measured["/".join(key)]
        out.append(10 * (min(value - low, 0.0) + max(value - high, 0.0)))
    return np.array(out)


def measure_all(
    pool: ProcessPoolExecutor, points: list[dict[str, float]]
) -> list[dict[str, float]]:
    """Mean over the calibration animals of every measurement, at each point."""
    jobs = [(point, animal) for point in points for animal in ANIMALS]
    found = list(pool.map(measure, *zip(*jobs, strict=True)))
    groups = [found[i : i + len(ANIMALS)] for i in range(0, len(found), len(ANIMALS))]
    return [{key: float(np.mean([m[key] for m in group])) for key in group[0]} for group in groups]


def next_point(
    pool: ProcessPoolExecutor, values: dict[str, float], here: dict[str, float]
) -> dict[str, float]:
    """One damped Gauss-Newton step from a point and what was measured there."""
    probes = [{**values, path: values[path] * np.exp(PROBE)} for path in FREE]
    start = residual(here)
    slope = np.stack([(residual(m) - start) / PROBE for m in measure_all(pool, probes)], axis=1)
    step = -np.linalg.solve(slope.T @ slope + DAMPING * np.eye(len(FREE)), slope.T @ start)
    step = step.clip(-LONGEST_STEP, LONGEST_STEP)
    return {path: float(values[path] * np.exp(s)) for path, s in zip(FREE, step, strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    default = CircuitSettings().model_dump()
    values = {path: default[path.split(".")[0]][path.split(".")[1]] for path in FREE}
    visited = []
    with ProcessPoolExecutor(arguments.workers) as pool:
        for step in range(arguments.steps + 1):
            (here,) = measure_all(pool, [values])
            distance = float(residual(here) @ residual(here))
            visited.append((distance, values, here))
            print(f"step {step}: {distance:.3f}", {k: round(v, 3) for k, v in here.items()})
            if step < arguments.steps:
                values = next_point(pool, values, here)
    distance, values, here = min(visited, key=lambda point: point[0])
    result = {"distance": distance, "values": values, "measured": here}
    Path(__file__).with_name("result.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
