"""A ratio over animals: the sum of the numerators of all by the sum of their denominators.

Where a denominator is itself measured and may be near 0, a mean over animals of their ratios is
that of the animal with the smallest; to leave such animals out keeps those in which it was by
chance large, and takes the ratio towards 0. A ratio of sums needs only the sum to be well above 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from ketacortex.analyse.statistics import (
    CONFIDENCE,
    MIN_EFFECTIVE,
    Interval,
    NotComputed,
    weighted_interval,
)

NUMERATOR, DENOMINATOR, DENOMINATOR_ERROR = "numerator", "denominator", "denominator_error"
"""Columns of a ratio in one animal: its parts, and the standard error of what it divides by."""
RATIO_COLUMNS = (NUMERATOR, DENOMINATOR, DENOMINATOR_ERROR)
LEAST_ERRORS = float(stats.norm.ppf(0.5 + CONFIDENCE / 2.0))
"""Standard errors above 0 of what is divided by."""
OF_CONTROL = "_control"
"""After the name of a column of a claim."""


@dataclass(frozen=True, kw_only=True)
class JoinedRatio:
    """A ratio over animals.

    Parameters
    ----------
    before : of the control, in a claim; NaN otherwise
    after : of the arm
    change : `after`, or how much it is more than in the control, with its interval
    """

    before: float
    after: float
    change: Interval


def joined_ratio(
    numerator: ArrayLike, denominator: ArrayLike, denominator_error: ArrayLike, divided_by: str
) -> float | NotComputed:
    """The sum of the numerators by the sum of the denominators.

    Parameters
    ----------
    numerator : (n_animal,)
    denominator, denominator_error : (n_animal,) of either sign, with standard errors
    divided_by : what the denominator is, in words

    Returns
    -------
    float or NotComputed
        Not computed where the sum of the denominators is not told from error.

    Notes
    -----
    Just above that border, at two standard errors, the ratio is still drawn towards 0 (a third of
    it), as sums that are by chance large pass; from three on it is not. Errors over units miss what
    units share from trial to trial: denominators of re-tests of simulated animals differ by half
    as much again, so that about one such ratio in ten is told where nothing moved.

    References
    ----------
    Cochran (1977) Sampling Techniques, chapter 6, ISBN 978-0-471-16240-7

    Examples
    --------
    >>> round(joined_ratio([-5.0, -5.8, 0.9], [10.0, 8.0, 0.1], [1, 1, 1], "its square"), 3)
    -0.547
    >>> joined_ratio([0.9], [0.1], [1.0], "its square").reason[:51]
    'its square, 0.1 with a standard error of 1, is not '
    """
    above, below, error = (
        np.asarray(x, float) for x in (numerator, denominator, denominator_error)
    )
    n, total = len(below), float(below.sum())
    total_error = float(np.sqrt(np.sum(error**2)))
    if not total > LEAST_ERRORS * total_error:
        of_each = f"{total / n:.3g} with a standard error of {total_error / n:.3g}"
        return NotComputed(
            f"{divided_by}, {of_each}, is not told from 0; record more cells, or more trials."
        )
    return float(above.sum()) / total


def is_told_alone(table: pd.DataFrame) -> pd.Series:
    """Which rows of single animals mean something by themselves: all but ratios of two errors.

    >>> rows = {"denominator": [np.nan, 9.0, 1.0], "denominator_error": [np.nan, 1.0, 1.0]}
    >>> is_told_alone(pd.DataFrame(rows)).tolist()
    [True, True, False]
    """
    if DENOMINATOR not in table:
        return pd.Series(True, index=table.index)
    least = LEAST_ERRORS * table[DENOMINATOR_ERROR]
    return table[DENOMINATOR].isna() | (table[DENOMINATOR] > least)


def is_ratio(table: pd.DataFrame) -> bool:
    """Whether rows of animals hold what a ratio divides by."""
    return DENOMINATOR in table and bool(table[DENOMINATOR].notna().any())


def join_animals(table: pd.DataFrame, divided_by: str) -> JoinedRatio | NotComputed:
    """The ratio of all animals, or how much it is more than in a control.

    Parameters
    ----------
    table : `before, numerator, denominator, denominator_error`, a row an animal
        `before` is NaN but in a claim, which has those of the control beside them, their names
        with `_control`. Animals without a denominator are left out.
    divided_by : what the denominator is, in words

    Returns
    -------
    JoinedRatio or NotComputed

    Notes
    -----
    An animal i with share ``h_i`` of the sum of the denominators D adds ``(N_i - R D_i) / D`` to
    the error of the ratio R. In a claim both arms add theirs, with opposite signs, and an animal
    weighs as the mean of both shares. Intervals are those of `weighted_interval`: over 4 to 8
    animals whose denominators differ by a factor of 30 they cover 96 % (`benchmarks/planted`).
    """
    # Only the rows of a claim have something before: what the control shows.
    of_sides = ("", OF_CONTROL) if table["before"].notna().any() else ("",)
    sides = [[f"{column}{side}" for column in RATIO_COLUMNS] for side in of_sides]
    known = table.dropna(subset=[name for names in sides for name in names])
    if len(known) < 2:
        there = "there is 1" if len(known) else "there are none"
        return NotComputed(f"an interval needs at least 2 animals; {there}.")
    ratios, added, shares = [], [], []
    for names, begins in zip(sides, ("", "in the control "), strict=False):
        above, below, error = (known[name].to_numpy(float) for name in names)
        ratio = joined_ratio(above, below, error, divided_by)
        if isinstance(ratio, NotComputed):
            return NotComputed(begins + ratio.reason)
        ratios.append(ratio)
        added.append((above - ratio * below) / below.sum())
        shares.append(below / below.sum())
    share = np.mean(shares, axis=0)
    if 1.0 / np.sum(share**2) < MIN_EFFECTIVE:
        return NotComputed(
            f"one animal has {share.max():.0%} of {divided_by}, so how animals differ is not "
            "known; record more animals."
        )
    before = ratios[1] if len(ratios) > 1 else 0.0
    control = added[1] if len(added) > 1 else 0.0
    change = weighted_interval(ratios[0] - before, added[0] - control, share)
    if isinstance(change, NotComputed):
        return change
    return JoinedRatio(
        before=before if len(ratios) > 1 else float("nan"), after=ratios[0], change=change
    )
