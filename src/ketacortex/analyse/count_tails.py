"""How surprising a count is whose mean and variance are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

SMALLEST = 1e-300


@dataclass(frozen=True, kw_only=True)
class CountTails:
    """Probabilities of so large and of so small a count, and of none at all.

    Parameters
    ----------
    of_excess, of_deficit, of_none : arrays of one shape, NaN where nothing was expected
    """

    of_excess: NDArray[np.float64]
    of_deficit: NDArray[np.float64]
    of_none: NDArray[np.float64]

    @property
    def is_excess(self) -> NDArray[np.bool_]:
        """Whether the count is rather too large."""
        return self.of_excess < self.of_deficit

    @property
    def p_value(self) -> NDArray[np.float64]:
        """Two-sided probability, 1 where nothing was expected.

        Twice the smaller tail; but an excess whose tail is smaller than that of no coincidence at
        all stands alone, as no deficit could be so unlikely (Blaker 2000, 10.2307/3315916).
        """
        sides = np.where(self.is_excess & (self.of_excess < self.of_none), 1.0, 2.0)
        p_value = np.minimum(sides * np.fmin(self.of_excess, self.of_deficit), 1.0)
        return np.where(np.isfinite(p_value), p_value, 1.0)


def count_tails(
    counts: NDArray[np.float64], mean: NDArray[np.float64], variance: NDArray[np.float64]
) -> CountTails:
    """Tails of counts of known mean and variance, right on average over many counts.

    A count is discrete. The probability T(c) of at least c is timid: over many pairs with means
    like 3 or 5, fewer than one in a thousand fall below 0.001. Between T(c) and T(c + 1) lies a
    value that is below any small level just as often as it should be, averaged over means.

    Parameters
    ----------
    counts, mean, variance : arrays of one shape
        Mean and variance above 0; elsewhere NaN.

    Returns
    -------
    CountTails

    Notes
    -----
    The logarithmic mean ``(T(c) - T(c + 1)) / (ln T(c) - ln T(c + 1))``. If over many means ln T(c)
    is spread evenly between steps, the largest T(c) among those whose logarithmic mean is below a
    level has that level as its mean; with the plain middle (mid-p) it would be 0.71 to 0.96 of it.

    The count is taken as a scaled Poisson variable: with s = mean / variance, ``s C`` is Poisson of
    mean ``s mean``, which has both moments right. For s = 1 that is Poisson's distribution.

    Examples
    --------
    >>> tails = count_tails(np.array([0.0, 3.0, 9.0]), np.full(3, 2.0), np.full(3, 2.0))
    >>> tails.p_value.round(4).tolist(), tails.is_excess.tolist()
    ([0.1353, 0.4419, 0.0001], [False, True, True])
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.where((mean > 0) & (variance > 0), mean / variance, np.nan)
    middle = mean * scale

    def at_least(count: NDArray[np.float64]) -> NDArray[np.float64]:
        inside = np.maximum(count * scale, SMALLEST)
        return np.where(count <= 0, 1.0 + 0.0 * middle, special.gammainc(inside, middle))

    return _tails(at_least(counts), at_least(counts + 1.0), at_least(np.ones_like(counts)))


def count_tails_against(
    counts: NDArray[np.float64],
    others: NDArray[np.float64],
    ratio: NDArray[np.float64],
    scale: NDArray[np.float64],
) -> CountTails:
    """Tails of counts beside other counts that are expected to be a multiple of them.

    Parameters
    ----------
    counts, others : arrays of one shape
    ratio : what is expected of `counts` over what is expected of `others`
    scale : mean over variance of the counts, 1 for Poisson counts

    Returns
    -------
    CountTails

    Notes
    -----
    Of n = c + o both, c is binomial with the probability ``ratio / (1 + ratio)``; all counts are
    multiplied by the scale. For many others this is `count_tails` with the mean ``ratio o``.

    Examples
    --------
    >>> one = np.ones(1)
    >>> few = count_tails_against(9.0 * one, 4.0 * one, 0.5 * one, one)
    >>> many = count_tails_against(9.0 * one, 4e6 * one, 0.5e-6 * one, one)
    >>> few.p_value.round(4).tolist(), many.p_value.round(4).tolist()
    ([0.0088], [0.0001])
    """
    share = np.where((ratio > 0) & (scale > 0), ratio / (1.0 + ratio), np.nan)
    every = counts + others

    def at_least(count: NDArray[np.float64]) -> NDArray[np.float64]:
        rest = np.maximum((every - count) * scale + 1.0, 1.0)
        found = special.betainc(np.maximum(count * scale, SMALLEST), rest, share)
        return np.where(count > every, 0.0 * share, np.where(count > 0, found, 1.0 + 0.0 * share))

    return _tails(at_least(counts), at_least(counts + 1.0), at_least(np.ones_like(counts)))


def _tails(
    here: NDArray[np.float64], above: NDArray[np.float64], first: NDArray[np.float64]
) -> CountTails:
    """From the probabilities of at least the count, of more, and of at least one.

    A deficit is told to 16 digits after the point, which a count that cannot be below 0 never asks.
    """
    return CountTails(
        of_excess=_logarithmic_mean(here, above),
        of_deficit=_logarithmic_mean(1.0 - above, 1.0 - here),
        of_none=(1.0 - first) / 2.0,
    )


def _logarithmic_mean(
    larger: NDArray[np.float64], smaller: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Between the two, though not below half of the larger: beyond 0 there is no further step."""
    larger = np.maximum(larger, SMALLEST)
    step = -np.log(np.clip(smaller / larger, SMALLEST, 1.0))
    has_step = step > 1e-9
    mean = np.where(has_step, larger * -np.expm1(-step) / np.where(has_step, step, 1.0), larger)
    return np.maximum(mean, larger / 2.0) + 0.0 * smaller
