"""A branch of the kernel against the same branch in NEURON: EPSP and NMDA plateau, with and
without magnesium, with none, half and nine tenths of the NMDA receptors blocked."""

import csv
from pathlib import Path

import numpy as np
import pytest

from ketacortex.model.network import (
    AFFERENTS,
    Branches,
    Network,
    Pathway,
    Population,
    sort_synapses,
)
from ketacortex.simulate.engine import Cortex, ReceptorGains

with Path(__file__).with_name("branch_in_neuron.csv").open(newline="") as file:
    CASES = {row[0]: np.array(row[1:], float) for row in csv.reader(file)}
NONE = np.zeros(0, np.int64)


def branch_in_kernel(n_events, ratio, magnesium, left, dt_ms):
    """Branch voltage every 0.5 ms for 200 ms, as `benchmarks/branch_in_neuron.py` records it."""
    cell = Population(
        name="cell", n=1, threshold_mv=np.array([1e3]), capacitance_pf=150.0,
        leak_nanosiemens=8.0, leak_reversal_mv=-70.0, reset_mv=-60.0, refractory_ms=1.0,
        branches=Branches(n=1, capacitance_pf=25.0, leak_nanosiemens=0.8,
                          coupling_nanosiemens=2.0, gaba_decay_ms=5.0),
        ampa_decay_ms=2.0, nmda_rise_ms=3.0, nmda_decay_ms=60.0, gaba_decay_ms=5.0,
    )  # fmt: skip
    fibres = np.arange(n_events)
    network = Network(
        populations=(cell,), noise=(), mg_ratio=magnesium / 3.57, mg_slope_per_mv=0.062,
        gaba_reversal_mv=-75.0, synapses=sort_synapses(1, *(NONE,) * 5),
        pathways=(Pathway(source=AFFERENTS, target="cell", sign="excitatory", onto="branches",
                          nmda_ratio=ratio),),
        afferents=sort_synapses(n_events, fibres, 0 * fibres, 0 * fibres,
                                np.full(n_events, 0.6), 0 * fibres),
    )  # fmt: skip
    cortex = Cortex(network, 1, dt_ms=dt_ms)
    cortex._state.voltage[:] = -70.0
    cortex.set_gains(ReceptorGains(ampa=np.ones(1), nmda=np.array([left]), nmda_2d=np.ones(1)))
    late = np.rint(fibres / max(n_events - 1, 1) * 30) / 10
    arrival = np.rint((5.0 + late) / dt_ms).astype(np.int64)
    every, voltage = round(0.5 / dt_ms), [-70.0]
    for first in range(0, 399 * every, every):
        here = (arrival >= first) & (arrival < first + every)
        cortex.run(every, arrival[here] - first, fibres[here])
        voltage.append(float(cortex.voltage_mv[0]))
    return np.array(voltage)


def error(name, dt_ms):
    """Largest difference to NEURON over the peak of the response."""
    n_events, ratio, magnesium, left, *voltage = CASES[name]
    found = branch_in_kernel(int(n_events), ratio, magnesium, left, dt_ms)
    peak = max(voltage) + 70.0
    return np.abs(found - np.array(voltage)).max() / peak, (found.max() + 70.0) / peak


@pytest.mark.parametrize("name", CASES)
def test_a_branch_responds_as_in_neuron(name):
    """Every sample within 1 % of the peak of the response."""
    largest, peak = error(name, 0.1)
    assert peak == pytest.approx(1.0, abs=0.01)
    assert largest < 0.01


@pytest.mark.parametrize(
    "name", ["plateau", "plateau, half blocked", "plateau, nine tenths blocked"]
)
def test_the_error_halves_with_the_step(name):
    """The order of convergence of forward Euler is one."""
    errors = np.array([error(name, dt_ms)[0] for dt_ms in (0.1, 0.05, 0.025)])
    orders = -np.diff(np.log2(errors))
    assert np.all((orders > 0.7) & (orders < 1.4)), (errors, orders)
