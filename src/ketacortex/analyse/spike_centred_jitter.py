"""Correlogram that is expected once every spike has moved a little at random, without surrogates.

Moving each spike by an amount of its own, drawn evenly from some milliseconds to either side, adds
independent numbers to the lags. The mean correlogram over all such surrogates is therefore the
observed one, smoothed: with a box if one train is moved, with a triangle if both are. A correlogram
of single samples, wider than the one wanted by what spikes can move, gives it exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def jitter_margin_samples(jitter_samples: int, *, moves_both: bool) -> int:
    """By how much the lag of two spikes can change, in samples.

    >>> jitter_margin_samples(150, moves_both=True)
    300
    """
    return jitter_samples * (2 if moves_both else 1)


def spike_centred_jitter(
    counts: NDArray[np.float64], *, jitter_samples: int, bin_samples: int, moves_both: bool
) -> NDArray[np.float64]:
    """Mean correlogram over all ways to move each spike by up to `jitter_samples`.

    Parameters
    ----------
    counts : (..., n_lag) correlograms in bins of one sample, n_lag odd, the middle one at lag 0
        Wider than the result by `jitter_margin_samples` to either side.
    jitter_samples : samples
        Every whole number from minus that to that is as probable as any other.
    bin_samples : samples, of the bins of the result
    moves_both : whether the spikes of both units move, or of one

    Returns
    -------
    (..., n_bin) expected counts
        In as many bins, an odd number centred on lag 0, as are known without their edges; none
        where the correlogram is too narrow. A lag between two bins of an even number of samples is
        in the later one.

    Notes
    -----
    ``E(lag) = sum_k w_k counts(lag - k)`` with ``w_k = 1 / (2 J + 1)`` up to J to either side, or
    that convolved with itself. Surrogates so made blur what is faster than J and keep what is
    slower, but they also lose each unit's own fine structure: refractoriness and bursts.

    References
    ----------
    Amarasingham et al. (2012) 10.1152/jn.00633.2011

    Examples
    --------
    >>> fine = np.zeros(13)
    >>> fine[6] = 9.0
    >>> spike_centred_jitter(fine, jitter_samples=1, bin_samples=1, moves_both=True)[1:-1].tolist()
    [0.0, 1.0, 2.0, 3.0, 2.0, 1.0, 0.0]
    """
    margin = jitter_margin_samples(jitter_samples, moves_both=moves_both)
    spread = counts.astype(float)
    for _ in range(2 if moves_both else 1):
        spread = _window_sums(spread, 2 * jitter_samples + 1) / (2 * jitter_samples + 1)
    centre = counts.shape[-1] // 2 - margin
    n_each_side = (centre - bin_samples // 2) // bin_samples
    if n_each_side < 0:
        return np.zeros((*counts.shape[:-1], 0))
    first = centre - bin_samples // 2 - n_each_side * bin_samples
    n_bins = 2 * n_each_side + 1
    cut = spread[..., first : first + n_bins * bin_samples]
    return cut.reshape(*counts.shape[:-1], n_bins, bin_samples).sum(axis=-1)


def _window_sums(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Sums of `width` neighbours along the last axis, wherever all of them are there."""
    if values.shape[-1] < width:
        return np.zeros((*values.shape[:-1], 0))
    before = np.zeros((*values.shape[:-1], 1))
    total = np.concatenate([before, np.cumsum(values, axis=-1)], axis=-1)
    return total[..., width:] - total[..., :-width]
