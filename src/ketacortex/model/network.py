"""What the kernel can run: populations of point or branched cells and the synapses between them.

A circuit preset says what a cortex is in the field's words; here it has become populations,
pathways and sorted synapses. A network knows no drug, no time and no stimulus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ketacortex.compiled import compiled

AFFERENTS = "afferents"
"""Name of the source of those pathways that carry the spikes given from outside."""


@dataclass(frozen=True, kw_only=True)
class Adaptation:
    """After-hyperpolarisation: a jump with each spike that decays.

    Parameters
    ----------
    jump : nS, or pA where there is no reversal
    decay_ms : ms
    reversal_mv : mV; None makes it a current, which does not depend on voltage
    """

    jump: float = 0.0
    decay_ms: float = 100.0
    reversal_mv: float | None = -80.0


@dataclass(frozen=True, kw_only=True)
class Hcn:
    """Conductance that opens with hyperpolarisation.

    Parameters
    ----------
    nanosiemens : (n_branch + 1, n) nS with every gate open: branches, then somata
    half_mv, slope_mv, reversal_mv, relaxation_ms : of the gate
    """

    nanosiemens: NDArray[np.float64]
    half_mv: float
    slope_mv: float
    reversal_mv: float
    relaxation_ms: float


@dataclass(frozen=True, kw_only=True)
class Branches:
    """Dendritic branches, each one compartment beside the soma.

    Parameters
    ----------
    n : branches of a cell
    capacitance_pf, leak_nanosiemens : of one branch
    coupling_nanosiemens : between a branch and its soma
    gaba_decay_ms : ms
    """

    n: int
    capacitance_pf: float
    leak_nanosiemens: float
    coupling_nanosiemens: float
    gaba_decay_ms: float


@dataclass(frozen=True, kw_only=True)
class Population:
    """Cells of one kind. A branched cell is excited on its branches alone, a point cell as a whole.

    Parameters
    ----------
    name : of the population
    n : cells
    threshold_mv : (n,) mV
    capacitance_pf, leak_nanosiemens, leak_reversal_mv : of the soma; the reversal also of branches
    reset_mv, refractory_ms : after a spike
    current_pa : tonic, into the soma
    adaptation : Adaptation
    branches : None for point cells
    hcn : None where there is none
    ampa_decay_ms, nmda_rise_ms, nmda_decay_ms, gaba_decay_ms : ms; GABA of soma or point cell
    nmda_ceiling_nanosiemens : nS, all NMDA receptors of a compartment open
    nmda_gain : of every branch, (n_branch, n), or of point cells, (1, n); None for 1 everywhere
    glun2d_share : of the NMDA conductance of a point cell
    initial_mv : mV, lower edge of the 5 mV over which voltages are scattered at the start
    """

    name: str
    n: int
    threshold_mv: NDArray[np.float64]
    capacitance_pf: float
    leak_nanosiemens: float
    leak_reversal_mv: float
    reset_mv: float
    refractory_ms: float
    current_pa: float = 0.0
    adaptation: Adaptation = Adaptation()
    branches: Branches | None = None
    hcn: Hcn | None = None
    ampa_decay_ms: float
    nmda_rise_ms: float
    nmda_decay_ms: float
    gaba_decay_ms: float
    nmda_ceiling_nanosiemens: float = np.inf
    nmda_gain: NDArray[np.float64] | None = None
    glun2d_share: float = 0.0
    initial_mv: float = -70.0

    @property
    def n_branches(self) -> int:
        """Branches of a cell; 0 for a point cell."""
        return 0 if self.branches is None else self.branches.n

    @property
    def n_compartments(self) -> int:
        """Compartments of all cells: branch 0 of every cell, branch 1 ..., then somata."""
        return self.n * (self.n_branches + 1)


@dataclass(frozen=True, kw_only=True)
class ShortTerm:
    """Release that depends on the spikes before (Markram et al. 1998, 10.1073/pnas.95.9.5323).

    Parameters
    ----------
    release : share of the resources that a rested synapse releases
    facilitation_ms, depression_ms : ms, recovery; 0 switches one of them off
    """

    release: float
    facilitation_ms: float = 0.0
    depression_ms: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Pathway:
    """What the synapses from one population onto another have in common.

    Parameters
    ----------
    source, target : names of populations; the source may be `AFFERENTS`
    sign : excitatory (AMPA and NMDA) or inhibitory (GABA)
    onto : branches or somata; point cells have somata
    nmda_ratio : peak of the NMDA conductance over that of AMPA
    short_term : None for a release that never changes
    setting : path of the setting that says how strong it is, for messages
    """

    source: str
    target: str
    sign: Literal["excitatory", "inhibitory"]
    onto: Literal["branches", "somata"]
    nmda_ratio: float = 0.0
    short_term: ShortTerm | None = None
    setting: str = ""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Private Poisson excitation of every branch of a population, or of every point cell.

    Parameters
    ----------
    population : its name
    rate_hz : Hz, events onto one compartment
    ampa_nanosiemens : nS an event
    nmda_ratio : peak of the NMDA conductance over that of AMPA
    setting : path of the setting that says how strong it is, for messages
    """

    population: str
    rate_hz: float
    ampa_nanosiemens: float
    nmda_ratio: float = 0.0
    setting: str = ""


@dataclass(frozen=True)
class Synapses:
    """Synapses sorted by source, then by delay: 10 bytes each.

    Parameters
    ----------
    pointer : (n_source + 1,) synapses of source `i` are `pointer[i]` to `pointer[i + 1]`
    target : (n_synapse,) compartment
    delay : (n_synapse,) in units of the network's `delay_unit_ms`
    weight : (n_synapse,) nS, peak of the AMPA or GABA conductance
    pathway : (n_synapse,) its place in `Network.pathways`
    """

    pointer: NDArray[np.int64]
    target: NDArray[np.int32]
    delay: NDArray[np.uint8]
    weight: NDArray[np.float32]
    pathway: NDArray[np.uint8]

    @property
    def n_bytes(self) -> int:
        """Memory of all of them."""
        return sum(a.nbytes for a in (self.target, self.delay, self.weight, self.pathway))


@dataclass(frozen=True, kw_only=True)
class Network:
    """Populations and everything that connects them.

    Cells are numbered population by population, compartments too: within one population branch 0
    of every cell, branch 1 ..., then somata.

    Parameters
    ----------
    populations, pathways, noise : in order
    synapses : from the cells, at most 255 delays from `delay_unit_ms` on
    afferents : from the fibres whose spikes are given from outside; their delay is not used
    delay_unit_ms : ms
    mg_ratio : external magnesium over its affinity at 0 mV for GluN2A and 2B
    mg_ratio_glun2d : the same for GluN2D
    mg_slope_per_mv : 1/mV
    gaba_reversal_mv : mV
    """

    populations: tuple[Population, ...]
    pathways: tuple[Pathway, ...]
    noise: tuple[Noise, ...]
    synapses: Synapses
    afferents: Synapses
    delay_unit_ms: float = 0.1
    mg_ratio: float
    mg_ratio_glun2d: float = 0.0
    mg_slope_per_mv: float
    gaba_reversal_mv: float

    def __post_init__(self) -> None:
        for p in self.populations:
            if p.branches is not None and p.glun2d_share:
                raise ValueError(
                    f"{p.name} has branches and a share of GluN2D of {p.glun2d_share}; only point "
                    "cells carry receptors with a second affinity for magnesium. Set it to 0"
                )
        by_name = {p.name: p for p in self.populations}
        for pathway in self.pathways:
            target = by_name[pathway.target]
            excitatory, somata = pathway.sign == "excitatory", pathway.onto == "somata"
            if target.branches is None and not somata:
                raise ValueError(
                    f"the pathway {pathway.source} -> {target.name} ends on branches, but "
                    f"{target.name} are point cells. Let it end on somata"
                )
            if target.branches is not None and excitatory and somata:
                raise ValueError(
                    f"the excitatory pathway {pathway.source} -> {target.name} ends on somata; "
                    "cells with branches are excited there. Let it end on branches"
                )

    @property
    def n_cells(self) -> int:
        """All cells."""
        return sum(p.n for p in self.populations)

    @property
    def n_compartments(self) -> int:
        """All compartments."""
        return sum(p.n_compartments for p in self.populations)

    def cells(self, name: str) -> slice:
        """Cells of a population."""
        first = 0
        for p in self.populations:
            if p.name == name:
                return slice(first, first + p.n)
            first += p.n
        raise KeyError(name)

    def compartments(self, name: str) -> slice:
        """Compartments of a population: branches, then somata."""
        first = 0
        for p in self.populations:
            if p.name == name:
                return slice(first, first + p.n_compartments)
            first += p.n_compartments
        raise KeyError(name)

    @property
    def receptor_compartments(self) -> NDArray[np.int64]:
        """Compartments with AMPA and NMDA receptors: branches and point cells, in order."""
        parts = []
        for p in self.populations:
            first = self.compartments(p.name).start
            parts.append(first + np.arange(p.n * max(p.n_branches, 1)))
        return np.concatenate(parts)


def sort_synapses(
    n_source: int, source: NDArray, target: NDArray, delay: NDArray, weight: NDArray,
    pathway: NDArray,
) -> Synapses:  # fmt: skip
    """Synapses in the order that the kernel needs; those of one source and delay keep their order.

    Counting sort: time and memory grow with the synapses, not with their logarithm.

    Parameters
    ----------
    n_source : cells, or fibres
    source, target, delay, weight, pathway : (n_synapse,)

    Raises
    ------
    ValueError
        A delay that does not fit into a byte.
    """
    if len(delay) and not 0 <= delay.min() <= delay.max() <= 255:
        raise ValueError(
            f"delays run from {delay.min()} to {delay.max()} units; they must lie within 0 to 255. "
            "Shorten the longest delay or take a longer unit"
        )
    n_delay = int(delay.max()) + 1 if len(delay) else 1
    place, pointer = _places(
        source.astype(np.int32, copy=False), delay.astype(np.uint8, copy=False), n_source, n_delay
    )

    def put(values: NDArray, kind: type) -> NDArray:
        sorted_values: NDArray = np.empty(len(values), kind)
        sorted_values[place] = values
        return sorted_values

    return Synapses(
        pointer,
        put(target, np.int32),
        put(delay, np.uint8),
        put(weight, np.float32),
        put(pathway, np.uint8),
    )


@compiled()
def _places(source, delay, n_source, n_delay):  # type: ignore[no-untyped-def]
    """Where each synapse goes, and where the synapses of each source begin."""
    first = np.zeros(n_source * n_delay + 1, np.int64)
    for j in range(source.shape[0]):
        first[np.int64(source[j]) * n_delay + delay[j] + 1] += 1
    for row in range(n_source * n_delay):
        first[row + 1] += first[row]
    pointer = np.empty(n_source + 1, np.int64)
    for i in range(n_source + 1):
        pointer[i] = first[i * n_delay]
    place = np.empty(source.shape[0], np.int64)
    for j in range(source.shape[0]):
        row = np.int64(source[j]) * n_delay + delay[j]
        place[j] = first[row]
        first[row] += 1
    return place, pointer
