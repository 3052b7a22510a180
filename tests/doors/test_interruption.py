"""A run that is stopped, killed or damaged completes to the same bits."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from commands import COMMAND, SMALL, assert_same_spikes

pytestmark = pytest.mark.slow


def start(folder: Path, *more) -> subprocess.Popen:
    return subprocess.Popen(
        [*COMMAND, "run", "--out", str(folder), "--seed", "1", "--animals", "2", "--workers", "1",
         "--set", 'arms={drug = {doses = ["paper"]}}', *SMALL, *more],
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


def test_after_an_interrupt_the_same_command_completes_to_the_same_bits(whole, tmp_path):
    folder = tmp_path / "interrupted"
    process = start(folder)
    first = folder / "animals" / "animal-001" / "drug" / "recording.nwb"
    wait_for(first, process)
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "finished animals are kept, the same command continues" in words
    assert "Traceback" not in words
    written = first.stat().st_mtime_ns
    assert not (folder / "report.html").exists()
    process = start(folder, "--resume")
    _, words = process.communicate(timeout=240)
    assert process.returncode == 0, words
    assert "finished earlier" in words
    assert first.stat().st_mtime_ns == written
    assert_same_spikes(folder, whole)


@pytest.mark.slow
def test_a_worker_that_is_killed_is_no_bug_and_loses_nothing(whole, tmp_path):
    folder = tmp_path / "killed"
    process = start(folder)
    wait_for(folder / "animals" / "animal-001" / "drug" / "recording.nwb", process)
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


@pytest.mark.slow
def test_a_recording_that_a_crash_damaged_is_simulated_again(whole, tmp_path):
    folder = tmp_path / "damaged"
    process = start(folder)
    first = folder / "animals" / "animal-001" / "drug" / "recording.nwb"
    wait_for(first, process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    time.sleep(0.5)  # a worker whose parent was killed ends itself
    first.write_bytes(first.read_bytes()[:5000])
    (first.parent / ".recording.1.partial.nwb").write_bytes(b"half")
    process = start(folder)
    assert process.wait(timeout=240) == 0, process.communicate()[1]
    assert_same_spikes(folder, whole)
    names = sorted(path.name for path in first.parent.iterdir())
    assert names == ["course.csv", "recording.nwb"]
