"""Zero-lag synchrony: 1 for independent units of any rate, and the planted share as the excess."""

import numpy as np
import pytest

from ketacortex.analyse.zero_lag_index import zero_lag_synchrony


def correlogram(first_ms, second_ms, bin_ms=1.0, n_each_side=50):
    edges = bin_ms * (np.arange(2 * n_each_side + 2) - n_each_side - 0.5)
    before = np.searchsorted(second_ms, first_ms + edges[:, None]).sum(axis=1)
    return np.diff(before).astype(float)


def train(rng, rate_hz, duration_s):
    return np.sort(rng.uniform(0.0, 1000.0 * duration_s, rng.poisson(rate_hz * duration_s)))


def measured(first, second, duration_s, **options):
    counts = correlogram(first, second, options.get("bin_ms", 1.0))
    return zero_lag_synchrony(
        counts, len(first), len(second), **{"bin_ms": 1.0, "duration_s": duration_s} | options
    )


@pytest.mark.parametrize("rates_hz", [(2.0, 2.0), (2.0, 40.0), (40.0, 40.0)])
def test_independent_units_have_an_index_of_one_at_any_rate(rates_hz):
    rng = np.random.default_rng(0)
    found = [measured(*(train(rng, r, 100.0) for r in rates_hz), 100.0) for _ in range(200)]
    index, excess = [f.index for f in found], [f.excess for f in found]
    assert np.mean(index) == pytest.approx(1.0, abs=4.0 * np.std(index) / np.sqrt(200))
    assert np.mean(excess) == pytest.approx(0.0, abs=4.0 * np.std(excess) / np.sqrt(200))
    # Coincidences of independent units are Poisson.
    z = [(f.coincidences - f.expected) / np.sqrt(f.expected) for f in found]
    assert np.std(z) == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("rate_hz", [5.0, 20.0])
def test_the_excess_is_the_share_of_spikes_that_were_planted(rate_hz):
    rng = np.random.default_rng(1)
    found = []
    for _ in range(60):
        shared = train(rng, 0.2 * rate_hz, 200.0)
        first, second = (
            np.sort(
                np.concatenate(
                    [train(rng, 0.8 * rate_hz, 200.0), shared + rng.normal(0.0, 1.0, len(shared))]
                )
            )
            for _ in range(2)
        )
        found.append(measured(first, second, 200.0).excess)
    assert np.mean(found) == pytest.approx(0.2, abs=0.005)


def test_short_recordings_are_not_taken_for_asynchronous():
    rng = np.random.default_rng(2)
    first, second = (np.sort(rng.uniform(0.0, 100.0, 2000)) for _ in range(2))
    found = measured(first, second, 0.1, within_ms=40.0)
    assert found.index == pytest.approx(1.0, abs=0.02)


def test_the_window_is_symmetric_and_holds_its_edges():
    counts = np.arange(11.0)[None]
    options = {"bin_ms": 0.1, "duration_s": 10.0}
    found = zero_lag_synchrony(counts, 9, 9, within_ms=0.3, **options)
    assert found.coincidences[0] == counts[0, 2:9].sum()
    turned = zero_lag_synchrony(counts[:, ::-1], 9, 9, within_ms=0.3, **options)
    assert turned.index == pytest.approx(found.index)


def test_units_without_spikes_are_missing():
    counts = np.zeros((3, 101))
    found = zero_lag_synchrony(counts, [0, 5, 5], [5, 0, 5], bin_ms=1.0, duration_s=10.0)
    assert np.isnan(found.index).tolist() == [True, True, False]
    assert np.isnan(found.excess).tolist() == [True, True, False]
    assert found.index[2] == 0.0
    assert zero_lag_synchrony(counts[:0], [], [], bin_ms=1.0, duration_s=10.0).index.shape == (0,)
