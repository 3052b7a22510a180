"""Irregularity of intervals between spikes that is not fooled by slow changes of rate, and bursts.

Intervals are those between spikes of one trial.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.recording.recording import Recording

MIN_PAIRS = 10
"""Pairs of neighbouring intervals that CV2 and LV need."""
BURST_INTERVAL_S = 0.008
"""Longest interval within a burst; assumed, 4 to 10 ms are in use."""


@dataclass(frozen=True, kw_only=True)
class IntervalStatistics:
    """Irregularity and bursts of every unit, NaN where there are too few spikes.

    Parameters
    ----------
    cv2, lv : (n_unit,) 1 for a Poisson process, 0 for a clock
    burst_share : (n_unit,) share of spikes that have a neighbour within the burst interval
    """

    cv2: NDArray[np.float64]
    lv: NDArray[np.float64]
    burst_share: NDArray[np.float64]


def interval_statistics(
    recording: Recording,
    onset_s: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    *,
    burst_interval_s: float = BURST_INTERVAL_S,
) -> IntervalStatistics:
    """CV2, LV and share of spikes in bursts of every unit, over the trials given.

    Parameters
    ----------
    recording : Recording
    onset_s, duration_s : (n_trial,) s
        Trials that do not overlap.
    burst_interval_s : s

    Returns
    -------
    IntervalStatistics
        CV2 and LV need 10 pairs of neighbouring intervals, the share one spike.

    Notes
    -----
    With neighbouring intervals a and b, ``CV2 = mean 2 |a - b| / (a + b)`` and
    ``LV = mean 3 (a - b)^2 / (a + b)^2``.

    References
    ----------
    Holt et al. (1996) 10.1152/jn.1996.75.5.1806; Shinomoto, Shima and Tanji (2003)
    10.1162/089976603322518759
    """
    time, train, unit = spikes_in_trials(recording, onset_s, duration_s)
    n_units = recording.n_units
    interval = np.diff(time) / recording.sample_rate_hz
    is_inside = np.diff(train) == 0
    first, second = interval[:-1], interval[1:]
    # Two spikes in one sample have no interval, and two of those no ratio.
    is_pair = is_inside[:-1] & is_inside[1:] & (first + second > 0)
    first, second, of_unit = first[is_pair], second[is_pair], unit[2:][is_pair]
    apart = np.abs(first - second) / (first + second)
    n_pairs = np.bincount(of_unit, minlength=n_units)
    is_known = n_pairs >= MIN_PAIRS
    n_known = np.where(is_known, n_pairs, 1)
    cv2 = np.bincount(of_unit, 2.0 * apart, n_units) / n_known
    lv = np.bincount(of_unit, 3.0 * apart**2, n_units) / n_known
    is_short = is_inside & (interval <= burst_interval_s)
    in_burst = np.concatenate([[False], is_short]) | np.concatenate([is_short, [False]])
    n_spikes = np.bincount(unit, minlength=n_units)
    n_in_bursts = np.bincount(unit, in_burst[: len(unit)], n_units)
    return IntervalStatistics(
        cv2=np.where(is_known, cv2, np.nan),
        lv=np.where(is_known, lv, np.nan),
        burst_share=np.where(n_spikes > 0, n_in_bursts / np.maximum(n_spikes, 1), np.nan),
    )


def spikes_in_trials(
    recording: Recording, onset_s: NDArray[np.float64], duration_s: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.intp]]:
    """Spikes within trials, unit by unit and in order of time.

    Returns
    -------
    samples : (n_spike,)
    train : (n_spike,) the same number for spikes of one unit in one trial
    unit : (n_spike,) row of the unit
    """
    order = np.argsort(onset_s)
    # Half a sample earlier, as in `Recording.spike_counts`.
    onset = np.ceil(onset_s[order] * recording.sample_rate_hz - 0.5)
    offset = np.ceil((onset_s + duration_s)[order] * recording.sample_rate_hz - 0.5)
    samples = recording.spike_samples
    unit = np.repeat(np.arange(recording.n_units), np.diff(recording.spike_index))
    if not len(onset):
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, np.zeros(0, np.intp)
    trial = np.searchsorted(onset, samples, side="right") - 1
    inside = (trial >= 0) & (samples < offset[trial])
    samples, unit, trial = samples[inside], unit[inside], trial[inside]
    return samples, unit * len(onset) + trial, unit
