"""Correlograms against those of four libraries, each with its own idea of a lag and a bin.

Ours: positive when the second unit fires later, true differences, bins centred on multiples of
their width. Spikes lie on even samples, so that no lag is on an edge between bins of 30 samples.
"""

import numpy as np
import pytest

from ketacortex.analyse.correlograms import correlograms
from ketacortex.analyse.spike_stream import stream_of_trains

RATE_HZ, STOP_S = 30_000.0, 40.0
BIN_S, HALF_BIN = 0.001, 15


def trains(seed=0):
    """Samples of six units: independent ones, one that follows another, a silent one."""
    rng = np.random.default_rng(seed)
    n_slots = int((STOP_S - 1.0) * RATE_HZ) // 2
    found = [2 * np.sort(rng.choice(n_slots, n, replace=False)) for n in (400, 900, 60, 1500, 0)]
    following = found[1] + 2 * rng.integers(30, 60, len(found[1]))
    return [*found, np.unique(following)]


def ours(samples):
    return correlograms(stream_of_trains([s / RATE_HZ for s in samples], STOP_S))


def pairs(n_units):
    return [(i, j) for i in range(n_units) for j in range(n_units) if i != j]


def test_pynapple_counts_the_same():
    """The same lag and bins; counts are divided by the first unit's spikes and the bin."""
    nap = pytest.importorskip("pynapple")
    samples = [s for s in trains() if len(s)]
    group = nap.TsGroup({unit: nap.Ts(s / RATE_HZ) for unit, s in enumerate(samples)})
    expected = ours(samples)
    for reverse in (False, True):
        rate = nap.compute_crosscorrelogram(group, BIN_S, 0.05, norm=False, reverse=reverse)
        for i, j in rate.columns:
            counts = rate[(i, j)].to_numpy() * len(samples[i]) * BIN_S
            np.testing.assert_allclose(counts, expected[i, j], atol=1e-6)


def test_elephant_counts_the_same_on_middles_of_bins():
    """The same sign; lags are differences of numbers of bins, so spikes are put on the middles."""
    conversion = pytest.importorskip("elephant.conversion")
    correlation = pytest.importorskip("elephant.spike_train_correlation")
    neo, pq = pytest.importorskip("neo"), pytest.importorskip("quantities")
    samples = [s // 30 * 30 + HALF_BIN for s in trains() if len(s)]
    expected = ours(samples)
    binned = [
        conversion.BinnedSpikeTrain(
            neo.SpikeTrain(s / RATE_HZ * pq.s, t_stop=STOP_S * pq.s), bin_size=1.0 * pq.ms
        )
        for s in samples
    ]
    for i, j in pairs(len(samples)):
        histogram, lags = correlation.cross_correlation_histogram(
            binned[i], binned[j], window=[-50, 50]
        )
        assert lags.tolist() == list(range(-50, 51))
        np.testing.assert_array_equal(histogram.magnitude.ravel(), expected[i, j])


def test_spikeinterface_counts_the_same_with_the_second_unit_half_a_bin_later():
    """The opposite sign; 100 bins with an edge at 0, so half a bin later they are ours."""
    core = pytest.importorskip("spikeinterface.core")
    post = pytest.importorskip("spikeinterface.postprocessing")
    samples = trains()
    n_units = len(samples)
    expected = ours(samples)
    times = [*samples, *(s + HALF_BIN for s in samples)]
    sorting = core.NumpySorting.from_unit_dict([dict(enumerate(times))], RATE_HZ)
    counts, edges_ms = post.compute_correlograms(
        sorting, window_ms=100.0, bin_ms=1.0, method="numba", fast_mode="off"
    )
    np.testing.assert_allclose(edges_ms, np.arange(-50.0, 51.0))
    for i, j in pairs(n_units):
        np.testing.assert_array_equal(counts[n_units + j, i], expected[i, j, :100])


def test_phylib_counts_the_same_beside_0_and_one_of_two_halves_at_0():
    """The same sign; |lag| is floored, so half a bin farther it is ours; 0 is the larger half."""
    ccg = pytest.importorskip("phylib.stats.ccg")
    samples = trains()
    n_units = len(samples)
    expected = ours(samples)
    times = [*samples, *(s + HALF_BIN for s in samples)]
    unit = np.repeat(np.arange(2 * n_units), [len(t) for t in times])
    sample = np.concatenate(times)
    order = np.argsort(sample, kind="stable")
    counts = ccg.correlograms(
        (sample[order] + 0.5) / RATE_HZ, unit[order], cluster_ids=np.arange(2 * n_units),
        sample_rate=RATE_HZ, bin_size=BIN_S, window_size=0.1,
    )  # fmt: skip
    for i, j in pairs(n_units):
        np.testing.assert_array_equal(counts[i, n_units + j, 51:], expected[i, j, 51:])
        np.testing.assert_array_equal(counts[n_units + i, j, :50], expected[i, j, :50])
        # Of simultaneous spikes the smaller unit's is first.
        lag = samples[max(i, j)][None, :] - samples[min(i, j)][:, None]
        halves = ((lag >= 0) & (lag < 30)).sum(), ((lag < 0) & (lag > -30)).sum()
        assert counts[i, j, 50] == max(halves)
