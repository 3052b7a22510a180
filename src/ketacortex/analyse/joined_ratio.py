"""A ratio over animals: the sum of the numerators of all by the sum of their denominators.

Where a denominator is itself measured and may be near 0, a mean over animals of their ratios is
that of the animal with the smallest; to leave such animals out keeps those in which it was by
chance large, and takes the ratio towards 0. A ratio of sums does neither.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from ketacortex.analyse.statistics import CONFIDENCE, NotComputed

DENOMINATOR, DENOMINATOR_ERROR = "denominator", "denominator_error"
"""Columns of a ratio in one animal: what it divides by, and the standard error of that."""


def joined_ratio(
    ratio: ArrayLike, denominator: ArrayLike, denominator_error: ArrayLike
) -> float | NotComputed:
    """The sum of the numerators by the sum of the denominators.

    Parameters
    ----------
    ratio : (n_animal,) numerator / denominator of each animal
    denominator, denominator_error : (n_animal,) in a unit of their own; either sign

    Returns
    -------
    float or NotComputed
        Not computed where the sum of the denominators is not told from error.

    References
    ----------
    Cochran (1977) Sampling Techniques, chapter 6, ISBN 978-0-471-16240-7

    Examples
    --------
    >>> joined_ratio([-0.5, -0.7, 9.0], [10.0, 8.0, 0.1], [1.0, 1.0, 1.0])
    -0.536...
    >>> joined_ratio([9.0], [0.1], [1.0]).reason
    'it divides by 0.1, which cannot be told from 0: its standard error is 1.'
    """
    value, below, error = (np.asarray(x, float) for x in (ratio, denominator, denominator_error))
    n, total = len(below), float(below.sum())
    total_error = float(np.sqrt(np.sum(error**2)))
    if not total > stats.norm.ppf(0.5 + CONFIDENCE / 2.0) * total_error:
        return NotComputed(
            f"it divides by {total / n:.3g}, which cannot be told from 0: its standard error is "
            f"{total_error / n:.3g}."
        )
    return float(value @ below) / total


def with_joined_ratios(table: pd.DataFrame) -> pd.DataFrame | NotComputed:
    """Rows of one measure, an animal each, weighted so that their mean is the ratio of the sums.

    Parameters
    ----------
    table : `before, after, change` and, for a ratio, its denominator and the error of that
        In a row of a claim, those of the control with `_control` after their names.

    Returns
    -------
    DataFrame or NotComputed
        As given, unless the measure is a ratio: then `weight` is the share of an animal in what is
        divided by, and `before` and `after` are of all animals.

    Notes
    -----
    An animal i with share ``h_i`` of the sum of the denominators adds ``h_i (r_i - R)`` to the
    error of the ratio R. In a claim both arms add theirs, with opposite signs; `change` is what the
    mean of both shares must weigh to give that. Intervals are then those of a weighted mean: over 4
    to 8 animals whose denominators differ by a factor of 30 they cover 95 % (`benchmarks/planted`).
    """
    if DENOMINATOR not in table or table[DENOMINATOR].isna().all():
        return table
    share = table[DENOMINATOR] / table[DENOMINATOR].sum()
    after = joined_ratio(table["after"], table[DENOMINATOR], table[DENOMINATOR_ERROR])
    if isinstance(after, NotComputed):
        return after
    below = f"{DENOMINATOR}_control"
    if below not in table or table["before"].isna().all():
        return table.assign(weight=share)
    before = joined_ratio(table["before"], table[below], table[f"{DENOMINATOR_ERROR}_control"])
    if isinstance(before, NotComputed):
        return NotComputed(f"in the control {before.reason}")
    share_before = table[below] / table[below].sum()
    both = (share + share_before) / 2.0
    added = share * (table["after"] - after) - share_before * (table["before"] - before)
    return table.assign(
        weight=both, before=before, after=after, change=after - before + added / both
    )
