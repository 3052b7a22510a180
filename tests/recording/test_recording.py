from __future__ import annotations

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
    ],
)
def test_a_recording_that_does_not_fit_together(changed: dict, sentence: str) -> None:
    with pytest.raises(DataError) as refused:
        replace(full_recording(), **changed)
    assert sentence in str(refused.value)
