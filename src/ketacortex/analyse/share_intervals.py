"""Intervals of shares and of correlations, from their own sampling distributions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ketacortex.analyse.statistics import CONFIDENCE

MIN_PAIRS = 6
"""Below, the variance 1 / (n - 3) of atanh(r) is wrong by more than a tenth."""


def wilson_interval(
    n_hits: ArrayLike, n: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % interval of shares, which covers 95 % on average over shares.

    Parameters
    ----------
    n_hits : (...,) how many of `n` are
    n : (...,) independent trials; units of one animal are not, if animals differ

    Returns
    -------
    low, high : (...,) NaN where `n` is 0 or something is NaN

    Notes
    -----
    ``(p + z^2/2n -+ z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n)``. Coverage rises and falls with
    the share, down to 84 % where n times the share is below 1; `clopper_pearson_interval` is
    never below 95 %.

    References
    ----------
    Wilson (1927) 10.1080/01621459.1927.10502953

    Examples
    --------
    >>> low, high = wilson_interval([0, 5], 10)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.237], [0.278, 0.763])
    """
    hits, number = np.broadcast_arrays(np.asarray(n_hits, float), np.asarray(n, float))
    z = stats.norm.ppf(0.5 + CONFIDENCE / 2.0)
    is_valid = (number > 0.0) & (hits >= 0.0) & (hits <= number)
    safe = np.where(is_valid, number, 1.0)
    share = np.where(is_valid, hits / safe, np.nan)
    middle = share + z**2 / (2.0 * safe)
    half = z * np.sqrt(share * (1.0 - share) / safe + z**2 / (4.0 * safe**2))
    # Rounding would leave ends a hair outside.
    low = np.clip((middle - half) / (1.0 + z**2 / safe), 0.0, 1.0)
    return low, np.clip((middle + half) / (1.0 + z**2 / safe), 0.0, 1.0)


def clopper_pearson_interval(
    n_hits: ArrayLike, n: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Interval of shares that covers at least 95 % whatever the share, by exact tests.

    Parameters and Returns are those of `wilson_interval`.

    References
    ----------
    Clopper and Pearson (1934) 10.1093/biomet/26.4.404

    Examples
    --------
    >>> low, high = clopper_pearson_interval([0, 5], 10)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.187], [0.308, 0.813])
    """
    hits, number = np.broadcast_arrays(np.asarray(n_hits, float), np.asarray(n, float))
    is_valid = (number > 0.0) & (hits >= 0.0) & (hits <= number)
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.full((2, *hits.shape), np.nan)
    low[is_valid], high[is_valid] = 0.0, 1.0
    has_low, has_high = is_valid & (hits > 0.0), is_valid & (hits < number)
    k, m = hits[has_low], number[has_low]
    low[has_low] = stats.beta.ppf(tail, k, m - k + 1.0)
    k, m = hits[has_high], number[has_high]
    high[has_high] = stats.beta.ppf(1.0 - tail, k + 1.0, m - k)
    return low, high


def correlation_interval(
    correlation: ArrayLike, n: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % interval of Pearson correlations of pairs that are jointly normal.

    Parameters
    ----------
    correlation : (...,) Pearson's r
    n : (...,) independent pairs behind each, at least 6

    Returns
    -------
    low, high : (...,) NaN with fewer than 6 pairs, and where |r| is 1

    Notes
    -----
    ``tanh(atanh(r) -+ z / sqrt(n - 3))``; too narrow for heavy tails.

    References
    ----------
    Fisher (1915) 10.1093/biomet/10.4.507

    Examples
    --------
    >>> low, high = correlation_interval(0.5, 28)
    >>> round(float(low), 3), round(float(high), 3)
    (0.156, 0.736)
    """
    r, number = np.broadcast_arrays(np.asarray(correlation, float), np.asarray(n, float))
    is_valid = (number >= MIN_PAIRS) & (np.abs(r) < 1.0)
    middle = np.arctanh(np.where(is_valid, r, np.nan))
    half = stats.norm.ppf(0.5 + CONFIDENCE / 2.0) / np.sqrt(np.where(is_valid, number, 4.0) - 3.0)
    return np.tanh(middle - half), np.tanh(middle + half)
