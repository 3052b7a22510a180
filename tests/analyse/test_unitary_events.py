"""Unitary events: planted coincidences are found in their window and nowhere else."""

import sys

import numpy as np
import pytest
from scipy import stats

from ketacortex.analyse.unitary_events import unitary_events
from ketacortex.errors import ConfigurationError, DataError

RATE_HZ = 30_000.0
TRIALS = {"n_trials": 30, "duration_s": 1.0, "sample_rate_hz": RATE_HZ}


@pytest.fixture(autouse=True)
def _needs_elephant():
    pytest.importorskip("elephant")


def group(rng, n_units=3, rate_hz=20.0, planted_hz=0.0, n_trials=30):
    """Samples, index and trial of a group that fires together from 0.4 to 0.5 s."""
    samples, trial = [[] for _ in range(n_units)], [[] for _ in range(n_units)]
    for j in range(n_trials):
        together = rng.uniform(0.4, 0.5, rng.poisson(planted_hz * 0.1))
        for i in range(n_units):
            alone = rng.uniform(0.0, 1.0, rng.poisson(rate_hz))
            here = np.sort((np.concatenate([alone, together]) * RATE_HZ).astype(np.int64))
            samples[i].append(here)
            trial[i].append(np.full(len(here), j))
    index = np.cumsum([0] + [sum(map(len, s)) for s in samples])
    samples, trial = ([np.concatenate(unit) for unit in each] for each in (samples, trial))
    return np.concatenate(samples), index, np.concatenate(trial)


def test_planted_coincidences_are_found_in_their_window():
    table = unitary_events(*group(np.random.default_rng(0), planted_hz=10.0), **TRIALS)
    assert table.p_value.min() < 1e-8
    assert table.joint_surprise.max() > 8.0
    assert table.centre_s[table.p_value.idxmin()] == pytest.approx(0.45, abs=0.03)
    is_far = (table.centre_s < 0.35) | (table.centre_s > 0.55)
    assert table.p_value[is_far].min() > 1e-3
    within = table[np.isclose(table.centre_s, 0.45)].iloc[0]
    # 30 trials of 0.1 s at 10 Hz, and few by chance.
    assert within.observed - within.expected == pytest.approx(30.0, abs=12.0)


@pytest.mark.parametrize("n_units", [2, 3])
def test_independent_units_fire_together_as_often_as_expected(n_units):
    rng = np.random.default_rng(1)
    tables = [
        unitary_events(*group(rng, n_units, rate_hz=40.0, n_trials=20), **TRIALS | options)
        for options in [{"n_trials": 20, "step_s": 0.1}] * 12
    ]
    observed, expected, p_value = (
        np.concatenate([t[name] for t in tables]) for name in ("observed", "expected", "p_value")
    )
    assert len(observed) == 120
    total = expected.sum()
    assert abs(observed.sum() - total) < 4.0 * np.sqrt(total)
    assert np.mean(p_value < 0.05) < 0.1


def test_the_numbers_are_those_of_their_definition():
    samples, index, trial = group(np.random.default_rng(2), rate_hz=40.0, n_trials=5)
    options = {"n_trials": 5, "step_s": 0.05, "bin_s": 0.01}
    table = unitary_events(samples, index, trial, **TRIALS | options)
    unit = np.repeat(np.arange(3), np.diff(index))
    is_filled = np.zeros((5, 3, 100), bool)
    is_filled[trial, unit, samples // 300] = True
    assert table.centre_s.tolist() == pytest.approx(0.05 + 0.05 * np.arange(19))
    for row, start in enumerate(range(0, 91, 5)):
        here = is_filled[:, :, start : start + 10]
        assert table.observed[row] == here.all(axis=1).sum()
        expected = 10.0 * here.mean(axis=2).prod(axis=1).sum()
        assert table.expected[row] == pytest.approx(expected, rel=1e-5)
        p_value = stats.poisson.sf(table.observed[row] - 1, expected)
        assert table.p_value[row] == pytest.approx(p_value, rel=1e-3)


def test_silent_units_short_trials_and_no_trials_find_nothing():
    silent = np.zeros(0, np.int64), np.zeros(3, np.int64), np.zeros(0, np.int64)
    table = unitary_events(*silent, **TRIALS)
    assert len(table) == 181
    assert (table.observed == 0).all()
    assert (table.expected == 0).all()
    assert table.p_value.isna().all()
    assert unitary_events(*silent, **TRIALS | {"duration_s": 0.05}).empty
    assert unitary_events(*silent, **TRIALS | {"n_trials": 0}).empty


def test_spikes_outside_the_trial_are_left_out():
    samples, index, trial = group(np.random.default_rng(3))
    outside = np.array([-5, 40_000, -9, 31_000, -7, 35_000])
    each = np.split(samples, index[1:-1])
    more = np.concatenate(
        [np.append(s, o) for s, o in zip(each, outside.reshape(3, 2), strict=True)]
    )
    trials = np.concatenate([np.append(t, [0, 0]) for t in np.split(trial, index[1:-1])])
    found = unitary_events(more, index + 2 * np.arange(4), trials, **TRIALS)
    assert found.equals(unitary_events(samples, index, trial, **TRIALS))


@pytest.mark.parametrize("n_units", [1, 11])
def test_a_group_has_two_to_ten_units(n_units):
    index, nothing = np.zeros(n_units + 1, np.int64), np.zeros(0, np.int64)
    with pytest.raises(DataError, match=f"asked of {n_units} units.* 2 to 10. Choose a group"):
        unitary_events(nothing, index, nothing, **TRIALS)


def test_without_elephant_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "elephant.unitary_event_analysis", None)
    with pytest.raises(ConfigurationError, match=r'not installed.*"ketacortex\[patterns\]"'):
        unitary_events(*group(np.random.default_rng(4), n_trials=1), **TRIALS)
