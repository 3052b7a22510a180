"""Shift predictor: brute force over all pairs of trials; nothing is left of a mere stimulus."""

from itertools import permutations

import numpy as np
import pytest
from benchmarks.planted.networks import SAMPLE_RATE_HZ, recording_of_trains

from ketacortex.analyse.shift_predictor import shift_predictor
from ketacortex.analyse.spike_stream import spike_stream

OPTIONS = {"bin_ms": 4.0, "max_lag_ms": 24.0, "threads": 1}
PAUSE_MS = 300


def stream_of(trains, condition, trial_ms):
    """The stream of trains[unit][trial], arrays of whole ms after the onset."""
    onset_ms = (trial_ms + PAUSE_MS) * np.arange(len(condition))
    trains_s = [
        np.concatenate([np.zeros(0), *(t + a for t, a in zip(unit, onset_ms, strict=True))]) / 1e3
        for unit in trains
    ]
    # A quarter of a sample later, so that no time is rounded to the sample before.
    trains_s = [t + 0.25 / SAMPLE_RATE_HZ for t in trains_s]
    stop_s = float(onset_ms[-1] + trial_ms + PAUSE_MS) / 1e3 if len(onset_ms) else 1.0
    recording = recording_of_trains(trains_s, stop_s)
    return spike_stream(
        recording, onset_ms / 1e3, (onset_ms + trial_ms) / 1e3, condition, window_s=0.1
    )


def locked_trains(rng, n_trials, trial_ms=2000, n_units=2):
    rate = 0.01 + 0.1 * np.exp(-0.5 * ((np.arange(trial_ms) - 300.0) / 10.0) ** 2)
    return [
        [np.flatnonzero(rng.random(trial_ms) < rate) for _ in range(n_trials)]
        for _ in range(n_units)
    ]


def correlogram(first, second, bin_ms, max_lag_ms):
    n_half = round(max_lag_ms / bin_ms)
    lag = (second[None, :] - first[:, None]).ravel()
    place = np.floor(lag / bin_ms + 0.5).astype(int) + n_half
    inside = (place >= 0) & (place <= 2 * n_half)
    return np.bincount(place[inside], minlength=2 * n_half + 1)


@pytest.mark.parametrize("bin_ms", [1.0, 4.0, 5.0])
def test_it_is_the_mean_over_all_pairs_of_trials(bin_ms):
    rng = np.random.default_rng(0)
    trains = [[rng.integers(0, 100, rng.poisson(12)) for _ in range(11)] for _ in range(3)]
    condition = np.array([5, 5, 9, 9, 9, 5, 5, 9, 3, 9, 7])
    lags = {"bin_ms": bin_ms, "max_lag_ms": 6 * bin_ms}
    found = shift_predictor(stream_of(trains, condition, 100), **lags, threads=1)
    for a, b in [(0, 1), (0, 2), (1, 2)]:
        counts, predictor = 0, 0
        for number in (5, 9):
            here = np.flatnonzero(condition == number)
            counts += sum(correlogram(trains[a][i], trains[b][i], **lags) for i in here)
            others = [
                correlogram(trains[a][i], trains[b][j], **lags) for i, j in permutations(here, 2)
            ]
            predictor += np.sum(others, axis=0) / (len(here) - 1)
        np.testing.assert_array_equal(found.counts[a, b], counts)
        np.testing.assert_allclose(found.predictor[a, b], predictor)


def test_of_a_unit_with_itself_other_trials_meet_at_lag_0():
    trains = [[np.array([20, 50]), np.array([20, 53])]]
    lags = {"bin_ms": 1.0, "max_lag_ms": 5.0}
    found = shift_predictor(stream_of(trains, np.zeros(2, int), 100), **lags, threads=1)
    assert not found.counts.any()
    assert found.predictor[0, 0].tolist() == [0, 0, 1, 0, 0, 2, 0, 0, 1, 0, 0]


def test_a_stimulus_without_a_coupling_leaves_nothing():
    rng = np.random.default_rng(1)
    stream = stream_of(locked_trains(rng, 40, n_units=12), np.arange(40) % 2, 2000)
    found = shift_predictor(stream, **OPTIONS)
    pairs = np.triu_indices(12, 1)
    counts, corrected = found.counts[pairs], found.corrected[pairs]
    # The stimulus makes a peak, or nothing would be shown.
    total = counts.sum(axis=0)
    assert total[6] > 1.3 * total[[0, -1]].mean()
    z = corrected.sum(axis=0) / np.sqrt(total)
    assert np.abs(z).max() < 3.5
    scatter = corrected / np.sqrt(found.predictor[pairs])
    assert scatter.std() == pytest.approx(1.0, abs=0.15)


def test_it_has_less_error_than_one_shift():
    errors = []
    lags = {key: OPTIONS[key] for key in ("bin_ms", "max_lag_ms")}
    for seed in range(60):
        trains = locked_trains(np.random.default_rng(seed), 12, trial_ms=1000)
        found = shift_predictor(stream_of(trains, np.zeros(12, int), 1000), **OPTIONS)
        shifted = sum(correlogram(trains[0][i], trains[1][i - 1], **lags) for i in range(12))
        errors.append([found.predictor[0, 1], shifted])
    every, one = np.var(errors, axis=0).mean(axis=1)
    assert every < 0.5 * one


def test_a_coupling_stays():
    rng = np.random.default_rng(2)
    first, _ = locked_trains(rng, 60)
    second = [np.sort(t[rng.random(len(t)) < 0.3] + 8) for t in first]
    inside = [t[t < 2000] for t in second]
    found = shift_predictor(stream_of([first, inside], np.zeros(60, int), 2000), **OPTIONS)
    n_coupled = sum(len(t) for t in inside)
    assert found.corrected[0, 1].argmax() == 8
    assert found.corrected[0, 1, 8] == pytest.approx(n_coupled, rel=0.1)


def test_turned_round_it_is_the_mirror_image():
    trains = locked_trains(np.random.default_rng(3), 8)
    found = shift_predictor(stream_of(trains, np.zeros(8, int), 2000), **OPTIONS)
    np.testing.assert_allclose(found.predictor[0, 1], found.predictor[1, 0, ::-1])


def test_silent_units_and_single_trials_are_empty():
    trains = [[np.zeros(0, np.int64)] * 4, [np.array([3, 9])] * 4]
    found = shift_predictor(stream_of(trains, np.zeros(4, int), 100), **OPTIONS)
    assert not found.counts[0, 1].any()
    assert not found.predictor[0, 1].any()
    alone = shift_predictor(stream_of(trains, np.arange(4), 100), **OPTIONS)
    assert not alone.counts.any()
    none = shift_predictor(stream_of([], np.zeros(0, int), 100), **OPTIONS)
    assert none.counts.shape == (0, 0, 13)
