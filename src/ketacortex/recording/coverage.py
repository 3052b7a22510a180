"""Whether the trials lie where the units were recorded."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.errors import DataError
from ketacortex.recording.checks import MIN_SPIKES_TO_JUDGE

MIN_TRIALS_BEYOND = 3
MAX_SPIKES_MISSED = 20
"""More are not missing by chance: the probability is below 1e-8 for Poisson spikes."""
STRANGE_SILENCE = 5
"""A trial without any spike is strange where more than this many are predicted."""
OBSERVED_TOLERANCE_S = 1e-3
"""Times of intervals and of trials are often rounded, to a millisecond at worst."""

OTHER_CLOCK = (
    "or trials and spikes are on different clocks; remove these trials or correct the clock."
)


def observed_trials(trials: pd.DataFrame, observed_s: NDArray[np.float64]) -> pd.DataFrame:
    """The trials that lie wholly within the intervals in which any unit was observed.

    Parameters
    ----------
    trials : table with `onset_s`, `offset_s`
    observed_s : (n_interval, 2) s
        Start and stop, of all units together and in any order.

    Raises
    ------
    DataError
        There are trials, and none lies within.
    """
    spans_s = union_of_intervals(observed_s)
    onset_s, offset_s = trials["onset_s"].to_numpy(float), trials["offset_s"].to_numpy(float)
    last_begun = np.searchsorted(spans_s[:, 0], onset_s + OBSERVED_TOLERANCE_S, side="right") - 1
    inside = (last_begun >= 0) & (offset_s <= spans_s[last_begun, 1] + OBSERVED_TOLERANCE_S)
    if inside.all():
        return trials
    if not inside.any():
        raise DataError(
            f"none of the {len(trials)} trials ({onset_s.min():.6g} to {offset_s.max():.6g} s) "
            f"lies within the units' obs_intervals ({spans_s.min():.6g} to {spans_s.max():.6g} s), "
            "so nothing was observed in them. Correct the times of the one or of the other."
        )
    warnings.warn(
        f"{np.sum(~inside)} of {len(trials)} trials lie outside the units' obs_intervals and are "
        "left out",
        stacklevel=2,
    )
    return trials[inside].reset_index(drop=True)


def check_coverage(times_s: NDArray[np.float64], trials: pd.DataFrame) -> None:
    """Raise `DataError` where trials lie outside the time in which there are spikes.

    Trials before the first or after the last spike of all units are refused where the other
    trials predict more than a few spikes in them, so that sparse units and blanks are not, nor
    populations that fall silent in as many trials between.

    Parameters
    ----------
    times_s : (n_spike,) s
        Of all units.
    trials : table with `onset_s`, `offset_s`, `orientation_deg`
    """
    if len(times_s) == 0 or trials.empty:
        return
    first_s, last_s = times_s.min(), times_s.max()
    before = trials["offset_s"].to_numpy(float) < first_s
    after = trials["onset_s"].to_numpy(float) > last_s
    if np.all(before | after):
        raise DataError(
            f"spikes and trials do not overlap: the spikes lie between {first_s:.6g} s and "
            f"{last_s:.6g} s, the {len(trials)} trials between {trials['onset_s'].min():.6g} s "
            f"and {trials['offset_s'].max():.6g} s, so no trial holds a spike. "
            "Give both in seconds from session start, on one clock."
        )
    if len(times_s) < MIN_SPIKES_TO_JUDGE:
        return
    counts, expected = _counted_and_expected(times_s, trials, before | after)
    # Some populations fall silent now and then: as much may happen at either end.
    n_silent = np.sum((counts == 0) & (expected > STRANGE_SILENCE) & ~(before | after))
    for beyond, where, reason in (
        (after, f"after the last spike ({last_s:.6g} s)", "to have ended before them"),
        (before, f"before the first spike ({first_s:.6g} s)", "to have begun after them"),
    ):
        n_missed = expected[beyond].sum()
        is_long = beyond.sum() >= MIN_TRIALS_BEYOND and beyond.sum() > n_silent
        if is_long and n_missed > MAX_SPIKES_MISSED:
            raise DataError(
                f"{beyond.sum()} trials lie {where}, though the others predict {n_missed:.0f} "
                f"spikes in them: the recording seems {reason}, {OTHER_CLOCK}"
            )


def union_of_intervals(intervals_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intervals in order of time, with those that touch made one."""
    ordered = intervals_s[np.argsort(intervals_s[:, 0], kind="stable")]
    reached_s = np.maximum.accumulate(ordered[:, 1])
    is_gap = ordered[1:, 0] > reached_s[:-1] + OBSERVED_TOLERANCE_S
    starts = np.flatnonzero(np.concatenate([[True], is_gap]))
    ends = np.concatenate([starts[1:], [len(ordered)]]) - 1
    return np.column_stack([ordered[starts, 0], reached_s[ends]])


def _counted_and_expected(
    times_s: NDArray[np.float64], trials: pd.DataFrame, is_beyond: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Spikes in each trial, and those it would hold at the rate of those not beyond, (n_trial,)."""
    onset_s, offset_s = trials["onset_s"].to_numpy(float), trials["offset_s"].to_numpy(float)
    counts = np.diff(np.searchsorted(np.sort(times_s), np.stack([onset_s, offset_s])), axis=0)[0]
    is_blank = trials["orientation_deg"].isna().to_numpy()
    is_blank = is_blank & (not is_blank.all())
    durations_s = offset_s - onset_s
    rate_hz = counts[~is_beyond].sum() / durations_s[~is_beyond].sum()
    # Units may be silent without a stimulus: blanks are judged by blanks alone.
    known = is_blank & ~is_beyond
    blank_rate_hz = counts[known].sum() / durations_s[known].sum() if known.any() else 0.0
    return counts, durations_s * np.where(is_blank, blank_rate_hz, rate_hz)
