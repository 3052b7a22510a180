"""Ratios of two sums over units, or over animals: slopes and weighted means, with intervals.

A slope divides a sum that may be near 0 by another that is itself measured. Its interval is found
by Fieller's inversion, which asks for each candidate value whether `numerator - value *
denominator` has mean 0: that holds also where the denominator is poorly known, and gives no
interval where the denominator may be 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ketacortex.analyse.statistics import CONFIDENCE, NotComputed

MIN_UNITS = 15
"""Of one animal, for a weighted mean."""
MIN_ANIMALS = 3


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with its 95 % interval, and the p value of its being 0.

    Parameters
    ----------
    value, low, high, standard_error : in the unit of the ratio
    p_value : two-sided, of the numerator being 0
    freedom : degrees of freedom of the t distribution
    n : number of replicates, a fraction where units count in part
    label : what the replicates are
    """

    value: float
    low: float
    high: float
    standard_error: float
    p_value: float
    freedom: float
    n: float
    label: str


def ratio_of_sums(
    numerator: NDArray[np.float64],
    denominator: NDArray[np.float64],
    weight: NDArray[np.float64],
    animal: NDArray | None = None,
    *,
    min_units: int = MIN_UNITS,
) -> Estimate | NotComputed:
    """Sum of numerators over sum of denominators, with its interval over the replicates.

    Parameters
    ----------
    numerator, denominator : (n_unit,) contributions, 0 where a unit has none
    weight : (n_unit,) from 0 to 1: how far a unit was measured
        Only says how many units there are.
    animal : (n_unit,), optional
        With two names or more the replicates are animals (at least 3), otherwise units.
    min_units : units that a single animal needs

    Returns
    -------
    Estimate or NotComputed
        Not computed with too few replicates, or where the denominator is not clearly above 0.

    Notes
    -----
    All values v with ``|mean(N - v D)| <= t se(N - v D)``. Over units, whose products are heavy in
    their tails, t has ``2 n / (kurtosis - 1)`` degrees of freedom where that is below n - 1: so
    many has a variance estimated from such values.

    References
    ----------
    Fieller (1954) 10.1111/j.2517-6161.1954.tb00159.x

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> found = ratio_of_sums(rng.normal(2.0, 1.0, 50), rng.normal(4.0, 1.0, 50), np.ones(50))
    >>> round(found.value, 1), found.low < 0.5 < found.high, found.label
    (0.5, True, 'over 50 units of one animal')
    """
    counts = weight > 0.0
    top, bottom, share = numerator[counts], denominator[counts], weight[counts]
    if animal is not None and len(np.unique(animal)) > 1:
        which: NDArray[np.intp] = np.unique(animal[counts], return_inverse=True)[1]
        top, bottom = (np.bincount(which, part).astype(float) for part in (top, bottom))
        n = float(len(top))
        needed, label = MIN_ANIMALS, f"over {n:.0f} animals"
    else:
        n = float(share.sum() ** 2 / (share**2).sum()) if len(share) else 0.0
        needed, label = min_units, f"over {n:.0f} units of one animal"
    if n < needed:
        what = "units" if label.endswith("one animal") else "animals"
        return NotComputed(f"at least {needed} {what} are needed; there are {n:.0f}.")
    return _fieller(top, bottom, n, label, is_over_units=label.endswith("one animal"))


def difference_of(first: Estimate, second: Estimate) -> Estimate:
    """`second - first` of two independent estimates, with Welch's interval and p.

    Estimates from the same animals usually go together, and the interval is then too wide.

    >>> rng = np.random.default_rng(0)
    >>> one, other = (ratio_of_sums(rng.normal(m, 1, 50), *np.ones((2, 50))) for m in (0, 1))
    >>> round(difference_of(one, other).value, 2) == round(other.value - one.value, 2)
    True
    """
    parts = first.standard_error**2, second.standard_error**2
    value, error = second.value - first.value, float(np.sqrt(sum(parts)))
    spread = parts[0] ** 2 / first.freedom + parts[1] ** 2 / second.freedom
    freedom = sum(parts) ** 2 / spread if spread > 0.0 else min(first.freedom, second.freedom)
    half = float(stats.t.ppf(0.5 + CONFIDENCE / 2.0, freedom)) * error
    return Estimate(
        value=value,
        low=value - half,
        high=value + half,
        standard_error=error,
        p_value=_p_of(value, error, freedom),
        freedom=freedom,
        n=min(first.n, second.n),
        label=first.label if first.n <= second.n else second.label,
    )


def _p_of(value: float, error: float, freedom: float) -> float:
    if error == 0.0:
        return 1.0 if value == 0.0 else 0.0
    return float(2.0 * stats.t.sf(abs(value) / error, freedom))


def _freedom_of_variance(values: NDArray[np.float64]) -> float:
    """Degrees of freedom of a variance of values with this kurtosis: 2 n / (kurtosis - 1)."""
    square = (values - values.mean()) ** 2
    spread = float(square.var())
    return 2.0 * len(values) * float(square.mean()) ** 2 / spread if spread > 0.0 else np.inf


def _fieller(
    top: NDArray[np.float64],
    bottom: NDArray[np.float64],
    n: float,
    label: str,
    *,
    is_over_units: bool,
) -> Estimate | NotComputed:
    mean_top, mean_bottom = float(top.mean()), float(bottom.mean())
    freedom = n - 1.0
    if is_over_units and mean_bottom > 0.0:
        freedom = min(freedom, _freedom_of_variance(top - mean_top / mean_bottom * bottom))
    (v_top, shared), (_, v_bottom) = np.cov(top, bottom) / len(top)
    t = float(stats.t.ppf(0.5 + CONFIDENCE / 2.0, freedom))
    g = t**2 * v_bottom / mean_bottom**2 if mean_bottom > 0.0 else np.inf
    if g >= 1.0:
        return NotComputed("what differs between units cannot be told from error.")
    value = mean_top / mean_bottom
    variance = max(v_top - 2.0 * value * shared + value**2 * v_bottom, 0.0)
    # With w(v) the variance of N - v D: (mean N - v mean D)^2 = t^2 w(v), solved for v.
    a = mean_bottom**2 * (1.0 - g)
    b = mean_top * mean_bottom - t**2 * shared
    root = np.sqrt(max(b**2 - a * (mean_top**2 - t**2 * v_top), 0.0))
    return Estimate(
        value=value,
        low=float((b - root) / a),
        high=float((b + root) / a),
        standard_error=float(np.sqrt(variance)) / mean_bottom,
        p_value=_p_of(mean_top, float(np.sqrt(v_top)), freedom),
        freedom=freedom,
        n=n,
        label=label,
    )
