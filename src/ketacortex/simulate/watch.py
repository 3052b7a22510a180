"""Stopping a network that has left physiology, with a sentence that helps.

The sentence names the population, the time, and the setting that most likely does it: the pathway
that gives that population most of the conductance in question, at the rates it fires at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ketacortex.errors import SimulationError
from ketacortex.model.network import AFFERENTS, Network, Population
from ketacortex.simulate.kernel import State
from ketacortex.units import MS_PER_S

RUNAWAY_HZ = 100.0  # on average over a population and a second: none does that
WINDOW_S = 1.0  # several times the slow gain of the afferents, whose peaks may be brief and high


class Watch:
    """Counts the spikes of every population and stops what cannot be.

    Parameters
    ----------
    network : Network
    dt_ms : ms
    """

    def __init__(self, network: Network, dt_ms: float) -> None:
        self._network, self._dt_s = network, dt_ms / MS_PER_S
        self._edges = np.cumsum([0, *(p.n for p in network.populations)])
        self._sizes = np.diff(self._edges)
        self._window = np.zeros(len(self._sizes), np.int64)
        self._window_s = 0.0
        self.counts = np.zeros(len(self._sizes), np.int64)

    def look(self, state: State, n_steps: int, cells: NDArray[np.int32]) -> None:
        """Take in what `n_steps` have fired, and whether voltages are numbers still."""
        time_s = int(state.step[0]) * self._dt_s
        here = np.histogram(cells, self._edges)[0]
        self.counts += here
        self._window += here
        self._window_s += n_steps * self._dt_s
        if not np.isfinite(state.voltage.sum()):
            self._stop_not_a_number(state, time_s)
        if self._window_s >= WINDOW_S - 1e-9:
            rates_hz = self._window / self._sizes / self._window_s
            if rates_hz.max() > RUNAWAY_HZ:
                self._stop_runaway(rates_hz, time_s)
            self._window[:] = 0
            self._window_s = 0.0

    def require_spikes(self, stimulated_s: float) -> None:
        """Stop if a population that excites others has fired nothing under `stimulated_s`.

        Raises
        ------
        SimulationError
            It is silent.
        """
        exciting = {w.source for w in self._network.pathways if w.sign == "excitatory"}
        names = [p.name for p in self._network.populations]
        silent = [n for n, count in zip(names, self.counts, strict=True) if count == 0]
        first = next((name for name in silent if name in exciting), None)
        if first is None:
            return
        rest = [name for name in silent if name != first]
        others = f" ({', '.join(rest)} too)" if rest else ""
        own = {w.setting for w in self._network.pathways if w.source == w.target == first}
        drives = [
            drive
            for drive in self._inputs(first, "excitatory", np.ones(len(names)))
            if drive[0] not in own
        ]
        raise SimulationError(
            f"not one {first} cell{others} fired during {stimulated_s:.1f} s of stimuli, so there "
            f"is nothing to measure. Its excitation comes through {_list(drives)}: raise one of "
            "them, or lower the thresholds."
        )

    def _stop_runaway(self, rates_hz: NDArray[np.float64], time_s: float) -> None:
        worst = int(rates_hz.argmax())
        p = self._network.populations[worst]
        drives = self._inputs(p.name, "excitatory", rates_hz)
        brakes = self._inputs(p.name, "inhibitory", rates_hz)
        brake = f" or raise {brakes[0][0]}" if brakes else ""
        raise SimulationError(
            f"runaway: {p.name} cells fired at {rates_hz[worst]:.0f} Hz on average around "
            f"{time_s:.2f} s, and no cortex goes beyond {RUNAWAY_HZ:.0f} Hz. Most of their "
            f"excitation comes through {_list(drives)}: lower the first of them{brake}."
        )

    def _stop_not_a_number(self, state: State, time_s: float) -> None:
        where = int(np.flatnonzero(~np.isfinite(state.voltage))[0])
        p = next(
            p for p in self._network.populations
            if self._network.compartments(p.name).start <= where
            < self._network.compartments(p.name).stop
        )  # fmt: skip
        here = self._network.compartments(p.name)
        largest = {
            "excitatory": np.nanmax(np.maximum(state.ampa[here], state.nmda_decay[here])),
            "inhibitory": np.nanmax(state.gaba[here]),
        }
        sign = max(largest, key=lambda name: largest[name])
        inputs = self._inputs(p.name, sign, np.full(len(self._sizes), RUNAWAY_HZ))
        through = f"Most of it comes through {_list(inputs)}: " if inputs else ""
        raise SimulationError(
            f"a voltage of {p.name} cells stopped being a number before {time_s:.2f} s: a step of "
            f"{self._dt_s * MS_PER_S:g} ms is too long for conductances this strong; the largest "
            f"{sign} one is {largest[sign]:.3g} nS. {through}lower it, or raise the capacitance."
        )

    def _inputs(
        self, name: str, sign: str, rates_hz: NDArray[np.float64]
    ) -> list[tuple[str, float]]:
        """Settings that drive a population with this sign, and nS a synapse, strongest first."""
        network = self._network
        p = next(p for p in network.populations if p.name == name)
        rate_of = dict(zip((p.name for p in network.populations), rates_hz, strict=True))
        found: list[tuple[float, str, float]] = []
        for k, pathway in enumerate(network.pathways):
            if pathway.target != name or pathway.sign != sign:
                continue
            synapses = network.afferents if pathway.source == AFFERENTS else network.synapses
            weight = synapses.weight[synapses.pathway == k]
            # Afferents are not counted here; ten a second is what they fire under a grating.
            rate = rate_of.get(pathway.source, 10.0)
            drive = float(weight.sum()) * _lasts_ms(p, pathway.nmda_ratio) * rate
            label = pathway.setting or f"{pathway.source} -> {name}"
            found.append((drive, label, float(weight.mean()) if len(weight) else 0.0))
        if sign == "excitatory":
            n = p.n * max(p.n_branches, 1)
            found += [
                (s.ampa_nanosiemens * _lasts_ms(p, s.nmda_ratio) * s.rate_hz * n,
                 s.setting or f"noise -> {name}", s.ampa_nanosiemens)
                for s in network.noise if s.population == name
            ]  # fmt: skip
        return [(label, weight) for _, label, weight in sorted(found, reverse=True)]


def _lasts_ms(p: Population, nmda_ratio: float) -> float:
    """Time integral of an event over the peak of its AMPA part; GABA's factor is common to all."""
    return p.ampa_decay_ms + nmda_ratio * p.nmda_decay_ms


def _list(inputs: list[tuple[str, float]]) -> str:
    return ", ".join(f"{label} ({weight:.3g} nS)" for label, weight in inputs[:3]) or "nothing"
