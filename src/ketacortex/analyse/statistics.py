"""Intervals over animals, and what to say when the data cannot support one.

Below twenty animals a percentile bootstrap is too narrow (over four animals it covers 80 %), so
every interval is Student's t on one value per animal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

CONFIDENCE = 0.95
MIN_EFFECTIVE = 1.5
"""Values that weights must leave, in effect, for a spread to be seen."""


@dataclass(frozen=True)
class NotComputed:
    """A result that the data cannot support, with the reason as a sentence."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean with its confidence interval, and what it is worth against 0.

    Parameters
    ----------
    mean, low, high : estimate and limits of its interval
    n : values behind it
    p_value : probability of a mean so far from 0 if it were 0 (for a ratio: from 1), two-sided
    """

    mean: float
    low: float
    high: float
    n: int
    p_value: float = float("nan")


def mean_interval(
    values: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    confidence: float = CONFIDENCE,
) -> Interval | NotComputed:
    """Mean of independent values with its Student t interval.

    Parameters
    ----------
    values : (n,) one value an animal (or a unit, where that is the question)
    weights : (n,), optional
        Weights of the values, their sum above 0; the error is then that of a ratio of two means.
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
    return weighted_interval(mean, share * (value - mean), share, confidence=confidence)


def weighted_interval(
    mean: float, added: ArrayLike, share: ArrayLike, *, confidence: float = CONFIDENCE
) -> Interval | NotComputed:
    """Student t interval of a weighted mean, from what each value adds to its error.

    Parameters
    ----------
    mean : the weighted mean, or a difference of two
    added : (n,) share of each value times its distance from the mean
    share : (n,) of each value in all weights, their sum 1
    confidence : probability that the interval covers the true mean

    Notes
    -----
    With ``m = 1 / sum(share^2)``, as many equal weights as would give the same variance (Kish 1965;
    n where all are equal), the squared error is ``m / (m - 1) sum(added^2)`` with m - 1 degrees of
    freedom.

    Examples
    --------
    >>> found = weighted_interval(2.0, [-0.25, 0.25], [0.5, 0.5])
    >>> found == mean_interval([1.5, 2.5])
    True
    """
    part, weight = np.asarray(added, float), np.asarray(share, float)
    n_effective = 1.0 / float(np.sum(weight**2))
    if n_effective < MIN_EFFECTIVE:
        return NotComputed(
            f"the weights leave {n_effective:.1f} values' worth; at least {MIN_EFFECTIVE:g} needed."
        )
    error = float(np.sqrt(n_effective / (n_effective - 1.0) * np.sum(part**2)))
    return _student_interval(mean, error, n_effective - 1.0, len(part), confidence)


def interval_of_difference(
    change: float, variance: Sequence[float], degrees_of_freedom: Sequence[float]
) -> Interval:
    """Interval of a difference whose error is the sum of independent parts.

    Parameters
    ----------
    change : the difference
    variance : squared standard error of each part
    degrees_of_freedom : behind each variance

    Returns
    -------
    Interval
        Student t with the degrees of freedom of Welch and Satterthwaite,
        ``(sum v)^2 / sum(v^2 / df)``; `n` is the number of parts.

    References
    ----------
    Welch (1947) 10.1093/biomet/34.1-2.28

    Examples
    --------
    >>> found = interval_of_difference(1.0, [0.1, 0.1], [9, 9])
    >>> round(found.low, 3), round(found.high, 3)
    (0.06, 1.94)
    """
    part, freedom = np.asarray(variance, float), np.asarray(degrees_of_freedom, float)
    total = float(part.sum())
    joined = total**2 / float(np.sum(part**2 / freedom)) if total > 0 else float(freedom.sum())
    return _student_interval(float(change), float(np.sqrt(total)), joined, len(part), CONFIDENCE)


def _student_interval(
    mean: float, error: float, degrees_of_freedom: float, n: int, confidence: float
) -> Interval:
    half = float(stats.t.ppf(0.5 + confidence / 2.0, degrees_of_freedom) * error)
    if error > 0:
        p_value = float(2.0 * stats.t.sf(abs(mean) / error, degrees_of_freedom))
    else:
        # Nothing varies: two arms that are the same to the bit, or a change that is certain.
        p_value = float(mean == 0)
    return Interval(mean=mean, low=mean - half, high=mean + half, n=n, p_value=p_value)


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
    return Interval(
        mean=float(mean), low=float(low), high=float(high), n=found.n, p_value=found.p_value
    )
