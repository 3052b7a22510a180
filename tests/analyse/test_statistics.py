import numpy as np
import pytest
from scipy import stats

from ketacortex.analyse.statistics import NotComputed, mean_interval, ratio_interval


def test_a_student_interval_over_six_animals_covers_the_truth_as_often_as_it_says():
    values = np.random.default_rng(0).normal(3.0, 2.0, (2000, 6))
    intervals = [mean_interval(row) for row in values]
    # Binomial standard error 0.005.
    assert np.mean([i.low <= 3.0 <= i.high for i in intervals]) == pytest.approx(0.95, abs=0.015)


def test_the_interval_is_that_of_scipy():
    values = np.random.default_rng(1).normal(size=7)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    interval = mean_interval(values)
    np.testing.assert_allclose([interval.low, interval.high], expected)
    assert interval.n == 7


def test_equal_weights_change_nothing():
    values = np.random.default_rng(2).normal(size=9)
    assert mean_interval(values, np.full(9, 0.3)).high == pytest.approx(mean_interval(values).high)


def test_a_weighted_interval_covers_the_truth():
    rng = np.random.default_rng(3)
    covered = []
    for _ in range(400):
        weights = rng.uniform(0, 1, 150)
        interval = mean_interval(rng.normal(1.0, 1.0, 150), weights)
        covered.append(interval.low <= 1.0 <= interval.high)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.035)


def test_a_ratio_and_its_inverse_are_inverse():
    before, after = np.exp(np.random.default_rng(4).normal(size=(2, 6)))
    ratio, inverse = ratio_interval(before, after), ratio_interval(after, before)
    assert ratio.mean * inverse.mean == pytest.approx(1.0)
    assert ratio.low * inverse.high == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (mean_interval([]), "at least 2 values; there are none"),
        (mean_interval([2.0]), "at least 2 values; there is 1"),
        (mean_interval([2.0, np.nan]), "1 of 2 values could not be measured"),
        (ratio_interval([1.0, -0.5], [1.0, 1.0]), "values above 0; the smallest is -0.5"),
        (ratio_interval([1.0], [1.0]), "at least 2 values; there is 1"),
    ],
)
def test_what_cannot_be_computed_says_why(result, reason):
    assert isinstance(result, NotComputed)
    assert reason in result.reason
