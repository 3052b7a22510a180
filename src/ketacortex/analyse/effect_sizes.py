"""Sizes of effects without a unit, each with the interval of its own sampling distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from ketacortex.analyse.statistics import CONFIDENCE, Interval, NotComputed

MIN_FOR_G = 4
"""Values of a sample; the noncentral t interval is exact for normal values at any number."""
MIN_FOR_LOG_RATIO = 6
"""Values of a sample; with 4 skewed ones 91 % are covered."""
MIN_FOR_RANKS = 8
"""Values of a sample: with fewer, a variance of ranks is itself hardly known."""
MIN_PAIRS_FOR_RANKS = 10
"""Of a paired rank-biserial; with 8 pairs it covers 90 %."""
MAX_RANK_BISERIAL = 0.95
"""Samples that overlap less have too few misplaced values to tell an interval from."""
MIN_MEAN_OVER_ERROR = 3.0
"""Of both means of a ratio; below, its logarithm is skewed and its error misjudged."""


def hedges_g_paired(differences: ArrayLike) -> Interval | NotComputed:
    """Mean of paired differences in units of their standard deviation.

    Parameters
    ----------
    differences : (n,) at least 4, one an animal; NaN are left out

    Returns
    -------
    Interval or NotComputed
        The estimate without small-sample bias, and the interval of the true value.

    Notes
    -----
    ``g = J t / sqrt(n)``, ``J = Gamma(df/2) / (sqrt(df/2) Gamma((df - 1)/2))``, df = n - 1. The
    interval has as its ends the effects under which t, which is noncentral, would be at its
    2.5th and 97.5th percentile: exact for normal differences, too narrow for heavy tails.

    References
    ----------
    Hedges (1981) 10.3102/10769986006002107

    Examples
    --------
    >>> found = hedges_g_paired([1.0, 2.0, 3.0, 4.0, 5.0])
    >>> round(found.mean, 3), round(found.low, 3), round(found.high, 3)
    (1.514, 0.333, 3.407)
    """
    value = _finite(differences)
    n = len(value)
    if n < MIN_FOR_G:
        return NotComputed(f"Hedges g needs at least {MIN_FOR_G} values; there are {n}.")
    return _standardised(value.mean(), value.std(ddof=1), np.sqrt(n), n - 1, n)


def hedges_g(first: ArrayLike, second: ArrayLike) -> Interval | NotComputed:
    """Difference of two means, `second - first`, in units of the common standard deviation.

    Parameters
    ----------
    first, second : (n,), (m,) independent values, at least 4 each; NaN are left out

    Returns
    -------
    Interval or NotComputed

    Notes
    -----
    As `hedges_g_paired` with ``t / sqrt(n m / (n + m))`` and n + m - 2 degrees of freedom; holds
    for normal values of equal variance.

    Examples
    --------
    >>> round(hedges_g([1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0, 5.0]).mean, 3)
    0.673
    """
    a, b = _finite(first), _finite(second)
    n, m = len(a), len(b)
    if min(n, m) < MIN_FOR_G:
        return NotComputed(f"Hedges g needs at least {MIN_FOR_G} values; there are {min(n, m)}.")
    freedom = n + m - 2
    spread = np.sqrt(((n - 1) * a.var(ddof=1) + (m - 1) * b.var(ddof=1)) / freedom)
    return _standardised(b.mean() - a.mean(), spread, np.sqrt(n * m / (n + m)), freedom, n + m)


def rank_biserial(first: ArrayLike, second: ArrayLike) -> Interval | NotComputed:
    """P(second > first) - P(second < first) of two independent samples, in [-1, 1].

    Parameters
    ----------
    first, second : (n,), (m,) at least 8 each; NaN are left out

    Returns
    -------
    Interval or NotComputed
        Not computed where the samples overlap too little (|r| above 0.95).

    Notes
    -----
    ``r = 2 U / (n m) - 1`` with ties as one half. The variance is that of placements, each value's
    rank among the other sample, so spread and shape of the samples may differ (Brunner and Munzel
    2000), less what single pairs add to both, which would else count twice. The interval is
    Student's t with Satterthwaite's degrees of freedom on arcsin(r).

    References
    ----------
    Brunner and Munzel (2000) 10.1002/(SICI)1521-4036(200001)42:1<17::AID-BIMJ17>3.0.CO;2-U

    Examples
    --------
    >>> found = rank_biserial(np.arange(10.0), np.arange(10.0) + 2.5)
    >>> round(found.mean, 2), round(found.low, 2), round(found.high, 2)
    (0.44, -0.07, 0.83)
    """
    a, b = _finite(first), _finite(second)
    n, m = len(a), len(b)
    if min(n, m) < MIN_FOR_RANKS:
        few = min(n, m)
        return NotComputed(f"a rank-biserial needs at least {MIN_FOR_RANKS} values; {few} given.")
    order = np.sign(b[:, None] - a[None, :])
    r = float(order.mean())
    of_first, of_second = order.mean(axis=0), order.mean(axis=1)
    parts = of_first.var(ddof=1) / n, of_second.var(ddof=1) / m
    own = order - of_second[:, None] - of_first[None, :] + r
    shared = float((own**2).sum()) / ((n - 1) * (m - 1) * n * m)
    variance = max(sum(parts) - shared, sum(parts) / 2.0)
    if abs(r) > MAX_RANK_BISERIAL or variance == 0.0:
        return NotComputed(f"the samples overlap too little for an interval (r = {r:.2f}).")
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (n - 1) + parts[1] ** 2 / (m - 1))
    return _on_arcsine_scale(r, float(np.sqrt(variance)), freedom, n + m)


def rank_biserial_paired(differences: ArrayLike) -> Interval | NotComputed:
    """Matched-pairs rank-biserial correlation: how far positive ranks outweigh negative ones.

    Parameters
    ----------
    differences : (n,) at least 10, one a pair; NaN are left out

    Returns
    -------
    Interval or NotComputed
        Of ``P(d_1 + d_2 > 0) - P(d_1 + d_2 < 0)`` for two pairs drawn at random.

    Notes
    -----
    The mean sign of ``d_i + d_j`` over i < j, which is ``(W+ - W-) / (W+ + W-)`` of Wilcoxon's
    test without the pairs i = j that make it biased. Its error is that of a U statistic: what each
    value contributes, and what is left to single pairs, which leaving out one value at a time
    would count twice; Student's t with n - 1 degrees of freedom on arcsin(r).

    Examples
    --------
    >>> found = rank_biserial_paired([3.0, -1.0, 2.0, 4.0, -2.5, 1.5, 0.5, 2.2, 0.9, -0.2])
    >>> round(found.mean, 2), found.n
    (0.56, 10)
    """
    value = _finite(differences)
    n = len(value)
    if n < MIN_PAIRS_FOR_RANKS:
        return NotComputed(
            f"a rank-biserial needs at least {MIN_PAIRS_FOR_RANKS} values; {n} given."
        )
    order = np.sign(value[:, None] + value[None, :])
    np.fill_diagonal(order, 0.0)
    own = order.sum(axis=1) / (n - 1)
    r = float(own.mean())
    part = (own - r) * (n - 1) / (n - 2)
    residual = order - r - part[:, None] - part[None, :]
    np.fill_diagonal(residual, 0.0)
    of_pairs = float((residual**2).sum()) / (n * (n - 3))
    jackknife = 4.0 * float(part.var(ddof=1)) / n
    variance = jackknife - of_pairs * (4.0 / (n * (n - 2)) - 2.0 / (n * (n - 1)))
    error = float(np.sqrt(max(variance, jackknife / 2.0)))
    if abs(r) > MAX_RANK_BISERIAL or error == 0.0:
        return NotComputed(f"too few differences of the other sign for an interval (r = {r:.2f}).")
    return _on_arcsine_scale(r, error, n - 1.0, n)


def log_ratio(first: ArrayLike, second: ArrayLike) -> Interval | NotComputed:
    """Logarithm of the ratio of two means, `second / first`, of independent samples.

    Parameters
    ----------
    first, second : (n,), (m,) at least 6 each, with means above 0; NaN are left out

    Returns
    -------
    Interval or NotComputed
        Not computed where a mean is below 3 of its standard errors.

    Notes
    -----
    ``log(mean b / mean a) + (v_b - v_a) / 2`` with ``v = s^2 / (n mean^2)``, whose second term
    takes away the bias of a logarithm; the error is ``sqrt(v_a + v_b)``, with Student's t and
    Satterthwaite's degrees of freedom.

    Examples
    --------
    >>> round(log_ratio([9.0, 10.0, 11.0] * 2, [19.0, 20.0, 21.0] * 2).mean, 2)
    0.69
    """
    a, b = _finite(first), _finite(second)
    n, m = len(a), len(b)
    if min(n, m) < MIN_FOR_LOG_RATIO:
        few = min(n, m)
        return NotComputed(
            f"a ratio of means needs at least {MIN_FOR_LOG_RATIO} values; {few} given."
        )
    errors = [x.std(ddof=1) / np.sqrt(len(x)) for x in (a, b)]
    means = a.mean(), b.mean()
    if any(x <= 0.0 or x < MIN_MEAN_OVER_ERROR * e for x, e in zip(means, errors, strict=True)):
        return NotComputed("a mean is not clearly above 0 (below 3 of its standard errors).")
    v_a, v_b = ((e / x) ** 2 for x, e in zip(means, errors, strict=True))
    value = float(np.log(means[1] / means[0]) + (v_b - v_a) / 2.0)
    variance = v_a + v_b
    if variance == 0.0:
        return Interval(mean=value, low=value, high=value, n=n + m)
    freedom = variance**2 / (v_a**2 / (n - 1) + v_b**2 / (m - 1))
    half = float(stats.t.ppf(0.5 + CONFIDENCE / 2.0, freedom) * np.sqrt(variance))
    return Interval(mean=value, low=value - half, high=value + half, n=n + m)


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    value = np.asarray(values, float).ravel()
    return value[np.isfinite(value)]


def _standardised(
    difference: float, spread: float, root_n: float, freedom: int, n: int
) -> Interval | NotComputed:
    """Hedges g and the interval of the noncentrality that t = difference / spread root_n has."""
    if spread <= 1e-12 * abs(difference) or spread == 0.0:
        return NotComputed("the values do not vary.")
    t = difference / spread * root_n
    log_gammas = special.gammaln(freedom / 2.0) - special.gammaln((freedom - 1) / 2.0)
    unbiased = np.exp(log_gammas) / np.sqrt(freedom / 2.0)
    tail = (1.0 - CONFIDENCE) / 2.0
    low = special.nctdtrinc(freedom, 1.0 - tail, t) / root_n
    high = special.nctdtrinc(freedom, tail, t) / root_n
    return Interval(mean=float(unbiased * t / root_n), low=float(low), high=float(high), n=n)


def _on_arcsine_scale(r: float, error: float, freedom: float, n: int) -> Interval:
    """Interval where the error of r hardly depends on r: its variance is about as 1 - r^2."""
    half = float(stats.t.ppf(0.5 + CONFIDENCE / 2.0, freedom)) * error / np.sqrt(1.0 - r**2)
    ends = np.clip(np.arcsin(r) + np.array([-half, half]), -np.pi / 2.0, np.pi / 2.0)
    low, high = np.sin(ends)
    return Interval(mean=r, low=float(low), high=float(high), n=n)
