import numpy as np
import pytest
from scipy import stats

from ketacortex.analyse.repeats import (
    jackknife_bounds,
    repeat_of_trials,
    shuffled_within_condition,
)
from ketacortex.analyse.shares import wilson_bounds


def test_the_jackknife_of_a_mean_is_students_t():
    x = np.random.default_rng(0).normal(size=9)
    low, high = jackknife_bounds(np.array(x.mean()), (x.sum() - x) / 8)
    expected = stats.t.interval(0.95, 8, x.mean(), stats.sem(x))
    assert (float(low), float(high)) == pytest.approx(expected)


def test_four_repeats_are_too_few():
    low, high = jackknife_bounds(np.zeros(3), np.zeros((4, 3)))
    assert np.isnan(low).all()
    assert np.isnan(high).all()


def test_every_repeat_holds_every_condition():
    condition = np.random.default_rng(1).permutation(np.repeat(np.arange(5), [7, 8, 9, 10, 15]))
    repeat, n_repeats = repeat_of_trials(condition)
    table = np.zeros((5, n_repeats), int)
    np.add.at(table, (condition, repeat), 1)
    assert n_repeats == 7
    assert table.min() >= 1
    assert np.ptp(table, axis=1).max() <= 1


def test_shuffling_keeps_counts_of_a_condition_and_breaks_what_units_share():
    rng = np.random.default_rng(2)
    condition = np.repeat([3, 8], 200)
    shared = rng.poisson(5.0, 400).astype(float)
    shuffled = shuffled_within_condition(np.stack([shared, shared]), condition, rng)
    for number in (3, 8):
        here = condition == number
        assert (np.sort(shuffled[:, here]) == np.sort(shared[here])).all()
    assert abs(np.corrcoef(shuffled)[0, 1]) < 0.15


@pytest.mark.parametrize(("n_hits", "n"), [(0, 20), (3, 20), (20, 20), (50, 400)])
def test_wilson_agrees_with_scipy(n_hits, n):
    expected = stats.binomtest(n_hits, n).proportion_ci(method="wilson")
    found = wilson_bounds(n_hits / n, n)
    assert found == pytest.approx((expected.low, expected.high), abs=1e-12)
