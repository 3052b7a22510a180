"""One epoch on the screen of one cortex: measured, or passing while slow states move on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketacortex.model.circuit import Circuit
from ketacortex.model.v1_network import network_of
from ketacortex.seeds import generator, seed_of
from ketacortex.simulate.engine import STEPS_PER_S, Cortex, Openings, Spikes
from ketacortex.simulate.plastic_states import REMEMBERED
from ketacortex.simulate.probes import Probe, Probed, Probes
from ketacortex.simulate.slow_states import SlowStates, SlowSteps
from ketacortex.stimulus.afferent_spikes import AfferentSpikes, AfferentTuning
from ketacortex.stimulus.day import Grey, Measured, Screen
from ketacortex.stimulus.epochs import Epoch, Passing
from ketacortex.stimulus.grating import GratingSequence, draw_trials
from ketacortex.units import MS_PER_S

STIMULATED_S = 2.0  # of gratings that leave a cortex silent: it will stay so
SETTLE_S = 0.5  # grey screen before an epoch's clock starts: eight NMDA time constants
PIECES_AN_ORIENTATION = 2  # of a screen, at least, before a circuit that learns
Progress = Callable[[float, float], None]  # seconds simulated since the last call, mean rate in Hz


@dataclass(frozen=True)
class Shown:
    """What one epoch leaves.

    Parameters
    ----------
    spikes : steps counted from its start; none where nothing was recorded
    probed : what probes saw
    states : slow states at its end, as `SlowStates.arrays`; none where nothing had moved
    """

    spikes: Spikes
    probed: Probed
    states: Mapping[str, NDArray[Any]] = field(default_factory=dict)


class Show:
    """One epoch, and what is shown before it, to a fresh cortex of one animal."""

    def __init__(
        self,
        circuit: Circuit,
        name: str,
        epoch: Epoch,
        noise: int,
        record: Probes,
        progress: Progress | None,
    ) -> None:
        self._circuit, self._name, self._noise, self._record = circuit, name, noise, record
        self._network = network_of(circuit)
        self._tuning = afferent_tuning(circuit)
        self._epoch = epoch
        self._progress = progress
        self.n_simulated = 0

    def undisturbed(self) -> Shown:
        """What the epoch leaves at baseline."""
        if isinstance(self._epoch, Passing):
            return Shown(_no_spikes(), Probed())
        return self._measure(self._epoch, None, 0.0, SlowSteps())

    def openings(self, n_trials: int) -> Openings:
        """How far receptors open under representative trials, at baseline."""
        cortex, afferents = self._fresh("", None, 0.0, looks=True)
        cortex.take_openings()
        rng = generator("representative trials", self._noise, self._name)
        self._pieces(cortex, afferents, self._screen(), n_trials, rng)
        return cortex.take_openings()

    def with_slow_states(
        self, states: SlowStates, from_s: float, start_s: float, steps: SlowSteps
    ) -> Shown:
        """What the epoch leaves; slow states move on from `from_s`, the end of the one before.

        Until `start_s` a measurement's own stimuli are shown, and grey before anything else.
        """
        epoch = self._epoch
        self._meanwhile("meanwhile", self._screen(), states, from_s, start_s, steps)
        if isinstance(epoch, Passing):
            for place, (screen, duration_s) in enumerate(epoch.screens()):
                end_s = start_s + duration_s
                self._meanwhile(f"screen {place} of ", screen, states, start_s, end_s, steps)
                start_s = end_s
            return Shown(_no_spikes(), Probed(), states.arrays())
        shown = self._measure(epoch, states, start_s, steps)
        states.get_used_to()
        return Shown(shown.spikes, shown.probed, states.arrays())

    def report_all(self, spikes: Spikes) -> None:
        """Tell of an epoch that was kept from before."""
        if self._progress is not None and isinstance(self._epoch, GratingSequence):
            total_s = self._epoch.total_s
            self._progress(total_s, len(spikes.step) / total_s / self._circuit.n_cells)

    def _screen(self) -> Screen:
        epoch = self._epoch
        return Measured(sequence=epoch) if isinstance(epoch, GratingSequence) else Grey()

    def _meanwhile(
        self, purpose: str, screen: Screen, states: SlowStates, from_s: float, until_s: float,
        steps: SlowSteps,
    ) -> None:  # fmt: skip
        """Move the slow states on, driven by pieces that stand for what is shown."""
        if from_s >= until_s:
            return
        cortex, afferents = self._fresh(purpose, states, from_s)
        rng = generator("representative trials", self._noise, _named(purpose, self._name))
        states.begin(screen, self._tuning)
        states.note(from_s)
        now_s, looked_s, n_batches = from_s, -np.inf, 0
        departed = states.departed(now_s)
        n_pieces = steps.representative_trials
        if states.learns:  # what one orientation does more than another is what is learnt
            n_pieces = max(n_pieces, screen.n_pieces(PIECES_AN_ORIENTATION))
        while until_s - now_s > 1e-6:
            moved = np.abs(states.departed(now_s) - departed).max()
            if moved > steps.largest_change or now_s - looked_s >= steps.refresh_s:
                departed, looked_s, n_batches = states.departed(now_s), now_s, n_batches + 1
                _put(states, cortex, afferents, now_s)
                self._pieces(cortex, afferents, screen, n_pieces, rng)
                states.see(cortex.take_openings(), 1 / min(n_batches, REMEMBERED))
            at_most_s = min(steps.longest_s, until_s - now_s)
            step_s = states.step_s(now_s, at_most_s, steps.largest_change)
            states.advance(now_s, step_s)
            now_s += step_s

    def _pieces(
        self, cortex: Cortex, afferents: AfferentSpikes, screen: Screen, n: int,
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        for orientation_deg, duration_s in screen.pieces(n, rng):
            if duration_s > 0:
                spikes = show(cortex, afferents, orientation_deg, duration_s)
                self._tell(0.0, len(spikes.step) / duration_s)

    def _measure(
        self, sequence: GratingSequence, states: SlowStates | None, start_s: float,
        steps: SlowSteps,
    ) -> Shown:  # fmt: skip
        cortex, afferents = self._fresh("", states, start_s)
        clock = cortex.step
        probe = None
        if self._record.is_any:
            probe = Probe(self._network, "pyr", self._record, cortex.dt_ms, clock)
            cortex.attach(probe)
        if states is not None:
            states.begin(self._screen(), self._tuning)
        parts: list[Spikes] = []
        trial_s = sequence.gap_s + sequence.duration_s
        now_s, waiting_s, stimulated_s = start_s, 0.0, 0.0
        trials = draw_trials(sequence, generator("trial order", self._noise, self._name))
        for k, orientation in enumerate(trials["orientation_deg"]):
            if states is not None:
                afferents.gain = states.afferent_gain(now_s + waiting_s)
            parts += self._trial(sequence, cortex, afferents, orientation)
            waiting_s += trial_s
            is_last = k == len(trials) - 1
            # Silence under a dose is a finding; silence before anything was given is a mistake.
            is_stirred = states is not None and states.is_stirred(now_s + waiting_s)
            if not is_stirred and stimulated_s < STIMULATED_S:
                stimulated_s += 0.0 if np.isnan(orientation) else sequence.duration_s
                if stimulated_s >= STIMULATED_S or is_last:
                    cortex.watch.require_spikes(stimulated_s)
            if states is not None and (
                is_last or waiting_s + trial_s > min(steps.longest_s, states.longest_step_s())
            ):
                states.see(cortex.take_openings())
                states.advance(now_s, waiting_s)
                now_s, waiting_s = now_s + waiting_s, 0.0
                _put(states, cortex, afferents, now_s)
        spikes = Spikes(
            np.concatenate([part.step for part in parts]) - clock,
            np.concatenate([part.cell for part in parts]),
        )
        return Shown(spikes, Probed() if probe is None else probe.take())

    def _fresh(
        self, purpose: str, states: SlowStates | None, now_s: float, *, looks: bool = False
    ) -> tuple[Cortex, AfferentSpikes]:
        """A cortex after its grey screen, its slow states in place, and its afferents."""
        name, noise = purpose + self._name, self._noise
        seed = seed_of("background", noise, name)
        times = looks or (states is not None and states.needs_times)
        cortex = Cortex(self._network, seed, looks=looks or states is not None, times=times)
        afferents = AfferentSpikes(self._tuning, generator("afferents", noise, name))
        if states is not None:
            _put(states, cortex, afferents, now_s)
        show(cortex, afferents, np.nan, SETTLE_S)
        if states is not None:
            cortex.take_openings()
        return cortex, afferents

    def _trial(
        self, sequence: GratingSequence, cortex: Cortex, afferents: AfferentSpikes,
        orientation: float,
    ) -> list[Spikes]:  # fmt: skip
        parts = []
        if sequence.gap_s > 0:
            parts.append(show(cortex, afferents, np.nan, sequence.gap_s))
        parts.append(show(cortex, afferents, orientation, sequence.duration_s))
        self.n_simulated += 1
        trial_s = sequence.gap_s + sequence.duration_s
        self._tell(trial_s, sum(len(part.step) for part in parts) / trial_s)
        return parts

    def _tell(self, simulated_s: float, spikes_per_s: float) -> None:
        if self._progress is not None:
            self._progress(simulated_s, spikes_per_s / self._circuit.n_cells)


def _named(purpose: str, name: str) -> str:
    """What representative trials are drawn by: those before an epoch by its name alone."""
    return name if purpose == "meanwhile" else purpose + name


def _no_spikes() -> Spikes:
    return Spikes(np.zeros(0, np.int64), np.zeros(0, np.int32))


def _put(states: SlowStates, cortex: Cortex, afferents: AfferentSpikes, time_s: float) -> None:
    """Put the slow states at `time_s` into the network and its input."""
    cortex.set_gains(states.gains())
    afferents.gain = states.afferent_gain(time_s)


def show(
    cortex: Cortex, afferents: AfferentSpikes, orientation_deg: float, duration_s: float
) -> Spikes:
    """Show a grating, or grey (NaN), to a cortex."""
    n_steps = round(duration_s * STEPS_PER_S)
    return cortex.run(n_steps, *afferents.stretch(orientation_deg, duration_s, STEPS_PER_S))


def afferent_tuning(circuit: Circuit) -> AfferentTuning:
    """Rates and gains of the circuit's afferents, in seconds."""
    a = circuit.settings.afferents
    return AfferentTuning(
        preferred_deg=circuit.afferent_preferred_deg,
        rest_hz=a.rest_hz,
        pedestal_hz=a.pedestal_hz,
        peak_hz=a.peak_hz,
        tuning=a.tuning,
        shared_gain_sd=a.shared_gain_sd,
        private_gain_sd=a.private_gain_sd,
        gain_relaxation_s=a.gain_relaxation_ms / MS_PER_S,
    )
