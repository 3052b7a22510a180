"""Fano factor of single units with its interval, and at equal rates in two epochs.

A variance of a dozen counts is skewed, and a percentile bootstrap of it covers 80 % where 95 are
promised. On the logarithm, with every trial left out in turn, it covers what it says.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ketacortex.analyse.curve_errors import CONFIDENCE, UnitIntervals
from ketacortex.analyse.repeats import moments_without_one
from ketacortex.analyse.variability import MIN_MEAN_COUNT

MIN_TRIALS = 6
"""Of a condition; the variance of fewer counts is left out."""
MIN_CONDITIONS = 4
"""Of a unit, each with a mean count above 0.5: their mean is what is near to normal."""


def fano_interval(counts: NDArray[np.float64], condition: NDArray[np.int64]) -> UnitIntervals:
    """Fano factor of each unit, mean over conditions, with its 95 % interval.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    condition : (n_trial,)

    Returns
    -------
    UnitIntervals
        NaN throughout for units with fewer than 4 conditions of 6 trials and a mean above 0.5.

    Notes
    -----
    Stratified jackknife: with F_ci the Fano factor of condition c without its trial i, the squared
    error of the mean over C conditions is
    ``sum_c (n_c - 1) / n_c sum_i (F_ci - mean_i F_ci)^2 / C^2``. The interval is that of the
    logarithm, Student t with the degrees of freedom of Satterthwaite over conditions.

    References
    ----------
    Arvesen (1969) 10.1214/aoms/1177697287, for the jackknife of a mean and a variance
    """
    n_units = len(counts)
    total, squared, squares = np.zeros(n_units), np.zeros(n_units), np.zeros(n_units)
    n_conditions = np.zeros(n_units)
    for number in np.unique(condition):
        here = counts[:, condition == number]
        if here.shape[1] < MIN_TRIALS:
            continue
        fano, variance = _with_error(here)
        is_valid = here.mean(axis=1) > MIN_MEAN_COUNT
        total += np.where(is_valid, fano, 0.0)
        squared += np.where(is_valid, variance, 0.0)
        squares += np.where(is_valid, variance**2 / (here.shape[1] - 1), 0.0)
        n_conditions += is_valid
    is_known = (n_conditions >= MIN_CONDITIONS) & (squared > 0) & (total > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(is_known, total / n_conditions, np.nan)
        error = np.where(is_known, np.sqrt(squared) / n_conditions, np.nan)
        freedom = np.where(is_known, squared**2 / squares, 1.0)
        half = stats.t.ppf(0.5 + CONFIDENCE / 2.0, freedom) * error / value
    return UnitIntervals(
        estimate=value,
        low=value * np.exp(-half),
        high=value * np.exp(half),
        standard_error=error,
    )


def _with_error(counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fano factor of one condition and its squared jackknife error, (n_unit,)."""
    n = counts.shape[1]
    mean, variance, mean_without, variance_without = moments_without_one(counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        fano = np.nan_to_num(variance / mean)[:, 0]
        without = np.where(mean_without > 0, variance_without / mean_without, 0.0)
    spread = ((without - without.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    return fano, (n - 1) / n * spread


def thinned_fano_factor(
    fano_factor: NDArray[np.float64], kept: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fano factor that is expected once each spike was kept with a probability, whichever it is.

    To compare epochs at equal rates, the one with more spikes is thinned to the other.

    Parameters
    ----------
    fano_factor : any shape
    kept : the same shape, from 0 to 1

    Notes
    -----
    ``F_p = 1 + p (F - 1)``, since a binomial share p of N spikes has the variance
    ``p (1 - p) <N> + p^2 var(N)``.

    Examples
    --------
    >>> thinned_fano_factor(np.array([3.0]), np.array([0.5])).tolist()
    [2.0]
    """
    return 1.0 + kept * (fano_factor - 1.0)
