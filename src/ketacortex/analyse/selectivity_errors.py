"""Intervals of selectivity for orientation and direction, down to units that have none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ketacortex.analyse.angles import (
    DIRECTION_PERIOD_DEG,
    ORIENTATION_PERIOD_DEG,
    distinct_angles,
)
from ketacortex.analyse.curve_errors import (
    CONFIDENCE,
    MeasuredMeans,
    UnitIntervals,
    critical_t,
    error_of_moved,
    measured_means,
)
from ketacortex.analyse.direction_tuning import direction_parameters
from ketacortex.analyse.resultant import length_interval, likely_length

# The domain in which the intervals were found to cover 92 to 98 %, with counts as in
# `tuning_errors`, tuned or not.
MIN_ANGLES = 4
MIN_TRIALS = 5
MIN_SPIKES = 40
MIN_DIRECTIONS = 8
MIN_DSI_TRIALS = 6
MIN_AXIS_MODULATION = 5.0
"""Height of the curve along its axis, in standard errors: without an axis DSI has no meaning."""


def gosi_interval(
    counts: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    orientation_deg: NDArray[np.float64],
) -> UnitIntervals:
    """Global orientation selectivity corrected for noise, with its 95 % interval.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    duration_s : (n_trial,) s
    orientation_deg : (n_trial,) deg

    Returns
    -------
    UnitIntervals
        `low` is exactly 0 where an untuned unit would show as much in more than 2.5 %. NaN with
        fewer than 5 trials of an orientation, 4 orientations or 40 spikes.

    Notes
    -----
    Estimate and interval invert the distribution of the length of the resultant, given its errors
    along and across itself (`likely_length`, `length_interval`): a truly longer or shorter one is
    equally likely.

    References
    ----------
    Ringach, Shapley and Hawken (2002) 10.1523/JNEUROSCI.22-13-05639.2002

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> counts = rng.poisson(4.0, (1, 120)).astype(float)
    >>> found = gosi_interval(counts, np.ones(120), np.repeat(np.arange(12) * 15.0, 10))
    >>> float(found.low[0])
    0.0
    """
    return _resultant_interval(counts, duration_s, orientation_deg, ORIENTATION_PERIOD_DEG)


def vector_dsi_interval(
    counts: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    direction_deg: NDArray[np.float64],
) -> UnitIntervals:
    """Vector direction selectivity corrected for noise, with its interval; as `gosi_interval`.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    duration_s : (n_trial,) s
    direction_deg : (n_trial,) deg
    """
    return _resultant_interval(counts, duration_s, direction_deg, DIRECTION_PERIOD_DEG)


def _resultant_interval(
    counts: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    angle_deg: NDArray[np.float64],
    period_deg: float,
) -> UnitIntervals:
    angles_deg, which = distinct_angles(angle_deg, period_deg)
    means = measured_means(counts, duration_s, which, angles_deg)
    is_measured = means.is_measured(MIN_ANGLES, MIN_TRIALS, MIN_SPIKES)
    turn = np.exp(2j * np.pi * angles_deg / period_deg)
    total = np.where(is_measured, means.rate_hz.sum(axis=1), np.nan)[:, None]
    resultant = means.rate_hz @ turn
    length = np.abs(resultant) / total[:, 0]
    # The influence of each mean on the resultant, along and across it.
    away = turn * np.exp(-1j * np.angle(resultant))[:, None]
    along, critical = _error_of_sum((away.real - length[:, None]) / total, means)
    across, _ = _error_of_sum(away.imag / total, means)
    widening = critical / stats.norm.ppf(0.5 + CONFIDENCE / 2.0)
    low, high = length_interval(length, widening * along, widening * across)
    return UnitIntervals(
        estimate=likely_length(length, along, across),
        standard_error=along,
        low=low,
        high=np.minimum(high, 1.0),
    ).within(is_measured)


def _error_of_sum(
    weight: NDArray[np.float64], means: MeasuredMeans
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    part = (weight * means.standard_error_hz) ** 2
    variance = part.sum(axis=1)
    fourth = (part**2 / np.maximum(means.n_trials - 1.0, 1.0)).sum(axis=1)
    freedom = np.divide(variance**2, fourth, out=np.full_like(variance, np.nan), where=fourth > 0)
    return np.sqrt(variance), critical_t(freedom)


def cross_validated_gosi(
    counts: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    orientation_deg: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Square of gOSI from independent halves of the trials: signed, and 0 on average if untuned.

    The product of the resultants of two halves that share no trial, averaged over all halvings,
    is known in closed form, so nothing is random. With equally spaced orientations and equally
    many trials of each its mean over untuned units is 0 at any rate and any distribution of
    counts, because given the counts every order of the trials is alike.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    duration_s : (n_trial,) s
    orientation_deg : (n_trial,) deg

    Returns
    -------
    (n_unit,) NaN for a silent unit or with a single trial of an orientation

    Notes
    -----
    ``(|sum_k m_k e_k|^2 - sum_k s_k^2) / (sum_k m_k)^2`` with m the condition means, s their
    standard errors and ``e_k = exp(2i theta_k)``: the second sum is what products of a trial
    with itself add to the first.

    Examples
    --------
    >>> counts = np.array([[4.0, 4.0, 2.0, 2.0, 0.0, 0.0, 2.0, 2.0]])
    >>> shown_deg = np.repeat(np.arange(4) * 45.0, 2)
    >>> round(float(cross_validated_gosi(counts, np.ones(8), shown_deg)[0]), 9)
    0.25
    """
    angles_deg, which = distinct_angles(orientation_deg, ORIENTATION_PERIOD_DEG)
    means = measured_means(counts, duration_s, which, angles_deg)
    resultant = means.rate_hz @ np.exp(2j * np.deg2rad(angles_deg))
    signal = np.abs(resultant) ** 2 - (means.standard_error_hz**2).sum(axis=1)
    total = means.rate_hz.sum(axis=1)
    return np.divide(signal, total**2, out=np.full_like(total, np.nan), where=total > 0)


def dsi_interval(
    counts: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    direction_deg: NDArray[np.float64],
) -> UnitIntervals:
    """Direction selectivity of the fitted curve with its 95 % interval.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    duration_s : (n_trial,) s
    direction_deg : (n_trial,) deg

    Returns
    -------
    UnitIntervals
        In [0, 1]; `low` is exactly 0 where a unit without a preferred end of its axis would show
        as much in more than 2.5 %. NaN with fewer than 6 trials of each of 8 directions, 40
        spikes, or a response along the axis below 5 standard errors.

    Notes
    -----
    (R_pref - R_null) / (R_pref + R_null) is signed along the axis; which end is preferred is not
    known beforehand, so that its absolute value is a folded normal, whose distribution is inverted
    (`likely_length`, `length_interval`).
    """
    directions_deg, which = distinct_angles(direction_deg, DIRECTION_PERIOD_DEG)
    means = measured_means(counts, duration_s, which, directions_deg)
    is_measured = means.is_measured(MIN_DIRECTIONS, MIN_DSI_TRIALS, MIN_SPIKES)
    n_units, n_directions = means.rate_hz.shape
    found = np.full((n_units, 1 + 2 * n_directions, 5), np.nan)
    if is_measured.any():
        moved_hz = means.moved()[is_measured].reshape(-1, n_directions)
        curves = direction_parameters(moved_hz, directions_deg, is_baseline_free=True)
        found[is_measured] = curves.reshape(-1, 1 + 2 * n_directions, 5)
    baseline, first, second, mu, kappa = np.moveaxis(found, 2, 0)
    # A moved curve may prefer the other end: its index counts along the end of the first.
    end = np.where(np.cos(mu - mu[:, :1]) < 0, -1.0, 1.0)
    floor = np.exp(-2.0 * kappa)
    both = 2.0 * baseline + (first + second) * (1.0 + floor)
    index = np.divide(
        end * (first - second) * (1.0 - floor),
        both,
        out=np.full_like(both, np.nan),
        where=both > 0,
    )
    error, critical = error_of_moved(index, means.n_trials)
    height_error, _ = error_of_moved(first + second, means.n_trials)
    with np.errstate(invalid="ignore"):
        has_axis = (first + second)[:, 0] >= MIN_AXIS_MODULATION * height_error
    widening = critical / stats.norm.ppf(0.5 + CONFIDENCE / 2.0)
    measured = np.abs(index[:, 0])
    low, high = length_interval(measured, widening * error, np.zeros_like(error))
    return UnitIntervals(
        estimate=np.minimum(likely_length(measured, error, np.zeros_like(error)), 1.0),
        standard_error=error,
        low=np.minimum(low, 1.0),
        high=np.minimum(high, 1.0),
    ).within(is_measured & has_axis)
