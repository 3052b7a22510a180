"""Two hours of the stimuli that a circuit is used to leave its populations where they were."""

import numpy as np
import pytest

from ketacortex.analyse.session import measure_session
from ketacortex.analyse.statistics import mean_interval
from ketacortex.experiment.load import load_experiment
from ketacortex.model.circuit import build_circuit
from ketacortex.recording.recording import Subject
from ketacortex.simulate.session import Treatment, simulate_session
from ketacortex.stimulus.grating import GratingSequence

TWO_HOURS_S = 7200.0
GRATINGS = GratingSequence(repeats=6, blanks=24)
STATISTICS = ("evoked_rate_hz", "spontaneous_rate_hz", "osi", "fano_factor", "noise_correlation",
              "preferred_orientation_shift_excess_deg")  # fmt: skip
N_ANIMALS = 4


@pytest.fixture(scope="module")
def days():
    experiment = load_experiment("adaptation-ketamine")
    found = []
    for animal in range(1, N_ANIMALS + 1):
        seed = experiment.animal_seed(animal)
        circuit = build_circuit(experiment.circuit, seed)
        session = simulate_session(
            circuit, [("control", GRATINGS), ("again", GRATINGS), ("later", GRATINGS)], seed,
            Subject(identifier=str(animal)), starts_s={"later": TWO_HOURS_S},
            treatment=Treatment(plasticity=experiment.plasticity),
        )  # fmt: skip
        found.append((measure_session(session.recording).pairs, session.course))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("measure", STATISTICS)
@pytest.mark.parametrize("population", ["pyr", "pv", "sst"])
def test_no_statistic_leaves_its_retest_interval(days, measure, population):
    """Change over two hours less that of a re-test at once, animal by animal; two-sided at 1 %."""
    beyond = []
    for pairs, _ in days:
        here = pairs[(pairs["measure"] == measure) & (pairs["population"] == population)]
        by_epoch = here.set_index("epoch")["after"]
        if {"again", "later"} <= set(by_epoch.index):
            beyond.append(by_epoch["later"] - by_epoch["again"])
    if len(beyond) < N_ANIMALS:
        pytest.skip("not measured in this population")
    found = mean_interval(np.array(beyond))
    half = (found.high - found.low) / 2 * 5.84 / 3.18  # t of 3 degrees of freedom, 99 over 95 %
    assert abs(found.mean) < half, (measure, population, beyond)


@pytest.mark.slow
def test_hardly_a_weight_moves(days):
    for _, course in days:
        weight = course[course["quantity"] == "branch_weight"]
        np.testing.assert_allclose(weight["mean"], 1.0, atol=1e-12)
        assert weight["high"].max() < 1.05
        assert weight["low"].min() > 0.95
