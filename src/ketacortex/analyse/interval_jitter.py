"""What correlograms would be if every spike were thrown anew within its window of a few ms.

Interval jitter keeps the number of spikes of each unit in each window, and with it everything that
changes more slowly; only the timing inside a window is chance. Means and variances over all such
surrogates are known exactly, from products of the counts in windows: no surrogate is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ketacortex.analyse.correlograms import LagBins
from ketacortex.analyse.spike_stream import SpikeStream

WINDOWS_A_CHUNK = 4096


@dataclass(frozen=True, kw_only=True)
class LagRange:
    """Lags of one test, in samples: `first <= lag < stop`."""

    first: int
    stop: int


def ranges_of_bins(bins: LagBins) -> tuple[LagRange, ...]:
    """The lags of each bin, from the most negative."""
    edge = (np.arange(-bins.n_half, bins.n_half + 2) - 0.5) * bins.width_samples
    stop = np.ceil(edge).astype(int).tolist()
    return tuple(LagRange(first=a, stop=b) for a, b in pairwise(stop))


@dataclass(frozen=True, kw_only=True)
class NeighbourProducts:
    """How far the counts c of one unit change from window k to the next where another fires.

    Parameters
    ----------
    rise, fall : (n_unit, n_unit)
        ``sum_k c_i[k] (c_j[k + 1] - c_j[k])^2`` and ``sum_k c_i[k] (c_j[k - 1] - c_j[k])^2``.
    """

    rise: NDArray[np.float64]
    fall: NDArray[np.float64]


def window_products(stream: SpikeStream, n_offsets: int = 2) -> NDArray[np.float64]:
    """Sums over windows k of products of the spike counts c of every two units, exact.

    Parameters
    ----------
    stream : SpikeStream
    n_offsets : windows apart that are wanted, 0 among them

    Returns
    -------
    (n_offset, n_unit, n_unit)
        ``sum_k c_i[k] c_j[k + m]`` for m = 0, 1 ...; its transpose is that of -m.
    """
    products = np.zeros((n_offsets, stream.n_units, stream.n_units))
    # One thread: more of them spin while the machine does other work, for no gain.
    with threadpool_limits(1):
        for counts in _counts_in_chunks(stream, n_offsets):
            here = counts[:, 1 : 1 + WINDOWS_A_CHUNK]
            for m in range(n_offsets):
                products[m] += here @ counts[:, 1 + m : 1 + m + WINDOWS_A_CHUNK].T
    return products


def neighbour_products(stream: SpikeStream) -> NeighbourProducts:
    """Changes between neighbouring windows of every unit, weighted by the spikes of every other."""
    rise, fall = np.zeros((2, stream.n_units, stream.n_units))
    with threadpool_limits(1):
        for counts in _counts_in_chunks(stream, 1):
            here = counts[:, 1 : 1 + WINDOWS_A_CHUNK]
            rise += here @ ((counts[:, 2 : 2 + WINDOWS_A_CHUNK] - here) ** 2).T
            fall += here @ ((counts[:, :WINDOWS_A_CHUNK] - here) ** 2).T
    return NeighbourProducts(rise=rise, fall=fall)


def _counts_in_chunks(stream: SpikeStream, after: int) -> Iterator[NDArray[np.float32]]:
    """Counts of every unit in consecutive windows, with one before and some after each chunk.

    Sums of products of counts stay below 2^24 in a chunk unless units fire hundreds of spikes in
    every window, so they are exact in single precision.
    """
    if not len(stream.sample):
        return
    window = stream.sample // stream.window_samples
    for start in range(0, int(window[-1]) + 1, WINDOWS_A_CHUNK):
        first, stop = np.searchsorted(window, [start - 1, start + WINDOWS_A_CHUNK + after])
        width = WINDOWS_A_CHUNK + after + 1
        cell = stream.unit[first:stop].astype(np.int64) * width + window[first:stop] - start + 1
        counts = np.bincount(cell, minlength=stream.n_units * width)
        yield counts.reshape(stream.n_units, width).astype(np.float32)


def jittered_mean(
    products: NDArray[np.float64],
    ranges: tuple[LagRange, ...],
    window_samples: int,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Mean count of every pair and range of lags over all jittered surrogates.

    Parameters
    ----------
    products : of `window_products`, of as many offsets as the lags reach
    ranges : lags, (n_range,)
    window_samples : length of a jitter window
    first, second : (n_pair,) units, not the same

    Returns
    -------
    (n_pair, n_range)

    Notes
    -----
    ``sum_m (sum_k c_i[k] c_j[k + m]) sum_lag max(0, J - |lag - m J|) / J^2`` for windows of J
    samples, both trains being jittered.

    References
    ----------
    Amarasingham et al. (2012) 10.1152/jn.00633.2011
    """
    n_offsets = len(products)
    lag = [np.arange(r.first, r.stop) for r in ranges]
    mean = np.zeros((len(first), len(ranges)), np.float32)
    for m in range(1 - n_offsets, n_offsets):
        gap = [np.maximum(window_samples - np.abs(x - m * window_samples), 0).sum() for x in lag]
        weight = (np.array(gap) / window_samples**2).astype(np.float32)
        if not weight.any():
            continue
        pairs = products[abs(m)]
        product = pairs[first, second] if m >= 0 else pairs[second, first]
        mean += product.astype(np.float32)[:, None] * weight
    return mean


def jittered_variance(
    products: NDArray[np.float64],
    neighbours: NeighbourProducts,
    ranges: tuple[LagRange, ...],
    window_samples: int,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Variance of the count of every pair and range of lags over all jittered surrogates.

    Parameters
    ----------
    products : of `window_products`
    neighbours : NeighbourProducts
    ranges : lags shorter than a window, (n_range,)
    window_samples : length of a jitter window
    first, second : (n_pair,) units, not the same

    Returns
    -------
    (n_pair, n_range)

    Notes
    -----
    Counts are sums over pairs of spikes of f(a, b), 1 where the lag is in the range. They are split
    into what a alone explains, what b alone explains and the rest (Hoeffding). With h_m(u) the
    probability that b, m windows after a, lies in the range when a is at u, the first part is
    ``sum_k c_i[k] var_u(sum_m c_j[k + m] h_m(u))``. As the h_m sum to the length of the range over
    J, only differences of counts between neighbouring windows enter. What is left out is the
    product of the two edges of one window, below 1 % for ranges of up to a fifth of it.
    """
    variance = np.zeros((len(first), len(ranges)), np.float32)
    same = products[0][first, second]
    after, before = products[1][first, second], products[1][second, first]
    rise_of_second, fall_of_second = neighbours.rise[first, second], neighbours.fall[first, second]
    rise_of_first, fall_of_first = neighbours.rise[second, first], neighbours.fall[second, first]
    for number, lags in enumerate(ranges):
        p, given_first, given_second = _moments(lags, window_samples)
        alone = p - p**2 - given_first - given_second
        variance[:, number] = (
            same * alone[1] + after * alone[2] + before * alone[0]
            + rise_of_second * given_first[2] + fall_of_second * given_first[0]
            + fall_of_first * given_second[2] + rise_of_first * given_second[0]
        )  # fmt: skip
    return variance


def kept_share(lags: LagRange, window_samples: int) -> float:
    """Share of the pairs with a lag in the range that jittered surrogates have in it again.

    By so much of itself a coupling hides: the mean over surrogates holds it too.
    """
    at = np.arange(window_samples)[:, None]
    offset = (at + np.arange(lags.first, lags.stop)) // window_samples
    p, _, _ = _moments(lags, window_samples)
    return float(p[offset + 1].mean())


def _moments(
    lags: LagRange, window_samples: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Probability of a lag in the range for windows -1, 0, 1 apart, and how it varies.

    Returns
    -------
    p, given_first, given_second : (3,)
        Mean, and variance over the place of the first and of the second spike.
    """
    at = np.arange(window_samples)[:, None]
    lag = np.arange(lags.first, lags.stop)
    offset = np.array([-1, 0, 1])
    to_second = (at + lag) // window_samples
    to_first = -((at - lag) // window_samples)
    given_first, given_second = (
        (found[:, :, None] == offset).sum(axis=1) / window_samples
        for found in (to_second, to_first)
    )
    return given_first.mean(axis=0), given_first.var(axis=0), given_second.var(axis=0)
