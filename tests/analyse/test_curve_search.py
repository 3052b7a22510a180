"""The compiled search finds the least-squares curve, for every shape and whoever stands beside."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime, least_squares, nnls

from analyse.planted import heterogeneous_units, von_mises_rates
from ketacortex.analyse.curve_linear import lobe_moments, solve_linear
from ketacortex.analyse.curve_shapes import CurveShape, lobe_slopes
from ketacortex.analyse.orientation_curve import half_width_deg, kappa_limits, orientation_curves
from ketacortex.analyse.tuning import fit_tuning
from ketacortex.units import orientation_distance_deg

TWELVE_DEG = np.arange(12) * 15.0
SHAPES = list(CurveShape)


@pytest.mark.parametrize("shape", SHAPES)
def test_slopes_are_those_of_the_height(shape):
    x = np.linspace(0.2, 5.0, 9)

    def height(place, log_sharpness):
        return lobe_slopes(x, np.array([place]), np.exp([log_sharpness]), int(shape))[0, 0]

    _, along_place, along_sharpness = lobe_slopes(x, np.array([1.3]), np.array([2.0]), int(shape))
    for i in range(len(x)):
        numeric = approx_fprime(np.array([1.3, np.log(2.0)]), lambda p, i=i: height(*p)[i], 1e-7)
        assert [along_place[0, i], along_sharpness[0, i]] == pytest.approx(numeric, abs=1e-5)


@pytest.mark.parametrize("n_lobes", [1, 2])
def test_the_linear_part_is_that_of_nonnegative_least_squares(n_lobes):
    rng = np.random.default_rng(0)
    bounds_met = 0
    for _ in range(300):
        lobes = np.zeros((2, 3, 12))
        lobes[:n_lobes, 0] = rng.random((n_lobes, 12))
        rate = rng.normal(0.3, 1.0, 12)
        along = (rate.sum(), lobes[0, 0] @ rate, lobes[1, 0] @ rate)
        found = solve_linear(12, lobe_moments(lobes, n_lobes), along, n_lobes, False)
        columns = np.stack([np.ones(12), *lobes[:n_lobes, 0]], axis=1)
        expected, _ = nnls(columns, rate)
        np.testing.assert_allclose(found[: 1 + n_lobes], expected, atol=1e-9)
        bounds_met += (expected == 0).any()
    assert bounds_met > 30


@pytest.mark.parametrize("shape", [CurveShape.VON_MISES, CurveShape.WRAPPED_GAUSSIAN])
@pytest.mark.parametrize("is_free", [False, True])
def test_noisy_curves_are_least_squares(shape, is_free):
    rng = np.random.default_rng(1)
    rate_hz = rng.poisson(8.0 * von_mises_rates(*heterogeneous_units(rng, 12))) / 8.0
    rate_hz = rate_hz[(rate_hz > 0).sum(axis=1) > 3]
    found = orientation_curves(rate_hz, TWELVE_DEG, shape, is_baseline_free=is_free)
    kappa_min, kappa_max = kappa_limits(TWELVE_DEG, shape)
    doubled = np.deg2rad(2.0 * TWELVE_DEG)

    def residual(p, rate):
        height = lobe_slopes(doubled, p[2:3], np.exp(p[3:]), int(shape))[0, 0]
        return p[0] + p[1] * height - rate

    lowest = [-np.inf if is_free else 0.0, 0.0, -np.inf, np.log(kappa_min)]
    highest = [np.inf, np.inf, np.inf, np.log(kappa_max)]
    for rate, best in zip(rate_hz, found, strict=True):
        ours = (residual(np.append(best[:3], np.log(best[3])), rate) ** 2).sum()
        for mu in doubled[::2]:
            start = [rate.min() + 1e-3, np.ptp(rate), mu, 0.5]
            theirs = least_squares(residual, start, bounds=(lowest, highest), args=(rate,))
            # A grid of 216 starts could miss a basin, but not a deep one.
            assert ours <= 2.0 * theirs.cost * 1.01 + 1e-9


def test_a_noiseless_wrapped_gaussian_is_recovered_across_the_wrap():
    sigma_deg, preferred_deg = np.array([12.0, 20.0, 35.0]), np.array([1.0, 179.0, 90.0])
    away_deg = TWELVE_DEG - preferred_deg[:, None] + 180.0 * np.arange(-9, 10)[:, None, None]
    rate_hz = 2.0 + 7.0 * np.exp(-0.5 * (away_deg / sigma_deg[:, None]) ** 2).sum(axis=0)
    fit = fit_tuning(rate_hz, TWELVE_DEG, CurveShape.WRAPPED_GAUSSIAN)
    assert orientation_distance_deg(fit.preferred_orientation_deg, preferred_deg).max() < 1e-4
    np.testing.assert_allclose(np.rad2deg(0.5 / np.sqrt(fit.kappa)), sigma_deg, rtol=1e-5)
    np.testing.assert_allclose(fit.baseline_hz, 2.0, atol=1e-4)
    # A narrow one does not meet its images and is a plain Gaussian.
    assert fit.half_width_deg[0] == pytest.approx(12.0 * np.sqrt(2.0 * np.log(2.0)), abs=1e-3)


def test_the_half_width_of_a_broad_gaussian_knows_its_images():
    kappa = np.array([0.7])
    half = np.deg2rad(2.0 * half_width_deg(kappa, CurveShape.WRAPPED_GAUSSIAN))
    images = 2.0 * np.pi * np.arange(-9, 10)
    height = [np.exp(-0.35 * (x + images) ** 2).sum() for x in (half[0], 0.0)]
    assert height[0] == pytest.approx(height[1] / 2.0, rel=1e-9)


def test_the_same_unit_has_the_same_bits_in_any_company():
    rng = np.random.default_rng(2)
    rate_hz = rng.poisson(rng.gamma(0.5, 2.0, (400, 1)), (400, 12)).astype(float) + 0.01
    together = orientation_curves(rate_hz, TWELVE_DEG)
    order = rng.permutation(400)
    assert orientation_curves(rate_hz[order], TWELVE_DEG).tobytes() == together[order].tobytes()
    alone = np.concatenate([orientation_curves(rate_hz[i : i + 1], TWELVE_DEG) for i in range(50)])
    assert alone.tobytes() == together[:50].tobytes()


def test_the_search_ends_at_the_minimum_also_where_the_curve_fits_badly():
    rng = np.random.default_rng(3)
    rate_hz = rng.poisson(10.0 * von_mises_rates(*heterogeneous_units(rng, 80))) / 10.0
    doubled, (kappa_min, kappa_max) = np.deg2rad(2.0 * TWELVE_DEG), kappa_limits(TWELVE_DEG)

    def residual(p, rate):
        return p[0] + p[1] * np.exp(np.exp(p[3]) * (np.cos(doubled - p[2]) - 1.0)) - rate

    def slopes(p, rate):
        away, kappa = doubled - p[2], np.exp(p[3])
        height = np.exp(kappa * (np.cos(away) - 1.0))
        along = p[1] * kappa * height
        return np.stack(
            [np.ones(12), height, along * np.sin(away), along * (np.cos(away) - 1.0)], axis=1
        )

    n_compared = 0
    for rate, found in zip(rate_hz, orientation_curves(rate_hz, TWELVE_DEG), strict=True):
        b, a, mu, kappa = found
        if b > 0 and kappa_min * 1.01 < kappa < kappa_max * 0.99:
            start = [b, a, mu, np.log(kappa)]
            tight = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
            best = least_squares(residual, start, slopes, args=(rate,), **tight).x[2]
            assert np.rad2deg(abs(best - mu)) / 2.0 < 1e-6
            n_compared += 1
    assert n_compared > 40
