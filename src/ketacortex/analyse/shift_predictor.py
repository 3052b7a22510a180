"""Correlograms that the stimulus alone gives: the same units in other trials of it.

What is locked to the stimulus is the same in every trial of a condition, so the spikes of one unit
in one trial and of the other unit in another trial correlate by it and by nothing else. One shift
of the trials is a noisy estimate of that; here every trial meets every other one. What changes
slowly from trial to trial differs between trials, and stays in the corrected correlogram.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.compiled import compiled

MIN_TRIALS = 2
"""Trials of a condition: a single one has no other."""


@dataclass(frozen=True, kw_only=True)
class ShiftPrediction:
    """Correlograms within trials, and between trials of the same condition.

    Parameters
    ----------
    counts : (n_pair, n_bin) pairs of spikes in the same trial
    predictor : (n_pair, n_bin) mean number over all assignments of other trials
    n_trials : of conditions with another trial; the others are in neither
    """

    counts: NDArray[np.float64]
    predictor: NDArray[np.float64]
    n_trials: int

    @property
    def corrected(self) -> NDArray[np.float64]:
        """Pairs of spikes beyond those that the stimulus gives, (n_pair, n_bin)."""
        return self.counts - self.predictor


def shift_predictor(
    spike_samples: NDArray[np.int64],
    spike_index: NDArray[np.int64],
    spike_trial: NDArray[np.int64],
    condition: NDArray[np.int64],
    pairs: NDArray[np.int64],
    *,
    bin_samples: int,
    n_bins_each_side: int,
) -> ShiftPrediction:
    """Correlograms of pairs of units within trials, and those expected from other trials.

    Parameters
    ----------
    spike_samples : (n_spike,) samples after the onset of the spike's trial
        Spikes of unit 0, then of unit 1 ..., in any order within a unit.
    spike_index : (n_unit + 1,)
        Unit `i` owns `spike_samples[spike_index[i]:spike_index[i + 1]]`.
    spike_trial : (n_spike,) row of `condition`
    condition : (n_trial,)
        Trials of a condition must be of one duration: both correlograms then lack the same pairs
        at the trial's edges.
    pairs : (n_pair, 2) units; of all pairs ``np.column_stack(np.triu_indices(n_unit, 1))``
    bin_samples : samples
    n_bins_each_side : bins to either side of the one centred on lag 0

    Returns
    -------
    ShiftPrediction
        Lag is that of the second unit after the first. A lag between two bins of an even number of
        samples is in the later one.

    Notes
    -----
    With A_i the spikes of the first unit in trial i, B_j those of the second in trial j of the same
    condition with n trials, and C their correlogram::

        predictor = sum_{i != j} C(A_i, B_j) / (n - 1)

    summed over conditions. All ordered pairs of trials are the correlogram of the spikes of all
    trials together less that within trials, so the cost does not grow with the pairs of trials.

    References
    ----------
    Perkel, Gerstein and Moore (1967) 10.1016/S0006-3495(67)86597-4

    Examples
    --------
    >>> found = shift_predictor(
    ...     np.array([5, 5, 5, 7]), np.array([0, 2, 4]), np.array([0, 1, 0, 1]), np.array([0, 0]),
    ...     np.array([[0, 1]]), bin_samples=1, n_bins_each_side=2,
    ... )
    >>> found.counts.tolist(), found.predictor.tolist()
    ([[0.0, 0.0, 1.0, 0.0, 1.0]], [[0.0, 0.0, 1.0, 0.0, 1.0]])
    """
    _, which, n_trials = np.unique(condition, return_inverse=True, return_counts=True)
    is_used = n_trials[which] >= MIN_TRIALS
    unit = np.repeat(np.arange(len(spike_index) - 1), np.diff(spike_index))
    kept = np.flatnonzero(is_used[spike_trial])
    trial = spike_trial[kept]
    stratum = which[trial]
    order = np.lexsort((spike_samples[kept], stratum, unit[kept]))
    n_strata = len(n_trials)
    places = np.arange((len(spike_index) - 1) * n_strata + 1)
    start = np.searchsorted((unit[kept] * n_strata + stratum)[order], places)
    within, between = _correlograms(
        spike_samples[kept][order],
        trial[order],
        start,
        1.0 / np.maximum(n_trials - 1.0, 1.0),
        np.asarray(pairs, np.int64).reshape(-1, 2),
        bin_samples,
        n_bins_each_side,
    )
    return ShiftPrediction(counts=within, predictor=between, n_trials=int(is_used.sum()))


@compiled()
def _correlograms(  # type: ignore[no-untyped-def]
    samples, trial, start, weight, pairs, bin_samples, n_bins_each_side
):
    n_bins = 2 * n_bins_each_side + 1
    within = np.zeros((len(pairs), n_bins))
    between = np.zeros((len(pairs), n_bins))
    earliest = -n_bins_each_side * bin_samples - bin_samples // 2
    latest = earliest + n_bins * bin_samples
    n_strata = len(weight)
    for pair in range(len(pairs)):
        for stratum in range(n_strata):
            first = pairs[pair, 0] * n_strata + stratum
            second = pairs[pair, 1] * n_strata + stratum
            low, end = start[second], start[second + 1]
            for i in range(start[first], start[first + 1]):
                while low < end and samples[low] - samples[i] < earliest:
                    low += 1
                j = low
                while j < end and samples[j] - samples[i] < latest:
                    place = (samples[j] - samples[i] - earliest) // bin_samples
                    if trial[i] == trial[j]:
                        within[pair, place] += 1.0
                    else:
                        between[pair, place] += weight[stratum]
                    j += 1
    return within, between
