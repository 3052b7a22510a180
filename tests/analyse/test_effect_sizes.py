import numpy as np
import pytest
from scipy import stats

from ketacortex.analyse.effect_sizes import (
    hedges_g,
    hedges_g_paired,
    log_ratio,
    rank_biserial,
    rank_biserial_paired,
)
from ketacortex.analyse.statistics import NotComputed


def coverage(draw, truth, n=1000):
    found = [interval for interval in (draw() for _ in range(n)) if hasattr(interval, "low")]
    return np.mean([i.low <= truth <= i.high for i in found])


def test_the_ends_of_g_are_effects_under_which_t_is_at_its_percentiles():
    value = np.random.default_rng(0).normal(1.0, 1.0, 8)
    found = hedges_g_paired(value)
    t = stats.ttest_1samp(value, 0.0).statistic
    for end, level in ((found.low, 0.975), (found.high, 0.025)):
        assert stats.nct.cdf(t, 7, end * np.sqrt(8)) == pytest.approx(level, abs=1e-6)


def test_g_excludes_nothing_exactly_when_the_t_test_does():
    rng = np.random.default_rng(1)
    for shift in rng.uniform(0, 2, 50):
        first, second = rng.normal(0, 1, 6), rng.normal(shift, 1, 9)
        found = hedges_g(first, second)
        assert (stats.ttest_ind(first, second).pvalue < 0.05) == (not found.low < 0 < found.high)


def test_g_is_unbiased():
    rng = np.random.default_rng(2)
    g = [hedges_g_paired(x).mean for x in rng.normal(0.8, 1.0, (3000, 5))]
    assert np.mean(g) == pytest.approx(0.8, abs=0.04)


def test_a_rank_biserial_is_that_of_mann_and_whitney():
    rng = np.random.default_rng(3)
    first, second = rng.integers(0, 9, 12), rng.integers(2, 11, 15)
    u = stats.mannwhitneyu(second, first).statistic
    assert rank_biserial(first, second).mean == pytest.approx(2 * u / (12 * 15) - 1)
    assert rank_biserial(second, first).mean == pytest.approx(1 - 2 * u / (12 * 15))


def test_a_paired_rank_biserial_is_that_of_wilcoxon_without_single_pairs():
    value = np.random.default_rng(4).normal(0.4, 1.0, 14)
    w = stats.wilcoxon(value, alternative="greater").statistic
    n_sums = 14 * 15 / 2
    with_single = 2 * w / n_sums - 1
    without = (with_single * n_sums - np.sign(value).sum()) / (n_sums - 14)
    assert rank_biserial_paired(value).mean == pytest.approx(without)


@pytest.mark.parametrize(("shift", "spread"), [(0.0, 1.0), (0.0, 3.0), (1.0, 1.0), (1.0, 2.0)])
def test_ranks_cover_also_with_unequal_spreads(shift, spread):
    rng = np.random.default_rng(5)
    truth = 2 * stats.norm.cdf(shift / np.hypot(1.0, spread)) - 1
    covered = coverage(
        lambda: rank_biserial(rng.normal(0, 1, 10), rng.normal(shift, spread, 20)), truth
    )
    assert 0.925 < covered < 0.98


def test_a_log_ratio_covers_and_is_unbiased():
    rng = np.random.default_rng(6)
    found = [log_ratio(rng.gamma(4, 1, 8), rng.gamma(8, 1, 8)) for _ in range(1000)]
    covered = np.mean([f.low <= np.log(2) <= f.high for f in found])
    assert covered == pytest.approx(0.95, abs=0.025)
    assert np.mean([f.mean for f in found]) == pytest.approx(np.log(2), abs=0.03)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (hedges_g_paired([1.0, 2.0, np.nan, 3.0]), "at least 4 values; there are 3"),
        (hedges_g_paired([2.0] * 5), "do not vary"),
        (hedges_g([0.0] * 5, [0.0] * 5), "do not vary"),
        (rank_biserial([1.0] * 3, [1.0] * 9), "at least 8 values; 3 given"),
        (rank_biserial(np.arange(9), np.arange(9) + 20.0), "overlap too little"),
        (rank_biserial([1.0] * 9, [1.0] * 9), "overlap too little"),
        (rank_biserial_paired(np.ones(12)), "too few differences of the other sign"),
        (log_ratio([0.0] * 6, [1.0, 2.0] * 3), "not clearly above 0"),
    ],
)
def test_what_cannot_be_computed_says_why(found, reason):
    assert isinstance(found, NotComputed)
    assert reason in found.reason
