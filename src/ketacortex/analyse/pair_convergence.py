"""Whether pairs of cells whose tuning converged fire together more often."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.synchrony import around_condition_means
from ketacortex.units import orientation_difference_deg

WINDOW_S = 0.01
"""Spikes in one window are together: a window as wide as 5 ms to either side."""
MIN_SPIKES = 50
"""Of a unit in a part of the trials."""
MIN_PAIRS = 10


def pair_synchrony(
    counts: NDArray[np.float64], condition: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Spikes of every two units that are together beyond what the stimulus explains, by rate.

    Parameters
    ----------
    counts : (n_unit, n_trial, n_window) spikes
    condition : (n_trial,) of at least 2 trials each

    Returns
    -------
    (n_unit, n_unit)
        0 for units that are independent given the stimulus, 1 for one that is compared with itself;
        NaN for units with fewer than 50 spikes, and on the diagonal.

    Notes
    -----
    ``sum e_i e_j / sqrt(n_i n_j)``, e the counts around the mean of the same window over the trials
    of a condition, times ``sqrt(m / (m - 1))`` for m trials; n the spikes of a unit.
    """
    numbers, which, n_trials = np.unique(condition, return_inverse=True, return_counts=True)
    kept = n_trials[which] >= 2
    n_spikes = counts[:, kept].sum(axis=(1, 2))
    n_spikes = np.where(n_spikes >= MIN_SPIKES, n_spikes, np.nan)
    widening = np.sqrt(n_trials[which[kept]] / (n_trials[which[kept]] - 1.0))
    residual = around_condition_means(counts[:, kept], numbers[which[kept]])
    residual = residual * widening[:, None]
    together = np.tensordot(residual, residual, axes=([1, 2], [1, 2]))
    synchrony = together / np.sqrt(np.outer(n_spikes, n_spikes))
    np.fill_diagonal(synchrony, np.nan)
    return synchrony


def convergence_deg(
    direction_deg: NDArray[np.float64],
    before_deg: NDArray[np.float64],
    after_deg: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Change of the tuning difference of every two units, negative for those that converged.

    Parameters
    ----------
    direction_deg : (n_unit,) deg, before, of other trials
    before_deg, after_deg : (n_unit,) deg

    Returns
    -------
    (n_unit, n_unit) deg

    Notes
    -----
    Along the difference that the other trials show. Where errors are larger after than before,
    measured distances of pairs that are alike rise and of pairs that are not fall by that alone,
    and these differ in their synchrony too.

    Examples
    --------
    >>> both = convergence_deg(*np.array([[10.0, 50.0], [12.0, 50.0], [20.0, 45.0]]))
    >>> float(both[0, 1])
    -13.0
    """
    apart = np.sign(orientation_difference_deg(direction_deg[:, None], direction_deg))
    shift_deg = orientation_difference_deg(after_deg, before_deg)
    return apart * (shift_deg[:, None] - shift_deg)


def slope_of_pairs(
    synchrony_change: list[NDArray[np.float64]], convergence: list[NDArray[np.float64]]
) -> tuple[float, int]:
    """Slope of one change of pairs on another, with the number of units behind it.

    Parameters
    ----------
    synchrony_change : each (n_unit, n_unit), one for each way to part the trials
    convergence : each (n_unit, n_unit) deg

    Returns
    -------
    slope, n_units : 1/deg; NaN with fewer than 10 pairs
    """
    products, squares, units = 0.0, 0.0, set()
    fewest = np.inf
    for change, apart_deg in zip(synchrony_change, convergence, strict=True):
        pairs = np.triu(np.isfinite(change) & np.isfinite(apart_deg), 1)
        fewest = min(fewest, int(pairs.sum()))
        if not pairs.any():
            continue
        x, y = apart_deg[pairs], change[pairs]
        products += float((x - x.mean()) @ (y - y.mean()))
        squares += float((x - x.mean()) @ (x - x.mean()))
        units |= set(np.concatenate(np.nonzero(pairs)).tolist())
    if fewest < MIN_PAIRS or not squares:
        return float("nan"), 0
    return products / squares, len(units)
