"""Whether a unit was held and steady: trends of rate and of spike height, presence.

A trend is told from chance only as far as trials are independent of each other: slow waves of
excitability are trends too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ketacortex.analyse.statistics import CONFIDENCE
from ketacortex.recording.recording import Recording
from ketacortex.units import S_PER_MIN

MIN_SPIKES = 30
"""Spikes (or spike heights) of a unit whose trend is measured."""
MIN_TRIALS = 12
"""Trials beyond the number of conditions that a trend of rates needs."""
PRESENCE_BIN_S = 60.0
"""s, of a bin in which a unit is present when it fires."""


@dataclass(frozen=True, kw_only=True)
class Trend:
    """Straight trend over time of every unit, relative to its mean.

    Parameters
    ----------
    percent_per_min : (n_unit,) % of the mean a minute, NaN where not measured
    low, high : (n_unit,) % / min, interval of 95 %
    p_value : (n_unit,)
    """

    percent_per_min: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    p_value: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Presence:
    """Share of time bins with a spike, beside that of a Poisson train of the same rate.

    Parameters
    ----------
    share, expected : (n_unit,) in [0, 1], NaN without a whole bin
    """

    share: NDArray[np.float64]
    expected: NDArray[np.float64]


def rate_trend(
    counts: NDArray[np.float64],
    onset_s: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    condition: NDArray[np.int64],
) -> Trend:
    """Trend of the rate of every unit around the means of the conditions.

    Give the trials of one epoch for the trend within it, those of several for the trend across.
    Conditions must be shown in mixed order: one that is shown at one time only says nothing.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    onset_s, duration_s : (n_trial,) s
    condition : (n_trial,)

    Returns
    -------
    Trend
        NaN with fewer than 30 spikes or 12 trials more than conditions.

    Notes
    -----
    Rates and times are centred within each condition. With x the time and e what a line through
    both misses::

        slope = sum x y / sum x^2,   se^2 = sum x^2 e^2 / (1 - h) / (sum x^2)^2

    (HC2 of MacKinnon and White: conditions of a high rate vary more), h the leverage of a trial,
    divided by the mean rate with the same weights as the slope. Student's t.

    References
    ----------
    MacKinnon and White (1985) 10.1016/0304-4076(85)90158-7

    Examples
    --------
    >>> counts = np.array([np.arange(10.0, 50.0) + np.tile([-1, 0, 0, 1], 10)])
    >>> trend = rate_trend(counts, 30.0 * np.arange(40), np.ones(40), np.tile([0, 1], 20))
    >>> round(float(trend.percent_per_min[0]), 1)
    6.8
    """
    rate_hz = counts / duration_s
    _, which, n_trials = np.unique(condition, return_inverse=True, return_counts=True)
    member = (which[:, None] == np.arange(len(n_trials))).astype(float)
    n_each = n_trials[which]
    time_min = onset_s / S_PER_MIN
    x = time_min - (time_min @ member / n_trials)[which]
    total = float(x @ x)
    degrees = len(x) - len(n_trials) - 1
    spikes = np.where(np.isfinite(counts).all(axis=1), counts.sum(axis=1), 0.0)
    if degrees < MIN_TRIALS or total <= 0:
        return _trend(np.full(len(counts), np.nan), np.ones(len(counts)), 1)
    mean_hz = (rate_hz @ member / n_trials)[:, which]
    # Of a drift that multiplies, each condition shows its own rate times the slope.
    relative_to = mean_hz @ x**2 / total
    deviation = rate_hz - mean_hz
    slope = deviation @ x / total
    leverage = 1.0 / n_each + x**2 / total
    residual = (deviation - slope[:, None] * x) / np.sqrt(np.maximum(1.0 - leverage, 1e-9))
    error = np.sqrt(residual**2 @ x**2) / total
    is_measured = (spikes >= MIN_SPIKES) & (relative_to > 0) & (error > 0)
    scale = np.divide(100.0, relative_to, out=np.full_like(slope, np.nan), where=is_measured)
    return _trend(slope * scale, error * np.where(is_measured, scale, 1.0), degrees)


def _trend(
    percent_per_min: NDArray[np.float64],
    error: NDArray[np.float64],
    degrees: int | NDArray[np.float64],
) -> Trend:
    half = stats.t.ppf(0.5 + CONFIDENCE / 2.0, degrees) * error
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.abs(percent_per_min) / error
    return Trend(
        percent_per_min=percent_per_min,
        low=percent_per_min - half,
        high=percent_per_min + half,
        p_value=np.asarray(2.0 * stats.t.sf(t, degrees)),
    )


def amplitude_trend(
    time_s: NDArray[np.float64],
    amplitude: NDArray[np.float64],
    unit: NDArray[np.int64],
    n_units: int,
) -> Trend:
    """Trend of spike height of every unit: an electrode that drifts away changes it.

    Parameters
    ----------
    time_s : (n_spike,) s
    amplitude : (n_spike,) in any unit; NaN is left out
    unit : (n_spike,) row of the unit
    n_units : number of units

    Returns
    -------
    Trend
        NaN with fewer than 30 heights. Heights of neighbouring spikes are alike in bursts; the
        interval does not know that.

    Examples
    --------
    >>> time_s = 60.0 * np.arange(40)
    >>> height = 100.0 + np.arange(40) + np.tile([-0.5, 0.5], 20)
    >>> trend = amplitude_trend(time_s, height, np.zeros(40, np.int64), 1)
    >>> round(float(trend.percent_per_min[0]), 2)
    0.84
    """
    is_seen = np.isfinite(amplitude)
    minute, height, unit = time_s[is_seen] / S_PER_MIN, amplitude[is_seen], unit[is_seen]
    n = np.bincount(unit, minlength=n_units)
    divisor = np.maximum(n, 1)
    mean = np.bincount(unit, height, n_units) / divisor
    x = minute - (np.bincount(unit, minute, n_units) / divisor)[unit]
    y = height - mean[unit]
    total = np.bincount(unit, x**2, n_units)
    is_measured = (n >= MIN_SPIKES) & (total > 0) & (mean != 0)
    total = np.where(is_measured, total, 1.0)
    slope = np.bincount(unit, x * y, n_units) / total
    squares = np.bincount(unit, (y - slope[unit] * x) ** 2, n_units)
    degrees = np.maximum(n - 2.0, 1.0)
    error = np.sqrt(squares / degrees / total)
    scale = np.divide(100.0, np.abs(mean), out=np.full_like(slope, np.nan), where=is_measured)
    return _trend(slope * scale, error * np.where(is_measured, scale, 1.0), degrees)


def presence(
    recording: Recording, start_s: float, stop_s: float, *, bin_s: float = PRESENCE_BIN_S
) -> Presence:
    """Share of bins in which each unit fired, beside what its rate leads to expect.

    Parameters
    ----------
    recording : Recording
    start_s, stop_s : s
        Cut into whole bins; those that touch a gap of the recording are left out.
    bin_s : s

    Returns
    -------
    Presence

    Notes
    -----
    ``expected = 1 - exp(-rate bin)``: a unit that fires rarely is absent from many bins and yet
    steady.
    """
    n_bins = int(np.floor((stop_s - start_s) / bin_s + 1e-9))
    first_s = start_s + bin_s * np.arange(max(n_bins, 0), dtype=float)
    last_s = first_s + bin_s
    observed_s = recording.observed_s
    inside = (
        (first_s[:, None] >= observed_s[:, 0] - 1e-9) & (last_s[:, None] <= observed_s[:, 1] + 1e-9)
    ).any(axis=1)
    if not inside.any():
        missing = np.full(recording.n_units, np.nan)
        return Presence(share=missing, expected=missing.copy())
    counts = recording.spike_counts(first_s[inside], last_s[inside])
    return Presence(share=(counts > 0).mean(axis=1), expected=1.0 - np.exp(-counts.mean(axis=1)))
