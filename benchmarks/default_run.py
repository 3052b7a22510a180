"""Wall time of the default run, cold and warm, as a new user meets it.

    python benchmarks/default_run.py            # prints a table; add --save to keep it

*Cold* compiles the kernel into an empty cache, *warm* finds it compiled; both start in an empty
folder and end with the report written. *Done* is the same command on the finished folder. The
kernel alone is timed in the same process, so that the share of it in the run is a ratio within one
run and not a comparison between days.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

COMMAND = [sys.executable, "-c", "from ketacortex.cli import main; main()"]


def timed_run(out: Path, cache: Path, workers: int) -> tuple[float, dict]:
    began = time.monotonic()
    answer = subprocess.run(
        [*COMMAND, "run", "--out", str(out), "--workers", str(workers), "--json"],
        capture_output=True, text=True, check=True,
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
    )  # fmt: skip
    return time.monotonic() - began, json.loads(answer.stdout)


def kernel_ns_per_compartment_step() -> dict[str, float]:
    """Cost of a compartment step under gratings, in blanks, and while slow states look on."""
    import numpy as np

    from ketacortex.model.circuit import build_circuit
    from ketacortex.model.settings import CircuitSettings
    from ketacortex.model.v1_network import network_of
    from ketacortex.seeds import generator
    from ketacortex.simulate.engine import STEPS_PER_S, Cortex
    from ketacortex.simulate.show import afferent_tuning
    from ketacortex.stimulus.afferent_spikes import AfferentSpikes

    circuit = build_circuit(CircuitSettings(), 1)
    s = circuit.settings
    compartments = circuit.n_cells + s.pyr.n * s.pyr.n_branches
    network = network_of(circuit)
    plain, looking = Cortex(network, 1), Cortex(network, 1, looks=True)
    afferents = AfferentSpikes(afferent_tuning(circuit), generator("benchmark"))
    found = {}
    for name, orientation, cortex in (
        ("grating", 0.0, plain), ("blank", np.nan, plain), ("grating, slow states", 0.0, looking)
    ):  # fmt: skip
        best = np.inf
        for _ in range(6):
            began = time.process_time()
            cortex.run(round(STEPS_PER_S), *afferents.stretch(orientation, 1.0, STEPS_PER_S))
            best = min(best, time.process_time() - began)
        found[name] = best / STEPS_PER_S / compartments * 1e9
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--save", action="store_true", help="append to benchmarks/results.jsonl")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        cold_s, summary = timed_run(place / "cold", place / "cache", arguments.workers)
        warm_s, _ = timed_run(place / "warm", place / "cache", arguments.workers)
        done_s, _ = timed_run(place / "warm", place / "cache", arguments.workers)
    result = {
        "date": date.today().isoformat(),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "workers": arguments.workers,
        "cold_s": round(cold_s, 1),
        "warm_s": round(warm_s, 1),
        "warm_over_cold": round(warm_s / cold_s, 2),
        "done_s": round(done_s, 1),
        "peak_rss_mb": summary["peak_rss_mb"],
        "ns_per_compartment_step": {
            name: round(value, 2) for name, value in kernel_ns_per_compartment_step().items()
        },
    }
    print(json.dumps(result, indent=1))
    if arguments.save:
        with (Path(__file__).parent / "results.jsonl").open("a") as results:
            results.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
