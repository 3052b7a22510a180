"""How much faster the estimators are than what one would otherwise call.

    python benchmarks/statistics.py --json

* `fit`: von Mises curves of 1,000 units x 12 orientations against `scipy.optimize.curve_fit` of the
  same model within the same limits (at least 50 times); `direction_fit`: two lobes, likewise;
* `tuning_errors_ms`: their intervals for 1,000 units x 12 orientations x 12 trials;
* `fano`: Fano factors of 1,000 units x 12 conditions x 60 trials against `elephant.statistics`
  (at least 1,000 times; that of Elephant without making its spike trains);
* `bootstrap`: 1,000 draws of a hierarchical bootstrap of 300 units (under 5 s) against loops.

Both sides of a ratio are timed in one process, ours as the best of several rounds, the other over a
part of the work (50 units; of Elephant 3) and taken times what is left.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_threads] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np  # noqa: E402

from benchmarks.bootstrap_speed import bootstrap_speed  # noqa: E402
from benchmarks.fit_speed import fit_speed  # noqa: E402
from ketacortex.analyse.tuning_errors import tuning_errors  # noqa: E402
from ketacortex.analyse.variability import fano_factor  # noqa: E402

N_UNITS, N_CONDITIONS, N_TRIALS = 1000, 12, 60
N_BY_ELEPHANT = 3


def cpu_s(work: Callable[[], object], rounds: int) -> float:
    took = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        took.append(time.process_time() - start)
    return min(took)


def errors_ms(rounds: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    shown_deg = np.repeat(np.arange(N_CONDITIONS) * 15.0, 12)
    turn = np.cos(np.deg2rad(2.0 * (shown_deg - rng.uniform(0, 180, (N_UNITS, 1))))) - 1.0
    counts = rng.poisson(1.0 + 8.0 * np.exp(1.5 * turn)).astype(float)
    duration_s = np.ones(len(shown_deg))
    tuning_errors(counts[:20], duration_s, shown_deg)  # compiles
    took_s = cpu_s(lambda: tuning_errors(counts, duration_s, shown_deg), rounds)
    return {"tuning_errors_ms": 1000.0 * took_s}


def fano_speed(rounds: int) -> dict[str, float | None]:
    rng = np.random.default_rng(0)
    condition = np.repeat(np.arange(N_CONDITIONS), N_TRIALS)
    counts = rng.poisson(5.0, (N_UNITS, len(condition))).astype(float)
    ours = cpu_s(lambda: fano_factor(counts, condition), rounds)
    try:
        import neo
        import quantities as pq
        from elephant.statistics import fanofactor
    except ImportError:
        print("no Elephant: pip install elephant", file=sys.stderr)
        return {"fano_ms": 1000.0 * ours, "fano_other_ms": None, "fano_ratio": None}
    trains = [
        [
            neo.SpikeTrain(np.sort(rng.random(int(n))), units=pq.s, t_stop=1.0)
            for n in counts[unit, condition == number]
        ]
        for unit in range(N_BY_ELEPHANT)
        for number in range(N_CONDITIONS)
    ]
    other = cpu_s(lambda: [fanofactor(of_one) for of_one in trains], 3)
    other *= N_UNITS / N_BY_ELEPHANT
    return {"fano_ms": 1e3 * ours, "fano_other_ms": 1e3 * other, "fano_ratio": other / ours}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of which the best counts")
    asked = parser.parse_args()
    found = {
        **fit_speed(),
        **errors_ms(asked.rounds),
        **fano_speed(asked.rounds),
        **{f"bootstrap_{key}": value for key, value in bootstrap_speed().items()},
    }
    if asked.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{key:<44}{value}" for key, value in found.items()))


if __name__ == "__main__":
    main()
