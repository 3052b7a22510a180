import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from analyse.planted import von_mises_rates
from ketacortex.analyse.tuning import fit_tuning, gosi, mean_rates, tuning_p_value
from ketacortex.errors import DataError
from ketacortex.units import orientation_distance_deg

TWELVE_DEG = np.arange(12) * 15.0


def curves(rng, n, orientation_deg=TWELVE_DEG, widest=0.5, narrowest=8.0):
    preferred_deg, kappa = rng.uniform(0, 180, n), rng.uniform(widest, narrowest, n)
    baseline, amplitude = rng.uniform(0, 5, n) * rng.integers(0, 2, n), rng.uniform(1, 20, n)
    turn = np.cos(np.deg2rad(2 * (orientation_deg - preferred_deg[:, None]))) - 1
    rate_hz = baseline[:, None] + amplitude[:, None] * np.exp(kappa[:, None] * turn)
    return rate_hz, preferred_deg, kappa, baseline, amplitude


@pytest.mark.parametrize(
    "orientation_deg",
    [TWELVE_DEG, np.arange(8) * 22.5, np.array([0, 10, 31, 50, 77, 90, 120, 133, 171.0])],
    ids=["twelve", "eight", "unequal"],
)
def test_a_noiseless_curve_is_recovered(orientation_deg):
    rate_hz, preferred_deg, kappa, baseline, amplitude = curves(
        np.random.default_rng(0), 500, orientation_deg
    )
    fit = fit_tuning(rate_hz, orientation_deg)
    off_deg = orientation_distance_deg(fit.preferred_orientation_deg, preferred_deg)
    assert off_deg.max() < 0.001
    np.testing.assert_allclose(fit.kappa, kappa, rtol=1e-4)
    np.testing.assert_allclose(fit.baseline_hz, baseline, atol=1e-3)
    np.testing.assert_allclose(fit.amplitude_hz, amplitude, rtol=1e-3)
    np.testing.assert_allclose(fit.r_squared, 1.0)


def test_osi_and_half_width_are_those_of_the_curve():
    fit = fit_tuning(von_mises_rates(40.0, 2.0, 0.5, 5.0), TWELVE_DEG)
    assert fit.osi[0] == pytest.approx(0.5, abs=1e-6)
    half_deg = fit.half_width_deg[0]
    assert np.exp(2.0 * (np.cos(np.deg2rad(2 * half_deg)) - 1)) == pytest.approx(0.5)


def test_a_curve_that_never_falls_to_half_has_no_half_width():
    assert np.isnan(fit_tuning(von_mises_rates(40.0, 0.3, 0.2, 5.0), TWELVE_DEG).half_width_deg[0])


def test_silent_and_flat_units_have_no_preference():
    fit = fit_tuning(np.array([np.zeros(12), np.full(12, 3.0)]), TWELVE_DEG)
    assert np.isnan(fit.preferred_orientation_deg).all()
    assert np.isnan(fit.osi[0])
    assert fit.osi[1] == 0.0
    assert fit.baseline_hz[1] == pytest.approx(3.0)


def test_three_orientations_are_too_few():
    with pytest.raises(DataError, match="shows 3 orientations; at least 4 are needed"):
        fit_tuning(np.ones((1, 3)), np.array([0.0, 60.0, 120.0]))


@settings(max_examples=30, deadline=None)
@given(st.floats(-400, 400), st.integers(0, 10**6))
def test_turning_the_stimuli_turns_the_preference(turn_deg, seed):
    rate_hz = curves(np.random.default_rng(seed), 5)[0]
    before = fit_tuning(rate_hz, TWELVE_DEG).preferred_orientation_deg
    after = fit_tuning(rate_hz, (TWELVE_DEG + turn_deg) % 180.0).preferred_orientation_deg
    assert orientation_distance_deg(after - before, turn_deg).max() < 0.001
    assert ((after >= 0) & (after < 180)).all()


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-3, 1e3), st.integers(0, 10**6))
def test_selectivity_does_not_depend_on_the_unit_of_rate(scale, seed):
    rate_hz = np.random.default_rng(seed).poisson(3.0, (5, 12)) + 0.1
    np.testing.assert_allclose(
        gosi(scale * rate_hz, TWELVE_DEG), gosi(rate_hz, TWELVE_DEG), atol=1e-12
    )
    np.testing.assert_allclose(
        fit_tuning(scale * rate_hz, TWELVE_DEG).r_squared,
        fit_tuning(rate_hz, TWELVE_DEG).r_squared,
        atol=1e-6,
    )


def test_the_order_of_units_changes_nothing():
    rng = np.random.default_rng(1)
    # Sparse counts have many ties between equally good starts.
    rate_hz = rng.poisson(rng.gamma(0.5, 1.0, (5000, 1)), (5000, 12)).astype(float)
    order = rng.permutation(len(rate_hz))
    fit, shuffled = fit_tuning(rate_hz, TWELVE_DEG), fit_tuning(rate_hz[order], TWELVE_DEG)
    np.testing.assert_allclose(
        shuffled.preferred_orientation_deg, fit.preferred_orientation_deg[order], atol=1e-6
    )


def test_noisy_curves_are_fitted_as_well_as_by_scipy():
    rng = np.random.default_rng(2)
    rate_hz = rng.poisson(5.0 * curves(rng, 25)[0]) / 5.0
    fit = fit_tuning(rate_hz, TWELVE_DEG)
    spread = ((rate_hz - rate_hz.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    ours = (1.0 - fit.r_squared) * spread
    for unit, rate in enumerate(rate_hz):
        assert ours[unit] <= scipy_loss(rate) * (1 + 1e-6) + 1e-9


def scipy_loss(rate):
    def model(theta, b, a, mu, log_kappa):
        return b + a * np.exp(np.exp(log_kappa) * (np.cos(np.deg2rad(2 * (theta - mu))) - 1))

    limits = ([0, 0, -np.inf, np.log(0.1)], [np.inf, np.inf, np.inf, np.log(31.0)])
    losses = []
    for mu in (rate.argmax() * 15.0, rate.argmax() * 15.0 + 45.0):
        for log_kappa in (-0.5, 1.5):
            start = [rate.min() + 0.01, np.ptp(rate), mu, log_kappa]
            found, _ = curve_fit(model, TWELVE_DEG, rate, start, bounds=limits, max_nfev=2000)
            losses.append(((model(TWELVE_DEG, *found) - rate) ** 2).sum())
    return min(losses)


def test_gosi_is_that_of_condition_means_however_often_each_was_shown():
    counts = np.array([[4.0, 2.0, 0.0, 2.0]])
    often = np.array([0, 0, 0, 1, 2, 3, 3])
    rate_hz, _, shown_deg = mean_rates(counts[:, often], np.ones(7), often * 45.0)
    assert gosi(rate_hz, shown_deg)[0] == pytest.approx(gosi(counts[0], np.arange(4) * 45.0))


def test_a_longer_trial_does_not_change_a_steady_rate():
    duration_s = np.array([1.0, 2.0, 0.5, 4.0])
    rate_hz, error_hz, _ = mean_rates(6.0 * duration_s[None], duration_s, np.zeros(4))
    assert rate_hz[0, 0] == pytest.approx(6.0)
    assert error_hz[0, 0] == pytest.approx(0.0)


@pytest.mark.parametrize("mean_count", [0.05, 0.3, 5.0])
@pytest.mark.parametrize("excess_fano", [0.0, 0.5])
def test_the_tuning_test_holds_its_size(mean_count, excess_fano):
    rng = np.random.default_rng(3)
    shape = (8000, 144)
    gain = rng.gamma(1 / excess_fano, excess_fano, shape) if excess_fano else 1.0
    counts = rng.poisson(mean_count * gain, shape).astype(float)
    p_value = tuning_p_value(counts, np.repeat(TWELVE_DEG, 12))
    false_positives = (p_value[np.isfinite(p_value)] < 0.05).mean()
    # Binomial standard error 0.0024.
    assert 0.03 < false_positives < 0.058


def test_the_tuning_test_sees_tuning_in_each_set_of_trials():
    rng = np.random.default_rng(4)
    orientation_deg = np.repeat(TWELVE_DEG, 12)
    rate = np.repeat(von_mises_rates([30.0, 30.0], 2.0, [0.6, 0.0001], 3.0), 12, axis=1)
    even = np.arange(144) % 2 == 0
    p_value = tuning_p_value(
        rng.poisson(rate).astype(float), orientation_deg, np.stack([even, ~even], axis=1)
    )
    assert (p_value[0] < 1e-3).all()
    assert (p_value[1] > 1e-3).all()


def test_a_set_of_trials_is_tested_as_if_it_were_alone():
    rng = np.random.default_rng(5)
    orientation_deg = np.repeat(TWELVE_DEG, 5)
    counts = rng.poisson(2.0, (6, 60)).astype(float)
    chosen = rng.random(60) < 0.6
    np.testing.assert_allclose(
        tuning_p_value(counts, orientation_deg, chosen[:, None])[:, 0],
        tuning_p_value(counts[:, chosen], orientation_deg[chosen]),
    )
