"""Permutation tests of many measures that hold for all of them together.

The total spread of a measure is the same in every rearrangement, so dividing by it makes measures
comparable and orders rearrangements as the t statistic would.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketacortex.analyse.rearrangements import (
    ALPHA,
    N_DRAWS,
    TIE,
    contrast_weights,
    label_weights,
    labels_in_strata,
    sign_patterns,
)
from ketacortex.analyse.statistics import NotComputed


@dataclass(frozen=True, kw_only=True)
class FamilyTest:
    """Permutation tests of several measures that hold together.

    Parameters
    ----------
    statistic : (n_measure,) mean differences, each in its unit
    p_value : (n_measure,) p of each measure by itself; NaN where it does not vary
    family_p_value : (n_measure,) p against the largest statistic of all measures
    is_exact : whether all rearrangements were listed
    n : values of each measure that entered
    """

    statistic: NDArray[np.float64]
    p_value: NDArray[np.float64]
    family_p_value: NDArray[np.float64]
    is_exact: bool
    n: int


def sign_flip_family(
    differences: NDArray[np.float64], rng: np.random.Generator, *, n_draws: int = N_DRAWS
) -> FamilyTest | NotComputed:
    """Sign-flip test of many measures, with p values that hold for all of them together.

    Parameters
    ----------
    differences : (n_measure, n) paired differences of the same animals (or units) in each measure
        A pair with a NaN in any measure is left out of all, as signs turn for the whole pair.
        A measure that is NaN throughout gives NaN.
    rng, n_draws : as in `sign_flip_test`

    Returns
    -------
    FamilyTest or NotComputed

    Notes
    -----
    ``p_k = share of patterns with max_j |z_j*| >= |z_k|``, ``z = sum d / sqrt(sum d^2)``, which
    is monotonic in t. It keeps the chance of any false positive at 5 % whatever the correlation
    between measures (Westfall and Young 1993; Nichols and Holmes 2002).

    References
    ----------
    Nichols and Holmes (2002) 10.1002/hbm.1058

    Examples
    --------
    >>> shift = np.arange(1.0, 9.0)
    >>> found = sign_flip_family(np.stack([shift, [1, -1] * 4]), np.random.default_rng(0))
    >>> found.family_p_value.round(3).tolist()
    [0.016, 1.0]
    """
    measured, keep = _complete(differences)
    value = measured[:, keep]
    if not value.size:
        return NotComputed("no pair has a value in every measure.")
    signs, is_exact = sign_patterns(value.shape[1], rng, n_draws)
    scale = np.sqrt((value**2).sum(axis=1))
    null = signs @ value.T
    n = value.shape[1]
    return _family(differences, value.mean(axis=1), value.sum(axis=1), null, scale, is_exact, n)


def label_permutation_family(
    values: NDArray[np.float64],
    is_second: ArrayLike,
    rng: np.random.Generator,
    *,
    stratum: ArrayLike | None = None,
    n_draws: int = N_DRAWS,
) -> FamilyTest | NotComputed:
    """Label permutation test of many measures, with p values that hold for all together.

    Parameters
    ----------
    values : (n_measure, n) measures of the same n trials, units or animals
        NaN is treated as in `sign_flip_family`.
    is_second, rng, stratum, n_draws : as in `label_permutation_test`

    Returns
    -------
    FamilyTest or NotComputed
        Statistics are divided by the spread of each measure within strata.

    Examples
    --------
    >>> values = np.stack([np.arange(10.0), [1.0, 2.0] * 5])
    >>> found = label_permutation_family(values, np.arange(10) > 4, np.random.default_rng(0))
    >>> found.family_p_value.round(3).tolist()
    [0.016, 1.0]
    """
    measured, keep = _complete(values)
    second, strata = labels_in_strata(is_second, stratum, keep)
    value = measured[:, keep][:, strata >= 0]
    second, strata = second[strata >= 0], strata[strata >= 0]
    if not value.size:
        return NotComputed("no stratum has complete values of both groups.")
    weight, is_exact = label_weights(second, strata, rng, n_draws)
    member = (strata[:, None] == np.unique(strata)).astype(float)
    within = value - (value @ member / member.sum(axis=0)) @ member.T
    scale = np.sqrt((within**2).sum(axis=1))
    scale[scale < TIE * np.abs(value).max(axis=1)] = 0.0
    observed = value @ contrast_weights(second, strata)
    return _family(values, observed, observed, weight @ value.T, scale, is_exact, len(second))


def _complete(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Measures that have any value, and which members have all of those."""
    is_finite = np.isfinite(values)
    measured = values[is_finite.any(axis=1)]
    return measured, np.asarray(np.isfinite(measured).all(axis=0))


def _family(
    given: NDArray[np.float64],
    statistic: NDArray[np.float64],
    observed: NDArray[np.float64],
    null: NDArray[np.float64],
    scale: NDArray[np.float64],
    is_exact: bool,
    n: int,
) -> FamilyTest | NotComputed:
    """p of each measure alone and against the largest; `null` is (n_pattern, n_measure)."""
    varies = scale > 0.0
    if not varies.any():
        return NotComputed("no measure varies.")
    size = np.abs(null[:, varies]) / scale[varies]
    own = np.abs(observed[varies]) / scale[varies]
    largest = size.max(axis=1)
    smallest_p = float((largest >= largest.max() * (1.0 - TIE)).mean())
    if smallest_p > ALPHA:
        return NotComputed(f"with {n} values the smallest possible p is {smallest_p:.3g}.")
    place = np.flatnonzero(np.isfinite(given).any(axis=1))[varies]
    found = np.full((3, len(given)), np.nan)
    found[0, np.isfinite(given).any(axis=1)] = statistic
    found[1, place] = (size >= own - TIE).mean(axis=0)
    found[2, place] = (largest[:, None] >= own - TIE).mean(axis=0)
    return FamilyTest(
        statistic=found[0], p_value=found[1], family_p_value=found[2], is_exact=is_exact, n=n
    )
