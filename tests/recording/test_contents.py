from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from recordings import full_recording

from ketacortex.recording.contents import describe, describe_as_text
from ketacortex.recording.recording import Recording

ANALYSES = [
    "tuning",
    "preferred-orientation shift",
    "Fano factor",
    "noise correlation",
    "spontaneous rate",
]


def verdicts(recording: Recording) -> dict[str, tuple[bool, str]]:
    analyses = describe(recording)["analyses"]
    return {one["name"]: (one["possible"], one["reason"]) for one in analyses}


def with_trials(**columns: object) -> Recording:
    recording = full_recording()
    return replace(recording, trials=recording.trials.assign(**columns))


def test_a_full_recording_is_described_by_its_numbers() -> None:
    description = describe(full_recording())
    assert description["subject"]["identifier"] == "mouse-7"
    assert description["units"]["n"] == 5
    assert description["units"]["by_class"] == {
        "pyr": 1,
        "pv": 1,
        "sst": 1,
        "vip": 1,
        "unknown": 1,
    }
    assert (description["duration_s"], description["n_spikes"]) == (81.0, 1303)
    assert description["mean_rate_hz"] == {"min": 0.0, "median": 3 / 81, "max": 800 / 81}
    assert description["epochs"][0] == {
        "name": "control",
        "start_s": 0.0,
        "stop_s": 40.0,
        "n_trials": 20,
    }
    assert (description["n_trials"], description["n_blank_trials"]) == (40, 8)
    assert description["orientations_deg"] == [0, 45, 90, 135]
    assert description["contrasts"] == [0, 1]
    assert description["repeats_per_condition"] == {"min": 4, "median": 4, "max": 4}
    assert [channel["depth_um"] for channel in description["channels"]] == [123.4, None, None]
    assert description["events"] == [
        {"name": "burst", "n": 1, "n_units": 1, "median_duration_s": 0.0},
        {"name": "dendritic plateau", "n": 2, "n_units": 2,
         "median_duration_s": pytest.approx((0.02 + 1 / 3) / 2)},
    ]  # fmt: skip
    assert "dendritic plateau  2  in 2 units  median 177 ms" in describe_as_text(description)
    assert description["doses"][0]["amount"] == 10.0


def test_every_analysis_is_possible_on_a_full_recording() -> None:
    found = verdicts(full_recording())
    assert list(found) == ANALYSES
    assert all(possible for possible, _ in found.values())


@pytest.mark.parametrize(
    "recording",
    [
        full_recording(),
        replace(full_recording(), trials=full_recording().trials.iloc[:0], stop_s=0.0),
        replace(full_recording(), doses=full_recording().doses.assign(stop_s=np.nan)),
    ],
    ids=["full", "no trials", "open dose"],
)
def test_a_description_is_json_without_nan_and_text_without_gaps(recording: Recording) -> None:
    description = describe(recording)
    assert json.loads(json.dumps(description, allow_nan=False)) == description
    text = describe_as_text(description)
    assert all(name in text for name in ANALYSES)
    assert "nan" not in text


@pytest.mark.parametrize(
    ("recording", "analysis", "reason"),
    [
        (with_trials(orientation_deg=45.0), "tuning", "the trials show 1 orientation (45 deg)"),
        (with_trials(orientation_deg=45.0), "preferred-orientation shift", "the trials show 1"),
        (
            with_trials(epoch="all"),
            "preferred-orientation shift",
            "epochs with at least 4 orientations: all; a shift compares 2. Name the conditions in "
            "a trials column called epoch.",
        ),
        (
            with_trials(orientation_deg=np.arange(40.0)),
            "Fano factor",
            "no stimulus was shown 2 times within an epoch; a variance over trials needs repeats.",
        ),
        (with_trials(orientation_deg=np.arange(40.0)), "noise correlation", "no stimulus was"),
        (
            replace(
                full_recording(),
                units=pd.DataFrame({"cell_class": ["pyr"]}),
                events=full_recording().events.iloc[:0],
                spike_index=np.array([0, 1303]),
            ),
            "noise correlation",
            "the recording has 1 unit; a correlation needs at least 2 recorded together.",
        ),
        (
            with_trials(orientation_deg=45.0),
            "spontaneous rate",
            "none of the 40 trials is blank; the spontaneous rate is measured without a stimulus.",
        ),
        (
            with_trials(orientation_deg=np.nan, contrast=1.0),
            "spontaneous rate",
            "none of the 40 trials is blank",
        ),
    ],
)
def test_what_is_impossible_says_why(recording: Recording, analysis: str, reason: str) -> None:
    possible, said = verdicts(recording)[analysis]
    assert not possible
    assert said.startswith(reason)


def test_without_any_orientation_contrast_tells_the_blanks() -> None:
    recording = with_trials(orientation_deg=np.nan)
    assert describe(recording)["n_blank_trials"] == 8


def test_the_text_is_a_table() -> None:
    text = describe_as_text(describe(full_recording()))
    for line in (
        "subject       mouse-7 (Mus musculus, sex F)",
        "units         5 (1 pyr, 1 pv, 1 sst, 1 vip, 1 unknown)",
        "orientations  4: 0, 45, 90, 135 deg",
        "  control  0 to 40 s   20 trials",
        "  lfp_10  local field potential (mV)  333.333 Hz  0.3 s  123.4 µm deep",
        "  paper  ketamine, topical  10.0 mg/mL  40.0 to 3640.0 s",
        "  tuning                       yes  4 orientations.",
    ):
        assert line in text.splitlines()


def test_a_condition_that_came_twice_is_counted_each_time() -> None:
    epochs = pd.DataFrame(
        {"name": ["a", "b", "a"], "start_s": [0.0, 20, 40], "stop_s": [20.0, 40, 80]}
    )
    recording = replace(with_trials(epoch=["a"] * 10 + ["b"] * 10 + ["a"] * 20), epochs=epochs)
    assert [epoch["n_trials"] for epoch in describe(recording)["epochs"]] == [10, 10, 20]
