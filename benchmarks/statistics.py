"""How much faster the estimators are than what one would otherwise call.

    python benchmarks/statistics.py --json

* `fit`: von Mises curves of 1,000 units x 12 orientations against `scipy.optimize.curve_fit` of the
  same model (at least 50 times); `direction_fit`: two lobes over 12 directions, likewise;
* `fano`: Fano factors of 1,000 units x 12 conditions x 60 trials against `elephant.statistics`
  (at least 1,000 times; that of Elephant without making its spike trains);
* `bootstrap`: 1,000 draws of a hierarchical bootstrap of 300 units (under 5 s) against loops;
* `profile_ms`: intervals of preferred orientation, OSI and half-width of 1,000 units.

Both sides of a ratio are timed in one process as CPU seconds, ours as the best of several rounds,
the other over a part of the work (50 units, of Elephant 3) and taken times what is left.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_threads] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from scipy.optimize import curve_fit  # noqa: E402

from benchmarks.bootstrap_speed import bootstrap_speed  # noqa: E402
from ketacortex.analyse.direction_tuning import fit_direction_tuning  # noqa: E402
from ketacortex.analyse.tuning import fit_tuning, mean_rates  # noqa: E402
from ketacortex.analyse.tuning_errors import tuning_intervals  # noqa: E402
from ketacortex.analyse.variability import fano_factor  # noqa: E402

N_UNITS, N_ANGLES = 1000, 12
N_TIMED = 50
"""Units that the slow side is timed on."""
N_TRIALS = 60


def cpu_s(work: Callable[[], object], rounds: int = 1) -> float:
    took = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        took.append(time.process_time() - start)
    return min(took)


def one_lobe(angle, baseline, amplitude, mu, kappa):
    return baseline + amplitude * np.exp(kappa * (np.cos(angle - mu) - 1.0))


def two_lobes(angle, baseline, amplitude, opposite, mu, kappa):
    turn = kappa * np.cos(angle - mu)
    return baseline + amplitude * np.exp(turn - kappa) + opposite * np.exp(-turn - kappa)


def fitted_one_by_one(
    model: Callable, angle: NDArray[np.float64], rate_hz: NDArray[np.float64]
) -> None:
    for rate in rate_hz:
        lobes = [np.ptp(rate), np.ptp(rate) / 2.0][: model.__code__.co_argcount - 4]
        start = [rate.min(), *lobes, angle[rate.argmax()], 2.0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                curve_fit(model, angle, rate, p0=start)
            except RuntimeError:
                continue


def planted_rates(rng: np.random.Generator, angle: NDArray[np.float64]) -> NDArray[np.float64]:
    mu, kappa = rng.uniform(0, 2 * np.pi, (N_UNITS, 1)), np.exp(rng.normal(0.6, 0.6, (N_UNITS, 1)))
    rate = rng.gamma(2.0, 2.0, (N_UNITS, 1)) * one_lobe(angle, 0.3, 1.0, mu, kappa)
    return rng.poisson(rate * 12.0) / 12.0


def fit_ratio(rng: np.random.Generator, rounds: int) -> dict[str, float]:
    degrees = np.arange(N_ANGLES) * 15.0
    rate_hz = planted_rates(rng, np.deg2rad(2.0 * degrees))
    fit_tuning(rate_hz, degrees)
    ours = cpu_s(lambda: fit_tuning(rate_hz, degrees), rounds)
    part = rate_hz[:N_TIMED]
    other = cpu_s(lambda: fitted_one_by_one(one_lobe, np.deg2rad(2.0 * degrees), part), 3)
    return _ratio("fit", ours, other * N_UNITS / N_TIMED)


def direction_ratio(rng: np.random.Generator, rounds: int) -> dict[str, float]:
    degrees = np.arange(N_ANGLES) * 30.0
    rate_hz = planted_rates(rng, np.deg2rad(degrees))
    fit_direction_tuning(rate_hz, degrees)
    ours = cpu_s(lambda: fit_direction_tuning(rate_hz, degrees), rounds)
    part = rate_hz[:N_TIMED]
    other = cpu_s(lambda: fitted_one_by_one(two_lobes, np.deg2rad(degrees), part))
    return _ratio("direction_fit", ours, other * N_UNITS / N_TIMED)


def profile_ms(rng: np.random.Generator, rounds: int) -> dict[str, float]:
    degrees = np.arange(N_ANGLES) * 15.0
    rate_hz = planted_rates(rng, np.deg2rad(2.0 * degrees))
    counts = rng.poisson(np.repeat(rate_hz, 12, axis=1)).astype(float)
    shown = np.repeat(degrees, 12)
    rate, error, angles = mean_rates(counts, np.ones(len(shown)), shown)
    fit = fit_tuning(rate, angles)

    def work() -> object:
        return tuning_intervals(fit, rate, error, angles, np.full(12, 12), counts.sum(axis=1))

    work()
    return {"profile_ms_1000x12": 1000.0 * cpu_s(work, rounds)}


def fano_ratio(rng: np.random.Generator, rounds: int) -> dict[str, float | None]:
    condition = np.repeat(np.arange(N_ANGLES), N_TRIALS)
    counts = rng.poisson(5.0, (N_UNITS, len(condition))).astype(float)
    ours = cpu_s(lambda: fano_factor(counts, condition), rounds)
    try:
        import neo
        import quantities as pq
        from elephant.statistics import fanofactor
    except ImportError:
        print("no Elephant: pip install elephant", file=sys.stderr)
        return {"fano_ms": 1000.0 * ours, "fano_other_ms": None, "fano_ratio": None}
    n_timed = 3
    trains = [
        [
            neo.SpikeTrain(np.sort(rng.random(int(n))), units=pq.s, t_stop=1.0)
            for n in counts[unit, condition == number]
        ]
        for unit in range(n_timed)
        for number in range(N_ANGLES)
    ]
    other = cpu_s(lambda: [fanofactor(of_one) for of_one in trains], 3)
    return _ratio("fano", ours, other * N_UNITS / n_timed)


def _ratio(name: str, ours_s: float, other_s: float) -> dict[str, float]:
    return {
        f"{name}_ms": 1000.0 * ours_s,
        f"{name}_other_ms": 1000.0 * other_s,
        f"{name}_ratio": other_s / ours_s,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of which the best counts")
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    found = {
        **fit_ratio(rng, asked.rounds),
        **direction_ratio(rng, asked.rounds),
        **profile_ms(rng, asked.rounds),
        **fano_ratio(rng, asked.rounds),
        **{f"bootstrap_{key}": value for key, value in bootstrap_speed().items()},
    }
    if asked.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{key:<44}{value}" for key, value in found.items()))


if __name__ == "__main__":
    main()
