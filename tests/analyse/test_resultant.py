import numpy as np
import pytest
from scipy import stats

from ketacortex.analyse.resultant import length_interval, length_probability, likely_length

LENGTH = np.array([0.1, 1.0, 3.0, 10.0, 30.0])
ONES = np.ones(5)


@pytest.mark.parametrize("true_length", [1e-6, 0.5, 4.0, 29.0])
def test_with_equal_errors_it_is_the_rice_distribution(true_length):
    found = length_probability(LENGTH, true_length * ONES, ONES, ONES)
    np.testing.assert_allclose(found, stats.rice.cdf(LENGTH, true_length), atol=1e-7)


@pytest.mark.parametrize("true_length", [0.0, 0.5, 4.0, 29.0])
def test_without_error_across_it_is_the_folded_normal(true_length):
    found = length_probability(LENGTH, true_length * ONES, ONES, 0.0 * ONES)
    np.testing.assert_allclose(found, stats.foldnorm.cdf(LENGTH, true_length), atol=1e-7)


def test_with_unequal_errors_it_is_what_is_drawn():
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=(2, 200_000))
    drawn = np.hypot(2.0 + 1.5 * u, 0.5 * v)
    for length in (0.5, 2.0, 4.0):
        (found,) = length_probability(*(np.array([a]) for a in (length, 2.0, 1.5, 0.5)))
        # Four binomial standard errors.
        assert found == pytest.approx((drawn <= length).mean(), abs=0.0045)


@pytest.mark.parametrize("error_across", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("true_length", [0.0, 0.3, 1.0, 2.0, 4.0, 12.0])
def test_the_interval_holds_the_true_length(true_length, error_across):
    rng = np.random.default_rng(1)
    u, v = rng.normal(size=(2, 6000))
    length = np.hypot(true_length + u, error_across * v)
    low, high = length_interval(length, np.ones(6000), np.full(6000, error_across))
    covered = ((low <= true_length) & (true_length <= high)).mean()
    # 95 % far from 0, 97.5 % at 0; binomial standard error 0.003.
    assert 0.941 < covered < 0.984
    assert (high > low).all()


def test_the_lower_limit_is_0_exactly_until_it_is_not():
    one = np.ones(1)
    edge = stats.rice.ppf(0.975, 0.0)
    assert length_interval((edge - 0.01) * one, one, one)[0][0] == 0.0
    assert length_interval((edge + 0.01) * one, one, one)[0][0] > 0.0


def test_no_error_no_interval():
    low, high = length_interval(np.ones(3), np.array([0.0, np.nan, 1.0]), np.array([1, 1, np.nan]))
    assert np.isnan(low).all()
    assert np.isnan(high).all()


@pytest.mark.parametrize("error_across", [0.0, 1.0])
@pytest.mark.parametrize("true_length", [1.0, 3.0, 10.0])
def test_the_estimate_is_too_long_as_often_as_too_short(true_length, error_across):
    rng = np.random.default_rng(2)
    u, v = rng.normal(size=(2, 6000))
    length = np.hypot(true_length + u, error_across * v)
    found = likely_length(length, np.ones(6000), np.full(6000, error_across))
    # Binomial standard error 0.0065.
    assert (found > true_length).mean() == pytest.approx(0.5, abs=0.025)
