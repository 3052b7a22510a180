"""Intervals over animals, and what to say when the data cannot support one.

Below twenty animals a percentile bootstrap is too narrow (over four animals it covers 80 %), so
every interval is Student's t on one value per animal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class NotComputed:
    """A result that the data cannot support, with the reason as a sentence."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean with its confidence interval and the number of values behind it."""

    mean: float
    low: float
    high: float
    n: int


def mean_interval(
    values: ArrayLike, weights: ArrayLike | None = None, *, confidence: float = CONFIDENCE
) -> Interval | NotComputed:
    """Mean of independent values with its Student t interval.

    Parameters
    ----------
    values : (n,) one value an animal (or a unit, where that is the question)
    weights : (n,), optional
        Weights of the values, not negative; the error is then that of a ratio of two means.
    confidence : probability that the interval covers the true mean

    Returns
    -------
    Interval or NotComputed
        Not computed with fewer than 2 values or with a value that is not finite.

    Examples
    --------
    >>> interval = mean_interval([1.0, 2.0, 3.0])
    >>> round(interval.low, 3), interval.mean, round(interval.high, 3)
    (-0.484, 2.0, 4.484)
    >>> mean_interval([1.0]).reason
    'an interval needs at least 2 values; there is 1.'
    """
    value = np.asarray(values, float).ravel()
    weight = np.ones_like(value) if weights is None else np.asarray(weights, float).ravel()
    n = len(value)
    if n < 2:
        there = "there is 1" if n == 1 else "there are none"
        return NotComputed(f"an interval needs at least 2 values; {there}.")
    if not np.isfinite(value).all():
        n_missing = int((~np.isfinite(value)).sum())
        return NotComputed(f"{n_missing} of {n} values could not be measured.")
    share = weight / weight.sum()
    mean = float(share @ value)
    error = np.sqrt(n / (n - 1) * np.sum((share * (value - mean)) ** 2))
    half = float(stats.t.ppf(0.5 + confidence / 2.0, n - 1) * error)
    return Interval(mean=mean, low=mean - half, high=mean + half, n=n)


def ratio_interval(
    before: ArrayLike, after: ArrayLike, *, confidence: float = CONFIDENCE
) -> Interval | NotComputed:
    """Geometric mean of `after / before` over animals; the interval is Student t on the logs.

    >>> ratio = ratio_interval([1.0, 1.0], [2.0, 2.0])
    >>> round(ratio.mean, 6), ratio.n
    (2.0, 2)
    >>> ratio_interval([0.0, 1.0], [1.0, 1.0]).reason
    'a ratio needs values above 0; the smallest is 0.'
    """
    before, after = np.asarray(before, float), np.asarray(after, float)
    smallest = min(np.min(before, initial=np.inf), np.min(after, initial=np.inf))
    if smallest <= 0:
        return NotComputed(f"a ratio needs values above 0; the smallest is {smallest:.3g}.")
    return ratio_from_logs(np.log(after) - np.log(before), confidence=confidence)


def ratio_from_logs(
    log_ratio: ArrayLike, *, confidence: float = CONFIDENCE
) -> Interval | NotComputed:
    """Geometric mean of ratios given as logarithms, with its interval.

    >>> round(ratio_from_logs(np.log([2.0, 8.0])).mean, 6)
    4.0
    """
    found = mean_interval(log_ratio, confidence=confidence)
    if isinstance(found, NotComputed):
        return found
    mean, low, high = np.exp([found.mean, found.low, found.high])
    return Interval(mean=float(mean), low=float(low), high=float(high), n=found.n)
