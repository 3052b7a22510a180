"""One branch and its soma in NEURON, as reference values for the kernel.

    cd benchmarks/d1 && nrnivmodl neuron && \
        python ../branch_in_neuron.py ../../tests/agreement/branch_in_neuron.csv

Steps of 0.005 ms; written with NEURON 9.0.2. Voltage of the branch every 0.5 ms.
"""

import csv
import math
import sys

from neuron import h

CASES = {  # name: events, NMDA over AMPA, magnesium (mM), share of NMDA receptors left
    "epsp": (1, 0.0, 1.0, 1.0),
    "plateau": (15, 1.5, 1.0, 1.0),
    "plateau, half blocked": (15, 1.5, 1.0, 0.5),
    "plateau, nine tenths blocked": (15, 1.5, 1.0, 0.1),
    "no magnesium": (15, 1.5, 0.0, 1.0),
    "no magnesium, half blocked": (15, 1.5, 0.0, 0.5),
    "no magnesium, nine tenths blocked": (15, 1.5, 0.0, 0.1),
}
WEIGHT_NANOSIEMENS, SPREAD_MS, START_MS, STOP_MS, EVERY_MS = 0.6, 3.0, 5.0, 200.0, 0.5


def section(capacitance_pf, leak_ns):
    made = h.Section()
    made.L = made.diam = math.sqrt(capacitance_pf * 100 / math.pi)
    made.nseg, made.cm, made.Ra = 1, 1, 1e-3
    made.insert("pas")
    made.g_pas, made.e_pas = leak_ns * 1e-3 / capacitance_pf, -70
    return made


def trace(n_events, ratio, magnesium, left):
    soma, branch = section(150, 8), section(25, 0.8)
    area_cm2 = math.pi * (branch.diam / 2) ** 2 * 1e-8
    branch.Ra = area_cm2 / (2e-9 * branch.L / 2 * 1e-4)
    branch.connect(soma(0.5), 0)
    synapse = h.BranchSynapses(branch(0.5))
    rise, decay = 3.0, 60.0
    at = rise * decay / (decay - rise) * math.log(decay / rise)
    synapse.tau_rise, synapse.tau_decay, synapse.left = rise, decay, left
    synapse.ratio = ratio / (math.exp(-at / decay) - math.exp(-at / rise))
    synapse.mg_ratio = magnesium / 3.57
    keep = []
    for k in range(n_events):
        source = h.NetStim()
        # The kernel's steps begin on a grid of 0.1 ms.
        late = round(k / max(n_events - 1, 1) * SPREAD_MS * 10) / 10
        source.number, source.start = 1, START_MS + late
        connection = h.NetCon(source, synapse)
        connection.weight[0], connection.delay = WEIGHT_NANOSIEMENS * 1e-3, 0
        keep.append((source, connection))
    voltage = h.Vector().record(branch(0.5)._ref_v, EVERY_MS)
    h.dt = 0.005
    h.finitialize(-70)
    h.continuerun(STOP_MS)
    return list(voltage)


def main():
    h.load_file("stdrun.hoc")
    h.steps_per_ms = 200
    with open(sys.argv[1], "w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        for name, case in CASES.items():
            rows.writerow([name, *case, *(f"{mv:.4f}" for mv in trace(*case))])


if __name__ == "__main__":
    main()
