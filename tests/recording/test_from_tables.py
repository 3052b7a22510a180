from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from recordings import assert_same

from ketacortex.errors import DataError
from ketacortex.recording.nwb import read_nwb, write_nwb
from ketacortex.recording.recording import Recording, Subject
from ketacortex.recording.tables import from_tables

SUBJECT = Subject(identifier="one", species="Felis catus")
TRIALS = pd.DataFrame(
    {"onset_s": [0.0, 2.0], "offset_s": [1.0, 3.0], "direction_deg": [225.0, np.nan]}
)
SPIKES = pd.DataFrame({"unit": [7, 3, 7, 3], "time_s": [0.5, 0.5, 2.0, 2.5]})


def from_changed(**changed: object) -> Recording:
    given = {"spikes": SPIKES, "trials": TRIALS, "subject": SUBJECT, **changed}
    return from_tables(**given)  # type: ignore[arg-type]


def test_rows_of_spikes_are_grouped_by_unit() -> None:
    recording = from_changed()
    assert recording.units.index.tolist() == [3, 7]
    assert recording.spike_times_s(0).tolist() == [0.5, 2.5]
    assert recording.spike_times_s(1).tolist() == [0.5, 2.0]
    assert (recording.start_s, recording.stop_s) == (0.0, 3.0)
    assert recording.cell_classes.tolist() == ["unknown", "unknown"]
    assert recording.epochs["name"].tolist() == ["all"]
    np.testing.assert_array_equal(recording.trials["orientation_deg"], [45, np.nan])
    np.testing.assert_array_equal(recording.trials["direction_deg"], [225, np.nan])


def test_spike_times_by_unit_give_the_same() -> None:
    by_unit = {3: [0.5, 2.5], 7: [0.5, 2.0]}
    assert_same(from_changed(spikes=by_unit), from_changed())


def test_a_units_table_names_silent_units_and_sets_the_order() -> None:
    units = pd.DataFrame({"celltype": ["PV", "pyr", ""], "depth_um": [1.0, 2.0, 3.0]}, [7, 5, 3])
    recording = from_changed(units=units)
    assert [len(recording.spike_times_s(unit)) for unit in range(3)] == [2, 0, 2]
    assert recording.cell_classes.tolist() == ["pv", "pyr", "unknown"]
    assert recording.units["depth_um"].tolist() == [1.0, 2.0, 3.0]


def test_epochs_are_named_by_the_trials() -> None:
    recording = from_changed(trials=TRIALS.assign(epoch=["before", "after"]))
    assert recording.epochs["name"].tolist() == ["before", "after"]


def test_a_recording_from_tables_survives_a_file(tmp_path) -> None:
    recording = from_changed(spikes={"b": [0.25], "a": []}, source="two units")
    assert_same(read_nwb(write_nwb(recording, tmp_path / "one.nwb")), recording)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"spikes": SPIKES.rename(columns={"time_s": "t"})},
            "the spikes table has no column 'time_s'; it needs unit and time_s. Columns found: "
            "unit, t. Rename the one meant.",
        ),
        (
            {"trials": TRIALS[["onset_s"]]},
            "the trials table has no column 'offset_s'; it needs onset_s and offset_s. Columns "
            "found: onset_s. Rename the one meant.",
        ),
        ({"spikes": {}}, "there are no units, so there is nothing to analyse. Give their spikes."),
        (
            {"units": pd.DataFrame(index=[3])},
            "the spikes name unit 7, which the units table does not list. Add it, or leave out "
            "its spikes.",
        ),
        (
            {"units": pd.DataFrame(index=[3, 7, 7])},
            "the units table lists unit 7 more than once, so its spikes have no one place. Give "
            "every unit its own name as the index.",
        ),
        (
            {"sample_rate_hz": 0.0},
            "sample_rate_hz is 0.0; spike times are rounded to samples, so it must be above 0. "
            "Leave it out for a microsecond.",
        ),
        (
            {"spikes": {"a": [2.0, 1.0]}},
            "unit a: spike times go back at spike 1 (2 s then 1 s). Spike times have to ascend",
        ),
        ({"spikes": {"a": [np.nan]}}, "unit a: the time of spike 0 is nan s, so it cannot be"),
        (
            {"trials": TRIALS.assign(offset_s=TRIALS["onset_s"])},
            "trial 0: its offset (0 s) is not after its onset (0 s)",
        ),
    ],
)
def test_tables_that_cannot_be_right_are_refused_in_words(
    changed: dict[str, object], sentence: str
) -> None:
    with pytest.raises(DataError) as refused:
        from_changed(**changed)
    assert sentence in str(refused.value)
