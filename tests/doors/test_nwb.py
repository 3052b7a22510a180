"""Files as other programs see them, and other people's data as we see it.

The public recordings lie beside the repository where they have been fetched, and are never part
of it; what is expected of them is read from the notes that lie with them.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pynwb
import pytest
from nwbinspector import Importance, inspect_nwbfile
from scipy.io import loadmat

from ketacortex.recording.checks import require_tuning_trials
from ketacortex.recording.nwb import read_nwb, write_nwb
from ketacortex.recording.recording import Channel, Recording

ROOT = Path(__file__).parents[2]
MACAQUE = ROOT.parent / "shared" / "data" / "v1_macaque_awake_gratings_binned"
MOUSE_LP = ROOT.parent / "shared" / "data" / "lp_mouse_neuropixels_gratings_continuous"
needs_macaque = pytest.mark.skipif(not MACAQUE.is_dir(), reason="the macaque data are not here")
needs_mouse_lp = pytest.mark.skipif(not MOUSE_LP.is_dir(), reason="the mouse data are not here")


@pytest.fixture(scope="module")
def gallery() -> ModuleType:
    path = ROOT / "gallery" / "tables_to_nwb.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def full_file(gallery: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    recording = gallery.synthetic_session()
    lfp = Channel(
        name="lfp",
        quantity="local field potential",
        unit="mV",
        values=np.sin(np.arange(1000.0)).astype(np.float32),
        rate_hz=1000.0,
        depth_um=400.0,
    )
    dose = {"name": ["well"], "blocker": ["ketamine"], "route": ["topical"]}
    times = {"start_s": [180.0], "stop_s": [360.0], "amount": [10.0], "unit": ["mg/mL"]}
    full = replace(recording, channels=(lfp,), doses=pd.DataFrame({**dose, **times}))
    return write_nwb(full, tmp_path_factory.mktemp("nwb") / "full.nwb")


def test_nwbinspector_finds_nothing_critical(full_file: Path) -> None:
    findings = inspect_nwbfile(nwbfile_path=full_file, importance_threshold=Importance.CRITICAL)
    assert [finding.message for finding in findings] == []


def test_pynwb_validates_and_opens_it(full_file: Path) -> None:
    assert pynwb.validate(path=full_file) == []
    ours = read_nwb(full_file)
    with pynwb.NWBHDF5IO(full_file, "r") as io:
        file = io.read()
        assert len(file.units) == ours.n_units
        np.testing.assert_array_equal(file.units["spike_times"][2], ours.spike_times_s(2))
        np.testing.assert_array_equal(file.units["obs_intervals"][2], [[ours.start_s, ours.stop_s]])
        assert file.units.resolution == 1 / ours.sample_rate_hz
        assert file.units["cell_class"][0] == "unknown"
        assert file.trials["start_time"][3] == ours.trials["onset_s"][3]
        assert np.isnan(file.trials["orientation_deg"][:]).sum() == 20
        assert list(file.epochs["tags"]) == [["control"], ["drug"]]
        assert file.acquisition["lfp"].unit == "mV"
        assert file.processing["doses"]["doses"]["blocker"][0] == "ketamine"
        assert file.session_start_time.isoformat() == "2000-01-01T00:00:00+00:00"


def test_the_gallery_script_writes_its_example(
    gallery: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    path = gallery.main([])
    assert "orientations  4: 0, 45, 90, 135 deg" in capsys.readouterr().out
    require_tuning_trials(read_nwb(path))


def test_the_example_shows_the_tuning_put_into_it(gallery: ModuleType) -> None:
    recording = gallery.synthetic_session()
    at_90 = recording.trials["orientation_deg"] == 90
    at_0 = recording.trials["orientation_deg"] == 0
    counts = _trial_counts(recording)
    # Unit 4 prefers 90 degrees, unit 0 prefers 0.
    assert counts[4, at_90].mean() > 3 * counts[4, at_0].mean()
    assert counts[0, at_0].mean() > 3 * counts[0, at_90].mean()


@needs_macaque
@pytest.mark.parametrize(
    ("stimulus", "session"),
    [("moving", 0), ("moving", 6), ("moving", 20), ("moving", 25), ("static", 7)],
)
def test_a_macaque_session_comes_through_a_file(
    gallery: ModuleType, tmp_path: Path, stimulus: str, session: int
) -> None:
    source = MACAQUE / f"data_v1_binned_{stimulus}.mat"
    recording = gallery.macaque_session(source, session)
    read = read_nwb(write_nwb(recording, tmp_path / "macaque.nwb"))
    n_units, n_repeats, rate_hz = _macaque_notes(stimulus, session)
    assert read.n_units == n_units
    angle = "direction_deg" if stimulus == "moving" else "orientation_deg"
    conditions = read.trials.groupby([angle, "contrast"]).size()
    assert set(conditions) == {n_repeats}
    counts = _trial_counts(read)
    assert counts.mean() / 0.5 == pytest.approx(rate_hz, rel=0.02)
    # Exactly the bins with centres 5 ... 495 ms, unit by unit and trial by trial.
    binned = loadmat(source)["data"][session, 0][0, 0]
    during = (binned["times"].ravel() > 0) & (binned["times"].ravel() < 500)
    by_trial = binned["spikes"][:, :, during].sum(axis=2).transpose(0, 2, 1)
    np.testing.assert_array_equal(counts, by_trial.reshape(n_units, -1))
    assert len(read.spike_samples) == binned["spikes"].sum()
    assert "binned at 10 ms" in read.source
    require_tuning_trials(read)


@needs_macaque
def test_moving_gratings_keep_their_direction(gallery: ModuleType) -> None:
    trials = gallery.macaque_session(MACAQUE / "data_v1_binned_moving.mat", 0).trials
    assert trials["direction_deg"].nunique() == 16
    assert trials["orientation_deg"].nunique() == 8
    np.testing.assert_array_equal(trials["orientation_deg"], trials["direction_deg"] % 180)


@needs_mouse_lp
def test_the_mouse_lp_recording_comes_through_a_file(gallery: ModuleType, tmp_path: Path) -> None:
    recording = gallery.mouse_lp(MOUSE_LP / "ExampleDataZetaTest.mat")
    read = read_nwb(write_nwb(recording, tmp_path / "lp.nwb"))
    notes = (MOUSE_LP / "README.md").read_text(encoding="utf-8")
    n_spikes = [int(count) for count in re.search(r"\((\d+) and (\d+) spikes", notes).groups()]
    evoked_hz = float(re.search(r"Unit 0: mean evoked ([\d.]+) Hz", notes)[1])
    assert np.diff(read.spike_index).tolist() == n_spikes
    shown_s = (read.trials["offset_s"] - read.trials["onset_s"]).to_numpy()
    assert (_trial_counts(read)[0] / shown_s).mean() == pytest.approx(evoked_hz, rel=0.02)
    assert read.trials["direction_deg"].nunique() == 24
    assert read.trials["orientation_deg"].nunique() == 12
    assert set(read.trials.groupby("direction_deg").size()) == {40}


def _trial_counts(recording: Recording) -> np.ndarray:
    trials = recording.trials
    return recording.spike_counts(trials["onset_s"].to_numpy(), trials["offset_s"].to_numpy())


def _macaque_notes(stimulus: str, session: int) -> tuple[int, int, float]:
    """Units, trials of a condition and mean rate, from the table in the notes on the data."""
    notes = (MACAQUE / "README.md").read_text(encoding="utf-8")
    (row,) = (line for line in notes.splitlines() if line.startswith(f"| {stimulus} {session} "))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    return int(cells[1]), int(cells[2]), float(cells[3])
