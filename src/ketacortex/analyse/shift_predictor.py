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

from ketacortex.analyse.correlograms import BIN_MS, MAX_LAG_MS, correlograms, lag_bins
from ketacortex.analyse.spike_stream import SpikeStream
from ketacortex.analyse.stimulus_locking import on_the_clock_of_the_stimulus

MIN_TRIALS = 2
"""Trials of a condition: a single one has no other."""


@dataclass(frozen=True, kw_only=True)
class ShiftPrediction:
    """Correlograms within trials, and between trials of the same condition.

    Parameters
    ----------
    counts : (n_unit, n_unit, n_bin) pairs of spikes in the same trial
    predictor : (n_unit, n_unit, n_bin) mean number over all assignments of other trials
    """

    counts: NDArray[np.int64]
    predictor: NDArray[np.float64]

    @property
    def corrected(self) -> NDArray[np.float64]:
        """Pairs of spikes beyond those that the stimulus gives, (n_unit, n_unit, n_bin)."""
        return self.counts - self.predictor


def shift_predictor(
    stream: SpikeStream,
    *,
    bin_ms: float = BIN_MS,
    max_lag_ms: float = MAX_LAG_MS,
    threads: int | None = None,
) -> ShiftPrediction:
    """Correlograms of all pairs of units within trials, and those expected from other trials.

    Parameters
    ----------
    stream : SpikeStream
        Stretches are trials; conditions with a single one are left out of both.
    bin_ms, max_lag_ms : ms
    threads : as many as there are cores by default

    Returns
    -------
    ShiftPrediction

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
    """
    bins = lag_bins(stream, bin_ms=bin_ms, max_lag_ms=max_lag_ms)
    shape = (stream.n_units, stream.n_units, bins.n_bins)
    counts, predictor = np.zeros(shape, np.int64), np.zeros(shape)
    for number in np.unique(stream.condition):
        trials = stream.of_stretches(stream.condition == number)
        n_trials = len(trials.condition)
        if n_trials < MIN_TRIALS:
            continue
        within, every = (
            correlograms(of, bin_ms=bin_ms, max_lag_ms=max_lag_ms, threads=threads)
            for of in (trials, on_the_clock_of_the_stimulus(trials))
        )
        counts += within
        predictor += (every - within) / (n_trials - 1)
    return ShiftPrediction(counts=counts, predictor=predictor)
