"""Angles, stimuli and epochs as other laboratories write them: no silent wrong number."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from recordings import assert_same, foreign_file, four_trials

from ketacortex.errors import DataError
from ketacortex.recording.checks import require_tuning_trials
from ketacortex.recording.contents import describe, describe_as_text
from ketacortex.recording.nwb import read_nwb, write_nwb
from ketacortex.recording.recording import STIMULUS_COLUMNS, Recording, Subject
from ketacortex.recording.tables import from_tables

NAN = float("nan")
ANGLES_DEG = [0.0, 45.0, 90.0, 135.0]


def shown(**columns: Sequence[object]) -> Recording:
    """A recording from tables, one trial of 1 s every 2 s, a spike in each."""
    n_trials = len(next(iter(columns.values())))
    onset_s = 2.0 * np.arange(n_trials)
    trials = pd.DataFrame({"onset_s": onset_s, "offset_s": onset_s + 1.0, **columns})
    return from_tables(spikes={"a": onset_s + 0.5}, trials=trials, subject=Subject(identifier="m"))


def said_by(tmp_path: Path, trials: dict, epochs: dict | None = None) -> list[str]:
    """The warnings of reading a file."""
    intervals = {"trials": trials} | ({"epochs": epochs} if epochs else {})
    path = foreign_file(tmp_path / "one.nwb", intervals=intervals)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read_nwb(path)
    return [str(warning.message).removeprefix(f"{path}: ") for warning in caught]


@pytest.mark.parametrize("column", ["orientation_deg", "direction", "Orientation"])
@pytest.mark.parametrize("blank", [-999.0, 999.0, 400.0, -1.0, np.inf])
def test_numbers_that_are_no_angle_are_blanks(column: str, blank: float) -> None:
    recording = shown(**{column: [*ANGLES_DEG, blank]})
    np.testing.assert_array_equal(recording.trials["orientation_deg"], [*ANGLES_DEG, NAN])
    assert describe(recording)["n_blank_trials"] == 1


@pytest.mark.parametrize(
    ("angles", "orientation_deg"),
    [
        ([-90.0, -67.5, -45.0, -1.0, 67.5], [90, 112.5, 135, 179, 67.5]),
        ([-1.0, -1.0], [179, 179]),
        (["45.0 deg", "90°", "0 degrees", "null"], [45, 90, 0, NAN]),
        ([0.0001, -0.0001, 44.9999, 45.0002, 90.0], [0, 0, 45, 45, 90]),
        ([5.62499, 5.62501, 45.0, 90.0], [5.62, 5.62, 45, 90]),
        ([0.0, 1.0, 2.0, 3.0], [0, 1, 2, 3]),
        ([0.5, 0.5, 1.5], [0.5, 0.5, 1.5]),
    ],
)
def test_angles_that_are_meant_are_kept(angles: list, orientation_deg: list[float]) -> None:
    trials = shown(orientation=angles).trials
    np.testing.assert_array_equal(trials["orientation_deg"], orientation_deg)
    assert "direction_deg" not in trials


def test_a_full_turn_is_direction_0() -> None:
    trials = shown(direction=[0.0, 90.0, 180.0, 270.0, 360.0]).trials
    assert trials["direction_deg"].tolist() == [0, 90, 180, 270, 0]


def test_signed_directions_are_directions() -> None:
    trials = shown(orientation=[-180.0, -90.0, 0.0, 90.0]).trials
    assert trials["direction_deg"].tolist() == [180, 270, 0, 90]
    assert trials["orientation_deg"].tolist() == [0, 90, 0, 90]


@pytest.mark.parametrize("blank", [NAN, -999.0, -1.0])
def test_radians_are_refused(blank: float) -> None:
    with pytest.raises(DataError) as refused:
        shown(orientation=[*np.deg2rad([0, 45, 90, 157.5]), blank])
    assert str(refused.value) == (
        "the trials column 'orientation' holds 4 distinct angles, of which the largest is 2.75; "
        "these look like radians. Give degrees."
    )


def test_words_for_orientations_are_refused_with_an_example() -> None:
    with pytest.raises(DataError) as refused:
        shown(orientation=["45", "", "upright"])
    assert str(refused.value) == (
        "the trials column 'orientation' holds words such as 'upright', which are not numbers, so "
        "there is no angle to compute with. Give degrees, and leave blank trials empty."
    )


def test_words_for_a_direction_are_named_where_tuning_is_asked_for() -> None:
    with pytest.raises(DataError, match=r"'direction' holds words such as 'left', which are not"):
        require_tuning_trials(shown(direction=["left", "right"]))


def test_words_for_a_direction_beside_orientations_are_ignored() -> None:
    trials = shown(orientation_deg=ANGLES_DEG, direction_deg=["left", "right"] * 2).trials
    assert trials["orientation_deg"].tolist() == ANGLES_DEG
    assert "direction_deg" not in trials
    assert trials["direction"].tolist() == ["left", "right"] * 2


def test_contrast_in_percent_is_a_number() -> None:
    trials = shown(ori=ANGLES_DEG, contrast=["100%", "50 %", "0%", ""]).trials
    np.testing.assert_array_equal(trials["contrast"], [100, 50, 0, NAN])
    np.testing.assert_array_equal(trials["orientation_deg"], [0, 45, NAN, 135])


def test_contrast_in_words_is_a_label(tmp_path: Path) -> None:
    recording = shown(ori=ANGLES_DEG, Contrast=["high", "low", "", "low"])
    assert recording.trials["contrast"].tolist() == ["high", "low", "", "low"]
    assert describe(recording)["contrasts"] == ["high", "low"]
    assert describe(recording)["n_blank_trials"] == 0
    assert "contrasts     2: high, low" in describe_as_text(describe(recording))
    assert_same(read_nwb(write_nwb(recording, tmp_path / "one.nwb")), recording)


@pytest.mark.parametrize(
    ("spelling", "ours"),
    [
        ("TF", "temporal_frequency"),
        ("Temporal Frequency", "temporal_frequency"),
        ("stimulus_temporal_frequency_hz", "temporal_frequency"),
        ("spatialFrequency", "spatial_frequency"),
        ("phase", "phase"),
        ("Diameter", "size"),
        ("radius_deg", "size"),
        ("speed", "speed"),
        ("Color", "colour"),
        ("grating_contrast", "contrast"),
    ],
)
def test_what_else_tells_stimuli_apart_is_found(tmp_path: Path, spelling: str, ours: str) -> None:
    recording = shown(ori=ANGLES_DEG, **{spelling: [1.0, 2.0, 2.0, 4.0]})
    assert ours in STIMULUS_COLUMNS
    assert recording.trials[ours].tolist() == [1, 2, 2, 4]
    assert_same(read_nwb(write_nwb(recording, tmp_path / "one.nwb")), recording)


def test_stimuli_that_differ_in_more_than_angle_are_no_repeats() -> None:
    recording = shown(ori=[0.0] * 4, tf=[1.0, 2.0] * 2, color=["red", "red", "green", "green"])
    description = describe(recording)
    assert description["repeats_per_condition"] == {"min": 1, "median": 1, "max": 1}
    assert description["other_stimuli"] == {
        "temporal_frequency": [1, 2],
        "colour": ["green", "red"],
    }
    assert "temporal_frequency  2: 1, 2" in describe_as_text(description)


def test_many_values_are_shortened_in_the_text() -> None:
    description = describe(shown(ori=np.zeros(50), phase=np.arange(50.0)))
    assert "50: 0, 1, 2" in describe_as_text(description)
    assert "38, ..., 49" in describe_as_text(description)


@pytest.mark.parametrize("values", [[False, False, True, True], [0, 0, 1, 1], [0.0, NAN, 1.0, 1.0]])
@pytest.mark.parametrize("column", ["drug", "Treatment", "condition"])
def test_a_condition_in_numbers_is_ignored_aloud(
    tmp_path: Path, column: str, values: list[object]
) -> None:
    (said,) = said_by(tmp_path, four_trials(ori=ANGLES_DEG, **{column: values}))
    assert said.startswith(f"the trials column {column!r} varies (")
    assert said.endswith(
        ") but is ignored: its values do not say what they stand for. To compare by it, add a "
        "trials column called epoch with a word for each."
    )


@pytest.mark.parametrize(
    "columns", [{"drug": [1] * 4}, {"drug": [0, 0, 1, 1], "epoch": ["a", "a", "b", "b"]}]
)
def test_a_condition_that_is_not_missed_is_ignored_in_silence(
    tmp_path: Path, columns: dict
) -> None:
    assert said_by(tmp_path, four_trials(ori=ANGLES_DEG, **columns)) == []


def test_a_drug_in_words_is_an_epoch() -> None:
    assert shown(ori=ANGLES_DEG, drug=["none", "none", "MK-801", "MK-801"]).trials[
        "epoch"
    ].tolist() == ["none", "none", "MK-801", "MK-801"]


def test_trials_without_a_name_for_their_epoch_are_left_out() -> None:
    with pytest.warns(UserWarning, match="2 of 4 trials lie in no epoch and are left out"):
        recording = shown(ori=ANGLES_DEG, epoch=["", "drug", None, "drug"])
    assert recording.trials["orientation_deg"].tolist() == [45, 135]
    assert recording.epochs["name"].tolist() == ["drug"]


def test_epochs_elsewhere_are_refused(tmp_path: Path) -> None:
    epochs = {"start_time": [90.0], "stop_time": [99.0], "label": ["drug"]}
    with pytest.raises(DataError) as refused:
        said_by(tmp_path, four_trials(ori=ANGLES_DEG), epochs)
    assert (
        "none of the 4 trials (0 to 7 s) lies in an epoch (90 to 99 s), so none has a condition. "
        "Correct the times of the epochs, or name the epoch of each trial in a trials column "
        "called epoch."
    ) in str(refused.value)


@pytest.mark.parametrize(("stop_s", "found"), [(NAN, "4 s to nan s"), (3.0, "4 s to 3 s")])
def test_epochs_without_a_duration_are_refused(tmp_path: Path, stop_s: float, found: str) -> None:
    epochs = {"start_time": [0.0, 4.0], "stop_time": [4.0, stop_s], "name": ["control", "drug"]}
    with pytest.raises(DataError) as refused:
        said_by(tmp_path, four_trials(ori=ANGLES_DEG), epochs)
    assert (
        f"epoch 1 ('drug') runs from {found}, so no trial can be placed in it. Correct the two "
        "times, or remove the epoch."
    ) in str(refused.value)


@pytest.mark.parametrize(
    ("tags", "names"),
    [
        ([["mouse1", "control"], ["mouse1", "drug"]], ["control", "drug"]),
        ([["mouse1"], ["mouse1", "drug"]], ["mouse1", "drug"]),
        ([["a", "b"], ["a", "b"]], ["a b", "a b"]),
        ([["control"], []], ["control", "epoch 2"]),
    ],
)
def test_tags_that_all_epochs_share_are_no_names(
    tmp_path: Path, tags: list[list[str]], names: list[str]
) -> None:
    epochs = {"start_time": [0.0, 4.0], "stop_time": [4.0, 8.0]}
    path = foreign_file(
        tmp_path / "one.nwb", intervals={"trials": four_trials(ori=ANGLES_DEG), "epochs": epochs}
    )
    with h5py.File(path, "a") as file:
        file["intervals/epochs/tags"] = [tag for one in tags for tag in one]
        file["intervals/epochs/tags_index"] = np.cumsum([len(one) for one in tags])
    recording = read_nwb(path)
    assert recording.trials["epoch"].tolist() == [names[0]] * 2 + [names[1]] * 2


def test_a_column_of_another_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError) as refused:
        said_by(tmp_path, four_trials(orientation=[0.0, 45.0, 90.0]))
    assert (
        "column 'orientation' of the trials table has 3 entries, but the table has 4 rows, so it "
        "is not known which row each belongs to. Write the table again."
    ) in str(refused.value)


def test_one_of_two_onsets_is_chosen_aloud(tmp_path: Path) -> None:
    trials = four_trials(ori=ANGLES_DEG, onset_s=[0.5, 2.5, 4.5, 6.5])
    assert said_by(tmp_path, trials) == [
        "the trials table has both start_time and onset_s, and they differ; start_time is used "
        "and onset_s is ignored. Keep the one that is meant, as start_time"
    ]
    assert said_by(tmp_path, four_trials(onset_s=[0.0, 2.0, 4.0, 6.0])) == []


def test_two_onsets_in_a_table(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="both onset_s and start_time, and they differ; onset_s"):
        recording = shown(ori=ANGLES_DEG, start_time=[9.0] * 4)
    assert_same(read_nwb(write_nwb(recording, tmp_path / "one.nwb")), recording)
    columns = ["onset_s", "onset_s", "offset_s"]
    twice = pd.DataFrame([[0.0, 1.0, 2.0]], columns=columns)
    with pytest.raises(DataError) as refused:
        from_tables(spikes={"a": [0.5]}, trials=twice, subject=Subject(identifier="m"))
    assert str(refused.value) == (
        "the trials table has 2 columns called 'onset_s', so it is not clear which one is meant. "
        "Keep one of them."
    )


def test_files_of_the_same_name_in_two_folders_are_two_animals(tmp_path: Path) -> None:
    for name in ("mouse0", "mouse1"):
        (tmp_path / name).mkdir()
        path = foreign_file(tmp_path / name / "session.nwb")
        assert read_nwb(path).subject.identifier == f"{name}/session"
        with h5py.File(path, "a") as file:
            file["general/subject/subject_id"] = " "
        assert read_nwb(path).subject.identifier == f"{name}/session"
