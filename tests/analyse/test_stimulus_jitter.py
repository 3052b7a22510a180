"""Jitter with the shape of the response: what surrogates have, and how far data stray."""

import numpy as np
import pandas as pd
import pytest
from benchmarks.planted.networks import stimulus_locked

from ketacortex.analyse.correlograms import correlogram_blocks, lag_bins
from ketacortex.analyse.interval_jitter import jittered_mean, ranges_of_bins, window_products
from ketacortex.analyse.spike_stream import spike_stream, stream_of_trains
from ketacortex.analyse.stimulus_jitter import (
    MIN_REPEATS,
    can_be_stimulus_jittered,
    stimulus_jittered,
)
from ketacortex.recording.recording import Recording, Subject

LONGEST_MS = 5.0
NEAR = 2
N_SURROGATES = 800


def counts_of(stream):
    (block,) = correlogram_blocks(stream, max_lag_ms=LONGEST_MS, threads=1)
    return block.counts


def expected_of(stream):
    bins = lag_bins(stream, max_lag_ms=LONGEST_MS)
    pairs = np.triu_indices(stream.n_units, 1)
    return [found[pairs] for found in stimulus_jittered(stream, bins, NEAR)]


def surrogate(stream, rng):
    """Every spike at the time of one of its unit in that window of any repetition."""
    window = stream.sample // stream.window_samples
    stretch = np.searchsorted(stream.first_window, window, side="right") - 1
    in_trial = stream.sample - stream.first_window[stretch] * stream.window_samples
    place = in_trial // stream.window_samples
    keys = np.stack([stream.condition[stretch], place, stream.unit])
    _, group = np.unique(keys, axis=1, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")
    size = np.bincount(group.ravel())
    first = np.cumsum(size) - size
    drawn = first[group.ravel()] + rng.integers(0, size[group.ravel()])
    sample = stream.sample - in_trial + in_trial[order][drawn]
    again = np.argsort(sample, kind="stable")
    return stream._with(sample[again], stream.unit[again])


def recording_of(trains_s, stop_s):
    samples = [np.round(np.asarray(t) * 30000.0).astype(np.int64) for t in trains_s]
    return Recording(
        subject=Subject(identifier="mouse"),
        spike_samples=np.concatenate([np.zeros(0, np.int64), *samples]),
        spike_index=np.append(0, np.cumsum([len(t) for t in trains_s], dtype=int)),
        sample_rate_hz=30000.0,
        units=pd.DataFrame({"cell_class": ["unknown"] * len(trains_s)}),
        trials=pd.DataFrame(columns=["onset_s", "offset_s", "orientation_deg", "epoch"]),
        epochs=pd.DataFrame(columns=["name", "start_s", "stop_s"]),
        start_s=0.0,
        stop_s=stop_s,
    )


def test_the_mean_is_that_of_surrogates():
    rng = np.random.default_rng(0)
    stream = stimulus_locked(rng, 5, 60.0)
    drawn = np.array([counts_of(surrogate(stream, rng)) for _ in range(N_SURROGATES)])
    mean, _, _ = expected_of(stream)
    error = drawn.std(axis=0, ddof=1) / np.sqrt(N_SURROGATES)
    is_chance = error > 0
    np.testing.assert_allclose(drawn.mean(axis=0)[~is_chance], mean[~is_chance], atol=1e-6)
    z = (drawn.mean(axis=0) - mean)[is_chance] / error[is_chance]
    assert np.abs(z).max() < 4.0
    assert 0.75 < z.std() < 1.25


def test_data_without_coupling_stray_from_it_as_far_as_the_variance_says():
    squared, variance = np.zeros(11), np.zeros(11)
    squared_of_sides, variance_of_sides = np.zeros(3), np.zeros(3)
    lag = np.arange(-5, 6)
    for seed in range(60):
        stream = stimulus_locked(np.random.default_rng(seed), 14, 120.0)
        counts, (mean, var, var_of_sides) = counts_of(stream), expected_of(stream)
        beyond = counts - mean
        squared += (beyond**2).sum(axis=0)
        variance += var.sum(axis=0)
        for number, side in enumerate((lag < 0, np.abs(lag) <= NEAR, lag > 0)):
            squared_of_sides[number] += (beyond[:, side].sum(axis=1) ** 2).sum()
        variance_of_sides += var_of_sides.sum(axis=0)
    assert squared.sum() / variance.sum() == pytest.approx(1.0, abs=0.03)
    np.testing.assert_allclose(squared_of_sides / variance_of_sides, 1.0, atol=0.06)


def test_what_is_locked_to_the_stimulus_is_expected():
    """Flat windows expect too little of it: why there are windows with a shape."""
    observed = shaped = flat = 0.0
    for seed in range(6):
        stream = stimulus_locked(np.random.default_rng(seed), 14, 240.0)
        pairs = np.triu_indices(14, 1)
        ranges = ranges_of_bins(lag_bins(stream, max_lag_ms=LONGEST_MS))[3:8]
        observed += counts_of(stream)[:, 3:8].sum()
        shaped += expected_of(stream)[0][:, 3:8].sum()
        products = window_products(stream)
        flat += jittered_mean(products, ranges, stream.window_samples, *pairs).sum()
    assert shaped == pytest.approx(observed, rel=0.01)
    assert flat < 0.98 * observed


def test_in_one_repetition_the_observed_is_what_is_expected():
    """Each spike is thrown where it was: nothing can be learnt, and the variance says so."""
    stream = stimulus_locked(np.random.default_rng(1), 4, 6.0)
    mean, variance, of_sides = expected_of(stream)
    np.testing.assert_allclose(mean, counts_of(stream), rtol=1e-5)
    assert not variance.any()
    assert not of_sides.any()


@pytest.mark.parametrize("n_repeats", [MIN_REPEATS - 1, MIN_REPEATS])
def test_each_stimulus_must_be_repeated_often_enough(n_repeats):
    onset_s = 0.5 * np.arange(5 + n_repeats)
    condition = np.repeat([0, 1], [5, n_repeats])
    stream = spike_stream(recording_of([[0.1]], 10.0), onset_s, onset_s + 0.5, condition)
    assert can_be_stimulus_jittered(stream) == (n_repeats >= MIN_REPEATS)


def test_a_trial_that_was_cut_off_does_not_take_its_condition_with_it():
    onset_s = 0.5 * np.arange(6)
    stop_s = onset_s + np.array([0.5, 0.5, 0.5, 0.4, 0.5, 0.01])
    stream = spike_stream(recording_of([[0.1]], 10.0), onset_s, stop_s, np.zeros(6, np.int64))
    assert stream.n_windows.tolist() == [16] * 5


def test_time_without_stimuli_cannot_be_jittered_so():
    assert not can_be_stimulus_jittered(stream_of_trains([np.array([0.1])], 1.0))
    nothing = spike_stream(recording_of([[0.1]], 1.0), np.zeros(0), np.zeros(0))
    assert not can_be_stimulus_jittered(nothing)


@pytest.mark.parametrize("trains_s", [[], [[]], [[], []], [[0.1, 0.6], []]])
def test_silence_expects_nothing(trains_s):
    onset_s = 0.5 * np.arange(4)
    recording = recording_of(trains_s, 2.0)
    stream = spike_stream(recording, onset_s, onset_s + 0.5, np.zeros(4, np.int64))
    assert all(not found.any() for found in expected_of(stream))
