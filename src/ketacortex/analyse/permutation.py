"""Permutation tests of one measure: exact where all rearrangements can be listed, else drawn."""

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
class PermutationTest:
    """A two-sided permutation test.

    Parameters
    ----------
    statistic : mean difference in the data
    p_value : share of rearrangements with a difference at least as large, the data among them
    n_distinct : different absolute values of the statistic among the rearrangements used
    is_exact : whether all rearrangements were listed
    n : values that entered
    """

    statistic: float
    p_value: float
    n_distinct: int
    is_exact: bool
    n: int


def sign_flip_test(
    differences: ArrayLike, rng: np.random.Generator, *, n_draws: int = N_DRAWS
) -> PermutationTest | NotComputed:
    """Whether paired differences are symmetric about 0, by turning their signs.

    Parameters
    ----------
    differences : (n,), NaN for pairs that are missing
    rng : Generator; used above 14 pairs, where not every pattern of signs is listed
    n_draws : random patterns

    Returns
    -------
    PermutationTest or NotComputed
        Not computed where even the most extreme pattern would have a p above 0.05: with 5 pairs
        (2 of 32 patterns) or fewer, or with more where many are tied.

    Notes
    -----
    ``p = #(|T*| >= |T|) / #patterns`` exactly, or ``(1 + #) / (1 + n_draws)``.

    References
    ----------
    Phipson and Smyth (2010) 10.2202/1544-6115.1585

    Examples
    --------
    >>> found = sign_flip_test([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], np.random.default_rng(0))
    >>> found.p_value, found.is_exact
    (0.03125, True)
    >>> sign_flip_test([1.0, 2.0, 3.0], np.random.default_rng(0)).reason
    'with 3 values the smallest possible p is 0.25.'
    """
    value = np.asarray(differences, float).ravel()
    value = value[np.isfinite(value)]
    if not len(value):
        return NotComputed("there are no values.")
    signs, is_exact = sign_patterns(len(value), rng, n_draws)
    weight = signs / len(value)
    return _one_test(weight @ value, float(value.mean()), is_exact, len(value))


def label_permutation_test(
    values: ArrayLike,
    is_second: ArrayLike,
    rng: np.random.Generator,
    *,
    stratum: ArrayLike | None = None,
    n_draws: int = N_DRAWS,
) -> PermutationTest | NotComputed:
    """Whether two groups of values differ in mean, by exchanging their labels.

    Parameters
    ----------
    values : (n,), NaN where missing
    is_second : (n,) whether a value belongs to the second group
    rng : Generator; used where there are more than 20,000 ways to label
    stratum : (n,), optional
        Labels are only exchanged within a stratum, for example trials of one condition.
        A stratum with members of one group only says nothing and is left out.
    n_draws : random labellings

    Returns
    -------
    PermutationTest or NotComputed

    Notes
    -----
    The statistic is the mean over strata of (mean of second - mean of first), weighted with
    ``n_1 n_2 / (n_1 + n_2)``, which is best for equal variances.

    Examples
    --------
    >>> is_second = [False] * 4 + [True] * 4
    >>> found = label_permutation_test(range(8), is_second, np.random.default_rng(0))
    >>> found.statistic, round(found.p_value, 4), found.n_distinct
    (4.0, 0.0286, 9)
    """
    value = np.asarray(values, float).ravel()
    second, strata = labels_in_strata(is_second, stratum, np.isfinite(value))
    value = value[np.isfinite(value)][strata >= 0]
    second, strata = second[strata >= 0], strata[strata >= 0]
    if not len(value):
        return NotComputed("no stratum has values of both groups.")
    weight, is_exact = label_weights(second, strata, rng, n_draws)
    return _one_test(
        weight @ value, float(contrast_weights(second, strata) @ value), is_exact, len(value)
    )


def _one_test(
    null: NDArray[np.float64], statistic: float, is_exact: bool, n: int
) -> PermutationTest | NotComputed:
    size = np.abs(null)
    largest = float(size.max())
    if largest == 0.0:
        return NotComputed("all values are 0.")
    smallest_p = float((size >= largest * (1.0 - TIE)).mean())
    if smallest_p > ALPHA:
        return NotComputed(f"with {n} values the smallest possible p is {smallest_p:.3g}.")
    p_value = float((size >= abs(statistic) - TIE * largest).mean())
    n_distinct = 1 + int((np.diff(np.sort(size)) > TIE * largest).sum())
    return PermutationTest(
        statistic=statistic, p_value=p_value, n_distinct=n_distinct, is_exact=is_exact, n=n
    )
