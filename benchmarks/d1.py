"""D1: our kernel beside the C++ limit, Brian2 and NEURON, on one fixed network, in one go.

    python benchmarks/d1.py                  # a table; add --save to keep it with machine and date
    python benchmarks/d1.py --json           # one JSON line
    python benchmarks/d1.py --yardsticks-from ENVIRONMENT   # Brian2 and NEURON from another venv

The C++ limit needs g++ or c++, Brian2 and NEURON need it too and `pip install ".[yardsticks]"` (in
an environment of its own: they want an older NumPy). What is not there is left out, with the
reason on stderr. CPU seconds a biological second, one thread; the best of several rounds in which
our kernel and the C++ limit take turns. NEST is no yardstick here: its compartmental model has a
spiking soma of its own and cannot express D1.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.d1.kernel import d1
from benchmarks.d1.network import draw, save
from ketacortex.simulate.engine import Cortex, ReceptorGains, run_together

HERE = Path(__file__).parent / "d1"
STEPS_PER_S = 10_000
WARM_STEPS = 2_000


def cpu_s_per_bio_s(cortex: Cortex, seconds: float = 1.0) -> tuple[float, np.ndarray]:
    """CPU time of this process for a biological second, and the cells that fired."""
    began = time.process_time()
    spikes = cortex.run(round(seconds * STEPS_PER_S))
    return (time.process_time() - began) / seconds, spikes.cell


def warm(network: Any, seed: int = 1, **options: Any) -> Cortex:
    cortex = Cortex(network, seed, **options)
    cortex.run(WARM_STEPS)
    return cortex


def in_turns(cortices: dict[str, Cortex], rounds: int, seconds: float = 1.0) -> dict[str, list]:
    """CPU time of each, taking turns so that a busy machine is busy for all."""
    took: dict[str, list[float]] = {name: [] for name in cortices}
    for _ in range(rounds):
        for name, cortex in cortices.items():
            took[name].append(cpu_s_per_bio_s(cortex, seconds)[0])
    return took


def drugged(network: Any) -> Cortex:
    """Half of the receptors of every branch and cell blocked or enhanced, and looked at."""
    cortex = Cortex(network, 1, looks=True)
    n, rng = len(network.receptor_compartments), np.random.default_rng(1)
    ones = np.ones(n)
    # Close to 1, so that the network stays in its regime: the cost does not depend on the value.
    cortex.set_gains(ReceptorGains(ampa=1 + 1e-3 * rng.random(n), nmda=1 - 1e-3 * rng.random(n),
                                   nmda_2d=ones))  # fmt: skip
    cortex.run(WARM_STEPS)
    return cortex


def compile_limit(folder: Path) -> Path | str:
    """The compiled C++ limit, or why there is none."""
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        return "no C++ compiler (g++ or c++) on the path"
    program = folder / "limit"
    flags = ["-O3", "-march=native", "-ffast-math", "-fopenmp-simd"]
    answer = subprocess.run(
        [compiler, *flags, str(HERE / "limit.cpp"), "-o", str(program)],
        capture_output=True, text=True,
    )  # fmt: skip
    return program if answer.returncode == 0 else f"{compiler} failed: {answer.stderr[-300:]}"


def run_json(command: list[str], folder: Path, timeout_s: float = 900) -> dict[str, float] | str:
    """The JSON that a yardstick prints last, or why it printed none."""
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    try:
        answer = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=timeout_s,
            env={**os.environ, "PATH": path},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if answer.returncode != 0:
        return (answer.stderr.strip().splitlines() or ["no message"])[-1]
    return json.loads(answer.stdout.strip().splitlines()[-1])


def simulators(python: Path, net_file: Path, folder: Path) -> dict[str, dict[str, float] | str]:
    """Brian2 and NEURON, each in a process of its own."""
    found: dict[str, dict[str, float] | str] = {}
    found["brian2"] = run_json(
        [str(python), str(HERE / "with_brian2.py"), str(net_file), "2", "3"], folder
    )
    has_neuron = subprocess.run([str(python), "-c", "import neuron"], capture_output=True)
    if has_neuron.returncode != 0:
        found["neuron"] = has_neuron.stderr.decode().strip().splitlines()[-1]
        return found
    shutil.copytree(HERE / "neuron", folder / "neuron")
    build = subprocess.run(
        [str(python.parent / "nrnivmodl"), "neuron"], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}"},
    )  # fmt: skip
    if build.returncode != 0:
        found["neuron"] = "nrnivmodl could not compile the mechanisms (it needs g++ and make)"
        return found
    found["neuron"] = run_json(
        [str(python), str(HERE / "with_neuron.py"), str(net_file), "1", "2"], folder
    )
    return found


def threads(network: Any, cores: int) -> float:
    """Wall time of as many trials as cores one after the other, over that of all at once."""

    def wall_s(n_threads: int) -> float:
        cortices = [warm(network, seed) for seed in range(cores)]
        began = time.monotonic()
        run_together(cortices, STEPS_PER_S, threads=n_threads)
        return time.monotonic() - began

    return min(wall_s(1) for _ in range(2)) / min(wall_s(cores) for _ in range(2))


def measure(rounds: int, python: Path) -> dict[str, Any]:
    net = draw()
    network, silent = d1(net), d1(net, noise=False)
    cortices = {"active": warm(network), "silent": warm(silent), "drugged": drugged(network)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        net_file = save(net, folder)
        limit = compile_limit(folder)
        ours, theirs, rates, theirs_rates = [], [], [], []
        for k in range(rounds):
            # A new state every round, as the C++ program has: where it lies in memory is luck.
            took, cells = cpu_s_per_bio_s(warm(network, k), 2.0)
            ours.append(took)
            rates.append([(cells < net.n_pyr).sum() / 2 / net.n_pyr,
                          (cells >= net.n_pyr).sum() / 2 / (net.n_pv + net.n_sst)])  # fmt: skip
            if isinstance(limit, Path):
                answer = run_json(
                    [str(limit), str(net_file.with_suffix(".bin")), "2", "1", str(k + 1)], folder
                )
                if isinstance(answer, str):
                    limit = answer
                    continue
                theirs.append(answer["cpu_s_per_bio_s"])
                theirs_rates.append([answer["pyr_hz"], answer["interneuron_hz"]])
        yardsticks = simulators(python, net_file, folder)
    if isinstance(limit, str):
        print(f"d1: no C++ limit: {limit}", file=sys.stderr)
    for engine, answer in yardsticks.items():
        if isinstance(answer, str):
            print(f"d1: no {engine}: {answer}", file=sys.stderr)
    states = in_turns(cortices, rounds)
    large = in_turns({"16x": warm(d1(draw(16)))}, 3, 0.5)["16x"]
    kernel = min(ours)
    found: dict[str, dict[str, float]] = {
        k: v for k, v in yardsticks.items() if isinstance(v, dict)
    }
    brian2 = found.get("brian2", {}).get("cpu_s_per_bio_s")
    neuron = found.get("neuron", {}).get("cpu_s_per_bio_s")
    yardstick_rates = {k: _rates([v["pyr_hz"], v["interneuron_hz"]]) for k, v in found.items()}
    if theirs:
        yardstick_rates["cpp_limit"] = _rates(np.mean(theirs_rates, axis=0))
    by_round = np.array(ours) / np.array(theirs) if len(theirs) == len(ours) else None
    cores = os.cpu_count() or 1
    return {
        "rates_hz": _rates(np.mean(rates, axis=0)),
        "yardstick_rates_hz": yardstick_rates,
        "kernel_cpu_s_per_bio_s": round(kernel, 5),
        "kernel_ns_per_compartment_step": round(
            kernel / STEPS_PER_S / network.n_compartments * 1e9, 3
        ),
        "cpp_limit_cpu_s_per_bio_s": round(min(theirs), 5) if theirs else None,
        "brian2_cpu_s_per_bio_s": None if brian2 is None else round(brian2, 4),
        "neuron_cpu_s_per_bio_s": None if neuron is None else round(neuron, 3),
        "ratio_to_cpp_limit": round(kernel / min(theirs), 3) if theirs else None,
        "ratio_to_cpp_limit_by_round": None if by_round is None else [
            round(float(q), 3) for q in np.quantile(by_round, [0, 0.5, 1])
        ],
        "speedup_over_brian2": None if brian2 is None else round(brian2 / kernel, 2),
        "speedup_over_neuron": None if neuron is None else round(neuron / kernel, 1),
        "drug_state_overhead": round(min(states["drugged"]) / min(states["active"]) - 1, 3),
        "silent_over_active": round(min(states["silent"]) / min(states["active"]), 3),
        "cost_per_cell_16x_over_1x": round(min(large) / 16 / min(states["active"]), 3),
        "thread_speedup": round(threads(network, cores), 2),
        "threads": cores,
    }  # fmt: skip


def _rates(pair: Any) -> dict[str, float]:
    return {"pyr": round(float(pair[0]), 2), "interneuron": round(float(pair[1]), 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON line, last on stdout")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--yardsticks-from", type=Path, default=Path(sys.prefix),
                        help="virtual environment that has brian2 and neuron")  # fmt: skip
    parser.add_argument("--save", action="store_true", help="append to benchmarks/d1_results.jsonl")
    arguments = parser.parse_args()
    result = measure(arguments.rounds, arguments.yardsticks_from.absolute() / "bin" / "python")
    if arguments.save:
        machine = f"{platform.machine()}, {os.cpu_count()} cores, {_processor()}"
        kept = {"date": date.today().isoformat(), "machine": machine, **result}
        with (Path(__file__).parent / "d1_results.jsonl").open("a") as file:
            file.write(json.dumps(kept) + "\n")
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:<32}{'not installed' if value is None else value}")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), "unknown")


if __name__ == "__main__":
    main()
