"""What dendrites do while gratings are shown: their inhibition and their plateaus."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.analyse.responses import EpochResponses
from ketacortex.recording.recording import (
    BRANCHES,
    DENDRITIC_INHIBITION,
    PLATEAU,
    Recording,
)
from ketacortex.units import S_PER_MIN

NO_BRANCHES = "no trials with an orientation, or no unit whose dendrites were recorded"
REASONS = {
    "dendritic_inhibition_nanosiemens": (
        "no trials with an orientation in which dendritic inhibition was recorded, or no unit "
        "whose dendrites were"
    ),
    "plateau_rate_per_min": NO_BRANCHES,
    "plateau_time_share": NO_BRANCHES,
}
"""Why a measure of a population is missing, as the end of a sentence."""


def dendritic_values(
    recording: Recording, responses: EpochResponses
) -> dict[str, NDArray[np.float64]]:
    """Measures of the dendrites of every unit in one epoch; none where nothing was recorded.

    Parameters
    ----------
    recording : Recording
    responses : of the epoch

    Returns
    -------
    dict
        Each (n_unit,), NaN for units without recorded branches:
        `dendritic_inhibition_nanosiemens`, mean conductance of a branch while gratings are shown,
        the same for all units, as it was recorded of all together; `plateau_rate_per_min`,
        plateaus of one branch that begin during a minute of gratings; `plateau_time_share`, share
        of that time that a branch spends in one. A recording without a single plateau, in any
        epoch, has neither of the latter: nobody may have looked.
    """
    if BRANCHES not in recording.units:
        return {}
    n_branches = recording.units[BRANCHES].to_numpy(float)
    n_branches = np.where(n_branches > 0, n_branches, np.nan)
    found = {}
    if any(channel.quantity == DENDRITIC_INHIBITION for channel in recording.channels):
        mean_nanosiemens = inhibition_nanosiemens(recording, responses)
        found["dendritic_inhibition_nanosiemens"] = np.where(
            np.isfinite(n_branches), mean_nanosiemens, np.nan
        )
    plateaus = recording.events[recording.events["name"] == PLATEAU]
    if len(plateaus):
        shown_s = responses.duration_s.sum() or np.nan
        began, inside_s = _during_gratings(plateaus, responses)
        row = recording.units.index.get_indexer(pd.Index(plateaus["unit"]))
        n_began = np.bincount(row, began, recording.n_units)
        spent_s = np.bincount(row, inside_s, recording.n_units)
        found["plateau_rate_per_min"] = n_began / n_branches / (shown_s / S_PER_MIN)
        found["plateau_time_share"] = spent_s / n_branches / shown_s
    return found


def inhibition_nanosiemens(recording: Recording, responses: EpochResponses) -> float:
    """Mean GABA conductance of a branch while gratings are shown, nS; NaN if not recorded."""
    parts = [
        channel.between(onset_s, onset_s + duration_s)
        for channel in recording.channels
        if channel.quantity == DENDRITIC_INHIBITION and channel.unit == "nS"
        for onset_s, duration_s in zip(responses.onset_s, responses.duration_s, strict=True)
    ]
    samples = np.concatenate([np.zeros(0), *parts])
    return float(samples.mean()) if len(samples) else float("nan")


def _during_gratings(
    events: pd.DataFrame, responses: EpochResponses
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each event, whether it began during a grating, and how long it lasted during gratings.

    Returns
    -------
    began, inside_s : (n_event,) 1 or 0, and s
    """
    if not len(responses.onset_s):
        return np.zeros(len(events)), np.zeros(len(events))
    order = np.argsort(responses.onset_s)
    onset_s, duration_s = responses.onset_s[order], responses.duration_s[order]
    first_s = events["onset_s"].to_numpy(float)
    last_s = first_s + events["duration_s"].to_numpy(float)
    trial = np.searchsorted(onset_s, first_s, side="right") - 1
    began = (trial >= 0) & (first_s < (onset_s + duration_s)[trial])
    # Grating time that has passed by each edge; it grows during gratings alone.
    edges_s = np.stack([onset_s, onset_s + duration_s], axis=1).ravel()
    passed_s = np.repeat(np.concatenate([[0.0], np.cumsum(duration_s)]), 2)[1:-1]
    inside_s = np.interp(last_s, edges_s, passed_s) - np.interp(first_s, edges_s, passed_s)
    return began.astype(float), inside_s
