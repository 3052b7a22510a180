"""Which epochs of a recording come before a training and which after, around what and how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ketacortex.analyse.responses import EpochResponses
from ketacortex.recording.recording import Recording

TRAINING_KIND = "train"
"""What `kind` calls an epoch in which an orientation is discriminated again and again."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """An epoch of discrimination.

    Parameters
    ----------
    name : of its epoch
    reference_deg : deg, the orientation that was discriminated around
    shown_s : s of training shown; 0 in a control in which the time passed without it
    start_s : s
    """

    name: str
    reference_deg: float
    shown_s: float
    start_s: float


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """An epoch with gratings, with the training that came before it.

    Parameters
    ----------
    epoch : its name
    start_s : s
    reference_deg : deg, of the latest training before it, or of the first one if none was
    train_s : s of training shown until then
    is_after : whether the first training came before it
    """

    epoch: str
    start_s: float
    reference_deg: float
    train_s: float
    is_after: bool


def trainings_of(recording: Recording) -> list[Training]:
    """The trainings of a recording, in order of time.

    Parameters
    ----------
    recording : Recording
        Its epochs with `kind` and `reference_deg`; without them there is no training. Without
        `train_s` an epoch counts for what it lasts.
    """
    epochs = recording.epochs
    if not {"kind", "reference_deg"} <= set(epochs):
        return []
    deg = pd.to_numeric(epochs["reference_deg"], errors="coerce")
    table = epochs[(epochs["kind"] == TRAINING_KIND) & np.isfinite(deg)].sort_values("start_s")
    shown_s = table["train_s"] if "train_s" in table else table["stop_s"] - table["start_s"]
    return [
        Training(name=str(name), reference_deg=float(deg), shown_s=float(s), start_s=float(start_s))
        for name, deg, s, start_s in zip(
            table["name"], table["reference_deg"], shown_s, table["start_s"], strict=True
        )
    ]


def training_measurements(
    recording: Recording, responses: Sequence[EpochResponses]
) -> tuple[Measurement, ...]:
    """Every measurement of a recording with training, in order of time; none without training.

    Parameters
    ----------
    recording : Recording
    responses : EpochResponses of its epochs with trials
    """
    trainings = trainings_of(recording)
    if not trainings:
        return ()
    names = {training.name for training in trainings}
    found = []
    for of in responses:
        if not len(of.condition) or of.epoch in names:
            continue
        start_s = float(np.concatenate([of.onset_s, of.blank_onset_s]).min())
        past = [training for training in trainings if training.start_s <= start_s]
        found.append(
            Measurement(
                epoch=of.epoch,
                start_s=start_s,
                reference_deg=(past or trainings[:1])[-1].reference_deg,
                train_s=sum(training.shown_s for training in past),
                is_after=bool(past),
            )
        )
    return tuple(sorted(found, key=lambda measurement: measurement.start_s))
