import warnings

import numpy as np
import pytest

from analyse.planted import ORIENTATION_DEG, von_mises_rates
from ketacortex.analyse.curve_errors import error_of_moved, index_interval, measured_means
from ketacortex.analyse.orientation_curve import half_width_deg
from ketacortex.analyse.tuning import fit_tuning, mean_rates
from ketacortex.analyse.tuning_errors import tuning_errors
from ketacortex.units import orientation_difference_deg, orientation_distance_deg

TEN_TRIALS_DEG = np.repeat(ORIENTATION_DEG, 10)


def counts_of(rate_hz, rng, n_repeats=10, fano=1.5):
    rate = np.repeat(rate_hz, n_repeats, axis=1)
    return rng.poisson(rng.gamma(rate / (fano - 1.0), fano - 1.0)).astype(float)


def planted(rng, n):
    kappa = rng.uniform(0.8, 6.0, n)
    osi = np.minimum(rng.uniform(0.35, 1.0, n), np.tanh(kappa))
    preferred_deg = rng.uniform(0, 180, n)
    rate_hz = von_mises_rates(preferred_deg, kappa, osi, rng.uniform(3.0, 15.0, n))
    return rate_hz, preferred_deg, kappa, osi


def test_intervals_cover_what_was_planted():
    rng = np.random.default_rng(0)
    rate_hz, preferred_deg, kappa, osi = planted(rng, 1500)
    found = tuning_errors(counts_of(rate_hz, rng), np.ones(120), TEN_TRIALS_DEG)
    preferred = found.preferred_orientation_deg
    off_deg = orientation_difference_deg(preferred_deg, preferred.estimate)
    held = (preferred.low - preferred.estimate <= off_deg) & (
        off_deg <= preferred.high - preferred.estimate
    )
    width_deg = half_width_deg(kappa)
    for interval, is_held in (
        (preferred, held),
        (found.osi, (found.osi.low <= osi) & (osi <= found.osi.high)),
        (
            found.half_width_deg,
            (found.half_width_deg.low <= width_deg) & (width_deg <= found.half_width_deg.high),
        ),
    ):
        # Binomial standard error 0.007.
        assert 0.92 < is_held[interval.is_valid].mean() < 0.98
        assert interval.is_valid.mean() > 0.5


def test_the_standard_error_is_the_spread_of_the_estimate():
    rng = np.random.default_rng(1)
    rate_hz = np.repeat(von_mises_rates(70.0, 2.0, 0.8, 8.0), 1500, axis=0)
    found = tuning_errors(counts_of(rate_hz, rng), np.ones(120), TEN_TRIALS_DEG)
    for interval in (found.preferred_orientation_deg, found.osi, found.half_width_deg):
        spread = np.nanstd(interval.estimate)
        assert np.nanmean(interval.standard_error) == pytest.approx(spread, rel=0.1)


def test_estimates_are_those_of_the_fit_where_the_baseline_is_free_of_its_bound():
    rng = np.random.default_rng(2)
    rate_hz, *_ = planted(rng, 200)
    counts = counts_of(rate_hz, rng)
    found = tuning_errors(counts, np.ones(120), TEN_TRIALS_DEG)
    fit = fit_tuning(mean_rates(counts, np.ones(120), TEN_TRIALS_DEG)[0], ORIENTATION_DEG)
    inside = found.is_valid & (fit.baseline_hz > 0)
    assert inside.sum() > 50
    for ours, theirs in (
        (found.preferred_orientation_deg.estimate, fit.preferred_orientation_deg),
        (found.osi.estimate, fit.osi),
    ):
        np.testing.assert_allclose(ours[inside], theirs[inside], atol=1e-5)


def test_turning_the_stimuli_turns_the_interval():
    rng = np.random.default_rng(3)
    counts = counts_of(planted(rng, 50)[0], rng)
    before = tuning_errors(counts, np.ones(120), TEN_TRIALS_DEG)
    after = tuning_errors(counts, np.ones(120), (TEN_TRIALS_DEG + 37.0) % 180.0)
    first, second = before.preferred_orientation_deg, after.preferred_orientation_deg
    is_valid = first.is_valid
    np.testing.assert_array_equal(is_valid, second.is_valid)
    moved_deg = (second.estimate - first.estimate)[is_valid]
    assert orientation_distance_deg(moved_deg, 37.0).max() < 1e-4
    np.testing.assert_allclose(second.high - second.low, first.high - first.low, rtol=1e-4)
    np.testing.assert_allclose(after.osi.low, before.osi.low, atol=1e-5)


def test_four_times_the_trials_halve_the_error():
    rng = np.random.default_rng(4)
    rate_hz = np.repeat(von_mises_rates(70.0, 2.0, 0.8, 8.0), 200, axis=0)
    errors = [
        np.nanmean(
            tuning_errors(
                counts_of(rate_hz, rng, n), np.ones(12 * n), np.repeat(ORIENTATION_DEG, n)
            ).preferred_orientation_deg.standard_error
        )
        for n in (10, 40)
    ]
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("n_trials", [0, 1, 12, 35, 50])
def test_what_cannot_be_measured_is_nan_and_warns_of_nothing(n_trials):
    rng = np.random.default_rng(5)
    counts = rng.poisson(4.0, (5, 120)).astype(float)
    counts[0], counts[1], counts[2, 0] = 0.0, 3.0, np.nan
    counts[3] = np.repeat(np.arange(12), 10)
    order = np.arange(120).reshape(12, 10).T.ravel()[:n_trials]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = tuning_errors(counts[:, order], np.ones(n_trials), TEN_TRIALS_DEG[order])
    assert not found.is_valid.any()
    for interval in (found.preferred_orientation_deg, found.osi, found.half_width_deg):
        for values in vars(interval).values():
            assert np.isnan(values).all()


def test_untuned_units_have_no_interval():
    rng = np.random.default_rng(6)
    counts = rng.poisson(8.0, (500, 120)).astype(float)
    assert tuning_errors(counts, np.ones(120), TEN_TRIALS_DEG).is_valid.mean() < 0.03


def test_the_error_of_a_linear_sum_is_propagated_exactly():
    rng = np.random.default_rng(7)
    counts = rng.poisson(5.0, (4, 60)).astype(float)
    which = np.repeat(np.arange(12), 5)
    means = measured_means(counts, np.ones(60), which, ORIENTATION_DEG)
    weight = rng.normal(size=12)
    error, _ = error_of_moved(means.moved() @ weight, means.n_trials)
    by_condition = counts.reshape(4, 12, 5)
    variance = by_condition.var(axis=2, ddof=1) / 5.0
    np.testing.assert_allclose(error, np.sqrt(variance @ weight**2))


def test_an_index_has_the_interval_of_a_proportion():
    from statsmodels.stats.proportion import proportion_confint

    # With the variance at rho of a binomial index, 2 p - 1, it is Wilson's but for the ceiling.
    low, high = proportion_confint(300, 1000, method="wilson")
    index = 2.0 * 0.3 - 1.0
    reach = 1.959964 * np.sqrt((1.0 - index**2) / 1000)
    found = index_interval(np.array([index]), np.array([reach]))
    np.testing.assert_allclose(np.ravel(found), [2 * low - 1, 2 * high - 1], atol=1e-3)


def test_means_and_errors_are_those_of_mean_rates():
    rng = np.random.default_rng(8)
    duration_s = rng.uniform(0.5, 2.0, 120)
    counts = rng.poisson(6.0 * duration_s, (3, 120)).astype(float)
    which = np.repeat(np.arange(12), 10)
    found = measured_means(counts, duration_s, which, ORIENTATION_DEG)
    rate_hz, error_hz, _ = mean_rates(counts, duration_s, TEN_TRIALS_DEG)
    np.testing.assert_allclose(found.rate_hz, rate_hz)
    np.testing.assert_allclose(found.standard_error_hz, error_hz)
