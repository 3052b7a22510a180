"""Change against initial value, and how much of the slope is regression to the mean.

Whoever plots `later - first` against `first` sees a negative slope, as the error of the first
measurement stands on both axes with opposite signs. What is left when the initial value and the
change are taken from independent halves of the trials has expectation 0 without a change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.ratio_of_sums import Estimate, ratio_of_sums
from ketacortex.analyse.statistics import NotComputed
from ketacortex.units import orientation_difference_deg

MIN_UNITS = 40
"""Of a single animal. Products of errors are skewed: with 30 units whose errors differ tenfold and
are as large as what is measured, a t test finds something in 8 % of data sets without a change.
"""
MIN_UNITS_OF_ANIMAL = 3
"""Units that an animal needs to have a slope of its own, around its own mean."""


@dataclass(frozen=True, kw_only=True)
class InitialValue:
    """Slopes of change on initial value.

    Parameters
    ----------
    naive : slope as it is usually plotted
    expected_from_halves : the slope that error alone would give, from how halves agree
    expected_from_errors : the same from standard errors that were given; NaN without
    excess, excess_over_errors : `naive` less what error alone would give
    independent : slope on the true initial value: 0 without a change, whatever the error
    reliability : share of the variance of initial values that is not error
    """

    naive: Estimate | NotComputed
    expected_from_halves: float
    expected_from_errors: float
    excess: Estimate | NotComputed
    excess_over_errors: Estimate | NotComputed
    independent: Estimate | NotComputed
    reliability: float


def initial_value(
    first: NDArray[np.float64],
    later: NDArray[np.float64],
    *,
    animal: NDArray | None = None,
    first_error: NDArray[np.float64] | None = None,
    reference_deg: float | None = None,
) -> InitialValue | NotComputed:
    """How change depends on the initial value, with and without the share of error.

    Parameters
    ----------
    first, later : (n_unit, 2, n_split)
        The measure in both halves of the trials of an epoch, for many random halvings; NaN where
        it could not be had. A unit counts in a halving where all four are there, and the rule for
        that has to be the same for all four halves. Rates and other values above 0 should come as
        logarithms: in products of skewed values a few units decide.
    animal : (n_unit,), optional
        Slopes are within animals. With several, intervals are over animals (at least 3),
        otherwise over units (at least 40).
    first_error : (n_unit,), optional
        Standard error of the first measurement from all its trials.
    reference_deg : deg, optional
        The measure is then an axial angle; its initial value is the offset from this orientation.

    Returns
    -------
    InitialValue or NotComputed
        Not computed where fewer than 3 units of any animal were measured.

    Notes
    -----
    With halves x1, x2 of the first epoch and their mean x, the later one y, moments within
    animals averaged over halvings, and ``r = cov(x1, x2) / var(x)`` (the reliability of the whole
    epoch, as Spearman and Brown have it)::

        naive       = cov(y - x, x) / var(x)
        expected    = r - 1,  or  - mean(error^2) / var(x)
        excess      = naive - expected
        independent = cov(y - x2, x1) / cov(x2, x1), both ways

    Errors of x1 and x2 are independent, so the last is the slope on the true initial value, with
    x1 as instrument; the excess is the same times r. Angles are wrapped before any product.

    References
    ----------
    Galton (1886) 10.2307/2841583; Chiolero et al. (2013) 10.3389/fpubh.2013.00029

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> true = rng.normal(size=(200, 1, 1))
    >>> first, later = true + rng.normal(size=(2, 200, 2, 1))
    >>> found = initial_value(first, later)
    >>> found.naive.p_value < 0.001, found.independent.p_value > 0.05
    (True, True)
    """
    known = np.asarray(np.isfinite(first).all(axis=1) & np.isfinite(later).all(axis=1))
    which = np.zeros(len(first), int)
    if animal is not None:
        which = np.unique(animal, return_inverse=True)[1]
    known, n_units = _enough(known, which)
    if not known.any():
        return NotComputed("fewer than 3 units of an animal were measured in both epochs.")
    x, y = np.where(known[:, None], first, 0.0), np.where(known[:, None], later, 0.0)
    if reference_deg is None:
        offset = x
        other = x[:, ::-1]
        change = y.mean(axis=1)[:, None] - other
        middle, whole_change = x.mean(axis=1), y.mean(axis=1) - x.mean(axis=1)
    else:
        offset = orientation_difference_deg(x, reference_deg)
        between = orientation_difference_deg(x[:, ::-1], x)
        other = offset + between
        change = orientation_difference_deg(y[:, None], x[:, ::-1, None]).mean(axis=2)
        middle_deg = x[:, 0] + between[:, 0] / 2.0
        later_deg = y[:, 0] + orientation_difference_deg(y[:, 1], y[:, 0]) / 2.0
        middle = orientation_difference_deg(middle_deg, reference_deg)
        whole_change = orientation_difference_deg(later_deg, middle_deg)

    def products(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        """Contribution of each unit to the covariance within animals, mean over halvings."""
        product = _centred(a, known, which, n_units) * _centred(b, known, which, n_units)
        scale = np.divide(n_units, n_units - 1.0, out=np.zeros_like(n_units), where=n_units > 1.0)
        return (product * scale[which]).mean(axis=1)

    naive_top = products(whole_change, middle)
    variance = products(middle, middle)
    reliable = (products(offset[:, 0], other[:, 0]) + products(offset[:, 1], other[:, 1])) / 2.0
    top = (products(change[:, 0], offset[:, 0]) + products(change[:, 1], offset[:, 1])) / 2.0
    weight = known.mean(axis=1)
    total = variance.sum()
    if total <= 0.0:
        return NotComputed("the units of an animal do not differ in their initial value.")
    noise = np.full(len(first), np.nan)
    if first_error is not None:
        noise = weight * np.where(weight > 0.0, first_error, 0.0) ** 2
    excess_over_errors: Estimate | NotComputed = NotComputed("there are no standard errors.")
    if np.isfinite(noise).all():
        excess_over_errors = ratio_of_sums(
            naive_top + noise, variance, weight, animal, min_units=MIN_UNITS
        )
    reliability = float(reliable.sum() / total)
    return InitialValue(
        naive=ratio_of_sums(naive_top, variance, weight, animal, min_units=MIN_UNITS),
        expected_from_halves=reliability - 1.0,
        expected_from_errors=float(-noise.sum() / total),
        excess=ratio_of_sums(
            naive_top + variance - reliable, variance, weight, animal, min_units=MIN_UNITS
        ),
        excess_over_errors=excess_over_errors,
        independent=ratio_of_sums(top, reliable, weight, animal, min_units=MIN_UNITS),
        reliability=reliability,
    )


def _enough(
    known: NDArray[np.bool_], which: NDArray[np.intp]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Halvings of animals with enough units, and the number of these, (n_animal, n_split)."""
    n_animals = int(which.max(initial=-1)) + 1
    member = (np.arange(n_animals)[:, None] == which).astype(float)
    n_units = member @ known
    n_units = np.where(n_units >= MIN_UNITS_OF_ANIMAL, n_units, 0.0)
    return known & (n_units > 0.0)[which], n_units


def _centred(
    values: NDArray[np.float64],
    known: NDArray[np.bool_],
    which: NDArray[np.intp],
    n_units: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Difference from the mean of the animal in each halving; 0 where not known."""
    member = (np.arange(len(n_units))[:, None] == which).astype(float)
    total = member @ np.where(known, values, 0.0)
    mean = np.divide(total, n_units, out=np.zeros_like(total), where=n_units > 0.0)
    return np.where(known, values - mean[which], 0.0)
