"""How far the population fires together, beyond what the stimulus makes each unit do.

What is locked to the stimulus is taken off with the mean over trials of the condition (for counts)
or with another trial of it (for single spikes: the shift predictor). Slow waves of excitability
that differ from trial to trial stay, and count as synchrony.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.recording.recording import Recording

COUNTING_WINDOW_S = 0.02
"""s, of the order of the width of cortical cross-correlograms."""
COINCIDENCE_S = 0.003
MIN_TRIALS = 2
"""Trials of a condition: a mean over one leaves nothing."""


@dataclass(frozen=True, kw_only=True)
class PopulationSynchrony:
    """Synchrony of spike counts in windows of one length.

    Parameters
    ----------
    variance_ratio : variance of the population count over the sum of variances of the units
        1 for units that share nothing, up to the number of units for units that fire alike.
    golomb_chi : square root of the variance of the population mean over the mean variance
        ``sqrt(variance_ratio / n_units)``, in [0, 1]: 1 for units that fire alike.
    coupling : (n_unit,) correlation of each unit with the sum of all others
    n_units : units that varied
    """

    variance_ratio: float
    golomb_chi: float
    coupling: NDArray[np.float64]
    n_units: int


@dataclass(frozen=True, kw_only=True)
class Coincidences:
    """Share of spikes with a spike of another unit within a few milliseconds.

    Parameters
    ----------
    share, shifted : (n_unit,) seen, and in another trial of the same condition
    excess : float, over all spikes, seen less shifted; NaN without spikes
    """

    share: NDArray[np.float64]
    shifted: NDArray[np.float64]
    excess: float


def population_synchrony(
    recording: Recording,
    onset_s: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    condition: NDArray[np.int64],
    *,
    window_s: float = COUNTING_WINDOW_S,
) -> PopulationSynchrony:
    """Variance ratio, Golomb's chi and population coupling in counting windows.

    Parameters
    ----------
    recording : Recording
    onset_s, duration_s : (n_trial,) s
        Trials are cut to the shortest, and that to whole windows.
    condition : (n_trial,)
        Conditions with a single trial are left out.
    window_s : s

    Returns
    -------
    PopulationSynchrony
        NaN with fewer than 2 units that vary.

    Notes
    -----
    With e the counts around the mean of the same window over trials of the condition::

        variance_ratio = sum (sum_i e_i)^2 / sum_i sum e_i^2
        coupling_i = corr(e_i, sum_{j != i} e_j)

    References
    ----------
    Golomb (2007) 10.4249/scholarpedia.1347; Okun et al. (2015) 10.1038/nature14273
    """
    residual = residual_counts(recording, onset_s, duration_s, condition, window_s)
    squares = (residual**2).sum(axis=1)
    varies = squares > 0
    n_units = int(varies.sum())
    missing = np.full(recording.n_units, np.nan)
    if n_units < 2:
        nan = float("nan")
        return PopulationSynchrony(
            variance_ratio=nan, golomb_chi=nan, coupling=missing, n_units=n_units
        )
    population = residual.sum(axis=0)
    ratio = float(population @ population / squares.sum())
    product = residual @ population - squares
    others = population @ population - 2.0 * residual @ population + squares
    scale = np.sqrt(squares * np.maximum(others, 0.0))
    return PopulationSynchrony(
        variance_ratio=ratio,
        golomb_chi=float(np.sqrt(ratio / n_units)),
        coupling=np.divide(product, scale, out=missing, where=scale > 0),
        n_units=n_units,
    )


def residual_counts(
    recording: Recording,
    onset_s: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    condition: NDArray[np.int64],
    window_s: float,
) -> NDArray[np.float64]:
    """Counts in windows of the trials, around the mean of the window over trials of a condition.

    Returns
    -------
    (n_unit, n_window) spikes, trial by trial
    """
    _, which, n_trials = np.unique(condition, return_inverse=True, return_counts=True)
    is_used = n_trials[which] >= MIN_TRIALS
    if not is_used.any():
        return np.zeros((recording.n_units, 0))
    counts = counts_in_windows(recording, onset_s[is_used], duration_s[is_used], window_s)
    residual = around_condition_means(counts, condition[is_used])
    return residual.reshape(recording.n_units, residual.shape[1] * residual.shape[2])


def counts_in_windows(
    recording: Recording,
    onset_s: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    window_s: float,
) -> NDArray[np.float64]:
    """Counts in the whole windows of the shortest trial, (n_unit, n_trial, n_window) spikes."""
    n_windows = int(np.floor(duration_s.min(initial=np.inf) / window_s + 1e-6))
    start_s = onset_s[:, None] + window_s * np.arange(n_windows)
    counts = recording.spike_counts(start_s.ravel(), start_s.ravel() + window_s).astype(float)
    return counts.reshape(recording.n_units, len(start_s), n_windows)


def around_condition_means(
    counts: NDArray[np.float64], condition: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Counts of (n_unit, n_trial, n_window) less the mean of the window over its condition."""
    residual = counts.copy()
    for number in np.unique(condition):
        here = condition == number
        residual[:, here] -= residual[:, here].mean(axis=1, keepdims=True)
    return residual


def coincidences(
    recording: Recording,
    onset_s: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    condition: NDArray[np.int64],
    *,
    within_s: float = COINCIDENCE_S,
) -> Coincidences:
    """Share of spikes with a spike of any other unit close by, beyond a shift predictor.

    Parameters
    ----------
    recording : Recording
    onset_s, duration_s : (n_trial,) s
        Trials that do not overlap.
    condition : (n_trial,)
        Conditions with a single trial are left out.
    within_s : s, to either side

    Returns
    -------
    Coincidences
        NaN for units without spikes in the trials.

    Notes
    -----
    The predictor takes the spikes of the others from the next trial of the same condition (from
    the first after the last), so it holds all that is locked to the stimulus.

    References
    ----------
    Perkel, Gerstein and Moore (1967) 10.1016/S0006-3495(67)86597-4
    """
    _, which, n_trials = np.unique(condition, return_inverse=True, return_counts=True)
    used = np.flatnonzero(n_trials[which] >= MIN_TRIALS)
    used = used[np.argsort(onset_s[used], kind="stable")]
    unit, trial, sample = _spikes_in_trials(recording, onset_s[used], duration_s[used])
    reach = int(np.floor(within_s * recording.sample_rate_hz + 1e-6))
    length = int(np.ceil(duration_s[used].max(initial=0.0) * recording.sample_rate_hz)) + 2
    stride = length + 2 * reach + 2
    following = _following_trial(which[used])
    n_units = recording.n_units
    found = []
    for partner in (trial, following[trial]):
        close = _within(partner * stride + sample, trial * stride + sample, reach)
        place = unit * len(used)
        own = _within((place + partner) * stride + sample, (place + trial) * stride + sample, reach)
        found.append(np.bincount(unit, close > own, n_units))
    n_spikes = np.bincount(unit, minlength=n_units).astype(float)
    share, shifted = (
        np.divide(f, n_spikes, out=np.full(n_units, np.nan), where=n_spikes > 0) for f in found
    )
    total = n_spikes.sum()
    excess = float((found[0].sum() - found[1].sum()) / total) if total else float("nan")
    return Coincidences(share=share, shifted=shifted, excess=excess)


def _spikes_in_trials(
    recording: Recording, onset_s: NDArray[np.float64], duration_s: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Unit, trial and sample after onset of every spike in trials in order of time."""
    if not len(onset_s):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    rate_hz, samples = recording.sample_rate_hz, recording.spike_samples
    onset = np.ceil(onset_s * rate_hz - 0.5).astype(np.int64)
    offset = np.ceil((onset_s + duration_s) * rate_hz - 0.5).astype(np.int64)
    unit = np.repeat(np.arange(recording.n_units), np.diff(recording.spike_index))
    trial = np.searchsorted(onset, samples, side="right") - 1
    inside = (trial >= 0) & (samples < offset[trial])
    return unit[inside], trial[inside], samples[inside] - onset[trial[inside]]


def _following_trial(which: NDArray[np.intp]) -> NDArray[np.int64]:
    following = np.zeros(len(which), np.int64)
    for number in np.unique(which):
        here = np.flatnonzero(which == number)
        following[here] = np.roll(here, -1)
    return following


def _within(asked: NDArray[np.int64], there: NDArray[np.int64], reach: int) -> NDArray[np.intp]:
    """How many of `there` lie within `reach` of each of `asked`."""
    ordered = np.sort(there)
    above = np.searchsorted(ordered, asked + reach, side="right")
    return above - np.searchsorted(ordered, asked - reach, side="left")
