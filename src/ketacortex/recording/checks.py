"""What a recording must satisfy, in one place for every reader.

Two kinds of question. `check_trials` and `check_spike_times` ask whether the numbers can be
times at all; every reader asks them, and a recording that fails is not read.
`require_tuning_trials` asks whether a sound recording can answer a question about orientation;
only the analysis asks it, so a recording without trials can still be read and described.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.errors import DataError
from ketacortex.recording.angles import words_for_angles
from ketacortex.recording.recording import TRIAL_COLUMNS, Recording

MIN_ORIENTATIONS = 4
"""Fewer cannot tell a preferred orientation from its width."""

RELATIVE_ADVICE = "These look relative to trials; NWB wants seconds from session start."
# Twenty spikes that all fall in one of three or more trials are no accident.
MIN_SPIKES_TO_JUDGE = 20
MIN_TRIALS_SPANNED = 3
# Spikes that go on this many times longer than the stimuli, in units that all but never fire, are
# in other units of time; a long silence of stimuli alone may be meant.
MAX_TIMES_BEYOND_TRIALS = 100
# The same for trials, where each would last longer than any grating is shown.
MAX_TIMES_BEYOND_SPIKES = 100
LONGEST_TRIAL_S = 50.0
# Rounding, or a stimulus that is switched late, makes the end of a trial touch the next.
MAX_SHARE_OVERLAPPED = 0.1
SLOWEST_BUSIEST_UNIT_HZ = 0.5


def check_trials(trials: pd.DataFrame) -> None:
    """Raise `DataError` unless every trial starts and then stops, before the next one starts.

    Parameters
    ----------
    trials : table with `onset_s`, `offset_s`
    """
    onset_s, offset_s = trials["onset_s"].to_numpy(float), trials["offset_s"].to_numpy(float)
    for name, times_s in (("onset", onset_s), ("offset", offset_s)):
        lost = np.flatnonzero(~np.isfinite(times_s))
        if lost.size:
            raise DataError(
                f"trial {lost[0]}: its {name} is {times_s[lost[0]]} s, so its spikes cannot be "
                "counted. Give the time in seconds from session start, or remove the trial."
            )
    reversed_trials = np.flatnonzero(offset_s <= onset_s)
    if reversed_trials.size:
        trial = reversed_trials[0]
        raise DataError(
            f"trial {trial}: its offset ({offset_s[trial]:.10g} s) is not after its onset "
            f"({onset_s[trial]:.10g} s), so it has no time in which to count spikes. "
            "Correct the two times, or remove the trial."
        )
    _check_overlaps(onset_s, offset_s)


def check_spike_times(
    times_s: NDArray[np.float64],
    spike_index: NDArray[np.int64],
    unit_names: Sequence[object],
    trials: pd.DataFrame,
) -> None:
    """Raise `DataError` unless spike times ascend in each unit, in seconds from session start.

    Times relative to the trial, milliseconds and samples are recognised by the trials: spikes
    that never leave one trial's length, or that go on long after the last trial.

    Parameters
    ----------
    times_s : (n_spike,) s
        Spikes of unit 0, then of unit 1 ...
    spike_index : (n_unit + 1,)
        Unit `i` owns `times_s[spike_index[i]:spike_index[i + 1]]`.
    unit_names : (n_unit,)
        What the source calls each unit.
    trials : table with `onset_s`, `offset_s`
        May be empty; then only order and presence are checked.
    """
    _check_finite(times_s, spike_index, unit_names)
    _check_trial_seconds(times_s, trials)
    _check_ascending(times_s, spike_index, unit_names, trials)
    if len(times_s) >= max(MIN_SPIKES_TO_JUDGE, len(trials)) and _fit_in_one_trial(times_s, trials):
        raise DataError(
            f"all {len(times_s)} spikes lie between {times_s.min():.4g} s and "
            f"{times_s.max():.4g} s, while the trials go on until "
            f"{trials['offset_s'].max():.4g} s. {RELATIVE_ADVICE} "
            "Add to each spike the onset of its trial."
        )
    _check_seconds(times_s, spike_index, trials)


def require_tuning_trials(recording: Recording) -> None:
    """Raise `DataError` unless the trials can show orientation tuning.

    Tuning needs at least four orientations (`MIN_ORIENTATIONS`).
    """
    reason = why_no_tuning(recording)
    if reason is not None:
        raise DataError(reason)


def why_no_tuning(recording: Recording) -> str | None:
    """The sentence that says why orientation tuning cannot be computed; None where it can."""
    trials = recording.trials
    if trials.empty:
        return (
            "the recording has no trials; orientation tuning needs to know which grating was "
            "shown when. Add a trials table with start_time, stop_time and orientation_deg."
        )
    orientations = np.unique(trials["orientation_deg"].dropna())
    if orientations.size == 0:
        return (
            f"no trial of {len(trials)} has an orientation in degrees, which tuning needs. "
            f"{_other_columns(trials)} Name the column that holds it orientation_deg."
        )
    if orientations.size < MIN_ORIENTATIONS:
        shown = ", ".join(f"{angle:g}" for angle in orientations)
        plural = "s" if orientations.size > 1 else ""
        return (
            f"the trials show {orientations.size} orientation{plural} ({shown} deg); tuning "
            f"needs at least {MIN_ORIENTATIONS}. Ask only for analyses that need no tuning."
        )
    return None


def _check_overlaps(onset_s: NDArray[np.float64], offset_s: NDArray[np.float64]) -> None:
    order = np.argsort(onset_s, kind="stable")
    first, second = order[:-1], order[1:]
    overlap_s = offset_s[first] - onset_s[second]
    found = np.flatnonzero(overlap_s > MAX_SHARE_OVERLAPPED * (offset_s[first] - onset_s[first]))
    if found.size:
        one, other = first[found[0]], second[found[0]]
        raise DataError(
            f"trials {one} ({onset_s[one]:.10g} to {offset_s[one]:.10g} s) and {other} "
            f"({onset_s[other]:.10g} to {offset_s[other]:.10g} s) overlap, so the same spikes "
            "would count for two stimuli. Correct the times, or remove one of the two."
        )


def _check_trial_seconds(times_s: NDArray[np.float64], trials: pd.DataFrame) -> None:
    if len(times_s) < MIN_SPIKES_TO_JUDGE or trials.empty:
        return
    trials_s = trials["offset_s"].max() - trials["onset_s"].min()
    typical_s = (trials["offset_s"] - trials["onset_s"]).median()
    spikes_s = times_s.max() - min(times_s.min(), 0.0)
    if typical_s >= LONGEST_TRIAL_S and trials_s >= MAX_TIMES_BEYOND_SPIKES * spikes_s:
        raise DataError(
            f"the trials run from {trials['onset_s'].min():.6g} s to "
            f"{trials['offset_s'].max():.6g} s but the last spike is at {times_s.max():.6g} s. "
            "The trial times look like milliseconds or samples; NWB wants seconds from session "
            "start. Divide them by 1000 or by the sampling rate."
        )


def _other_columns(trials: pd.DataFrame) -> str:
    others = [str(column) for column in trials if column not in TRIAL_COLUMNS]
    in_words = words_for_angles(trials)
    found = f"Columns found: {', '.join(['onset', 'offset', *others])}."
    return found if in_words is None else f"{found} {in_words}"


def _check_finite(
    times_s: NDArray[np.float64], spike_index: NDArray[np.int64], unit_names: Sequence[object]
) -> None:
    lost = np.flatnonzero(~np.isfinite(times_s))
    if lost.size:
        unit, spike = _unit_and_spike(lost[0], spike_index)
        raise DataError(
            f"unit {unit_names[unit]}: the time of spike {spike} is {times_s[lost[0]]} s, so it "
            "cannot be placed. Remove such spikes from the file."
        )


def _check_ascending(
    times_s: NDArray[np.float64],
    spike_index: NDArray[np.int64],
    unit_names: Sequence[object],
    trials: pd.DataFrame,
) -> None:
    goes_back = np.diff(times_s, prepend=-np.inf) < 0
    # The first spike of a unit may come before the last of the unit above it.
    starts = spike_index[:-1]
    goes_back[starts[starts < len(times_s)]] = False
    found = np.flatnonzero(goes_back)
    if found.size:
        unit, spike = _unit_and_spike(found[0], spike_index)
        before_s, after_s = times_s[found[0] - 1], times_s[found[0]]
        sort = "Spike times have to ascend within a unit: sort them and write the file again."
        raise DataError(
            f"unit {unit_names[unit]}: spike times go back at spike {spike} "
            f"({before_s:.10g} s then {after_s:.10g} s). "
            f"{RELATIVE_ADVICE if _fit_in_one_trial(times_s, trials) else sort}"
        )


def _check_seconds(
    times_s: NDArray[np.float64], spike_index: NDArray[np.int64], trials: pd.DataFrame
) -> None:
    if len(times_s) < MIN_SPIKES_TO_JUDGE or trials.empty:
        return
    last_spike_s, last_offset_s = times_s.max(), trials["offset_s"].max()
    if last_spike_s <= MAX_TIMES_BEYOND_TRIALS * max(last_offset_s, 0.0):
        return
    busiest_hz = np.diff(spike_index).max() / (last_spike_s - min(times_s.min(), 0.0))
    if busiest_hz < SLOWEST_BUSIEST_UNIT_HZ:
        raise DataError(
            f"the last spike is at {last_spike_s:.6g} s but the last trial ends at "
            f"{last_offset_s:.6g} s, and no unit fires faster than {busiest_hz:.2g} Hz. The spike "
            "times look like milliseconds or samples; NWB wants seconds from session start. "
            "Divide them by 1000 or by the sampling rate."
        )


def _fit_in_one_trial(times_s: NDArray[np.float64], trials: pd.DataFrame) -> bool:
    """Whether no spike is further from zero than one trial lasts, while many trials follow."""
    if trials.empty:
        return False
    onset_s, offset_s = trials["onset_s"].to_numpy(float), trials["offset_s"].to_numpy(float)
    # The pause after a trial counts with it: aligned spikes often run into it.
    spacing_s = np.median(np.diff(np.sort(onset_s))) if len(trials) > 1 else 0.0
    longest_s = max((offset_s - onset_s).max(), spacing_s)
    spans_s = offset_s.max() - onset_s.min()
    return bool(np.abs(times_s).max() <= longest_s and spans_s > MIN_TRIALS_SPANNED * longest_s)


def _unit_and_spike(position: int, spike_index: NDArray[np.int64]) -> tuple[int, int]:
    unit = int(np.searchsorted(spike_index, position, side="right")) - 1
    return unit, int(position - spike_index[unit])
