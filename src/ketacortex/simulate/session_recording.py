"""The recording of all cells that a session leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ketacortex.drug.doses import Dose
from ketacortex.model.circuit import Circuit
from ketacortex.recording.recording import BRANCHES, DOSE_COLUMNS, Recording, Subject
from ketacortex.seeds import generator
from ketacortex.simulate.engine import STEPS_PER_S
from ketacortex.simulate.probes import Probes, channels_of, plateau_events
from ketacortex.simulate.show import Shown
from ketacortex.stimulus.epochs import Epoch, Passing
from ketacortex.stimulus.grating import GratingSequence, draw_trials

MEASURE = "measure"
"""Kind of an epoch that is recorded."""


def recording_of(
    circuit: Circuit,
    epochs: Sequence[tuple[str, Epoch]],
    noise: int,
    subject: Subject,
    doses: Sequence[Dose],
    begins: Mapping[str, float],
    record: Probes,
    seen: Mapping[str, Shown],
) -> Recording:
    """Spikes, trials and whatever else was recorded, on a clock that begins with the first epoch.

    Parameters
    ----------
    circuit : Circuit
    epochs : (name, what is shown) in order
    noise : seed of this animal's noise
    subject : who it is
    doses : given, for the log
    begins : s, start of each epoch after the end of the first
    record : what was recorded beside spikes
    seen : what each epoch left
    """
    zero_s = -begins[epochs[0][0]]
    trials, channels, events = [], [], []
    measured = [(name, epoch) for name, epoch in epochs if isinstance(epoch, GratingSequence)]
    for name, sequence in measured:
        start_s = begins[name] + zero_s
        shown = draw_trials(sequence, generator("trial order", noise, name))
        times = {at: shown[at] + start_s for at in ("onset_s", "offset_s")}
        trials.append(shown.assign(**times, epoch=name))
        channels += channels_of(seen[name].probed, name, start_s, circuit.depth_um)
        events.append(plateau_events(seen[name].probed, start_s))
    starts = [round((begins[name] + zero_s) * STEPS_PER_S) for name, _ in measured]
    step = np.concatenate(
        [seen[name].spikes.step + at for (name, _), at in zip(measured, starts, strict=True)]
    )
    cell = np.concatenate([seen[name].spikes.cell for name, _ in measured])
    order = np.lexsort((step, cell))
    observed_s = np.array(
        [[begins[name] + zero_s, begins[name] + zero_s + s.total_s] for name, s in measured]
    )
    is_gap = observed_s[1:, 0] > observed_s[:-1, 1]
    return Recording(
        subject=subject,
        spike_samples=step[order],
        spike_index=np.searchsorted(cell[order], np.arange(circuit.n_cells + 1)).astype(np.int64),
        sample_rate_hz=STEPS_PER_S,
        units=_units(circuit, record),
        trials=pd.concat(trials, ignore_index=True),
        epochs=_epoch_table(epochs, begins, zero_s),
        start_s=0.0,
        stop_s=observed_s[-1, 1],
        gaps_s=np.column_stack([observed_s[:-1, 1], observed_s[1:, 0]])[is_gap],
        channels=tuple(channels),
        doses=_dose_log(doses, zero_s),
        events=pd.concat(events, ignore_index=True),
        source=f"ketacortex circuit {circuit.settings.preset}, map {circuit.settings.map}",
    )


def _epoch_table(
    epochs: Sequence[tuple[str, Epoch]], begins: Mapping[str, float], zero_s: float
) -> pd.DataFrame:
    """Names and times; of a day with more than measurements also what each epoch was."""
    rows = []
    for name, epoch in epochs:
        start_s = begins[name] + zero_s
        rows.append({"name": name, "start_s": start_s, "stop_s": start_s + epoch.total_s})
    if any(isinstance(epoch, Passing) for _, epoch in epochs):
        for row, (_, epoch) in zip(rows, epochs, strict=True):
            if isinstance(epoch, Passing):
                row |= {"kind": epoch.kind, **epoch.log()}
            else:
                row["kind"] = MEASURE
    return pd.DataFrame(rows)


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
