"""Interval jitter without a surrogate: its sums are those of surrogates, and of brute force."""

from functools import partial

import numpy as np
import pytest

from ketacortex.analyse import interval_jitter
from ketacortex.analyse.correlograms import correlogram_blocks, lag_bins
from ketacortex.analyse.interval_jitter import (
    LagRange,
    jittered_mean,
    jittered_variance,
    kept_share,
    neighbour_products,
    ranges_of_bins,
    window_products,
)
from ketacortex.analyse.spike_stream import stream_of_trains

STOP_S = 20.0
N_SURROGATES = 1000
FIVE_MS = LagRange(first=-75, stop=75)


def bursty_trains(rng, n_units=4):
    """Bursts of 6 spikes within 30 ms, most of them shared by all units to within 2 ms."""

    def bursts():
        onset_s = rng.uniform(0.0, STOP_S, 40)
        spikes = [onset + rng.uniform(0.0, 0.03, rng.poisson(6)) for onset in onset_s]
        return np.concatenate(spikes)

    shared_s = bursts()
    trains = []
    for _ in range(n_units):
        kept_s = shared_s[rng.random(len(shared_s)) < 0.7]
        both = np.concatenate([bursts(), kept_s + rng.normal(0.0, 0.002, len(kept_s))])
        trains.append(np.sort(both[(both > 0.0) & (both < STOP_S)]))
    return trains


@pytest.fixture(scope="module")
def stream():
    return stream_of_trains(bursty_trains(np.random.default_rng(0)), STOP_S)


@pytest.fixture(scope="module")
def pairs(stream):
    return np.triu_indices(stream.n_units, 1)


@pytest.fixture(scope="module")
def surrogates(stream):
    """Counts of every pair in bins of 1 ms to 10 ms and within 2.5 ms, over surrogates."""
    rng = np.random.default_rng(1)
    window = stream.sample // stream.window_samples
    counts = []
    for _ in range(N_SURROGATES):
        place = rng.integers(0, stream.window_samples, len(window))
        sample = window * stream.window_samples + place
        order = np.argsort(sample, kind="stable")
        drawn = stream._with(sample[order], stream.unit[order])
        (fine,) = correlogram_blocks(drawn, max_lag_ms=10.0, threads=1)
        (near,) = correlogram_blocks(drawn, bin_ms=5.0, max_lag_ms=5.0, threads=1)
        counts.append(np.column_stack([fine.counts, near.counts[:, 1]]))
    return np.array(counts)


@pytest.fixture(scope="module")
def ranges(stream):
    return (*ranges_of_bins(lag_bins(stream, max_lag_ms=10.0)), FIVE_MS)


def mean_of(stream):
    return partial(jittered_mean, window_products(stream))


def variance_of(stream):
    return partial(jittered_variance, window_products(stream), neighbour_products(stream))


def test_the_mean_is_that_of_surrogates(stream, pairs, surrogates, ranges):
    expected = jittered_mean(window_products(stream), ranges, stream.window_samples, *pairs)
    error = surrogates.std(axis=0, ddof=1) / np.sqrt(N_SURROGATES)
    z = (surrogates.mean(axis=0) - expected) / error
    assert np.abs(z).max() < 4.0
    assert 0.8 < z.std() < 1.2


def test_the_variance_is_that_of_surrogates(stream, pairs, surrogates, ranges):
    expected = variance_of(stream)(ranges, stream.window_samples, *pairs)
    ratio = surrogates.var(axis=0, ddof=1) / expected
    error = np.sqrt(2.0 / (N_SURROGATES - 1))
    assert np.abs(ratio - 1.0).max() < 4.5 * error
    assert ratio.mean() == pytest.approx(1.0, abs=0.01)


def test_a_poisson_variance_would_be_wrong_for_bursts(stream, pairs, surrogates):
    """Why the variance is computed at all: counts in windows stay, and that part is no chance."""
    near = surrogates[:, :, -1]
    assert np.all(near.var(axis=0) < 0.92 * near.mean(axis=0))


@pytest.mark.parametrize("bin_ms", [0.5, 1.0, 0.7])
def test_the_ranges_part_the_lags_as_the_bins_do(stream, bin_ms):
    bins = lag_bins(stream, bin_ms=bin_ms, max_lag_ms=10.0)
    ranges = ranges_of_bins(bins)
    lags = np.concatenate([np.arange(r.first, r.stop) for r in ranges])
    number = np.repeat(np.arange(-bins.n_half, bins.n_half + 1), [r.stop - r.first for r in ranges])
    np.testing.assert_array_equal(lags, np.arange(ranges[0].first, ranges[-1].stop))
    np.testing.assert_array_equal(number, bins.bin_of(lags))


def test_over_all_lags_the_mean_holds_every_pair_of_spikes(stream, pairs):
    window = stream.window_samples
    products = window_products(stream, n_offsets=3)
    everything = (LagRange(first=-3 * window, stop=3 * window + 1),)
    total = sum(products[m] + products[m].T for m in (1, 2)) + products[0]
    np.testing.assert_allclose(
        jittered_mean(products, everything, window, *pairs)[:, 0], total[pairs], rtol=1e-5
    )


def test_products_are_those_of_brute_force(stream):
    n_windows = int(stream.n_windows[0])
    counts = np.zeros((stream.n_units, n_windows + 4))
    np.add.at(counts, (stream.unit, stream.sample // stream.window_samples + 2), 1.0)
    here, found = counts[:, 2:-2], window_products(stream, n_offsets=3)
    for m in range(3):
        after = counts[:, 2 + m : 2 + m + n_windows]
        np.testing.assert_array_equal(found[m], here @ after.T)
    neighbours = neighbour_products(stream)
    np.testing.assert_array_equal(neighbours.rise, here @ ((counts[:, 3:-1] - here) ** 2).T)
    np.testing.assert_array_equal(neighbours.fall, here @ ((counts[:, 1:-3] - here) ** 2).T)


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_in_what_chunks_windows_are_counted_changes_nothing(stream, monkeypatch, chunk):
    whole, around = window_products(stream), neighbour_products(stream)
    monkeypatch.setattr(interval_jitter, "WINDOWS_A_CHUNK", chunk)
    np.testing.assert_array_equal(window_products(stream), whole)
    np.testing.assert_array_equal(neighbour_products(stream).rise, around.rise)
    np.testing.assert_array_equal(neighbour_products(stream).fall, around.fall)


def test_exchanging_the_units_mirrors_the_lags(stream, pairs, ranges):
    first, second = pairs
    bins = ranges[:-1]
    # Edges fall between samples, so that the mirror image of a bin is a bin.
    mirrored = tuple(LagRange(first=1 - r.stop, stop=1 - r.first) for r in bins)
    for of in (mean_of(stream), variance_of(stream)):
        there = of(bins, stream.window_samples, first, second)
        back = of(mirrored, stream.window_samples, second, first)
        np.testing.assert_allclose(there, back, rtol=1e-4)


@pytest.mark.parametrize("lags", [FIVE_MS, LagRange(first=15, stop=166)])
def test_the_kept_share_is_that_of_pairs_thrown_again(lags):
    rng, window = np.random.default_rng(2), 750
    first = rng.integers(0, window, 400_000)
    second = first + rng.integers(lags.first, lags.stop, len(first))
    again = rng.integers(0, window, len(first)), rng.integers(0, window, len(first))
    lag = second // window * window + again[1] - again[0]
    hit = np.mean((lags.first <= lag) & (lag < lags.stop))
    assert kept_share(lags, window) == pytest.approx(hit, abs=0.003)


@pytest.mark.parametrize(
    "trains_s", [[], [np.zeros(0), np.zeros(0)], [np.array([0.5]), np.zeros(0)]]
)
def test_silence_expects_nothing(trains_s):
    stream = stream_of_trains(trains_s, 1.0)
    pairs = np.triu_indices(len(trains_s), 1)
    for of in (mean_of(stream), variance_of(stream)):
        assert not of((FIVE_MS,), stream.window_samples, *pairs).any()
