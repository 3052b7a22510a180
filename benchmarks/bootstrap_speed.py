"""Seconds of the hierarchical bootstrap, and how many times longer the plain loop takes."""

from __future__ import annotations

import time

import numpy as np

from ketacortex.analyse.hierarchical_bootstrap import hierarchical_mean
from ketacortex.analyse.resampled_trials import Trials

N_ANIMALS, N_UNITS, N_TRIALS, N_DRAWS = 6, 50, 144, 1000
LOOP_DRAWS = 20
"""Draws that the plain loop is timed on; its time is proportional to their number."""


def bootstrap_speed() -> dict[str, float]:
    """300 units in 6 animals with 144 trials each, 1,000 draws: seconds, and ratios to a loop."""
    rng = np.random.default_rng(0)
    condition = np.repeat(np.arange(12), 12)
    animals = [
        Trials(value=rng.poisson(3.0, (N_UNITS, N_TRIALS)).astype(float), condition=condition)
        for _ in range(N_ANIMALS)
    ]
    for shared in (True, False):  # compiles
        hierarchical_mean(animals, rng, n_draws=2, trials_are_shared=shared)
    shared_s, own_s = (_seconds(animals, rng, shared) for shared in (True, False))
    start = time.perf_counter()
    for _ in range(LOOP_DRAWS):
        _plain_draw(animals, rng)
    loop_s = (time.perf_counter() - start) * N_DRAWS / LOOP_DRAWS
    return {
        "shared_trials_s": shared_s,
        "own_trials_s": own_s,
        "plain_loop_s": loop_s,
        "plain_loop_over_shared": loop_s / shared_s,
        "plain_loop_over_own": loop_s / own_s,
    }


def _seconds(animals: list[Trials], rng: np.random.Generator, shared: bool) -> float:
    start = time.perf_counter()
    hierarchical_mean(animals, rng, n_draws=N_DRAWS, trials_are_shared=shared)
    return time.perf_counter() - start


def _plain_draw(animals: list[Trials], rng: np.random.Generator) -> float:
    """One draw of animals, of units in each, and of trials in each of those."""
    means = []
    for animal in rng.integers(len(animals), size=len(animals)):
        value = animals[animal].value
        units = [
            value[unit, rng.integers(value.shape[1], size=value.shape[1])].mean()
            for unit in rng.integers(len(value), size=len(value))
        ]
        means.append(np.mean(units))
    return float(np.mean(means))


if __name__ == "__main__":
    for name, value in bootstrap_speed().items():
        print(f"{name} {value:.3g}")
