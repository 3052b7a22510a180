"""A slow, plain stepper in NumPy and float64 that says what the compiled kernel must do.

It follows the equations one after the other with the exact exponential. It draws the same noise as
the kernel, so both can be compared spike by spike while their rounding has not yet parted them.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ketacortex.model.circuit import DT_MS
from ketacortex.model.network import Network, Population
from ketacortex.simulate.engine import ReceptorGains, Spikes
from ketacortex.simulate.layout import (
    HCN_EVERY_MS,
    event_jump,
    make_state,
    make_wires,
    peak_factor,
    poisson_table,
)
from ketacortex.units import MS_PER_S

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

    def poisson(self, first: int, cumulative: NDArray[np.float64]) -> int:
        """A Poisson number by inversion."""
        uniform = (self.bits() >> 11) / 2.0**53
        return first + int(np.searchsorted(cumulative, uniform, side="right"))

    def index(self, n: int) -> int:
        """A uniform index below n."""
        return ((self.bits() >> 32) * n) >> 32


class ReferenceCortex:
    """A network, stepped by the textbook.

    Parameters
    ----------
    network : Network
    seed : as for `Cortex`
    dt_ms : ms
    hcn_every_ms : ms between two moves of the HCN gates
    """

    def __init__(
        self, network: Network, seed: int, dt_ms: float = DT_MS, hcn_every_ms: float = HCN_EVERY_MS
    ) -> None:
        self.network, self.dt_ms = network, dt_ms
        start = make_state(network, make_wires(network, dt_ms), seed)
        n, n_cells = network.n_compartments, network.n_cells
        self.voltage = start.voltage.astype(float)
        self.ampa, self.gaba = np.zeros(n), np.zeros(n)
        self.nmda_decay, self.nmda_rise = np.zeros(n), np.zeros(n)
        self.adaptation = np.zeros(n_cells)
        self.refractory_until = np.zeros(n_cells, int)
        self.random = SplitMix(int(start.random[0]))
        self.pending: dict[int, list[tuple[NDArray[np.int64], NDArray[np.float64]]]] = {}
        self.now = 0
        self.hcn_every = max(round(hcn_every_ms / dt_ms), 1)
        self._spread()
        self.hcn = 0.2 * self.hcn_nanosiemens
        self.hcn_gain, self.hcn_shift_mv = np.ones(n), np.zeros(n)
        rules = [w.short_term for w in network.pathways]
        self.utilisation = {k: np.zeros(n_cells) for k, rule in enumerate(rules) if rule}
        self.resources = {k: np.ones(n_cells) for k, rule in enumerate(rules) if rule}
        self.last_spike = np.zeros(n_cells, int)

    def _spread(self) -> None:
        """Spread what populations have in common over compartments and cells."""
        populations = self.network.populations

        def over(branch: list[float], soma: list[float]) -> NDArray[np.float64]:
            parts = [
                np.repeat([b, s], [p.n * p.n_branches, p.n])
                for p, b, s in zip(populations, branch, soma, strict=True)
            ]
            return np.concatenate(parts).astype(float)

        def cells(values: list[float]) -> NDArray[np.float64]:
            return np.repeat(np.array(values, float), [p.n for p in populations])

        def both(values: list[float]) -> NDArray[np.float64]:
            return over(values, values)

        branched = [p.branches for p in populations]
        self.capacitance = over(
            [1.0 if b is None else b.capacitance_pf for b in branched],
            [p.capacitance_pf for p in populations],
        )
        self.leak = over(
            [0.0 if b is None else b.leak_nanosiemens for b in branched],
            [p.leak_nanosiemens for p in populations],
        )
        self.gaba_decay_ms = over(
            [1.0 if b is None else b.gaba_decay_ms for b in branched],
            [p.gaba_decay_ms for p in populations],
        )
        self.rest = both([p.leak_reversal_mv for p in populations])
        self.tonic = over([0.0] * len(populations), [p.current_pa for p in populations])
        self.ampa_decay_ms = both([p.ampa_decay_ms for p in populations])
        self.nmda_decay_ms = both([p.nmda_decay_ms for p in populations])
        self.nmda_rise_ms = both([p.nmda_rise_ms for p in populations])
        self.ceiling = both([p.nmda_ceiling_nanosiemens for p in populations])
        self.peak = both([peak_factor(p.nmda_rise_ms, p.nmda_decay_ms) for p in populations])
        self.share_2d = both([p.glun2d_share for p in populations])
        self.ampa_gain = np.ones(self.network.n_compartments)
        self.nmda_gain, self.gain_2d = self._baseline_nmda(), self._baseline_nmda()
        gates = [(p.hcn.half_mv, p.hcn.slope_mv, p.hcn.reversal_mv, p.hcn.relaxation_ms)
                 if p.hcn else (0.0, 1.0, 0.0, 1.0) for p in populations]  # fmt: skip
        self.hcn_half, self.hcn_slope, self.hcn_reversal, self.hcn_relaxation_ms = (
            both(list(column)) for column in zip(*gates, strict=True)
        )
        self.hcn_nanosiemens = np.concatenate(
            [np.zeros(p.n_compartments) if p.hcn is None else p.hcn.nanosiemens.ravel()
             for p in populations]
        )  # fmt: skip
        self.soma = np.concatenate([self._somata(p) for p in populations])
        self.threshold = np.concatenate([p.threshold_mv for p in populations])
        self.reset = cells([p.reset_mv for p in populations])
        self.refractory_steps = np.rint(
            cells([p.refractory_ms for p in populations]) / self.dt_ms
        ).astype(int)
        self.jump = cells([p.adaptation.jump for p in populations])
        self.adaptation_decay_ms = cells([p.adaptation.decay_ms for p in populations])
        self.population = np.repeat(np.arange(len(populations)), [p.n for p in populations])

    def _somata(self, p: Population) -> NDArray[np.int64]:
        last = self.network.compartments(p.name).stop
        return np.arange(last - p.n, last)

    def _baseline_nmda(self) -> NDArray[np.float64]:
        parts = []
        for p in self.network.populations:
            gain = np.ones(p.n_compartments)
            if p.nmda_gain is not None:
                gain[: p.nmda_gain.size] = p.nmda_gain.ravel()
            parts.append(gain)
        return np.concatenate(parts)

    def set_gains(self, gains: ReceptorGains) -> None:
        """Set what slow processes have left of the receptors."""
        sites = self.network.receptor_compartments
        self.ampa_gain[sites] = gains.ampa
        self.nmda_gain[sites] = self._baseline_nmda()[sites] * gains.nmda
        self.gain_2d[sites] = self._baseline_nmda()[sites] * gains.nmda_2d
        if gains.hcn is not None and gains.hcn_shift_mv is not None:
            self.hcn *= gains.hcn / self.hcn_gain
            self.hcn_gain, self.hcn_shift_mv = gains.hcn, gains.hcn_shift_mv

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
        return Spikes(np.concatenate(steps), np.concatenate(cells).astype(np.int32))

    def _receive(self, afferents: NDArray[np.int64]) -> None:
        """Synaptic events of this step: recurrent, afferent, noise."""
        synapses, fibres = self.network.synapses, self.network.afferents
        for here, release in self.pending.pop(self.now, []):
            for j, factor in zip(here, release, strict=True):
                self._event(
                    synapses.pathway[j], synapses.target[j], factor * float(synapses.weight[j])
                )
        for afferent in afferents:
            for j in range(fibres.pointer[afferent], fibres.pointer[afferent + 1]):
                self._event(fibres.pathway[j], fibres.target[j], float(fibres.weight[j]))
        for source in self.network.noise:
            (p,) = (p for p in self.network.populations if p.name == source.population)
            n = p.n * max(p.n_branches, 1)
            first = self.network.compartments(p.name).start
            table = poisson_table(n * source.rate_hz * self.dt_ms / MS_PER_S)
            for _ in range(self.random.poisson(*table)):
                self._excite(
                    first + self.random.index(n), source.ampa_nanosiemens, source.nmda_ratio
                )

    def _event(self, pathway: int, target: int, weight: float) -> None:
        way = self.network.pathways[pathway]
        if way.sign == "excitatory":
            self._excite(target, weight, way.nmda_ratio)
        else:
            self.gaba[target] += weight * event_jump(self.gaba_decay_ms[target], self.dt_ms)

    def _excite(self, target: int, ampa: float, nmda_ratio: float) -> None:
        self.ampa[target] += ampa * event_jump(self.ampa_decay_ms[target], self.dt_ms)
        bound = self.nmda_decay[target] / (self.ceiling[target] * self.peak[target])
        jump = ampa * nmda_ratio * self.peak[target] * max(1 - bound, 0.0)
        self.nmda_decay[target] += jump
        self.nmda_rise[target] += jump

    def _step(self) -> NDArray[np.int64]:
        """One Euler step of every compartment; returns the cells that fired."""
        net, v = self.network, self.voltage
        slope = np.exp(-net.mg_slope_per_mv * v)
        unblocked = self.nmda_gain * (1 - self.share_2d) / (1 + net.mg_ratio * slope)
        unblocked += self.gain_2d * self.share_2d / (1 + net.mg_ratio_glun2d * slope)
        nmda = (self.nmda_decay - self.nmda_rise) * unblocked
        current = self.leak * (self.rest - v) - (self.ampa_gain * self.ampa + nmda) * v
        current += self.gaba * (net.gaba_reversal_mv - v) + self.tonic
        current += self.hcn * (self.hcn_reversal - v)
        for p in net.populations:
            first = net.compartments(p.name).start
            soma, cells = self._somata(p), net.cells(p.name)
            for b in range(p.n_branches):
                branch = slice(first + b * p.n, first + (b + 1) * p.n)
                through = p.branches.coupling_nanosiemens * (v[branch] - v[soma])  # type: ignore[union-attr]
                current[branch] -= through
                current[soma] += through
            reversal = p.adaptation.reversal_mv
            drive = -1.0 if reversal is None else reversal - v[soma]
            current[soma] += self.adaptation[cells] * drive
        v += self.dt_ms / self.capacitance * current
        resting = self.now < self.refractory_until
        v[self.soma[resting]] = self.reset[resting]
        fired = np.flatnonzero(v[self.soma] >= self.threshold)
        v[self.soma[fired]] = self.reset[fired]
        if self.now % self.hcn_every == 0:
            self._move_hcn()
        self.refractory_until[fired] = self.now + 1 + self.refractory_steps[fired]
        self.ampa *= np.exp(-self.dt_ms / self.ampa_decay_ms)
        self.nmda_decay *= np.exp(-self.dt_ms / self.nmda_decay_ms)
        self.nmda_rise *= np.exp(-self.dt_ms / self.nmda_rise_ms)
        self.gaba *= np.exp(-self.dt_ms / self.gaba_decay_ms)
        self.adaptation *= np.exp(-self.dt_ms / self.adaptation_decay_ms)
        self.adaptation[fired] += self.jump[fired]
        return fired

    def _move_hcn(self) -> None:
        half = self.hcn_half + self.hcn_shift_mv
        steady = self.hcn_gain / (1 + np.exp((self.voltage - half) / self.hcn_slope))
        relax = -np.expm1(-self.hcn_every * self.dt_ms / self.hcn_relaxation_ms)
        self.hcn += relax * (self.hcn_nanosiemens * steady - self.hcn)

    def _send(self, fired: NDArray[np.int64]) -> None:
        """Queue the synaptic events of the cells that fired, each after its own delay."""
        synapses = self.network.synapses
        scale = self.network.delay_unit_ms / self.dt_ms
        for cell in fired:
            released = self._release(cell)
            first, last = synapses.pointer[cell], synapses.pointer[cell + 1]
            delay = np.maximum(np.rint(synapses.delay[first:last] * scale), 1).astype(int)
            edges = np.concatenate([[0], np.flatnonzero(np.diff(delay)) + 1, [len(delay)]])
            for a, b in pairwise(edges):
                if a < b:
                    here = np.arange(first + a, first + b)
                    release = np.array([released.get(k, 1.0) for k in synapses.pathway[here]])
                    self.pending.setdefault(self.now + int(delay[a]), []).append((here, release))
            self.last_spike[cell] = self.now

    def _release(self, cell: int) -> dict[int, float]:
        """What this spike releases over a rested synapse, by plastic pathway."""
        found = {}
        elapsed_ms = (self.now - self.last_spike[cell]) * self.dt_ms
        for k, u_of in self.utilisation.items():
            rule = self.network.pathways[k].short_term
            cells = self.network.cells(self.network.pathways[k].source)
            if rule is None or not cells.start <= cell < cells.stop:
                continue
            x_of = self.resources[k]
            gone = _kept(elapsed_ms, rule.depression_ms) * (1 - x_of[cell] * (1 - u_of[cell]))
            x = 1 - gone
            u = rule.release + (1 - rule.release) * u_of[cell] * _kept(
                elapsed_ms, rule.facilitation_ms
            )
            u_of[cell], x_of[cell] = u, x
            found[k] = u * x / rule.release
        return found


def _kept(elapsed_ms: float, tau_ms: float) -> float:
    return float(np.exp(-elapsed_ms / tau_ms)) if tau_ms > 0 else 0.0
