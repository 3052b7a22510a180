"""The hot path: one compiled loop that advances a circuit by a number of 0.1 ms steps.

Why it looks like this:

* **Structure of arrays, one row a branch index.** Branch `b` of every pyramidal cell lies in one
  contiguous row, so each inner loop runs over cells with unit stride and is vectorised.
* **float32 and an exponential of our own.** `math.exp` is a scalar call in a Numba loop and costs
  three times the rest of the step; the polynomial below is good to 3e-5 for |x| < 4.5 and
  5e-4 at 6, far below the error of the Euler step, and vectorises.
* **A floor of 1e-30 on every decaying conductance.** Without input they decay into denormal
  numbers and stay there: a silent network then runs twenty times slower than an active one.
* **Delays by counting sort.** Synapses are sorted by (source, delay), and the last spikes are kept
  in a ring by step, so a step touches only the synapses whose spike arrives now.
* **The HCN gate moves every tenth step.** Its time constant (40 ms) is 400 steps; the reference
  stepper moves it every step and the difference is a test.
* **Spikes are never dropped.** When the spike buffer could overflow, the loop returns early with
  the step it reached, the caller empties the buffer and goes on; the bits are the same.

Units inside: mV, ms, nS, pF, pA. Excitatory reversal is 0 mV. A conductance of NMDA type is the
difference of two exponentials, `decay - rise`, scaled so that its peak is the synaptic weight.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import float32 as f4
from numba import int32 as i4
from numba import njit, uint64
from numpy.typing import NDArray

HCN_EVERY = 10  # steps between two updates of the HCN gate
OCCUPANCY_EVERY = 10  # steps between two looks at the open receptors
OCCUPANCY_FIRST_MV = -100.0  # lower edge of the first voltage bin
OCCUPANCY_BIN_MV = 2.0  # mean of exp(0.062 V) over a bin is 0.06 % above that of its centre
OCCUPANCY_BINS = 60


class State(NamedTuple):
    """Everything that changes. Compartments: branch 0 of all cells, branch 1 ..., somata, inter."""

    voltage: NDArray[np.float32]  # (n_compartment,) mV
    ampa: NDArray[np.float32]  # (n_compartment,) nS
    nmda_decay: NDArray[np.float32]  # (n_compartment,) nS
    nmda_rise: NDArray[np.float32]  # (n_compartment,) nS
    gaba: NDArray[np.float32]  # (n_compartment,) nS
    hcn_gate: NDArray[np.float32]  # (n_branch * n_pyr,) fraction open
    adaptation: NDArray[np.float32]  # (n_cell,) nS
    refractory: NDArray[np.float32]  # (n_cell,) steps left; float, so that the loop vectorises
    spiked: NDArray[np.int32]  # (n_cell,) 1 in the step of a spike
    axial: NDArray[np.float32]  # (n_pyr,) pA from branches into the soma
    facilitation: NDArray[
        np.float32
    ]  # (n_pyr,) release of the last spike over that of a rested synapse
    facilitation_step: NDArray[np.int64]  # (n_pyr,) step of the last spike
    ring: NDArray[np.int32]  # (n_delay_slot, n_cell) cells that spiked in that step
    ring_count: NDArray[np.int64]  # (n_delay_slot,)
    occupancy: NDArray[np.float32]  # (n_synaptic, n_bin) open share of NMDARs, summed by voltage
    random: NDArray[np.uint64]  # (1,) state of the background generator
    step: NDArray[np.int64]  # (1,) steps since the state was made


class Wires(NamedTuple):
    """Every connection, sorted by source and delay, and the per-compartment receptor gains."""

    pointer: NDArray[np.int64]  # (n_cell * n_delay + 1,)
    target: NDArray[np.int32]  # (n_synapse,) compartment
    ampa: NDArray[np.float32]  # (n_synapse,) nS; GABA where the source is an interneuron
    nmda: NDArray[np.float32]  # (n_synapse,) nS peak
    afferent_pointer: NDArray[np.int64]  # (n_afferent + 1,)
    afferent_target: NDArray[np.int32]
    afferent_ampa: NDArray[np.float32]
    afferent_nmda: NDArray[np.float32]
    ampa_gain: NDArray[np.float32]  # (n_branch * n_pyr,) dimensionless
    nmda_gain: NDArray[np.float32]  # (n_branch * n_pyr,) dimensionless
    share_2ab: NDArray[np.float32]  # (n_cell,) of NMDA conductance, GluN2A/2B; 0 on pyramids
    share_2d: NDArray[np.float32]  # (n_cell,) of NMDA conductance, GluN2D; 0 on pyramids
    threshold: NDArray[np.float32]  # (n_cell,) mV


class Constants(NamedTuple):
    """Numbers of the cells and receptors; `k_` are dt / capacitance, `decay_` per-step factors."""

    n_pyr: int
    n_branch: int
    n_pv: int
    min_delay: int
    max_delay: int
    k_branch: np.float32
    k_soma: np.float32
    k_pv: np.float32
    k_sst: np.float32
    leak_branch: np.float32
    leak_soma: np.float32
    leak_pv: np.float32
    leak_sst: np.float32
    coupling: np.float32
    rest: np.float32
    gaba_reversal: np.float32
    hcn_conductance: np.float32
    hcn_reversal: np.float32
    hcn_half: np.float32
    hcn_slope: np.float32
    hcn_relax: np.float32
    adaptation_reversal: np.float32
    jump_pyr: np.float32
    jump_pv: np.float32
    jump_sst: np.float32
    decay_adaptation: np.float32
    reset_pyr: np.float32
    reset_pv: np.float32
    reset_sst: np.float32
    refractory_pyr: np.float32
    refractory_pv: np.float32
    refractory_sst: np.float32
    current_pyr: np.float32
    decay_ampa: np.float32
    decay_nmda: np.float32
    decay_nmda_inter: np.float32
    decay_rise: np.float32
    decay_gaba_branch: np.float32
    decay_gaba_soma: np.float32
    decay_gaba_inter: np.float32
    nmda_peak: np.float32
    nmda_peak_inter: np.float32
    nmda_ceiling: np.float32
    nmda_ceiling_inter: np.float32
    nmda_open: np.float32
    nmda_open_inter: np.float32
    mg_slope: np.float32
    mg_ratio_2ab: np.float32
    mg_ratio_2d: np.float32
    facilitation_keep: np.float32
    facilitation_rate: np.float32
    background_pyr: np.float32
    background_pv: np.float32
    background_sst: np.float32
    background_cumulative_pyr: NDArray[np.float64]
    background_cumulative_pv: NDArray[np.float64]
    background_cumulative_sst: NDArray[np.float64]


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
    """Next 64 random bits (splitmix64, Steele et al. 2014, 10.1145/2714064.2660195)."""
    z = state[0] + uint64(0x9E3779B97F4A7C15)
    state[0] = z
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@njit(inline="always")
def _poisson(state, cumulative):  # type: ignore[no-untyped-def]
    """A Poisson number by inversion of its cumulative distribution."""
    uniform = (_random(state) >> uint64(11)) * (1.0 / 9007199254740992.0)
    return np.searchsorted(cumulative, uniform, side="right")


@njit(inline="always")
def _index(state, n):  # type: ignore[no-untyped-def]
    """A uniform index below `n` from the upper 32 bits."""
    return np.int64(((_random(state) >> uint64(32)) * uint64(n)) >> uint64(32))


@njit(fastmath=True, error_model="numpy")
def _branches(  # type: ignore[no-untyped-def]
    voltage, ampa, nmda_decay, nmda_rise, gaba, gate, ampa_gain, nmda_gain, axial, c
):
    """One Euler step of every branch; collects in `axial` what flows into the somata."""
    n, soma = c.n_pyr, c.n_branch * c.n_pyr
    for i in range(n):
        axial[i] = _ZERO
    for b in range(c.n_branch):
        row = b * n
        for i in range(n):
            k = row + i
            x = voltage[k]
            through = c.coupling * (x - voltage[soma + i])
            axial[i] += through
            free_of_mg = _ONE / (_ONE + c.mg_ratio_2ab * exponential(c.mg_slope * x))
            nmda = nmda_gain[k] * (nmda_decay[k] - nmda_rise[k]) * free_of_mg
            excitation = ampa_gain[k] * ampa[k] + nmda
            voltage[k] = x + c.k_branch * (
                c.leak_branch * (c.rest - x)
                - through
                - excitation * x
                + gaba[k] * (c.gaba_reversal - x)
                + c.hcn_conductance * gate[k] * (c.hcn_reversal - x)
            )
            ampa[k] = ampa[k] * c.decay_ampa + _FLOOR
            nmda_decay[k] = nmda_decay[k] * c.decay_nmda + _FLOOR
            nmda_rise[k] = nmda_rise[k] * c.decay_rise + _FLOOR
            gaba[k] = gaba[k] * c.decay_gaba_branch + _FLOOR


@njit(fastmath=True, error_model="numpy")
def _hcn(voltage, gate, c):  # type: ignore[no-untyped-def]
    """Relax the HCN gates toward their steady state at the branch voltage."""
    for k in range(gate.shape[0]):
        steady = _ONE / (_ONE + exponential((voltage[k] - c.hcn_half) * c.hcn_slope))
        gate[k] += c.hcn_relax * (steady - gate[k])


@njit(fastmath=True, error_model="numpy")
def _somata(voltage, gaba, adaptation, refractory, spiked, axial, threshold, c):  # type: ignore[no-untyped-def]
    """One Euler step of every pyramidal soma, with threshold, reset and adaptation."""
    for i in range(voltage.shape[0]):
        x = voltage[i]
        new = x + c.k_soma * (
            c.leak_soma * (c.rest - x)
            + axial[i]
            + gaba[i] * (c.gaba_reversal - x)
            + adaptation[i] * (c.adaptation_reversal - x)
            + c.current_pyr
        )
        left = refractory[i]
        new = c.reset_pyr if left > _ZERO else new
        fires = new >= threshold[i]
        voltage[i] = c.reset_pyr if fires else new
        adaptation[i] = (
            adaptation[i] * c.decay_adaptation + (c.jump_pyr if fires else _ZERO) + _FLOOR
        )
        refractory[i] = c.refractory_pyr if fires else max(left - _ONE, _ZERO)
        spiked[i] = i4(1) if fires else i4(0)
        gaba[i] = gaba[i] * c.decay_gaba_soma + _FLOOR


@njit(fastmath=True, error_model="numpy")
def _interneurons(  # type: ignore[no-untyped-def]
    voltage, ampa, nmda_decay, nmda_rise, gaba, adaptation, refractory, spiked,
    share_2ab, share_2d, threshold, k_dt, leak, reset, jump, refractory_steps, c,
):  # fmt: skip
    """One Euler step of the point interneurons of one class."""
    for i in range(voltage.shape[0]):
        x = voltage[i]
        mg = exponential(c.mg_slope * x)
        nmda = (nmda_decay[i] - nmda_rise[i]) * (
            share_2ab[i] / (_ONE + c.mg_ratio_2ab * mg) + share_2d[i] / (_ONE + c.mg_ratio_2d * mg)
        )
        new = x + k_dt * (
            leak * (c.rest - x)
            - (ampa[i] + nmda) * x
            + gaba[i] * (c.gaba_reversal - x)
            + adaptation[i] * (c.adaptation_reversal - x)
        )
        left = refractory[i]
        new = reset if left > _ZERO else new
        fires = new >= threshold[i]
        voltage[i] = reset if fires else new
        adaptation[i] = adaptation[i] * c.decay_adaptation + (jump if fires else _ZERO) + _FLOOR
        refractory[i] = refractory_steps if fires else max(left - _ONE, _ZERO)
        spiked[i] = i4(1) if fires else i4(0)
        ampa[i] = ampa[i] * c.decay_ampa + _FLOOR
        nmda_decay[i] = nmda_decay[i] * c.decay_nmda_inter + _FLOOR
        nmda_rise[i] = nmda_rise[i] * c.decay_rise + _FLOOR
        gaba[i] = gaba[i] * c.decay_gaba_inter + _FLOOR


@njit(fastmath=True, error_model="numpy")
def _look(voltage, nmda_decay, nmda_rise, occupancy, row, per_ceiling):  # type: ignore[no-untyped-def]
    """Add the open share of each compartment's NMDARs to the bin of its voltage.

    From the joint distribution of opening and voltage any product of the two can be averaged
    afterwards, for any blocker; the kernel need not know one.
    """
    for k in range(voltage.shape[0]):
        x = (voltage[k] - f4(OCCUPANCY_FIRST_MV)) * f4(1 / OCCUPANCY_BIN_MV)
        bin_ = i4(min(max(x, _ZERO), f4(OCCUPANCY_BINS - 1)))
        occupancy[row + k, bin_] += (nmda_decay[k] - nmda_rise[k]) * per_ceiling


@njit(inline="always")
def _look_everywhere(s, c):  # type: ignore[no-untyped-def]
    """Look at branches and interneurons; somata have no NMDARs."""
    n, first = c.n_branch * c.n_pyr, (c.n_branch + 1) * c.n_pyr
    _look(s.voltage[:n], s.nmda_decay[:n], s.nmda_rise[:n], s.occupancy, 0, c.nmda_open)
    _look(
        s.voltage[first:], s.nmda_decay[first:], s.nmda_rise[first:], s.occupancy, n,
        c.nmda_open_inter,
    )  # fmt: skip


@njit(inline="always")
def _soma_view(s, w, c):  # type: ignore[no-untyped-def]
    """The arrays of the pyramidal somata, in the order that `_somata` takes them."""
    n = c.n_pyr
    first = c.n_branch * n
    return (
        s.voltage[first : first + n], s.gaba[first : first + n], s.adaptation[:n],
        s.refractory[:n], s.spiked[:n], s.axial, w.threshold[:n],
    )  # fmt: skip


@njit(inline="always")
def _interneuron_view(s, w, c, first, last):  # type: ignore[no-untyped-def]
    """The arrays of cells `first` to `last`, in the order that `_interneurons` takes them."""
    shift = c.n_branch * c.n_pyr
    a, b = first + shift, last + shift
    return (
        s.voltage[a:b], s.ampa[a:b], s.nmda_decay[a:b], s.nmda_rise[a:b], s.gaba[a:b],
        s.adaptation[first:last], s.refractory[first:last], s.spiked[first:last],
        w.share_2ab[first:last], w.share_2d[first:last], w.threshold[first:last],
    )  # fmt: skip


@njit(fastmath=True, error_model="numpy")
def _excite(  # type: ignore[no-untyped-def]
    ampa, nmda_decay, nmda_rise, targets, w_ampa, w_nmda, first, last,
    release, first_facilitating, peak, per_ceiling, peak_inter, per_ceiling_inter, first_inter,
):  # fmt: skip
    """Deliver contacts `first` to `last`: AMPA adds, NMDA binds receptors still free of glutamate.

    `nmda_decay` over its value with all receptors bound is the share that holds glutamate; it
    jumps with the spike, while the conductance `nmda_decay - nmda_rise` has yet to open.

    Arrays come as plain arguments: reached through a tuple inside the loop, each would be
    reference-counted atomically at every event, which costs twenty times the event.
    """
    for j in range(first, last):
        k = targets[j]
        factor = release if k >= first_facilitating else _ONE
        ampa[k] += w_ampa[j] * factor
        inter = k >= first_inter
        bound = nmda_decay[k] * (per_ceiling_inter if inter else per_ceiling)
        jump = w_nmda[j] * factor * (peak_inter if inter else peak) * max(_ONE - bound, _ZERO)
        nmda_decay[k] += jump
        nmda_rise[k] += jump


@njit(error_model="numpy")
def _inhibit(gaba, targets, weight, first, last):  # type: ignore[no-untyped-def]
    """Deliver inhibitory contacts `first` to `last`."""
    for j in range(first, last):
        gaba[targets[j]] += weight[j]


@njit(error_model="numpy")
def _deliver(s, w, c, now):  # type: ignore[no-untyped-def]
    """Add the synaptic events of the circuit's own spikes that arrive in this step."""
    n_slot = s.ring.shape[0]
    n_delay = c.max_delay - c.min_delay + 1
    first_inter = (c.n_branch + 1) * c.n_pyr
    first_sst = first_inter + c.n_pv
    slot = (now - c.min_delay) % n_slot
    for late in range(n_delay):
        for k in range(s.ring_count[slot]):
            source = s.ring[slot, k]
            row = source * n_delay + late
            first, last = w.pointer[row], w.pointer[row + 1]
            if first == last:
                continue
            if source < c.n_pyr:
                _excite(
                    s.ampa, s.nmda_decay, s.nmda_rise, w.target, w.ampa, w.nmda, first, last,
                    s.facilitation[source], first_sst, c.nmda_peak, c.nmda_ceiling,
                    c.nmda_peak_inter, c.nmda_ceiling_inter, first_inter,
                )  # fmt: skip
            else:
                _inhibit(s.gaba, w.target, w.ampa, first, last)
        slot = slot - 1 if slot > 0 else n_slot - 1


@njit(error_model="numpy")
def _receive(s, w, c, now, event_step, event_afferent, event):  # type: ignore[no-untyped-def]
    """Add the synaptic events of the afferent spikes of this step; returns the next event."""
    first_inter = (c.n_branch + 1) * c.n_pyr
    while event < event_step.shape[0] and event_step[event] <= now:
        source = event_afferent[event]
        _excite(
            s.ampa, s.nmda_decay, s.nmda_rise, w.afferent_target, w.afferent_ampa, w.afferent_nmda,
            w.afferent_pointer[source], w.afferent_pointer[source + 1],
            _ONE, first_inter, c.nmda_peak, c.nmda_ceiling,
            c.nmda_peak_inter, c.nmda_ceiling_inter, first_inter,
        )  # fmt: skip
        event += 1
    return event


@njit(inline="always")
def _background(s, c, n_inter):  # type: ignore[no-untyped-def]
    """Private Poisson excitation of branches and interneurons: the rest of the brain."""
    n_compartment = c.n_branch * c.n_pyr
    for _ in range(_poisson(s.random, c.background_cumulative_pyr)):
        s.ampa[_index(s.random, n_compartment)] += c.background_pyr
    first = n_compartment + c.n_pyr
    for _ in range(_poisson(s.random, c.background_cumulative_pv)):
        s.ampa[first + _index(s.random, c.n_pv)] += c.background_pv
    for _ in range(_poisson(s.random, c.background_cumulative_sst)):
        s.ampa[first + c.n_pv + _index(s.random, n_inter - c.n_pv)] += c.background_sst


@njit(error_model="numpy")
def _collect(spiked, cells, out_step, out_cell, now):  # type: ignore[no-untyped-def]
    """Write the cells that spiked in this step to the ring and to the output; returns how many."""
    n = 0
    for i in range(spiked.shape[0]):
        if spiked[i] != 0:
            cells[n] = i
            out_step[n] = now
            out_cell[n] = i
            n += 1
    return n


@njit(error_model="numpy")
def _facilitate(release, last_step, cells, n, n_pyr, now, keep, rate):  # type: ignore[no-untyped-def]
    """Release over that of a rested synapse (Markram et al. 1998, 10.1073/pnas.95.9.5323).

    A synapse holds one value for the spike in flight, so no delay may exceed the refractory period.
    """
    for k in range(n):
        i = cells[k]
        if i < n_pyr:
            elapsed = f4(now - last_step[i]) * rate
            release[i] = _ONE + keep * release[i] * exponential(-elapsed)
            last_step[i] = now


@njit(cache=True, fastmath=True, error_model="numpy")
def advance(s, w, c, until, event_step, event_afferent, event, out_step, out_cell):  # type: ignore[no-untyped-def]
    """Run from the state's step to step `until`, or until the spike buffer could overflow.

    Parameters
    ----------
    s, w, c : State, Wires, Constants
    until : step to stop before
    event_step, event_afferent : (n_event,) afferent spikes in order of step
    event : first event not yet delivered
    out_step, out_cell : (n_buffer,) spike buffer, written from its start

    Returns
    -------
    n_spikes, event : spikes written, first event not delivered
    """
    n_pyr = c.n_pyr
    n_cell = s.spiked.shape[0]
    n_inter = n_cell - n_pyr
    # Views are made once a call: made every step they would cost as much as the cells.
    somata = _soma_view(s, w, c)
    pv = _interneuron_view(s, w, c, n_pyr, n_pyr + c.n_pv)
    sst = _interneuron_view(s, w, c, n_pyr + c.n_pv, n_cell)
    looks = s.occupancy.shape[0] > 0
    n_spikes = 0
    now = s.step[0]
    while now < until and n_spikes + n_cell <= out_step.shape[0]:
        _deliver(s, w, c, now)
        event = _receive(s, w, c, now, event_step, event_afferent, event)
        _background(s, c, n_inter)
        _branches(
            s.voltage, s.ampa, s.nmda_decay, s.nmda_rise, s.gaba, s.hcn_gate,
            w.ampa_gain, w.nmda_gain, s.axial, c,
        )  # fmt: skip
        if now % HCN_EVERY == 0:
            _hcn(s.voltage, s.hcn_gate, c)
        if looks and now % OCCUPANCY_EVERY == 0:
            _look_everywhere(s, c)
        _somata(*somata, c)
        _interneurons(*pv, c.k_pv, c.leak_pv, c.reset_pv, c.jump_pv, c.refractory_pv, c)
        _interneurons(*sst, c.k_sst, c.leak_sst, c.reset_sst, c.jump_sst, c.refractory_sst, c)
        slot = now % s.ring.shape[0]
        n_new = _collect(s.spiked, s.ring[slot], out_step[n_spikes:], out_cell[n_spikes:], now)
        _facilitate(
            s.facilitation, s.facilitation_step, s.ring[slot], n_new, n_pyr, now,
            c.facilitation_keep, c.facilitation_rate,
        )  # fmt: skip
        s.ring_count[slot] = n_new
        n_spikes += n_new
        now += 1
    s.step[0] = now
    return n_spikes, event
