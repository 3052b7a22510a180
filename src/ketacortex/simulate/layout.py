"""A network in the kernel's order and precision: its numbers, its wires and a state at rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtr

from ketacortex.model.network import Hcn, Network, Pathway, Population, Synapses
from ketacortex.simulate.kernel import (
    NOISE,
    OCCUPANCY_BINS,
    PATHWAY,
    PLASTIC,
    POPULATION,
    State,
    Wires,
)
from ketacortex.units import MS_PER_S

HCN_EVERY_MS = 1.0  # a fortieth of its time constant
LOOK_EVERY_MS = 2.0  # of receptors that stay open for tens of milliseconds
IMMEDIATE = 1e30  # rate of a recovery that takes no time; infinity times 0 steps is no number
SMALLEST_GAIN = 1e-6  # keeps what is bound readable when a gain comes back from nothing
_NO_HCN = Hcn(
    nanosiemens=np.zeros((1, 1)), half_mv=0.0, slope_mv=1.0, reversal_mv=0.0, relaxation_ms=1.0
)


def make_wires(
    network: Network,
    dt_ms: float,
    field_weight: NDArray[np.float64] | None = None,
    real: type = np.float32,
) -> Wires:
    """The network's connections, receptors at their baseline, for a step of `dt_ms`.

    Parameters
    ----------
    network : Network
    dt_ms : ms
    field_weight : (n_site, n_compartment) µV / mV, None for no field
    real : precision of everything that is not counted
    """
    delays = _delay_steps(network, dt_ms)
    min_delay, max_delay = (int(delays.min()), int(delays.max())) if len(delays) else (1, 1)
    kinds, plastic = _pathways(network, dt_ms, real)
    noise, table = _noise(network, dt_ms, real)
    factor = np.array([_jump(network, pathway, dt_ms) for pathway in network.pathways])
    synapses, afferents = network.synapses, network.afferents
    has_hcn = any(p.hcn is not None for p in network.populations)
    share_2ab, share_2d = baseline_shares(network)
    if field_weight is None:
        field_weight = np.zeros((0, network.n_compartments))
    return Wires(
        pointer=_by_delay(synapses, delays, min_delay, max_delay),
        target=synapses.target,
        weight=synapses.weight * factor.astype(real)[synapses.pathway],
        pathway=synapses.pathway,
        afferent_pointer=afferents.pointer,
        afferent_target=afferents.target,
        afferent_weight=afferents.weight * factor.astype(real)[afferents.pathway],
        afferent_pathway=afferents.pathway,
        receptors=receptor_gains(network, np.ones(1), baseline_nmda(network), real),
        share_2ab=share_2ab.astype(real),
        share_2d=share_2d.astype(real),
        threshold=np.concatenate([p.threshold_mv for p in network.populations]).astype(real),
        hcn_conductance=(hcn_conductance(network) if has_hcn else np.zeros(0)).astype(real),
        hcn_half=(hcn_half(network) if has_hcn else np.zeros(0)).astype(real),
        field_weight=field_weight.astype(real),
        populations=_populations(network, dt_ms, real),
        pathways=kinds,
        plastic=plastic,
        noise=noise,
        noise_table=table,
        min_delay=min_delay,
        max_delay=max_delay,
        hcn_every=_hcn_every(dt_ms),
        look_every=max(round(LOOK_EVERY_MS / dt_ms), 1),
    )


def make_state(
    network: Network, wires: Wires, seed: int, *, looks: bool = False, times: bool = False
) -> State:
    """A network at rest, its voltages scattered over 5 mV, with a noise generator of its own.

    With `looks` there is room to collect how far NMDARs are open, and at which voltage; with
    `times` also for how long each voltage was there.
    """
    n_compartment, n_cell = network.n_compartments, network.n_cells
    rng = np.random.Generator(np.random.PCG64(seed))
    n_slot, n_plastic = wires.max_delay + 1, len(wires.plastic)
    f = wires.threshold.dtype.type
    lowest_mv = np.repeat(
        [p.initial_mv for p in network.populations],
        [p.n_compartments for p in network.populations],
    )

    def zeros(n: int) -> NDArray:
        return np.zeros(n, f)

    return State(
        voltage=(lowest_mv + 5 * rng.random(n_compartment)).astype(f),
        ampa=zeros(n_compartment),
        nmda_decay=zeros(n_compartment),
        nmda_rise=zeros(n_compartment),
        gaba=zeros(n_compartment),
        hcn=f(0.2) * wires.hcn_conductance,
        adaptation=zeros(n_cell),
        refractory=zeros(n_cell),
        spiked=np.zeros(n_cell, np.int32),
        axial=zeros(n_cell),
        utilisation=np.zeros((n_plastic, n_cell)),
        resources=np.ones((n_plastic, n_cell)),
        last_spike=np.zeros(n_cell, np.int64),
        ring=np.zeros((n_slot, n_cell), np.int32),
        ring_count=np.zeros(n_slot, np.int64),
        ring_release=np.ones((n_slot, n_cell, n_plastic), f),
        occupancy=np.zeros((n_compartment if looks else 0, 2 if times else 1, OCCUPANCY_BINS), f),
        random=rng.integers(0, 2**63, 1).astype(np.uint64),
        step=np.zeros(1, np.int64),
    )


def peak_factor(rise_ms: float, decay_ms: float) -> float:
    """Factor that makes the peak of `exp(-t/decay) - exp(-t/rise)` equal 1.

    >>> round(peak_factor(2.0, 80.0), 3)
    1.127
    """
    at = rise_ms * decay_ms / (decay_ms - rise_ms) * np.log(decay_ms / rise_ms)
    return float(1 / (np.exp(-at / decay_ms) - np.exp(-at / rise_ms)))


def event_jump(decay_ms: float, dt_ms: float) -> float:
    """Jump of an exponential conductance of peak 1 whose steps add up to its time integral.

    A conductance that jumps by `j` and is held through each step gives `j dt / (1 - exp(-dt/tau))`
    in all, and should give `tau`. Without it 0.1 ms steps of a 2 ms conductance are 2.5 % too many.

    >>> round(event_jump(2.0, 0.1), 4)
    0.9754
    """
    return float(decay_ms / dt_ms * -np.expm1(-dt_ms / decay_ms))


def poisson_table(mean: float) -> tuple[int, NDArray[np.float64]]:
    """Cumulative Poisson probabilities around `mean`, from the first count that can be drawn.

    Counts further away than ten deviations and 25 have a probability below 1e-22, less than the
    53 bits of a draw can show.

    >>> first, table = poisson_table(0.01)
    >>> first, bool(abs(table[0] - np.exp(-0.01)) < 1e-15)
    (0, True)
    """
    reach = 10 * np.sqrt(mean) + 25
    first = max(int(mean - reach), 0)
    return first, np.asarray(pdtr(np.arange(first, int(mean + reach) + 1), mean), np.float64)


def uses_shares(population: Population) -> bool:
    """Whether NMDA gains act on the shares of a point cell and not on its events."""
    return population.branches is None and bool(population.glun2d_share or population.hcn)


def baseline_nmda(network: Network) -> NDArray[np.float64]:
    """Gain of NMDA events at baseline, (n_compartment,)."""
    gain = np.ones(network.n_compartments)
    for p in network.populations:
        if p.nmda_gain is not None and not uses_shares(p):
            first = network.compartments(p.name).start
            gain[first : first + p.nmda_gain.size] = p.nmda_gain.ravel()
    return gain


def baseline_shares(network: Network) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """NMDA conductance of GluN2A/2B and of GluN2D at baseline, (n_cell,) each."""
    share_2d = np.concatenate([np.full(p.n, p.glun2d_share) for p in network.populations])
    scale = np.ones(network.n_cells)
    for p in network.populations:
        if p.nmda_gain is not None and uses_shares(p):
            scale[network.cells(p.name)] = p.nmda_gain.ravel()
    return (1 - share_2d) * scale, share_2d * scale


def receptor_gains(
    network: Network, ampa: NDArray[np.float64], nmda: NDArray[np.float64], real: type = np.float32
) -> NDArray:
    """`Wires.receptors` for gains of every compartment."""
    gains: NDArray = np.empty((network.n_compartments, 3), real)
    gains[:, 0] = np.maximum(ampa, SMALLEST_GAIN)
    gains[:, 1] = np.maximum(nmda, SMALLEST_GAIN)
    for p in network.populations:
        here = network.compartments(p.name)
        peak = peak_factor(p.nmda_rise_ms, p.nmda_decay_ms)
        gains[here, 2] = 1 / (p.nmda_ceiling_nanosiemens * peak * gains[here, 1])
    return gains


def afferent_gains(network: Network, onto_points: NDArray[np.float64]) -> NDArray[np.float32]:
    """Gain of every afferent synapse, from that of each fibre onto cells without branches.

    In single precision, so that a gain of 1 leaves a weight the bits it has.
    """
    has_branches = {p.name: p.branches is not None for p in network.populations}
    ends_on_points = np.array([not has_branches[pathway.target] for pathway in network.pathways])
    fibre = np.repeat(np.arange(len(onto_points)), np.diff(network.afferents.pointer))
    is_onto_point = ends_on_points[network.afferents.pathway]
    return np.where(is_onto_point, onto_points[fibre], 1.0).astype(np.float32)


def _hcn_every(dt_ms: float) -> int:
    """Steps between two moves of the HCN gates."""
    return max(round(HCN_EVERY_MS / dt_ms), 1)


def _in_precision(record: np.dtype, real: type) -> np.dtype:
    """The record with its float32 fields in the precision asked for."""
    kinds = ((name, record[name]) for name in record.names or ())
    return np.dtype([(name, real if kind == np.float32 else kind) for name, kind in kinds])


def _populations(network: Network, dt_ms: float, real: type) -> NDArray:
    rows = np.zeros(len(network.populations), _in_precision(POPULATION, real))
    for row, p in zip(rows, network.populations, strict=True):
        b, h, a = p.branches, p.hcn or _NO_HCN, p.adaptation
        first = network.compartments(p.name).start
        values = {
            "n": p.n,
            "n_branch": p.n_branches,
            "first": first,
            "soma": first + p.n * p.n_branches,
            "cell": network.cells(p.name).start,
            "has_hcn": p.hcn is not None,
            "has_glun2d": p.glun2d_share > 0,
            "k_soma": dt_ms / p.capacitance_pf,
            "leak_soma": p.leak_nanosiemens,
            "rest": p.leak_reversal_mv,
            "current": p.current_pa,
            "gaba_reversal": network.gaba_reversal_mv,
            "mg_slope": -network.mg_slope_per_mv,
            "mg_ratio": network.mg_ratio,
            "mg_ratio_glun2d": network.mg_ratio_glun2d,
            "hcn_reversal": h.reversal_mv,
            "hcn_slope": 1 / h.slope_mv,
            "hcn_relax": -np.expm1(-_hcn_every(dt_ms) * dt_ms / h.relaxation_ms),
            # A current has no reversal: what has jumped flows out at any voltage.
            "adaptation_reversal": -1.0 if a.reversal_mv is None else a.reversal_mv,
            "adaptation_conducts": a.reversal_mv is not None,
            "adaptation_jump": a.jump,
            "loss_adaptation": -np.expm1(-dt_ms / a.decay_ms),
            "reset": p.reset_mv,
            "refractory": round(p.refractory_ms / dt_ms),
            "decay_ampa": np.exp(-dt_ms / p.ampa_decay_ms),
            "loss_nmda": -np.expm1(-dt_ms / p.nmda_decay_ms),
            "decay_rise": np.exp(-dt_ms / p.nmda_rise_ms),
            "decay_gaba_soma": np.exp(-dt_ms / p.gaba_decay_ms),
            "nmda_peak": peak_factor(p.nmda_rise_ms, p.nmda_decay_ms),
        }
        if b is not None:
            values |= {
                "k_branch": dt_ms / b.capacitance_pf,
                "leak_branch": b.leak_nanosiemens,
                "coupling": b.coupling_nanosiemens,
                "decay_gaba_branch": np.exp(-dt_ms / b.gaba_decay_ms),
            }
        for name, value in values.items():
            row[name] = value
    return rows


def _target(network: Network, name: str) -> Population:
    return next(p for p in network.populations if p.name == name)


def _jump(network: Network, pathway: Pathway, dt_ms: float) -> float:
    p = _target(network, pathway.target)
    if pathway.sign == "excitatory":
        return event_jump(p.ampa_decay_ms, dt_ms)
    if p.branches is not None and pathway.onto == "branches":
        return event_jump(p.branches.gaba_decay_ms, dt_ms)
    return event_jump(p.gaba_decay_ms, dt_ms)


def _nmda_over_ampa(p: Population, ratio: float, dt_ms: float) -> float:
    """Jump of the two NMDA exponentials over that of AMPA.

    The difference of two exponentials needs no correction: what both have too much cancels.
    """
    return ratio * peak_factor(p.nmda_rise_ms, p.nmda_decay_ms) / event_jump(p.ampa_decay_ms, dt_ms)


def _pathways(network: Network, dt_ms: float, real: type) -> tuple[NDArray, NDArray]:
    kinds = np.zeros(len(network.pathways), _in_precision(PATHWAY, real))
    plastic: list[tuple] = []
    for kind, pathway in zip(kinds, network.pathways, strict=True):
        target = _target(network, pathway.target)
        kind["inhibits"] = pathway.sign == "inhibitory"
        kind["nmda"] = _nmda_over_ampa(target, pathway.nmda_ratio, dt_ms)
        kind["plastic"] = -1
        rule = pathway.short_term
        if rule is not None:
            kind["plastic"] = len(plastic)
            source = network.cells(pathway.source)
            rates = [
                dt_ms / tau_ms if tau_ms > 0 else IMMEDIATE
                for tau_ms in (rule.facilitation_ms, rule.depression_ms)
            ]
            plastic.append((source.start, source.stop, rule.release, *rates))
    return kinds, np.array(plastic, PLASTIC)


def _noise(network: Network, dt_ms: float, real: type) -> tuple[NDArray, NDArray[np.float64]]:
    rows = np.zeros(len(network.noise), _in_precision(NOISE, real))
    tables = [np.zeros(0)]
    for row, source in zip(rows, network.noise, strict=True):
        p = _target(network, source.population)
        n = p.n * max(p.n_branches, 1)
        first_count, table = poisson_table(n * source.rate_hz * dt_ms / MS_PER_S)
        row["first"] = network.compartments(p.name).start
        row["n"] = n
        row["table"] = sum(map(len, tables))
        row["n_table"] = len(table)
        row["table_from"] = first_count
        row["ampa"] = source.ampa_nanosiemens * event_jump(p.ampa_decay_ms, dt_ms)
        row["nmda"] = _nmda_over_ampa(p, source.nmda_ratio, dt_ms)
        tables.append(table)
    return rows, np.concatenate(tables)


def hcn_half(network: Network) -> NDArray[np.float64]:
    """Voltage at which half of the HCN gates are open at baseline, (n_compartment,) mV."""
    half_mv = [(p.hcn or _NO_HCN).half_mv for p in network.populations]
    return np.repeat(half_mv, [p.n_compartments for p in network.populations])


def hcn_conductance(network: Network) -> NDArray[np.float64]:
    """HCN conductance with every gate open at baseline, (n_compartment,) nS."""
    parts = [
        np.zeros(p.n_compartments) if p.hcn is None else p.hcn.nanosiemens.ravel()
        for p in network.populations
    ]
    return np.concatenate(parts)


def _delay_steps(network: Network, dt_ms: float) -> NDArray[np.int64]:
    """Steps of every delay that occurs, by its number of units."""
    used = np.flatnonzero(np.bincount(network.synapses.delay, minlength=1))
    if not len(network.synapses.delay):
        return np.zeros(0, np.int64)
    steps = np.rint(np.arange(used[-1] + 1) * network.delay_unit_ms / dt_ms).astype(np.int64)
    return np.maximum(steps, 1)[used[0] :]


def _by_delay(
    synapses: Synapses, delays: NDArray[np.int64], min_delay: int, max_delay: int
) -> NDArray[np.int64]:
    """Where the synapses of each source and each delay in steps begin."""
    n_delay, n_source = max_delay - min_delay + 1, len(synapses.pointer) - 1
    pointer = np.empty(n_source * n_delay + 1, np.int64)
    first_unit = int(synapses.delay.min()) if len(synapses.delay) else 0
    steps_of = np.arange(min_delay, max_delay + 1)
    # Units at or beyond each delay in steps; several units may share a step.
    unit_edges = first_unit + np.searchsorted(delays, steps_of, side="left")
    for source in range(n_source):
        a, b = synapses.pointer[source], synapses.pointer[source + 1]
        row = source * n_delay
        pointer[row : row + n_delay] = a + np.searchsorted(synapses.delay[a:b], unit_edges)
    pointer[-1] = synapses.pointer[-1]
    return pointer
