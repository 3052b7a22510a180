"""Every sentence a dirty file can meet: what was found, why it cannot work, what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from recordings import foreign_file, four_trials, full_recording

from ketacortex.errors import ConfigurationError, DataError
from ketacortex.recording.checks import require_tuning_trials, why_no_tuning
from ketacortex.recording.nwb import read_nwb, write_nwb

NAN = float("nan")
RELATIVE = "These look relative to trials; NWB wants seconds from session start."
LONG_TRIALS = {"start_time": np.arange(40) * 40.0, "stop_time": np.arange(40) * 40.0 + 33}
SHORT_TRIALS = {"start_time": np.arange(40) * 2.0, "stop_time": np.arange(40) * 2.0 + 1}


def spikes_that_go_back(path: Path) -> None:
    spikes_s = np.linspace(0, 31.2, 804)
    again_s = np.linspace(0.4, 31.0, 100)
    units = [[0.5]] * 12 + [np.concatenate([spikes_s, again_s])]
    foreign_file(path, units, intervals={"trials": LONG_TRIALS})


def unsorted_spikes(path: Path) -> None:
    foreign_file(path, [[1.0], [2.0, 70.0, 69.5]], intervals={"trials": SHORT_TRIALS})


def spikes_relative_to_trials(path: Path) -> None:
    spikes_s = np.linspace(-0.2, 1.0, 60)
    foreign_file(path, [spikes_s, spikes_s], intervals={"trials": SHORT_TRIALS})


def spikes_in_milliseconds(path: Path) -> None:
    foreign_file(path, [np.linspace(0, 79000, 50)], intervals={"trials": SHORT_TRIALS})


def spikes_without_a_time(path: Path) -> None:
    foreign_file(path, [[1.0], [2.0, NAN, 3.0]], unit_columns={})


def trials_that_end_before_they_begin(path: Path) -> None:
    trials = {"start_time": [0.0, 3.5], "stop_time": [1.0, 3.0]}
    foreign_file(path, intervals={"trials": trials})


def trials_without_an_end(path: Path) -> None:
    foreign_file(path, intervals={"trials": {"start_time": [0.0, 3.5], "stop_time": [1.0, NAN]}})


def trials_without_a_stop_column(path: Path) -> None:
    foreign_file(path, intervals={"trials": {"start_time": [0.0], "orientation": [1.0]}})


def no_units(path: Path) -> None:
    foreign_file(path, None, intervals={"trials": four_trials()})


def units_without_rows(path: Path) -> None:
    foreign_file(path, [])


def units_that_disagree(path: Path) -> None:
    foreign_file(path)
    with h5py.File(path, "a") as file:
        file["units/spike_times_index"][:] = [3, 9]


def spikes_in_words(path: Path) -> None:
    foreign_file(path)
    with h5py.File(path, "a") as file:
        del file["units/spike_times"]
        file["units/spike_times"] = ["now", "then", "later", "never"]


def text_file(path: Path) -> None:
    path.write_text("unit,time\n1,0.5\n")


def empty_file(path: Path) -> None:
    path.touch()


def other_hdf5_file(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["data"] = [1, 2]


def truncated_file(path: Path) -> None:
    foreign_file(path)
    path.write_bytes(path.read_bytes()[:3000])


def damaged_file(path: Path) -> None:
    foreign_file(path)
    content = bytearray(path.read_bytes())
    content[96:200] = bytes(104)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            spikes_that_go_back,
            f"unit 12: spike times go back at spike 804 (31.2 s then 0.4 s). {RELATIVE}",
        ),
        (
            unsorted_spikes,
            "unit 1: spike times go back at spike 2 (70 s then 69.5 s). Spike times have to "
            "ascend within a unit: sort them and write the file again.",
        ),
        (
            spikes_relative_to_trials,
            "all 120 spikes lie between -0.2 s and 1 s, while the trials go on until 79 s. "
            f"{RELATIVE} Add to each spike the onset of its trial.",
        ),
        (
            spikes_in_milliseconds,
            "the last spike is at 79000 s but the last trial ends at 79 s, and no unit fires "
            "faster than 0.00063 Hz. The spike times look like milliseconds or samples; NWB wants "
            "seconds from session start. Divide them by 1000 or by the sampling rate.",
        ),
        (
            spikes_without_a_time,
            "unit 1: the time of spike 1 is nan s, so it cannot be placed. Remove such spikes",
        ),
        (
            trials_that_end_before_they_begin,
            "trial 1: its offset (3 s) is not after its onset (3.5 s), so it has no time in "
            "which to count spikes. Correct the two times, or remove the trial.",
        ),
        (
            trials_without_an_end,
            "trial 1: its offset is nan s, so its spikes cannot be counted. Give the time in "
            "seconds from session start, or remove the trial.",
        ),
        (
            trials_without_a_stop_column,
            "the trials table has no stop_time; its rows cannot be placed in time. Columns "
            "found: orientation, start_time. Add stop_time.",
        ),
        (
            no_units,
            "the file holds no units with spike times, so there is nothing to analyse. Sort the "
            "spikes first, and write them as the units table.",
        ),
        (
            units_without_rows,
            "the units table has no rows: the file holds no units. Sort the spikes first.",
        ),
        (
            units_that_disagree,
            "the units table is inconsistent: spike_times has 4 entries and spike_times_index "
            "runs to 9. Write the units table again.",
        ),
        (spikes_in_words, "the file is damaged or not laid out as NWB 2 ("),
        (
            text_file,
            "this is not an HDF5 file, and NWB is HDF5. Convert the data to NWB first; "
            "gallery/tables_to_nwb.py shows how.",
        ),
        (empty_file, "this is not an HDF5 file"),
        (
            other_hdf5_file,
            "this is an HDF5 file but not NWB 2: it has no nwb_version. Convert the data",
        ),
        (
            truncated_file,
            "the file is truncated: it ends after 3000 bytes, before its content does. Copy or "
            "download it again.",
        ),
        (damaged_file, "the file is damaged or not laid out as NWB 2 ("),
    ],
)
def test_bad_files_are_refused_in_words(
    tmp_path: Path, make: Callable[[Path], None], sentence: str
) -> None:
    path = tmp_path / "dirty.nwb"
    make(path)
    with pytest.raises(DataError) as refused:
        read_nwb(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert sentence in str(refused.value)
    assert refused.value.exit_code == 3


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("absent.nwb", "absent.nwb does not exist. Give the name of an NWB file."),
        (".", "is a folder, not a file. Give the name of an NWB file."),
    ],
)
def test_a_missing_file_is_a_wrong_command(tmp_path: Path, name: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_nwb(tmp_path / name)
    assert sentence in str(refused.value)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("intervals", "sentence"),
    [
        (
            {},
            "the recording has no trials; orientation tuning needs to know which grating was "
            "shown when. Add a trials table with start_time, stop_time and orientation_deg.",
        ),
        (
            {"trials": four_trials(image=[1, 2, 3, 4], lick=[0, 0, 1, 1])},
            "no trial of 4 has an orientation in degrees, which tuning needs. Columns found: "
            "onset, offset, image, lick. Name the column that holds it orientation_deg.",
        ),
        (
            {"trials": four_trials(orientation=[45.0, 45.0, NAN, 45.0])},
            "the trials show 1 orientation (45 deg); tuning needs at least 4. Ask only for "
            "analyses that need no tuning.",
        ),
        (
            {"trials": four_trials(direction=[0.0, 90.0, 180.0, 270.0])},
            "the trials show 2 orientations (0, 90 deg); tuning needs at least 4.",
        ),
    ],
)
def test_what_cannot_show_tuning_can_still_be_read(
    tmp_path: Path, intervals: dict, sentence: str
) -> None:
    recording = read_nwb(foreign_file(tmp_path / "one.nwb", intervals=intervals))
    with pytest.raises(DataError) as refused:
        require_tuning_trials(recording)
    assert sentence in str(refused.value)


def test_four_orientations_are_enough() -> None:
    recording = full_recording()
    assert recording.trials["orientation_deg"].nunique() == 4
    require_tuning_trials(recording)
    assert why_no_tuning(recording) is None


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = write_nwb(full_recording(), tmp_path / "whole.nwb").read_bytes()
    for share in np.linspace(0, 0.99, 12):
        path = tmp_path / "cut.nwb"
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError):
            read_nwb(path)


def test_a_few_early_spikes_are_not_taken_for_relative_ones(tmp_path: Path) -> None:
    path = foreign_file(tmp_path / "one.nwb", [[0.1, 0.9]], intervals={"trials": SHORT_TRIALS})
    assert read_nwb(path).spike_samples.tolist() == [100_000, 900_000]


def test_spikes_at_the_same_time_are_allowed(tmp_path: Path) -> None:
    path = foreign_file(tmp_path / "one.nwb", [[1.0, 1.0, 2.0], [0.5]])
    assert len(read_nwb(path).spike_samples) == 4


def test_a_long_time_without_stimuli_is_not_taken_for_milliseconds(tmp_path: Path) -> None:
    trial = {"start_time": [0.0], "stop_time": [1.0]}
    path = foreign_file(tmp_path / "one.nwb", [np.arange(600.0)], intervals={"trials": trial})
    assert read_nwb(path).stop_s == 599.0
