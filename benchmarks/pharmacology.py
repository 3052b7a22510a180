"""How long it takes from a dose to blocked receptors.

    python benchmarks/pharmacology.py --json

* `pk_day_ms`: one day of an infusion into a human, minute by minute: three compartments, depot,
  norketamine, brain (limit 10 ms);
* `topical_session_s`: filter paper over 1,000 cells of 6 branches: the field made, and block of
  three subunits stepped 200 times under it (limit 1 s); `well` and `injection` beside it;
* `block_update_ns_per_compartment`: one step of block of one compartment's three subunits, of a
  single drug; `mixture` of three. A slow step comes once a second or less often, so over the
  10,000 kernel steps of a second it adds its 1/10,000 to a compartment step of 1.5 ns.

Each number is the best of several rounds; `--rounds` sets how many. On one shared core of an AMD
EPYC: 2-3 ms, 0.25 s (well 0.4 s, injection 0.3 s), 12 ns. Three quarters of a paper's time go into
error functions, once a dose: what the closed form needs.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np

from ketacortex.drug.doses import Dose, InjectionDose, TopicalDose, WellDose
from ketacortex.drug.exposure import Exposure, Sites
from ketacortex.drug.pharmacokinetics import Kinetics, SystemicCourse
from ketacortex.drug.receptor_block import advance_block, advance_mixture
from ketacortex.drug.tissue_diffusion import Tissue

N_CELLS, N_BRANCHES, N_SUBUNITS, N_STEPS = 1000, 6, 3, 200
STEP_S = 30.0
KERNEL_STEPS_PER_S = 10_000
KERNEL_NS = 1.5  # benchmarks/mechanisms.py, the whole circuit


def best_s(work: Callable[[], object], rounds: int) -> float:
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took)


def pk_day() -> None:
    course = SystemicCourse(
        Kinetics(species="human"), "ketamine", "intravenous", 147.0, 2400.0, 86_400.0
    )
    time_s = np.arange(0.0, 86_401.0, 60.0)
    course.plasma_micromolar(time_s)
    course.free_brain_micromolar(time_s)


def local_session(dose: Dose) -> None:
    rng = np.random.default_rng(0)
    n = N_CELLS * N_BRANCHES
    sites = Sites(rng.uniform(-750, 750, (n, 2)), rng.uniform(50, 500, n))
    exposure = Exposure([dose], Tissue(), sites, N_STEPS * STEP_S)
    free, leave = rng.uniform(1e-3, 1e-2, (2, N_SUBUNITS, n))
    blocked = np.zeros((N_SUBUNITS, n))
    for step in range(N_STEPS):
        concentration = exposure.free_micromolar((step + 0.5) * STEP_S)[0]
        blocked = advance_block(blocked, concentration, free, leave, STEP_S, 2.0)


def block_update(n_blockers: int) -> Callable[[], object]:
    rng = np.random.default_rng(0)
    n = N_CELLS * N_BRANCHES
    blocked, entry, leave = rng.uniform(1e-3, 0.2, (3, n_blockers, N_SUBUNITS, n))
    if n_blockers == 1:
        return lambda: advance_block(blocked[0], 1.0, entry[0], leave[0], STEP_S, 2.0)
    return lambda: advance_mixture(blocked, entry, leave, STEP_S)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON value on one line")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    n = N_CELLS * N_BRANCHES
    common = {"name": "dose", "blocker": "ketamine"}
    paper = TopicalDose(**common, route="topical")
    well = WellDose(**common, route="well", diameter_um=1000.0)
    injection = InjectionDose(**common, route="injection", volume_nl=100.0, tip_depth_um=300.0)
    local_session(paper)  # whatever happens once, happens now
    update = 1e9 * best_s(block_update(1), 4 * given.rounds) / n
    result = {
        "pk_day_ms": 1e3 * best_s(pk_day, 4 * given.rounds),
        "topical_session_s": best_s(lambda: local_session(paper), given.rounds),
        "block_update_ns_per_compartment": update,
        "well_session_s": best_s(lambda: local_session(well), given.rounds),
        "injection_session_s": best_s(lambda: local_session(injection), given.rounds),
        "mixture_update_ns_per_compartment": 1e9 * best_s(block_update(3), given.rounds) / n,
        "block_update_over_a_second_of_kernel": update / (KERNEL_NS * KERNEL_STEPS_PER_S),
    }
    if given.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:<40}{value:.3g}")


if __name__ == "__main__":
    main()
