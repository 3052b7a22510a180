"""A slow, plain stepper in NumPy and float64 that says what the compiled kernel must do.

It follows the equations one after the other, uses the exact exponential and moves the HCN gate in
every step. It draws the same background events as the kernel, so both can be compared spike by
spike while their rounding has not yet parted them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ketacortex.model.circuit import DT_MS, Circuit
from ketacortex.simulate.engine import ReceptorGains, Spikes, make_constants, make_state

MASK = (1 << 64) - 1


class SplitMix:
    """The kernel's generator in whole numbers (Steele et al. 2014, 10.1145/2714064.2660195).

    >>> SplitMix(0).bits() == 0xE220A8397B1DCDAF
    True
    """

    def __init__(self, state: int) -> None:
        self.state = state

    def bits(self) -> int:
        """64 random bits."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def poisson(self, cumulative: NDArray[np.float64]) -> int:
        """A Poisson number by inversion."""
        uniform = (self.bits() >> 11) / 2.0**53
        return int(np.searchsorted(cumulative, uniform, side="right"))

    def index(self, n: int) -> int:
        """A uniform index below n."""
        return ((self.bits() >> 32) * n) >> 32


class ReferenceCortex:
    """The circuit of one animal, stepped by the textbook."""

    def __init__(self, circuit: Circuit, seed: int, dt_ms: float = DT_MS) -> None:
        self.circuit, self.dt_ms = circuit, dt_ms
        self.constants = make_constants(circuit.settings, dt_ms)
        start = make_state(circuit, self.constants, seed)
        s = circuit.settings
        self.n_branch_compartments = s.pyr.n * s.pyr.n_branches
        n = len(start.voltage)
        self.voltage = start.voltage.astype(float)
        self.ampa, self.gaba = np.zeros(n), np.zeros(n)
        self.nmda_decay, self.nmda_rise = np.zeros(n), np.zeros(n)
        self.hcn_gate = start.hcn_gate.astype(float)
        self.adaptation = np.zeros(circuit.n_cells)
        self.refractory_until = np.zeros(circuit.n_cells, int)
        self.release = np.zeros(s.pyr.n)
        self.release_step = np.zeros(s.pyr.n, int)
        self.random = SplitMix(int(start.random[0]))
        self.pending: dict[int, list[tuple[NDArray[np.int64], NDArray[np.float64]]]] = {}
        self.now = 0
        self._outgoing = np.searchsorted(circuit.source, np.arange(circuit.n_cells + 1))
        self._contacts = np.searchsorted(
            circuit.afferent_source, np.arange(len(circuit.afferent_preferred_deg) + 1)
        )
        self._class = circuit.cell_class
        self._class_values()

    def _class_values(self) -> None:
        """Spread the settings of the classes over compartments and cells."""
        s, r = self.circuit.settings, self.circuit.settings.receptors
        n_b, n_pyr = self.n_branch_compartments, s.pyr.n
        sizes = [n_b, n_pyr, s.pv.n, s.sst.n]
        spread = lambda *values: np.repeat(np.array(values, float), sizes)  # noqa: E731
        cells = lambda *values: np.repeat(np.array(values, float), sizes[1:])  # noqa: E731
        self.capacitance = spread(
            s.pyr.branch_capacitance_pf, s.pyr.capacitance_pf, s.pv.capacitance_pf,
            s.sst.capacitance_pf,
        )  # fmt: skip
        self.leak = spread(
            s.pyr.branch_leak_nanosiemens, s.pyr.leak_nanosiemens, s.pv.leak_nanosiemens,
            s.sst.leak_nanosiemens,
        )  # fmt: skip
        self.gaba_decay = spread(
            r.gaba_branch_decay_ms, r.gaba_soma_decay_ms, r.gaba_interneuron_decay_ms,
            r.gaba_interneuron_decay_ms,
        )  # fmt: skip
        inter = r.nmda_decay_interneuron_ms
        self.nmda_decay_ms = spread(r.nmda_decay_ms, r.nmda_decay_ms, inter, inter)
        ceiling = r.nmda_ceiling_interneuron_nanosiemens
        self.ceiling = spread(r.nmda_ceiling_nanosiemens, 1.0, ceiling, ceiling)
        peak, peak_inter = float(self.constants.nmda_peak), float(self.constants.nmda_peak_inter)
        self.peak = spread(peak, peak, peak_inter, peak_inter)
        self.share_2d = spread(0.0, 0.0, s.pv.share_glun2d, s.sst.share_glun2d)
        self.nmda_gain = np.concatenate(
            [self.circuit.branch_nmda_ratio.ravel(), np.zeros(n_pyr), np.ones(s.pv.n + s.sst.n)]
        )
        self.ampa_gain = np.ones(len(self.nmda_gain))
        self.gain_2ab, self.gain_2d = np.ones(len(self.nmda_gain)), np.ones(len(self.nmda_gain))
        self.reset = cells(s.pyr.reset_mv, s.pv.reset_mv, s.sst.reset_mv)
        self.refractory_steps = np.rint(
            cells(s.pyr.refractory_ms, s.pv.refractory_ms, s.sst.refractory_ms) / self.dt_ms
        ).astype(int)
        self.jump = cells(
            s.pyr.adaptation_jump_nanosiemens, s.pv.adaptation_jump_nanosiemens,
            s.sst.adaptation_jump_nanosiemens,
        )  # fmt: skip

    def set_gains(self, gains: ReceptorGains) -> None:
        """Set what slow processes have left of the receptors."""
        n_b = self.n_branch_compartments
        inter = n_b + self.circuit.settings.pyr.n
        self.ampa_gain[:n_b] = gains.ampa_branch
        self.nmda_gain[:n_b] = self.circuit.branch_nmda_ratio.ravel() * gains.nmda_branch
        self.gain_2ab[inter:] = gains.nmda_2ab
        self.gain_2d[inter:] = gains.nmda_2d

    def run(
        self, n_steps: int, event_step: NDArray[np.int64], event_afferent: NDArray[np.int64]
    ) -> Spikes:
        """Advance by `n_steps` under afferent spikes at steps counted from now."""
        steps, cells = [], []
        event_at = np.searchsorted(event_step, np.arange(n_steps + 1))
        for k in range(n_steps):
            self._receive(event_afferent[event_at[k] : event_at[k + 1]])
            fired = self._step()
            steps.append(np.full(len(fired), self.now))
            cells.append(fired)
            self._send(fired)
            self.now += 1
        return Spikes(np.concatenate(steps), np.concatenate(cells))

    def _receive(self, afferents: NDArray[np.int64]) -> None:
        """Synaptic events of this step: recurrent, afferent, background, in the kernel's order."""
        for synapses, factor in self.pending.pop(self.now, []):
            for j, f in zip(synapses, factor, strict=True):
                target = self.circuit.target[j]
                if self._class[self.circuit.source[j]] == "pyr":
                    self._excite(target, f * self.circuit.ampa[j], f * self.circuit.nmda[j])
                else:
                    self.gaba[target] += self.circuit.ampa[j]
        c = self.circuit
        for afferent in afferents:
            for j in range(self._contacts[afferent], self._contacts[afferent + 1]):
                self._excite(c.afferent_target[j], c.afferent_ampa[j], c.afferent_nmda[j])
        self._background()

    def _excite(self, target: int, ampa: float, nmda: float) -> None:
        self.ampa[target] += ampa
        bound = self.nmda_decay[target] / (self.ceiling[target] * self.peak[target])
        jump = nmda * self.peak[target] * max(1 - bound, 0.0)
        self.nmda_decay[target] += jump
        self.nmda_rise[target] += jump

    def _background(self) -> None:
        s, c = self.circuit.settings, self.constants
        first = self.n_branch_compartments + s.pyr.n
        for cumulative, weight, base, n in (
            (c.background_cumulative_pyr, s.background.branch_nanosiemens, 0,
             self.n_branch_compartments),
            (c.background_cumulative_pv, s.background.pv_nanosiemens, first, s.pv.n),
            (c.background_cumulative_sst, s.background.sst_nanosiemens, first + s.pv.n, s.sst.n),
        ):  # fmt: skip
            for _ in range(self.random.poisson(cumulative)):
                self.ampa[base + self.random.index(n)] += weight

    def _step(self) -> NDArray[np.int64]:
        """One Euler step of every compartment; returns the cells that fired."""
        s, r = self.circuit.settings, self.circuit.settings.receptors
        n_b, n_pyr, v = self.n_branch_compartments, s.pyr.n, self.voltage
        branch, soma = slice(0, n_b), slice(n_b, n_b + n_pyr)
        mg = r.magnesium_millimolar / r.mg_affinity_millimolar * np.exp(-r.mg_slope_per_mv * v)
        unblocked = self.gain_2ab * (1 - self.share_2d) / (1 + mg) + (
            self.gain_2d * self.share_2d / (1 + r.mg_affinity_glun2d_ratio * mg)
        )
        nmda = self.nmda_gain * (self.nmda_decay - self.nmda_rise) * unblocked
        current = self.leak * (s.pyr.rest_mv - v) - (self.ampa_gain * self.ampa + nmda) * v
        current += self.gaba * (r.gaba_reversal_mv - v)
        through = s.pyr.coupling_nanosiemens * (v[branch] - np.tile(v[soma], s.pyr.n_branches))
        current[branch] += -through + s.pyr.hcn_nanosiemens * self.hcn_gate * (
            s.pyr.hcn_reversal_mv - v[branch]
        )
        current[soma] += through.reshape(s.pyr.n_branches, n_pyr).sum(axis=0) + s.pyr.current_pa
        current[n_b:] += self.adaptation * (s.pyr.adaptation_reversal_mv - v[n_b:])
        v += self.dt_ms / self.capacitance * current
        v[n_b:] = np.where(self.now < self.refractory_until, self.reset, v[n_b:])
        fired = np.flatnonzero(v[n_b:] >= self.circuit.threshold_mv)
        v[n_b + fired] = self.reset[fired]
        self.refractory_until[fired] = self.now + 1 + self.refractory_steps[fired]
        self._decay()
        self.adaptation[fired] += self.jump[fired]
        return fired

    def _decay(self) -> None:
        s, r, dt = self.circuit.settings, self.circuit.settings.receptors, self.dt_ms
        self.ampa *= np.exp(-dt / r.ampa_decay_ms)
        self.nmda_decay *= np.exp(-dt / self.nmda_decay_ms)
        self.nmda_rise *= np.exp(-dt / r.nmda_rise_ms)
        self.gaba *= np.exp(-dt / self.gaba_decay)
        self.adaptation *= np.exp(-dt / s.pyr.adaptation_decay_ms)
        branch = self.voltage[: self.n_branch_compartments]
        steady = 1 / (1 + np.exp((branch - s.pyr.hcn_half_mv) / s.pyr.hcn_slope_mv))
        relax = 1 - np.exp(-dt / s.pyr.hcn_relaxation_ms)
        self.hcn_gate += relax * (steady - self.hcn_gate)

    def _send(self, fired: NDArray[np.int64]) -> None:
        """Queue the synaptic events of the cells that fired, each after its own delay."""
        s, c = self.circuit.settings, self.circuit
        first_sst = self.n_branch_compartments + s.pyr.n + s.pv.n
        for cell in fired:
            synapses = np.arange(self._outgoing[cell], self._outgoing[cell + 1])
            factor = np.ones(len(synapses))
            if cell < s.pyr.n:
                elapsed_ms = (self.now - self.release_step[cell]) * self.dt_ms
                kept = np.exp(-elapsed_ms / s.wiring.es_facilitation_ms)
                self.release[cell] = 1 + (1 - s.wiring.es_release) * self.release[cell] * kept
                self.release_step[cell] = self.now
                factor[c.target[synapses] >= first_sst] = self.release[cell]
            scale = DT_MS / self.dt_ms
            delay = np.rint(c.delay[synapses] * scale).astype(int)
            for d in np.unique(delay):
                here = delay == d
                self.pending.setdefault(self.now + int(d), []).append(
                    (synapses[here], factor[here])
                )
