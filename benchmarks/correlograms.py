"""Correlograms of all pairs of units: how long they take, and how long elsewhere.

    python benchmarks/correlograms.py --json [--units 100,300,1000] [--rounds 2] [--graphs]

600 s at 30 kHz of units that fire 8 Hz on average (log-normal), with a gain shared by all that
changes every 0.5 s, and two couplings a unit that copy 4 % of its spikes 2.5 ms later; lags of 50
ms to either side in bins of 1 ms. CPU seconds are of all threads and the least of the rounds,
kernels compiled and spikes in the form that each library wants before; every measurement has a
process of its own.

* `correlograms_cpu_s`: all pairs through `correlogram_blocks`;
* `corrected_cpu_s`: that, what exact jitter expects subtracted at every bin, and the p-values of
  every pair by `ask_pairs`;
* `peak_rss_mb`: of the process that did all of it, libraries and spikes included;
* `speedup`: `PEER_cpu_s` over `correlograms_cpu_s`, uncorrected counts against uncorrected counts.

What would take minutes is timed on a part that holds no more pairs of spikes than 300 units do and
taken times what is left: SpikeInterface on the first `spikeinterface_s_timed` seconds of up to
1,000 units, its cube of counts paid once; pynapple and phylib on `PEER_units_timed` units, evenly
spaced in rate; Elephant by the faster of its two methods on `elephant_pairs_timed` pairs. That
flatters phylib, whose cube of counts grows beyond the cache. `--graphs` adds `graphs`: seconds for
a graph of 1,000 nodes and 100 of its nulls.

The other libraries: pip install "ketacortex[peers]", in an environment of its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_threads] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np  # noqa: E402

from benchmarks.graph_speed import graph_speed  # noqa: E402
from ketacortex.analyse.correlograms import correlogram_blocks, lag_bins  # noqa: E402
from ketacortex.analyse.interval_jitter import (  # noqa: E402
    jittered_mean,
    ranges_of_bins,
    window_products,
)
from ketacortex.analyse.pair_tests import ask_pairs  # noqa: E402
from ketacortex.analyse.spike_stream import SpikeStream, stream_of_trains  # noqa: E402

RATE_HZ, DURATION_S = 30_000.0, 600.0
MEAN_HZ, STEP_S = 8.0, 0.5
COPIED, DELAY_S, COUPLINGS_A_UNIT = 0.04, 0.0025, 2
MAX_LAG_S, BIN_S = 0.05, 0.001
WINDOWS_APART = 4
"""Jitter windows that lags of 50 ms reach, none among them."""
PAIRS_A_CHUNK = 20_000
BLOCK_UNITS_ASKED = 500
"""Of `ask_pairs`: at 1,000 units a side its p-values alone work on 0.7 GB."""
UNITS_OF_A_PEER = 300
UNITS_OF_A_CUBE = 1000
"""Of SpikeInterface, whose counts of 1,000 units take 0.8 GB."""
ELEPHANT_PAIRS = 30
Trains = list[np.ndarray]
"""Of each unit its spikes in samples, ascending."""


def write_trains(path: str, n_units: int, duration_s: float) -> None:
    """Spikes as in cortex, written to a file."""
    rng = np.random.default_rng(n_units)
    rate_hz = rng.lognormal(size=n_units)
    rate_hz *= MEAN_HZ / rate_hz.mean()
    gain = rng.gamma(10.0, 0.1, int(duration_s / STEP_S))
    follower = rng.integers(0, n_units, (n_units, COUPLINGS_A_UNIT))
    parts: list[list[np.ndarray]] = [[] for _ in range(n_units)]
    for unit in range(n_units):
        step = np.repeat(np.arange(len(gain)), rng.poisson(rate_hz[unit] * STEP_S * gain))
        time_s = (step + rng.random(len(step))) * STEP_S
        parts[unit].append(time_s)
        for other in follower[unit]:
            parts[other].append(time_s[rng.random(len(time_s)) < COPIED] + DELAY_S)
    trains = [np.unique((np.concatenate(p) * RATE_HZ).astype(np.int64)) for p in parts]
    trains = [train[train < duration_s * RATE_HZ] for train in trains]
    np.savez(path, sample=np.concatenate(trains), n_spikes=[len(train) for train in trains])


def read_trains(path: str) -> Trains:
    with np.load(path) as kept:
        return np.split(kept["sample"], np.cumsum(kept["n_spikes"])[:-1])


def cpu_s(work: Callable[[], object], rounds: int) -> float:
    took = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        took.append(time.process_time() - start)
    return min(took)


def count(stream: SpikeStream) -> None:
    for _ in correlogram_blocks(stream):
        pass


def correct(stream: SpikeStream) -> None:
    """Count all pairs, subtract at every bin what jitter expects, and ask every pair."""
    bins = lag_bins(stream)
    ranges, window = ranges_of_bins(bins), stream.window_samples
    products = window_products(stream, WINDOWS_APART)
    for block in correlogram_blocks(stream):
        for start in range(0, len(block.first), PAIRS_A_CHUNK):
            chunk = slice(start, start + PAIRS_A_CHUNK)
            pairs = block.first[chunk], block.second[chunk]
            np.subtract(block.counts[chunk], jittered_mean(products, ranges, window, *pairs))
    del products, block
    ask_pairs(stream, block_units=BLOCK_UNITS_ASKED)


def ours(path: str, duration_s: float, rounds: int) -> dict[str, float]:
    correct(stream_of_trains([np.arange(0.0, 1.0, 0.01)] * 3, 1.0))  # compiles
    trains_s = [train / RATE_HZ for train in read_trains(path)]
    stream = stream_of_trains(trains_s, duration_s, sample_rate_hz=RATE_HZ)
    found = {
        "n_spikes": len(stream.sample),
        "correlograms_cpu_s": cpu_s(lambda: count(stream), rounds),
        "corrected_cpu_s": cpu_s(lambda: correct(stream), rounds),
    }
    a_megabyte = 1024**2 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {**found, "peak_rss_mb": peak / a_megabyte}


def n_pairs(n_units: int) -> int:
    return n_units * (n_units - 1) // 2


def evenly(trains: Trains, most: int) -> Trains:
    """At most so many of the units, evenly spaced in rate."""
    by_rate = np.argsort([len(train) for train in trains])
    n = min(most, len(trains))
    return [trains[unit] for unit in by_rate[((np.arange(n) + 0.5) * len(trains) / n).astype(int)]]


def spikeinterface(path: str, duration_s: float, rounds: int) -> dict[str, float]:
    from spikeinterface.core import NumpySorting
    from spikeinterface.postprocessing import compute_correlograms

    def took_s(until_s: float) -> float:
        spikes = {u: train[train < until_s * RATE_HZ] for u, train in enumerate(trains)}
        sorting = NumpySorting.from_unit_dict([spikes], RATE_HZ)
        sorting.to_spike_vector()
        return cpu_s(
            lambda: compute_correlograms(
                sorting, window_ms=2e3 * MAX_LAG_S, bin_ms=1e3 * BIN_S,
                method="numba", fast_mode="off", n_jobs=1,
            ),
            rounds,
        )  # fmt: skip

    everyone = read_trains(path)
    trains = evenly(everyone, UNITS_OF_A_CUBE)
    part_s = duration_s * min(1.0, (UNITS_OF_A_PEER / len(trains)) ** 2)
    took_s(1.0)  # compiles
    of_cube_s = took_s(1.0)
    a_second_s = (took_s(part_s) - of_cube_s) / (part_s - 1.0)
    whole_s = of_cube_s + a_second_s * (duration_s - 1.0)
    return {
        "spikeinterface_cpu_s": whole_s * n_pairs(len(everyone)) / n_pairs(len(trains)),
        "spikeinterface_s_timed": part_s,
    }


def pynapple(path: str, duration_s: float, rounds: int) -> dict[str, float]:
    import pynapple as nap

    def counts(of: Trains) -> Callable[[], object]:
        group = nap.TsGroup({unit: nap.Ts(train / RATE_HZ) for unit, train in enumerate(of)})
        return lambda: nap.compute_crosscorrelogram(group, BIN_S, MAX_LAG_S, norm=False)

    everyone = read_trains(path)
    trains = evenly(everyone, UNITS_OF_A_PEER)
    counts(trains[-3:])()  # compiles
    part_s = cpu_s(counts(trains), rounds)
    return {
        "pynapple_cpu_s": part_s * n_pairs(len(everyone)) / n_pairs(len(trains)),
        "pynapple_units_timed": len(trains),
    }


def phylib(path: str, duration_s: float, rounds: int) -> dict[str, float]:
    from phylib.stats.ccg import correlograms

    everyone = read_trains(path)
    trains = evenly(everyone, UNITS_OF_A_PEER)
    sample = np.concatenate(trains)
    order = np.argsort(sample, kind="stable")
    unit = np.repeat(np.arange(len(trains)), [len(train) for train in trains])[order]
    time_s = sample[order] / RATE_HZ
    part_s = cpu_s(
        lambda: correlograms(
            time_s, unit, cluster_ids=np.arange(len(trains)),
            sample_rate=RATE_HZ, bin_size=BIN_S, window_size=2.0 * MAX_LAG_S,
        ),
        rounds,
    )  # fmt: skip
    return {
        "phylib_cpu_s": part_s * n_pairs(len(everyone)) / n_pairs(len(trains)),
        "phylib_units_timed": len(trains),
    }


def elephant(path: str, duration_s: float, rounds: int) -> dict[str, float]:
    import neo
    import quantities as pq
    from elephant.conversion import BinnedSpikeTrain
    from elephant.spike_train_correlation import cross_correlation_histogram

    everyone = read_trains(path)
    binned = [
        BinnedSpikeTrain(
            neo.SpikeTrain(train / RATE_HZ, units=pq.s, t_stop=duration_s),
            bin_size=BIN_S * pq.s,
            tolerance=None,
        )
        for train in evenly(everyone, 2 * ELEPHANT_PAIRS)
    ]
    n_timed = min(ELEPHANT_PAIRS, len(binned) - 1)
    # Each with one that is half of all ranks away, so that every rate has its share.
    middle = len(binned) // 2
    pairs = [(k, (k + middle) % len(binned)) for k in range(n_timed)]
    half = round(MAX_LAG_S / BIN_S)
    part_s = cpu_s(
        lambda: [
            cross_correlation_histogram(
                binned[one], binned[other], window=[-half, half], method="memory"
            )
            for one, other in pairs
        ],
        rounds,
    )
    return {
        "elephant_cpu_s": part_s * n_pairs(len(everyone)) / n_timed,
        "elephant_pairs_timed": n_timed,
    }


PEERS = (spikeinterface, pynapple, phylib, elephant)


def alone(work: Callable, *arguments: object) -> dict[str, float] | None:
    """What `work` gives in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        return process.submit(work, *arguments).result()


def measured(n_units: int, rounds: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "spikes.npz"))
        alone(write_trains, path, n_units, DURATION_S)
        found: dict[str, object] = {**alone(ours, path, DURATION_S, rounds)}
        speedup = found["speedup"] = {}
        for peer in PEERS:
            name = peer.__name__
            try:
                found |= alone(peer, path, DURATION_S, rounds)
            except ImportError as missing:
                print(f"no {name}: {missing}; pip install 'ketacortex[peers]'", file=sys.stderr)
                continue
            speedup[name] = found[f"{name}_cpu_s"] / found["correlograms_cpu_s"]
    return found


def table(found: dict[str, dict]) -> str:
    rows = {}
    for n_units, of_one in found.items():
        speedup = {f"speedup over {name}": x for name, x in of_one.get("speedup", {}).items()}
        for key, value in {**of_one, **speedup}.items():
            if key != "speedup":
                rows.setdefault(key, {})[n_units] = value
    head = f"{'':<32}" + "".join(f"{n:>12}" for n in found)
    cells = (
        f"{key:<32}" + "".join(f"{of[n]:>12.5g}" if n in of else f"{'':>12}" for n in found)
        for key, of in rows.items()
    )
    return "\n".join([head, *cells])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--units", default="100,300,1000", help="numbers of units")
    parser.add_argument("--rounds", type=int, default=1, help="rounds of which the best counts")
    parser.add_argument("--graphs", action="store_true", help="graphs of 1,000 nodes too")
    asked = parser.parse_args()
    found = {n: measured(int(n), asked.rounds) for n in asked.units.split(",")}
    if asked.graphs:
        found["graphs"] = graph_speed(1000, 100)
    print(json.dumps(found) if asked.json else table(found))


if __name__ == "__main__":
    main()
