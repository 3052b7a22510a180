"""Trials as repeats of the conditions: left out one by one, or shuffled unit by unit.

A repeat holds one trial of every condition (or, where conditions have unequally many trials, as
many of each as even numbers allow), so that an estimate without one repeat still sees every
condition. What varies between repeats is the error of measurement.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ketacortex.analyse.statistics import CONFIDENCE

MIN_REPEATS = 5
"""Fewer repeats give a jackknife error that is itself wrong by half."""


def repeat_of_trials(condition: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Repeat that each trial belongs to, counted in the order of the trials.

    Parameters
    ----------
    condition : (n_trial,)

    Returns
    -------
    repeat : (n_trial,) from 0
    n_repeats : trials of the rarest condition; 0 without trials

    Examples
    --------
    >>> repeat, n_repeats = repeat_of_trials(np.array([7, 7, 9, 7, 9]))
    >>> repeat.tolist(), n_repeats
    ([0, 1, 0, 0, 1], 2)
    """
    if not len(condition):
        return np.zeros(0, np.int64), 0
    _, which, n_trials = np.unique(condition, return_inverse=True, return_counts=True)
    order = np.argsort(which, kind="stable")
    first = np.cumsum(n_trials) - n_trials
    rank = np.empty(len(condition), np.int64)
    rank[order] = np.arange(len(condition)) - np.repeat(first, n_trials)
    n_repeats = int(n_trials.min())
    return rank % n_repeats, n_repeats


def jackknife_bounds(
    estimate: NDArray[np.float64], without_one: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Interval of 95 % around an estimate, from the estimates without one repeat each.

    Parameters
    ----------
    estimate : (...)
        On a scale on which errors are symmetric.
    without_one : (n_repeat, ...)

    Returns
    -------
    low, high : (...) NaN with fewer than 5 repeats or where one of them could not be measured

    Notes
    -----
    ``se^2 = (n - 1) / n sum (e_i - mean e)^2``, with Student's t of n - 1 degrees of freedom.

    References
    ----------
    Efron and Stein (1981) 10.1214/aos/1176345462

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    >>> low, high = jackknife_bounds(x.mean(), (x.sum() - x) / 4)
    >>> round(float(low), 3), round(float(high), 3)
    (1.037, 4.963)
    """
    n = len(without_one)
    if n < MIN_REPEATS:
        missing = np.full(np.shape(estimate), np.nan)
        return missing, missing.copy()
    deviation = without_one - without_one.mean(axis=0)
    error = np.sqrt((n - 1) / n * (deviation**2).sum(axis=0))
    half = stats.t.ppf(0.5 + CONFIDENCE / 2.0, n - 1) * error
    return estimate - half, estimate + half


def moments_without_one(
    counts: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of the counts of one condition, and both without each trial.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes, 3 trials or more

    Returns
    -------
    mean, variance : (n_unit, 1)
    mean_without, variance_without : (n_unit, n_trial)

    Examples
    --------
    >>> mean, variance, mean_without, variance_without = moments_without_one(
    ...     np.array([[1.0, 2.0, 6.0]])
    ... )
    >>> mean_without.tolist(), variance_without.round(9).tolist()
    ([[4.0, 3.5, 1.5]], [[8.0, 12.5, 0.5]])
    """
    n = counts.shape[1]
    mean = counts.mean(axis=1, keepdims=True)
    deviation = counts - mean
    squares = (deviation**2).sum(axis=1, keepdims=True)
    # Without trial i the mean moves by d_i / (n - 1), and n / (n - 1) d_i^2 leaves the squares.
    mean_without = mean - deviation / (n - 1)
    variance_without = (squares - n / (n - 1) * deviation**2) / (n - 2)
    return mean, squares / (n - 1), mean_without, variance_without


def shuffled_within_condition(
    counts: NDArray[np.float64], condition: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Counts with the trials of each condition in another order in each unit.

    Means and variances stay, unit by unit; what units share from trial to trial goes.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    condition : (n_trial,)
    rng : Generator of the orders

    Returns
    -------
    (n_unit, n_trial) spikes

    Examples
    --------
    >>> counts = np.array([[1.0, 2.0, 3.0, 10.0]])
    >>> shuffled_within_condition(counts, np.array([0, 0, 0, 1]), np.random.default_rng(0))[0, 3]
    np.float64(10.0)
    """
    shuffled = np.empty_like(counts)
    for number in np.unique(condition):
        here = condition == number
        shuffled[:, here] = rng.permuted(counts[:, here], axis=1)
    return shuffled
