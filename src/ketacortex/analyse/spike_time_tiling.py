"""Correlation of spike trains that hardly depends on their rates: spike time tiling.

The share of one unit's spikes that have a spike of the other within a few milliseconds is compared
with the share of all time that lies so close to a spike of the other. Independent trains have 0 at
any rate, and stretches in which both are silent do not count as agreement.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ketacortex.compiled import compiled


def spike_time_tiling(
    spike_samples: NDArray[np.int64],
    spike_index: NDArray[np.int64],
    *,
    start_sample: int,
    stop_sample: int,
    within_samples: int,
) -> NDArray[np.float64]:
    """Spike time tiling coefficient of every pair of units.

    Parameters
    ----------
    spike_samples : (n_spike,) samples, from `start_sample` to `stop_sample`
        Spikes of unit 0, then of unit 1 ..., each ascending.
    spike_index : (n_unit + 1,)
        Unit `i` owns `spike_samples[spike_index[i]:spike_index[i + 1]]`.
    start_sample, stop_sample : samples
    within_samples : samples, to either side

    Returns
    -------
    (n_unit, n_unit) symmetric
        From -1 to 1, and 1 with itself; NaN for units without spikes.

    Notes
    -----
    With P_A the share of A's spikes within the distance of one of B, and T_A the share of time
    within the distance of a spike of A, and so for B::

        STTC = ((P_A - T_B) / (1 - P_A T_B) + (P_B - T_A) / (1 - P_B T_A)) / 2

    A term whose spikes are all close to the other's and whose tiles leave no time out is 1. Trains
    of equal rates that share a part s of their spikes have ``s / (1 + (1 - s) T)``: below s as
    tiles fill the time. Distances are whole samples and tiles are not, which lifts P by half a
    sample in `within_samples`: take samples much finer than the distance.

    References
    ----------
    Cutts and Eglen (2014) 10.1523/JNEUROSCI.2767-14.2014

    Examples
    --------
    >>> found = spike_time_tiling(
    ...     np.array([10, 50, 10, 90]), np.array([0, 2, 4]),
    ...     start_sample=0, stop_sample=100, within_samples=5,
    ... )
    >>> found.round(3).tolist()
    [[1.0, 0.333], [0.333, 1.0]]
    """
    return _coefficients(
        np.ascontiguousarray(spike_samples, np.int64),
        np.ascontiguousarray(spike_index, np.int64),
        start_sample,
        stop_sample,
        within_samples,
    )


@compiled(error_model="numpy")
def _coefficients(  # type: ignore[no-untyped-def]
    spike_samples, spike_index, start_sample, stop_sample, within_samples
):
    n_units = len(spike_index) - 1
    tiled = np.zeros(n_units)
    for unit in range(n_units):
        covered = start_sample
        for k in range(spike_index[unit], spike_index[unit + 1]):
            high = min(spike_samples[k] + within_samples, stop_sample)
            tiled[unit] += high - max(spike_samples[k] - within_samples, covered)
            covered = high
    tiled /= max(stop_sample - start_sample, 1)
    found = np.full((n_units, n_units), np.nan)
    for a in range(n_units):
        first = spike_samples[spike_index[a] : spike_index[a + 1]]
        for b in range(a, n_units):
            second = spike_samples[spike_index[b] : spike_index[b + 1]]
            if len(first) == 0 or len(second) == 0:
                continue
            close_first = _n_close(first, second, within_samples) / len(first)
            close_second = _n_close(second, first, within_samples) / len(second)
            found[a, b] = 0.5 * (_term(close_first, tiled[b]) + _term(close_second, tiled[a]))
            found[b, a] = found[a, b]
    return found


@compiled()
def _n_close(asked, there, within):  # type: ignore[no-untyped-def]
    """How many of `asked` have one of `there` within reach."""
    n, low = 0, 0
    for sample in asked:
        while low < len(there) and there[low] < sample - within:
            low += 1
        if low < len(there) and there[low] <= sample + within:
            n += 1
    return n


@compiled()
def _term(close, tiled):  # type: ignore[no-untyped-def]
    if close * tiled == 1.0:
        return 1.0
    return (close - tiled) / (1.0 - close * tiled)
