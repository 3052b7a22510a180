"""The circuit `v1` as populations and pathways that the kernel can run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ketacortex.model.circuit import DT_MS, Circuit
from ketacortex.model.network import (
    AFFERENTS,
    Adaptation,
    Branches,
    Hcn,
    Network,
    Noise,
    Pathway,
    Population,
    ShortTerm,
    Synapses,
    sort_synapses,
)
from ketacortex.model.settings import CircuitSettings, Interneuron


def network_of(circuit: Circuit) -> Network:
    """The circuit in the kernel's terms: compartments keep their numbers.

    Parameters
    ----------
    circuit : Circuit

    Returns
    -------
    Network
        Populations `pyr` (branched), `pv` and `sst` (points).
    """
    s, r = circuit.settings, circuit.settings.receptors
    pathways = _pathways(s)
    mg_ratio = r.magnesium_millimolar / r.mg_affinity_millimolar
    return Network(
        populations=(
            _pyramids(circuit),
            _interneurons(circuit, "pv", s.pv),
            _interneurons(circuit, "sst", s.sst),
        ),
        pathways=pathways,
        noise=(
            Noise(population="pyr", rate_hz=s.background.branch_hz,
                  ampa_nanosiemens=s.background.branch_nanosiemens,
                  setting="circuit.background.branch_nanosiemens"),
            Noise(population="pv", rate_hz=s.background.pv_hz,
                  ampa_nanosiemens=s.background.pv_nanosiemens,
                  setting="circuit.background.pv_nanosiemens"),
            Noise(population="sst", rate_hz=s.background.sst_hz,
                  ampa_nanosiemens=s.background.sst_nanosiemens,
                  setting="circuit.background.sst_nanosiemens"),
        ),
        synapses=_synapses(circuit, pathways),
        afferents=_afferents(circuit, pathways),
        delay_unit_ms=DT_MS,
        mg_ratio=mg_ratio,
        mg_ratio_glun2d=mg_ratio * r.mg_affinity_glun2d_ratio,
        mg_slope_per_mv=r.mg_slope_per_mv,
        gaba_reversal_mv=r.gaba_reversal_mv,
    )  # fmt: skip


def _pyramids(circuit: Circuit) -> Population:
    p, r = circuit.settings.pyr, circuit.settings.receptors
    return Population(
        name="pyr",
        n=p.n,
        threshold_mv=circuit.threshold_mv[: p.n],
        capacitance_pf=p.capacitance_pf,
        leak_nanosiemens=p.leak_nanosiemens,
        leak_reversal_mv=p.rest_mv,
        reset_mv=p.reset_mv,
        refractory_ms=p.refractory_ms,
        current_pa=p.current_pa,
        adaptation=Adaptation(
            jump=p.adaptation_jump_nanosiemens,
            decay_ms=p.adaptation_decay_ms,
            reversal_mv=p.adaptation_reversal_mv,
        ),
        branches=Branches(
            n=p.n_branches,
            capacitance_pf=p.branch_capacitance_pf,
            leak_nanosiemens=p.branch_leak_nanosiemens,
            coupling_nanosiemens=p.coupling_nanosiemens,
            gaba_decay_ms=r.gaba_branch_decay_ms,
        ),
        hcn=Hcn(
            nanosiemens=_hcn_nanosiemens(circuit),
            half_mv=p.hcn_half_mv,
            slope_mv=p.hcn_slope_mv,
            reversal_mv=p.hcn_reversal_mv,
            relaxation_ms=p.hcn_relaxation_ms,
        ) if p.hcn_nanosiemens or p.hcn_soma_nanosiemens else None,
        ampa_decay_ms=r.ampa_decay_ms,
        nmda_rise_ms=r.nmda_rise_ms,
        nmda_decay_ms=r.nmda_decay_ms,
        gaba_decay_ms=r.gaba_soma_decay_ms,
        nmda_ceiling_nanosiemens=r.nmda_ceiling_nanosiemens,
        nmda_gain=circuit.branch_nmda_ratio,
        initial_mv=p.rest_mv,
    )  # fmt: skip


def _hcn_nanosiemens(circuit: Circuit) -> NDArray[np.float64]:
    """HCN of branches and somata, (n_branch + 1, n_pyr) nS.

    It grows exponentially with the distance from the soma; its mean over a cell's branches is the
    setting. Sections of a branch are not told apart: its distance is that of its middle in depth.
    """
    p = circuit.settings.pyr
    hcn = np.full((p.n_branches + 1, p.n), p.hcn_nanosiemens)
    if p.hcn_length_um is not None:
        distance_um = np.abs(circuit.branch_depth_um - circuit.depth_um[: p.n])
        weight = np.exp(distance_um / p.hcn_length_um)
        hcn[:-1] *= weight / weight.mean(axis=0)
    hcn[-1] = p.hcn_soma_nanosiemens or 0.0
    return hcn


def _interneurons(circuit: Circuit, name: str, cell: Interneuron) -> Population:
    s, r = circuit.settings, circuit.settings.receptors
    return Population(
        name=name,
        n=cell.n,
        threshold_mv=circuit.threshold_mv[circuit.cell_class == name],
        capacitance_pf=cell.capacitance_pf,
        leak_nanosiemens=cell.leak_nanosiemens,
        leak_reversal_mv=s.pyr.rest_mv,
        reset_mv=cell.reset_mv,
        refractory_ms=cell.refractory_ms,
        adaptation=Adaptation(
            jump=cell.adaptation_jump_nanosiemens,
            decay_ms=s.pyr.adaptation_decay_ms,
            reversal_mv=s.pyr.adaptation_reversal_mv,
        ),
        ampa_decay_ms=r.ampa_decay_ms,
        nmda_rise_ms=r.nmda_rise_ms,
        nmda_decay_ms=r.nmda_decay_interneuron_ms,
        gaba_decay_ms=r.gaba_interneuron_decay_ms,
        nmda_ceiling_nanosiemens=r.nmda_ceiling_interneuron_nanosiemens,
        glun2d_share=cell.share_glun2d,
        initial_mv=s.pyr.rest_mv,
    )


def _pathways(s: CircuitSettings) -> tuple[Pathway, ...]:
    w = s.wiring
    facilitating = ShortTerm(release=w.es_release, facilitation_ms=w.es_facilitation_ms)
    rows: list[tuple[str, str, str, float, ShortTerm | None, str]] = [
        ("pyr", "pyr", "branches", w.ee_nmda_ratio, None, "wiring.ee_nanosiemens"),
        ("pyr", "pv", "somata", w.ep_nmda_ratio, None, "wiring.ep_nanosiemens"),
        ("pyr", "sst", "somata", w.es_nmda_ratio, facilitating, "wiring.es_nanosiemens"),
        ("pv", "pyr", "somata", 0.0, None, "wiring.pe_nanosiemens"),
        ("pv", "pv", "somata", 0.0, None, "wiring.pp_nanosiemens"),
        ("sst", "pyr", "branches", 0.0, None, "wiring.se_nanosiemens"),
        (AFFERENTS, "pyr", "branches", s.afferents.pyr_nmda_ratio, None,
         "afferents.pyr_nanosiemens"),
        (AFFERENTS, "pv", "somata", w.ep_nmda_ratio, None, "afferents.pv_nanosiemens"),
        (AFFERENTS, "sst", "somata", w.es_nmda_ratio, None, "afferents.sst_nanosiemens"),
    ]  # fmt: skip
    return tuple(
        Pathway(
            source=source,
            target=target,
            sign="inhibitory" if source in ("pv", "sst") else "excitatory",
            onto="branches" if onto == "branches" else "somata",
            nmda_ratio=ratio,
            short_term=short_term,
            setting=f"circuit.{setting}",
        )
        for source, target, onto, ratio, short_term, setting in rows
    )


def _synapses(circuit: Circuit, pathways: tuple[Pathway, ...]) -> Synapses:
    return sort_synapses(
        circuit.n_cells,
        circuit.source,
        circuit.target,
        circuit.delay,
        circuit.ampa,
        _place(pathways, circuit.cell_class[circuit.source], circuit, circuit.target),
    )


def _afferents(circuit: Circuit, pathways: tuple[Pathway, ...]) -> Synapses:
    n = len(circuit.afferent_source)
    return sort_synapses(
        len(circuit.afferent_preferred_deg),
        circuit.afferent_source,
        circuit.afferent_target,
        np.zeros(n, np.int64),
        circuit.afferent_ampa,
        _place(pathways, np.full(n, AFFERENTS), circuit, circuit.afferent_target),
    )


def _place(
    pathways: tuple[Pathway, ...], source: NDArray[np.str_], circuit: Circuit,
    target: NDArray[np.int64],
) -> NDArray[np.int64]:  # fmt: skip
    """Pathway of each synapse, by the classes of its source and of its target compartment."""
    p = circuit.settings.pyr
    class_of = np.concatenate([np.full(p.n * p.n_branches, "pyr"), circuit.cell_class])[target]
    place = np.full(len(target), -1)
    for k, pathway in enumerate(pathways):
        place[(source == pathway.source) & (class_of == pathway.target)] = k
    return place
