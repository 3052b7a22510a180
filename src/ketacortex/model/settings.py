"""Every number of the circuit, with its unit and where it comes from.

`source` names the evidence, or says `fitted` and to what. Two values were inherited from prototype
circuits that were built with an effect of NMDA block in view; they say so.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ketacortex.model.upregulation import AmpaUpregulation
from ketacortex.settings import Settings, sourced

BASELINE = "fitted: rates, tuning, Fano factor and correlation at baseline (calibration/)"
BY_HAND = (
    "fitted: by hand to the same baseline, then held fixed while calibration/ moved the others"
)
TYPICAL = "fitted: typical of the cell class, held fixed while the baseline was calibrated"
HCN_DISTANCE = (
    "323 in layer 5, Kole et al. 2006, 10.1523/JNEUROSCI.3664-05.2006; how far layer 2/3 has such "
    "a gradient is contested, so branches are alike by default"
)
HCN_SOMA = "assumed: none, as the gradient of layer 5 leaves little there"
PROTOTYPE = (
    "fitted: kept from the prototype circuits, where it served control rates and Fano factor"
)
IN_VIEW = (
    "fitted: kept from the prototype circuits, where it was chosen with shifts of preferred "
    "orientation under NMDA block (A1) in view; wide scatter of branch inputs as in Jia et al. "
    "2010, 10.1038/nature08947"
)
MG_2D = (
    "derived: the ketamine IC50 without and with 1 mM Mg at -65 mV (Kotermanski & Johnson 2009, "
    "10.1523/JNEUROSCI.3703-08.2009) give 0.39 mM for GluN2D against 0.0635 mM; assumed: the same "
    "voltage slope"
)
KINETICS = "GluN2A/2B in patches, PMC6858497 table 1, divided by 2-2.5 for 35-37 C (Q10 of 2)"
MG = "Jahr & Stevens 1990, 10.1523/JNEUROSCI.10-09-03178.1990"
COMPOSITION = (
    "assumed: interneurons that are mostly PV or SST express GluN2D (Perszyk et al. 2016, Mol "
    "Pharmacol 90:689); the share of 0.3 is a guess"
)
COMPOSITION_2B = (
    "derived, confidence 0.5: PV cells switch from GluN2B to 2A (Matta et al. 2013, PMC4132661), "
    "SST cells and adult pyramids keep more; the rest is GluN2A"
)
NMDA_SPIKE = (
    "fitted: a local NMDA spike at 8-20 clustered inputs, lasting 20-50 ms (tests/physiology)"
)


class Patch(Settings):
    """The piece of cortex: its size, its depth and its orientation map."""

    width_um: Annotated[float, sourced("µm", TYPICAL, "side of the square patch", gt=0)] = 1500.0
    map_period_um: Annotated[
        float, sourced("µm", "assumed: about 1 mm, as in cat V1", "map period", gt=0)
    ] = 1000.0
    soma_depth_min_um: Annotated[float, sourced("µm", TYPICAL, "shallowest soma", ge=0)] = 150.0
    soma_depth_max_um: Annotated[float, sourced("µm", TYPICAL, "deepest soma", gt=0)] = 450.0
    basal_reach_um: Annotated[
        float, sourced("µm", TYPICAL, "basal branches lie up to this far below the soma", ge=0)
    ] = 80.0
    apical_reach_um: Annotated[
        float, sourced("µm", TYPICAL, "apical branches lie up to this far above", ge=0)
    ] = 250.0


class Pyramidal(Settings):
    """A soma that integrates and fires, and branches that carry the synapses."""

    n: Annotated[int, sourced("cells", TYPICAL, "pyramidal cells", ge=20)] = 240
    n_branches: Annotated[int, sourced("branches", PROTOTYPE, "branches of a cell", ge=2)] = 6
    capacitance_pf: Annotated[float, sourced("pF", TYPICAL, "somatic capacitance", gt=0)] = 150.0
    leak_nanosiemens: Annotated[float, sourced("nS", TYPICAL, "somatic leak", gt=0)] = 8.0
    rest_mv: Annotated[float, sourced("mV", TYPICAL, "leak reversal of every cell")] = -70.0
    threshold_mv: Annotated[float, sourced("mV", PROTOTYPE, "spike threshold")] = -53.6
    threshold_sd_mv: Annotated[
        float, sourced("mV", BASELINE, "spread of threshold over cells of any class", ge=0)
    ] = 0.353
    reset_mv: Annotated[float, sourced("mV", PROTOTYPE, "reset")] = -56.0
    refractory_ms: Annotated[float, sourced("ms", TYPICAL, "refractory period", gt=0)] = 3.0
    adaptation_jump_nanosiemens: Annotated[
        float,
        sourced("nS", PROTOTYPE, "after-hyperpolarisation a spike", ge=0),
    ] = 0.2
    adaptation_decay_ms: Annotated[float, sourced("ms", TYPICAL, "its decay", gt=0)] = 98.0
    adaptation_reversal_mv: Annotated[float, sourced("mV", TYPICAL, "its reversal")] = -80.0
    current_pa: Annotated[float, sourced("pA", BY_HAND, "tonic current into the soma")] = 0.0
    branch_capacitance_pf: Annotated[float, sourced("pF", TYPICAL, "of a branch", gt=0)] = 25.0
    branch_leak_nanosiemens: Annotated[float, sourced("nS", NMDA_SPIKE, "of a branch", gt=0)] = 0.8
    coupling_nanosiemens: Annotated[
        float, sourced("nS", NMDA_SPIKE, "between a branch and the soma", gt=0)
    ] = 2.0
    share_glun2b: Annotated[
        float,
        sourced("share", COMPOSITION_2B, "NMDA conductance through GluN2B", ge=0, le=1),
    ] = 0.35
    hcn_nanosiemens: Annotated[float, sourced("nS", PROTOTYPE, "HCN of a branch", ge=0)] = 1.0
    hcn_length_um: Annotated[
        float | None,
        sourced("µm", HCN_DISTANCE, "over which HCN of branches grows e-fold; none: even", gt=0),
    ] = None
    hcn_soma_nanosiemens: Annotated[
        float | None, sourced("nS", HCN_SOMA, "HCN of the soma; none: none", ge=0)
    ] = None
    hcn_half_mv: Annotated[float, sourced("mV", PROTOTYPE, "half activation of HCN")] = -82.0
    hcn_slope_mv: Annotated[float, sourced("mV", PROTOTYPE, "slope of HCN", gt=0)] = 8.0
    hcn_reversal_mv: Annotated[float, sourced("mV", PROTOTYPE, "reversal of HCN")] = -35.0
    hcn_relaxation_ms: Annotated[float, sourced("ms", PROTOTYPE, "of the HCN gate", gt=0)] = 40.0


class Interneuron(Settings):
    """A point cell of one class."""

    n: Annotated[int, sourced("cells", TYPICAL, "cells of this class", ge=4)]
    capacitance_pf: Annotated[float, sourced("pF", TYPICAL, "capacitance", gt=0)]
    leak_nanosiemens: Annotated[float, sourced("nS", TYPICAL, "leak", gt=0)]
    threshold_mv: Annotated[float, sourced("mV", TYPICAL, "spike threshold")] = -50.0
    reset_mv: Annotated[float, sourced("mV", TYPICAL, "reset")] = -60.0
    refractory_ms: Annotated[float, sourced("ms", TYPICAL, "refractory period", gt=0)] = 2.0
    adaptation_jump_nanosiemens: Annotated[
        float, sourced("nS", TYPICAL, "after-hyperpolarisation a spike", ge=0)
    ] = 0.0
    share_glun2b: Annotated[
        float, sourced("share", COMPOSITION_2B, "NMDA conductance through GluN2B", ge=0, le=1)
    ]
    share_glun2d: Annotated[
        float, sourced("share", COMPOSITION, "NMDA conductance through GluN2D", ge=0, le=1)
    ] = 0.3


class Parvalbumin(Interneuron):
    """Fast cells onto somata."""

    n: Annotated[int, sourced("cells", TYPICAL, "PV cells", ge=4)] = 48
    capacitance_pf: Annotated[float, sourced("pF", PROTOTYPE, "capacitance", gt=0)] = 60.0
    leak_nanosiemens: Annotated[float, sourced("nS", PROTOTYPE, "leak", gt=0)] = 10.0
    reset_mv: Annotated[float, sourced("mV", PROTOTYPE, "reset")] = -62.0
    refractory_ms: Annotated[float, sourced("ms", PROTOTYPE, "refractory period", gt=0)] = 1.5
    share_glun2b: Annotated[
        float, sourced("share", COMPOSITION_2B, "NMDA conductance through GluN2B", ge=0, le=1)
    ] = 0.15


class Somatostatin(Interneuron):
    """Cells onto branches, with facilitating input."""

    n: Annotated[int, sourced("cells", TYPICAL, "SST cells", ge=4)] = 32
    capacitance_pf: Annotated[float, sourced("pF", PROTOTYPE, "capacitance", gt=0)] = 80.0
    leak_nanosiemens: Annotated[float, sourced("nS", PROTOTYPE, "leak", gt=0)] = 4.0
    share_glun2b: Annotated[
        float, sourced("share", COMPOSITION_2B, "NMDA conductance through GluN2B", ge=0, le=1)
    ] = 0.45
    adaptation_jump_nanosiemens: Annotated[
        float, sourced("nS", TYPICAL, "after-hyperpolarisation a spike", ge=0)
    ] = 0.2


class Receptors(Settings):
    """Kinetics and ceilings of the synaptic conductances."""

    ampa_decay_ms: Annotated[float, sourced("ms", PROTOTYPE, "AMPA decay", gt=0)] = 2.0
    nmda_rise_ms: Annotated[float, sourced("ms", KINETICS, "NMDA rise", gt=0)] = 3.0
    nmda_decay_ms: Annotated[float, sourced("ms", KINETICS, "NMDA decay", gt=0)] = 60.0
    nmda_decay_interneuron_ms: Annotated[
        float, sourced("ms", PROTOTYPE, "NMDA decay on interneurons", gt=0)
    ] = 60.0
    nmda_ceiling_nanosiemens: Annotated[
        float, sourced("nS", NMDA_SPIKE, "all NMDA receptors of a branch open", gt=0)
    ] = 25.0
    nmda_ceiling_interneuron_nanosiemens: Annotated[
        float, sourced("nS", PROTOTYPE, "all NMDA receptors of an interneuron open", gt=0)
    ] = 15.0
    magnesium_millimolar: Annotated[
        float,
        sourced(
            "mM", "assumed: 1 mM, of 0.8-1.3 mM in cerebrospinal fluid", "external magnesium", ge=0
        ),
    ] = 1.0
    mg_affinity_millimolar: Annotated[
        float, sourced("mM", MG, "Mg affinity of GluN2A/2B at 0 mV", gt=0)
    ] = 3.57
    mg_slope_per_mv: Annotated[float, sourced("1/mV", MG, "its voltage slope", gt=0)] = 0.062
    mg_affinity_glun2d_ratio: Annotated[
        float,
        sourced("ratio", MG_2D,
                "Mg affinity constant of GluN2A/2B over that of GluN2D", gt=0),
    ] = 0.163  # fmt: skip
    gaba_reversal_mv: Annotated[float, sourced("mV", TYPICAL, "GABA-A reversal")] = -75.0
    gaba_branch_decay_ms: Annotated[
        float, sourced("ms", PROTOTYPE, "GABA from SST on branches", gt=0)
    ] = 14.0
    gaba_soma_decay_ms: Annotated[
        float, sourced("ms", PROTOTYPE, "GABA from PV on somata", gt=0)
    ] = 5.0
    gaba_interneuron_decay_ms: Annotated[
        float, sourced("ms", TYPICAL, "GABA on interneurons", gt=0)
    ] = 6.0


class Wiring(Settings):
    """Who contacts whom, how strongly and how late; every cell of a class has equal in-degree."""

    ee_share: Annotated[float, sourced("share", BY_HAND, "pyramids a pyramid hears", ge=0)] = 0.05
    ee_like_to_like: Annotated[
        float, sourced("-", PROTOTYPE, "p ~ exp(k (cos 2 dPO - 1))", ge=0)
    ] = 1.5
    ee_reach_um: Annotated[float, sourced("µm", PROTOTYPE, "Gaussian reach of E->E", gt=0)] = 400.0
    ee_matched_branch: Annotated[
        float, sourced("share", PROTOTYPE, "E->E on the branch tuned most alike", ge=0, le=1)
    ] = 0.6
    inhibition_reach_um: Annotated[
        float, sourced("µm", TYPICAL, "Gaussian reach from and onto interneurons", gt=0)
    ] = 500.0
    ep_share: Annotated[float, sourced("share", PROTOTYPE, "pyramids a PV cell hears", ge=0)] = 0.5
    es_share: Annotated[float, sourced("share", BY_HAND, "pyramids an SST cell hears", ge=0)] = 0.2
    pe_share: Annotated[float, sourced("share", PROTOTYPE, "PV cells a pyramid hears", ge=0)] = 0.5
    pp_share: Annotated[float, sourced("share", PROTOTYPE, "PV cells a PV cell hears", ge=0)] = 0.4
    se_share: Annotated[
        float, sourced("share", PROTOTYPE, "SST cells that reach a pyramid", ge=0)
    ] = 0.5
    ee_nanosiemens: Annotated[float, sourced("nS", BY_HAND, "AMPA, E->E", ge=0)] = 0.6
    ep_nanosiemens: Annotated[float, sourced("nS", BASELINE, "AMPA, E->PV", ge=0)] = 0.284
    es_nanosiemens: Annotated[float, sourced("nS", BASELINE, "AMPA, rested E->SST", ge=0)] = 0.0656
    pe_nanosiemens: Annotated[float, sourced("nS", BASELINE, "GABA, PV->E soma", ge=0)] = 2.99
    pp_nanosiemens: Annotated[float, sourced("nS", PROTOTYPE, "GABA, PV->PV", ge=0)] = 1.0
    se_nanosiemens: Annotated[float, sourced("nS", BASELINE, "GABA, SST->E branch", ge=0)] = 0.976
    ee_nmda_ratio: Annotated[
        float, sourced("ratio", BY_HAND, "NMDA peak over AMPA, E->E", ge=0)
    ] = 1.5
    nmda_ratio_sd: Annotated[
        float,
        sourced("log", IN_VIEW,
                "spread over branches of log NMDA/AMPA", ge=0),
    ] = 0.9  # fmt: skip
    ep_nmda_ratio: Annotated[
        float, sourced("ratio", PROTOTYPE, "NMDA peak over AMPA, onto PV", ge=0)
    ] = 0.446
    es_nmda_ratio: Annotated[
        float, sourced("ratio", PROTOTYPE, "NMDA peak over AMPA, onto SST", ge=0)
    ] = 0.559
    es_release: Annotated[
        float, sourced("share", TYPICAL, "resting release probability of E->SST", gt=0, le=1)
    ] = 0.25
    es_facilitation_ms: Annotated[
        float, sourced("ms", TYPICAL, "decay of facilitation of E->SST", gt=0)
    ] = 200.0
    delay_min_ms: Annotated[float, sourced("ms", TYPICAL, "shortest delay", gt=0)] = 0.8
    delay_max_ms: Annotated[float, sourced("ms", TYPICAL, "longest delay", gt=0)] = 2.5
    conduction_um_per_ms: Annotated[
        float, sourced("µm/ms", TYPICAL, "conduction of horizontal axons", gt=0)
    ] = 300.0


class Afferents(Settings):
    """Thalamic and layer-4 input: orientation-tuned Poisson trains with slow gain."""

    n: Annotated[int, sourced("afferents", TYPICAL, "afferent fibres", ge=16)] = 1200
    per_branch: Annotated[int, sourced("afferents", PROTOTYPE, "onto each branch", ge=1)] = 16
    per_interneuron: Annotated[
        int, sourced("afferents", PROTOTYPE, "onto each PV or SST", ge=1)
    ] = 96
    branch_scatter_deg: Annotated[
        float,
        sourced("deg", IN_VIEW,
                "spread of branch preference about the cell's", ge=0),
    ] = 65.0  # fmt: skip
    branch_tuning: Annotated[
        float, sourced("-", PROTOTYPE, "concentration of afferents about the branch's", ge=0)
    ] = 5.0
    rest_hz: Annotated[float, sourced("Hz", BY_HAND, "rate in a blank", ge=0)] = 0.6
    pedestal_hz: Annotated[float, sourced("Hz", BASELINE, "untuned rise with a grating", ge=0)] = (
        9.32
    )
    peak_hz: Annotated[float, sourced("Hz", BASELINE, "tuned rise with a grating", ge=0)] = 11.2
    tuning: Annotated[float, sourced("-", BASELINE, "concentration of tuning", ge=0)] = 2.21
    pyr_nanosiemens: Annotated[float, sourced("nS", BASELINE, "AMPA onto a branch", ge=0)] = 0.489
    pv_nanosiemens: Annotated[float, sourced("nS", BASELINE, "AMPA onto PV", ge=0)] = 0.0596
    sst_nanosiemens: Annotated[float, sourced("nS", BASELINE, "AMPA onto SST", ge=0)] = 0.0346
    pyr_nmda_ratio: Annotated[float, sourced("ratio", PROTOTYPE, "NMDA over AMPA", ge=0)] = 0.5
    shared_gain_sd: Annotated[
        float, sourced("log", BASELINE, "slow gain shared by all afferents", ge=0)
    ] = 0.75
    private_gain_sd: Annotated[
        float, sourced("log", BASELINE, "slow gain of one afferent alone", ge=0)
    ] = 0.388
    gain_relaxation_ms: Annotated[float, sourced("ms", PROTOTYPE, "of both gains", gt=0)] = 231.0


class Background(Settings):
    """Private Poisson excitation from the rest of the brain, through AMPA."""

    branch_hz: Annotated[float, sourced("Hz", BASELINE, "events a branch", ge=0)] = 154.0
    branch_nanosiemens: Annotated[float, sourced("nS", BY_HAND, "AMPA an event", ge=0)] = 2.5
    pv_hz: Annotated[float, sourced("Hz", BY_HAND, "events a PV cell", ge=0)] = 500.0
    pv_nanosiemens: Annotated[float, sourced("nS", BASELINE, "AMPA an event", ge=0)] = 1.76
    sst_hz: Annotated[float, sourced("Hz", BY_HAND, "events an SST cell", ge=0)] = 300.0
    sst_nanosiemens: Annotated[float, sourced("nS", BASELINE, "AMPA an event", ge=0)] = 1.41


class CircuitSettings(Settings):
    """The circuit `v1`: layer 2/3 of visual cortex with pyramidal, PV and SST cells."""

    preset: Annotated[Literal["v1"], Field(description="name of the circuit")] = "v1"
    map: Annotated[
        Literal["cat", "mouse", "shuffled"],
        Field(
            description="cat: smooth orientation map; mouse: the same preferences at shuffled "
            "positions; shuffled: wired as cat, preferences shuffled afterwards"
        ),
    ] = "cat"
    patch: Patch = Patch()
    pyr: Pyramidal = Pyramidal()
    pv: Parvalbumin = Parvalbumin()
    sst: Somatostatin = Somatostatin()
    receptors: Receptors = Receptors()
    wiring: Wiring = Wiring()
    afferents: Afferents = Afferents()
    background: Background = Background()
    upregulation: AmpaUpregulation = AmpaUpregulation()

    @model_validator(mode="after")
    def _can_be_simulated(self) -> Self:
        """Limits that one number alone cannot show."""
        for name, cell in (("pyr", self.pyr), ("pv", self.pv), ("sst", self.sst)):
            lowest_mv = cell.threshold_mv - 2 * self.pyr.threshold_sd_mv
            if lowest_mv <= cell.reset_mv:
                raise ValueError(
                    f"{name}: a threshold can lie at {lowest_mv:.1f} mV (two deviations down), not "
                    f"above the reset at {cell.reset_mv} mV; such a cell would never stop firing. "
                    "Lower the reset or the spread of threshold"
                )
        for name, inter in (("pv", self.pv), ("sst", self.sst)):
            if inter.share_glun2b + inter.share_glun2d > 1:
                raise ValueError(
                    f"{name}: share_glun2b ({inter.share_glun2b}) and share_glun2d "
                    f"({inter.share_glun2d}) are more than all receptors together; GluN2A has the "
                    "rest. Lower one of them"
                )
        if self.wiring.delay_max_ms > self.pyr.refractory_ms:
            raise ValueError(
                f"wiring.delay_max_ms is {self.wiring.delay_max_ms} ms, longer than the refractory "
                f"period of {self.pyr.refractory_ms} ms; a facilitating synapse keeps the release "
                "of one spike in flight. Shorten the delay"
            )
        if self.wiring.delay_min_ms > self.wiring.delay_max_ms:
            raise ValueError(
                f"wiring.delay_min_ms ({self.wiring.delay_min_ms} ms) exceeds delay_max_ms "
                f"({self.wiring.delay_max_ms} ms); no delay lies between. Swap them"
            )
        return self
