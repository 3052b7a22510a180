"""Sharp peaks of a correlogram against its own slow course, and against the other direction.

Units that are excited together have broad correlograms; a synapse adds a narrow peak a few
milliseconds after the first unit's spike. Smoothing a correlogram with a Gaussian whose centre is
partly cut out keeps what is broad and leaves what is narrow. Common input of few milliseconds is
narrow as well, but does not prefer one direction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

SD_MS = 10.0
HOLLOW_FRACTION = 0.6
"""Of the weight of the bin itself, which is left out of its own prediction."""
REACH_SD = 4.0
CAUSAL_FROM_MS = 0.8
CAUSAL_TO_MS = 2.8
"""Lags of a monosynaptic peak; bins with their centre from one to the other."""


@dataclass(frozen=True, kw_only=True)
class CausalPeaks:
    """Largest count of the causal window, and how improbable it is.

    Parameters
    ----------
    lag_ms : (...) ms
        Bin with the least probable count.
    excess : (...) count of that bin less its prediction
    causal_p_value : (...) against the predictor, for the largest of all bins of the window
    anticausal_p_value : (...) of the window's largest count against that of the other direction
        Held back: the mean it supposes is a maximum itself.
    """

    lag_ms: NDArray[np.float64]
    excess: NDArray[np.float64]
    causal_p_value: NDArray[np.float64]
    anticausal_p_value: NDArray[np.float64]


def hollow_gaussian_predictor(
    counts: NDArray[np.float64],
    *,
    bin_ms: float,
    sd_ms: float = SD_MS,
    hollow_fraction: float = HOLLOW_FRACTION,
) -> NDArray[np.float64]:
    """Counts that the slow course of each correlogram predicts.

    Parameters
    ----------
    counts : (..., n_bin) correlograms
    bin_ms : ms
    sd_ms : ms, of the Gaussian
    hollow_fraction : from 0, a plain Gaussian, to 1, no weight on the bin itself

    Returns
    -------
    (..., n_bin) expected counts

    Notes
    -----
    Convolution along the last axis with ``w_k = exp(-k^2 / (2 s^2))``, but
    ``w_0 = 1 - hollow_fraction``, over their sum; beyond its edges a correlogram goes on as its
    mirror image. A course faster than some 50 ms is cut off at its top, and passes for a peak.

    References
    ----------
    Stark and Abeles (2009) 10.1016/j.jneumeth.2008.12.029

    Examples
    --------
    >>> flat = np.full((2, 41), 7.0)
    >>> bool(np.allclose(hollow_gaussian_predictor(flat, bin_ms=1.0), 7.0))
    True
    """
    if not counts.size:
        return np.zeros(counts.shape)
    sd_bins = sd_ms / bin_ms
    reach = int(np.ceil(REACH_SD * sd_bins))
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sd_bins) ** 2)
    weight[reach] *= 1.0 - hollow_fraction
    weight /= weight.sum()
    return ndimage.correlate1d(counts.astype(float), weight, axis=-1, mode="reflect")


def english_test(
    counts: NDArray[np.float64],
    predictor: NDArray[np.float64],
    *,
    bin_ms: float,
    causal_from_ms: float = CAUSAL_FROM_MS,
    causal_to_ms: float = CAUSAL_TO_MS,
) -> CausalPeaks:
    """Test of each correlogram for a peak in the causal window and for its direction.

    Parameters
    ----------
    counts : (..., n_bin) correlograms, n_bin odd, the middle one at lag 0
    predictor : (..., n_bin) expected counts
    bin_ms : ms
    causal_from_ms, causal_to_ms : ms
        For the other direction turn the correlograms round: ``counts[..., ::-1]``.

    Returns
    -------
    CausalPeaks
        NaN for correlograms without counts, and throughout without a bin in the window.

    Notes
    -----
    A count n against a mean m has ``p = P(N > n) + P(N = n) / 2``, N Poisson: the continuity
    correction. With p the smallest of K bins of the window, ``causal_p_value = 1 - (1 - p)^K``.
    The anticausal mean is the largest count at lags from ``-causal_to_ms`` to 0.

    References
    ----------
    English et al. (2017) 10.1016/j.neuron.2017.09.033; Šidák (1967)
    10.1080/01621459.1967.10482935, for the K bins
    """
    n_bins = counts.shape[-1]
    lag_ms = bin_ms * (np.arange(n_bins) - n_bins // 2)
    tolerance = 1e-6 * bin_ms
    is_causal = (lag_ms > causal_from_ms - tolerance) & (lag_ms < causal_to_ms + tolerance)
    is_anticausal = (lag_ms > -causal_to_ms - tolerance) & (lag_ms < tolerance)
    if not is_causal.any():
        missing = np.full(counts.shape[:-1], np.nan)
        return CausalPeaks(
            lag_ms=missing, excess=missing, causal_p_value=missing, anticausal_p_value=missing
        )
    here, expected = counts[..., is_causal], predictor[..., is_causal]
    by_bin = _exceedance(here, expected)
    best = by_bin.argmin(axis=-1)[..., None]
    smallest = np.take_along_axis(by_bin, best, axis=-1)[..., 0]
    is_known = counts.sum(axis=-1) > 0
    opposite = counts[..., is_anticausal].max(axis=-1)
    return CausalPeaks(
        lag_ms=np.where(is_known, lag_ms[is_causal][best[..., 0]], np.nan),
        excess=np.where(
            is_known, np.take_along_axis(here - expected, best, axis=-1)[..., 0], np.nan
        ),
        causal_p_value=np.where(is_known, -np.expm1(is_causal.sum() * np.log1p(-smallest)), np.nan),
        anticausal_p_value=np.where(is_known, _exceedance(here.max(axis=-1), opposite), np.nan),
    )


def _exceedance(counts: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of a Poisson count above `counts`, with half of that of `counts` itself."""
    # Of a mean m the tail from n on is the regularised gamma function P(n, m), and 1 from 0 on.
    from_here = np.where(counts > 0, special.gammainc(np.maximum(counts, 1.0), expected), 1.0)
    return 0.5 * (from_here + special.gammainc(counts + 1.0, expected))
