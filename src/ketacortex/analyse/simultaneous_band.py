"""What a correlogram may look like by chance at all its lags together.

A band that holds 95 % of chance at each lag alone is left somewhere by most of the correlograms of
a hundred lags. Here the farthest lag of every surrogate sets the width, so that 95 % of pairs
without fast timing stay inside from end to end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.correlograms import LagBins
from ketacortex.analyse.interval_jitter import jittered_mean, ranges_of_bins, window_products
from ketacortex.analyse.spike_stream import SpikeStream

CONFIDENCE = 0.95
N_SURROGATES = 999


@dataclass(frozen=True, kw_only=True)
class CorrelogramBand:
    """The correlogram of a pair beside that of its jittered surrogates.

    Parameters
    ----------
    counts : (n_bin,) as observed
    expected : (n_bin,) exact mean over all surrogates
    low, high : (n_bin,) between which 95 % of surrogates lie at all lags at once
    """

    counts: NDArray[np.int64]
    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def is_inside(self) -> bool:
        """Whether the correlogram leaves the band nowhere."""
        return bool(((self.counts >= self.low) & (self.counts <= self.high)).all())


def simultaneous_band(
    stream: SpikeStream,
    first: int,
    second: int,
    bins: LagBins,
    rng: np.random.Generator,
    n_surrogates: int = N_SURROGATES,
) -> CorrelogramBand:
    """Correlogram of a pair, its exact expectation under interval jitter, and a band over all lags.

    Parameters
    ----------
    stream : SpikeStream
    first, second : units, not the same; lags are positive where the second fires later
    bins : LagBins
    rng : Generator
    n_surrogates : 19 or more

    Returns
    -------
    CorrelogramBand
        All zeros for a pair with a silent unit.

    Notes
    -----
    With the mean m(lag) over surrogates, the band is ``m -+ c sqrt(m)``, not below 0: c is the
    ``ceil(0.95 (n + 1))``-th smallest of ``max_lag |count - m| / sqrt(m)`` of n surrogates. As m
    depends on the counts in windows alone, which surrogates keep, a pair without fast timing is one
    more surrogate and inside with a probability of at least 95 %, whatever its variance.

    References
    ----------
    Fujisawa et al. (2008) 10.1038/nn.2134; Amarasingham et al. (2012) 10.1152/jn.00633.2011

    Examples
    --------
    >>> from ketacortex.analyse.correlograms import lag_bins
    >>> from ketacortex.analyse.spike_stream import stream_of_trains
    >>> beat_s = np.arange(0.01, 60.0, 0.13)
    >>> stream = stream_of_trains([beat_s, beat_s + 0.003], 60.0)
    >>> band = simultaneous_band(stream, 0, 1, lag_bins(stream), np.random.default_rng(0), 99)
    >>> np.flatnonzero(band.counts > band.high) - 50
    array([3])
    """
    window = stream.window_samples
    of_first, of_second = (stream.sample[stream.unit == unit] for unit in (first, second))
    pair = stream.of_spikes((stream.unit == first) | (stream.unit == second))
    n_offsets = bins.reach // window + 2
    expected = jittered_mean(
        window_products(pair, n_offsets),
        ranges_of_bins(bins),
        window,
        np.array([first]),
        np.array([second]),
    )[0].astype(float)
    early, late = _near(of_first // window, of_second // window, n_offsets)
    scale = np.sqrt(expected)
    farthest = np.empty(n_surrogates)
    for number in range(n_surrogates):
        drawn = _jittered(of_first, window, rng)[early], _jittered(of_second, window, rng)[late]
        counts = _counted(drawn[1] - drawn[0], bins)
        farthest[number] = _farthest(counts, expected, scale)
    rank = min(int(np.ceil(CONFIDENCE * (n_surrogates + 1))), n_surrogates)
    width = np.sort(farthest)[rank - 1] * scale
    return CorrelogramBand(
        counts=_counted(of_second[late] - of_first[early], bins),
        expected=expected,
        low=np.maximum(expected - width, 0.0),
        high=expected + width,
    )


def _near(
    of_first: NDArray[np.int64], of_second: NDArray[np.int64], n_windows: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Spikes of both whose windows are no farther apart, one entry a pair of spikes."""
    begin = np.searchsorted(of_second, of_first - n_windows, side="left")
    n_near = np.searchsorted(of_second, of_first + n_windows, side="right") - begin
    early = np.repeat(np.arange(len(of_first)), n_near)
    within = np.arange(len(early)) - np.repeat(np.cumsum(n_near) - n_near, n_near)
    return early, begin[early] + within


def _jittered(
    sample: NDArray[np.int64], window: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    return sample // window * window + rng.integers(0, window, len(sample))


def _counted(lag: NDArray[np.int64], bins: LagBins) -> NDArray[np.int64]:
    number = bins.bin_of(lag) + bins.n_half
    inside = (number >= 0) & (number < bins.n_bins)
    return np.bincount(number[inside], minlength=bins.n_bins)


def _farthest(
    counts: NDArray[np.int64], expected: NDArray[np.float64], scale: NDArray[np.float64]
) -> float:
    away = np.abs(counts - expected)
    return float(np.divide(away, scale, out=np.zeros_like(away), where=scale > 0).max())
