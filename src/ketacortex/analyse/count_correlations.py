"""Correlations of spike counts: of single pairs with intervals, and of pairs alike in something.

Pairs of one animal share trials and units, so a mean over pairs has the interval of the trials:
some repeats of each stimulus are left out at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from ketacortex.analyse.one_animal import FEWEST_GROUPS, deal
from ketacortex.analyse.statistics import CONFIDENCE, Interval, interval_of_difference
from ketacortex.analyse.variability import (
    MIN_MEAN_COUNT,
    count_statistics,
    noise_correlations,
)
from ketacortex.recording.recording import Recording
from ketacortex.units import orientation_distance_deg

MIN_FREEDOM = 20
"""Trials beyond conditions that a single pair needs."""
N_GROUPS = 10
TUNING_EDGES_DEG = np.array([0.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0])
DISTANCE_EDGES_UM = np.array([0.0, 100.0, 200.0, 300.0, 400.0, 600.0, 800.0, 1200.0])
MIN_PAIRS = 5
BIN_COLUMNS = ["low", "high", "correlation", "ci_low", "ci_high", "n_pairs", "unit"]


@dataclass(frozen=True, kw_only=True)
class PairCorrelations:
    """Noise correlation of every pair, NaN on the diagonal and where it is not promised.

    Parameters
    ----------
    correlation, low, high, p_value : (n_unit, n_unit)
    """

    correlation: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    p_value: NDArray[np.float64]


def pair_correlations(
    counts: NDArray[np.float64], condition: NDArray[np.int64]
) -> PairCorrelations:
    """Noise correlation of every pair with its 95 % interval and the probability of none.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    condition : (n_trial,)

    Returns
    -------
    PairCorrelations
        Intervals need 20 trials beyond the number of conditions, and a mean count above 0.5 in
        both units.

    Notes
    -----
    ``atanh r`` has the standard error ``1 / sqrt(N - C - 2)`` after N trials in C conditions, each
    with a mean of its own; r itself is tested with N - C - 1 degrees of freedom.

    References
    ----------
    Fisher (1921); Cohen and Kohn (2011) 10.1038/nn.2842
    """
    correlation = noise_correlations(counts, condition)
    _, n_trials = np.unique(condition, return_counts=True)
    used = n_trials[n_trials >= 3]
    freedom = int(used.sum()) - len(used)
    has_counts = (
        counts.mean(axis=1) > MIN_MEAN_COUNT if counts.shape[1] else np.zeros(len(counts), bool)
    )
    is_known = np.isfinite(correlation) & has_counts[:, None] & has_counts
    is_known &= freedom >= MIN_FREEDOM
    r = np.where(is_known, np.clip(correlation, -1 + 1e-12, 1 - 1e-12), 0.0)
    half = stats.norm.ppf(0.5 + CONFIDENCE / 2.0) / np.sqrt(max(freedom - 2, 1))
    statistic = r * np.sqrt(max(freedom - 1, 1) / (1.0 - r**2))
    p_value = 2.0 * stats.t.sf(np.abs(statistic), max(freedom - 1, 1))
    nothing = np.where(is_known, 0.0, np.nan)
    return PairCorrelations(
        correlation=correlation,
        low=np.tanh(np.arctanh(r) - half) + nothing,
        high=np.tanh(np.arctanh(r) + half) + nothing,
        p_value=p_value + nothing,
    )


def signal_correlations(
    counts: NDArray[np.float64], condition: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Correlation of the tuning of every two units, without what noise adds or takes away.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    condition : (n_trial,)
        At least 2 trials each.

    Returns
    -------
    (n_unit, n_unit)
        NaN on the diagonal, and for units whose means vary no more than their noise explains. It
        may lie a little outside [-1, 1].

    Notes
    -----
    The covariance of condition means holds the noise covariance over the number of trials, by which
    shared noise passes for shared tuning, and variances hold the noise variance. Both are
    subtracted, which is the mean over all ways to take the two means from different trials.
    """
    numbers, which, n_trials = np.unique(condition, return_inverse=True, return_counts=True)
    n_units = len(counts)
    if len(numbers) < 3 or n_trials.min() < 2:
        return np.full((n_units, n_units), np.nan)
    mean = count_statistics(counts, condition).mean
    centred = mean - mean.mean(axis=1, keepdims=True)
    covariance = centred @ centred.T / (len(numbers) - 1)
    residual = (counts - mean[:, which]) / np.sqrt(n_trials * (n_trials - 1))[which]
    covariance -= residual @ residual.T / len(numbers)
    variance = np.diag(covariance).copy()
    variance = np.where(variance > 0, variance, np.nan)
    correlation = covariance / np.sqrt(np.outer(variance, variance))
    np.fill_diagonal(correlation, np.nan)
    return correlation


def correlations_in_bins(
    counts: NDArray[np.float64],
    condition: NDArray[np.int64],
    apart: NDArray[np.float64],
    edges: NDArray[np.float64],
    unit: str,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Mean noise correlation of pairs by how far apart they are, with intervals over trials.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    condition : (n_trial,)
    apart : (n_unit, n_unit) in `unit`, symmetric; NaN for pairs that are left out
    edges : (n_bin + 1,) ascending; the last bin holds its upper edge
    unit : of `apart`
    rng : Generator that deals the trials

    Returns
    -------
    DataFrame
        `low, high, correlation, ci_low, ci_high, n_pairs, unit`, bins with fewer than 5 pairs left
        out; the interval is NaN with fewer than 3 repeats.
    """
    mean, n_pairs = _binned(noise_correlations(counts, condition), apart, edges)
    _, repeats = np.unique(condition, return_counts=True)
    n_groups = int(min(np.median(repeats), N_GROUPS)) if len(repeats) else 0
    group = deal(condition, max(n_groups, 1), rng)
    without = np.empty((n_groups, len(mean)))
    for number in range(n_groups):
        kept = group != number
        correlation = noise_correlations(counts[:, kept], condition[kept])
        without[number], _ = _binned(correlation, apart, edges)
    rows = []
    for k in np.flatnonzero(n_pairs >= MIN_PAIRS):
        found = jackknife_interval(float(mean[k]), without[:, k])
        rows.append([edges[k], edges[k + 1], found.mean, found.low, found.high, n_pairs[k], unit])
    return pd.DataFrame(rows, columns=BIN_COLUMNS)


def mean_correlation(
    counts: NDArray[np.float64], condition: NDArray[np.int64], rng: np.random.Generator
) -> Interval:
    """Mean noise correlation over the pairs of an animal, with its interval over trials.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    condition : (n_trial,)
    rng : Generator that deals the trials

    Returns
    -------
    Interval
        NaN with fewer than 3 repeats.
    """
    everything = np.zeros((len(counts), len(counts)))
    table = correlations_in_bins(counts, condition, everything, np.array([0.0, 1.0]), "1", rng)
    if not len(table):
        return _no_interval()
    row = table.iloc[0]
    return Interval(
        mean=float(row["correlation"]),
        low=float(row["ci_low"]),
        high=float(row["ci_high"]),
        n=int(row["n_pairs"]),
    )


def jackknife_interval(value: float, without: NDArray[np.float64]) -> Interval:
    """Interval of a value from its values without each group of trials, freed of its bias.

    A correlation of few counts is too near 0; what leaving out a group adds to that tells how much
    (Quenouille 1956, 10.1093/biomet/43.3-4.353). With fewer than 3 groups there is only the value.
    """
    n_groups = len(without)
    if n_groups < FEWEST_GROUPS or not np.isfinite(without).all() or not np.isfinite(value):
        return Interval(mean=value, low=float("nan"), high=float("nan"), n=n_groups)
    unbiased = n_groups * value - (n_groups - 1) * float(without.mean())
    variance = float((n_groups - 1) * np.var(without))
    return interval_of_difference(unbiased, [variance], [n_groups - 1])


def _no_interval() -> Interval:
    return Interval(mean=float("nan"), low=float("nan"), high=float("nan"), n=0)


def correlation_by_window(
    recording: Recording,
    onset_s: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    condition: NDArray[np.int64],
    windows_s: NDArray[np.float64],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Mean noise correlation of all pairs by the length of the counting window from onset.

    Parameters
    ----------
    recording : Recording
    onset_s, duration_s : (n_trial,) s
    condition : (n_trial,)
    windows_s : (n_window,) s, those longer than a trial left out
    rng : Generator that deals the trials

    Returns
    -------
    DataFrame
        `window_s, correlation, ci_low, ci_high, n_pairs`
    """
    rows = []
    for window_s in windows_s[windows_s <= duration_s.min(initial=np.inf) + 1e-9]:
        counts = recording.spike_counts(onset_s, onset_s + window_s).astype(float)
        found = mean_correlation(counts, condition, rng)
        rows.append([window_s, found.mean, found.low, found.high, found.n])
    return pd.DataFrame(rows, columns=["window_s", "correlation", "ci_low", "ci_high", "n_pairs"])


def tuning_difference_deg(preferred_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of the preferred orientations of every two units, (n_unit, n_unit) deg."""
    return orientation_distance_deg(preferred_deg[:, None], preferred_deg)


def distance_um(recording: Recording) -> NDArray[np.float64]:
    """Distance along the cortex of every two units, (n_unit, n_unit) um; NaN without positions."""
    if not {"x_um", "y_um"} <= set(recording.units):
        return np.full((recording.n_units, recording.n_units), np.nan)
    x_um, y_um = (recording.units[name].to_numpy(float) for name in ("x_um", "y_um"))
    return np.hypot(x_um[:, None] - x_um, y_um[:, None] - y_um)


def _binned(
    correlation: NDArray[np.float64], apart: NDArray[np.float64], edges: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Mean correlation and number of the distinct pairs of each bin, (n_bin,)."""
    above = np.triu_indices(len(correlation), 1)
    r, x = correlation[above], apart[above]
    is_known = np.isfinite(r) & np.isfinite(x) & (x >= edges[0]) & (x <= edges[-1])
    place = np.minimum(np.searchsorted(edges, x[is_known], side="right") - 1, len(edges) - 2)
    n_pairs = np.bincount(place, minlength=len(edges) - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(place, r[is_known], len(edges) - 1) / n_pairs
    return mean, n_pairs
