"""A day in front of the screen: epochs of gratings shown to one cortex, as a `Recording`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

import numpy as np
import pandas as pd

from ketacortex.drug.doses import Dose
from ketacortex.drug.exposure import Exposure
from ketacortex.drug.pharmacokinetics import Kinetics
from ketacortex.drug.receptor_block import BlockSettings
from ketacortex.drug.tissue_diffusion import Tissue
from ketacortex.errors import SimulationError
from ketacortex.model.circuit import Circuit
from ketacortex.model.settings import CircuitSettings
from ketacortex.model.v1_network import network_of
from ketacortex.recording.recording import BRANCHES, DOSE_COLUMNS, Recording, Subject
from ketacortex.seeds import generator, seed_of
from ketacortex.settings import Settings
from ketacortex.simulate.engine import STEPS_PER_S, Cortex, Openings, Spikes
from ketacortex.simulate.probes import Probe, Probed, Probes, channels_of, plateau_events
from ketacortex.simulate.slow_states import SlowStates, SlowSteps, receptor_sites, soma_sites
from ketacortex.stimulus.afferent_spikes import AfferentSpikes, AfferentTuning
from ketacortex.stimulus.grating import GratingSequence, draw_trials
from ketacortex.units import MS_PER_S

STIMULATED_S = 2.0  # of gratings that leave a cortex silent: it will stay so
SETTLE_S = 0.5  # grey screen before an epoch's clock starts: eight NMDA time constants
REMEMBERED = 4  # batches of representative trials over which openings are averaged
Progress = Callable[[float, float], None]  # seconds simulated since the last call, mean rate in Hz


@dataclass(frozen=True)
class Shown:
    """What one epoch leaves: its spikes, steps counted from its start, and what probes saw."""

    spikes: Spikes
    probed: Probed


class Keeper(Protocol):
    """Whoever keeps what several sessions of one animal share."""

    def __call__(self, key: str, make: Callable[[], Shown]) -> Shown:
        """The epoch kept under `key`, shown now if there is none."""


class Treatment(Settings):
    """What is given to one cortex, and how its slow consequences are followed.

    Parameters
    ----------
    doses : given, each at its time after the end of the first epoch
    tissue : what a topical dose spreads in
    kinetics : of the body that a systemic dose spreads in
    block : how tightly each class of cells binds
    slow_steps : SlowSteps
    """

    doses: tuple[Dose, ...] = ()
    tissue: Tissue = Tissue()
    kinetics: Kinetics = Kinetics()
    block: BlockSettings = BlockSettings()
    slow_steps: SlowSteps = SlowSteps()


@dataclass(frozen=True, kw_only=True)
class Session:
    """What one session leaves.

    Parameters
    ----------
    recording : of all cells
    course : free concentration, block and AMPA gain, as `SlowStates.course`
        `time_s` is that of the recording; empty where nothing was given.
    """

    recording: Recording
    course: pd.DataFrame


def make_anew(key: str, make: Callable[[], Shown]) -> Shown:
    """Keep nothing, whatever its key."""
    return make()


def simulate_session(
    circuit: Circuit,
    epochs: Sequence[tuple[str, GratingSequence]],
    noise: int,
    subject: Subject,
    progress: Progress | None = None,
    *,
    starts_s: Mapping[str, float] | None = None,
    treatment: Treatment | None = None,
    record: Probes = Probes(),  # noqa: B008 - frozen
    keep: Keeper = make_anew,
) -> Session:
    """Show every epoch to one cortex and record all of its cells.

    Each epoch draws its trial order, afferent spikes, gains and background from (noise, epoch
    name) alone, so two arms of one animal meet the same noise in the same epoch, and a second
    epoch never repeats the first. Between epochs the stimuli of the next one are shown, of which
    representative trials are simulated; nothing is recorded then.

    Parameters
    ----------
    circuit : Circuit
    epochs : (name, stimuli) in order
    noise : seed of this animal's noise
    subject : who it is
    progress : called after each trial
    starts_s : s, start of an epoch after the end of the first; others follow the one before
    treatment : doses and what comes of them; nothing is given by default
    record : what is recorded beside spikes; it changes none of them
    keep : keeps epochs that nothing given has reached, which arms of an animal share
    """
    treatment = treatment or Treatment()
    begins = epoch_starts_s(epochs, starts_s or {})
    zero_s = -begins[epochs[0][0]]  # the clock of the doses, on that of the recording
    until_s = max(begins[name] + sequence.total_s for name, sequence in epochs)
    given = treatment.doses, treatment.tissue
    exposure = Exposure(*given, receptor_sites(circuit), until_s, treatment.kinetics)
    at_somata = (
        Exposure(*given, soma_sites(circuit), until_s, treatment.kinetics)
        if treatment.block.affinity_hcn1 > 0
        else None
    )
    states = SlowStates(circuit, exposure, treatment.block, at_somata)
    try:
        seen = _show_all(
            circuit, epochs, noise, progress, begins, exposure, states, treatment, record, keep
        )
    except SimulationError as error:
        raise SimulationError(f"{error}{_changed(circuit.settings)}") from None
    course = states.course()
    return Session(
        recording=_recording(
            circuit, epochs, noise, subject, treatment.doses, begins, record, seen
        ),
        course=course.assign(time_s=course["time_s"] + zero_s),
    )


def baseline_openings(
    circuit: Circuit, sequence: GratingSequence, noise: int, steps: SlowSteps
) -> Openings:
    """How far an undrugged cortex opens its receptors under representative trials."""
    show = _Show(circuit, "", sequence, noise, Probes(), None)
    return show.openings(steps.representative_trials)


def _show_all(
    circuit: Circuit,
    epochs: Sequence[tuple[str, GratingSequence]],
    noise: int,
    progress: Progress | None,
    begins: Mapping[str, float],
    exposure: Exposure,
    states: SlowStates,
    treatment: Treatment,
    record: Probes,
    keep: Keeper,
) -> dict[str, Shown]:
    """What every epoch leaves; slow states move on as time goes by."""
    seen: dict[str, Shown] = {}
    now_s = begins[epochs[0][0]]
    for name, sequence in epochs:
        show = _Show(circuit, name, sequence, noise, record, progress)
        end_s = begins[name] + sequence.total_s
        if not states.is_moving(end_s):
            key = _key(circuit, name, sequence, noise, record)
            seen[name] = keep(key, show.undisturbed)
            if show.n_simulated == 0:
                show.report_all(seen[name].spikes)
        else:
            show.meanwhile(
                states, max(now_s, exposure.begins_s), begins[name], treatment.slow_steps
            )
            seen[name] = show.with_slow_states(states, begins[name], treatment.slow_steps)
        now_s = end_s
    return seen


def _changed(settings: CircuitSettings) -> str:
    """Which settings of the circuit are not the preset's, for a message; empty if none is."""
    given, preset = settings.model_dump(), CircuitSettings().model_dump()
    changes = [
        f"circuit.{room}.{name} = {value} (preset {preset[room][name]})"
        for room, values in given.items() if isinstance(values, dict)
        for name, value in values.items()
        if value != preset[room][name]
    ]  # fmt: skip
    return f" Changed from the preset: {', '.join(changes[:6])}." if changes else ""


def epoch_starts_s(
    epochs: Sequence[tuple[str, GratingSequence]], starts_s: Mapping[str, float]
) -> dict[str, float]:
    """Start of every epoch after the end of the first, s; that of the first is negative."""
    begins: dict[str, float] = {}
    end_s = -epochs[0][1].total_s
    for name, sequence in epochs:
        begins[name] = starts_s.get(name, end_s)
        end_s = begins[name] + sequence.total_s
    return begins


def _key(circuit: Circuit, name: str, sequence: GratingSequence, noise: int, record: Probes) -> str:
    """What an undisturbed epoch depends on, in 32 characters."""
    settings = (circuit.settings, sequence, record)
    depends_on = (*(one.model_dump_json() for one in settings), name, str(noise))
    return blake2b("|".join(depends_on).encode(), digest_size=16).hexdigest()


def _recording(
    circuit: Circuit,
    epochs: Sequence[tuple[str, GratingSequence]],
    noise: int,
    subject: Subject,
    doses: Sequence[Dose],
    begins: Mapping[str, float],
    record: Probes,
    seen: Mapping[str, Shown],
) -> Recording:
    zero_s = -begins[epochs[0][0]]
    trials, spans, channels, events = [], [], [], []
    for name, sequence in epochs:
        start_s = begins[name] + zero_s
        shown = draw_trials(sequence, generator("trial order", noise, name))
        times = {at: shown[at] + start_s for at in ("onset_s", "offset_s")}
        trials.append(shown.assign(**times, epoch=name))
        spans.append({"name": name, "start_s": start_s, "stop_s": start_s + sequence.total_s})
        channels += channels_of(seen[name].probed, name, start_s, circuit.depth_um)
        events.append(plateau_events(seen[name].probed, start_s))
    starts = [round((begins[name] + zero_s) * STEPS_PER_S) for name, _ in epochs]
    step = np.concatenate(
        [seen[name].spikes.step + at for (name, _), at in zip(epochs, starts, strict=True)]
    )
    cell = np.concatenate([seen[name].spikes.cell for name, _ in epochs])
    order = np.lexsort((step, cell))
    observed_s = np.array([[span["start_s"], span["stop_s"]] for span in spans])
    is_gap = observed_s[1:, 0] > observed_s[:-1, 1]
    return Recording(
        subject=subject,
        spike_samples=step[order],
        spike_index=np.searchsorted(cell[order], np.arange(circuit.n_cells + 1)).astype(np.int64),
        sample_rate_hz=STEPS_PER_S,
        units=_units(circuit, record),
        trials=pd.concat(trials, ignore_index=True),
        epochs=pd.DataFrame(spans),
        start_s=0.0,
        stop_s=observed_s[-1, 1],
        gaps_s=np.column_stack([observed_s[:-1, 1], observed_s[1:, 0]])[is_gap],
        channels=tuple(channels),
        doses=_dose_log(doses, zero_s),
        events=pd.concat(events, ignore_index=True),
        source=f"ketacortex circuit {circuit.settings.preset}, map {circuit.settings.map}",
    )


def _dose_log(doses: Sequence[Dose], zero_s: float) -> pd.DataFrame:
    rows = [
        (dose.name, dose.blocker, dose.route, round(zero_s + dose.start_s, 6),
         round(zero_s + dose.start_s + dose.duration_s, 6), *dose.amount)
        for dose in doses
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(DOSE_COLUMNS))


def _units(circuit: Circuit, record: Probes) -> pd.DataFrame:
    units = pd.DataFrame(
        {
            "cell_class": circuit.cell_class,
            "x_um": circuit.position_um[:, 0],
            "y_um": circuit.position_um[:, 1],
            "depth_um": circuit.depth_um,
        },
        index=pd.RangeIndex(circuit.n_cells, name="unit"),
    )
    if record.sees_dendrites:
        pyr = circuit.settings.pyr
        units[BRANCHES] = np.where(np.arange(circuit.n_cells) < pyr.n, pyr.n_branches, 0)
    return units


class _Show:
    """One epoch, and what is shown before it, to a fresh cortex of one animal."""

    def __init__(
        self,
        circuit: Circuit,
        name: str,
        sequence: GratingSequence,
        noise: int,
        record: Probes,
        progress: Progress | None,
    ) -> None:
        self._circuit, self._name, self._noise, self._record = circuit, name, noise, record
        self._network = network_of(circuit)
        self._sequence = sequence
        self._progress = progress
        self._trial_s = sequence.gap_s + sequence.duration_s
        self.n_simulated = 0

    def undisturbed(self) -> Shown:
        """What the epoch leaves at baseline."""
        return self._run(None, 0.0, SlowSteps())

    def openings(self, n_trials: int) -> Openings:
        """How far receptors open under representative trials, at baseline."""
        cortex, afferents = self._fresh("", None, looks=True)
        cortex.take_openings()
        rng = generator("representative trials", self._noise, self._name)
        for orientation in self._representative(n_trials, rng):
            self._trial(cortex, afferents, orientation, counts=False)
        return cortex.take_openings()

    def with_slow_states(self, states: SlowStates, start_s: float, steps: SlowSteps) -> Shown:
        """What the epoch leaves while its own trials move the slow states on from `start_s`."""
        return self._run(states, start_s, steps)

    def meanwhile(
        self, states: SlowStates, from_s: float, until_s: float, steps: SlowSteps
    ) -> None:
        """Move the slow states to the start of the epoch, driven by representative trials."""
        if from_s >= until_s:
            return
        cortex, afferents = self._fresh("meanwhile", states)
        rng = generator("representative trials", self._noise, self._name)
        states.note(from_s)
        now_s, looked_s, n_batches = from_s, -np.inf, 0
        departed = states.departed()
        while until_s - now_s > 1e-6:
            moved = np.abs(states.departed() - departed).max()
            if moved > steps.largest_change or now_s - looked_s >= steps.refresh_s:
                departed, looked_s, n_batches = states.departed(), now_s, n_batches + 1
                cortex.set_gains(states.gains())
                for orientation in self._representative(steps.representative_trials, rng):
                    self._trial(cortex, afferents, orientation, counts=False)
                states.see(cortex.take_openings(), 1 / min(n_batches, REMEMBERED))
            at_most_s = min(steps.longest_s, until_s - now_s)
            step_s = states.step_s(now_s, at_most_s, steps.largest_change)
            states.advance(now_s, step_s)
            now_s += step_s

    def report_all(self, spikes: Spikes) -> None:
        """Tell of an epoch that was kept from before."""
        if self._progress is not None:
            total_s = self._sequence.total_s
            self._progress(total_s, len(spikes.step) / total_s / self._circuit.n_cells)

    def _run(self, states: SlowStates | None, start_s: float, steps: SlowSteps) -> Shown:
        cortex, afferents = self._fresh("", states)
        clock = cortex.step
        probe = None
        if self._record.is_any:
            probe = Probe(self._network, "pyr", self._record, cortex.dt_ms, clock)
            cortex.attach(probe)
        parts: list[Spikes] = []
        now_s, waiting_s, stimulated_s = start_s, 0.0, 0.0
        trials = draw_trials(self._sequence, generator("trial order", self._noise, self._name))
        for k, orientation in enumerate(trials["orientation_deg"]):
            parts += self._trial(cortex, afferents, orientation)
            waiting_s += self._trial_s
            is_last = k == len(trials) - 1
            # Silence under a dose is a finding; silence before anything was given is a mistake.
            if states is None and stimulated_s < STIMULATED_S:
                stimulated_s += 0.0 if np.isnan(orientation) else self._sequence.duration_s
                if stimulated_s >= STIMULATED_S or is_last:
                    cortex.watch.require_spikes(stimulated_s)
            if states is not None and (is_last or waiting_s + self._trial_s > steps.longest_s):
                states.see(cortex.take_openings())
                states.advance(now_s, waiting_s)
                cortex.set_gains(states.gains())
                now_s, waiting_s = now_s + waiting_s, 0.0
        spikes = Spikes(
            np.concatenate([part.step for part in parts]) - clock,
            np.concatenate([part.cell for part in parts]),
        )
        return Shown(spikes, Probed() if probe is None else probe.take())

    def _fresh(
        self, purpose: str, states: SlowStates | None, *, looks: bool = False
    ) -> tuple[Cortex, AfferentSpikes]:
        """A cortex after its grey screen, its slow states in place, and its afferents."""
        name, noise = purpose + self._name, self._noise
        seed = seed_of("background", noise, name)
        times = looks or (states is not None and states.needs_times)
        cortex = Cortex(self._network, seed, looks=looks or states is not None, times=times)
        if states is not None:
            cortex.set_gains(states.gains())
        tuning = afferent_tuning(self._circuit)
        afferents = AfferentSpikes(tuning, generator("afferents", noise, name))
        _show(cortex, afferents, np.nan, SETTLE_S)
        if states is not None:
            cortex.take_openings()
        return cortex, afferents

    def _trial(
        self, cortex: Cortex, afferents: AfferentSpikes, orientation: float, *, counts: bool = True
    ) -> list[Spikes]:
        parts = []
        if self._sequence.gap_s > 0:
            parts.append(_show(cortex, afferents, np.nan, self._sequence.gap_s))
        parts.append(_show(cortex, afferents, orientation, self._sequence.duration_s))
        self.n_simulated += 1
        if self._progress is not None:
            n_spikes = sum(len(part.step) for part in parts)
            rate_hz = n_spikes / self._trial_s / self._circuit.n_cells
            self._progress(self._trial_s if counts else 0.0, rate_hz)
        return parts

    def _representative(self, n_trials: int, rng: np.random.Generator) -> np.ndarray:
        """Orientations of a few trials that stand for all, gratings and blanks in their shares."""
        every = draw_trials(self._sequence, rng)["orientation_deg"].sort_values().to_numpy()
        places = (np.arange(n_trials) + rng.random()) / n_trials * len(every)
        return rng.permutation(every[places.astype(np.int64)])


def _show(
    cortex: Cortex, afferents: AfferentSpikes, orientation_deg: float, duration_s: float
) -> Spikes:
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
