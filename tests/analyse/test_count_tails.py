"""How surprising a count is: between two tails of Poisson's law, and right on average."""

import numpy as np
import pytest
from scipy import stats

from ketacortex.analyse.count_tails import count_tails, count_tails_against

COUNT, MEAN = (
    x.ravel() for x in np.meshgrid(np.arange(0.0, 40.0), [0.3, 1.0, 2.5, 8.0, 20.0], indexing="ij")
)
N_DRAWN = 400_000


def test_an_excess_lies_between_the_tails_of_poissons_law():
    excess = count_tails(COUNT, MEAN, MEAN).of_excess
    larger, smaller = stats.poisson.sf(COUNT - 1, MEAN), stats.poisson.sf(COUNT, MEAN)
    between = (larger - smaller) / np.log(larger / smaller)
    np.testing.assert_allclose(excess, np.maximum(between, larger / 2.0), rtol=1e-6)


def test_a_deficit_lies_between_the_tails_of_poissons_law():
    deficit = count_tails(COUNT, MEAN, MEAN).of_deficit
    larger, smaller = stats.poisson.cdf(COUNT, MEAN), stats.poisson.cdf(COUNT - 1, MEAN)
    step = np.log(larger) - np.log(np.maximum(smaller, 1e-300))
    with np.errstate(invalid="ignore"):
        between = np.where(step > 1e-9, (larger - smaller) / step, larger)
    np.testing.assert_allclose(deficit, np.maximum(between, larger / 2.0), rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize("level", [0.05, 0.01, 0.001])
def test_over_many_means_small_values_are_as_frequent_as_they_say(level):
    """But for deficits from means so small that not even silence would be surprising."""
    rng = np.random.default_rng(0)
    mean = np.exp(rng.uniform(0.0, np.log(100.0), N_DRAWN))
    counts = rng.poisson(mean).astype(float)
    tails = count_tails(counts, mean, mean)
    excess, deficit, p_value = tails.of_excess, tails.of_deficit, tails.p_value
    for found in (excess, deficit[mean > 10.0], p_value):
        assert np.mean(found <= level) == pytest.approx(level, rel=0.12)
    assert np.mean(deficit <= level) < level


def test_a_plain_tail_would_be_timid():
    """Why the probability of at least so much is not what is reported."""
    rng = np.random.default_rng(1)
    mean = np.exp(rng.uniform(0.0, np.log(10.0), N_DRAWN))
    counts = rng.poisson(mean).astype(float)
    assert np.mean(stats.poisson.sf(counts - 1, mean) <= 0.001) < 0.0007
    assert np.mean(count_tails(counts, mean, mean).of_excess <= 0.001) > 0.0008


@pytest.mark.parametrize("ratio", [0.5, 0.8, 1.5])
def test_a_variance_other_than_the_mean_is_kept(ratio):
    """Counts are taken to be scaled Poisson; those of a binomial and of a gamma mixture fit too."""
    rng = np.random.default_rng(2)
    mean = np.exp(rng.uniform(np.log(20.0), np.log(100.0), N_DRAWN // 4))
    if ratio < 1.0:
        counts = rng.binomial(np.round(mean / (1.0 - ratio)).astype(int), 1.0 - ratio)
        mean = np.round(mean / (1.0 - ratio)) * (1.0 - ratio)
    else:
        counts = rng.poisson(rng.gamma(mean / (ratio - 1.0), ratio - 1.0))
    p_value = count_tails(counts.astype(float), mean, ratio * mean).p_value
    assert np.mean(p_value <= 0.01) == pytest.approx(0.01, rel=0.2)
    wrong = count_tails(counts.astype(float), mean, mean).p_value
    assert np.mean(wrong <= 0.01) != pytest.approx(0.01, rel=0.3)


def test_two_sides_are_the_smaller_tail_twice_where_both_can_be_so_small():
    tails = count_tails(COUNT, MEAN, MEAN)
    excess, deficit, p_value = tails.of_excess, tails.of_deficit, tails.p_value
    is_excess = excess < deficit
    np.testing.assert_array_equal(tails.is_excess, is_excess)
    none_at_all = count_tails(np.zeros_like(MEAN), MEAN, MEAN).of_deficit
    np.testing.assert_allclose(tails.of_none, none_at_all)
    is_alone = is_excess & (excess < none_at_all)
    np.testing.assert_allclose(p_value[is_alone], excess[is_alone])
    twice = np.minimum(2.0 * np.minimum(excess, deficit), 1.0)
    np.testing.assert_allclose(p_value[~is_alone], twice[~is_alone])
    assert is_alone.sum() > 50


def test_no_coincidence_is_as_likely_as_it_is():
    mean = np.array([0.1, 1.0, 5.0, 50.0])
    tails = count_tails(np.zeros(4), mean, mean)
    excess = tails.of_excess
    np.testing.assert_allclose(tails.of_deficit, np.exp(-mean) / 2.0, atol=1e-15)
    assert np.all((excess >= 0.5) & (excess <= 1.0))


def test_far_tails_stay_in_order():
    counts = np.arange(20.0, 400.0)
    excess = count_tails(counts, np.full_like(counts, 10.0), np.full_like(counts, 10.0)).of_excess
    assert np.all(np.diff(excess) <= 0.0)
    assert np.all(excess > 0.0)


@pytest.mark.parametrize(("mean", "variance"), [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (np.nan, 1.0)])
def test_without_mean_or_variance_nothing_is_claimed(mean, variance):
    tails = count_tails(np.array([0.0, 3.0]), np.full(2, mean), np.full(2, variance))
    assert np.isnan(tails.of_excess).all()
    assert np.isnan(tails.of_deficit).all()
    assert tails.p_value.tolist() == [1.0, 1.0]
    assert not tails.is_excess.any()


@pytest.mark.parametrize("ratio", [0.0, np.nan])
def test_where_others_say_nothing_nothing_is_claimed(ratio):
    tails = count_tails_against(np.array([0.0, 3.0]), np.zeros(2), np.full(2, ratio), np.ones(2))
    assert tails.p_value.tolist() == [1.0, 1.0]


def test_beside_other_counts_it_is_the_binomial_law():
    counts, others = (x.ravel() for x in np.meshgrid(np.arange(30.0), [2.0, 9.0, 40.0]))
    found = count_tails_against(counts, others, np.full_like(counts, 0.25), np.ones_like(counts))
    every = counts + others
    larger, smaller = stats.binom.sf(counts - 1, every, 0.2), stats.binom.sf(counts, every, 0.2)
    assert np.all(found.of_excess <= larger * (1 + 1e-9))
    assert np.all(found.of_excess >= np.maximum(smaller, larger / 2.0) * (1 - 1e-9))


@pytest.mark.parametrize("level", [0.05, 0.01, 0.001])
def test_beside_other_counts_small_values_are_as_frequent_as_they_say(level):
    rng = np.random.default_rng(3)
    mean = np.exp(rng.uniform(0.0, np.log(100.0), N_DRAWN))
    counts, others = rng.poisson(mean).astype(float), rng.poisson(11.0 * mean).astype(float)
    ratio, scale = np.full(N_DRAWN, 1.0 / 11.0), np.ones(N_DRAWN)
    p_value = count_tails_against(counts, others, ratio, scale).p_value
    assert np.mean(p_value <= level) == pytest.approx(level, rel=0.12)


def test_no_counts_give_no_values():
    nothing = np.zeros((0, 11))
    assert count_tails(nothing, nothing, nothing).p_value.shape == (0, 11)
