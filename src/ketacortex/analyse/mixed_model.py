"""A change measured in units, over animals with unequal numbers of them.

Units of one animal share that animal, so the model has a random intercept per animal; the error
of the mean and its degrees of freedom come from the animals, because a Wald z is far too bold
with the four to ten animals of a physiological study.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from ketacortex.analyse.statistics import CONFIDENCE, NotComputed

MIN_ANIMALS = 3
"""Two leave one degree of freedom, and no way to tell how animals are spread."""


@dataclass(frozen=True, kw_only=True)
class MixedChange:
    """Mean change over animals in a model with a random intercept per animal.

    Parameters
    ----------
    mean, low, high : mean change of an animal with its 95 % interval
    p_value : of no change
    n_animals, n_units : numbers that entered
    between_sd : standard deviation of animals, beyond what their units explain
    within_sd : standard deviation of units within an animal
    """

    mean: float
    low: float
    high: float
    p_value: float
    n_animals: int
    n_units: int
    between_sd: float
    within_sd: float


def mixed_change(change: ArrayLike, animal: Sequence[str] | ArrayLike) -> MixedChange | NotComputed:
    """Mean change over animals from changes of their units, however many each has.

    Parameters
    ----------
    change : (n_unit,), NaN for units without one
    animal : (n_unit,) name or number of the animal of each unit

    Returns
    -------
    MixedChange or NotComputed
        Not computed with fewer than 3 animals, without an animal that has two units, or where
        the units of each animal do not differ.

    Notes
    -----
    ``change_ij = mu + a_i + e_ij`` is fitted by restricted maximum likelihood, which gives the
    weights ``w_i = 1 / (between^2 + within^2 / m_i)`` of the animal means ``y_i``. Their error is
    taken from their own scatter (Hartung and Knapp 2001), with Student's t of n - 1 degrees of
    freedom::

        mu = sum w_i y_i / sum w_i
        se^2 = sum w_i (y_i - mu)^2 / ((n - 1) sum w_i)

    so an error in the variances costs little, and with equal numbers of units all weights are
    equal and this is the t test on animal means.

    References
    ----------
    Hartung and Knapp (2001) 10.1002/sim.791

    Examples
    --------
    >>> found = mixed_change([1.0, 2.0, 2.0, 4.0, 0.0, 1.5], ["a", "a", "b", "b", "c", "c"])
    >>> round(found.mean, 3), found.n_animals, round(found.p_value, 3)
    (1.75, 3, 0.118)
    """
    value = np.asarray(change, float).ravel()
    is_measured = np.isfinite(value)
    value = value[is_measured]
    which = np.unique(np.asarray(animal).ravel()[is_measured], return_inverse=True)[1]
    n_units = np.bincount(which)
    n = len(n_units)
    if n < MIN_ANIMALS:
        return NotComputed(f"a mixed model needs at least {MIN_ANIMALS} animals; there are {n}.")
    if n_units.max() < 2:
        return NotComputed("no animal has two units: take the t test over animals.")
    means = np.bincount(which, value) / n_units
    within_sum = float(np.sum((value - means[which]) ** 2))
    if np.sqrt(within_sum) <= 1e-12 * np.abs(value).max():
        return NotComputed("the units of each animal do not differ.")
    between, within = _variances(means, n_units, within_sum)
    weight = 1.0 / (between + within / n_units)
    weight /= weight.sum()
    mean = float(weight @ means)
    error = float(np.sqrt(weight @ (means - mean) ** 2 / (n - 1)))
    half = float(stats.t.ppf(0.5 + CONFIDENCE / 2.0, n - 1)) * error
    if error > 0.0:
        p_value = float(2.0 * stats.t.sf(abs(mean) / error, n - 1))
    else:
        p_value = 0.0 if mean else 1.0
    return MixedChange(
        mean=mean,
        low=mean - half,
        high=mean + half,
        p_value=p_value,
        n_animals=n,
        n_units=len(value),
        between_sd=float(np.sqrt(between)),
        within_sd=float(np.sqrt(within)),
    )


def _variances(
    means: NDArray[np.float64], n_units: NDArray[np.int64], within_sum: float
) -> tuple[float, float]:
    """Variance between and within animals by restricted maximum likelihood.

    With `ratio` = between / within everything but that ratio has a closed form. One bounded
    search is left, which finds a ratio of 0 like any other: general fitters of mixed models fail
    to converge there in a quarter of the data sets whose animals do not differ.
    """
    n_all = n_units.sum()

    def within(ratio: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        weight = n_units / (1.0 + ratio[:, None] * n_units)
        mean = weight @ means / weight.sum(axis=1)
        between_sum = (weight * (means - mean[:, None]) ** 2).sum(axis=1)
        return (within_sum + between_sum) / (n_all - 1), weight.sum(axis=1)

    def minus_log_likelihood(share: NDArray[np.float64]) -> NDArray[np.float64]:
        ratio = share / (1.0 - share)
        variance, weights = within(ratio)
        spread = np.log1p(ratio[:, None] * n_units).sum(axis=1)
        return (n_all - 1) * np.log(variance) + spread + np.log(weights)

    # `share` is that of the variance between animals; the best of a grid brackets the optimum.
    grid = 1.0 / (1.0 + np.exp(-np.linspace(-18.0, 18.0, 145)))
    grid[0] = 0.0
    best = int(np.argmin(minus_log_likelihood(grid)))
    bounds = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = optimize.minimize_scalar(
        lambda share: float(minus_log_likelihood(np.array([share]))[0]),
        bounds=bounds,
        method="bounded",
        options={"xatol": 1e-9},
    )
    ratio = 0.0 if best == 0 else float(found.x / (1.0 - found.x))
    variance = float(within(np.array([ratio]))[0][0])
    return ratio * variance, variance
