from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordings import full_recording

from ketacortex.errors import DataError


def test_spikes_are_given_in_seconds() -> None:
    recording = full_recording()
    assert recording.spike_times_s(0).size == 0
    np.testing.assert_array_equal(recording.spike_times_s(4), recording.spike_samples[-3:] / 3e4)


@given(st.integers(0, 2_400_000), st.integers(0, 2_400_000))
def test_a_window_split_in_two_keeps_every_spike_once(first: int, second: int) -> None:
    recording = full_recording()
    start, stop = sorted((first, second))
    edges_s = np.array([0, start, stop, 2_400_000]) / recording.sample_rate_hz
    parts = recording.spike_counts(edges_s[:-1], edges_s[1:])
    np.testing.assert_array_equal(parts.sum(axis=1), np.diff(recording.spike_index))


def test_a_spike_at_the_start_counts_and_one_at_the_stop_does_not() -> None:
    recording = full_recording()
    times_s = recording.spike_times_s(4)
    counts = recording.spike_counts(times_s[:2], times_s[1:])
    assert counts[4].tolist() == [1, 1]


def test_a_channel_gives_the_samples_of_a_window_or_nothing() -> None:
    """At 1 kHz from 0.3 s on, where seconds are no exact multiples of a sample."""
    channel = replace(
        full_recording().channels[0],
        values=np.arange(1000, dtype=np.float32), rate_hz=1000.0, start_s=0.3,
    )  # fmt: skip
    assert channel.stop_s == pytest.approx(1.3)
    edges_s = np.array([0.3, 0.4, 0.7, 1.1, 1.3])
    parts = [channel.between(*edges) for edges in itertools.pairwise(edges_s)]
    assert [len(part) for part in parts] == [100, 300, 400, 200]
    np.testing.assert_array_equal(np.concatenate(parts), channel.values)
    assert len(channel.between(0.2, 0.4)) == len(channel.between(1.2, 1.4)) == 0


def test_spikes_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        full_recording().spike_samples[0] = 1


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"spike_index": np.array([0, 1303])},
            "spike_index has 2 entries for 5 units; it needs one more than there are units",
        ),
        (
            {"trials": full_recording().trials.drop(columns="epoch")},
            "the trials table has no column 'epoch'; a recording needs onset_s, offset_s, "
            "orientation_deg, epoch. Add it or name the column that holds it.",
        ),
        (
            {"events": full_recording().events.drop(columns="duration_s")},
            "the events table has no column 'duration_s'; a recording needs name, onset_s, "
            "duration_s, unit. Add it or name the column that holds it.",
        ),
        (
            {"events": full_recording().events.assign(duration_s=[0.1, -0.5, 0.0])},
            "an event at 3 s lasts -0.5 s; nothing ends before it begins. Give its duration in "
            "seconds.",
        ),
        (
            {"events": full_recording().events.assign(unit="z")},
            "an event is said to be of unit 'z', which is not in the units table, so its cell "
            "class is unknown. Add the unit, or leave the event out.",
        ),
    ],
)
def test_a_recording_that_does_not_fit_together(changed: dict, sentence: str) -> None:
    with pytest.raises(DataError) as refused:
        replace(full_recording(), **changed)
    assert sentence in str(refused.value)
