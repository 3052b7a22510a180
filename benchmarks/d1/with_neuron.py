"""D1 in NEURON: `python with_neuron.py d1-400.npz SECONDS REPETITIONS`.

Run it in a folder in which `nrnivmodl` has compiled `benchmarks/d1/neuron`. Prints one JSON line.
"""

import json
import math
import sys
import time

import numpy as np
from neuron import h


def section(capacitance_pf: float, leak_ns: float, rest_mv: float):
    """A cylinder of one segment with this capacitance and leak."""
    made = h.Section()
    side_um = math.sqrt(capacitance_pf * 100 / math.pi)  # 1 µF/cm² is 0.01 pF/µm²
    made.L = made.diam = side_um
    made.nseg, made.cm, made.Ra = 1, 1, 1e-3
    made.insert("pas")
    made.g_pas, made.e_pas = leak_ns * 1e-3 / capacitance_pf, rest_mv
    return made


def main() -> None:
    path, seconds, repetitions = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    h.load_file("stdrun.hoc")
    held = np.load(path)
    n, n_inter = int(held["n_pyr"]), int(held["n_pv"] + held["n_sst"])
    parallel, rng, keep, receptors = h.ParallelContext(), np.random.default_rng(1), [], {}
    times, ids = h.Vector(), h.Vector()

    def noise(onto, rate_hz, weight_us, stream):
        source = h.NetStim()
        source.interval, source.number, source.start, source.noise = 1000 / rate_hz, 1e9, 0, 1
        source.noiseFromRandom123(stream, 0, 1)
        connection = h.NetCon(source, onto)
        connection.weight[0], connection.delay = weight_us, 0.1
        keep.append((source, connection))

    def spikes_of(fire, cell):
        parallel.set_gid2node(cell, 0)
        connection = h.NetCon(fire, None)
        parallel.cell(cell, connection)
        parallel.spike_record(cell, times, ids)
        keep.append((fire, connection))

    for i in range(n):
        soma = section(150, 10, -70)
        receptors[6 * n + i] = h.BranchSynapses(soma(0.5))
        spikes_of(h.Fire(soma(0.5)), i)
        keep.append(soma)
        for b in range(6):
            branch = section(30, 2, -70)
            # All of the 8 nS lies between the middle of the branch and the soma: R = Ra L / 2 A.
            area_cm2 = math.pi * (branch.diam / 2) ** 2 * 1e-8
            branch.Ra = area_cm2 / (8e-9 * branch.L / 2 * 1e-4)
            branch.connect(soma(0.5), 0)
            receptors[b * n + i] = h.BranchSynapses(branch(0.5))
            noise(receptors[b * n + i], 300, 0.42e-3, b * n + i)
            keep.append(branch)
    for i in range(n_inter):
        cell = section(100, 10, -68)
        receptors[7 * n + i] = h.BranchSynapses(cell(0.5))
        fire = h.Fire(cell(0.5))
        fire.jump, fire.refractory = 0, 1
        spikes_of(fire, n + i)
        noise(receptors[7 * n + i], 1200, 0.25e-3, 7 * n + i)
        keep.append(cell)
    weight_us = [0.2e-3, 0.15e-3, -0.8e-3, -0.4e-3, -0.5e-3]
    for source, target, way, delay in zip(
        *(held[k].tolist() for k in ("source", "target", "pathway", "delay")), strict=True
    ):
        connection = parallel.gid_connect(source, receptors[target])
        connection.weight[0], connection.delay = weight_us[way], delay * 0.1
        keep.append(connection)
    h.dt, h.steps_per_ms = 0.1, 10
    parallel.set_maxstep(10)
    h.finitialize()
    for s in h.allsec():
        s.v = -70 + 5 * rng.random()
    h.fcurrent()
    parallel.psolve(200)
    took, rates = [], []
    for _ in range(repetitions):
        first = len(ids)
        began = time.process_time()
        parallel.psolve(h.t + seconds * 1000)
        took.append((time.process_time() - began) / seconds)
        cell = np.array(ids)[first:]
        rates.append([(cell < n).sum() / seconds / n, (cell >= n).sum() / seconds / n_inter])
    pyr_hz, inter_hz = np.mean(rates, axis=0)
    print(json.dumps({"cpu_s_per_bio_s": min(took), "pyr_hz": pyr_hz, "interneuron_hz": inter_hz}))


if __name__ == "__main__":
    main()
