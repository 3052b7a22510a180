"""Spike counts by trial, laid out for every measurement of one epoch.

Two words are kept apart. The *orientation* (axial, 0 to 180 degrees) is what tuning is about; the
*condition* is the whole stimulus (direction and contrast too), which is what must be held still
when variability is measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.recording.recording import STIMULUS_COLUMNS, Recording
from ketacortex.units import orientation_distance_deg

DURATION_STEP = 0.2
"""Relative difference of durations that makes two stimuli; displays jitter by frames."""
DURATION_DECIMALS = 9
"""Of seconds: below the sample of any recording."""
OPPOSITE_TOLERANCE_DEG = 3.0
"""Opposite directions this close to 180 degrees apart are one orientation: sources round."""


@dataclass(frozen=True, kw_only=True)
class EpochResponses:
    """Spike counts of every unit in every trial of one epoch, with what was shown.

    Parameters
    ----------
    epoch : name of the epoch
    counts : (n_unit, n_trial) spikes from onset to offset, blank trials left out
    onset_s, duration_s : (n_trial,) s
    orientation_deg : (n_trial,) deg, in [0, 180)
    condition : (n_trial,)
        Number of the whole stimulus (orientation, direction, contrast, frequencies, duration ...)
        among those of the recording: the same number is the same stimulus in every epoch.
    is_for_tuning : (n_trial,)
        Trials that tuning is measured on: those of the highest contrast of the recording.
    blank_counts : (n_unit, n_blank) spikes
    blank_onset_s, blank_duration_s : (n_blank,) s
    """

    epoch: str
    counts: NDArray[np.float64]
    onset_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    orientation_deg: NDArray[np.float64]
    condition: NDArray[np.int64]
    is_for_tuning: NDArray[np.bool_]
    blank_counts: NDArray[np.float64]
    blank_onset_s: NDArray[np.float64]
    blank_duration_s: NDArray[np.float64]

    @property
    def tuning_counts(self) -> NDArray[np.float64]:
        """Counts in the trials that tuning is measured on, (n_unit, n_tuning_trial)."""
        return self.counts[:, self.is_for_tuning]

    @property
    def tuning_orientation_deg(self) -> NDArray[np.float64]:
        """Orientation in the trials that tuning is measured on, (n_tuning_trial,) deg."""
        return self.orientation_deg[self.is_for_tuning]

    @property
    def tuning_duration_s(self) -> NDArray[np.float64]:
        """Duration of the trials that tuning is measured on, (n_tuning_trial,) s."""
        return self.duration_s[self.is_for_tuning]

    def restricted_to(self, shown: NDArray[np.bool_], blank: NDArray[np.bool_]) -> EpochResponses:
        """The same for some of the trials.

        Parameters
        ----------
        shown : (n_trial,) trials to keep
        blank : (n_blank,) blank trials to keep
        """
        return replace(
            self,
            counts=self.counts[:, shown],
            onset_s=self.onset_s[shown],
            duration_s=self.duration_s[shown],
            orientation_deg=self.orientation_deg[shown],
            condition=self.condition[shown],
            is_for_tuning=self.is_for_tuning[shown],
            blank_counts=self.blank_counts[:, blank],
            blank_onset_s=self.blank_onset_s[blank],
            blank_duration_s=self.blank_duration_s[blank],
        )


def collect_responses(recording: Recording) -> tuple[EpochResponses, ...]:
    """The spike counts of each epoch that has trials, in order of time.

    A trial without an orientation is a blank. Contrast and direction are used when the trials
    table has them.
    """
    trials = recording.trials.sort_values("onset_s", kind="stable")
    onset_s, offset_s = trials["onset_s"].to_numpy(float), trials["offset_s"].to_numpy(float)
    counts = recording.spike_counts(onset_s, offset_s).astype(float)
    orientation_deg = _orientation_of_trials(trials)
    condition, is_shown = condition_of_trials(trials)
    is_strongest = _strongest(trials, is_shown)
    # Rounded, so that a trial lasts as long on whatever clock it began.
    duration_s = np.round(offset_s - onset_s, DURATION_DECIMALS)
    epoch_of_trial = trials["epoch"].to_numpy(dtype=str)
    collected = []
    for epoch in pd.unique(epoch_of_trial):
        here = epoch_of_trial == epoch
        shown, blank = here & np.isfinite(orientation_deg), here & np.isnan(orientation_deg)
        collected.append(
            EpochResponses(
                epoch=str(epoch),
                counts=counts[:, shown],
                onset_s=onset_s[shown],
                duration_s=duration_s[shown],
                orientation_deg=orientation_deg[shown],
                condition=condition[shown],
                is_for_tuning=is_strongest[shown],
                blank_counts=counts[:, blank],
                blank_onset_s=onset_s[blank],
                blank_duration_s=duration_s[blank],
            )
        )
    return tuple(collected)


def _orientation_of_trials(trials: pd.DataFrame) -> NDArray[np.float64]:
    orientation_deg = trials["orientation_deg"].to_numpy(float) % 180.0
    if "direction_deg" not in trials:
        return orientation_deg
    returning = trials["direction_deg"].to_numpy(float) % 360.0 >= 180.0
    anchors_deg = np.unique(orientation_deg[~returning & np.isfinite(orientation_deg)])
    if not len(anchors_deg) or not returning.any():
        return orientation_deg
    apart_deg = orientation_distance_deg(orientation_deg[:, None], anchors_deg)
    nearest = np.argmin(np.nan_to_num(apart_deg, nan=np.inf), axis=1)
    is_same = returning & (apart_deg.min(axis=1) <= OPPOSITE_TOLERANCE_DEG)
    return np.where(is_same, anchors_deg[nearest], orientation_deg)


def condition_of_trials(trials: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Number of the whole stimulus of each trial, and whether it is a grating and no blank.

    The stimulus is everything that the trials table tells of it, its duration included: what is
    not held still would pass for variability.

    Returns
    -------
    condition, is_shown : (n_trial,)
    """
    is_shown = np.isfinite(trials["orientation_deg"].to_numpy(float))
    duration_s = (trials["offset_s"] - trials["onset_s"]).to_numpy(float)
    told = ["orientation_deg", "direction_deg", *STIMULUS_COLUMNS]
    codes = [pd.factorize(trials[c], sort=True)[0] for c in told if c in trials]
    if is_shown.any() and np.ptp(np.log(duration_s[is_shown])) > DURATION_STEP:
        codes.append(np.round(np.log(duration_s) / DURATION_STEP).astype(np.int64))
    stimulus = np.where(is_shown[:, None], np.stack(codes, axis=1), -1)
    return np.unique(stimulus, axis=0, return_inverse=True)[1].reshape(-1).astype(
        np.int64
    ), is_shown


def _strongest(trials: pd.DataFrame, is_shown: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Gratings of the highest contrast; all of them where contrast is not given as a number."""
    if "contrast" not in trials or not is_shown.any():
        return is_shown
    contrast = pd.to_numeric(trials["contrast"], errors="coerce").to_numpy(float)
    if not np.isfinite(contrast[is_shown]).any():
        return is_shown
    return is_shown & (np.nan_to_num(contrast, nan=-1.0) == np.nanmax(contrast[is_shown]))
