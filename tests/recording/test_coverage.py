"""Trials that lie where nothing was recorded are refused or left out, never counted as silence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from recordings import foreign_file, full_recording

from ketacortex.errors import DataError
from ketacortex.recording.nwb import read_nwb, write_nwb
from ketacortex.recording.recording import Recording, Subject
from ketacortex.recording.tables import from_tables

NAN = float("nan")
N_TRIALS = 60
ONSET_S = 10.0 + 2.0 * np.arange(N_TRIALS)
ANGLES_DEG = np.tile([0.0, 45.0, 90.0, 135.0], 15)
BURSTS_S = (ONSET_S[:, None] + np.linspace(0.0, 0.9, 10)).ravel()


def recorded(
    spikes_s: np.ndarray, orientation_deg: np.ndarray = ANGLES_DEG, shift_s: float = 0.0
) -> Recording:
    onset_s = ONSET_S + shift_s
    trials = pd.DataFrame(
        {"onset_s": onset_s, "offset_s": onset_s + 1.0, "orientation_deg": orientation_deg}
    )
    return from_tables(
        spikes={"a": spikes_s, "silent": []}, trials=trials, subject=Subject(identifier="m")
    )


def refusal(spikes_s: np.ndarray, **given: object) -> str:
    with pytest.raises(DataError) as refused:
        recorded(spikes_s, **given)  # type: ignore[arg-type]
    return str(refused.value)


def test_trials_after_the_last_spike_are_refused() -> None:
    assert refusal(np.arange(0.05, 69.6, 0.1)) == (
        "30 trials lie after the last spike (69.55 s), though the others predict 300 spikes in "
        "them: the recording seems to have ended before them, or trials and spikes are on "
        "different clocks; remove these trials or correct the clock."
    )


def test_trials_before_the_first_spike_are_refused() -> None:
    assert refusal(np.arange(70.05, 200.0, 0.1)).startswith(
        "30 trials lie before the first spike (70.05 s), though the others predict 300 spikes in "
        "them: the recording seems to have begun after them, or trials and spikes are on "
        "different clocks; remove these trials or correct the clock."
    )


@pytest.mark.parametrize("shift_s", [1000.0, -1000.0, 1.7e9])
def test_trials_and_spikes_that_do_not_overlap_are_refused(shift_s: float) -> None:
    message = refusal(np.arange(0.0, 130.0, 0.1), shift_s=shift_s)
    assert message.startswith(
        "spikes and trials do not overlap: the spikes lie between 0 s and 129.9 s, the 60 trials "
        "between "
    )
    assert message.endswith(
        ", so no trial holds a spike. Give both in seconds from session start, on one clock."
    )


@pytest.mark.parametrize(
    ("spikes_s", "orientation_deg"),
    [
        (np.arange(0.0, 70.0, 3.1), ANGLES_DEG),
        (np.arange(0.0, 125.9, 0.1), ANGLES_DEG),
        (np.empty(0), ANGLES_DEG),
        (BURSTS_S[(BURSTS_S > 16) & ((BURSTS_S < 40) | (BURSTS_S > 46))], ANGLES_DEG),
        (BURSTS_S[:400], np.where(ONSET_S < 90, 45.0, NAN)),
    ],
    ids=["sparse", "two trials", "silent", "pauses", "blanks at the end"],
)
def test_silence_that_may_be_meant_is_read(
    spikes_s: np.ndarray, orientation_deg: np.ndarray
) -> None:
    assert len(recorded(spikes_s, orientation_deg).trials) == N_TRIALS


def test_blanks_after_the_last_spike_are_judged_by_other_blanks() -> None:
    angles_deg = np.where((ONSET_S < 90) & (np.arange(N_TRIALS) % 4 > 0), 45.0, NAN)
    assert refusal(np.arange(0.0, 88.95, 0.1), orientation_deg=angles_deg).startswith("20 trials")


def test_a_simulated_recording_that_falls_silent_comes_back(tmp_path: Path) -> None:
    whole = full_recording()
    kept = whole.spike_samples < 30 * 30_000
    unit = np.repeat(np.arange(5), np.diff(whole.spike_index))[kept]
    silenced = replace(
        whole,
        spike_samples=whole.spike_samples[kept],
        spike_index=np.searchsorted(unit, np.arange(6)).astype(np.int64),
    )
    assert len(read_nwb(write_nwb(silenced, tmp_path / "one.nwb")).trials) == 40


def observed_file(path: Path, intervals_s: list[list[float]], ends: list[int]) -> Path:
    trials = {"start_time": ONSET_S, "stop_time": ONSET_S + 1.0, "orientation": ANGLES_DEG}
    spikes_s = np.arange(0.0, 130.0, 0.1)
    foreign_file(path, [spikes_s, spikes_s], intervals={"trials": trials})
    with h5py.File(path, "a") as file:
        file["units/obs_intervals"] = intervals_s
        file["units/obs_intervals_index"] = ends
    return path


def test_trials_outside_the_observed_intervals_are_left_out(tmp_path: Path) -> None:
    # Unit 0 was seen from 0 to 30 s and from 60.5 s on, unit 1 from 20 to 40 s.
    path = observed_file(tmp_path / "one.nwb", [[60.5, 200.0], [0.0, 30.0], [20.0, 40.0]], [2, 3])
    left_out = "11 of 60 trials lie outside the units' obs_intervals and are left out"
    with pytest.warns(UserWarning, match=left_out):
        trials = read_nwb(path).trials
    kept = (ONSET_S + 1.0 <= 40.0) | (ONSET_S >= 60.5)
    np.testing.assert_array_equal(trials["onset_s"], ONSET_S[kept])
    assert trials.index.tolist() == list(range(49))


def test_intervals_that_touch_have_no_gap(tmp_path: Path) -> None:
    path = observed_file(tmp_path / "one.nwb", [[0.0, 10.5], [10.5, 200.0]], [1, 2])
    assert len(read_nwb(path).trials) == N_TRIALS


def test_trials_of_which_none_was_observed_are_refused(tmp_path: Path) -> None:
    path = observed_file(tmp_path / "one.nwb", [[0.0, 5.0], [200.0, 300.0]], [1, 2])
    with pytest.raises(DataError) as refused:
        read_nwb(path)
    assert (
        "none of the 60 trials (10 to 129 s) lies within the units' obs_intervals (0 to 300 s), "
        "so nothing was observed in them. Correct the times of the one or of the other."
    ) in str(refused.value)


def test_trials_that_overlap_are_refused() -> None:
    trials = pd.DataFrame({"onset_s": [0.0, 4.0, 2.0], "offset_s": [1.0, 5.0, 4.5]})
    with pytest.raises(DataError) as refused:
        from_tables(spikes={"a": [0.5]}, trials=trials, subject=Subject(identifier="m"))
    assert str(refused.value) == (
        "trials 2 (2 to 4.5 s) and 1 (4 to 5 s) overlap, so the same spikes would count for two "
        "stimuli. Correct the times, or remove one of the two."
    )
    touching = trials.assign(offset_s=[1.0, 5.0, 4.2])
    from_tables(spikes={"a": [0.5]}, trials=touching, subject=Subject(identifier="m"))


def test_trials_in_milliseconds_are_named() -> None:
    trials = pd.DataFrame({"onset_s": ONSET_S * 1e3, "offset_s": ONSET_S * 1e3 + 1000.0})
    spikes = {"a": np.arange(0.0, 130.0, 0.1)}
    with pytest.raises(DataError) as refused:
        from_tables(spikes=spikes, trials=trials, subject=Subject(identifier="m"))
    assert str(refused.value) == (
        "the trials run from 10000 s to 129000 s but the last spike is at 129.9 s. The trial "
        "times look like milliseconds or samples; NWB wants seconds from session start. Divide "
        "them by 1000 or by the sampling rate."
    )
