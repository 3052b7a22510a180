"""Rearrangements for permutation tests, as weights that turn values into a mean difference.

Every statistic is linear in the data: a test over many measures rearranges once, and its null
distribution is one product of matrices.
"""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np
from numpy.typing import ArrayLike, NDArray

MAX_LISTED = 20_000
"""Up to so many rearrangements all are listed and the test is exact."""
N_DRAWS = 9_999
ALPHA = 0.05
TIE = 1e-9
"""Relative difference below which two statistics are one value, computed in another order."""


def sign_patterns(
    n: int, rng: np.random.Generator, n_draws: int
) -> tuple[NDArray[np.float64], bool]:
    """Patterns of signs, the data's own first, (n_pattern, n), and whether these are all.

    >>> sign_patterns(2, np.random.default_rng(0), N_DRAWS)[0].astype(int).tolist()
    [[1, 1], [-1, 1], [1, -1], [-1, -1]]
    """
    if 2**n <= MAX_LISTED:
        is_turned = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        return np.where(is_turned, -1.0, 1.0), True
    drawn = np.where(rng.integers(0, 2, (n_draws, n)), -1.0, 1.0)
    return np.vstack([np.ones(n), drawn]), False


def labels_in_strata(
    is_second: ArrayLike, stratum: ArrayLike | None, keep: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Labels of those to keep, and their strata, numbered; -1 where one group is missing.

    >>> second, strata = labels_in_strata([0, 1, 1], [5, 5, 7], np.ones(3, bool))
    >>> strata.tolist()
    [0, 0, -1]
    """
    second = np.asarray(is_second, bool).ravel()[keep]
    given = np.zeros(len(keep)) if stratum is None else np.asarray(stratum).ravel()
    strata = np.unique(given[keep], return_inverse=True)[1]
    n_strata = int(strata.max(initial=-1)) + 1
    has_both = np.bincount(strata[second], minlength=n_strata) > 0
    has_both &= np.bincount(strata[~second], minlength=n_strata) > 0
    return second, np.where(has_both[strata], strata, -1)


def contrast_weights(second: NDArray[np.bool_], strata: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weight of each value in the weighted mean over strata of second - first, (..., n).

    >>> contrast_weights(np.array([False, True, True]), np.array([0, 0, 0])).round(9).tolist()
    [-1.0, 0.5, 0.5]
    """
    n_all = np.bincount(strata).astype(float)
    member = strata[:, None] == np.arange(len(n_all))
    n_second = second.astype(float) @ member
    n_first = n_all - n_second
    total = np.divide(n_first * n_second, n_all, out=np.zeros_like(n_second), where=n_all > 0.0)
    weight = total.sum(axis=-1, keepdims=True)
    # total / n_second = n_first / n_all, so nothing is divided by an empty group.
    share = np.divide(n_first, n_all, out=np.zeros_like(n_first), where=n_all > 0.0)[..., strata]
    return (second - 1.0 + share) / weight


def label_weights(
    second: NDArray[np.bool_], strata: NDArray[np.int64], rng: np.random.Generator, n_draws: int
) -> tuple[NDArray[np.float64], bool]:
    """Weights of the values in each labelling, (n_labelling, n), and whether these are all.

    >>> second, strata = np.array([False, True]), np.array([0, 0])
    >>> label_weights(second, strata, np.random.default_rng(0), N_DRAWS)[0].tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    groups = [np.flatnonzero(strata == number) for number in np.unique(strata)]
    n_second = [int(second[group].sum()) for group in groups]
    n_ways = math.prod(math.comb(len(g), k) for g, k in zip(groups, n_second, strict=True))
    if n_ways <= MAX_LISTED:
        choices = [combinations(g, k) for g, k in zip(groups, n_second, strict=True)]
        chosen = np.array([np.concatenate(way) for way in product(*choices)], dtype=int)
        labels = np.zeros((len(chosen), len(second)), bool)
        np.put_along_axis(labels, chosen, True, axis=1)
        return contrast_weights(labels, strata), True
    # Sorting random keys within each stratum shuffles its labels.
    labels = np.empty((n_draws, len(second)), bool)
    for group in groups:
        order = np.argsort(rng.random((n_draws, len(group))), axis=1)
        labels[:, group] = second[group][order]
    return contrast_weights(np.vstack([second[None], labels]), strata), False
