"""Intervals for the length of a vector that is measured with error: it is never too short.

The length of a noisy vector exceeds that of the true one, and most where the true one is 0, so that
no interval around the measured length can hold. Here the distribution of the measured length is
inverted: the Rice distribution where the error is alike along and across the vector (its square is
then a noncentral chi square of two degrees of freedom), and the folded normal with none across.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

TAIL = 0.025
N_NODES = 20
"""Gauss-Legendre nodes of the quarter circle; the probability is then right to 1e-6."""
FADED = 6.0
"""Standard deviations beyond which nothing is left of a normal distribution."""
N_BISECTIONS = 28


def length_probability(
    length: NDArray[np.float64],
    true_length: NDArray[np.float64],
    error_along: NDArray[np.float64],
    error_across: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Probability that a vector measured with error is at most so long.

    Parameters
    ----------
    length : (n,) not negative
    true_length : (n,)
    error_along, error_across : (n,) standard deviations along the true vector (above 0) and
        across it

    Returns
    -------
    (n,)

    Notes
    -----
    ``P((rho + s u)^2 + (q v)^2 <= r^2)`` with u, v standard normal: over v a quadrature, over u
    a difference of two normal distributions.

    Examples
    --------
    >>> one = np.ones(1)
    >>> float(length_probability(one, 0 * one, one, one)[0].round(6))  # 1 - exp(-1/2)
    0.393469
    """
    node, weight = np.polynomial.legendre.leggauss(N_NODES)
    angle, weight = np.pi * (node + 1.0) / 4.0, np.pi * weight / 4.0
    # v runs to where the circle ends or the normal has faded, whichever is first; as a sine, so
    # that the chord has no edge there.
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.minimum(np.where(error_across > 0, length / error_across, np.inf), FADED)
    v = reach[:, None] * np.sin(angle)
    chord = np.sqrt(np.maximum(length[:, None] ** 2 - (error_across[:, None] * v) ** 2, 0.0))
    near = (chord - true_length[:, None]) / error_along[:, None]
    far = (-chord - true_length[:, None]) / error_along[:, None]
    inside = special.ndtr(near) - special.ndtr(far)
    density = np.exp(-0.5 * v**2) * np.sqrt(2.0 / np.pi)
    return (inside * density * np.cos(angle) * weight).sum(axis=1) * reach


def length_interval(
    length: NDArray[np.float64],
    error_along: NDArray[np.float64],
    error_across: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Interval of 95 % for the true length of a vector.

    Parameters
    ----------
    length : (n,) measured
    error_along, error_across : (n,) standard deviations along and across it

    Returns
    -------
    low, high : (n,)
        `low` is exactly 0 where a length of 0 would give one so long in more than 2.5 %. NaN where
        an error is 0 or NaN.

    Notes
    -----
    `low` is where ``P(longer | rho) = 0.025``; `high` is where
    ``P(shorter | rho) = 0.025 P(shorter | 0)``: for lengths well above the error the same as
    0.025, near 0 an upper limit that never falls below what the data could tell. At a true length
    of 0 the interval holds 97.5 %, beyond two errors 95 %.

    References
    ----------
    Read (2002) 10.1088/0954-3899/28/10/313, for the upper limit

    Examples
    --------
    >>> low, high = length_interval(np.array([1.0, 10.0]), np.ones(2), np.ones(2))
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.0, 7.98], [3.04, 11.91])
    """
    is_usable = np.isfinite(length) & (error_along > 0) & (error_across >= 0)
    low, high = np.full(len(length), np.nan), np.full(len(length), np.nan)
    r, s, q = length[is_usable], error_along[is_usable], error_across[is_usable]
    zero, far = np.zeros_like(r), r + 8.0 * (s + q)
    at_zero = length_probability(r, zero, s, q)
    low[is_usable] = np.where(1.0 - at_zero > TAIL, 0.0, _where(r, s, q, zero, r, 1.0 - TAIL))
    high[is_usable] = _where(r, s, q, zero, far, TAIL * at_zero)
    return low, high


def likely_length(
    length: NDArray[np.float64],
    error_along: NDArray[np.float64],
    error_across: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Median-unbiased estimate of the true length of a vector.

    Parameters
    ----------
    length : (n,) measured
    error_along, error_across : (n,) standard deviations along and across it

    Returns
    -------
    (n,) the true length that would give a longer or a shorter one equally often, 0 where even no
        length would give a longer one in more than half; NaN where an error is 0 or NaN

    Examples
    --------
    >>> likely_length(np.array([1.0, 10.0]), np.ones(2), np.ones(2)).round(2).tolist()
    [0.0, 9.95]
    """
    is_usable = np.isfinite(length) & (error_along > 0) & (error_across >= 0)
    found = np.full(len(length), np.nan)
    r, s, q = length[is_usable], error_along[is_usable], error_across[is_usable]
    zero = np.zeros_like(r)
    is_none = length_probability(r, zero, s, q) <= 0.5
    found[is_usable] = np.where(is_none, 0.0, _where(r, s, q, zero, r, 0.5))
    return found


def _where(
    length: NDArray[np.float64],
    along: NDArray[np.float64],
    across: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    probability: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """True length at which the measured one, or less, has this probability; by bisection."""
    for _ in range(N_BISECTIONS):
        middle = (low + high) / 2.0
        is_below = length_probability(length, middle, along, across) > probability
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return (low + high) / 2.0
