"""How surprising a count is whose mean and variance are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

SMALLEST = 1e-300


def count_tails(
    counts: NDArray[np.float64], mean: NDArray[np.float64], variance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities of so large and of so small a count, right on average over many counts.

    A count is discrete. The probability T(c) of at least c is timid: over many pairs with means
    like 3 or 5, fewer than one in a thousand fall below 0.001. Between T(c) and T(c + 1) lies a
    value that is below any small level just as often as it should be, averaged over means.

    Parameters
    ----------
    counts, mean, variance : arrays of one shape
        Mean and variance above 0; elsewhere NaN.

    Returns
    -------
    of_excess, of_deficit : arrays of that shape

    Notes
    -----
    The logarithmic mean ``(T(c) - T(c + 1)) / (ln T(c) - ln T(c + 1))``. If over many means ln T(c)
    is spread evenly between steps, the largest T(c) among those whose logarithmic mean is below a
    level has that level as its mean; with the plain middle (mid-p) it would be 0.71 to 0.96 of it.

    The count is taken as a scaled Poisson variable: with s = mean / variance, ``s C`` is Poisson of
    mean ``s mean``, which has both moments right. For s = 1 that is Poisson's distribution.

    Examples
    --------
    >>> excess, deficit = count_tails(np.array([0.0, 3.0]), np.ones(2), np.ones(2))
    >>> excess.round(3).tolist(), deficit.round(3).tolist()
    ([0.802, 0.043], [0.184, 0.95])
    """
    scale = _scale(mean, variance)
    middle = mean * scale
    here, above = counts * scale, (counts + 1.0) * scale
    excess = _logarithmic_mean(_at_least(here, middle), _at_least(above, middle))
    deficit = _logarithmic_mean(_below(above, middle), _below(here, middle))
    return excess, deficit


def count_p_values(
    counts: NDArray[np.float64], mean: NDArray[np.float64], variance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Two-sided probability of a count, and whether it is an excess.

    Parameters
    ----------
    counts, mean, variance : arrays of one shape

    Returns
    -------
    p_value, is_excess : arrays of that shape
        1 where mean or variance is not above 0.

    Notes
    -----
    Twice the smaller tail; but an excess whose tail is smaller than that of no coincidence at all
    stands alone, as no deficit could be so unlikely (Blaker 2000, 10.2307/3315916).

    Examples
    --------
    >>> p_value, is_excess = count_p_values(np.array([0.0, 9.0]), np.full(2, 2.0), np.full(2, 2.0))
    >>> p_value.round(4).tolist(), is_excess.tolist()
    ([0.1353, 0.0001], [False, True])
    """
    excess, deficit = count_tails(counts, mean, variance)
    scale = _scale(mean, variance)
    least = _below(scale, mean * scale) / 2.0
    is_excess = excess < deficit
    sides = np.where(is_excess & (excess < least), 1.0, 2.0)
    p_value = np.minimum(sides * np.fmin(excess, deficit), 1.0)
    return np.where(np.isfinite(p_value), p_value, 1.0), is_excess


def _scale(mean: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((mean > 0) & (variance > 0), mean / variance, np.nan)


def _at_least(counts: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(counts <= 0, 1.0, special.gammainc(np.maximum(counts, SMALLEST), mean))


def _below(counts: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(counts <= 0, 0.0, special.gammaincc(np.maximum(counts, SMALLEST), mean))


def _logarithmic_mean(
    larger: NDArray[np.float64], smaller: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Between the two, though not below half of the larger: beyond 0 there is no further step."""
    larger = np.maximum(larger, SMALLEST)
    step = -np.log(np.clip(smaller / larger, SMALLEST, 1.0))
    has_step = step > 1e-9
    mean = np.where(has_step, larger * -np.expm1(-step) / np.where(has_step, step, 1.0), larger)
    return np.maximum(mean, larger / 2.0)
