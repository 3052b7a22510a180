"""Which spikes lie within stretches, on which clock, and what is left out."""

import numpy as np
import pandas as pd
import pytest

from ketacortex.analyse.spike_stream import CLEARANCE_WINDOWS, spike_stream, stream_of_trains
from ketacortex.recording.recording import Recording, Subject

RATE_HZ = 30_000.0
WINDOW = 750


def recording_of_samples(trains, *, sample_rate_hz=RATE_HZ, stop_s=10.0):
    empty = np.zeros(0, np.int64)
    return Recording(
        subject=Subject(identifier="animal"),
        spike_samples=np.concatenate([empty, *(np.sort(np.asarray(t, int)) for t in trains)]),
        spike_index=np.cumsum([0, *(len(t) for t in trains)]),
        sample_rate_hz=sample_rate_hz,
        units=pd.DataFrame({"cell_class": ["unknown"] * len(trains)}),
        trials=pd.DataFrame(columns=["onset_s", "offset_s", "orientation_deg", "epoch"]),
        epochs=pd.DataFrame(columns=["name", "start_s", "stop_s"]),
        start_s=0.0,
        stop_s=stop_s,
    )


def windows_of(stream):
    """Stretch, window within it and place within that window of each spike."""
    window = stream.sample // stream.window_samples
    stretch = np.searchsorted(stream.first_window, window, side="right") - 1
    return stretch, window - stream.first_window[stretch], stream.sample % stream.window_samples


def test_each_stretch_begins_with_a_window_and_silence_follows_it():
    rng = np.random.default_rng(0)
    recording = recording_of_samples([rng.integers(0, 300_000, n) for n in (900, 0, 300)])
    start_s, stop_s = np.array([0.51, 2.0, 6.7]), np.array([1.01, 5.0, 7.7])
    stream = spike_stream(recording, start_s, stop_s)
    assert stream.n_windows.tolist() == [20, 120, 40]
    assert np.diff(stream.first_window).tolist() == [
        20 + CLEARANCE_WINDOWS,
        120 + CLEARANCE_WINDOWS,
    ]
    stretch, window, place = windows_of(stream)
    assert np.all(window < stream.n_windows[stretch])
    assert np.all(np.diff(stream.sample) >= 0)
    # Back on the clock of the recording they are its spikes within the stretches.
    onset = np.array([15_300, 60_000, 201_000])
    back = onset[stretch] + window * WINDOW + place
    for unit in range(3):
        first, last = recording.spike_index[unit : unit + 2]
        of_unit = recording.spike_samples[first:last]
        inside = [
            (of_unit >= o) & (of_unit < o + n * WINDOW)
            for o, n in zip(onset, (20, 120, 40), strict=True)
        ]
        np.testing.assert_array_equal(back[stream.unit == unit], of_unit[np.any(inside, axis=0)])


def test_counts_are_those_of_the_recording():
    rng = np.random.default_rng(1)
    recording = recording_of_samples([rng.integers(0, 300_000, n) for n in (900, 0, 300)])
    start_s, stop_s = np.array([0.5, 2.0, 6.7]), np.array([1.0, 5.0, 7.7])
    stream = spike_stream(recording, start_s, stop_s)
    expected = recording.spike_counts(start_s, stop_s).sum(axis=1)
    assert stream.n_spikes.tolist() == expected.tolist()
    assert stream.duration_s == pytest.approx(4.5)
    np.testing.assert_allclose(stream.rate_hz, expected / 4.5)


@pytest.mark.parametrize("sample_rate_hz", [30_000.0, 24_414.0625, 1000.0])
def test_windows_are_aligned_with_onsets_to_the_sample(sample_rate_hz):
    onset_s = np.array([0.1003, 1.2, 3.33333])
    onset = np.ceil(onset_s * sample_rate_hz - 0.5).astype(int)
    last = onset + 4 * round(0.025 * sample_rate_hz) - 1
    recording = recording_of_samples(
        [onset, last, onset - 1, last + 1], sample_rate_hz=sample_rate_hz
    )
    stream = spike_stream(recording, onset_s, onset_s + 0.1)
    assert stream.n_spikes.tolist() == [3, 3, 0, 0]
    _, window, place = windows_of(stream)
    assert place.tolist() == [0, stream.window_samples - 1] * 3
    assert window.tolist() == [0, 3] * 3


def test_a_remainder_of_a_window_is_left_out_but_not_a_jitter_of_the_display():
    recording = recording_of_samples([[2249, 2250, 2900]])
    start_s = np.zeros(1)
    for stop_s, n_windows, n_spikes in ((0.0999, 4, 3), (0.095, 3, 1), (0.074, 2, 0)):
        stream = spike_stream(recording, start_s, np.array([stop_s]))
        assert stream.n_windows.tolist() == [n_windows]
        assert stream.n_spikes.tolist() == [n_spikes]
        assert stream.duration_s == pytest.approx(n_windows * 0.025)


def test_a_stretch_without_a_whole_window_is_left_out():
    recording = recording_of_samples([[10, 4000, 31_000]])
    stream = spike_stream(recording, np.array([0.0, 0.1, 1.0]), np.array([0.02, 0.2, 1.1]))
    assert stream.n_windows.tolist() == [4, 4]
    assert stream.condition.tolist() == [1, 2]
    assert stream.sample.tolist() == [1000, (4 + CLEARANCE_WINDOWS) * WINDOW + 1000]


def test_repetitions_of_a_stimulus_are_cut_to_the_shortest():
    recording = recording_of_samples([[]])
    start_s = np.arange(4.0)
    stream = spike_stream(
        recording, start_s, start_s + np.array([0.5, 0.3, 0.4, 0.5]), np.array([7, 2, 7, 2])
    )
    assert stream.n_windows.tolist() == [16, 12, 16, 12]
    assert stream.condition.tolist() == [7, 2, 7, 2]


def test_a_spike_between_two_trials_that_touch_is_of_the_later():
    recording = recording_of_samples([[29_999, 30_000]])
    stream = spike_stream(recording, np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    stretch, window, place = windows_of(stream)
    assert stretch.tolist() == [0, 1]
    assert window.tolist() == [39, 0]
    assert place.tolist() == [749, 0]


def test_some_of_the_spikes_and_some_of_the_stretches():
    rng = np.random.default_rng(2)
    recording = recording_of_samples([rng.integers(0, 300_000, 500), [], [40_000]])
    start_s = np.array([0.0, 1.0, 5.0])
    stream = spike_stream(recording, start_s, start_s + 1.0, np.array([3, 4, 3]))
    half = stream.of_stretches(np.array([True, False, True]))
    fresh = spike_stream(recording, start_s[[0, 2]], start_s[[0, 2]] + 1.0)
    assert half.n_spikes.tolist() == fresh.n_spikes.tolist()
    assert half.duration_s == fresh.duration_s == pytest.approx(2.0)
    assert half.condition.tolist() == [3, 3]
    for name in ("unit", "n_windows"):
        np.testing.assert_array_equal(getattr(half, name), getattr(fresh, name))
    for mine, theirs in zip(windows_of(half), windows_of(fresh), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    of_first = stream.of_spikes(stream.unit == 0)
    assert of_first.n_spikes.tolist() == [stream.n_spikes[0], 0, 0]
    assert of_first.duration_s == stream.duration_s


def test_trains_in_seconds_are_the_recording_of_the_same_samples():
    rng = np.random.default_rng(3)
    trains = [rng.integers(0, 61_000, n) for n in (300, 0, 20)]
    alone = stream_of_trains([t / RATE_HZ for t in trains], 2.0)
    recorded = spike_stream(recording_of_samples(trains), np.zeros(1), np.array([2.0]))
    np.testing.assert_array_equal(alone.sample, recorded.sample)
    np.testing.assert_array_equal(np.sort(alone.unit), np.sort(recorded.unit))
    assert alone.n_spikes.tolist() == recorded.n_spikes.tolist()
    assert alone.duration_s == recorded.duration_s


def test_spikes_outside_of_what_was_observed_are_not_of_the_stream():
    stream = stream_of_trains([np.array([-0.001, 0.0, 29_999.4 / RATE_HZ, 1.0, 2.0])], 1.0)
    assert stream.sample.tolist() == [0, 29_999]


def test_a_silent_recording_has_a_duration_and_rates_of_nought():
    stream = spike_stream(recording_of_samples([[], []]), np.array([1.0]), np.array([2.0]))
    assert stream.sample.size == 0
    assert stream.rate_hz.tolist() == [0.0, 0.0]
    assert stream.duration_s == pytest.approx(1.0)
    assert stream.of_stretches(np.array([True])).n_units == 2


@pytest.mark.parametrize("n_units", [0, 2])
def test_without_a_window_there_is_nothing(n_units):
    recording = recording_of_samples([[5]] * n_units)
    none = np.zeros(0)
    for stream in (
        spike_stream(recording, none, none),
        spike_stream(recording, np.zeros(1), np.array([0.01])),
        stream_of_trains([np.array([0.001])] * n_units, 0.01),
    ):
        assert stream.sample.size == 0
        assert stream.duration_s == 0.0
        assert stream.rate_hz.shape == (n_units,)
        assert np.isnan(stream.rate_hz).all()
        kept = stream.of_stretches(np.zeros(len(stream.n_windows), bool))
        assert kept.duration_s == 0.0
