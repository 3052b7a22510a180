"""Variability of spike counts from trial to trial, alone and shared, and of intervals.

Everything is measured within a condition (the whole stimulus), so that what the stimulus does is
never taken for variability.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.recording.recording import Recording

MIN_MEAN_COUNT = 0.5
"""Spikes a trial, exceeded by a unit (or unit and condition) whose variability is measured."""
MIN_INTERVALS = 10
"""Intervals within one condition that a coefficient of variation needs."""
BINS_PER_DOUBLING = 4
"""Width of the bins of mean count in which two epochs are matched, as steps per factor of 2."""


@dataclass(frozen=True, kw_only=True)
class CountStatistics:
    """Mean and variance of the spike count of every unit in every condition.

    Parameters
    ----------
    mean : (n_unit, n_condition) spikes
    variance : (n_unit, n_condition) spikes^2, ddof 1, NaN with a single trial
    condition : (n_condition,) numbers of the conditions
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    condition: NDArray[np.int64]

    @property
    def fano_factor(self) -> NDArray[np.float64]:
        """Variance over mean, (n_unit, n_condition); NaN where the mean is not above 0.5."""
        is_valid = (self.mean > MIN_MEAN_COUNT) & np.isfinite(self.variance)
        return np.divide(
            self.variance, self.mean, out=np.full_like(self.mean, np.nan), where=is_valid
        )

    def restricted_to(self, condition: NDArray[np.int64]) -> CountStatistics:
        """The same for some of the conditions, in the order given."""
        place = np.searchsorted(self.condition, condition)
        return CountStatistics(
            mean=self.mean[:, place], variance=self.variance[:, place], condition=condition
        )


def count_statistics(counts: NDArray[np.float64], condition: NDArray[np.int64]) -> CountStatistics:
    """Mean and variance of the counts of every unit in every condition.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
        Windows of one length: a spread of durations would pass for variability.
    condition : (n_trial,)
    """
    numbers, which = np.unique(condition, return_inverse=True)
    member = (which[:, None] == np.arange(len(numbers))).astype(float)
    n_trials = member.sum(axis=0)
    mean = counts @ member / n_trials
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = (counts - mean[:, which]) ** 2 @ member / (n_trials - 1)
    return CountStatistics(mean=mean, variance=variance, condition=numbers)


def fano_factor(counts: NDArray[np.float64], condition: NDArray[np.int64]) -> NDArray[np.float64]:
    """Fano factor of each unit: mean over its conditions of variance over mean.

    Conditions with a mean count of 0.5 or less are left out, because the ratio of two small
    numbers says little; a unit without any other is NaN. With few trials the ratio is a little
    low where counts are skewed: 2 % at a Fano factor of 3 and 20 trials, nothing at 1.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    condition : (n_trial,)

    Returns
    -------
    (n_unit,)

    Examples
    --------
    >>> fano_factor(np.array([[1.0, 3.0, 2.0, 2.0], [0, 0, 0, 1]]), np.array([0, 0, 1, 1])).tolist()
    [0.5, nan]
    """
    return mean_of_finite(count_statistics(counts, condition).fano_factor)


def mean_of_finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean along the last axis of what is finite; NaN where nothing is.

    >>> mean_of_finite(np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]])).tolist()
    [2.0, nan]
    """
    is_finite = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.where(is_finite, values, 0.0).sum(axis=-1) / is_finite.sum(axis=-1)


def rate_matched_fano_factor(
    before: CountStatistics, after: CountStatistics
) -> tuple[float, float, int]:
    """Fano factors of two epochs over the same distribution of mean counts.

    Pairs of unit and condition are put into bins of mean count (a quarter of a doubling wide).
    In each bin the larger epoch would be thinned at random to the size of the smaller; what is
    returned is the expectation over all such thinnings, so nothing is random.

    Parameters
    ----------
    before, after : CountStatistics

    Returns
    -------
    before, after : float, NaN where the two epochs share no bin
    n_matched : pairs of unit and condition in the common distribution

    Notes
    -----
    ``F_e = sum_b min(n_1b, n_2b) <F>_eb / sum_b min(n_1b, n_2b)``

    References
    ----------
    Churchland et al. (2010) 10.1038/nn.2501
    """
    number, factor, epoch = [], [], []
    for which, statistics in enumerate((before, after)):
        fano = statistics.fano_factor
        is_valid = np.isfinite(fano)
        number.append(np.floor(np.log2(statistics.mean[is_valid]) * BINS_PER_DOUBLING))
        factor.append(fano[is_valid])
        epoch.append(np.full(is_valid.sum(), which))
    bins, which_bin = np.unique(np.concatenate(number), return_inverse=True)
    cell = np.concatenate(epoch) * len(bins) + which_bin
    n_pairs = np.bincount(cell, minlength=2 * len(bins)).reshape(2, -1)
    total = np.bincount(cell, np.concatenate(factor), 2 * len(bins)).reshape(2, -1)
    common = n_pairs.min(axis=0)
    if not common.any():
        return float("nan"), float("nan"), 0
    shared = common > 0
    matched = (common * total / np.maximum(n_pairs, 1))[:, shared].sum(axis=1) / common.sum()
    return float(matched[0]), float(matched[1]), int(common.sum())


def noise_correlations(
    counts: NDArray[np.float64], condition: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Correlation of the counts of every two units around what the stimulus sets.

    Counts are z-scored within each condition and correlated over all trials. Conditions with
    fewer than 3 trials, and for a pair those in which one of the two never varies, drop out.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    condition : (n_trial,)

    Returns
    -------
    (n_unit, n_unit) in [-1, 1]
        NaN on the diagonal and for pairs without a usable condition.

    References
    ----------
    Cohen and Kohn (2011) 10.1038/nn.2842; Ecker et al. (2010) 10.1126/science.1179867
    """
    _, which, n_trials = np.unique(condition, return_inverse=True, return_counts=True)
    keep = n_trials[which] >= 3
    counts, which = counts[:, keep], which[keep]
    if not keep.any():
        return np.full((len(counts), len(counts)), np.nan)
    statistics = count_statistics(counts, which)
    which = np.searchsorted(statistics.condition, which)
    deviation = counts - statistics.mean[:, which]
    varies = (statistics.variance > 0)[:, which]
    z = np.divide(
        deviation,
        np.sqrt(statistics.variance)[:, which],
        out=np.zeros_like(deviation),
        where=varies,
    )
    # The sum of squares of one unit over the conditions in which the other varies.
    shared = (z**2) @ varies.T.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = z @ z.T / np.sqrt(shared * shared.T)
    np.fill_diagonal(correlation, np.nan)
    return correlation


def mean_over_pairs(correlation: NDArray[np.float64], is_member: NDArray[np.bool_]) -> float:
    """Mean correlation over the distinct pairs of the chosen units; NaN without any.

    >>> c = np.array([[np.nan, 0.1, 0.5], [0.1, np.nan, 0.3], [0.5, 0.3, np.nan]])
    >>> round(mean_over_pairs(c, np.array([True, True, False])), 3)
    0.1
    """
    members = correlation[np.ix_(is_member, is_member)]
    finite = members[np.isfinite(members)]
    return float(finite.mean()) if len(finite) else float("nan")


def isi_cv(
    recording: Recording,
    onset_s: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    condition: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Coefficient of variation of the intervals between spikes within trials, unit by unit.

    It is computed within each condition that gives a unit at least 10 intervals and then
    averaged over those conditions, so that firing faster at one orientation than at another
    does not add to it. Intervals longer than a trial cannot be seen: with few spikes a trial
    the value is low for that reason alone.

    Parameters
    ----------
    recording : Recording
    onset_s, duration_s : (n_trial,) s
        Trials that do not overlap.
    condition : (n_trial,)

    Returns
    -------
    (n_unit,) NaN where no condition has enough intervals
    """
    order = np.argsort(onset_s)
    # Half a sample earlier, as in `Recording.spike_counts`.
    rate_hz = recording.sample_rate_hz
    onset = np.ceil(onset_s[order] * rate_hz - 0.5)
    offset = np.ceil((onset_s + duration_s)[order] * rate_hz - 0.5)
    numbers, which = np.unique(condition[order], return_inverse=True)
    samples = recording.spike_samples
    unit = np.repeat(np.arange(recording.n_units), np.diff(recording.spike_index))
    trial = np.searchsorted(onset, samples, side="right") - 1
    inside = (trial >= 0) & (samples < offset[trial])
    samples, unit, trial = samples[inside], unit[inside], trial[inside]
    is_interval = (np.diff(unit) == 0) & (np.diff(trial) == 0)
    interval_s = np.diff(samples)[is_interval] / rate_hz
    cell = unit[1:][is_interval] * len(numbers) + which[trial[1:][is_interval]]
    return mean_of_finite(
        _cv_by_cell(interval_s, cell, recording.n_units * len(numbers)).reshape(
            recording.n_units, len(numbers)
        )
    )


def _cv_by_cell(
    interval_s: NDArray[np.float64], cell: NDArray[np.int64], n_cells: int
) -> NDArray[np.float64]:
    n_intervals = np.bincount(cell, minlength=n_cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(cell, interval_s, n_cells) / n_intervals
        squares = np.bincount(cell, (interval_s - mean[cell]) ** 2, n_cells)
        cv = np.sqrt(squares / (n_intervals - 1)) / mean
    return np.where(n_intervals >= MIN_INTERVALS, cv, np.nan)
