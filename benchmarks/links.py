"""How often are links found where there are none, and where can planted ones be seen?

    python benchmarks/links.py --json
    python benchmarks/links.py --json --quick

* `nulls`: for each kind of network without coupling, 12 to 16 units in 200 to 300 s, the share of
  1,000 networks (200 with `--quick`) with any link at q = 0.05, and the share of pairs with
  p <= 0.01;
* `planted`: for each rate, duration and transmission probability, how well the p value tells
  coupled pairs from the others (area under the ROC curve), the share of couplings that become
  links, of these the share of the right kind and direction, and the mean transmission probability
  that is read off all of them.

`--save` keeps the numbers in `benchmarks/links.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_threads] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np  # noqa: E402
from scipy import stats  # noqa: E402

from benchmarks.planted import networks  # noqa: E402
from ketacortex.analyse.links import FALSE_DISCOVERY_RATE, find_links  # noqa: E402
from ketacortex.analyse.pair_tests import PairTests, ask_pairs  # noqa: E402
from ketacortex.seeds import generator  # noqa: E402

PAIR_ALPHA = 0.01
N_NETWORKS, N_QUICK = 1000, 200
NULLS_A_PLANTED = 20
"""A planted network has eight couplings, so fewer of them are needed."""
NETWORKS_A_TASK = 20
KEPT = Path(__file__).with_suffix(".json")


@dataclass(frozen=True, kw_only=True)
class Planting:
    """Couplings of one kind and strength.

    Parameters
    ----------
    of : makes a network from a generator, a rate, a duration and a strength
    rate_hz : of every unit
    duration_s : s
    strength : probability of transmission, or share of spikes that are lost or shared
    transmission_probability : spikes of the second unit more for each of the first
    """

    of: Callable[[np.random.Generator, float, float, float], networks.PlantedNetwork]
    rate_hz: float
    duration_s: float
    strength: float
    transmission_probability: float


def _excitatory(rate_hz: float, duration_s: float, probability: float) -> Planting:
    return Planting(
        of=networks.planted,
        rate_hz=rate_hz,
        duration_s=duration_s,
        strength=probability,
        transmission_probability=probability,
    )


PLANTED = {
    "reference": _excitatory(8.0, 600.0, 0.01),
    **{
        f"{rate_hz:g}_hz_{duration_s:g}_s_{probability:g}": _excitatory(
            rate_hz, duration_s, probability
        )
        for rate_hz in (2.0, 8.0)
        for duration_s in (120.0, 600.0)
        for probability in (0.005, 0.02, 0.05)
    },
    "inhibitory": Planting(
        of=networks.inhibited,
        rate_hz=8.0,
        duration_s=600.0,
        strength=0.5,
        transmission_probability=-0.5 * 8.0 * (networks.PAUSE_S[1] - networks.PAUSE_S[0]),
    ),
    "common_input": Planting(
        of=networks.driven_together,
        rate_hz=8.0,
        duration_s=600.0,
        strength=0.02,
        transmission_probability=0.02,
    ),
}


@dataclass(frozen=True, kw_only=True)
class NullAnswer:
    """What one network without coupling shows."""

    has_link: bool
    n_asked: int
    n_below: int


@dataclass(frozen=True, kw_only=True)
class PlantedAnswer:
    """What one network with couplings shows, the coupled pairs apart from the others.

    Parameters
    ----------
    coupled_p, other_p : (n_pair,) 1 where it was not asked
    excess : (n_coupling,) coincidences for each spike of the first unit
    n_found, n_right : couplings that are links, and of the right kind and direction
    """

    coupled_p: list[float]
    other_p: list[float]
    excess: list[float]
    n_found: int
    n_right: int


def of_null(kind: str, number: int) -> NullAnswer:
    rng = generator("links", kind, number)
    n_units, duration_s = int(rng.integers(12, 17)), float(rng.uniform(200.0, 300.0))
    tests = _asked(networks.NULLS[kind](rng, n_units, duration_s))
    p_value = tests.p_value[tests.is_asked]
    q_value = tests.q_value[tests.is_asked]
    return NullAnswer(
        has_link=bool((q_value <= FALSE_DISCOVERY_RATE).any()),
        n_asked=len(p_value),
        n_below=int((p_value <= PAIR_ALPHA).sum()),
    )


def of_planted(name: str, number: int) -> PlantedAnswer:
    planting = PLANTED[name]
    rng = generator("links", name, number)
    network = planting.of(rng, planting.rate_hz, planting.duration_s, planting.strength)
    tests = _asked(network.stream)
    is_coupled = np.isin(tests.first, network.pre) & (tests.second == tests.first + 1)
    p_value = np.where(tests.is_asked, tests.p_value, 1.0)
    links = find_links(tests, np.arange(network.stream.n_units))
    ways = set(zip(links["pre"], links["post"], links["kind"], strict=True))
    pairs = {frozenset(way[:2]) for way in ways}
    couplings = list(zip(network.pre.tolist(), network.post.tolist(), strict=True))
    side = 1 if network.kind == networks.SYNCHRONY else 2
    excess = tests.excess[is_coupled, side] / np.maximum(tests.n_spikes[network.pre], 1)
    return PlantedAnswer(
        coupled_p=p_value[is_coupled].tolist(),
        other_p=p_value[~is_coupled].tolist(),
        excess=excess.tolist(),
        n_found=sum(frozenset(pair) in pairs for pair in couplings),
        n_right=sum((*pair, network.kind) in ways for pair in couplings),
    )


def _asked(stream) -> PairTests:
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        return ask_pairs(stream, threads=1)


def answers(name: str, first: int, stop: int) -> list[NullAnswer | PlantedAnswer]:
    of = of_null if name in networks.NULLS else of_planted
    return [of(name, number) for number in range(first, stop)]


def described_null(found: list[NullAnswer]) -> dict[str, float | int]:
    n_asked = sum(one.n_asked for one in found)
    return {
        "networks_with_false_links": round(float(np.mean([one.has_link for one in found])), 5),
        "pair_false_positive_rate": round(sum(one.n_below for one in found) / n_asked, 5),
        "n_networks": len(found),
        "n_pairs": n_asked,
    }


def roc_area(coupled_p: list[float], other_p: list[float]) -> float:
    """Probability that a coupled pair is less likely by chance than another, ties counting half."""
    area = stats.mannwhitneyu(other_p, coupled_p).statistic / (len(other_p) * len(coupled_p))
    return round(float(area), 4)


def described_planted(name: str, found: list[PlantedAnswer]) -> dict[str, float | int | None]:
    planting = PLANTED[name]
    coupled_p = [p for one in found for p in one.coupled_p]
    other_p = [p for one in found for p in one.other_p]
    n_found = sum(one.n_found for one in found)
    excess = np.array([value for one in found for value in one.excess])
    n_right = sum(one.n_right for one in found)
    return {
        "roc_area": roc_area(coupled_p, other_p),
        "rate_hz": planting.rate_hz,
        "duration_s": planting.duration_s,
        "transmission_probability": round(planting.transmission_probability, 6),
        "n_pairs": len(coupled_p),
        "n_uncoupled_pairs": len(other_p),
        "power_at_q": round(n_found / len(coupled_p), 4),
        "right_kind": round(n_right / n_found, 4) if n_found else None,
        "transmission_probability_found": round(float(excess.mean()), 6),
        "standard_error": round(float(excess.std(ddof=1) / np.sqrt(len(excess))), 6),
        "n_networks": len(found),
    }


def measure(n_networks: int, workers: int) -> dict[str, dict[str, dict]]:
    """Every kind of network, in any order and with the same result."""
    wanted = {kind: n_networks for kind in networks.NULLS}
    wanted |= {name: max(n_networks // NULLS_A_PLANTED, 1) for name in PLANTED}
    measured: dict[str, dict[str, dict]] = {"nulls": {}, "planted": {}}
    with ProcessPoolExecutor(workers) as pool:
        tasks = {
            name: [
                pool.submit(answers, name, first, min(first + NETWORKS_A_TASK, n))
                for first in range(0, n, NETWORKS_A_TASK)
            ]
            for name, n in wanted.items()
        }
        for name, parts in tasks.items():
            began = time.monotonic()
            found = [one for part in parts for one in part.result()]
            if name in networks.NULLS:
                row = measured["nulls"][name] = described_null(found)
                value = row["networks_with_false_links"]
            else:
                row = measured["planted"][name] = described_planted(name, found)
                value = row["power_at_q"]
            print(f"{name}: {value} ({time.monotonic() - began:.0f} s)", file=sys.stderr)
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--quick", action="store_true", help=f"{N_QUICK} networks of each kind")
    parser.add_argument("--networks", type=int, help="networks of each kind")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--save", action="store_true", help=f"keep the numbers in {KEPT.name}")
    asked = parser.parse_args()
    n_networks = asked.networks or (N_QUICK if asked.quick else N_NETWORKS)
    measured = measure(n_networks, asked.workers)
    if asked.save:
        KEPT.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    if asked.json:
        print(json.dumps(measured, allow_nan=False))
        return
    print(f"{'without coupling':<24}{'networks with links':>20}{'pairs at p <= 0.01':>20}")
    for kind, row in measured["nulls"].items():
        links, pairs = row["networks_with_false_links"], row["pair_false_positive_rate"]
        print(f"  {kind:<22}{links:>20.4f}{pairs:>20.5f}")
    print(f"{'planted':<24}{'ROC area':>20}{'couplings found':>20}{'probability':>14}{'read':>10}")
    for name, row in measured["planted"].items():
        print(
            f"  {name:<22}{row['roc_area']:>20.3f}{row['power_at_q']:>20.3f}"
            f"{row['transmission_probability']:>14.4f}{row['transmission_probability_found']:>10.4f}"
        )


if __name__ == "__main__":
    main()
