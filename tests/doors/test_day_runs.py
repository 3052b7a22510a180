"""A day with an adapter from the command line: killed and resumed, and what its table says."""

import csv
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest
from commands import COMMAND, SMALL, assert_same_spikes, ketacortex

from ketacortex.recording.nwb import read_nwb

ONE_ARM = ["--set", 'arms={drug = {doses = ["paper"]}}', "--animals", "1", "--workers", "1"]


def start(folder: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [*COMMAND, "run", "adaptation", "--out", str(folder), *SMALL, *ONE_ARM],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(process: subprocess.Popen) -> None:
    _, words = process.communicate(timeout=240)
    assert process.returncode == 0, words


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("days") / "whole"
    finish(start(folder))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("n_epochs", [4, 8])
def test_killed_in_the_middle_of_a_day_it_resumes_from_the_last_epoch(whole, tmp_path, n_epochs):
    folder = tmp_path / "killed"
    process = start(folder)
    deadline = time.monotonic() + 120
    while len(list(folder.glob("animals/animal-001/.shared/*.npz"))) < n_epochs:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    time.sleep(0.5)  # a worker whose parent was killed ends itself
    kept = {path: os.stat(path).st_mtime_ns for path in folder.glob("animals/*/.shared/*.npz")}
    assert not list(folder.glob("animals/*/*/recording.nwb"))
    process = start(folder)
    while not list(folder.glob("animals/*/*/recording.nwb")):
        assert process.poll() is None, process.communicate()[1]
        unchanged = {path: os.stat(path).st_mtime_ns for path in kept if path.is_file()}
        assert unchanged.items() <= kept.items(), "what was kept is not shown again"
        time.sleep(0.02)
    finish(process)
    assert_same_spikes(folder, whole)
    courses = [next(run.glob("animals/*/*/course.csv")) for run in (folder, whole)]
    assert courses[0].read_text() == courses[1].read_text()


@pytest.mark.slow
def test_the_recording_tells_of_its_day_and_analyse_finds_the_adapter(whole, tmp_path):
    path = next(whole.glob("animals/*/*/recording.nwb"))
    epochs = read_nwb(path).epochs
    adapting = epochs[epochs["kind"] == "adapt"]
    assert adapting["adapter_deg"].tolist() == [90.0, 90.0]
    assert adapting["adapter_s"].tolist() == [120.0, 600.0]
    assert adapting["stop_s"].sub(adapting["start_s"]).round(6).tolist() == [120.0, 600.0]
    answer = ketacortex("analyse", path, "--json")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    measures = {row["measure"] for row in found["adapters"] + found["not_computed"]}
    assert {"attraction_balance", "recovery_slope"} <= measures


@pytest.mark.slow
def test_effects_carry_the_phenomenon_that_the_experiment_names(whole):
    summary = json.loads((whole / "findings" / "summary.json").read_text())
    assert all("phenomenon" in row for row in summary["effects"])
    table = pd.read_csv(whole / "findings" / "effects.csv", quoting=csv.QUOTE_MINIMAL)
    named = table[table["phenomenon"].notna()]
    assert set(named["measure"]) >= {"near_osi"} or named.empty
    other = table[table["measure"] == "evoked_rate_hz"]
    assert other["phenomenon"].isna().all()
