"""The hot path: one compiled loop that advances any network by a number of steps.

Why it looks like this:

* **Structure of arrays, one row a branch index.** Branch `b` of every cell of a population lies in
  one contiguous row, so each inner loop runs over cells with unit stride and is vectorised.
* **Unsigned indices.** Numba lets a signed index count from the end, and the test for it keeps a
  loop from being vectorised; an unsigned one needs no test.
* **float32 and an exponential of our own.** `math.exp` is a scalar call in a Numba loop and costs
  three times the rest of the step; the polynomial below is good to 3e-5 for |x| < 4.5 and
  5e-4 at 6, far below the error of the Euler step, and vectorises.
* **A mechanism that a population lacks is passed as `None`.** Numba then compiles the loop without
  it: HCN, a second class of NMDA receptors and axial current cost nothing where they are not.
* **Gains act when a spike arrives.** What a drug leaves of the receptors changes in seconds and a
  conductance decays in milliseconds, so it is the jump that is multiplied, once an event and not
  once a step; `Cortex.set_gains` rescales what is open at that moment, so nothing is lost.
* **A floor of 1e-30 on every decaying conductance.** Without input they decay into denormal
  numbers and stay there: a silent network then runs twenty times slower than an active one.
* **Slow decays by what they lose.** The loss of a step, 0.0017 of NMDA, keeps seven digits in
  float32; what is left, 0.9983, keeps four of the time constant's.
* **Delays by counting sort.** Synapses are sorted by (source, delay), and the last spikes are kept
  in a ring by step, so a step touches only the synapses whose spike arrives now.
* **The HCN gate moves every millisecond.** Its time constant is tens of them.
* **Spikes are never dropped.** When the spike buffer could overflow, the loop returns early with
  the step it reached, the caller empties the buffer and goes on; the bits are the same.
* **Arrays are taken out of their tuples once a call.** Reached through a tuple inside the loop,
  each would be reference-counted atomically at every use, which costs more than the cells.

Units inside: mV, ms, nS, pF, pA. Excitatory reversal is 0 mV. A conductance of NMDA type is the
difference of two exponentials, `decay - rise`, scaled so that its peak is the synaptic weight.
A weight of AMPA or GABA is scaled so that the conductances of all later steps add up to its exact
time integral, whatever the step.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import float32 as f4
from numba import int32 as i4
from numba import njit, uint64
from numpy.typing import NDArray

from ketacortex.compiled import compiled

OCCUPANCY_FIRST_MV = -100.0  # lower edge of the first voltage bin
OCCUPANCY_BIN_MV = 2.0  # mean of exp(0.062 V) over a bin is 0.06 % above that of its centre
OCCUPANCY_BINS = 60
FIELD_REFERENCE_MV = -65.0  # weights of a cell add up to zero, so a reference only saves digits

POPULATION = np.dtype(
    [
        *((name, np.uint64) for name in ("n", "n_branch", "first", "soma", "cell")),
        *((name, np.int64) for name in ("has_hcn", "has_glun2d")),
        *(
            (name, np.float32)
            for name in (
                "k_branch", "leak_branch", "coupling", "k_soma", "leak_soma", "rest", "current",
                "gaba_reversal", "mg_slope", "mg_ratio", "mg_ratio_glun2d",
                "hcn_reversal", "hcn_slope", "hcn_relax",
                "adaptation_reversal", "adaptation_conducts", "adaptation_jump",
                "loss_adaptation", "reset", "refractory", "decay_ampa", "loss_nmda",
                "decay_rise", "decay_gaba_branch", "decay_gaba_soma", "nmda_peak",
            )
        ),
    ]
)  # fmt: skip
"""Numbers of one population; `k_` are dt / capacitance, `decay_` factors of one step."""

PATHWAY = np.dtype([("inhibits", np.int64), ("nmda", np.float32), ("plastic", np.int64)])
"""`nmda`: jump of NMDA over that of AMPA; `plastic`: its place in PLASTIC, or -1."""

PLASTIC = np.dtype(
    [
        ("first", np.int64), ("last", np.int64),  # cells of the source
        ("release", np.float64), ("facilitation_rate", np.float64), ("depression_rate", np.float64),
    ]
)  # fmt: skip
"""Short-term plasticity of a pathway; rates are dt / time constant, huge for none."""

NOISE = np.dtype(
    [
        ("first", np.uint64), ("n", np.uint64),  # compartments
        ("table", np.int64), ("n_table", np.int64), ("table_from", np.int64),
        ("ampa", np.float32), ("nmda", np.float32),
    ]
)  # fmt: skip
"""A source of Poisson events and where its cumulative distribution lies."""


class State(NamedTuple):
    """Everything that changes with time."""

    voltage: NDArray[np.float32]  # (n_compartment,) mV
    ampa: NDArray[np.float32]  # (n_compartment,) nS
    nmda_decay: NDArray[np.float32]  # (n_compartment,) nS
    nmda_rise: NDArray[np.float32]  # (n_compartment,) nS
    gaba: NDArray[np.float32]  # (n_compartment,) nS
    hcn: NDArray[np.float32]  # (n_compartment,) nS open; empty where no population has it
    adaptation: NDArray[np.float32]  # (n_cell,) nS or pA
    refractory: NDArray[np.float32]  # (n_cell,) steps left; float, so that the loop vectorises
    spiked: NDArray[np.int32]  # (n_cell,) 1 in the step of a spike
    axial: NDArray[np.float32]  # (n_cell,) pA from branches into the soma
    utilisation: NDArray[np.float64]  # (n_plastic, n_cell) share released by the last spike
    resources: NDArray[np.float64]  # (n_plastic, n_cell) share left before the last spike
    last_spike: NDArray[np.int64]  # (n_cell,) step
    ring: NDArray[np.int32]  # (n_slot, n_cell) cells that spiked in that step
    ring_count: NDArray[np.int64]  # (n_slot,)
    ring_release: NDArray[np.float32]  # (n_slot, n_cell, n_plastic) over that of a rested synapse
    occupancy: NDArray[np.float32]  # (n_compartment, 1 or 2, n_bin) open NMDARs; looks; by voltage
    random: NDArray[np.uint64]  # (1,) state of the noise generator
    step: NDArray[np.int64]  # (1,) steps since the state was made


class Wires(NamedTuple):
    """Every connection and every receptor gain."""

    pointer: NDArray[np.int64]  # (n_cell * n_delay + 1,)
    target: NDArray[np.int32]  # (n_synapse,) compartment
    weight: NDArray[np.float32]  # (n_synapse,) nS that AMPA or GABA jumps by
    pathway: NDArray[np.uint8]  # (n_synapse,)
    afferent_pointer: NDArray[np.int64]  # (n_afferent + 1,)
    afferent_target: NDArray[np.int32]
    afferent_weight: NDArray[np.float32]
    afferent_pathway: NDArray[np.uint8]
    receptors: NDArray[np.float32]  # (n_compartment, 3) gain of AMPA, of NMDA, 1 / nS of all NMDA
    share_2ab: NDArray[np.float32]  # (n_cell,) of NMDA conductance, GluN2A/2B
    share_2d: NDArray[np.float32]  # (n_cell,) of NMDA conductance, GluN2D
    threshold: NDArray[np.float32]  # (n_cell,) mV
    hcn_conductance: NDArray[np.float32]  # (n_compartment,) nS, or empty
    hcn_half: NDArray[np.float32]  # (n_compartment,) mV of half activation, or empty
    field_weight: NDArray[np.float32]  # (n_site, n_compartment) µV / mV; no site for no field
    populations: NDArray  # POPULATION
    pathways: NDArray  # PATHWAY
    plastic: NDArray  # PLASTIC
    noise: NDArray  # NOISE
    noise_table: NDArray[np.float64]
    min_delay: int
    max_delay: int
    hcn_every: int  # steps between two moves of the HCN gates
    look_every: int  # steps between two looks at the open receptors


_FLOOR = f4(1e-30)
_ONE = f4(1.0)
_ZERO = f4(0.0)


@njit(fastmath=True, inline="always", error_model="numpy")
def exponential(x: np.float32) -> np.float32:
    """`exp(x)` by a sixth-order series of x/8, squared thrice; held at its value beyond |x| = 6."""
    y = min(max(x * f4(0.125), f4(-0.75)), f4(0.75))
    p = _ONE + y * (
        _ONE
        + y * (f4(0.5) + y * (f4(1 / 6) + y * (f4(1 / 24) + y * (f4(1 / 120) + y * f4(1 / 720)))))
    )
    p = p * p
    p = p * p
    return p * p


@njit(inline="always")
def _random(state):  # type: ignore[no-untyped-def]
    """Next state and 64 random bits (splitmix64, Steele et al. 2014, 10.1145/2714064.2660195)."""
    state += uint64(0x9E3779B97F4A7C15)
    z = state
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return state, z ^ (z >> uint64(31))


@njit(fastmath=True, error_model="numpy")
def _branches(voltage, ampa, nmda_decay, nmda_rise, gaba, hcn, axial, p, exact):  # type: ignore[no-untyped-def]
    """One Euler step of every branch of a population; collects what flows into the somata."""
    n, soma, cell = p.n, p.soma, p.cell
    k_dt, leak, rest, coupling = p.k_branch, p.leak_branch, p.rest, p.coupling
    mg_slope, mg_ratio, gaba_reversal = p.mg_slope, p.mg_ratio, p.gaba_reversal
    hcn_reversal = p.hcn_reversal
    keep_ampa, lose_nmda, keep_rise = p.decay_ampa, p.loss_nmda, p.decay_rise
    keep_gaba = p.decay_gaba_branch
    for i in range(n):
        axial[cell + i] = _ZERO
    for b in range(p.n_branch):
        row = p.first + b * n
        for i in range(n):
            k = row + i
            x = voltage[k]
            through = coupling * (x - voltage[soma + i])
            axial[cell + i] += through
            if exact is None:
                mg = mg_ratio * exponential(mg_slope * x)
            else:
                mg = mg_ratio * math.exp(mg_slope * x)
            excitation = ampa[k] + (nmda_decay[k] - nmda_rise[k]) / (_ONE + mg)
            current = leak * (rest - x) - through - excitation * x + gaba[k] * (gaba_reversal - x)
            if hcn is not None:
                current += hcn[k] * (hcn_reversal - x)
            voltage[k] = x + k_dt * current
            ampa[k] = ampa[k] * keep_ampa + _FLOOR
            nmda_decay[k] -= nmda_decay[k] * lose_nmda - _FLOOR
            nmda_rise[k] = nmda_rise[k] * keep_rise + _FLOOR
            gaba[k] = gaba[k] * keep_gaba + _FLOOR


@njit(fastmath=True, error_model="numpy")
def _cells(  # type: ignore[no-untyped-def]
    voltage, ampa, nmda_decay, nmda_rise, gaba, hcn, share_2ab, share_2d, axial,
    adaptation, refractory, spiked, threshold, p, exact,
):  # fmt: skip
    """One Euler step of every soma or point cell of a population; returns how many fire.

    Somata of branched cells come without `ampa`, point cells without `axial`.
    """
    n, soma, cell = p.n, p.soma, p.cell
    k_dt, leak, rest, tonic = p.k_soma, p.leak_soma, p.rest, p.current
    mg_slope, mg_ratio, mg_ratio_2d = p.mg_slope, p.mg_ratio, p.mg_ratio_glun2d
    gaba_reversal, hcn_reversal = p.gaba_reversal, p.hcn_reversal
    adaptation_reversal, conducts = p.adaptation_reversal, p.adaptation_conducts
    jump, lose_adaptation = p.adaptation_jump, p.loss_adaptation
    reset, refractory_steps = p.reset, p.refractory
    keep_ampa, lose_nmda, keep_rise = p.decay_ampa, p.loss_nmda, p.decay_rise
    keep_gaba = p.decay_gaba_soma
    n_fired = i4(0)
    for i in range(n):
        k, j = soma + i, cell + i
        x = voltage[k]
        current = leak * (rest - x) + gaba[k] * (gaba_reversal - x) + tonic
        current += adaptation[j] * (adaptation_reversal - conducts * x)
        if axial is not None:
            current += axial[j]
        if ampa is not None:
            mg = exponential(mg_slope * x) if exact is None else math.exp(mg_slope * x)
            open_nmda = nmda_decay[k] - nmda_rise[k]
            if share_2d is not None:
                open_nmda *= share_2ab[j] / (_ONE + mg_ratio * mg) + share_2d[j] / (
                    _ONE + mg_ratio_2d * mg
                )
            else:
                open_nmda /= _ONE + mg_ratio * mg
            current -= (ampa[k] + open_nmda) * x
            ampa[k] = ampa[k] * keep_ampa + _FLOOR
            nmda_decay[k] -= nmda_decay[k] * lose_nmda - _FLOOR
            nmda_rise[k] = nmda_rise[k] * keep_rise + _FLOOR
        if hcn is not None:
            current += hcn[k] * (hcn_reversal - x)
        left = refractory[j]
        new = reset if left > _ZERO else x + k_dt * current
        fires = new >= threshold[j]
        voltage[k] = reset if fires else new
        adaptation[j] += (jump if fires else _FLOOR) - adaptation[j] * lose_adaptation
        refractory[j] = refractory_steps if fires else max(left - _ONE, _ZERO)
        fired = i4(1) if fires else i4(0)
        spiked[j] = fired
        n_fired += fired
        gaba[k] = gaba[k] * keep_gaba + _FLOOR
    return n_fired


@njit(fastmath=True, error_model="numpy")
def _move_hcn(voltage, hcn, conductance, half, p, exact):  # type: ignore[no-untyped-def]
    """Relax the HCN conductances toward their steady state at the voltage of each compartment."""
    slope, relax = p.hcn_slope, p.hcn_relax
    for i in range(p.n * (p.n_branch + uint64(1))):
        k = p.first + i
        x = (voltage[k] - half[k]) * slope
        e = exponential(x) if exact is None else math.exp(x)
        hcn[k] += relax * (conductance[k] / (_ONE + e) - hcn[k])


@njit(fastmath=True, error_model="numpy")
def _look(voltage, nmda_decay, nmda_rise, receptors, occupancy, p):  # type: ignore[no-untyped-def]
    """Add the open share of each compartment's NMDARs to the bin of its voltage, and the look
    itself where there is room for it.

    From the joint distribution of opening and voltage any product of the two can be averaged
    afterwards, for any blocker; the kernel need not know one.
    """
    peak = p.nmda_peak
    for i in range(p.n * max(p.n_branch, uint64(1))):  # somata of branched cells have no NMDARs
        k = p.first + i
        x = (voltage[k] - f4(OCCUPANCY_FIRST_MV)) * f4(1 / OCCUPANCY_BIN_MV)
        bin_ = uint64(min(max(x, _ZERO), f4(OCCUPANCY_BINS - 1)))
        occupancy[k, 0, bin_] += (nmda_decay[k] - nmda_rise[k]) * receptors[k, 2] * peak
        if occupancy.shape[1] > 1:
            occupancy[k, 1, bin_] += _ONE


@njit(fastmath=True, error_model="numpy")
def _field(voltage, weight, out):  # type: ignore[no-untyped-def]
    """Extracellular potential at each site: a weighted sum of voltages."""
    for site in range(weight.shape[0]):
        total = _ZERO
        for k in range(voltage.shape[0]):
            total += weight[site, k] * (voltage[k] - f4(FIELD_REFERENCE_MV))
        out[site] = total


@njit(fastmath=True, inline="always", error_model="numpy")
def _excite(ampa, nmda_decay, nmda_rise, receptors, k, jump, nmda):  # type: ignore[no-untyped-def]
    """An excitatory event: AMPA adds, NMDA binds receptors still free of glutamate.

    `nmda_decay` over its value with all receptors bound is the share that holds glutamate; it
    jumps with the spike, while the conductance `nmda_decay - nmda_rise` has yet to open.
    """
    ampa[k] += jump * receptors[k, 0]
    free = max(_ONE - nmda_decay[k] * receptors[k, 2], _ZERO)
    bound = jump * nmda * receptors[k, 1] * free
    nmda_decay[k] += bound
    nmda_rise[k] += bound


@njit(fastmath=True, error_model="numpy")
def _deliver(  # type: ignore[no-untyped-def]
    ampa, nmda_decay, nmda_rise, gaba, receptors, target, weight, pathway, pathways, release,
    first, last,
):  # fmt: skip
    """Deliver contacts `first` to `last`, all from one source; `release` by plastic pathway."""
    if pathways[pathway[first]].inhibits != 0:
        for j in range(first, last):
            gaba[uint64(target[j])] += weight[j]
        return
    for j in range(first, last):
        way = pathways[pathway[j]]
        jump = weight[j]
        if way.plastic >= 0:
            jump *= release[way.plastic]
        _excite(ampa, nmda_decay, nmda_rise, receptors, uint64(target[j]), jump, way.nmda)


@njit(fastmath=True, error_model="numpy")
def _noise(ampa, nmda_decay, nmda_rise, receptors, noise, table, random):  # type: ignore[no-untyped-def]
    """Private Poisson excitation: how many events, by inversion, then where each of them lands."""
    state = random[0]
    for j in range(noise.shape[0]):
        source = noise[j]
        first, n, jump, nmda = source.first, source.n, source.ampa, source.nmda
        state, bits = _random(state)
        uniform = (bits >> uint64(11)) * (1.0 / 9007199254740992.0)
        here = table[source.table : source.table + source.n_table]
        n_events = source.table_from + np.searchsorted(here, uniform, side="right")
        if nmda == _ZERO:
            for _ in range(n_events):
                state, bits = _random(state)
                k = first + (((bits >> uint64(32)) * n) >> uint64(32))
                ampa[k] += jump * receptors[k, 0]
        else:
            for _ in range(n_events):
                state, bits = _random(state)
                k = first + (((bits >> uint64(32)) * n) >> uint64(32))
                _excite(ampa, nmda_decay, nmda_rise, receptors, k, jump, nmda)
    random[0] = state


@njit(error_model="numpy")
def _collect(spiked, p, ring, n, out_cell, n_out):  # type: ignore[no-untyped-def]
    """Write the cells of a population that spiked to the ring and to the output."""
    for i in range(p.n):
        j = p.cell + i
        if spiked[j] != 0:
            ring[n] = j
            out_cell[n_out + n] = j
            n += 1
    return n


@njit(error_model="numpy")
def _release(utilisation, resources, last_spike, plastic, cells, n, now, release):  # type: ignore[no-untyped-def]
    """What each spike releases over a rested synapse (Tsodyks & Markram; Markram et al. 1998)."""
    for place in range(n):
        i = cells[place]
        elapsed = now - last_spike[i]
        for q in range(plastic.shape[0]):
            rule = plastic[q]
            release[place, q] = _ONE
            if not rule.first <= i < rule.last:
                continue
            u, x = utilisation[q, i], resources[q, i]
            left = x * (1.0 - u)
            x = 1.0 - (1.0 - left) * math.exp(-elapsed * rule.depression_rate)
            u = rule.release + u * (1.0 - rule.release) * math.exp(
                -elapsed * rule.facilitation_rate
            )
            utilisation[q, i], resources[q, i] = u, x
            release[place, q] = u * x / rule.release
        last_spike[i] = now


@compiled(fastmath=True, error_model="numpy", nogil=True)
def advance(  # type: ignore[no-untyped-def]
    s, w, until, event_step, event_afferent, event, out_step, out_cell, out_field, exact
):  # fmt: skip
    """Run from the state's step to step `until`, or until a buffer could overflow.

    Parameters
    ----------
    s, w : State, Wires
    until : step to stop before
    event_step, event_afferent : (n_event,) afferent spikes in order of step
    event : first event not yet delivered
    out_step, out_cell : (n_buffer,) spike buffer, written from its start
    out_field : (n_step, n_site) µV after each step; no site for no field
    exact : None for the polynomial exponential, anything else for that of the C library; with
        arrays of float64 the same loop is then the equations to the last digit

    Returns
    -------
    n_spikes, event : spikes written, first event not delivered
    """
    voltage, ampa, nmda_decay, nmda_rise, gaba, hcn = (
        s.voltage, s.ampa, s.nmda_decay, s.nmda_rise, s.gaba, s.hcn
    )  # fmt: skip
    adaptation, refractory, spiked, axial = s.adaptation, s.refractory, s.spiked, s.axial
    utilisation, resources, last_spike = s.utilisation, s.resources, s.last_spike
    ring, ring_count, ring_release = s.ring, s.ring_count, s.ring_release
    occupancy, random = s.occupancy, s.random
    pointer, target, weight, pathway = w.pointer, w.target, w.weight, w.pathway
    afferent_pointer, afferent_target = w.afferent_pointer, w.afferent_target
    afferent_weight, afferent_pathway = w.afferent_weight, w.afferent_pathway
    receptors, share_2ab, share_2d = w.receptors, w.share_2ab, w.share_2d
    threshold, field_weight = w.threshold, w.field_weight
    hcn_conductance, hcn_half = w.hcn_conductance, w.hcn_half
    populations, pathways, plastic = w.populations, w.pathways, w.plastic
    noise, noise_table = w.noise, w.noise_table
    min_delay, hcn_every, look_every = w.min_delay, w.hcn_every, w.look_every
    n_delay = w.max_delay - min_delay + 1
    n_slot, n_cell = ring.shape[0], spiked.shape[0]
    n_site = field_weight.shape[0]
    rested = np.ones(plastic.shape[0], np.float32)
    n_spikes = 0
    start = now = s.step[0]
    while now < until and n_spikes + n_cell <= out_step.shape[0]:
        slot = (now - min_delay) % n_slot
        for late in range(n_delay):
            for place in range(ring_count[slot]):
                row = ring[slot, place] * n_delay + late
                if pointer[row] < pointer[row + 1]:
                    _deliver(
                        ampa, nmda_decay, nmda_rise, gaba, receptors, target, weight, pathway,
                        pathways, ring_release[slot, place], pointer[row], pointer[row + 1],
                    )  # fmt: skip
            slot = slot - 1 if slot > 0 else n_slot - 1
        while event < event_step.shape[0] and event_step[event] <= now:
            row = event_afferent[event]
            if afferent_pointer[row] < afferent_pointer[row + 1]:
                _deliver(
                    ampa, nmda_decay, nmda_rise, gaba, receptors, afferent_target,
                    afferent_weight, afferent_pathway, pathways, rested,
                    afferent_pointer[row], afferent_pointer[row + 1],
                )  # fmt: skip
            event += 1
        _noise(ampa, nmda_decay, nmda_rise, receptors, noise, noise_table, random)
        for j in range(populations.shape[0]):
            p = populations[j]
            if p.n_branch > 0:
                if p.has_hcn != 0:
                    _branches(
                        voltage, ampa, nmda_decay, nmda_rise, gaba, hcn, axial, p, exact
                    )  # fmt: skip
                else:
                    _branches(
                        voltage, ampa, nmda_decay, nmda_rise, gaba, None, axial, p, exact
                    )  # fmt: skip
            if occupancy.shape[0] > 0 and now % look_every == 0:
                _look(voltage, nmda_decay, nmda_rise, receptors, occupancy, p)
        slot = now % n_slot
        n_new = 0
        for j in range(populations.shape[0]):
            p = populations[j]
            if p.n_branch > 0:
                if p.has_hcn != 0:
                    n_fired = _cells(
                        voltage, None, None, None, gaba, hcn, None, None, axial,
                        adaptation, refractory, spiked, threshold, p, exact,
                    )  # fmt: skip
                else:
                    n_fired = _cells(
                        voltage, None, None, None, gaba, None, None, None, axial,
                        adaptation, refractory, spiked, threshold, p, exact,
                    )  # fmt: skip
            elif p.has_hcn != 0:
                n_fired = _cells(
                    voltage, ampa, nmda_decay, nmda_rise, gaba, hcn, share_2ab, share_2d, None,
                    adaptation, refractory, spiked, threshold, p, exact,
                )  # fmt: skip
            elif p.has_glun2d != 0:
                n_fired = _cells(
                    voltage, ampa, nmda_decay, nmda_rise, gaba, None, share_2ab, share_2d, None,
                    adaptation, refractory, spiked, threshold, p, exact,
                )  # fmt: skip
            else:
                n_fired = _cells(
                    voltage, ampa, nmda_decay, nmda_rise, gaba, None, None, None, None,
                    adaptation, refractory, spiked, threshold, p, exact,
                )  # fmt: skip
            if p.has_hcn != 0 and now % hcn_every == 0:
                _move_hcn(voltage, hcn, hcn_conductance, hcn_half, p, exact)
            if n_fired > 0:
                n_new = _collect(spiked, p, ring[slot], n_new, out_cell, n_spikes)
        if plastic.shape[0] > 0 and n_new > 0:
            _release(
                utilisation, resources, last_spike, plastic, ring[slot], n_new, now,
                ring_release[slot],
            )  # fmt: skip
        if n_site > 0:
            _field(voltage, field_weight, out_field[now - start])
        ring_count[slot] = n_new
        for place in range(n_new):
            out_step[n_spikes + place] = now
        n_spikes += n_new
        now += 1
    s.step[0] = now
    return n_spikes, event
