"""The undrugged cortex lies in the physiological ranges, on animals its calibration never saw.

Ranges: anaesthetised primary visual cortex, as the design of the model states them. One animal
must be inside on its own where the range is of single animals; nothing is averaged over animals.
"""

from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from ketacortex.analyse.session import measure_session
from ketacortex.model.circuit import build_circuit
from ketacortex.model.settings import CircuitSettings
from ketacortex.recording.recording import Subject
from ketacortex.seeds import seed_of
from ketacortex.simulate.session import simulate_session
from ketacortex.stimulus.grating import GratingSequence

SEEDS = range(101, 106)
SEQUENCE = GratingSequence(repeats=8, blanks=48)
RANGES = [
    ("evoked_rate_hz", "pyr", 3.0, 6.0),
    ("peak_rate_hz", "pyr", 6.0, 20.0),
    ("spontaneous_rate_hz", "pyr", 0.3, 2.0),
    ("isi_cv", "pyr", 0.7, 1.1),
    ("evoked_rate_hz", "pv", 8.0, 20.0),
    ("evoked_rate_hz", "sst", 5.0, 25.0),
    ("gosi_median", "pyr", 0.25, 0.6),
    ("half_width_deg", "pyr", 15.0, 40.0),
    ("tuned_share", "pyr", 0.6, 1.0),
    ("fano_factor", "pyr", 1.0, 1.6),
    ("noise_correlation", "pyr", 0.02, 0.15),
    ("blank_unimodality_p", "pyr", 0.01, 1.0),
    ("up_state_share", "pyr", 0.0, 0.05),
]


def measure(job):
    map_name, number = job
    seed = seed_of("held out", number)
    circuit = build_circuit(CircuitSettings(map=map_name), seed)
    recording = simulate_session(
        circuit, [("control", SEQUENCE)], seed, Subject(identifier=f"{map_name}-{number}")
    )
    findings = measure_session(recording)
    values = findings.values.set_index(["measure", "population"])["value"]
    units = findings.units[findings.units["cell_class"] == "pyr"]
    error = (units["preferred_orientation_deg"].to_numpy() - circuit.preferred_deg + 90) % 180 - 90
    return values.to_dict(), float(np.nanmedian(np.abs(error)))


@pytest.fixture(scope="module")
def held_out():
    jobs = [(map_name, number) for map_name in ("cat", "mouse") for number in SEEDS]
    with ProcessPoolExecutor(2) as pool:
        return dict(zip(jobs, pool.map(measure, jobs), strict=True))


@pytest.mark.parametrize("map_name", ["cat", "mouse"])
@pytest.mark.parametrize(("measure_name", "population", "low", "high"), RANGES)
def test_every_held_out_animal_is_in_the_range(
    measure_name, population, low, high, map_name, held_out
):
    found = [held_out[map_name, number][0][measure_name, population] for number in SEEDS]
    assert all(low <= value <= high for value in found), np.round(found, 3)


@pytest.mark.parametrize("map_name", ["cat", "mouse"])
def test_spontaneous_firing_is_below_half_of_evoked(map_name, held_out):
    for number in SEEDS:
        values = held_out[map_name, number][0]
        assert values["spontaneous_rate_hz", "pyr"] < 0.5 * values["evoked_rate_hz", "pyr"]


@pytest.mark.parametrize("map_name", ["cat", "mouse"])
def test_cells_prefer_what_the_map_gives_them(map_name, held_out):
    for number in SEEDS:
        assert held_out[map_name, number][1] < 12.0
