"""A day in front of the screen: epochs shown to one cortex, as a `Recording`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

import pandas as pd

from ketacortex.drug.doses import Dose
from ketacortex.drug.exposure import Exposure
from ketacortex.drug.pharmacokinetics import Kinetics
from ketacortex.drug.receptor_block import BlockSettings
from ketacortex.drug.serotonin import SerotoninDose
from ketacortex.drug.tissue_diffusion import Tissue
from ketacortex.errors import SimulationError
from ketacortex.model.circuit import Circuit
from ketacortex.model.plasticity import Plasticity
from ketacortex.model.settings import CircuitSettings
from ketacortex.recording.recording import Recording, Subject
from ketacortex.settings import Settings
from ketacortex.simulate.engine import Openings
from ketacortex.simulate.probes import Probes
from ketacortex.simulate.session_recording import recording_of
from ketacortex.simulate.show import Progress, Show, Shown
from ketacortex.simulate.slow_states import SlowStates, SlowSteps, receptor_sites, soma_sites
from ketacortex.stimulus.epochs import Epoch
from ketacortex.stimulus.grating import GratingSequence


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
    plasticity : what experience changes; None for a circuit that does not learn
    slow_steps : SlowSteps
    """

    doses: tuple[Dose, ...] = ()
    tissue: Tissue = Tissue()
    kinetics: Kinetics = Kinetics()
    block: BlockSettings = BlockSettings()
    plasticity: Plasticity | None = None
    slow_steps: SlowSteps = SlowSteps()


@dataclass(frozen=True, kw_only=True)
class Session:
    """What one session leaves.

    Parameters
    ----------
    recording : of all cells
    course : free concentration, block, AMPA gain and what was learnt, as `SlowStates.course`
        `time_s` is that of the recording; empty where nothing was given and nothing learns.
    """

    recording: Recording
    course: pd.DataFrame


def make_anew(key: str, make: Callable[[], Shown]) -> Shown:
    """Keep nothing, whatever its key."""
    return make()


def simulate_session(
    circuit: Circuit,
    epochs: Sequence[tuple[str, Epoch]],
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
    epoch never repeats the first. Between epochs the stimuli of the next measurement are shown, of
    which representative trials are simulated; before any other epoch the screen is grey. Nothing is
    recorded then. A circuit that learns takes what the first epoch shows as usual.

    Parameters
    ----------
    circuit : Circuit
    epochs : (name, what is shown) in order
    noise : seed of this animal's noise
    subject : who it is
    progress : called after each trial
    starts_s : s, start of an epoch after the end of the first; others follow the one before
    treatment : doses and what comes of them; nothing is given by default
    record : what is recorded beside spikes; it changes none of them
    keep : keeps epochs with the slow states at their end, which arms of an animal share as long as
        they are the same, and from which an interrupted session goes on
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
    serotonin = [dose for dose in treatment.doses if isinstance(dose, SerotoninDose)]
    states = SlowStates(
        circuit, exposure, treatment.block, at_somata, treatment.plasticity, serotonin
    )
    try:
        seen = _show_all(circuit, epochs, noise, progress, begins, states, treatment, record, keep)
    except SimulationError as error:
        raise SimulationError(f"{error}{_changed(circuit.settings)}") from None
    course = states.course()
    return Session(
        recording=recording_of(
            circuit, epochs, noise, subject, treatment.doses, begins, record, seen
        ),
        course=course.assign(time_s=course["time_s"] + zero_s),
    )


def baseline_openings(
    circuit: Circuit, sequence: GratingSequence, noise: int, steps: SlowSteps
) -> Openings:
    """How far an undrugged cortex opens its receptors under representative trials."""
    show = Show(circuit, "", sequence, noise, Probes(), None)
    return show.openings(steps.representative_trials)


def _show_all(
    circuit: Circuit,
    epochs: Sequence[tuple[str, Epoch]],
    noise: int,
    progress: Progress | None,
    begins: Mapping[str, float],
    states: SlowStates,
    treatment: Treatment,
    record: Probes,
    keep: Keeper,
) -> dict[str, Shown]:
    """What every epoch leaves; slow states move on as time goes by."""
    seen: dict[str, Shown] = {}
    now_s = begins[epochs[0][0]]
    session = _digest(circuit.settings, record, noise, *begins.values())
    history = ""
    for name, epoch in epochs:
        show = Show(circuit, name, epoch, noise, record, progress)
        end_s = begins[name] + epoch.total_s
        if not states.is_moving(now_s, end_s):
            key = _digest(circuit.settings, epoch, record, name, noise)
            seen[name] = keep(key, show.undisturbed)
        else:
            blockers = states.blockers_by(end_s)
            history = _digest(session, history, epoch, name, _until(treatment, end_s), *blockers)
            from_s = now_s if states.learns else max(now_s, states.begins_s)
            seen[name] = keep(
                history,
                lambda show=show, from_s=from_s, name=name: show.with_slow_states(  # type: ignore[misc]
                    states, from_s, begins[name], treatment.slow_steps
                ),
            )
            states.take(seen[name].states)
        if show.n_simulated == 0:
            show.report_all(seen[name].spikes)
        now_s = end_s
    return seen


def _until(treatment: Treatment, end_s: float) -> Treatment:
    """The treatment as far as an epoch that ends then can know it."""
    given = tuple(dose for dose in treatment.doses if dose.start_s < end_s)
    return treatment.model_copy(update={"doses": given})


def _digest(*depends_on: Settings | str | float) -> str:
    """What an epoch depends on, in 32 characters."""
    texts = [one.model_dump_json() if isinstance(one, Settings) else str(one) for one in depends_on]
    return blake2b("|".join(texts).encode(), digest_size=16).hexdigest()


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
    epochs: Sequence[tuple[str, Epoch]], starts_s: Mapping[str, float]
) -> dict[str, float]:
    """Start of every epoch after the end of the first, s; that of the first is negative."""
    begins: dict[str, float] = {}
    end_s = -epochs[0][1].total_s
    for name, sequence in epochs:
        begins[name] = starts_s.get(name, end_s)
        end_s = begins[name] + sequence.total_s
    return begins
