from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import assert_same, full_recording

from ketacortex.errors import ConfigurationError, DataError
from ketacortex.recording.columns import label
from ketacortex.recording.nwb import read_nwb, write_nwb
from ketacortex.recording.nwb_writer import content_identifier
from ketacortex.recording.recording import Channel, Recording, Subject

WORDS = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "Zs"]), min_size=1, max_size=8
).filter(str.strip)
SAMPLE_RATES_HZ = st.sampled_from([1e3, 1e4, 2e4, 24414.0625, 25e3, 3e4, 32552.083333, 1e6])
FINITE = st.floats(-1e6, 1e6)


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    """Small recordings with silent units, blanks and few spikes."""
    spikes = draw(st.lists(st.lists(st.integers(0, 10**9), max_size=4), min_size=1, max_size=4))
    n_trials = draw(st.integers(1, 5))
    whole_s = st.integers(-(10**5), 10**5)
    onset_s = 1.5 * np.array(
        draw(st.lists(whole_s, min_size=n_trials, max_size=n_trials, unique=True))
    )
    angle = st.sampled_from([0.0, 22.5, 90.0, 179.9, np.nan])
    direction_deg = np.array([draw(angle) for _ in range(n_trials)])
    epochs = draw(st.lists(WORDS.filter(label), min_size=1, max_size=3, unique=True))
    return Recording(
        subject=Subject(identifier=draw(WORDS), species=draw(WORDS), description=draw(WORDS)),
        spike_samples=np.array([sample for unit in spikes for sample in sorted(unit)], np.int64),
        spike_index=np.cumsum([0, *map(len, spikes)]),
        sample_rate_hz=draw(SAMPLE_RATES_HZ),
        units=pd.DataFrame(
            {
                "cell_class": draw(st.sampled_from(["pyr", "PV", "unknown"])),
                "depth_um": [draw(FINITE) for _ in spikes],
            },
            index=draw(st.permutations(range(len(spikes)))),
        ),
        trials=pd.DataFrame(
            {
                "onset_s": onset_s,
                "offset_s": onset_s + 1.0,
                "orientation_deg": direction_deg % 180.0,
                "direction_deg": (direction_deg + 180.0) % 360.0,
                "epoch": [draw(st.sampled_from(epochs)) for _ in range(n_trials)],
                "phase": draw(st.sampled_from([0.5, 2, "opposite"])),
                "temporal_frequency": 2,
                "block_number": range(n_trials),
            }
        ),
        epochs=pd.DataFrame({"name": epochs, "start_s": 0.1, "stop_s": 0.3}),
        start_s=draw(st.floats(-1e6, -2e5)),
        stop_s=2e6,
        source=draw(WORDS),
    )


@settings(max_examples=25, deadline=None)
@given(recordings())
def test_any_small_recording_comes_back_equal(recording: Recording) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert_same(read_nwb(write_nwb(recording, Path(folder) / "any.nwb")), recording)


def test_everything_comes_back_equal(tmp_path: Path) -> None:
    recording = full_recording()
    path = write_nwb(recording, tmp_path / "full.nwb")
    assert_same(read_nwb(path), recording)
    assert [one.name for one in tmp_path.iterdir()] == ["full.nwb"]


def test_silent_units_and_no_trials_come_back(tmp_path: Path) -> None:
    silent = replace(
        full_recording(),
        spike_samples=np.zeros(0, np.int64),
        spike_index=np.zeros(6, np.int64),
        trials=full_recording().trials.iloc[:0],
        channels=(),
        source="",
    )
    read = read_nwb(write_nwb(silent, tmp_path / "silent.nwb"))
    assert read.n_units == 5
    assert read.trials.empty
    assert read.source == ""
    pd.testing.assert_frame_equal(read.epochs, silent.epochs)


def test_equal_recordings_share_their_identifier_and_others_do_not() -> None:
    recording = full_recording()
    assert content_identifier(recording) == content_identifier(full_recording())
    moved = replace(recording, spike_samples=recording.spike_samples + 1)
    renamed = replace(recording, subject=Subject(identifier="mouse-8"))
    shorter = replace(recording, events=recording.events.assign(duration_s=0.01))
    assert len({content_identifier(one) for one in (recording, moved, renamed, shorter)}) == 4


def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept.nwb"
    path.write_text("old")
    monkeypatch.setattr("pynwb.NWBHDF5IO.write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_nwb(full_recording(), path)
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["kept.nwb"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere does not exist\. Make it first\."):
        write_nwb(full_recording(), tmp_path / "nowhere" / "one.nwb")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("lfp", "lfp"), "2 channels are called 'lfp'; a file can hold one of that name."),
        (("a/b",), "a channel is called 'a/b'; names in NWB cannot hold / or :. Rename it."),
    ],
)
def test_channels_that_nwb_cannot_name(
    tmp_path: Path, names: tuple[str, ...], sentence: str
) -> None:
    channels = tuple(
        Channel(name=name, quantity="q", unit="mV", values=np.zeros(3, np.float32), rate_hz=1.0)
        for name in names
    )
    with pytest.raises(DataError) as refused:
        write_nwb(replace(full_recording(), channels=channels), tmp_path / "one.nwb")
    assert sentence in str(refused.value)


def test_a_recording_without_units_is_not_written(tmp_path: Path) -> None:
    recording = full_recording()
    empty = replace(
        recording,
        units=recording.units.iloc[:0],
        events=recording.events.iloc[:0],
        spike_samples=np.zeros(0, np.int64),
        spike_index=np.zeros(1, np.int64),
    )
    with pytest.raises(DataError, match="has no units, so there is nothing to write"):
        write_nwb(empty, tmp_path / "one.nwb")


def test_stretches_without_recording_survive(tmp_path):
    recording = replace(full_recording(), gaps_s=np.array([[0.2, 0.4], [80.0, 80.5]]))
    held = read_nwb(write_nwb(recording, tmp_path / "gaps.nwb"))
    np.testing.assert_array_equal(held.gaps_s, recording.gaps_s)
    assert (held.start_s, held.stop_s) == (recording.start_s, recording.stop_s)
    assert held.observed_duration_s == pytest.approx(recording.stop_s - recording.start_s - 0.7)


@pytest.mark.parametrize("gaps", [[[50.0, 40.0]], [[10.0, 20.0], [15.0, 30.0]], [[70.0, 1e3]]])
def test_gaps_out_of_order_are_refused(gaps):
    with pytest.raises(DataError, match="are not in order of time between"):
        replace(full_recording(), gaps_s=np.array(gaps))


def test_an_epoch_whose_name_means_nothing_is_not_written(tmp_path):
    epochs = full_recording().epochs.assign(name=["control", "NaN"])
    with pytest.raises(DataError, match="an epoch is called 'NaN', which readers take for a miss"):
        write_nwb(replace(full_recording(), epochs=epochs), tmp_path / "nameless.nwb")


def test_channels_and_events_of_numbered_units_find_their_unit_again(tmp_path):
    recording = full_recording()
    numbered = replace(
        recording,
        units=recording.units.set_axis(pd.Index([7, 3, 12, 0, 5])),
        events=recording.events.assign(unit=[3, 0, 0]),
        channels=(replace(recording.channels[2], of_unit=12),),
    )
    assert_same(read_nwb(write_nwb(numbered, tmp_path / "numbered.nwb")), numbered)
