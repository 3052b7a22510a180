"""How long a user waits before anything happens: import, help, and the first and second kernel.

    python benchmarks/cold_start.py            # a table; --json for one JSON line

Wall seconds of whole processes, best of several; compiling into an empty cache is timed once. The
command line is called as its entry point is, without the start of a shell.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

IMPORT = "import ketacortex"
HELP = "import sys; sys.argv = ['ketacortex', '--help']; from ketacortex.cli import main; main()"
STEP = (
    "import time; from ketacortex.simulate.engine import compile_kernel; began = time.monotonic(); "
    "compile_kernel(); print(time.monotonic() - began)"
)


def wall_s(code: str, **environment: str) -> tuple[float, str]:
    began = time.monotonic()
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, **environment},
    )  # fmt: skip
    return time.monotonic() - began, answer.stdout


def measure(rounds: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        cache = str(Path(name) / "cache")
        first_s, first_kernel = wall_s(STEP, NUMBA_CACHE_DIR=cache)
        second = [wall_s(STEP, NUMBA_CACHE_DIR=cache) for _ in range(rounds)]
        # A file in the place of the folder: nothing can be written there, root or not. Where the
        # source cannot be written either, `ketacortex.compiled` compiles anew in every process.
        blocked = Path(name) / "blocked"
        blocked.touch()
        nowhere_s, _ = wall_s(STEP, NUMBA_CACHE_DIR=str(blocked / "cache"))
    return {
        "import_s": round(min(wall_s(IMPORT)[0] for _ in range(rounds)), 3),
        "help_s": round(min(wall_s(HELP)[0] for _ in range(rounds)), 3),
        "first_run_s": round(first_s, 2),
        "first_kernel_s": round(float(first_kernel), 2),
        "second_run_s": round(min(took for took, _ in second), 2),
        "second_kernel_s": round(min(float(out) for _, out in second), 2),
        "no_cache_folder_s": round(nowhere_s, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON line, last on stdout")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    result = measure(arguments.rounds)
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:<24}{value:g}")


if __name__ == "__main__":
    main()
