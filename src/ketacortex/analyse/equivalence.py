"""What it takes to say that something did not change: two one-sided tests against a margin.

A difference that is not significant is no evidence for its absence. A claim of "no change" here
means that a change as large as the margin has been rejected, in both directions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ketacortex.analyse.statistics import (
    CONFIDENCE,
    Interval,
    NotComputed,
    mean_interval,
    ratio_interval,
)

ALPHA = 0.05
RATIO_MARGIN = (0.8, 1.25)
"""What regulators call equivalent; as far down as up on a scale of logarithms."""
Verdict = Literal["equivalent", "different", "different but within the margin", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """Outcome of the two one-sided tests.

    Parameters
    ----------
    verdict : `equivalent` when both one-sided tests reject and the difference itself is not
        significant, `undecided` when neither is
    p_value : larger p of the two one-sided tests
    interval_90 : the interval that lies within the margin exactly when p is below 0.05
    interval_95 : the interval of the change
    margin : (low, high) on the scale of the intervals
    """

    verdict: Verdict
    p_value: float
    interval_90: Interval
    interval_95: Interval
    margin: tuple[float, float]


def equivalence_of_difference(
    differences: ArrayLike, margin: tuple[float, float]
) -> Equivalence | NotComputed:
    """Whether a mean difference lies within a margin, from one value per animal.

    Parameters
    ----------
    differences : (n,) one paired difference an animal
    margin : (low, high) in the unit of the differences; low below 0, high above
        What would be too small to matter, chosen before looking at the data.

    Returns
    -------
    Equivalence or NotComputed

    Notes
    -----
    ``p = max(P(t < (mean - high) / se), P(t > (mean - low) / se))`` with n - 1 degrees of freedom;
    at the margin itself "no change" is claimed in at most 5 % of experiments.

    References
    ----------
    Schuirmann (1987) 10.1007/BF01068419

    Examples
    --------
    >>> found = equivalence_of_difference([0.1, -0.1, 0.05, 0.0, -0.05, 0.02], (-0.5, 0.5))
    >>> found.verdict
    'equivalent'
    >>> equivalence_of_difference([0.1, -0.9, 1.5], (-0.5, 0.5)).verdict
    'undecided'
    """
    low, high = margin
    if not low < 0.0 < high:
        return NotComputed(f"a margin has to enclose 0; this one goes from {low:g} to {high:g}.")
    narrow = mean_interval(differences, confidence=1.0 - 2.0 * ALPHA)
    wide = mean_interval(differences, confidence=CONFIDENCE)
    if isinstance(narrow, NotComputed):
        return narrow
    if isinstance(wide, NotComputed):
        return wide
    return _verdict(narrow, wide, margin, _p_value(np.asarray(differences, float), low, high), 0.0)


def equivalence_of_ratio(
    before: ArrayLike, after: ArrayLike, margin: tuple[float, float] = RATIO_MARGIN
) -> Equivalence | NotComputed:
    """Whether the geometric mean of `after / before` over animals lies within a margin.

    Parameters
    ----------
    before, after : (n,) values above 0, one an animal
    margin : (low, high) ratios, low below 1 and high above

    Returns
    -------
    Equivalence or NotComputed
        The tests are those of `equivalence_of_difference` on logarithms; intervals are ratios.

    Examples
    --------
    >>> found = equivalence_of_ratio([1.0, 2.0, 3.0, 4.0], [1.02, 1.98, 3.1, 3.9])
    >>> found.verdict, round(found.interval_95.mean, 2)
    ('equivalent', 1.0)
    """
    low, high = margin
    if not 0.0 < low < 1.0 < high:
        return NotComputed(f"a margin has to enclose 1; this one goes from {low:g} to {high:g}.")
    narrow = ratio_interval(before, after, confidence=1.0 - 2.0 * ALPHA)
    wide = ratio_interval(before, after, confidence=CONFIDENCE)
    if isinstance(narrow, NotComputed):
        return narrow
    if isinstance(wide, NotComputed):
        return wide
    logs = np.log(np.asarray(after, float) / np.asarray(before, float))
    return _verdict(narrow, wide, margin, _p_value(logs, np.log(low), np.log(high)), 1.0)


def _p_value(values: np.ndarray, low: float, high: float) -> float:
    n = len(values)
    error = values.std(ddof=1) / np.sqrt(n)
    distance = min(values.mean() - low, high - values.mean())
    if error == 0.0:
        return 0.0 if distance > 0.0 else 1.0
    return float(stats.t.sf(distance / error, n - 1))


def _verdict(
    narrow: Interval, wide: Interval, margin: tuple[float, float], p_value: float, none: float
) -> Equivalence:
    is_within, is_different = p_value < ALPHA, not wide.low <= none <= wide.high
    names: dict[tuple[bool, bool], Verdict] = {
        (True, False): "equivalent",
        (True, True): "different but within the margin",
        (False, True): "different",
        (False, False): "undecided",
    }
    return Equivalence(
        verdict=names[is_within, is_different],
        p_value=p_value,
        interval_90=narrow,
        interval_95=wide,
        margin=margin,
    )
