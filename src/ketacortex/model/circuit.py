"""The circuit: what the cortex of one animal is, as frozen arrays that know no drug and no time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.model.maps import orientation_map, scatter_cells
from ketacortex.model.settings import CircuitSettings
from ketacortex.model.wiring import (
    Connections,
    connect,
    delay_steps,
    distance_um,
    like_to_like_weight,
    reach_weight,
)
from ketacortex.seeds import generator
from ketacortex.units import orientation_distance_deg

DT_MS = 0.1


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """Cells, branches and every connection of one animal.

    Cells are numbered pyramids first, then PV, then SST. Compartments are numbered branch 0 of
    every pyramid, branch 1 ..., then pyramidal somata, then PV, then SST cells.

    Parameters
    ----------
    position_um : (n_cell, 2) µm
    depth_um : (n_cell,) µm below the pia
    preferred_deg : (n_pyr,) deg, orientation that the cell's inputs are centred on
    branch_depth_um : (n_branch, n_pyr) µm
    branch_preferred_deg : (n_branch, n_pyr) deg
    branch_nmda_ratio : (n_branch, n_pyr) NMDA of a branch over the mean branch of its cell
    threshold_mv : (n_cell,) mV
    source, target, delay, ampa : (n_synapse,) cell, compartment, steps, nS
        `ampa` is a GABA conductance where the source is an interneuron.
    afferent_preferred_deg : (n_afferent,) deg
    afferent_source, afferent_target, afferent_ampa : (n_contact,) fibre, compartment, nS
    """

    settings: CircuitSettings
    position_um: NDArray[np.float64]
    depth_um: NDArray[np.float64]
    preferred_deg: NDArray[np.float64]
    branch_depth_um: NDArray[np.float64]
    branch_preferred_deg: NDArray[np.float64]
    branch_nmda_ratio: NDArray[np.float64]
    threshold_mv: NDArray[np.float64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    delay: NDArray[np.int64]
    ampa: NDArray[np.float64]
    afferent_preferred_deg: NDArray[np.float64]
    afferent_source: NDArray[np.int64]
    afferent_target: NDArray[np.int64]
    afferent_ampa: NDArray[np.float64]

    @property
    def n_cells(self) -> int:
        """All cells."""
        return len(self.depth_um)

    @property
    def cell_class(self) -> NDArray[np.str_]:
        """Class of each cell, (n_cell,)."""
        s = self.settings
        return np.repeat(["pyr", "pv", "sst"], [s.pyr.n, s.pv.n, s.sst.n])


def build_circuit(settings: CircuitSettings, animal: int) -> Circuit:
    """Draw the cortex of one animal: its map, wiring and branch heterogeneity.

    Parameters
    ----------
    settings : CircuitSettings
    animal : seed of the animal; the same seed gives the same circuit
    """
    s = settings
    position, depth, branch_depth = _draw_cells(s, animal)
    wired_by, preferred, branch_preferred = _draw_tuning(s, animal, position)
    pathways = _draw_pathways(s, animal, position, wired_by, branch_preferred)
    heterogeneity = generator("heterogeneity", animal)
    shape = (s.pyr.n_branches, s.pyr.n)
    # Branches of a cell differ, cells do not: every cell's mean is 1, as if it kept its own budget.
    ratio = heterogeneity.lognormal(0.0, s.wiring.nmda_ratio_sd, shape)
    ratio /= ratio.mean(axis=0)
    mean_threshold = np.repeat(
        [s.pyr.threshold_mv, s.pv.threshold_mv, s.sst.threshold_mv], [s.pyr.n, s.pv.n, s.sst.n]
    )
    return Circuit(
        settings=s,
        position_um=position,
        depth_um=depth,
        preferred_deg=preferred,
        branch_depth_um=branch_depth,
        branch_preferred_deg=branch_preferred,
        branch_nmda_ratio=ratio,
        threshold_mv=mean_threshold
        + s.pyr.threshold_sd_mv * heterogeneity.standard_normal(len(depth)).clip(-2, 2),
        **pathways,
        **_draw_afferents(s, animal, branch_preferred),
    )


def _draw_cells(
    s: CircuitSettings, animal: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Positions, soma depths and branch depths: half the branches basal, half apical."""
    rng = generator("cells", animal)
    position = np.concatenate(
        [scatter_cells(n, s.patch.width_um, rng) for n in (s.pyr.n, s.pv.n, s.sst.n)]
    )
    depth = rng.uniform(s.patch.soma_depth_min_um, s.patch.soma_depth_max_um, len(position))
    n_basal = s.pyr.n_branches // 2
    below = rng.uniform(0, s.patch.basal_reach_um, (n_basal, s.pyr.n))
    above = rng.uniform(0, s.patch.apical_reach_um, (s.pyr.n_branches - n_basal, s.pyr.n))
    branch_depth = np.maximum(depth[: s.pyr.n] + np.concatenate([below, -above]), 10.0)
    return position, depth, branch_depth


def _draw_tuning(
    s: CircuitSettings, animal: int, position: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Preference by which a cell is wired, preference of its afferents, and of its branches."""
    rng = generator("map", animal)
    smooth = orientation_map(position[: s.pyr.n], s.patch.map_period_um, rng)
    shuffled = rng.permutation(smooth)
    scatter = rng.normal(0, s.afferents.branch_scatter_deg, (s.pyr.n_branches, s.pyr.n))
    # The cell's preference is that of its branches together, so they are turned as a whole until
    # their sum points there: widely scattered inputs under a smooth map (Jia et al. 2010).
    lean = np.rad2deg(np.angle(np.exp(2j * np.deg2rad(scatter)).sum(axis=0))) / 2
    wired_by = shuffled if s.map == "mouse" else smooth
    preferred = smooth if s.map == "cat" else shuffled
    return wired_by, preferred, (preferred + scatter - lean) % 180.0


def _draw_pathways(
    s: CircuitSettings, animal: int, position: NDArray[np.float64],
    wired_by: NDArray[np.float64], branch_preferred: NDArray[np.float64],
) -> dict[str, NDArray]:  # fmt: skip
    """Every recurrent synapse, sorted by source, delay and target."""
    w, n, n_branch = s.wiring, s.pyr.n, s.pyr.n_branches
    soma, first_inter = n_branch * n, (n_branch + 1) * n
    pyr, pv, sst = slice(0, n), slice(n, n + s.pv.n), slice(n + s.pv.n, n + s.pv.n + s.sst.n)
    rng = generator("wiring", animal)

    def weight(target: slice, source: slice, reach: float) -> NDArray[np.float64]:
        between = reach_weight(distance_um(position[target], position[source]), reach)
        if target == source:
            np.fill_diagonal(between, 0.0)
        return between

    like = like_to_like_weight(wired_by, wired_by, w.ee_like_to_like)
    ee = connect(weight(pyr, pyr, w.ee_reach_um) * like, w.ee_share, rng)
    ep = connect(weight(pv, pyr, w.inhibition_reach_um), w.ep_share, rng)
    es = connect(weight(sst, pyr, w.inhibition_reach_um), w.es_share, rng)
    pe = connect(weight(pyr, pv, w.inhibition_reach_um), w.pe_share, rng)
    pp = connect(weight(pv, pv, w.inhibition_reach_um), w.pp_share, rng)
    se = connect(weight(pyr, sst, w.inhibition_reach_um), w.se_share, rng)

    ee_branch = _choose_branch(ee, wired_by, branch_preferred, w.ee_matched_branch, rng)
    se_branch = rng.integers(0, n_branch, len(se.source))
    parts = [  # source cell, target cell, target compartment, AMPA or GABA nS
        (ee.source, ee.target, ee_branch * n + ee.target, w.ee_nanosiemens),
        (ep.source, n + ep.target, first_inter + ep.target, w.ep_nanosiemens),
        (es.source, n + s.pv.n + es.target, first_inter + s.pv.n + es.target, w.es_nanosiemens),
        (n + pe.source, pe.target, soma + pe.target, w.pe_nanosiemens),
        (n + pp.source, n + pp.target, first_inter + pp.target, w.pp_nanosiemens),
        (n + s.pv.n + se.source, se.target, se_branch * n + se.target, w.se_nanosiemens),
    ]  # fmt: skip
    source = np.concatenate([part[0] for part in parts])
    cell = np.concatenate([part[1] for part in parts])
    target = np.concatenate([part[2] for part in parts])
    ampa = np.concatenate([np.full(len(part[0]), part[3]) for part in parts])
    delay = delay_steps(
        np.linalg.norm(position[source] - position[cell], axis=1),
        shortest_ms=w.delay_min_ms, longest_ms=w.delay_max_ms,
        conduction_um_per_ms=w.conduction_um_per_ms, dt_ms=DT_MS,
    )  # fmt: skip
    order = np.lexsort((target, delay, source))
    return {
        "source": source[order],
        "target": target[order],
        "delay": delay[order],
        "ampa": ampa[order],
    }


def _choose_branch(
    ee: Connections, wired_by: NDArray[np.float64], branch_preferred: NDArray[np.float64],
    matched_share: float, rng: np.random.Generator,
) -> NDArray[np.int64]:  # fmt: skip
    """A share of the synapses lands on the branch tuned most like the source, the rest anywhere."""
    mismatch = orientation_distance_deg(branch_preferred[:, ee.target], wired_by[ee.source])
    anywhere = rng.integers(0, len(branch_preferred), len(ee.source))
    return np.where(rng.random(len(ee.source)) < matched_share, mismatch.argmin(axis=0), anywhere)


def _draw_afferents(
    s: CircuitSettings, animal: int, branch_preferred: NDArray[np.float64]
) -> dict[str, NDArray]:
    """Afferent fibres with evenly spread preferences, and what each of them contacts."""
    a, n_compartment = s.afferents, branch_preferred.size
    rng = generator("afferents", animal)
    preferred = (np.arange(a.n) + 0.5) * 180.0 / a.n
    # Von Mises in the doubled angle, about the branch's own preference.
    offset = np.rad2deg(rng.vonmises(0.0, a.branch_tuning, (n_compartment, a.per_branch))) / 2
    drawn = (branch_preferred.ravel()[:, None] + offset) % 180.0
    onto_branch = np.minimum((drawn * a.n / 180.0).astype(np.int64), a.n - 1).ravel()
    n_inter = s.pv.n + s.sst.n
    onto_inter = rng.integers(0, a.n, (n_inter, a.per_interneuron)).ravel()
    inter = np.repeat(np.arange(n_inter), a.per_interneuron)
    inter_weight = np.where(inter < s.pv.n, a.pv_nanosiemens, a.sst_nanosiemens)
    source = np.concatenate([onto_branch, onto_inter])
    target = np.concatenate(
        [np.repeat(np.arange(n_compartment), a.per_branch), n_compartment + s.pyr.n + inter]
    )
    ampa = np.concatenate([np.full(len(onto_branch), a.pyr_nanosiemens), inter_weight])
    order = np.lexsort((target, source))
    return {
        "afferent_preferred_deg": preferred,
        "afferent_source": source[order],
        "afferent_target": target[order],
        "afferent_ampa": ampa[order],
    }
