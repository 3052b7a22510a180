import warnings

import numpy as np
import pytest

from analyse.planted import ORIENTATION_DEG, von_mises_rates
from ketacortex.analyse.direction_tuning import vector_dsi
from ketacortex.analyse.selectivity_errors import (
    cross_validated_gosi,
    dsi_interval,
    gosi_interval,
    vector_dsi_interval,
)
from ketacortex.analyse.tuning import gosi

TEN_TRIALS_DEG = np.repeat(ORIENTATION_DEG, 10)
ONES = np.ones(120)


def counts_of(rate_hz, rng, fano=1.5):
    rate = np.repeat(rate_hz, 10, axis=1)
    return rng.poisson(rng.gamma(rate / (fano - 1.0), fano - 1.0)).astype(float)


def coverage(found, truth):
    return ((found.low <= truth) & (truth <= found.high))[found.is_valid].mean()


@pytest.mark.parametrize("osi", [0.0001, 0.05, 0.15, 0.5, 0.9])
def test_gosi_intervals_cover_what_was_planted(osi):
    rng = np.random.default_rng(0)
    rate_hz = von_mises_rates(rng.uniform(0, 180, 2000), 2.0, osi, rng.uniform(2.0, 15.0, 2000))
    found = gosi_interval(counts_of(rate_hz, rng), ONES, TEN_TRIALS_DEG)
    # Binomial standard error 0.005; 97.5 % at 0 is by design.
    assert 0.925 < coverage(found, gosi(rate_hz, ORIENTATION_DEG)) < 0.987


@pytest.mark.parametrize("osi", [0.15, 0.3])
def test_the_estimate_of_gosi_is_freed_of_what_noise_adds(osi):
    rng = np.random.default_rng(1)
    rate_hz = von_mises_rates(rng.uniform(0, 180, 3000), 2.0, osi, 2.0)
    counts = counts_of(rate_hz, rng)
    truth = gosi(rate_hz, ORIENTATION_DEG)
    plain = gosi(counts.reshape(3000, 12, 10).mean(axis=2), ORIENTATION_DEG)
    found = gosi_interval(counts, ONES, TEN_TRIALS_DEG)
    is_valid = found.is_valid
    freed = found.estimate[is_valid]
    # Binomial standard error 0.009.
    assert (freed > truth[is_valid]).mean() == pytest.approx(0.5, abs=0.04)
    assert (plain > truth).mean() > 0.55
    assert abs(np.mean(freed - truth[is_valid])) < 0.7 * np.mean(plain - truth)


def test_directions_read_as_orientations_of_half_the_angle():
    rng = np.random.default_rng(2)
    counts = counts_of(von_mises_rates(rng.uniform(0, 180, 20), 2.0, 0.5, 5.0), rng)
    one, other = (
        gosi_interval(counts, ONES, TEN_TRIALS_DEG),
        vector_dsi_interval(counts, ONES, 2.0 * TEN_TRIALS_DEG),
    )
    for ours, theirs in zip(vars(one).values(), vars(other).values(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    rate_hz = counts.reshape(20, 12, 10).mean(axis=2)
    np.testing.assert_allclose(
        vector_dsi(rate_hz, 2.0 * ORIENTATION_DEG), gosi(rate_hz, ORIENTATION_DEG)
    )


@pytest.mark.parametrize("mean_count", [0.05, 1.0, 20.0])
def test_cross_validated_gosi_of_untuned_units_is_0_on_average(mean_count):
    rng = np.random.default_rng(3)
    found = cross_validated_gosi(
        counts_of(np.full((4000, 12), mean_count), rng, 2.0), ONES, TEN_TRIALS_DEG
    )
    found = found[np.isfinite(found)]
    assert abs(found.mean()) < 3.5 * found.std() / np.sqrt(len(found))


def test_cross_validated_gosi_is_the_mean_over_halves():
    rng = np.random.default_rng(4)
    counts = rng.poisson(von_mises_rates(40.0, 2.0, 0.6, 4.0)[0][:, None], (12, 4)).astype(float)
    found = cross_validated_gosi(counts.reshape(1, 48), np.ones(48), np.repeat(ORIENTATION_DEG, 4))
    turn = np.exp(2j * np.deg2rad(ORIENTATION_DEG))
    halves = rng.permuted(np.broadcast_to(counts, (40_000, 12, 4)), axis=2)
    first, second = (halves[:, :, part].mean(axis=2) @ turn for part in (slice(2), slice(2, 4)))
    products = (first * np.conj(second)).real / counts.mean(axis=1).sum() ** 2
    assert found[0] == pytest.approx(products.mean(), abs=4 * products.std() / 200.0)


def test_cross_validated_gosi_is_the_square_of_what_was_planted():
    rng = np.random.default_rng(5)
    rate_hz = np.repeat(von_mises_rates(30.0, 1.5, 0.4, 2.0), 4000, axis=0)
    found = cross_validated_gosi(counts_of(rate_hz, rng), ONES, TEN_TRIALS_DEG)
    assert found.mean() == pytest.approx(gosi(rate_hz[:1], ORIENTATION_DEG)[0] ** 2, rel=0.04)


@pytest.mark.parametrize("null_share", [1.0, 0.85, 0.5, 0.1])
def test_dsi_intervals_cover_what_was_planted(null_share):
    rng = np.random.default_rng(6)
    directions_deg, n = 2.0 * ORIENTATION_DEG, 500
    turn = np.cos(np.deg2rad(directions_deg - rng.uniform(0, 360, (n, 1))))
    lobes = np.exp(3.0 * (turn - 1.0)) + null_share * np.exp(-3.0 * (turn + 1.0))
    height_hz, floor = rng.uniform(15.0, 40.0, n), np.exp(-6.0)
    rate_hz = 1.0 + height_hz[:, None] * lobes
    peak_hz = 1.0 + height_hz * (1.0 + null_share * floor)
    null_hz = 1.0 + height_hz * (null_share + floor)
    found = dsi_interval(counts_of(rate_hz, rng), ONES, np.repeat(directions_deg, 10))
    assert found.is_valid.mean() > 0.8
    # Binomial standard error 0.010; 97.5 % at 0 is by design.
    assert 0.905 < coverage(found, (peak_hz - null_hz) / (peak_hz + null_hz)) < 0.99


@pytest.mark.parametrize("n_trials", [0, 1, 12, 35, 120])
@pytest.mark.parametrize(
    "function", [gosi_interval, vector_dsi_interval, dsi_interval, cross_validated_gosi]
)
def test_what_cannot_be_measured_is_nan_and_warns_of_nothing(function, n_trials):
    rng = np.random.default_rng(7)
    counts = rng.poisson(4.0, (3, 120)).astype(float)
    counts[0], counts[1, 0] = 0.0, np.nan
    order = np.arange(120).reshape(12, 10).T.ravel()[:n_trials]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = function(counts[:, order], np.ones(n_trials), TEN_TRIALS_DEG[order])
    values = found if isinstance(found, np.ndarray) else found.low
    assert np.isnan(values[:2]).all()
    assert n_trials > 35 or function is cross_validated_gosi or np.isnan(values).all()
