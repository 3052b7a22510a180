"""Synchrony of pairs of units at lag 0, in units of what their rates predict.

The number of coincidences grows with both rates. Over the number that independent units of the same
rates have it is an index that does not; less that number, over the geometric mean of the spikes, it
is the share of spikes that are synchronous beyond chance. `population_synchrony` asks how far all
units fire together; this asks which pairs do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketacortex.units import MS_PER_S

WITHIN_MS = 5.0


@dataclass(frozen=True, kw_only=True)
class ZeroLagSynchrony:
    """Coincidences of pairs of units, seen and expected of their rates.

    Parameters
    ----------
    coincidences : (...) pairs of spikes in the centred window
    expected : (...) of independent units with constant rates
    index : (...) seen over expected: 1 for independent units
    excess : (...) seen less expected, over the geometric mean of the spikes of both
    """

    coincidences: NDArray[np.float64]
    expected: NDArray[np.float64]
    index: NDArray[np.float64]
    excess: NDArray[np.float64]


def zero_lag_synchrony(
    counts: NDArray[np.float64],
    n_spikes_first: ArrayLike,
    n_spikes_second: ArrayLike,
    *,
    bin_ms: float,
    duration_s: float,
    within_ms: float = WITHIN_MS,
) -> ZeroLagSynchrony:
    """Coincidences of each pair at lag 0 and how far they exceed what rates predict.

    Parameters
    ----------
    counts : (..., n_bin) correlograms, n_bin odd, the middle one at lag 0
    n_spikes_first, n_spikes_second : (...) spikes of the two units
    bin_ms : ms
    duration_s : s, in one piece, over which the correlograms were counted
    within_ms : ms
        Bins with their centre within that to either side of lag 0 are the window.

    Returns
    -------
    ZeroLagSynchrony
        Index and excess are NaN where a unit has no spikes.

    Notes
    -----
    Units with n and m spikes in the time T have ``n m bin (T - |lag|) / T^2`` pairs in a bin at a
    lag: fewer at long lags, as there is less time in which both spikes can lie.

    Examples
    --------
    >>> counts = np.array([[4.0, 4.0, 24.0, 4.0, 4.0]])
    >>> found = zero_lag_synchrony(counts, 200, 50, bin_ms=2.0, duration_s=5.0, within_ms=0.0)
    >>> found.index.tolist(), found.excess.tolist()
    ([6.0], [0.2])
    """
    n_bins = counts.shape[-1]
    lag_ms = bin_ms * np.abs(np.arange(n_bins) - n_bins // 2)
    is_within = lag_ms <= within_ms * (1.0 + 1e-9)
    duration_ms = duration_s * MS_PER_S
    share = (bin_ms * np.maximum(duration_ms - lag_ms[is_within], 0.0)).sum() / duration_ms**2
    seen = counts[..., is_within].sum(axis=-1).astype(float)
    n_pairs = np.asarray(n_spikes_first, float) * np.asarray(n_spikes_second, float)
    expected = np.broadcast_to(n_pairs * share, seen.shape).copy()
    with np.errstate(invalid="ignore", divide="ignore"):
        index = np.where(expected > 0, seen / expected, np.nan)
        excess = np.where(n_pairs > 0, (seen - expected) / np.sqrt(n_pairs), np.nan)
    return ZeroLagSynchrony(coincidences=seen, expected=expected, index=index, excess=excess)
