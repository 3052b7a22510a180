"""Change against initial value in recordings: noise alone gives no slope that counts."""

import numpy as np
import pytest
from benchmarks.planted.recordings import Planted, animal
from tests.analyse.planted import heterogeneous_units, session_of, von_mises_rates

from ketacortex.analyse.halves import GOSI, LOG_RATE, PREFERRED
from ketacortex.analyse.initial_rows import INITIAL_COLUMNS, SHIFT, initial_rows
from ketacortex.analyse.session import measure_session


@pytest.fixture(scope="module")
def sessions():
    rng = np.random.default_rng(0)
    planted = Planted(n_units=60, n_repeats=(6, 6))
    return [("one", measure_session(animal(rng, planted, f"animal {i}"))) for i in range(5)]


def test_noise_alone_gives_a_slope_and_that_slope_is_foretold(sessions):
    table, _ = initial_rows(sessions)
    assert list(table.columns) == INITIAL_COLUMNS
    row = table.set_index("measure").loc[GOSI]
    assert row["slope"] < -0.15
    assert row["slope"] == pytest.approx(row["slope_from_noise"], abs=0.12)
    assert row["independent_ci_low"] <= 0 <= row["independent_ci_high"]
    assert row["replicates"] == "over 5 animals"


def test_a_single_animal_needs_many_units_and_says_so():
    rng = np.random.default_rng(1)
    few = measure_session(animal(rng, Planted(n_units=12)))
    table, missing = initial_rows([("one", few)])
    assert not len(table)
    assert {entry["measure"] for entry in missing} == {
        f"{measure} against initial value" for measure in (LOG_RATE, GOSI)
    }
    assert all("at least 40 units" in entry["reason"] for entry in missing)


def test_halves_are_independent_measurements_of_the_same(sessions):
    """Their correlation is the reliability of half an epoch, below that of a whole one."""
    halves = sessions[0][1].halves["first"]
    assert set(halves) == {LOG_RATE, GOSI, PREFERRED}
    one, other = halves[GOSI][:, 0], halves[GOSI][:, 1]
    known = np.isfinite(one).all(axis=1) & np.isfinite(other).all(axis=1)
    r = np.corrcoef(one[known].ravel(), other[known].ravel())[0, 1]
    assert 0.3 < r < 0.98
    assert one.shape == (60, 16)


def test_shifts_that_recover_in_a_third_epoch_are_found():
    rng = np.random.default_rng(2)
    found = []
    for i in range(4):
        preferred, kappa, osi, mean = heterogeneous_units(rng, 60)
        shift = rng.normal(0, 15, 60)
        rates = [
            von_mises_rates(preferred + part * shift, kappa + 0.7, 0.4 + 0.6 * osi, mean + 4.0)
            for part in (0.0, 1.0, 0.3)
        ]
        session = session_of(rates, rng, n_repeats=8, animal=f"animal {i}")
        found.append(("one", measure_session(session)))
    row = initial_rows(found)[0].set_index("measure").loc[SHIFT]
    assert row["epoch"] == "late"
    assert row["independent_slope"] == pytest.approx(-0.7, abs=0.15)
    assert row["independent_p"] < 0.01
