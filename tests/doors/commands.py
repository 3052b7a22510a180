"""What tests of the command line share: the command, a small experiment, a comparison of runs."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from ketacortex.recording.nwb import read_nwb

COMMAND = [sys.executable, "-c", "from ketacortex.cli import main; main()"]
SMALL = [
    "--set", "circuit.pyr.n=80", "--set", "circuit.pv.n=16", "--set", "circuit.sst.n=12",
    "--set", "stimulus.n_orientations=6", "--set", "stimulus.repeats=4",
    "--set", "stimulus.blanks=6", "--set", "stimulus.duration_s=0.3", "--set", "stimulus.gap_s=0.1",
    "--set", "slow_steps.representative_trials=3", "--set", "analysis.network=false",
]  # fmt: skip


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
