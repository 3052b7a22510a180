import numpy as np
import pytest
from scipy import stats

from ketacortex.analyse.share_intervals import (
    clopper_pearson_interval,
    correlation_interval,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("interval", "method"), [(wilson_interval, "wilson"), (clopper_pearson_interval, "exact")]
)
def test_shares_are_those_of_scipy(interval, method):
    hits, n = np.array([0, 1, 7, 20, 50]), np.array([5, 40, 20, 20, 100])
    expected = [
        stats.binomtest(int(k), int(m)).proportion_ci(0.95, method=method)
        for k, m in zip(hits, n, strict=True)
    ]
    np.testing.assert_allclose(interval(hits, n), np.transpose(expected), atol=1e-10)


def test_the_exact_interval_never_covers_too_little():
    n, hits = 30, np.arange(31)
    low, high = clopper_pearson_interval(hits, n)
    for share in np.linspace(0.01, 0.99, 99):
        covered = stats.binom.pmf(hits, n, share)[(low <= share) & (share <= high)].sum()
        assert covered >= 0.95


def test_a_correlation_is_that_of_scipy():
    x, y = np.random.default_rng(0).normal(size=(2, 25))
    found = stats.pearsonr(x, y)
    expected = found.confidence_interval(0.95)
    np.testing.assert_allclose(correlation_interval(found.statistic, 25), expected)


def test_what_is_not_there_is_nan():
    for interval in (wilson_interval, clopper_pearson_interval):
        low, high = interval([0, 3, np.nan], [0, 2, 5])
        assert np.isnan([low, high]).all()
    low, high = correlation_interval([1.0, 0.5, np.nan], [20, 5, 20])
    assert np.isnan([low, high]).all()
