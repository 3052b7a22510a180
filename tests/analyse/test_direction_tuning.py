import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from ketacortex.analyse.curve_shapes import CurveShape
from ketacortex.analyse.direction_tuning import dsi_of_means, fit_direction_tuning, vector_dsi
from ketacortex.analyse.tuning import fit_tuning
from ketacortex.errors import DataError
from ketacortex.units import orientation_distance_deg

TWELVE_DEG = np.arange(12) * 30.0


def model(shown_deg, b, a, opposite, mu, log_kappa):
    turn, kappa = np.cos(np.deg2rad(shown_deg - mu)), np.exp(log_kappa)
    return b + a * np.exp(kappa * (turn - 1)) + opposite * np.exp(-kappa * (turn + 1))


def planted(rng, n):
    b, a = rng.exponential(1.0, n) * rng.integers(0, 2, n), rng.lognormal(1.5, 0.7, n)
    opposite, mu = a * rng.uniform(0, 0.98, n), rng.uniform(0, 360, n)
    log_kappa = rng.uniform(np.log(0.8), np.log(8.0), n)
    return b, a, opposite, mu, log_kappa


def curves(parameters):
    return np.array([model(TWELVE_DEG, *p) for p in zip(*parameters, strict=True)])


def test_a_noiseless_curve_is_recovered():
    b, a, opposite, mu, log_kappa = parameters = planted(np.random.default_rng(0), 500)
    fit = fit_direction_tuning(curves(parameters), TWELVE_DEG)
    off_deg = np.abs((fit.preferred_direction_deg - mu + 180.0) % 360.0 - 180.0)
    assert off_deg.max() < 1e-3
    np.testing.assert_allclose(fit.baseline_hz, b, atol=1e-3)
    np.testing.assert_allclose(fit.amplitude_hz, a, rtol=1e-3)
    np.testing.assert_allclose(fit.opposite_amplitude_hz, opposite, atol=1e-3)
    np.testing.assert_allclose(np.log(fit.kappa), log_kappa, atol=1e-3)
    np.testing.assert_allclose(fit.r_squared, 1.0)
    near, far = (np.array([model(mu[i] + d, *[p[i] for p in parameters]) for i in range(500)])
                 for d in (0.0, 180.0))  # fmt: skip
    np.testing.assert_allclose(fit.dsi, (near - far) / (near + far), atol=1e-4)


def test_noisy_curves_are_fitted_as_well_as_by_scipy():
    rng = np.random.default_rng(1)
    rate_hz = rng.poisson(10.0 * curves(planted(rng, 20))) / 10.0
    fit = fit_direction_tuning(rate_hz, TWELVE_DEG)
    spread = ((rate_hz - rate_hz.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    limits = ([0, 0, 0, -np.inf, np.log(0.3)], [np.inf] * 4 + [np.log(31.0)])
    for unit, rate in enumerate(rate_hz):
        for mu in TWELVE_DEG[rate.argmax()] + np.array([0.0, 20.0, 90.0]):
            start = [rate.min() + 0.01, np.ptp(rate), np.ptp(rate) / 2, mu, 1.0]
            found, _ = curve_fit(model, TWELVE_DEG, rate, start, bounds=limits, max_nfev=3000)
            theirs = ((model(TWELVE_DEG, *found) - rate) ** 2).sum()
            assert (1 - fit.r_squared[unit]) * spread[unit] <= theirs * (1 + 1e-6) + 1e-9


@settings(max_examples=25, deadline=None)
@given(st.floats(-400, 400), st.integers(0, 10**6))
def test_turning_the_stimuli_turns_the_preference(turn_deg, seed):
    rate_hz = curves(planted(np.random.default_rng(seed), 4))
    before = fit_direction_tuning(rate_hz, TWELVE_DEG)
    after = fit_direction_tuning(rate_hz, (TWELVE_DEG + turn_deg) % 360.0)
    moved_deg = after.preferred_direction_deg - before.preferred_direction_deg - turn_deg
    assert np.abs((moved_deg + 180.0) % 360.0 - 180.0).max() < 1e-3
    np.testing.assert_allclose(after.dsi, before.dsi, atol=1e-6)


def test_the_axis_is_the_preferred_orientation_of_pooled_directions():
    rate_hz = curves(planted(np.random.default_rng(2), 100))
    axis_deg = fit_direction_tuning(rate_hz, TWELVE_DEG).preferred_direction_deg
    pooled = fit_tuning(rate_hz, TWELVE_DEG).preferred_orientation_deg
    assert orientation_distance_deg(axis_deg, pooled).max() < 1.0


def test_a_wrapped_gaussian_is_recovered():
    away_deg = (TWELVE_DEG - 350.0 + 180.0) % 360.0 - 180.0
    null_deg = (TWELVE_DEG - 170.0 + 180.0) % 360.0 - 180.0
    lobes = [np.exp(-0.5 * (d / 25.0) ** 2) for d in (away_deg, null_deg)]
    rate_hz = (1.0 + 9.0 * lobes[0] + 3.0 * lobes[1])[None]
    fit = fit_direction_tuning(rate_hz, TWELVE_DEG, CurveShape.WRAPPED_GAUSSIAN)
    assert fit.preferred_direction_deg[0] == pytest.approx(350.0, abs=1e-3)
    assert fit.dsi[0] == pytest.approx(6.0 / 14.0, abs=1e-4)
    assert np.rad2deg(fit.kappa[0] ** -0.5) == pytest.approx(25.0, abs=1e-2)


def test_silent_flat_and_missing_units():
    rate_hz = np.array([np.zeros(12), np.full(12, 3.0), np.append(np.ones(11), np.nan)])
    fit = fit_direction_tuning(rate_hz, TWELVE_DEG)
    assert np.isnan(fit.preferred_direction_deg).all()
    np.testing.assert_array_equal(fit.dsi, [np.nan, 0.0, np.nan])
    np.testing.assert_array_equal(dsi_of_means(rate_hz, TWELVE_DEG), [np.nan, 0.0, np.nan])


def test_without_the_opposite_direction_there_is_no_index_of_means():
    assert np.isnan(dsi_of_means(np.array([[5.0, 1.0, 1.0]]), np.array([0.0, 90.0, 270.0])))[0]


def test_vector_selectivity_of_one_direction_and_of_an_axis():
    one, axis = np.zeros((2, 12))
    one[4] = axis[4] = axis[10] = 5.0
    np.testing.assert_allclose(
        vector_dsi(np.stack([one, axis]), TWELVE_DEG), [1.0, 0.0], atol=1e-12
    )


def test_four_directions_are_too_few():
    with pytest.raises(DataError, match="shows 4 directions; at least 5 are needed"):
        fit_direction_tuning(np.ones((1, 5)), np.array([0.0, 90.0, 180.0, 270.0, 360.0]))
