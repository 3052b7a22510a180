"""A day in front of the screen: epochs of gratings shown to one cortex, as a `Recording`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from ketacortex.model.circuit import Circuit
from ketacortex.recording.recording import Recording, Subject
from ketacortex.seeds import generator, seed_of
from ketacortex.simulate.engine import STEPS_PER_S, Cortex, Spikes
from ketacortex.stimulus.afferent_spikes import AfferentSpikes, AfferentTuning
from ketacortex.stimulus.grating import GratingSequence, draw_trials
from ketacortex.units import MS_PER_S

SETTLE_S = 0.5  # grey screen before an epoch's clock starts: eight NMDA time constants
Progress = Callable[[float, float], None]  # seconds simulated since the last call, mean rate in Hz


def simulate_session(
    circuit: Circuit,
    epochs: Sequence[tuple[str, GratingSequence]],
    noise: int,
    subject: Subject,
    progress: Progress | None = None,
) -> Recording:
    """Show every epoch to one cortex and record all of its cells.

    Each epoch draws its trial order, afferent spikes, gains and background from (noise, epoch
    name) alone, so two arms of one animal meet the same noise in the same epoch, and a second
    epoch never repeats the first.

    Parameters
    ----------
    circuit : Circuit
    epochs : (name, stimuli) in order
    noise : seed of this animal's noise
    subject : who it is
    progress : called after each trial
    """
    trials, spans, spikes = [], [], []
    start_s = 0.0
    for name, sequence in epochs:
        seen = _simulate_epoch(circuit, name, sequence, noise, progress)
        shown = draw_trials(sequence, generator("trial order", noise, name))
        trials.append(
            shown.assign(
                onset_s=shown["onset_s"] + start_s, offset_s=shown["offset_s"] + start_s, epoch=name
            )
        )
        spikes.append(Spikes(seen.step + round(start_s * STEPS_PER_S), seen.cell))
        spans.append({"name": name, "start_s": start_s, "stop_s": start_s + sequence.total_s})
        start_s += sequence.total_s
    step = np.concatenate([part.step for part in spikes])
    cell = np.concatenate([part.cell for part in spikes])
    order = np.lexsort((step, cell))
    return Recording(
        subject=subject,
        spike_samples=step[order],
        spike_index=np.searchsorted(cell[order], np.arange(circuit.n_cells + 1)).astype(np.int64),
        sample_rate_hz=STEPS_PER_S,
        units=_units(circuit),
        trials=pd.concat(trials, ignore_index=True),
        epochs=pd.DataFrame(spans),
        start_s=0.0,
        stop_s=start_s,
        source=f"ketacortex circuit {circuit.settings.preset}, map {circuit.settings.map}",
    )


def _units(circuit: Circuit) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cell_class": circuit.cell_class,
            "x_um": circuit.position_um[:, 0],
            "y_um": circuit.position_um[:, 1],
            "depth_um": circuit.depth_um,
        },
        index=pd.RangeIndex(circuit.n_cells, name="unit"),
    )


def _simulate_epoch(
    circuit: Circuit, name: str, sequence: GratingSequence, noise: int, progress: Progress | None
) -> Spikes:
    """Spikes of one epoch, steps counted from its start."""
    cortex = Cortex(circuit, seed_of("background", noise, name))
    afferents = AfferentSpikes(afferent_tuning(circuit), generator("afferents", noise, name))
    _show(cortex, afferents, np.nan, SETTLE_S)
    clock = cortex.step
    parts = []
    for orientation in draw_trials(sequence, generator("trial order", noise, name))[
        "orientation_deg"
    ]:
        if sequence.gap_s > 0:
            parts.append(_show(cortex, afferents, np.nan, sequence.gap_s))
        parts.append(_show(cortex, afferents, orientation, sequence.duration_s))
        if progress is not None:
            trial_s = sequence.gap_s + sequence.duration_s
            n_spikes = sum(len(part.step) for part in parts[-2 if sequence.gap_s > 0 else -1 :])
            progress(trial_s, n_spikes / trial_s / circuit.n_cells)
    return Spikes(
        np.concatenate([part.step for part in parts]) - clock,
        np.concatenate([part.cell for part in parts]),
    )


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
