"""Shift predictor: brute force over all pairs of trials; nothing is left of a mere stimulus."""

from itertools import permutations

import numpy as np
import pytest

from ketacortex.analyse.shift_predictor import shift_predictor

OPTIONS = {"bin_samples": 4, "n_bins_each_side": 6}


def packed(trains):
    """Arguments from trains[unit][trial], arrays of samples."""
    spikes = [np.concatenate([np.zeros(0, np.int64), *trials]) for trials in trains]
    trial = [np.repeat(np.arange(len(t)), [len(x) for x in t]) for t in trains]
    index = np.concatenate([[0], np.cumsum([len(s) for s in spikes])])
    return np.concatenate(spikes), index, np.concatenate(trial)


def locked_trains(rng, n_trials, n_samples=2000, n_units=2):
    rate = 0.01 + 0.1 * np.exp(-0.5 * ((np.arange(n_samples) - 300.0) / 10.0) ** 2)
    return [
        [np.flatnonzero(rng.random(n_samples) < rate) for _ in range(n_trials)]
        for _ in range(n_units)
    ]


def correlogram(first, second, bin_samples, n_bins_each_side):
    lag = (second[None, :] - first[:, None]).ravel()
    place = np.floor((lag + bin_samples // 2) / bin_samples).astype(int) + n_bins_each_side
    inside = (place >= 0) & (place <= 2 * n_bins_each_side)
    return np.bincount(place[inside], minlength=2 * n_bins_each_side + 1)


@pytest.mark.parametrize("bin_samples", [1, 4, 5])
def test_it_is_the_mean_over_all_pairs_of_trials(bin_samples):
    rng = np.random.default_rng(0)
    trains = [[rng.integers(0, 100, rng.poisson(12)) for _ in range(11)] for _ in range(3)]
    condition = np.array([5, 5, 9, 9, 9, 5, 5, 9, 3, 9, 7])
    options = {"bin_samples": bin_samples, "n_bins_each_side": 6}
    pairs = np.array([[0, 1], [2, 0], [1, 1]])
    found = shift_predictor(*packed(trains), condition, pairs, **options)
    assert found.n_trials == 9
    for (a, b), within, between in zip(pairs, found.counts, found.predictor, strict=True):
        counts, predictor = 0, 0
        for number in (5, 9):
            here = np.flatnonzero(condition == number)
            counts += sum(correlogram(trains[a][i], trains[b][i], **options) for i in here)
            others = [
                correlogram(trains[a][i], trains[b][j], **options) for i, j in permutations(here, 2)
            ]
            predictor += np.sum(others, axis=0) / (len(here) - 1)
        np.testing.assert_array_equal(within, counts)
        np.testing.assert_allclose(between, predictor)


def test_a_stimulus_without_a_coupling_leaves_nothing():
    rng = np.random.default_rng(1)
    trains = locked_trains(rng, 40, n_units=12)
    pairs = np.column_stack(np.triu_indices(12, 1))
    found = shift_predictor(*packed(trains), np.arange(40) % 2, pairs, **OPTIONS)
    # The stimulus makes a peak, or nothing would be shown.
    total = found.counts.sum(axis=0)
    assert total[6] > 1.3 * total[[0, -1]].mean()
    z = found.corrected.sum(axis=0) / np.sqrt(total)
    assert np.abs(z).max() < 3.5
    scatter = found.corrected / np.sqrt(found.predictor)
    assert scatter.std() == pytest.approx(1.0, abs=0.15)


def test_it_has_less_error_than_one_shift():
    errors = []
    for seed in range(60):
        trains = locked_trains(np.random.default_rng(seed), 12, n_samples=1000)
        found = shift_predictor(*packed(trains), np.zeros(12), np.array([[0, 1]]), **OPTIONS)
        shifted = sum(correlogram(trains[0][i], trains[1][i - 1], **OPTIONS) for i in range(12))
        errors.append([found.predictor[0], shifted])
    every, one = np.var(errors, axis=0).mean(axis=1)
    assert every < 0.5 * one


def test_a_coupling_stays():
    rng = np.random.default_rng(2)
    first, _ = locked_trains(rng, 60)
    second = [np.sort(t[rng.random(len(t)) < 0.3] + 8) for t in first]
    found = shift_predictor(*packed([first, second]), np.zeros(60), np.array([[0, 1]]), **OPTIONS)
    n_coupled = sum(len(t) for t in second)
    assert found.corrected[0].argmax() == 8
    assert found.corrected[0, 8] == pytest.approx(n_coupled, rel=0.1)


def test_turned_round_it_is_the_mirror_image():
    trains = locked_trains(np.random.default_rng(3), 8)
    options = {"bin_samples": 5, "n_bins_each_side": 6}
    found = shift_predictor(*packed(trains), np.zeros(8), np.array([[0, 1], [1, 0]]), **options)
    np.testing.assert_allclose(found.predictor[0], found.predictor[1, ::-1])


def test_silent_units_single_trials_and_no_pairs_are_empty():
    trains = [[np.zeros(0, np.int64)] * 4, [np.array([3, 9])] * 4]
    found = shift_predictor(*packed(trains), np.zeros(4), np.array([[0, 1]]), **OPTIONS)
    assert not found.counts.any()
    assert not found.predictor.any()
    alone = shift_predictor(*packed(trains), np.arange(4), np.array([[1, 1]]), **OPTIONS)
    assert alone.n_trials == 0
    assert not alone.counts.any()
    nothing = np.zeros(0, np.int64)
    none = shift_predictor(nothing, np.zeros(1, np.int64), nothing, nothing, nothing, **OPTIONS)
    assert none.counts.shape == (0, 13)
