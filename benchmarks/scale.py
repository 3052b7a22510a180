"""D1 at 1, 4, 16 and 64 times the cells, and one network of 100,000 cells with 10^8 synapses.

    python benchmarks/scale.py              # JSON; --large builds and steps the large one (4 GB)

In-degrees do not depend on the scale. CPU time is that of one thread. A synapse takes 10 bytes in
the network and 4 more in the running kernel, whose weights are scaled to its step.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.d1.kernel import d1
from benchmarks.d1.network import draw
from ketacortex.model.network import sort_synapses
from ketacortex.simulate.engine import Cortex

STEPS_PER_S = 10_000


def cost(scale: int) -> dict[str, float]:
    network = d1(draw(scale))
    cortex = Cortex(network, 1)
    cortex.run(1000)
    n_steps = max(STEPS_PER_S // scale, 500)
    best = np.inf
    for _ in range(4):
        began = time.process_time()
        cortex.run(n_steps)
        best = min(best, time.process_time() - began)
    per_cell = best / n_steps * STEPS_PER_S / network.n_cells
    return {
        "scale": scale,
        "cells": network.n_cells,
        "synapses": len(network.synapses.target),
        "bytes_per_synapse": network.synapses.n_bytes / len(network.synapses.target),
        "cpu_s_per_bio_s": round(per_cell * network.n_cells, 4),
        "ns_per_compartment_step": round(best / n_steps / network.n_compartments * 1e9, 3),
        "cpu_us_per_cell_and_bio_s": round(per_cell * 1e6, 2),
    }


def large(n_cells: int = 100_000, n_in: int = 1000) -> dict[str, float]:
    """The populations of D1 at 200 times, a thousand weak inputs to every cell from anywhere."""
    began = time.monotonic()
    small = d1(draw(1))
    scale = n_cells // small.n_cells
    pyr, inter = (
        replace(p, n=p.n * scale, threshold_mv=np.repeat(p.threshold_mv, scale))
        for p in small.populations
    )
    rng = np.random.default_rng(1)
    n = n_cells * n_in
    source = rng.integers(0, n_cells, n, dtype=np.int32)
    cell = np.repeat(np.arange(n_cells, dtype=np.int32), n_in)
    excites, onto_pyr = source < pyr.n, cell < pyr.n
    branch = rng.integers(0, 6, n, dtype=np.int8)
    target = np.where(onto_pyr, branch * np.int32(pyr.n) + cell, cell + np.int32(6 * pyr.n))
    # Pathways as in D1: E->E, E->I, inhibition of branches, I->I.
    pathway = np.where(excites, np.where(onto_pyr, 0, 1), np.where(onto_pyr, 3, 4)).astype(np.uint8)
    weight = np.where(excites, np.float32(0.01), np.float32(0.03)).astype(np.float32)
    delay = rng.integers(10, 20, n, dtype=np.uint8)
    del cell, branch, excites, onto_pyr
    drawn_s = time.monotonic() - began
    network = replace(
        small, populations=(pyr, inter),
        synapses=sort_synapses(n_cells, source, target, delay, weight, pathway),
    )  # fmt: skip
    del source, target, delay, weight, pathway
    cortex = Cortex(network, 1)
    built_s = time.monotonic() - began
    cortex.run(2000)
    began_cpu = time.process_time()
    spikes = cortex.run(1000)
    took = time.process_time() - began_cpu
    return {
        "cells": n_cells,
        "synapses": n,
        "drawn_s": round(drawn_s, 1),
        "built_s": round(built_s, 1),
        "bytes_per_synapse": network.synapses.n_bytes / n,
        "rate_hz": round(len(spikes.step) / 0.1 / n_cells, 2),
        "cpu_s_per_bio_s": round(took * 10, 1),
        "ns_per_compartment_step": round(took / 1000 / network.n_compartments * 1e9, 3),
        "peak_rss_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true")
    arguments = parser.parse_args()
    result: dict[str, object] = {"scales": [cost(scale) for scale in (1, 4, 16, 64)]}
    if arguments.large:
        result["large"] = large()
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
