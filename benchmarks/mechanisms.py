"""What each mechanism costs in the production circuit, in ns a compartment step.

    python benchmarks/mechanisms.py         # JSON

Each is the difference between the circuit with everything and the circuit without it, taking turns
in one run; what is left without any is the bare state. `all_over_d1` is the whole over D1.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.d1.kernel import d1
from benchmarks.d1.network import draw
from ketacortex.model.circuit import build_circuit
from ketacortex.model.network import Network
from ketacortex.model.settings import CircuitSettings
from ketacortex.model.v1_network import network_of
from ketacortex.seeds import generator
from ketacortex.simulate.engine import STEPS_PER_S, Cortex
from ketacortex.simulate.field import FieldSites
from ketacortex.simulate.show import afferent_tuning
from ketacortex.stimulus.afferent_spikes import AfferentSpikes

N_STEPS = round(STEPS_PER_S)


def without(network: Network, mechanism: str) -> Network:
    if mechanism == "hcn":
        bare = tuple(replace(p, hcn=None) for p in network.populations)
        return replace(network, populations=bare)
    if mechanism == "glun2d":
        bare = tuple(replace(p, glun2d_share=0.0) for p in network.populations)
        return replace(network, populations=bare)
    if mechanism == "noise":
        return replace(network, noise=())
    if mechanism == "short_term_plasticity":
        return replace(
            network, pathways=tuple(replace(w, short_term=None) for w in network.pathways)
        )
    return network


def main() -> None:
    circuit = build_circuit(CircuitSettings(), 1)
    network = network_of(circuit)
    stream = AfferentSpikes(afferent_tuning(circuit), generator("benchmark"))
    events = [stream.stretch(0.0, 1.0, STEPS_PER_S) for _ in range(4)]
    nothing = np.zeros(0, np.int64)
    place = np.random.default_rng(0).uniform(0, 1500, (network.n_compartments, 3))
    field = FieldSites(electrode_um=np.array([[750.0, 750.0, 300.0]]), compartment_um=place)
    runs = {
        "everything": Cortex(network, 1, looks=True),
        "drug_state": Cortex(network, 1),
        "lfp_of_one_electrode": Cortex(network, 1, looks=True, field=field),
        "afferents": Cortex(network, 1, looks=True),
        "d1": Cortex(d1(draw()), 1),
    }
    for name in ("hcn", "glun2d", "noise", "short_term_plasticity"):
        runs[name] = Cortex(without(network, name), 1, looks=True)
    best = dict.fromkeys(runs, np.inf)
    for k in range(8):
        for name, cortex in runs.items():
            given = (nothing, nothing) if name in ("d1", "afferents") else events[k % 4]
            began = time.process_time()
            cortex.run(N_STEPS, *given)
            per_step = (time.process_time() - began) / N_STEPS / cortex.network.n_compartments
            best[name] = min(best[name], per_step * 1e9)
    whole, d1_ns = best.pop("everything"), best.pop("d1")
    field_ns = best.pop("lfp_of_one_electrode") - whole
    answer = {name: round(whole - value, 3) for name, value in best.items()}
    answer["lfp_of_one_electrode"] = round(field_ns, 3)
    print(json.dumps({
        "ns_per_compartment_step": {"all": round(whole, 3), "d1": round(d1_ns, 3), **answer},
        "all_over_d1": round(whole / d1_ns, 2),
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
