"""Files of other people: what is left out is filled in, what is named otherwise is found."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pytest
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from recordings import foreign_file, four_trials

from ketacortex.recording.nwb import read_nwb

NAN = float("nan")


def read_trials(folder: Path, name: str = "trials", **columns: list[object]) -> list[object]:
    path = foreign_file(folder / "foreign.nwb", intervals={name: four_trials(**columns)})
    return read_nwb(path).trials


def test_a_bare_units_table_is_filled_in(tmp_path: Path) -> None:
    path = foreign_file(tmp_path / "bare.nwb", [[0.5, 1.0000004], []])
    recording = read_nwb(path)
    assert recording.sample_rate_hz == 1e6
    assert recording.spike_samples.tolist() == [500_000, 1_000_000]
    assert recording.cell_classes.tolist() == ["unknown", "unknown"]
    assert recording.epochs["name"].tolist() == ["all"]
    assert (recording.start_s, recording.stop_s) == (0.5, 1.0000004)
    assert recording.subject.identifier == f"{tmp_path.name}/bare"


@pytest.mark.parametrize(("resolution_s", "rate_hz"), [(1 / 30000, 30000.0), (30000.0, 1e6)])
def test_the_time_base_is_the_resolution_unless_that_is_absurd(
    tmp_path: Path, resolution_s: float, rate_hz: float
) -> None:
    path = foreign_file(tmp_path / "one.nwb", resolution_s=resolution_s)
    assert read_nwb(path).sample_rate_hz == rate_hz


@pytest.mark.parametrize("column", ["cell_class", "cell_type", "celltype", "Cell_Type"])
def test_cell_classes_are_found(tmp_path: Path, column: str) -> None:
    path = foreign_file(tmp_path / "one.nwb", unit_columns={column: ["pv", ""]})
    assert read_nwb(path).cell_classes.tolist() == ["pv", "unknown"]


@pytest.mark.parametrize(
    "column",
    ["orientation", "orientation_deg", "Orientation", "ori", "stimulus_orientation"],
)
def test_orientation_columns_are_found(tmp_path: Path, column: str) -> None:
    trials = read_trials(tmp_path, **{column: [0.0, 45.0, 90.0, NAN]})
    np.testing.assert_array_equal(trials["orientation_deg"], [0, 45, 90, NAN])
    assert "direction_deg" not in trials


@pytest.mark.parametrize("column", ["direction", "direction_deg", "Direction", "orientation"])
def test_direction_of_motion_is_kept_and_folded(tmp_path: Path, column: str) -> None:
    trials = read_trials(tmp_path, **{column: [0.0, 135.0, 180.0, 315.0]})
    assert trials["direction_deg"].tolist() == [0, 135, 180, 315]
    assert trials["orientation_deg"].tolist() == [0, 135, 0, 135]


def test_presentations_with_words_for_angles(tmp_path: Path) -> None:
    trials = read_trials(
        tmp_path,
        "drifting_gratings_presentations",
        orientation=["0.0", "null", "270.0", "45.0"],
        phase=["[5308.98, 5308.98]"] * 4,
        stimulus_block=[2.0] * 4,
    )
    np.testing.assert_array_equal(trials["orientation_deg"], [0, NAN, 90, 45])
    np.testing.assert_array_equal(trials["direction_deg"], [0, NAN, 270, 45])
    assert set(trials["epoch"]) == {"all"}


def test_the_drifting_gratings_are_preferred_to_the_static_ones(tmp_path: Path) -> None:
    intervals = {
        "static_gratings_presentations": four_trials(orientation=[30.0] * 4),
        "drifting_gratings_presentations": four_trials(orientation=[60.0] * 4),
        "spontaneous_presentations": four_trials(),
    }
    recording = read_nwb(foreign_file(tmp_path / "one.nwb", intervals=intervals))
    assert set(recording.trials["orientation_deg"]) == {60.0}


def test_no_contrast_is_a_blank(tmp_path: Path) -> None:
    trials = read_trials(tmp_path, ori=[0.0, 45.0, 90.0, 135.0], Contrast=[0.0, 0.5, 1.0, 1.0])
    np.testing.assert_array_equal(trials["orientation_deg"], [NAN, 45, 90, 135])
    assert trials["contrast"].tolist() == [0, 0.5, 1, 1]


@pytest.mark.parametrize("column", ["epoch", "condition", "phase", "block", "Block"])
def test_epoch_columns_are_found(tmp_path: Path, column: str) -> None:
    path = foreign_file(
        tmp_path / "one.nwb",
        intervals={"trials": four_trials(**{column: ["before", "before", "after", "after"]})},
    )
    recording = read_nwb(path)
    assert recording.trials["epoch"].tolist() == ["before", "before", "after", "after"]
    assert recording.epochs.to_dict("list") == {
        "name": ["before", "after"],
        "start_s": [0.0, 4.0],
        "stop_s": [3.0, 7.0],
    }


def test_a_numbered_condition_is_a_stimulus_and_not_an_epoch(tmp_path: Path) -> None:
    ignored = (
        r"foreign.nwb: the trials column 'condition' varies \(1, 2, 3, 4\) but is ignored: its "
        r"values do not say what they stand for. To compare by it, add a trials column called "
        r"epoch with a word for each."
    )
    with pytest.warns(UserWarning, match=ignored):
        trials = read_trials(tmp_path, condition=[1, 2, 3, 4], block=[1.0, 1.0, 2.0, 2.0])
    assert trials["epoch"].tolist() == ["all"] * 4
    assert trials["condition"].tolist() == [1, 2, 3, 4]


def test_trials_belong_to_the_epoch_that_they_overlap_most(tmp_path: Path) -> None:
    intervals = {
        "trials": four_trials(orientation=[0.0, 45.0, 90.0, 135.0]),
        "epochs": {
            "start_time": [0.0, 2.4],
            "stop_time": [2.4, 5.0],
            "tags": ["control", "drug", "ketamine"],
            "tags_index": [1, 3],
        },
    }
    path = foreign_file(tmp_path / "one.nwb", intervals=intervals)
    left_out = (
        "one.nwb: 1 of 4 trials lie in no epoch and are left out. To keep them, name the epoch of "
        "each trial in a trials column called epoch."
    )
    with pytest.warns(UserWarning, match=left_out):
        recording = read_nwb(path)
    assert recording.trials["epoch"].tolist() == ["control", "drug ketamine", "drug ketamine"]
    assert recording.trials["orientation_deg"].tolist() == [0, 45, 90]
    assert recording.epochs["name"].tolist() == ["control", "drug ketamine"]


def test_a_word_for_a_movement_is_not_an_angle(tmp_path: Path) -> None:
    trials = read_trials(tmp_path, direction=["left", "right", "left", "right"])
    assert trials["orientation_deg"].isna().all()
    assert trials["direction"].tolist() == ["left", "right", "left", "right"]


def test_observation_intervals_are_the_time_support(tmp_path: Path) -> None:
    path = foreign_file(tmp_path / "one.nwb")
    with h5py.File(path, "a") as file:
        file["units/obs_intervals"] = [[0.0, 50.0], [60.0, 100.0]]
        file["units/obs_intervals_index"] = [1, 2]
    recording = read_nwb(path)
    assert (recording.start_s, recording.stop_s) == (0.0, 100.0)


def test_a_file_built_unit_by_unit_with_pynwb(tmp_path: Path) -> None:
    file = NWBFile("a session", "id", datetime(2024, 5, 1, tzinfo=UTC))
    file.add_unit_column("quality", "how well isolated")
    file.add_unit(spike_times=[0.1, 2.5], quality="good", id=17)
    file.add_unit(spike_times=[0.2], quality="mua", id=23)
    file.add_trial_column("orientation", "deg")
    for start_s, angle_deg in ((0.0, 0.0), (2.0, 90.0)):
        file.add_trial(start_time=start_s, stop_time=start_s + 1, orientation=angle_deg)
    counts = np.arange(10, dtype=np.int16)
    file.add_acquisition(
        TimeSeries(name="eye", data=counts, unit="mm", rate=50.0, conversion=0.5, description="x")
    )
    file.add_acquisition(TimeSeries(name="raw", data=np.zeros((5, 2)), unit="V", rate=1.0))
    with NWBHDF5IO(tmp_path / "one.nwb", "w") as io:
        io.write(file)
    recording = read_nwb(tmp_path / "one.nwb")
    assert recording.units.index.tolist() == [17, 23]
    assert recording.units["quality"].tolist() == ["good", "mua"]
    assert recording.trials["orientation_deg"].tolist() == [0, 90]
    assert recording.source == "a session"
    (eye,) = recording.channels
    assert (eye.name, eye.unit, eye.rate_hz) == ("eye", "mm", 50.0)
    np.testing.assert_array_equal(eye.values, counts / 2)
