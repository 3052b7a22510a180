"""What is locked to the stimulus, seen between trials: all of it, and nothing that trials share."""

import numpy as np
import pandas as pd
import pytest
from benchmarks.planted.networks import stimulus_locked

from ketacortex.analyse.correlograms import correlogram_blocks, lag_bins
from ketacortex.analyse.interval_jitter import jittered_mean, ranges_of_bins, window_products
from ketacortex.analyse.pair_tests import ask_pairs
from ketacortex.analyse.spike_stream import spike_stream, stream_of_trains
from ketacortex.analyse.stimulus_locking import (
    MIN_REPEATS,
    can_be_locked,
    on_the_clock_of_the_stimulus,
    other_trials,
)
from ketacortex.recording.recording import Recording, Subject

LONGEST_MS = 5.0


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


def test_pairs_of_different_trials_are_those_that_brute_force_finds():
    stream = stimulus_locked(np.random.default_rng(0), 4, 12.0)
    bins = lag_bins(stream, max_lag_ms=LONGEST_MS)
    laid_over = on_the_clock_of_the_stimulus(stream)
    (every,) = correlogram_blocks(laid_over, max_lag_ms=LONGEST_MS, threads=1)
    (within,) = correlogram_blocks(stream, max_lag_ms=LONGEST_MS, threads=1)
    stretch = stream.stretch
    sample = stream.sample - stream.first_window[stretch] * stream.window_samples
    condition = stream.condition[stretch]
    for row, (one, two) in enumerate(zip(every.first, every.second, strict=True)):
        a, b = np.flatnonzero(stream.unit == one), np.flatnonzero(stream.unit == two)
        differ = (condition[a][:, None] == condition[b]) & (stretch[a][:, None] != stretch[b])
        number = bins.bin_of((sample[b] - sample[a][:, None])[differ]) + bins.n_half
        number = number[(number >= 0) & (number < bins.n_bins)]
        expected = np.bincount(number, minlength=bins.n_bins)
        np.testing.assert_array_equal((every.counts - within.counts)[row], expected)


def test_what_is_expected_between_trials_is_what_products_of_their_counts_give():
    stream = stimulus_locked(np.random.default_rng(1), 3, 6.0)
    between = other_trials(stream, window_products(stream))
    window = stream.sample // stream.window_samples
    stretch = stream.stretch
    place = window - stream.first_window[stretch]
    n_windows = int(stream.n_windows.max())
    counts = np.zeros((3, len(stream.condition), n_windows))
    np.add.at(counts, (stream.unit, stretch, place), 1.0)
    same = 0.0
    for number in np.unique(stream.condition):
        trials = np.flatnonzero(stream.condition == number)
        for t in trials:
            for u in trials[trials != t]:
                same += counts[0, t] @ counts[1, u]
    found = between.products[0] - between.products_within[0]
    assert found[0, 1] == pytest.approx(same)


def test_what_is_locked_to_the_stimulus_is_expected():
    """Flat windows expect too little of it: why other trials are asked."""
    observed = locked = flat = 0.0
    for seed in range(6):
        stream = stimulus_locked(np.random.default_rng(seed), 14, 240.0)
        pairs = np.triu_indices(14, 1)
        tests = ask_pairs(stream, "stimulus", threads=1)
        observed += tests.observed[:, 1].sum()
        locked += tests.expected[:, 1].sum()
        ranges = ranges_of_bins(lag_bins(stream, max_lag_ms=LONGEST_MS))[3:8]
        products = window_products(stream)
        flat += jittered_mean(products, ranges, stream.window_samples, *pairs).sum()
    assert locked == pytest.approx(observed, rel=0.01)
    assert flat < 0.98 * observed


def test_data_without_coupling_stray_from_it_as_far_as_the_variance_says():
    squared, variance = np.zeros(3), np.zeros(3)
    for seed in range(60):
        stream = stimulus_locked(np.random.default_rng(seed), 14, 120.0)
        tests = ask_pairs(stream, "stimulus", threads=1)
        squared += ((tests.observed - tests.expected) ** 2).sum(axis=0)
        variance += tests.variance.sum(axis=0)
    np.testing.assert_allclose(squared / variance, 1.0, atol=0.08)


def test_few_spikes_in_few_trials_do_not_avoid_each_other():
    """Shapes taken from the same trials did say so: they hold what they are compared with."""
    rng = np.random.default_rng(2)
    onset_s = 0.6 * np.arange(144)
    shared = rng.uniform(0.0, 86.4, 150)
    trains_s = [
        np.sort(np.concatenate([rng.uniform(0.0, 86.4, 150), shared + rng.normal(0, 0.003, 150)]))
        for _ in range(20)
    ]
    stream = spike_stream(recording_of(trains_s, 87.0), onset_s, onset_s + 0.6, np.arange(144) % 12)
    tests = ask_pairs(stream, "stimulus", threads=1)
    linked = tests.q_value <= 0.05
    assert linked.mean() > 0.9
    assert tests.is_excess[linked].all()


@pytest.mark.parametrize("n_repeats", [MIN_REPEATS - 1, MIN_REPEATS])
def test_each_stimulus_must_be_repeated_often_enough(n_repeats):
    onset_s = 0.5 * np.arange(5 + n_repeats)
    condition = np.repeat([0, 1], [5, n_repeats])
    stream = spike_stream(recording_of([[0.1]], 10.0), onset_s, onset_s + 0.5, condition)
    assert can_be_locked(stream) == (n_repeats >= MIN_REPEATS)


def test_a_trial_that_was_cut_off_does_not_take_its_condition_with_it():
    onset_s = 0.5 * np.arange(6)
    stop_s = onset_s + np.array([0.5, 0.5, 0.5, 0.4, 0.5, 0.01])
    stream = spike_stream(recording_of([[0.1]], 10.0), onset_s, stop_s, np.zeros(6, np.int64))
    assert stream.n_windows.tolist() == [16] * 5


def test_time_without_stimuli_cannot_be_jittered_so():
    assert not can_be_locked(stream_of_trains([np.array([0.1])], 1.0))
    nothing = spike_stream(recording_of([[0.1]], 1.0), np.zeros(0), np.zeros(0))
    assert not can_be_locked(nothing)


@pytest.mark.parametrize("trains_s", [[], [[]], [[], []], [[0.1, 0.6], []]])
def test_silence_expects_nothing(trains_s):
    onset_s = 0.5 * np.arange(4)
    recording = recording_of(trains_s, 2.0)
    stream = spike_stream(recording, onset_s, onset_s + 0.5, np.zeros(4, np.int64))
    tests = ask_pairs(stream, "stimulus", threads=1)
    assert not tests.is_asked.any()
    assert not tests.observed.any()
