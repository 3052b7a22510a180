import warnings

import numpy as np
import pytest

from ketacortex.analyse.contrast_response import contrast_response
from ketacortex.errors import DataError

CONTRAST = np.array([0.0, 0.03, 0.06, 0.12, 0.25, 0.5, 1.0])


def naka_rushton(c50, exponent, r_max=20.0, baseline=2.0):
    c50, exponent = np.atleast_1d(c50)[:, None], np.atleast_1d(exponent)[:, None]
    return baseline + r_max * CONTRAST**exponent / (CONTRAST**exponent + c50**exponent)


def response_to(counts, n_repeats, preferred_deg=None, orientation_deg=0.0):
    n_trials = len(CONTRAST) * n_repeats
    return contrast_response(
        counts,
        np.ones(n_trials),
        np.full(n_trials, orientation_deg),
        np.repeat(CONTRAST, n_repeats),
        np.zeros(len(counts)) if preferred_deg is None else preferred_deg,
    )


def test_a_noiseless_curve_is_recovered():
    rng = np.random.default_rng(0)
    c50, exponent = rng.uniform(0.05, 0.6, 200), rng.uniform(0.8, 6.0, 200)
    found = response_to(np.repeat(naka_rushton(c50, exponent), 2, axis=1), 2)
    np.testing.assert_allclose(found.c50, c50, rtol=1e-4)
    np.testing.assert_allclose(found.exponent, exponent, rtol=1e-3)
    np.testing.assert_allclose(found.r_max_hz, 20.0, rtol=1e-3)
    np.testing.assert_allclose(found.baseline_hz, 2.0, rtol=1e-3)


def test_the_interval_of_c50_covers_what_was_planted():
    rng = np.random.default_rng(1)
    c50 = rng.uniform(0.06, 0.4, 1500)
    rate_hz = naka_rushton(c50, rng.uniform(2.0, 4.0, 1500))
    rate = np.repeat(rate_hz, 12, axis=1)
    counts = rng.poisson(rng.gamma(rate / 0.5, 0.5)).astype(float)
    interval = response_to(counts, 12).c50_interval
    held = ((interval.low <= c50) & (c50 <= interval.high))[interval.is_valid]
    assert interval.is_valid.mean() > 0.6
    assert 0.92 < held.mean() < 0.98


def test_c50_scales_with_the_unit_of_contrast():
    rng = np.random.default_rng(2)
    counts = rng.poisson(np.repeat(naka_rushton(0.2, 2.5), 10, axis=1), (20, 70)).astype(float)
    shown = np.repeat(CONTRAST, 10), np.repeat(100.0 * CONTRAST, 10)
    one, percent = (
        contrast_response(counts, np.ones(70), np.zeros(70), c, np.zeros(20)) for c in shown
    )
    np.testing.assert_allclose(percent.c50, 100.0 * one.c50, rtol=1e-5)
    np.testing.assert_allclose(percent.c50_interval.low, 100.0 * one.c50_interval.low, rtol=1e-5)


def test_only_the_preferred_orientation_counts_and_grey_counts_for_all():
    contrast = np.tile(np.repeat([0.0, 0.2, 0.4, 0.6, 1.0], 2), 2)
    orientation_deg = np.repeat([0.0, 90.0], 10)
    counts = np.where(orientation_deg == 0, 10.0 * contrast, 100.0 * contrast) + (contrast == 0)
    counts[:2] = 3.0
    found = contrast_response(
        np.tile(counts, (3, 1)),
        np.ones(20),
        orientation_deg,
        contrast,
        np.array([170.0, 80, np.nan]),
    )
    np.testing.assert_allclose(found.rate_hz[0], [2.0, 2.0, 4.0, 6.0, 10.0])
    np.testing.assert_allclose(found.rate_hz[1], [2.0, 20.0, 40.0, 60.0, 100.0])
    assert np.isnan(found.rate_hz[2]).all()


def test_what_is_not_determined_is_nan_and_warns_of_nothing():
    rng = np.random.default_rng(3)
    curves = np.concatenate(
        [np.zeros((1, 7)), np.full((1, 7), 4.0), naka_rushton(8.0, 2.0), naka_rushton(0.2, 30.0)]
    )
    counts = np.repeat(curves, 10, axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = response_to(counts, 10)
        one_trial = response_to(rng.poisson(curves).astype(float), 1)
        with_gap = np.repeat(naka_rushton(0.2, 2.0), 10, axis=1)
        with_gap[0, 0] = np.nan
        missing = response_to(with_gap, 10)
    for values in (found.c50, found.exponent, missing.c50, one_trial.c50_interval.low):
        assert np.isnan(values).all()
    np.testing.assert_allclose(found.rate_hz, curves)


def test_three_contrasts_give_means_and_no_curve():
    contrast = np.repeat([0.1, 0.3, 1.0], 10)
    counts = np.repeat([[2.0, 5.0, 9.0]], 10, axis=1)
    found = contrast_response(counts, np.ones(30), np.zeros(30), contrast, np.zeros(1))
    np.testing.assert_allclose(found.rate_hz, [[2.0, 5.0, 9.0]])
    assert np.isnan(found.c50[0])


def test_two_contrasts_are_too_few():
    with pytest.raises(DataError, match="needs 3 contrasts and this recording shows 2"):
        contrast_response(np.ones((1, 4)), np.ones(4), np.zeros(4), np.array([0, 0, 1, 1.0]), [0.0])
