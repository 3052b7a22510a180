"""D1 as a network of our kernel."""

from __future__ import annotations

import numpy as np

from benchmarks.d1.network import (
    BRANCH_NOISE_HZ,
    BRANCH_NOISE_NANOSIEMENS,
    DT_MS,
    INTERNEURON_NOISE_HZ,
    INTERNEURON_NOISE_NANOSIEMENS,
    N_BRANCH,
    WEIGHT_NANOSIEMENS,
    Connectivity,
)
from ketacortex.model.network import (
    Adaptation,
    Branches,
    Network,
    Noise,
    Pathway,
    Population,
    sort_synapses,
)
from ketacortex.simulate.layout import event_jump, peak_factor

AMPA_MS, NMDA_RISE_MS, NMDA_MS, GABA_MS = 2.0, 2.0, 80.0, 8.0
# D1 says by how much a conductance jumps and how far the two exponentials of NMDA are apart; a
# network says the peak of both. The first two factors turn the one into the other.
AMPA_PEAK = 1 / event_jump(AMPA_MS, DT_MS)
GABA_PEAK = 1 / event_jump(GABA_MS, DT_MS)
NMDA_RATIO = event_jump(AMPA_MS, DT_MS) / peak_factor(NMDA_RISE_MS, NMDA_MS)


def d1(net: Connectivity, *, noise: bool = True) -> Network:
    """D1, with or without its Poisson input."""
    kinetics = {
        "ampa_decay_ms": AMPA_MS, "nmda_rise_ms": NMDA_RISE_MS, "nmda_decay_ms": NMDA_MS,
        "gaba_decay_ms": GABA_MS,
    }  # fmt: skip
    populations = (
        Population(
            name="pyr", n=net.n_pyr, threshold_mv=np.full(net.n_pyr, -50.0), capacitance_pf=150.0,
            leak_nanosiemens=10.0, leak_reversal_mv=-70.0, reset_mv=-60.0, refractory_ms=2.0,
            adaptation=Adaptation(jump=20.0, decay_ms=100.0, reversal_mv=None),
            branches=Branches(
                n=N_BRANCH, capacitance_pf=30.0, leak_nanosiemens=2.0, coupling_nanosiemens=8.0,
                gaba_decay_ms=GABA_MS,
            ),
            **kinetics,
        ),
        Population(
            name="interneuron", n=net.n_pv + net.n_sst, capacitance_pf=100.0,
            threshold_mv=np.full(net.n_pv + net.n_sst, -50.0), leak_nanosiemens=10.0,
            leak_reversal_mv=-68.0, reset_mv=-60.0, refractory_ms=1.0, **kinetics,
        ),
    )  # fmt: skip
    pathways = (
        Pathway(source="pyr", target="pyr", sign="excitatory", onto="branches",
                nmda_ratio=NMDA_RATIO),
        Pathway(source="pyr", target="interneuron", sign="excitatory", onto="somata",
                nmda_ratio=NMDA_RATIO),
        Pathway(source="interneuron", target="pyr", sign="inhibitory", onto="somata"),
        Pathway(source="interneuron", target="pyr", sign="inhibitory", onto="branches"),
        Pathway(source="interneuron", target="interneuron", sign="inhibitory", onto="somata"),
    )  # fmt: skip
    peak = np.array([AMPA_PEAK, AMPA_PEAK, GABA_PEAK, GABA_PEAK, GABA_PEAK])
    weight = (np.array(WEIGHT_NANOSIEMENS) * peak).astype(np.float32)
    on = float(noise)
    nothing = np.zeros(0, np.int64)
    return Network(
        populations=populations,
        pathways=pathways,
        noise=(
            Noise(
                population="pyr", rate_hz=BRANCH_NOISE_HZ * on, nmda_ratio=NMDA_RATIO,
                ampa_nanosiemens=BRANCH_NOISE_NANOSIEMENS * AMPA_PEAK,
            ),
            Noise(
                population="interneuron", rate_hz=INTERNEURON_NOISE_HZ * on,
                ampa_nanosiemens=INTERNEURON_NOISE_NANOSIEMENS * AMPA_PEAK, nmda_ratio=NMDA_RATIO,
            ),
        ),
        synapses=sort_synapses(
            net.n_cells, net.source, net.target, net.delay, weight[net.pathway], net.pathway
        ),
        afferents=sort_synapses(0, nothing, nothing, nothing, nothing, nothing),
        delay_unit_ms=DT_MS,
        mg_ratio=1 / 3.57,
        mg_slope_per_mv=0.062,
        gaba_reversal_mv=-75.0,
    )  # fmt: skip
