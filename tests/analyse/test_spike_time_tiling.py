"""Spike time tiling: what Elephant says, and that rate does not enter."""

import numpy as np
import pytest

from ketacortex.analyse.spike_time_tiling import spike_time_tiling


def packed(trains):
    samples = np.concatenate([np.zeros(0, np.int64), *trains])
    return samples, np.concatenate([[0], np.cumsum([len(t) for t in trains])])


def coefficient(trains, n_samples, within_samples):
    return spike_time_tiling(
        *packed(trains), start_sample=0, stop_sample=n_samples, within_samples=within_samples
    )


def trains_of(rng, n_spikes, n_samples):
    return [np.sort(rng.choice(n_samples, n, replace=False)) for n in n_spikes]


@pytest.mark.parametrize("within", [3, 40, 900])
def test_elephant_says_the_same(within):
    correlation = pytest.importorskip("elephant.spike_train_correlation")
    neo, pq = pytest.importorskip("neo"), pytest.importorskip("quantities")
    rng = np.random.default_rng(0)
    trains = trains_of(rng, [1, 5, 60, 300, 800], 20_000)
    trains.append(np.sort(trains[3] + rng.integers(0, 30, 300)).clip(0, 19_999))
    found = coefficient(trains, 20_000, within)
    # Milliseconds of one sample each, so that equal distances are equal numbers.
    spikes = [neo.SpikeTrain(t.astype(float) * pq.ms, t_stop=20_000 * pq.ms) for t in trains]
    for a in range(len(trains)):
        for b in range(len(trains)):
            expected = correlation.spike_time_tiling_coefficient(
                spikes[a], spikes[b], dt=float(within) * pq.ms
            )
            assert found[a, b] == pytest.approx(expected, abs=1e-9)


def test_it_is_its_definition_by_brute_force():
    rng = np.random.default_rng(1)
    first, second = trains_of(rng, [30, 50], 2000)
    (_, found), _ = coefficient([first, second], 2000, 7)
    fine = (np.arange(200_000) + 0.5) / 100.0
    distance = np.abs(first[:, None] - second)
    terms = []
    for close, other in ((distance.min(axis=1) <= 7, second), (distance.min(axis=0) <= 7, first)):
        p = close.mean()
        t = np.mean([np.abs(other - x).min() <= 7 for x in fine[::10]])
        terms.append((p - t) / (1.0 - p * t))
    assert found == pytest.approx(np.mean(terms), abs=2e-3)


@pytest.mark.parametrize("n_spikes", [[100, 100], [100, 2000], [2000, 2000]])
def test_independent_trains_have_none_at_any_rate(n_spikes):
    rng = np.random.default_rng(2)
    values = [
        coefficient(trains_of(rng, n_spikes, 1_000_000), 1_000_000, 200)[0, 1] for _ in range(200)
    ]
    assert np.abs(np.mean(values)) < 4.0 * np.std(values) / np.sqrt(200)
    assert np.std(values) < 0.1


def test_shared_spikes_are_their_share_but_for_the_time_that_is_tiled():
    rng = np.random.default_rng(3)
    found, expected = [], []
    for n in (200, 800, 3200):
        first, fresh = trains_of(rng, [n, n], 4_000_000)
        second = np.sort(np.concatenate([first[rng.random(n) < 0.3], fresh[: 7 * n // 10]]))
        found.append(coefficient([first, second], 4_000_000, 200)[0, 1])
        tiled = 1.0 - np.exp(-n * 400 / 4_000_000)
        expected.append(0.3 / (1.0 + 0.7 * tiled))
    np.testing.assert_allclose(found, expected, atol=0.05)
    assert found[2] == pytest.approx(expected[2], abs=0.02)


def test_equal_trains_are_one_and_trains_that_avoid_each_other_are_negative():
    first = np.arange(0, 1000, 100)
    found = coefficient([first, first, first + 50], 1000, 20)
    np.testing.assert_allclose(np.diag(found), 1.0)
    assert found[0, 1] == 1.0
    assert found[0, 2] < -0.3
    np.testing.assert_array_equal(found, found.T)
    everywhere = coefficient([first, first + 50], 1000, 1000)
    assert everywhere[0, 1] == 1.0


def test_silent_units_are_missing_and_no_units_are_nothing():
    found = coefficient([np.zeros(0, np.int64), np.array([5])], 100, 3)
    assert np.isnan(found).tolist() == [[True, True], [True, False]]
    assert coefficient([], 100, 3).shape == (0, 0)
