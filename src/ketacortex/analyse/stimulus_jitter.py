"""What correlograms would be if spikes were thrown anew as the stimulus drives each unit.

Where a stimulus is repeated, spikes are locked to it on scales of a few ms, and two units that
merely follow it fire together. Here each spike keeps its trial and its window and takes its time
from the spikes that its unit fired in that window in any repetition (Smith and Kohn 2008): the
number of spikes in each window of each trial and the shape of the response within the window both
stay. The mean over all such surrogates is exact; none is drawn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ketacortex.analyse.correlograms import LagBins
from ketacortex.analyse.spike_stream import SpikeStream
from ketacortex.compiled import compiled

MIN_REPEATS = 4
"""Of each stimulus: with R of them the null holds a share of 1 / R of what is looked for."""


def can_be_stimulus_jittered(stream: SpikeStream) -> bool:
    """Whether every stimulus was repeated often enough."""
    _, n_repeats = np.unique(stream.condition, return_counts=True)
    return len(n_repeats) > 0 and bool(n_repeats.min() >= MIN_REPEATS)


def stimulus_jittered(
    stream: SpikeStream, bins: LagBins, near: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Mean count of every pair and bin over all surrogates, and the variance around it.

    Parameters
    ----------
    stream : SpikeStream
        Stretches are trials; those of one condition are its repetitions.
    bins : LagBins
        Lags shorter than a window.
    near : bins to either side of 0 that are taken together

    Returns
    -------
    mean : (n_unit, n_unit, n_bin) of the lag of j after i, for i < j
    variance : (n_unit, n_unit, n_bin)
    variance_of_sides : (n_unit, n_unit, 3)
        Of the counts in all bins before 0, in the `2 near + 1` bins around 0, in all after.

    Notes
    -----
    Of the spikes N_i[k], N_j[l] that the repetitions of a stimulus hold in windows k and l, pairs F
    have a lag within the bin on the clock of the stimulus, so a pair of spikes has it with
    probability ``p = F / (N_i[k] N_j[l])``. Of all those pairs the share
    ``w = sum_t c_i^t[k] c_j^t[l] / (N_i[k] N_j[l])`` lies in one trial. The mean is ``sum w F``
    over stimuli and windows. The observed count differs from it with the variance
    ``sum w (1 - w) (F - F (F - 1) / (N_i N_j))``: as a binomial count does, less the part of the
    observed that is in its own expectation.

    References
    ----------
    Smith and Kohn (2008) 10.1523/JNEUROSCI.2929-08.2008
    """
    n = stream.n_units
    mean = np.zeros((n, n, bins.n_bins), np.float32)
    variance, variance_of_sides = np.zeros_like(mean), np.zeros((n, n, 3), np.float32)
    offset = np.arange(-bins.n_half, bins.n_half + 1)
    is_side = np.stack([offset < 0, np.abs(offset) <= near, offset > 0])
    bin_of = (bins.bin_of(np.arange(-bins.reach, bins.reach + 1)) + bins.n_half).astype(np.int32)
    window = stream.sample // stream.window_samples
    stretch = np.searchsorted(stream.first_window, window, side="right") - 1
    numbers, which = np.unique(stream.condition, return_inverse=True)
    with threadpool_limits(1):
        for number in range(len(numbers)):
            trials = np.flatnonzero(which == number)
            here = np.flatnonzero(np.isin(stretch, trials))
            sample = stream.sample[here]
            sample = sample - stream.first_window[stretch[here]] * stream.window_samples
            order = np.argsort(sample, kind="stable")
            sample, unit = sample[order], stream.unit[here][order]
            trial = np.searchsorted(trials, stretch[here])[order]
            place = sample // stream.window_samples
            for k in range(int(place[-1]) + 1 if len(place) else 0):
                edge = np.searchsorted(place, [k - 1, k, k + 1, k + 2])
                total, share = _counts_around(unit, trial, edge, n, len(trials))
                own = unit[edge[1] : edge[2]]
                mine = edge[1] + np.argsort(own, kind="stable")
                _add_window(
                    sample, unit, mine, edge, total, share, bin_of, is_side,
                    mean, variance, variance_of_sides,
                )  # fmt: skip
    return mean, variance, variance_of_sides


def _counts_around(
    unit: NDArray[np.int32],
    trial: NDArray[np.int64],
    edge: NDArray[np.int64],
    n_units: int,
    n_trials: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Spikes over trials in the window before, this one and the next; share of pairs in one trial.

    Returns
    -------
    total : (3, n_unit)
    share : (3, n_unit, n_unit) for a spike of i in this window and of j in each of the three
    """
    total, relative = np.empty((3, n_units), np.float32), []
    for offset in range(3):
        here = slice(edge[offset], edge[offset + 1])
        cell = unit[here].astype(np.int64) * n_trials + trial[here]
        counts = np.bincount(cell, minlength=n_units * n_trials).reshape(n_units, n_trials)
        total[offset] = counts.sum(axis=1)
        relative.append((counts / np.maximum(total[offset], 1.0)[:, None]).astype(np.float32))
    return total, np.stack([relative[1] @ other.T for other in relative])


@compiled(nogil=True)
def _add_window(
    sample: NDArray[np.int64],
    unit: NDArray[np.int32],
    mine: NDArray[np.int64],
    edge: NDArray[np.int64],
    total: NDArray[np.float32],
    share: NDArray[np.float32],
    bin_of: NDArray[np.int32],
    is_side: NDArray[np.bool_],
    mean: NDArray[np.float32],
    variance: NDArray[np.float32],
    variance_of_sides: NDArray[np.float32],
) -> None:
    """Add what the spikes in one window expect of those around them, unit by unit."""
    reach, n_bins, n_units = len(bin_of) // 2, mean.shape[2], mean.shape[1]
    found = np.zeros((3, n_units, n_bins), np.float32)
    k = 0
    while k < len(mine):
        own = unit[mine[k]]
        found[:] = 0.0
        while k < len(mine) and unit[mine[k]] == own:
            here = mine[k]
            now = sample[here]
            for there in range(here + 1, edge[3]):
                lag = sample[there] - now
                if lag > reach:
                    break
                cell = bin_of[reach + lag]
                if cell < n_bins:
                    found[1 if there < edge[2] else 2, unit[there], cell] += 1.0
            for there in range(here - 1, edge[0] - 1, -1):
                lag = sample[there] - now
                if lag < -reach:
                    break
                found[1 if there >= edge[1] else 0, unit[there], bin_of[reach + lag]] += 1.0
            k += 1
        for offset in range(3):
            for other in range(own + 1, n_units):
                w = share[offset, own, other]
                if w == 0.0:
                    continue
                pairs = total[1, own] * total[offset, other]
                together = np.zeros(3, np.float32)
                for cell in range(n_bins):
                    f = found[offset, other, cell]
                    if f > 0.0:
                        mean[own, other, cell] += w * f
                        variance[own, other, cell] += w * (1.0 - w) * (f - f * (f - 1.0) / pairs)
                        for side in range(3):
                            if is_side[side, cell]:
                                together[side] += f
                for side in range(3):
                    f = together[side]
                    if f > 0.0:
                        spread = f - f * (f - 1.0) / pairs
                        variance_of_sides[own, other, side] += w * (1.0 - w) * spread
