"""Which pairs of units fire together, or one after the other, beyond what slow changes explain.

Every pair is asked eleven questions: whether there are more or fewer coincidences within 2.5 ms
than expected, and the same at each lag of 1 to 5 ms in either direction. The expectation is an
exact null that keeps what is slow and, where stimuli were repeated, what is locked to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.correlograms import (
    BIN_MS,
    BLOCK_UNITS,
    LagBins,
    correlogram_blocks,
    lag_bins,
)
from ketacortex.analyse.count_tails import count_p_values, count_tails
from ketacortex.analyse.false_discovery import q_values
from ketacortex.analyse.interval_jitter import (
    LagRange,
    jittered_mean,
    jittered_variance,
    kept_share,
    ranges_of_bins,
    window_products,
)
from ketacortex.analyse.spike_stream import SpikeStream
from ketacortex.analyse.stimulus_jitter import can_be_stimulus_jittered, stimulus_jittered

LONGEST_LAG_MS = 5.0
"""Of a delayed link: monosynaptic delays within a column."""
SYNCHRONY_BINS = 2
"""Bins to either side of 0 that are together one question: |lag| up to 2.5 ms."""
MIN_EXPECTED = 1.0
"""Coincidences within 2.5 ms that the null must expect before a pair is asked."""
MOST_HIDDEN = 0.5
MOST_UNITS_BY_STIMULUS = 1500
"""Units for which expectations of all pairs by stimulus fit into a gigabyte."""
Null = Literal["interval", "stimulus"]
NULL_NAMES: dict[str, str] = {
    "interval": "interval jitter, 25 ms windows, exact",
    "stimulus": "interval jitter, 25 ms windows with the shape of the response, exact",
}


@dataclass(frozen=True, kw_only=True)
class PairTests:
    """What each pair of units shows, every pair once.

    Parameters
    ----------
    first, second : (n_pair,) units, `first < second`
    p_value : (n_pair,) probability of anything so unlikely at any lag; NaN if it was not asked
    q_value : (n_pair,) smallest false discovery rate at which it counts
    lag : (n_pair,) bins; of the least likely question, 0 for synchrony, positive: second later
    is_excess : (n_pair,)
    observed, expected : (n_pair, 3) coincidences at lags of -5 to -1 ms, within 2.5 ms, at 1 to 5
    variance : (n_pair, 3) of the observed if the null held
    hidden : (n_pair, 3)
        Share of a coupling that is part of its own expectation, so that excess is too small by it.
    one_way_p : (n_pair,)
        Probability of what is at `lag`, were it as strong as the strongest of the other direction.
    n_spikes : (n_unit,)
    null : name of what expected it
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    p_value: NDArray[np.float64]
    q_value: NDArray[np.float64]
    lag: NDArray[np.int64]
    is_excess: NDArray[np.bool_]
    observed: NDArray[np.float64]
    expected: NDArray[np.float64]
    variance: NDArray[np.float64]
    hidden: NDArray[np.float64]
    one_way_p: NDArray[np.float64]
    n_spikes: NDArray[np.int64]
    null: str

    @property
    def is_asked(self) -> NDArray[np.bool_]:
        """Pairs with enough coincidences expected, (n_pair,)."""
        return np.isfinite(self.p_value)

    @property
    def excess(self) -> NDArray[np.float64]:
        """Coincidences that the null does not explain, what it hides added, (n_pair, 3)."""
        return (self.observed - self.expected) / (1.0 - self.hidden)

    @property
    def normalised_excess(self) -> NDArray[np.float64]:
        """Excess over the geometric mean of both spike counts, (n_pair, 3); NaN without spikes."""
        scale = np.sqrt(self.n_spikes[self.first] * self.n_spikes[self.second].astype(float))
        excess = self.excess
        return np.divide(
            excess, scale[:, None], out=np.full_like(excess, np.nan), where=scale[:, None] > 0
        )


def ask_pairs(
    stream: SpikeStream,
    null: Null | None = None,
    *,
    block_units: int = BLOCK_UNITS,
    threads: int | None = None,
) -> PairTests:
    """Ask every pair of units whether spikes are timed to each other within milliseconds.

    Parameters
    ----------
    stream : SpikeStream
    null : `interval` for flat jitter windows, `stimulus` for windows with the shape of the response
        By default `stimulus` where every stimulus was shown 4 times or more (to at most 1,500
        units), else `interval`.
    block_units : units a side of what is counted at once
    threads : as many as there are cores by default

    Returns
    -------
    PairTests

    Notes
    -----
    With two-sided mid-p values p_k of the m = 11 questions, ``p = 1 - (1 - min p_k)^m``; false
    discovery over all pairs that were asked (Benjamini and Hochberg). A pair is asked if its null
    expects one coincidence within 2.5 ms, which does not depend on what was seen.

    References
    ----------
    Amarasingham et al. (2012) 10.1152/jn.00633.2011; English et al. (2017)
    10.1016/j.neuron.2017.09.033, for comparing the two directions
    """
    bins = lag_bins(stream, bin_ms=BIN_MS, max_lag_ms=LONGEST_LAG_MS)
    if null is None:
        is_possible = can_be_stimulus_jittered(stream) and stream.n_units <= MOST_UNITS_BY_STIMULUS
        null = "stimulus" if is_possible else "interval"
    if null == "stimulus":
        parts = list(_asked_by_stimulus(stream, bins, block_units, threads))
    else:
        parts = list(_asked_by_interval(stream, bins, block_units, threads))
    joined = {
        name: np.concatenate([part[name] for part in parts]) if parts else empty
        for name, empty in _nothing().items()
    }
    return PairTests(
        **joined,
        q_value=q_values(joined["p_value"]),
        n_spikes=stream.n_spikes,
        null=NULL_NAMES[null],
    )


def _nothing() -> dict[str, NDArray]:
    three = np.zeros((0, 3))
    number, value = np.zeros(0, np.int64), np.zeros(0)
    return {
        "first": number, "second": number, "p_value": value, "lag": number,
        "is_excess": np.zeros(0, bool), "observed": three, "expected": three, "variance": three,
        "hidden": three, "one_way_p": value,
    }  # fmt: skip


def _asked_by_interval(
    stream: SpikeStream, bins: LagBins, block_units: int, threads: int | None
) -> Iterator[dict[str, NDArray]]:
    products, window = window_products(stream), stream.window_samples
    single, sides = ranges_of_bins(bins), _ranges_of_sides(bins)
    hidden = np.array([kept_share(side, window) for side in sides])
    for block in _blocks(stream, block_units, threads):
        pairs = block.first, block.second
        yield _asked(
            *pairs,
            block.counts,
            jittered_mean(products, single, window, *pairs),
            jittered_variance(products, single, window, *pairs),
            jittered_variance(products, sides, window, *pairs),
            np.broadcast_to(hidden, (len(block.first), 3)),
        )


def _asked_by_stimulus(
    stream: SpikeStream, bins: LagBins, block_units: int, threads: int | None
) -> Iterator[dict[str, NDArray]]:
    mean, variance, of_sides = stimulus_jittered(stream, bins, SYNCHRONY_BINS)
    for block in _blocks(stream, block_units, threads):
        pairs = block.first, block.second
        # What the variance lacks to that of independent coincidences is what they share.
        expected = np.maximum(_sides(mean[pairs]), 1e-9)
        hidden = np.clip(1.0 - of_sides[pairs] / expected, 0.0, MOST_HIDDEN)
        yield _asked(*pairs, block.counts, mean[pairs], variance[pairs], of_sides[pairs], hidden)


def _blocks(stream: SpikeStream, block_units: int, threads: int | None) -> Iterator:
    return correlogram_blocks(
        stream,
        bin_ms=BIN_MS,
        max_lag_ms=LONGEST_LAG_MS,
        block_units=block_units,
        threads=threads,
    )


def _sides(values: NDArray) -> NDArray[np.float64]:
    """Sums over bins before 0, around 0 and after 0, (n_pair, 3); the middle shares bins."""
    middle = values.shape[1] // 2
    near = slice(middle - SYNCHRONY_BINS, middle + SYNCHRONY_BINS + 1)
    parts = (values[:, :middle], values[:, near], values[:, middle + 1 :])
    return np.stack([part.sum(axis=1, dtype=float) for part in parts], axis=1)


def _ranges_of_sides(bins: LagBins) -> tuple[LagRange, ...]:
    each, middle = ranges_of_bins(bins), bins.n_half
    return tuple(
        LagRange(first=each[a].first, stop=each[b].stop)
        for a, b in (
            (0, middle - 1),
            (middle - SYNCHRONY_BINS, middle + SYNCHRONY_BINS),
            (middle + 1, 2 * middle),
        )
    )


def _asked(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    counts: NDArray[np.int32],
    mean: NDArray[np.float32],
    variance: NDArray[np.float32],
    variance_of_sides: NDArray[np.floating],
    hidden: NDArray[np.float64],
) -> dict[str, NDArray]:
    middle = counts.shape[1] // 2
    observed, expected = _sides(counts), _sides(mean)
    is_asked = expected[:, 1] >= MIN_EXPECTED
    questions = np.delete(np.arange(counts.shape[1]), middle)
    p_each, excess_each = count_p_values(
        np.column_stack([counts[:, questions], observed[:, 1]])[is_asked],
        np.column_stack([mean[:, questions], expected[:, 1]])[is_asked],
        np.column_stack([variance[:, questions], variance_of_sides[:, 1]])[is_asked],
    )
    best = p_each.argmin(axis=1)
    row = np.arange(len(best))
    p_value = np.full(len(first), np.nan)
    smallest = np.minimum(p_each[row, best], 1.0 - 1e-16)
    p_value[is_asked] = -np.expm1(p_each.shape[1] * np.log1p(-smallest))
    lag, is_excess = np.zeros(len(first), np.int64), np.zeros(len(first), bool)
    lag[is_asked] = np.append(questions - middle, 0)[best]
    is_excess[is_asked] = excess_each[row, best]
    return {
        "first": first,
        "second": second,
        "p_value": p_value,
        "lag": lag,
        "is_excess": is_excess,
        "observed": observed,
        "expected": expected,
        "variance": variance_of_sides,
        "hidden": hidden,
        "one_way_p": _one_way_p(counts, mean, lag, is_excess),
    }


def _one_way_p(
    counts: NDArray[np.int32],
    mean: NDArray[np.float32],
    lag: NDArray[np.int64],
    is_excess: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Probability of the count at the lag, were it as far from its null as the farthest opposite.

    1 for pairs whose least likely question is synchrony.
    """
    middle = counts.shape[1] // 2
    beyond = counts - mean
    sign = np.where(is_excess, 1.0, -1.0)
    before = (sign[:, None] * beyond[:, :middle]).max(axis=1, initial=0.0)
    after = (sign[:, None] * beyond[:, middle + 1 :]).max(axis=1, initial=0.0)
    opposite = np.where(lag > 0, before, after)
    row = np.arange(len(counts))
    rate = np.maximum(mean[row, middle + lag] + sign * np.maximum(opposite, 0.0), 1e-3)
    excess, deficit = count_tails(counts[row, middle + lag].astype(float), rate, rate)
    return np.where(lag == 0, 1.0, np.where(is_excess, excess, deficit))
