"""Whether a unit answers the stimulus at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ketacortex.analyse.responses import EpochResponses

MIN_SPIKES = 20
"""Spikes of a unit in both kinds of window together from which the tests hold their size."""
MIN_SPIKES_IN_BLANKS = 12.0
"""Spikes expected in the blanks from a unit that does not answer: the mean of fewer is skewed."""
MIN_BLANKS = 8
"""Blank trials: fewer do not tell their own variance."""
MIN_PAIRS = 12
"""Trials beyond the number of conditions, where each is compared with the time before it."""


def p_value_against_blanks(responses: EpochResponses) -> NDArray[np.float64]:
    """Probability of so large a difference between stimulus and blank without an answer.

    Two-sided: a unit that is suppressed answers too. The mean over all stimuli is tested, so a
    unit that answers to one orientation in twelve needs a strong answer, or `tuning_p_value`.

    Parameters
    ----------
    responses : EpochResponses

    Returns
    -------
    (n_unit,) NaN with fewer than 20 spikes, fewer than 12 expected in the blanks, fewer than 8
    blanks, or a single trial in every condition

    Notes
    -----
    Mean rate over conditions less that of blanks, over its standard error, with the degrees of
    freedom of Satterthwaite: nothing is assumed about the variance of counts in either.

    References
    ----------
    Welch (1947) 10.1093/biomet/34.1-2.28
    """
    numbers, n_trials = np.unique(responses.condition, return_counts=True)
    numbers, n_units = numbers[n_trials >= 2], len(responses.counts)
    if responses.blank_counts.shape[1] < MIN_BLANKS or not len(numbers):
        return np.full(n_units, np.nan)
    blank_hz = responses.blank_counts / responses.blank_duration_s
    n_blanks = blank_hz.shape[1]
    difference_hz = -blank_hz.mean(axis=1)
    variance = blank_hz.var(axis=1, ddof=1) / n_blanks
    squares = variance**2 / (n_blanks - 1)
    for number in numbers:
        here = responses.condition == number
        rate_hz = responses.counts[:, here] / responses.duration_s[here]
        difference_hz += rate_hz.mean(axis=1) / len(numbers)
        part = rate_hz.var(axis=1, ddof=1) / rate_hz.shape[1] / len(numbers) ** 2
        variance += part
        squares += part**2 / (rate_hz.shape[1] - 1)
    spikes = responses.counts.sum(axis=1) + responses.blank_counts.sum(axis=1)
    blank_s, shown_s = responses.blank_duration_s.sum(), responses.duration_s.sum()
    in_blanks = spikes * blank_s / (blank_s + shown_s)
    is_measured = (spikes >= MIN_SPIKES) & (in_blanks >= MIN_SPIKES_IN_BLANKS) & (variance > 0)
    degrees = np.divide(variance**2, squares, out=np.ones(n_units), where=is_measured)
    t = np.divide(difference_hz, np.sqrt(variance), out=np.full(n_units, np.nan), where=is_measured)
    return 2.0 * stats.t.sf(np.abs(t), degrees)


def p_value_against_before(
    counts: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    counts_before: NDArray[np.float64],
    duration_before_s: NDArray[np.float64],
    condition: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Probability of so large a difference from the time before each stimulus without an answer.

    Parameters
    ----------
    counts, counts_before : (n_unit, n_trial) spikes during the stimulus and before it
    duration_s, duration_before_s : (n_trial,) s
    condition : (n_trial,)

    Returns
    -------
    (n_unit,) NaN with fewer than 20 spikes, or fewer than 12 trials more than conditions

    Notes
    -----
    Differences of rates within trials, around the mean of their condition: ``t`` of their mean
    over all trials, with trials less conditions degrees of freedom. What an earlier stimulus
    leaves behind in the time before counts as rest.

    Examples
    --------
    >>> counts, before = np.tile([3.0, 4.0, 5.0], 5), np.tile([1.0, 1.0, 0.0], 5)
    >>> one_s = np.ones(15)
    >>> p_value_against_before(counts[None], one_s, before[None], one_s, one_s)[0] < 0.001
    np.True_
    """
    _, which, n_trials = np.unique(condition, return_inverse=True, return_counts=True)
    n_units, n, degrees = len(counts), len(condition), len(condition) - len(n_trials)
    if degrees < MIN_PAIRS:
        return np.full(n_units, np.nan)
    difference_hz = counts / duration_s - counts_before / duration_before_s
    member = (which[:, None] == np.arange(len(n_trials))).astype(float)
    residual_hz = difference_hz - (difference_hz @ member / n_trials)[:, which]
    error_hz = np.sqrt((residual_hz**2).sum(axis=1) / degrees / n)
    spikes = counts.sum(axis=1) + counts_before.sum(axis=1)
    is_measured = (spikes >= MIN_SPIKES) & (error_hz > 0)
    t = np.divide(
        difference_hz.mean(axis=1), error_hz, out=np.full(n_units, np.nan), where=is_measured
    )
    return 2.0 * stats.t.sf(np.abs(t), degrees)
