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
    PairBlock,
    correlogram_blocks,
    lag_bins,
)
from ketacortex.analyse.count_tails import CountTails, count_tails, count_tails_against
from ketacortex.analyse.false_discovery import q_values
from ketacortex.analyse.interval_jitter import (
    LagRange,
    jittered_mean,
    jittered_variance,
    kept_share,
    neighbour_products,
    ranges_of_bins,
    window_products,
)
from ketacortex.analyse.spike_stream import SpikeStream
from ketacortex.analyse.stimulus_locking import can_be_locked, other_trials

LONGEST_LAG_MS = 5.0
"""Of a delayed link: monosynaptic delays within a column."""
SYNCHRONY_BINS = 2
"""Bins to either side of 0 that are together one question: |lag| up to 2.5 ms."""
PAIRS_AT_ONCE = 32768
MIN_EXPECTED = 1.0
"""Coincidences within 2.5 ms that the null must expect before a pair is asked."""
Null = Literal["interval", "stimulus"]
NULL_NAMES: dict[str, str] = {
    "interval": "interval jitter, 25 ms windows, exact",
    "stimulus": "interval jitter, 25 ms windows, exact, with locking to the stimulus",
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
    null : `interval` for jitter windows; `stimulus` if they shall hold locking to the stimulus too
        By default `stimulus` where every stimulus was shown 4 times or more, else `interval`.
    block_units : units a side of what is counted at once
    threads : as many as there are cores by default

    Returns
    -------
    PairTests

    Notes
    -----
    With two-sided p values p_k of the m = 11 questions, ``p = 1 - (1 - min p_k)^m``; false
    discovery over all pairs that were asked (Benjamini and Hochberg). A pair is asked if its null
    expects one coincidence within 2.5 ms, which does not depend on how many it has.

    References
    ----------
    Amarasingham et al. (2012) 10.1152/jn.00633.2011; English et al. (2017)
    10.1016/j.neuron.2017.09.033, for comparing the two directions
    """
    bins = lag_bins(stream, bin_ms=BIN_MS, max_lag_ms=LONGEST_LAG_MS)
    if null is None:
        null = "stimulus" if can_be_locked(stream) else "interval"
    parts = list(_asked(stream, bins, null, block_units, threads))
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


def _asked(
    stream: SpikeStream,
    bins: LagBins,
    null: Null,
    block_units: int,
    threads: int | None,
) -> Iterator[dict[str, NDArray]]:
    products, neighbours = window_products(stream), neighbour_products(stream)
    window = stream.window_samples
    ranges, order = _ranges(bins)
    kept = np.array([kept_share(r, window) for r in ranges])
    blocks = _blocks(stream, block_units, threads)
    if null == "interval":
        for block in blocks:
            pairs = block.first, block.second
            counts = _in_ranges(block.counts)
            mean = jittered_mean(products, ranges, window, *pairs).astype(float)
            variance = jittered_variance(products, neighbours, ranges, window, *pairs).astype(float)
            asked = _worth_asking(counts, mean, variance, len(order))
            tails = count_tails(counts[asked], mean[asked], variance[asked])
            yield _answers(*pairs, counts, mean, variance, asked, tails, order, kept)
        return
    between = other_trials(stream, products)
    laid_over = _blocks(between.laid_over, block_units, threads)
    for block, every in zip(blocks, laid_over, strict=True):
        pairs = block.first, block.second
        counts = _in_ranges(block.counts)
        others = _in_ranges(every.counts) - counts
        flat = jittered_mean(products, ranges, window, *pairs).astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = flat / between.expected(ranges, *pairs)
            scale = flat / jittered_variance(products, neighbours, ranges, window, *pairs)
            mean = ratio * others
            variance = mean / scale + ratio * mean
        asked = _worth_asking(counts, mean, variance, len(order))
        tails = count_tails_against(counts[asked], others[asked], ratio[asked], scale[asked])
        yield _answers(*pairs, counts, mean, variance, asked, tails, order, kept)


def _worth_asking(
    counts: NDArray[np.float64],
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    n_questions: int,
) -> NDArray[np.bool_]:
    """Counts more than a standard deviation away: no other can make a pair unlikely."""
    with np.errstate(invalid="ignore"):
        is_far = (counts - mean) ** 2 > variance
    is_far[:, n_questions:] = False
    return is_far


def _blocks(stream: SpikeStream, block_units: int, threads: int | None) -> Iterator[PairBlock]:
    """Correlograms of some thousands of pairs at a time: what is asked of them takes memory."""
    for block in correlogram_blocks(
        stream,
        bin_ms=BIN_MS,
        max_lag_ms=LONGEST_LAG_MS,
        block_units=block_units,
        threads=threads,
    ):
        for start in range(0, len(block.first), PAIRS_AT_ONCE):
            here = slice(start, start + PAIRS_AT_ONCE)
            yield PairBlock(
                first=block.first[here], second=block.second[here], counts=block.counts[here]
            )


def _ranges(bins: LagBins) -> tuple[tuple[LagRange, ...], NDArray[np.int64]]:
    """Lags of every question, then of both sides; and the lag of each question in bins."""
    each, middle = ranges_of_bins(bins), bins.n_half

    def over(first: int, last: int) -> LagRange:
        return LagRange(first=each[first].first, stop=each[last].stop)

    single = [*range(middle), *range(middle + 1, 2 * middle + 1)]
    ranges = (
        *(each[k] for k in single),
        over(middle - SYNCHRONY_BINS, middle + SYNCHRONY_BINS),
        over(0, middle - 1),
        over(middle + 1, 2 * middle),
    )
    return ranges, np.append(np.array(single) - middle, 0)


def _in_ranges(counts: NDArray[np.int32]) -> NDArray[np.float64]:
    """Counts of the ranges from those of the bins, (n_pair, n_range)."""
    middle = counts.shape[1] // 2
    near = counts[:, middle - SYNCHRONY_BINS : middle + SYNCHRONY_BINS + 1]
    before, after = counts[:, :middle], counts[:, middle + 1 :]
    sums = [part.sum(axis=1) for part in (near, before, after)]
    return np.column_stack([before, after, *sums]).astype(float)


def _answers(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    counts: NDArray[np.float64],
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    asked: NDArray[np.bool_],
    tails: CountTails,
    lag_of_question: NDArray[np.int64],
    kept: NDArray[np.float64],
) -> dict[str, NDArray]:
    """The least likely of the questions of each pair, and what its sides hold."""
    n_questions = len(lag_of_question)
    sides = [n_questions, n_questions - 1, n_questions + 1]
    is_asked = np.nan_to_num(mean[:, n_questions - 1]) >= MIN_EXPECTED
    p_each, excess_each = np.ones(counts.shape), np.zeros(counts.shape, bool)
    p_each[asked], excess_each[asked] = tails.p_value, tails.is_excess
    best, row = p_each[:, :n_questions].argmin(axis=1), np.arange(len(first))
    smallest = np.minimum(p_each[row, best], 1.0 - 1e-16)
    p_value = np.where(is_asked, -np.expm1(n_questions * np.log1p(-smallest)), np.nan)
    lag = np.where(is_asked, lag_of_question[best], 0)
    is_excess = is_asked & excess_each[row, best]
    return {
        "first": first,
        "second": second,
        "p_value": p_value,
        "lag": lag,
        "is_excess": is_excess,
        "observed": counts[:, sides],
        "expected": mean[:, sides],
        "variance": variance[:, sides],
        "hidden": np.broadcast_to(kept[sides], (len(first), 3)),
        "one_way_p": _one_way_p(counts, mean, best, lag, is_excess, lag_of_question),
    }


def _one_way_p(
    counts: NDArray[np.float64],
    mean: NDArray[np.float64],
    best: NDArray[np.int64],
    lag: NDArray[np.int64],
    is_excess: NDArray[np.bool_],
    lag_of_question: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Probability of the count at the lag, were it as far from its null as the farthest opposite.

    1 for pairs whose least likely question is synchrony.
    """
    sign = np.where(is_excess, 1.0, -1.0)[:, None]
    beyond = sign * (counts - np.nan_to_num(mean))[:, : len(lag_of_question)]
    is_opposite = np.sign(lag_of_question) == -np.sign(lag)[:, None]
    opposite = np.where(is_opposite, beyond, 0.0).max(axis=1, initial=0.0)
    row = np.arange(len(counts))
    rate = np.maximum(np.nan_to_num(mean[row, best]) + sign[:, 0] * opposite, 1e-3)
    tails = count_tails(counts[row, best], rate, rate)
    return np.where(lag == 0, 1.0, np.where(is_excess, tails.of_excess, tails.of_deficit))
