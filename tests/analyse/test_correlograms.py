"""Correlograms against every pair of spikes counted one by one, and the laws they obey."""

from fractions import Fraction
from itertools import combinations
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.analyse.test_spike_stream import recording_of_samples

from ketacortex.analyse.correlograms import (
    correlogram_blocks,
    correlograms,
    lag_bins,
    unit_blocks,
)
from ketacortex.analyse.interval_jitter import ranges_of_bins
from ketacortex.analyse.spike_stream import spike_stream, stream_of_trains
from ketacortex.errors import ConfigurationError

RATES_AND_BINS = [
    (30_000.0, 0.5), (30_000.0, 1.0), (30_000.0, 2.0),
    (24_414.0625, 0.5), (24_414.0625, 1.0), (24_414.0625, 2.0),
    (1000.0, 1.0), (1000.0, 2.0),
    (20_000.0, 0.3), (25_000.0, 4.4),
]  # fmt: skip
N_UNITS = 40
"""More than two threads' share, most of them silent."""


def stream_of_samples(trains, sample_rate_hz=30_000.0, stop_s=1.0):
    seconds = [np.asarray(t, float) / sample_rate_hz for t in trains]
    return stream_of_trains(seconds, stop_s, sample_rate_hz=sample_rate_hz)


def one_by_one(sample, unit, n_units, sample_rate_hz, bin_ms, n_half):
    """Every two spikes, their bin found in whole numbers."""
    counts = np.zeros((n_units, n_units, 2 * n_half + 1), int)
    width = Fraction(str(bin_ms)) / 1000 * Fraction(sample_rate_hz)
    # Half-open with the smaller unit first, of one unit the earlier; the rest is mirrored.
    order = np.lexsort((sample, unit))
    for a, b in combinations(order, 2):
        number = floor(int(sample[b] - sample[a]) / width + Fraction(1, 2))
        if abs(number) <= n_half:
            counts[unit[a], unit[b], n_half + number] += 1
            counts[unit[b], unit[a], n_half - number] += 1
    return counts


def pairs_in_blocks(stream, **options):
    blocks = list(correlogram_blocks(stream, **options))
    first, second = (
        np.concatenate([np.zeros(0, int), *(getattr(b, name) for b in blocks)])
        for name in ("first", "second")
    )
    counts = [b.counts for b in blocks]
    return first, second, np.concatenate(counts) if counts else np.zeros((0, 0), int)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    spikes=st.lists(st.tuples(st.integers(0, N_UNITS - 1), st.integers(0, 90)), max_size=70),
    few_units=st.booleans(),
    of=st.sampled_from(RATES_AND_BINS),
    step=st.sampled_from([1, 3, None]),
    block_units=st.sampled_from([1, 7, 16, N_UNITS, 1100]),
    threads=st.sampled_from([1, 2, 3]),
)
def test_they_are_what_counting_one_by_one_gives(spikes, few_units, of, step, block_units, threads):
    sample_rate_hz, bin_ms = of
    # Steps of half a bin put lags on the edges of bins.
    step = step or max(round(bin_ms * sample_rate_hz / 2000), 1)
    unit = np.array([u % 4 * 12 if few_units else u for u, _ in spikes], int) % N_UNITS
    sample = np.array([s * step for _, s in spikes], int)
    stream = stream_of_samples([sample[unit == u] for u in range(N_UNITS)], sample_rate_hz, 3.0)
    assert len(stream.sample) == len(spikes)
    options = {"bin_ms": bin_ms, "max_lag_ms": 20.0, "threads": threads}
    found = correlograms(stream, **options)
    n_half = round(20.0 / bin_ms)
    expected = one_by_one(sample, unit, N_UNITS, sample_rate_hz, bin_ms, n_half)
    np.testing.assert_array_equal(found, expected)
    first, second, counts = pairs_in_blocks(stream, block_units=block_units, **options)
    assert sorted(zip(first, second, strict=True)) == [
        (i, j) for i in range(N_UNITS) for j in range(i + 1, N_UNITS)
    ]
    np.testing.assert_array_equal(counts, expected[first, second])


def random_stream(seed, n_units=20, rate_hz=30.0, stop_s=20.0, sample_rate_hz=30_000.0):
    rng = np.random.default_rng(seed)
    trains = [
        rng.integers(0, int(stop_s * sample_rate_hz), rng.poisson(rate_hz * stop_s))
        for _ in range(n_units)
    ]
    return stream_of_samples(trains, sample_rate_hz, stop_s)


def test_the_other_way_round_is_the_mirror_image():
    found = correlograms(random_stream(0))
    np.testing.assert_array_equal(found, found.transpose(1, 0, 2)[:, :, ::-1])


def test_threads_and_blocks_change_nothing():
    stream = random_stream(1, n_units=50)
    expected = correlograms(stream, threads=1)
    for threads in (2, 3):
        np.testing.assert_array_equal(correlograms(stream, threads=threads), expected)
    orders = []
    for threads, block_units in ((1, 20), (3, 20), (2, 50)):
        first, second, counts = pairs_in_blocks(stream, threads=threads, block_units=block_units)
        np.testing.assert_array_equal(counts, expected[first, second])
        orders.append(first.tolist())
    assert orders[0] == orders[1]


def test_each_pair_of_blocks_comes_once():
    found = [(one[0], other[0], other is one) for one, other in unit_blocks(5, 2)]
    assert found == [
        (0, 0, True), (0, 2, False), (0, 4, False), (2, 2, True), (2, 4, False), (4, 4, True),
    ]  # fmt: skip


@pytest.mark.parametrize(("sample_rate_hz", "bin_ms"), [(30_000.0, 1.0), (24_414.0625, 0.5)])
def test_no_bin_of_independent_trains_is_favoured(sample_rate_hz, bin_ms):
    stream = random_stream(2, 60, 20.0, 100.0, sample_rate_hz)
    found = correlograms(stream, bin_ms=bin_ms, max_lag_ms=5.0)
    first, second = np.triu_indices(60, 1)
    n = stream.n_spikes.astype(float)
    # Bins of a width that is no whole number of samples hold one lag more or less.
    ranges = ranges_of_bins(lag_bins(stream, bin_ms=bin_ms, max_lag_ms=5.0))
    n_lags = np.array([r.stop - r.first for r in ranges])
    bin_s = n_lags / sample_rate_hz
    expected = (n[first] * n[second]).sum() / stream.duration_s * bin_s
    by_lag = found[first, second].sum(axis=0)
    # 1770 pairs expect 35,000 to 70,000 a bin: four errors are 2 %.
    np.testing.assert_array_less(np.abs(by_lag - expected), 4.0 * np.sqrt(expected))
    own = found[np.arange(60), np.arange(60), found.shape[2] // 2].sum()
    of_own = (n**2).sum() / stream.duration_s * bin_s[len(bin_s) // 2]
    assert abs(own - of_own) < 6.0 * np.sqrt(2.0 * of_own)


def test_all_bins_together_are_all_pairs_that_are_close():
    stream = random_stream(3, n_units=5)
    found = correlograms(stream, max_lag_ms=50.0)
    sample = [stream.sample[stream.unit == u] for u in range(5)]
    for i in range(5):
        for j in range(i + 1, 5):
            lag = sample[j][None, :] - sample[i][:, None]
            assert found[i, j].sum() == ((lag >= -1515) & (lag < 1515)).sum()
        lag = np.abs(sample[i][None, :] - sample[i][:, None])
        assert found[i, i].sum() == (lag < 1515).sum() - len(sample[i])


@pytest.mark.parametrize("bin_ms", [0.5, 1.0, 2.0])
def test_a_later_spike_of_the_second_is_a_positive_lag(bin_ms):
    stream = stream_of_samples([[3000], [3180]])
    counts = correlograms(stream, bin_ms=bin_ms)
    centres_ms = lag_bins(stream, bin_ms=bin_ms).centres_ms(30_000.0)
    assert centres_ms[counts[0, 1].nonzero()[0]].tolist() == pytest.approx([6.0])
    assert centres_ms[counts[1, 0].nonzero()[0]].tolist() == pytest.approx([-6.0])


def test_bins_are_the_ranges_that_the_null_takes():
    for sample_rate_hz, bin_ms in RATES_AND_BINS:
        bins = lag_bins(stream_of_samples([], sample_rate_hz), bin_ms=bin_ms)
        ranges = ranges_of_bins(bins)
        lag = np.arange(ranges[0].first, ranges[-1].stop)
        by_range = np.concatenate(
            [np.full(r.stop - r.first, k) for k, r in enumerate(ranges, -bins.n_half)]
        )
        np.testing.assert_array_equal(bins.bin_of(lag), by_range)
        assert len(bins.centres_ms(sample_rate_hz)) == bins.n_bins == len(ranges)
        assert bins.centres_ms(sample_rate_hz)[-1] == pytest.approx(50.0, abs=bin_ms / 2)


@pytest.mark.parametrize("sample_rate_hz", [1000.0, 20_000.0, 25_000.0, 30_000.0])
def test_a_bin_of_whole_samples_has_its_edges_on_half_of_it_whatever_its_decimals(sample_rate_hz):
    stream = stream_of_samples([], sample_rate_hz)
    for tenths in range(1, 51):
        width = Fraction(tenths, 10_000) * Fraction(sample_rate_hz)
        if width.denominator == 1:
            bins = lag_bins(stream, bin_ms=tenths / 10)
            lag = np.arange(-bins.reach, bins.reach + 1)
            n = int(width)
            np.testing.assert_array_equal(bins.bin_of(lag), (2 * lag + n) // (2 * n))


def test_no_pair_across_two_trials_is_counted():
    recording = recording_of_samples([[29_990], [30_010]])
    together = spike_stream(recording, np.zeros(1), np.array([2.0]))
    assert correlograms(together)[0, 1].sum() == 1
    apart = spike_stream(recording, np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    assert apart.n_spikes.tolist() == [1, 1]
    for max_lag_ms in (50.0, 124.0):
        assert correlograms(apart, max_lag_ms=max_lag_ms).sum() == 0


def test_trials_are_the_sum_of_each_alone():
    rng = np.random.default_rng(4)
    recording = recording_of_samples([rng.integers(0, 300_000, 400) for _ in range(4)])
    start_s = np.arange(9.0)
    whole = correlograms(spike_stream(recording, start_s, start_s + 1.0))
    each = [
        correlograms(spike_stream(recording, start_s[k : k + 1], start_s[k : k + 1] + 1.0))
        for k in range(9)
    ]
    assert whole.sum() > 0
    np.testing.assert_array_equal(whole, np.sum(each, axis=0))


def test_a_bin_shorter_than_a_sample_is_refused():
    stream = stream_of_samples([[1], [2]], 1000.0)
    with pytest.raises(ConfigurationError) as refused:
        correlograms(stream, bin_ms=0.5)
    assert str(refused.value) == (
        "a bin of 0.5 ms is shorter than a sample of 1 ms, so some bins could hold nothing. "
        "Give a wider one."
    )


@pytest.mark.parametrize("max_lag_ms", [125.0, 300.0])
def test_a_lag_beyond_the_silence_between_stretches_is_refused(max_lag_ms):
    with pytest.raises(ConfigurationError) as refused:
        next(correlogram_blocks(stream_of_samples([[1], [2]]), max_lag_ms=max_lag_ms))
    assert str(refused.value) == (
        f"lags to {max_lag_ms:g} ms were asked for; stretches are kept apart for lags below 125 "
        "ms. Give a smaller largest lag or longer jitter windows."
    )


def test_a_hundred_thousand_spikes_in_a_second():
    rng = np.random.default_rng(5)
    trains = [rng.integers(0, 30_000, 50_000) for _ in range(2)]
    found = correlograms(stream_of_samples(trains), max_lag_ms=5.0)
    first, second = (np.bincount(t, minlength=30_000) for t in trains)
    by_lag = np.correlate(np.pad(second, 165), first)[:-1]
    assert found[0, 1].tolist() == by_lag.reshape(11, 30).sum(axis=1).tolist()


def test_identical_trains_differ_from_their_own_correlogram_by_their_spikes():
    # On the middles of bins, as an edge is on one side in a cross-, on both in an autocorrelogram.
    sample = np.random.default_rng(7).choice(1000, 60, replace=False) * 30
    found = correlograms(stream_of_samples([sample, sample]))
    beyond = found[0, 1] - found[0, 0]
    assert beyond[50] == 60
    assert np.delete(beyond, 50).tolist() == [0] * 100


@pytest.mark.parametrize("n_units", [0, 1, 2])
def test_few_units_without_a_spike_have_correlograms_of_nought(n_units):
    stream = stream_of_samples([[]] * n_units)
    found = correlograms(stream)
    assert found.shape == (n_units, n_units, 101)
    assert not found.any()
    first, second, _ = pairs_in_blocks(stream)
    assert len(first) == len(second) == (n_units == 2)


def test_a_recording_shorter_than_a_window_has_no_pair():
    stream = stream_of_samples([[10], [20]], stop_s=0.02)
    assert correlograms(stream).sum() == 0


def test_neither_many_bins_nor_many_coincidences_run_over(monkeypatch):
    """Counts are kept in 16 bits for a while, and bins in 8 where they are few."""
    rng = np.random.default_rng(5)
    trains_s = [rng.uniform(0.0, 3.0, 900), rng.uniform(0.0, 3.0, 700), rng.uniform(0.0, 0.01, 300)]
    stream = stream_of_trains(trains_s, 3.0)
    fine = correlograms(stream, bin_ms=0.25, max_lag_ms=100.0)
    bins = lag_bins(stream, bin_ms=0.25, max_lag_ms=100.0)
    assert bins.n_half > 256
    sample = [stream.sample[stream.unit == unit] for unit in range(3)]
    number = bins.bin_of(sample[1] - sample[0][:, None]) + bins.n_half
    expected = np.bincount(number[(number >= 0) & (number < bins.n_bins)], minlength=bins.n_bins)
    np.testing.assert_array_equal(fine[0, 1], expected)
    monkeypatch.setattr("ketacortex.analyse.correlograms.WIDEST", 40)
    np.testing.assert_array_equal(correlograms(stream, bin_ms=0.25, max_lag_ms=100.0), fine)
