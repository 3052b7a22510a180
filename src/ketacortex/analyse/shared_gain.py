"""How much the gain of a unit varies from trial to trial, and how much of it is shared.

In the modulated Poisson model a spike count is Poisson around a mean that is multiplied by a gain,
which is drawn anew in every trial. What is more variable than Poisson is then the variance of the
gain times the mean squared, and the covariance of two units is the variance of the gain they share
times the product of their means: two numbers that do not depend on rate, as a Fano factor and a
noise correlation do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ketacortex.analyse.curve_errors import CONFIDENCE, UnitIntervals
from ketacortex.analyse.repeats import moments_without_one

MIN_REPEATS = 6
"""Of a condition that is used."""
MIN_FREEDOM = 100
"""Trials beyond conditions that an interval needs."""
MIN_COUNT = 1.0
"""Spikes a trial, exceeded by a unit that is measured."""


def gain_variance(counts: NDArray[np.float64], condition: NDArray[np.int64]) -> UnitIntervals:
    """Variance of the gain of each unit around 1, with its 95 % interval.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    condition : (n_trial,)

    Returns
    -------
    UnitIntervals
        Below 0 by chance where counts are no more variable than Poisson. NaN for units with a mean
        of 1 spike or less, and throughout where conditions with 6 repeats have fewer than 100
        trials beyond their number.

    Notes
    -----
    With mean m_c and variance v_c of n_c counts in condition c, moments give
    ``g = sum_c n_c (v_c - m_c) / sum_c n_c (m_c^2 - v_c / n_c)``. The interval is a jackknife over
    the trials of each condition, Student t with the degrees of freedom of Satterthwaite, symmetric
    on ``log(g + sum_c n_c m_c / sum_c n_c m_c^2)``: the logarithm of the whole variance, Poisson
    part included, is what has an even error.

    References
    ----------
    Goris, Movshon and Simoncelli (2014) 10.1038/nn.3711

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> gain = rng.gamma(5.0, 0.2, (1, 600))
    >>> found = gain_variance(rng.poisson(8.0 * gain).astype(float), np.arange(600) % 6)
    >>> bool(found.low[0] < 0.2 < found.high[0])
    True
    """
    conditions = _conditions(counts, condition)
    is_counted = counts.sum(axis=1) > MIN_COUNT * counts.shape[1]
    found = _jackknifed([_own_moments(here) for here in conditions], len(counts))
    return found.within(is_counted & (_freedom(conditions) >= MIN_FREEDOM))


def shared_gain_variance(
    counts: NDArray[np.float64], condition: NDArray[np.int64]
) -> UnitIntervals:
    """Variance of the gain that the units of a population share, with its 95 % interval.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
        Of 2 or more units.
    condition : (n_trial,)

    Returns
    -------
    UnitIntervals
        Of one value, NaN where conditions with 6 repeats have fewer than 100 trials beyond their
        number, or the population has no spikes.

    Notes
    -----
    The sum over pairs of their covariance over the sum over pairs of the product of their means, in
    conditions weighted by their trials. Pairs with many spikes weigh most.
    """
    conditions = _conditions(counts, condition)
    found = _jackknifed([_pair_moments(here) for here in conditions], 1)
    is_enough = _freedom(conditions) >= MIN_FREEDOM and len(counts) >= 2
    return found.within(np.array([is_enough]))


@dataclass(frozen=True, kw_only=True)
class _Moments:
    """Excess variance and squared mean of one condition, whole and without each of its trials.

    Parameters
    ----------
    poisson, excess, square : (n,)
        Variance that spikes at random have, what there is beyond, and the square of the mean.
    excess_without, square_without : (n, n_trial)
    """

    poisson: NDArray[np.float64]
    excess: NDArray[np.float64]
    square: NDArray[np.float64]
    excess_without: NDArray[np.float64]
    square_without: NDArray[np.float64]


def _conditions(
    counts: NDArray[np.float64], condition: NDArray[np.int64]
) -> list[NDArray[np.float64]]:
    each = [counts[:, condition == number] for number in np.unique(condition)]
    return [here for here in each if here.shape[1] >= MIN_REPEATS]


def _freedom(conditions: list[NDArray[np.float64]]) -> int:
    return sum(here.shape[1] - 1 for here in conditions)


def _own_moments(counts: NDArray[np.float64]) -> _Moments:
    n = counts.shape[1]
    mean, variance, mean_without, variance_without = moments_without_one(counts)
    return _Moments(
        poisson=n * mean[:, 0],
        excess=n * (variance - mean)[:, 0],
        square=n * (mean**2 - variance / n)[:, 0],
        excess_without=(n - 1) * (variance_without - mean_without),
        square_without=(n - 1) * (mean_without**2 - variance_without / (n - 1)),
    )


def _pair_moments(counts: NDArray[np.float64]) -> _Moments:
    """Moments of all pairs at once: those of the summed count less those of each unit."""
    n = counts.shape[1]
    mean, variance, mean_without, variance_without = moments_without_one(counts)
    of_sum = moments_without_one(counts.sum(axis=0, keepdims=True))
    covariance = of_sum[1] - variance.sum(axis=0)
    covariance_without = of_sum[3] - variance_without.sum(axis=0)
    product = of_sum[0] ** 2 - (mean**2).sum(axis=0)
    product_without = of_sum[2] ** 2 - (mean_without**2).sum(axis=0)
    return _Moments(
        poisson=n * of_sum[0][:, 0],
        excess=n * covariance[:, 0],
        square=n * (product - covariance / n)[:, 0],
        excess_without=(n - 1) * covariance_without,
        square_without=(n - 1) * (product_without - covariance_without / (n - 1)),
    )


def _jackknifed(moments: list[_Moments], n: int) -> UnitIntervals:
    poisson, excess, square = (
        np.sum([getattr(m, name) for m in moments] or np.zeros((1, n)), axis=0)
        for name in ("poisson", "excess", "square")
    )
    squared, weights = np.zeros(n), np.zeros(n)
    # An error without bounds ends in no interval.
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for m in moments:
            n_trials = m.excess_without.shape[1]
            without = ((excess - m.excess)[:, None] + m.excess_without) / (
                (square - m.square)[:, None] + m.square_without
            )
            part = (n_trials - 1) * without.var(axis=1)
            squared += part
            weights += part**2 / (n_trials - 1)
        value, at_random = excess / square, poisson / square
        error = np.sqrt(squared)
        quantile = stats.t.ppf(0.5 + CONFIDENCE / 2.0, squared**2 / weights)
        factor = np.exp(quantile * error / (value + at_random))
        low, high = (value + at_random) / factor, (value + at_random) * factor
    return UnitIntervals(
        estimate=value, standard_error=error, low=low - at_random, high=high - at_random
    ).within(square > 0)
