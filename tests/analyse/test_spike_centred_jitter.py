"""Spike-centred jitter: what a thousand surrogates have on average, without them."""

import numpy as np
import pytest

from ketacortex.analyse.spike_centred_jitter import jitter_margin_samples, spike_centred_jitter


def lags(first, second):
    return (second[None, :] - first[:, None]).ravel()


def counts_of(lag, bin_samples, n_each_side):
    place = np.floor((lag + bin_samples // 2) / bin_samples).astype(int) + n_each_side
    inside = (place >= 0) & (place <= 2 * n_each_side)
    return np.bincount(place[inside], minlength=2 * n_each_side + 1).astype(float)


def coupled_trains(rng):
    first = np.sort(rng.integers(0, 20_000, 200))
    second = np.concatenate([first[::2] + 12, rng.integers(0, 20_000, 100)])
    return first, np.sort(second)


@pytest.mark.parametrize("moves_both", [False, True])
@pytest.mark.parametrize("bin_samples", [1, 5, 8])
def test_it_is_the_mean_of_surrogates(moves_both, bin_samples):
    rng = np.random.default_rng(0)
    first, second = coupled_trains(rng)
    jitter, n_each_side = 20, 6
    margin = jitter_margin_samples(jitter, moves_both=moves_both)
    reach = margin + n_each_side * bin_samples + bin_samples // 2
    fine = counts_of(lags(first, second), 1, reach)
    found = spike_centred_jitter(
        fine, jitter_samples=jitter, bin_samples=bin_samples, moves_both=moves_both
    )
    surrogates = []
    for _ in range(1000):
        moved = second + rng.integers(-jitter, jitter + 1, len(second))
        other = first + rng.integers(-jitter, jitter + 1, len(first)) * moves_both
        surrogates.append(counts_of(lags(other, moved), bin_samples, n_each_side))
    error = np.std(surrogates, axis=0) / np.sqrt(1000)
    z = (np.mean(surrogates, axis=0) - found) / error
    assert found.shape == (13,)
    assert np.abs(z).max() < 4.0
    assert z.std() < 1.8


def test_it_keeps_the_pairs_and_spreads_the_peak_by_the_variance_of_the_jitter():
    fine = np.zeros(401)
    fine[230] = 1.0
    for moves_both, n in ((False, 1), (True, 2)):
        found = spike_centred_jitter(fine, jitter_samples=40, bin_samples=1, moves_both=moves_both)
        lag = np.arange(len(found)) - len(found) // 2
        assert found.sum() == pytest.approx(1.0)
        assert found @ lag == pytest.approx(30.0)
        assert found @ (lag - 30.0) ** 2 == pytest.approx(n * (81**2 - 1) / 12.0)


def test_without_jitter_it_only_bins_and_a_slope_stays_a_slope():
    fine = np.arange(61.0)
    still = spike_centred_jitter(fine, jitter_samples=0, bin_samples=3, moves_both=True)
    np.testing.assert_allclose(still, fine[2:-2].reshape(19, 3).sum(axis=1))
    moved = spike_centred_jitter(fine, jitter_samples=6, bin_samples=1, moves_both=True)
    np.testing.assert_allclose(moved, fine[12:-12])


def test_many_at_once_are_each_alone():
    fine = np.random.default_rng(1).poisson(2.0, (2, 3, 101)).astype(float)
    options = {"jitter_samples": 9, "bin_samples": 4, "moves_both": True}
    found = spike_centred_jitter(fine, **options)
    np.testing.assert_allclose(found[1, 2], spike_centred_jitter(fine[1, 2], **options))


def test_a_correlogram_that_is_too_narrow_gives_no_bins():
    options = {"jitter_samples": 9, "bin_samples": 4, "moves_both": True}
    assert spike_centred_jitter(np.ones((2, 37)), **options).shape == (2, 0)
    assert spike_centred_jitter(np.ones((2, 11)), **options).shape == (2, 0)
    assert spike_centred_jitter(np.ones((0, 101)), **options).shape[0] == 0
