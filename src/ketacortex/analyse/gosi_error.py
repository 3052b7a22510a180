"""Global orientation selectivity without what noise adds to it, and its interval.

A resultant vector has a length even where nothing is tuned. Its square exceeds the truth by the
variance of both its components, which the spread of the trials tells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from ketacortex.analyse.statistics import CONFIDENCE
from ketacortex.analyse.tuning_errors import MIN_TRIALS, Limits

MIN_SPIKES = 50
"""Of a unit in all trials, for the sum of its rates to be known."""
NEAR_ZERO = 6.0
"""Lengths, in standard errors, up to which the distribution is that of a vector's length."""
N_HALVINGS = 40
"""Of the bracket in which a limit is searched: to 1e-11 of it."""


def cross_validated_gosi(
    rate_hz: NDArray[np.float64],
    standard_error_hz: NDArray[np.float64],
    orientation_deg: NDArray[np.float64],
) -> NDArray[np.float64]:
    """gOSI of independent halves of the trials: near 0 for an untuned unit whatever its rate.

    Its signed square is unbiased for that of the truth (but for the error of the total rate); it is
    negative where chance makes halves point in opposite directions.

    Parameters
    ----------
    rate_hz, standard_error_hz : (n_unit, n_orientation) Hz, of `mean_rates`
    orientation_deg : (n_orientation,) deg

    Returns
    -------
    (n_unit,) in [-1, 1], NaN for a silent unit or with a single trial

    Notes
    -----
    ``s |s|`` of it is ``(|sum r exp(2i theta)|^2 - sum se^2) / (sum r)^2``: the mean product of the
    resultants of two halves over all ways to halve the trials.

    Examples
    --------
    >>> shown = np.arange(4) * 45.0
    >>> found = cross_validated_gosi(np.array([[4.0, 2.0, 0.0, 2.0]]), np.zeros((1, 4)), shown)
    >>> round(float(found[0]), 9)
    0.5
    """
    doubled = np.exp(2j * np.deg2rad(orientation_deg))
    with np.errstate(invalid="ignore", divide="ignore"):
        square = np.abs(rate_hz @ doubled) ** 2 - (standard_error_hz**2).sum(axis=1)
        square = square / rate_hz.sum(axis=1) ** 2
    return np.sign(square) * np.sqrt(np.abs(square))


def gosi_interval(
    rate_hz: NDArray[np.float64],
    standard_error_hz: NDArray[np.float64],
    orientation_deg: NDArray[np.float64],
    n_trials: NDArray[np.int64],
    n_spikes: NDArray[np.float64],
) -> Limits:
    """gOSI freed of the length that noise gives, with its 95 % interval.

    Parameters
    ----------
    rate_hz, standard_error_hz : (n_unit, n_orientation) Hz, of `mean_rates`
    orientation_deg : (n_orientation,) deg
    n_trials : (n_orientation,)
    n_spikes : (n_unit,) in all trials

    Returns
    -------
    Limits
        `low` is exactly 0 where the data allow no tuning at all. NaN with fewer than 5 trials of an
        orientation or 50 spikes.

    Notes
    -----
    With z the resultant over the total rate and s its standard error along z, ``|z|^2 / (2 s^2)``
    has the noncentral F distribution with 2 and nu degrees of freedom and noncentrality
    ``gOSI^2 / s^2``. The limits are the gOSI for which the observed value is its 97.5 % and its
    2.5 % quantile. Far from 0 this is a Student t interval.
    """
    doubled = np.exp(2j * np.deg2rad(orientation_deg))
    with np.errstate(invalid="ignore", divide="ignore"):
        total = rate_hz.sum(axis=1)
        resultant = rate_hz @ doubled / total
        length = np.abs(resultant)
        turned = doubled * np.exp(-1j * np.angle(resultant))[:, None]
        along = ((turned.real - length[:, None]) / total[:, None]) ** 2 * standard_error_hz**2
        across = (turned.imag / total[:, None]) ** 2 * standard_error_hz**2
        variance = along.sum(axis=1)
        freedom = variance**2 / (along**2 / np.maximum(n_trials - 1, 1)).sum(axis=1)
        error = np.sqrt(variance)
        is_known = (n_trials >= MIN_TRIALS).all() & (n_spikes >= MIN_SPIKES) & (error > 0)
    value = np.sqrt(np.maximum(length**2 - variance - across.sum(axis=1), 0.0))
    low, high = np.full((2, len(length)), np.nan)
    if is_known.any():
        low[is_known], high[is_known] = (
            _length_limits(length[is_known] / error[is_known], freedom[is_known]) * error[is_known]
        )
    return Limits(
        value=value,
        low=low,
        high=np.minimum(high, 1.0),
        standard_error=np.where(is_known, error, np.nan),
    )


def _length_limits(
    length: NDArray[np.float64], freedom: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Limits of the true length of a vector from one found, in standard errors, (2, n)."""
    tail = (1.0 - CONFIDENCE) / 2.0
    half = stats.t.ppf(1.0 - tail, freedom)
    # Far from 0 the length exceeds the truth by 1 / (2 length) on average, and is symmetric.
    centre = length - 0.5 / np.maximum(length, 1.0)
    limits = np.stack([centre - half, centre + half])
    near = length < NEAR_ZERO
    limits[0, near] = _noncentrality(length[near], freedom[near], 1.0 - tail)
    limits[1, near] = _noncentrality(length[near], freedom[near], tail)
    return np.maximum(limits, 0.0)


def _noncentrality(
    length: NDArray[np.float64], freedom: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """True length for which so large a share of the lengths lies below the one found."""
    low, high = np.zeros_like(length), length + 12.0
    for _ in range(N_HALVINGS):
        middle = (low + high) / 2.0
        below = special.ncfdtr(2.0, freedom, middle**2, length**2 / 2.0)
        # The share below falls as the true length grows.
        is_longer = below > share
        low, high = np.where(is_longer, middle, low), np.where(is_longer, high, middle)
    return np.where(high < 1e-9, 0.0, (low + high) / 2.0)
