"""The command line as a user meets it: contract, exit codes, sentences, interruption."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ketacortex.recording.nwb import read_nwb, write_nwb

COMMAND = [sys.executable, "-c", "from ketacortex.cli import main; main()"]
SMALL = [
    "--set", "circuit.pyr.n=80", "--set", "circuit.pv.n=16", "--set", "circuit.sst.n=12",
    "--set", "stimulus.n_orientations=6", "--set", "stimulus.repeats=4",
    "--set", "stimulus.blanks=6", "--set", "stimulus.duration_s=0.3", "--set", "stimulus.gap_s=0.1",
]  # fmt: skip
EFFECT_KEYS = {
    "measure", "arm", "epoch", "population", "before", "after", "change", "ci_low", "ci_high",
    "n_animals", "n_units", "ratio", "ratio_ci_low", "ratio_ci_high",
}  # fmt: skip
MEASURES = {
    "preferred_orientation_shift_abs_deg", "preferred_orientation_shift_excess_deg", "osi", "gosi",
    "fano_factor", "fano_factor_rate_matched", "evoked_rate_hz", "spontaneous_rate_hz",
    "noise_correlation",
}  # fmt: skip


def ketacortex(*arguments, environment=None, cwd=None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=cwd,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip


def spikes(folder: Path) -> dict[str, np.ndarray]:
    return {
        file.relative_to(folder).as_posix(): read_nwb(file).spike_samples
        for file in sorted(folder.glob("animals/*/*/recording.nwb"))
    }


def assert_same_spikes(one: Path, other: Path) -> None:
    first, second = spikes(one), spikes(other)
    assert first.keys() == second.keys() != set()
    for name, samples in first.items():
        np.testing.assert_array_equal(samples, second[name], err_msg=name)
    for name in ("units", "values", "pairs", "effects"):
        table = Path("findings") / f"{name}.csv"
        assert (one / table).read_text() == (other / table).read_text(), name


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished small run and what its command printed."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    answer = ketacortex(
        "run", "--out", folder, "--seed", 1, "--animals", 2, "--workers", 2, "--json", *SMALL
    )
    assert answer.returncode == 0, answer.stderr
    return folder, answer


def test_run_prints_one_line_with_every_key(run):
    _, answer = run
    (line,) = answer.stdout.strip().splitlines()
    found = json.loads(line)
    assert set(found) == {"effects", "not_computed", "wall_s", "peak_rss_mb"}
    assert all(set(row) == EFFECT_KEYS for row in found["effects"])
    computed = {row["measure"] for row in found["effects"]}
    assert computed | {entry["measure"] for entry in found["not_computed"]} == MEASURES
    assert len(computed) >= 8
    assert {row["population"] for row in found["effects"]} >= {"pyr", "pv", "sst"}
    assert {row["arm"] for row in found["effects"]} == {"retest"}
    assert found["wall_s"] > 0
    assert 50 < found["peak_rss_mb"] < 1500


def test_every_row_is_consistent(run):
    for row in json.loads(run[1].stdout)["effects"]:
        assert row["ci_low"] <= row["change"] <= row["ci_high"]
        assert row["n_animals"] == 2
        if row["measure"].startswith("preferred_orientation_shift"):
            assert row["before"] is None
            assert row["change"] == row["after"]
        else:
            assert row["change"] == pytest.approx(row["after"] - row["before"], abs=1e-9)


def test_what_is_missing_is_listed_with_a_reason_and_not_in_the_rows(run):
    found = json.loads(run[1].stdout)
    assert all(entry["reason"] for entry in found["not_computed"])
    whole = {
        (e["measure"], e["population"]) for e in found["not_computed"]
        if not re.match(r"(before|ratio):", e["reason"])
    }  # fmt: skip
    assert not whole & {(row["measure"], row["population"]) for row in found["effects"]}


def test_progress_goes_to_stderr_with_a_sign_of_life(run):
    assert re.search(r"50%  \d+:\d\d left  cells fire at \d+\.\d Hz", run[1].stderr)


def test_the_run_folder_holds_everything(run):
    folder, _ = run
    for name in ("experiment.toml", "provenance.json", "report.html", "log.jsonl", "status.json",
                 "findings/effects.csv", "findings/units.csv", "findings/summary.json",
                 "animals/animal-001/retest/recording.nwb"):  # fmt: skip
        assert (folder / name).is_file(), name
    assert json.loads((folder / "status.json").read_text())["state"] == "done"
    assert not [path for path in folder.rglob("*") if path.name.startswith(".")]


def test_the_same_command_again_only_says_that_it_is_done(run):
    folder, first = run
    before = {f: f.stat().st_mtime_ns for f in folder.rglob("*")}
    again = ketacortex("run", "--out", folder, "--seed", 1, "--animals", 2, "--json", *SMALL)
    assert again.returncode == 0
    assert "this run is done" in again.stderr
    assert again.stdout == first.stdout
    in_words = ketacortex("run", "--out", folder, "--seed", 1, "--animals", 2, *SMALL)
    assert in_words.stdout.strip() == str(folder / "report.html")
    assert {f: f.stat().st_mtime_ns for f in folder.rglob("*")} == before


def test_one_worker_and_a_fresh_cache_give_the_same_bits(run, tmp_path):
    answer = ketacortex(
        "run", "--out", tmp_path / "one", "--seed", 1, "--animals", 2, "--workers", 1, *SMALL,
        environment={"NUMBA_CACHE_DIR": str(tmp_path / "cache")},
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert_same_spikes(run[0], tmp_path / "one")


def test_epochs_of_an_animal_differ_and_animals_differ(run):
    recordings = [read_nwb(f) for f in sorted(run[0].glob("animals/*/*/recording.nwb"))]
    assert not np.array_equal(recordings[0].spike_samples, recordings[1].spike_samples)
    order = recordings[0].trials.groupby("epoch")["orientation_deg"].agg(list)
    assert order["control"] != order["retest"]


def start(folder: Path, *more) -> subprocess.Popen:
    return subprocess.Popen(
        [*COMMAND, "run", "--out", str(folder), "--seed", "1", "--animals", "3", "--workers", "1",
         *SMALL, *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for(path: Path, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 120
    while not path.is_file():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    process = start(folder)
    assert process.wait(timeout=240) == 0, process.communicate()[1]
    return folder


@pytest.mark.parametrize(("how", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_after_an_interrupt_the_same_command_completes_to_the_same_bits(how, code, whole, tmp_path):
    folder = tmp_path / "interrupted"
    process = start(folder)
    first = folder / "animals" / "animal-001" / "retest" / "recording.nwb"
    wait_for(first, process)
    process.send_signal(how)
    _, words = process.communicate(timeout=60)
    assert process.returncode == code
    if how == signal.SIGINT:
        assert "finished animals are kept, the same command continues" in words
        assert "Traceback" not in words
    time.sleep(0.5)  # a worker whose parent was killed ends itself
    written = first.stat().st_mtime_ns
    assert not (folder / "report.html").exists()
    process = start(folder, "--resume")
    _, words = process.communicate(timeout=240)
    assert process.returncode == 0, words
    assert "finished earlier" in words
    assert first.stat().st_mtime_ns == written
    assert_same_spikes(folder, whole)


def test_a_worker_that_is_killed_is_no_bug_and_loses_nothing(whole, tmp_path):
    folder = tmp_path / "killed"
    process = start(folder)
    wait_for(folder / "animals" / "animal-001" / "retest" / "recording.nwb", process)
    workers = subprocess.run(
        ["pgrep", "-P", str(process.pid), "-f", "spawn_main"], capture_output=True, text=True,
        check=True,
    ).stdout.split()  # fmt: skip
    for worker in workers:
        os.kill(int(worker), signal.SIGKILL)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 130, words
    assert "a worker process ended before its work was done" in words
    assert "Traceback" not in words
    process = start(folder)
    assert process.wait(timeout=240) == 0
    assert_same_spikes(folder, whole)


def test_a_recording_that_a_crash_damaged_is_simulated_again(whole, tmp_path):
    folder = tmp_path / "damaged"
    process = start(folder)
    first = folder / "animals" / "animal-001" / "retest" / "recording.nwb"
    wait_for(first, process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    time.sleep(0.5)
    first.write_bytes(first.read_bytes()[:5000])
    (first.parent / ".recording.1.partial.nwb").write_bytes(b"half")
    process = start(folder)
    assert process.wait(timeout=240) == 0, process.communicate()[1]
    assert_same_spikes(folder, whole)
    assert [path.name for path in first.parent.iterdir()] == ["recording.nwb"]


def test_a_dry_run_says_what_it_would_cost_and_writes_nothing(tmp_path):
    answer = ketacortex("run", "--dry-run", "--json", "--workers", 2, cwd=tmp_path)
    cost = json.loads(answer.stdout)
    assert {"cells", "synapses", "simulated_s", "expected_wall_s", "expected_memory_mb",
            "expected_disk_mb"} <= set(cost)  # fmt: skip
    assert cost["cells"] == 320
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["run", "basline-v1"], 2, 'unknown preset "basline-v1". Did you mean "baseline-v1"?'),
        (["run", "none.toml"], 2, 'there is no file "none.toml"'),
        (["run", "--set", "stimulus.repeets=3"], 2,
         "preset baseline-v1: stimulus.repeets is not a setting. Did you mean \"repeats\"?"),
        (["run", "--animals", "0"], 2, "animals is 0; input should be greater than or equal to 1"),
        (["run", "--out", "full"], 2, '"full" holds something else ("thesis.txt")'),
        (["run", "--out", "none", "--resume"], 2, 'there is no run in "none" to resume'),
        (["analyse", "none.nwb"], 2, "none.nwb"),
        (["inspect", "none.nwb"], 2, "none.nwb"),
        (["analyse", "full/thesis.txt"], 3, "thesis.txt"),
        (["analyse", "full"], 2, "there is nothing to analyse"),
        (["run", "--set", 'arms={"../../evil" = {}}'], 2, "should match pattern"),
        (["run", "--set", "arms={weak = {wiring = 1}}"], 2,
         "arms.weak.wiring is not a setting. Known: set."),
    ],
)  # fmt: skip
def test_a_mistake_gets_one_clear_sentence_and_its_exit_code(arguments, code, sentence, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("years of work")
    answer = ketacortex(*arguments, cwd=tmp_path)
    assert answer.returncode == code, answer.stderr
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""
    assert (tmp_path / "full" / "thesis.txt").read_text() == "years of work"
    assert [p.name for p in tmp_path.iterdir()] == ["full"]


def test_analyse_prints_units_comparisons_and_what_is_missing(run):
    file = run[0] / "animals" / "animal-001" / "retest" / "recording.nwb"
    answer = ketacortex("analyse", file, "--json")
    assert answer.returncode == 0, answer.stderr
    (line,) = answer.stdout.strip().splitlines()
    found = json.loads(line)
    assert {"units", "comparisons", "not_computed"} <= set(found)
    keys = {"unit", "epoch", "mean_rate_hz", "preferred_orientation_deg", "osi", "gosi",
            "fano_factor"}  # fmt: skip
    assert all(set(row) == keys for row in found["units"])
    assert len(found["units"]) == 2 * 108
    assert {row["inference"] for row in found["comparisons"]} == {
        "trials of one animal: no inference beyond it",
        "units of one animal: no inference beyond it",
    }
    missing = {(e.get("unit"), e["epoch"], e["measure"]) for e in found["not_computed"]}
    for row in found["units"]:
        for key in keys - {"unit", "epoch", "mean_rate_hz"}:
            assert row[key] is not None or (row["unit"], row["epoch"], key) in missing


def test_a_run_and_its_recordings_give_the_same_effects(run):
    files = sorted(run[0].glob("animals/*/*/recording.nwb"))
    answer = json.loads(ketacortex("analyse", *files, "--json").stdout)
    wanted = {
        (row["measure"], row["population"]): row["change"]
        for row in json.loads(run[1].stdout)["effects"]
    }
    found = {(row["measure"], row["population"]): row["change"] for row in answer["comparisons"]}
    assert found == pytest.approx(wanted)


def test_analyse_writes_a_report_only_where_asked_and_into_nothing_else(run, tmp_path):
    file = run[0] / "animals" / "animal-001" / "retest" / "recording.nwb"
    assert ketacortex("analyse", file, "--out", tmp_path / "a").returncode == 0
    assert (tmp_path / "a" / "report.html").stat().st_size > 10_000
    assert (tmp_path / "a" / "findings" / "units.csv").is_file()
    again = ketacortex("analyse", file, "--out", tmp_path / "a")
    assert again.returncode == 2
    assert "is not an empty folder; nothing was changed" in again.stderr


def test_the_same_recording_twice_is_refused(run, tmp_path):
    file = run[0] / "animals" / "animal-001" / "retest" / "recording.nwb"
    copy = tmp_path / "copy.nwb"
    copy.write_bytes(file.read_bytes())
    answer = ketacortex("analyse", file, copy)
    assert answer.returncode == 3
    assert "hold the same recording; counted twice it would make every interval too narrow" in (
        answer.stderr
    )


def test_the_version_is_told():
    import ketacortex as package

    assert ketacortex("--version").stdout.strip() == package.__version__


def test_inspect_says_what_is_possible(run):
    file = run[0] / "animals" / "animal-001" / "retest" / "recording.nwb"
    found = json.loads(ketacortex("inspect", file, "--json").stdout)
    assert found["analyses"]
    assert all(entry["possible"] for entry in found["analyses"])
    assert "control" in ketacortex("inspect", file).stdout


def test_a_cut_off_recording_is_refused(run, tmp_path):
    file = run[0] / "animals" / "animal-001" / "retest" / "recording.nwb"
    cut = tmp_path / "cut.nwb"
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    answer = ketacortex("analyse", cut)
    assert answer.returncode == 3, answer.stderr
    assert "cut.nwb" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_recording_without_trials_can_be_inspected_but_not_analysed(run, tmp_path):
    import dataclasses

    recording = read_nwb(run[0] / "animals" / "animal-001" / "retest" / "recording.nwb")
    bare = dataclasses.replace(recording, trials=recording.trials.iloc[:0])
    write_nwb(bare, tmp_path / "bare.nwb")
    assert ketacortex("inspect", tmp_path / "bare.nwb").returncode == 0
    answer = ketacortex("analyse", tmp_path / "bare.nwb")
    assert answer.returncode == 3
    assert "bare.nwb: " in answer.stderr
    assert "trial" in answer.stderr
    assert "Traceback" not in answer.stderr
