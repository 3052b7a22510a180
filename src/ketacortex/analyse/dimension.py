"""In how many directions a population varies, with noise and with the stimulus.

The participation ratio of a covariance is 1 when all units go up and down together and the
number of units when they vary alike and alone. With few trials the ratio of the sample covariance
is far too low (it cannot exceed the number of trials), so every trace is estimated without bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.repeats import (
    jackknife_bounds,
    repeat_of_trials,
    shuffled_within_condition,
)
from ketacortex.analyse.statistics import NotComputed

MIN_TRIALS = 4
"""Trials of a condition: the unbiased trace of a squared covariance needs four."""
MIN_TRIALS_FOR_INTERVAL = 8
"""Trials of the rarest condition from which the jackknife covers."""
MIN_SIGNAL = 4.0
"""Variance of the condition means, in standard deviations of what error alone makes of it, that a
dimension of the signal needs: with less it is a ratio of two errors."""
N_SHUFFLES = 199
N_HALVINGS = 16
"""Random halvings of the trials that the dimension of the signal is averaged over."""


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """Participation ratio of a population, with its interval and that of shuffled trials.

    Parameters
    ----------
    participation_ratio : directions, at least 1 but for error
    low, high : its interval of 95 % over trials; NaN with fewer than 8 trials of a condition
    shuffled : mean over shuffles of the same in trials shuffled unit by unit
    p_value : probability of so low a ratio in units that share nothing from trial to trial
    n_units : units that varied
    n_trials : trials used
    """

    participation_ratio: float
    low: float
    high: float
    shuffled: float
    p_value: float
    n_units: int
    n_trials: int


def noise_dimension(
    counts: NDArray[np.float64],
    condition: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    n_shuffles: int = N_SHUFFLES,
) -> Dimension | NotComputed:
    """Participation ratio of what units do from trial to trial around their condition means.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    condition : (n_trial,)
        Conditions with fewer than 4 trials are left out.
    rng : Generator of the shuffles
    n_shuffles : shuffled data sets of the null

    Returns
    -------
    Dimension or NotComputed
        Not computed with fewer than 2 units that vary, no condition of 4 trials, or covariances
        too small against their error to be squared.

    Notes
    -----
    ``(tr C)^2 / tr C^2``, C the mean covariance over conditions. Between two conditions
    ``tr(S_c S_d)`` and ``tr S_c tr S_d`` of the sample covariances S have no bias; within one of
    n trials, whatever the distribution of counts, with ``Q = sum |x_i - mean|^4 / (n - 1)``::

        tr C^2   = k ((n - 1) (n - 2) tr S^2 + (tr S)^2 - n Q)
        (tr C)^2 = k (2 tr S^2 + (n^2 - 3 n + 1) (tr S)^2 - n Q),  k = (n - 1) / (n (n - 2) (n - 3))

    References
    ----------
    Himeno and Yamada (2014), J. Multivariate Analysis 130, for the traces; Gao and Ganguli (2015)
    10.1016/j.conb.2015.04.003, for the ratio.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> alike = np.tile(rng.poisson(9.0, 40).astype(float), (20, 1))
    >>> found = noise_dimension(alike, np.repeat([0, 1, 2, 3], 10), rng, n_shuffles=19)
    >>> round(found.participation_ratio, 6), found.shuffled > 10.0, found.p_value
    (1.0, True, 0.05)
    """
    kept = _with_enough_trials(counts, condition)
    if isinstance(kept, NotComputed):
        return kept
    counts, condition = kept
    observed = _noise_ratio(counts, condition)
    if not np.isfinite(observed):
        return NotComputed("the covariance of counts does not stand out of its error.")
    shuffled = np.array(
        [
            _noise_ratio(shuffled_within_condition(counts, condition, rng), condition)
            for _ in range(n_shuffles)
        ]
    )
    low, high = _bounds(counts, condition, observed)
    measured = shuffled[np.isfinite(shuffled)]
    # A shuffle that could not be measured counts as no lower than what was observed.
    return Dimension(
        participation_ratio=observed,
        low=low,
        high=high,
        shuffled=float(measured.mean()) if len(measured) else float("nan"),
        p_value=float((1 + np.sum(measured <= observed)) / (1 + n_shuffles)),
        n_units=len(counts),
        n_trials=len(condition),
    )


def signal_participation_ratio(
    counts: NDArray[np.float64], condition: NDArray[np.int64], rng: np.random.Generator
) -> float:
    """Participation ratio of the condition means, what trials add to them removed.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    condition : (n_trial,)
        Conditions with fewer than 4 trials are left out; at least 3 must remain.
    rng : Generator of the halvings

    Returns
    -------
    directions, at most one fewer than conditions; NaN where the means do not differ beyond error

    Notes
    -----
    With G_1 and G_2 the products of condition means, centred, of two halves of the trials, each
    with the variance of a mean taken off its diagonal: ``tr G_1 tr G_2 / tr(G_1 G_2)``. Numerator
    and denominator have no bias and are averaged over 16 halvings.

    Examples
    --------
    >>> ramp = np.outer([1.0, 2.0, 3.0], np.repeat([5.0, 10.0, 20.0], 4))
    >>> one = signal_participation_ratio(ramp, np.repeat([0, 1, 2], 4), np.random.default_rng(0))
    >>> round(one, 6)
    1.0
    """
    kept = _with_enough_trials(counts, condition)
    if isinstance(kept, NotComputed):
        return float("nan")
    counts, condition = kept
    _, which, n_trials = np.unique(condition, return_inverse=True, return_counts=True)
    if len(n_trials) < 3 or not _means_differ(counts, which, n_trials):
        return float("nan")
    squared_trace = trace_of_square = 0.0
    for _ in range(N_HALVINGS):
        order = np.lexsort((rng.random(len(which)), which))
        rank = np.empty(len(which), np.int64)
        rank[order] = np.arange(len(which)) - np.repeat(np.cumsum(n_trials) - n_trials, n_trials)
        is_first = rank < n_trials[which] // 2
        first = _products_of_means(counts[:, is_first], which[is_first], len(n_trials))
        second = _products_of_means(counts[:, ~is_first], which[~is_first], len(n_trials))
        squared_trace += np.trace(first) * np.trace(second)
        trace_of_square += np.sum(first * second)
    return float(_ratio(squared_trace, trace_of_square))


def _with_enough_trials(
    counts: NDArray[np.float64], condition: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]] | NotComputed:
    _, which, n_trials = np.unique(condition, return_inverse=True, return_counts=True)
    is_used = n_trials[which] >= MIN_TRIALS
    if not is_used.any():
        return NotComputed(f"no condition has {MIN_TRIALS} trials.")
    counts = counts[:, is_used]
    counts = counts[np.isfinite(counts).all(axis=1)]
    counts = counts[np.ptp(counts, axis=1) > 0]
    if len(counts) < 2:
        return NotComputed(f"{len(counts)} units vary; a dimension needs 2.")
    return counts, condition[is_used]


def _bounds(
    counts: NDArray[np.float64], condition: NDArray[np.int64], observed: float
) -> tuple[float, float]:
    repeat, n_repeats = repeat_of_trials(condition)
    if n_repeats < MIN_TRIALS_FOR_INTERVAL:
        return float("nan"), float("nan")
    without = np.array(
        [_noise_ratio(counts[:, repeat != r], condition[repeat != r]) for r in range(n_repeats)]
    )
    # On the square: a ratio that came out high is also the less certain, and on this scale planted
    # ratios were missed as often on either side.
    low, high = jackknife_bounds(np.array(observed**2), without**2)
    return float(np.sqrt(np.maximum(low, 1.0))), float(np.sqrt(high))


def _noise_ratio(counts: NDArray[np.float64], condition: NDArray[np.int64]) -> float:
    return _ratio(*_noise_traces(counts, condition))


def _noise_traces(counts: NDArray[np.float64], condition: NDArray[np.int64]) -> tuple[float, float]:
    """(tr C)^2 and tr C^2 of the sum of the covariances of the conditions, without bias."""
    _, which, n_trials = np.unique(condition, return_inverse=True, return_counts=True)
    member = (which[:, None] == np.arange(len(n_trials))).astype(float)
    deviation = counts - (counts @ member / n_trials)[:, which]
    # Traces of products of covariances are sums of squared products of trials.
    product = deviation.T @ deviation
    degrees = n_trials - 1.0
    square = (member.T @ product**2 @ member) / np.outer(degrees, degrees)
    trace = (np.diag(product) @ member) / degrees
    fourth = (np.diag(product) ** 2 @ member) / degrees
    n = n_trials.astype(float)
    scale = (n - 1) / (n * (n - 2) * (n - 3))
    within, own = np.diag(square), trace**2
    trace_of_square = square.sum() - within.sum()
    trace_of_square += (scale * ((n - 1) * (n - 2) * within + own - n * fourth)).sum()
    squared_trace = trace.sum() ** 2 - own.sum()
    squared_trace += (scale * (2 * within + (n**2 - 3 * n + 1) * own - n * fourth)).sum()
    return float(squared_trace), float(trace_of_square)


def _products_of_means(
    counts: NDArray[np.float64], which: NDArray[np.intp], n_conditions: int
) -> NDArray[np.float64]:
    member = (which[:, None] == np.arange(n_conditions)).astype(float)
    n_trials = member.sum(axis=0)
    mean = counts @ member / n_trials
    squares = ((counts - mean[:, which]) ** 2).sum(axis=0) @ member
    product = mean.T @ mean - np.diag(squares / (n_trials - 1) / n_trials)
    centre = np.eye(n_conditions) - 1.0 / n_conditions
    return centre @ product @ centre


def _means_differ(
    counts: NDArray[np.float64], which: NDArray[np.intp], n_trials: NDArray[np.intp]
) -> bool:
    """Whether the variance of the means stands out of what it would be without any stimulus."""
    n_conditions = len(n_trials)
    between = np.trace(_products_of_means(counts, which, n_conditions)) / (n_conditions - 1)
    noise = max(_noise_traces(counts, which)[1], 0.0) / n_conditions**2
    error = np.mean(1.0 / n_trials) * np.sqrt(2.0 * noise / (n_conditions - 1))
    return bool(between > MIN_SIGNAL * error)


def _ratio(squared_trace: float, trace_of_square: float) -> float:
    if squared_trace <= 0 or trace_of_square <= 0:
        return float("nan")
    return float(squared_trace / trace_of_square)
