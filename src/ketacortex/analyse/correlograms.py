"""Cross- and auto-correlograms of all pairs of units, counted exactly.

One walk along the merged spikes counts every pair that is close in time once, as a lag of the later
after the earlier, into the row of the earlier unit. A row fits into the cache and belongs to one
thread, so threads share nothing and the counts cannot depend on them.

The convention throughout: a lag is positive when the second unit fires after the first; times are
integer samples and lags their true differences; bins are centred on multiples of their width,
``[(k - 1/2) w, (k + 1/2) w)``, and odd in number, the middle one being simultaneity.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.spike_stream import CLEARANCE_WINDOWS, SpikeStream
from ketacortex.compiled import compiled
from ketacortex.errors import ConfigurationError

BIN_MS = 1.0
MAX_LAG_MS = 50.0
BLOCK_UNITS = 1100
"""Units a side of what is counted at once: with 101 bins about half a gigabyte."""
ROWS_A_TASK = 16
WIDEST = 65536
"""What 16 bits can count, and tell apart."""
FEW_IN_A_BIN = 8


@dataclass(frozen=True, kw_only=True)
class LagBins:
    """Bins of the lag between two spikes.

    Parameters
    ----------
    width_samples : samples, may be a fraction
    n_half : bins to either side of the middle one
    """

    width_samples: float
    n_half: int

    @property
    def n_bins(self) -> int:
        """Number of bins, odd."""
        return 2 * self.n_half + 1

    @property
    def reach(self) -> int:
        """Largest lag that falls into a bin, on either side, samples."""
        return int(np.floor((self.n_half + 0.5) * self.width_samples))

    def bin_of(self, lag: NDArray[np.int64]) -> NDArray[np.int64]:
        """Bin of each lag in samples, from `-n_half`; beyond the last it goes on counting."""
        return np.floor(lag / self.width_samples + 0.5).astype(np.int64)

    def centres_ms(self, sample_rate_hz: float) -> NDArray[np.float64]:
        """Middle of each bin, (n_bin,) ms."""
        number = np.arange(-self.n_half, self.n_half + 1).astype(float)
        return number * (1e3 * self.width_samples / sample_rate_hz)


@dataclass(frozen=True, kw_only=True)
class PairBlock:
    """Correlograms of some pairs.

    Parameters
    ----------
    first, second : (n_pair,) units, `first < second`
    counts : (n_pair, n_bin)
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    counts: NDArray[np.int32]


def lag_bins(
    stream: SpikeStream, *, bin_ms: float = BIN_MS, max_lag_ms: float = MAX_LAG_MS
) -> LagBins:
    """Bins of a width in ms, out to a lag.

    Raises
    ------
    ConfigurationError
        The bin is shorter than a sample, or the lag as long as the silence between stretches.
    """
    # Tenths of a ms are not exact in binary, and an edge beside a lag would move it to another bin.
    width = round(bin_ms * stream.sample_rate_hz / 1e3, 9)
    if width < 1.0:
        raise ConfigurationError(
            f"a bin of {bin_ms:g} ms is shorter than a sample of {1e3 / stream.sample_rate_hz:g} "
            "ms, so some bins could hold nothing. Give a wider one."
        )
    bins = LagBins(width_samples=width, n_half=max(round(max_lag_ms / bin_ms), 0))
    if bins.reach >= CLEARANCE_WINDOWS * stream.window_samples:
        longest_ms = CLEARANCE_WINDOWS * stream.window_samples / stream.sample_rate_hz * 1e3
        raise ConfigurationError(
            f"lags to {max_lag_ms:g} ms were asked for; stretches are kept apart for lags below "
            f"{longest_ms:g} ms. Give a smaller largest lag or longer jitter windows."
        )
    return bins


def correlograms(
    stream: SpikeStream,
    *,
    bin_ms: float = BIN_MS,
    max_lag_ms: float = MAX_LAG_MS,
    threads: int | None = None,
) -> NDArray[np.int32]:
    """Correlograms of every ordered pair, autocorrelograms on the diagonal.

    Parameters
    ----------
    stream : SpikeStream
    bin_ms : width of a bin, ms
    max_lag_ms : middle of the last bin, ms
    threads : as many as there are cores by default

    Returns
    -------
    (n_unit, n_unit, n_bin)
        Entry [i, j] counts spikes of j around spikes of i; [j, i] is its mirror image. A spike is
        not counted with itself. For more than a thousand units take `correlogram_blocks`.

    Examples
    --------
    >>> from ketacortex.analyse.spike_stream import stream_of_trains
    >>> stream = stream_of_trains([np.array([0.1]), np.array([0.103])], 1.0)
    >>> counts = correlograms(stream, max_lag_ms=4.0)
    >>> counts[0, 1].tolist()
    [0, 0, 0, 0, 0, 0, 0, 1, 0]
    """
    bins = lag_bins(stream, bin_ms=bin_ms, max_lag_ms=max_lag_ms)
    everyone = np.arange(stream.n_units)
    later = _count(stream, bins, everyone, everyone, threads)
    counts = np.empty((stream.n_units, stream.n_units, bins.n_bins), np.int32)
    n, middle = stream.n_units, bins.n_half
    first, second = np.triu_indices(n, 1)
    counts[first, second] = _folded(later, later, first, second)
    counts[second, first] = counts[first, second, ::-1]
    own = later[everyone, everyone, : middle + 1]
    counts[everyone, everyone, middle:] = own
    counts[everyone, everyone, : middle + 1] = own[:, ::-1]
    counts[everyone, everyone, middle] *= 2
    return counts


def correlogram_blocks(
    stream: SpikeStream,
    *,
    bin_ms: float = BIN_MS,
    max_lag_ms: float = MAX_LAG_MS,
    block_units: int = BLOCK_UNITS,
    threads: int | None = None,
) -> Iterator[PairBlock]:
    """Correlograms of every pair, a block of pairs at a time, so that memory stays bounded.

    Parameters
    ----------
    stream : SpikeStream
    bin_ms, max_lag_ms : ms
    block_units : units a side of a block
    threads : as many as there are cores by default

    Yields
    ------
    PairBlock
        Every pair once, in the same order whatever the threads.
    """
    bins = lag_bins(stream, bin_ms=bin_ms, max_lag_ms=max_lag_ms)
    for one, other in unit_blocks(stream.n_units, block_units):
        first, second = pairs_of(one, other)
        if not len(first):
            continue
        later = _count(stream, bins, one, other, threads)
        back = later if other is one else _count(stream, bins, other, one, threads)
        counts = _folded(later, back, first - one[0], second - other[0])
        del later, back
        yield PairBlock(first=first, second=second, counts=counts)


def unit_blocks(
    n_units: int, block_units: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Blocks of units against blocks, each once; the same object for one against itself."""
    blocks = [
        np.arange(start, min(start + block_units, n_units))
        for start in range(0, n_units, block_units)
    ]
    for place, one in enumerate(blocks):
        for other in blocks[place:]:
            yield one, other


def pairs_of(
    one: NDArray[np.int64], other: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of a block, `first < second`; of a block with itself each pair once."""
    if other is one:
        first, second = np.triu_indices(len(one), 1)
    else:
        first, second = (x.ravel() for x in np.indices((len(one), len(other))))
    return one[first], other[second]


def _count(
    stream: SpikeStream,
    bins: LagBins,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    threads: int | None,
) -> NDArray[np.int32]:
    """Pairs of a spike of a row unit and a later one of a column unit, by lag.

    Returns (n_row, n_column + 1, n_half + 2): beyond the last column and the last bin lies what
    nobody asked for, so that the walk needs no condition.
    """
    width = bins.n_half + 2
    column = np.full(stream.n_units, len(columns), np.int32)
    column[columns] = np.arange(len(columns))
    is_row = np.zeros(stream.n_units, bool)
    is_row[rows] = True
    is_used = is_row[stream.unit] | (column[stream.unit] < len(columns))
    sample, unit = stream.sample[is_used], stream.unit[is_used]
    if not len(sample) or sample[-1] + bins.reach < np.iinfo(np.int32).max:
        sample = sample.astype(np.int32)
    place = np.argsort(unit, kind="stable")
    first = np.searchsorted(unit, np.arange(stream.n_units + 1), sorter=place)
    lag = np.arange(bins.reach + 1)
    # Seen from the unit with the smaller number a later spike of the other is a positive lag, seen
    # from the larger a negative one; at the edge of a bin the two fall into different bins.
    # Of another type than the row, so that the compiler knows that counting cannot change it.
    bin_of = np.concatenate([bins.bin_of(lag), -bins.bin_of(-lag)])
    bin_of = bin_of.astype(np.uint8 if width < 256 else np.uint32)
    found = np.zeros((len(rows), len(columns) + 1, width), np.int32)
    # The cache is what limits the walk. In 16 bits a row and what points into it are half as long,
    # and are added up before they can run over.
    size = (len(columns) + 1) * width
    kind = np.uint16 if size < WIDEST else np.uint32
    cell = (column[unit] * np.int64(width)).astype(kind)
    own_cell = (np.searchsorted(columns, rows) * width).astype(kind)
    at_once = max(WIDEST // _most_in_a_bin(sample[place], unit[place], bins.width_samples) - 1, 1)

    def count(start: int) -> None:
        stop = min(start + ROWS_A_TASK, len(rows))
        for number in range(start, stop):
            mine = place[first[rows[number]] : first[rows[number] + 1]]
            for k in range(0, len(mine), at_once):
                row = np.zeros(size, np.uint16)
                _walk(sample, cell, mine[k : k + at_once], own_cell[number], bin_of, row)
                found[number] += row.reshape(found[number].shape)

    tasks = range(0, len(rows), ROWS_A_TASK)
    n_threads = min(threads or os.cpu_count() or 1, len(tasks))
    if n_threads < 2:
        for task in tasks:
            count(task)
    else:
        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(count, tasks))
    return found


def _most_in_a_bin(sample: NDArray[np.int64], unit: NDArray[np.int32], width_samples: float) -> int:
    """Spikes of one unit that fall into a bin at most, from spikes sorted by unit, then time."""
    most = 1
    while len(sample) > most:
        is_close = sample[most:] - sample[:-most] <= width_samples
        if most >= WIDEST or not (is_close & (unit[most:] == unit[:-most])).any():
            break
        # Fewer and fewer are asked, but for a unit that fires without a pause.
        most = 2 * most if most >= FEW_IN_A_BIN else most + 1
    return most


@compiled(nogil=True)
def _walk(
    sample: NDArray[np.int32],
    cell: NDArray[np.uint16],
    mine: NDArray[np.int64],
    own_cell: int,
    bin_of: NDArray[np.uint8],
    row: NDArray[np.uint16],
) -> None:
    """Count what follows each spike of one unit into its row.

    `cell` is where the bins of a spike's unit begin in the row; columns lie in the order of units,
    so a smaller cell than its own is a unit with a smaller number.
    """
    n_lags = len(bin_of) // 2
    stop = 0
    for here in mine:
        now = sample[here]
        stop = max(stop, here + 1)
        while stop < len(sample) and sample[stop] - now < n_lags:
            stop += 1
        # Numbers without a sign are not asked whether they count from the end.
        for there in range(np.uint64(here + 1), np.uint64(stop)):
            lag = np.uint64(sample[there] - now)
            other = cell[there]
            side = np.uint64(n_lags) if other < own_cell else np.uint64(0)
            row[np.uint64(np.uint32(other) + bin_of[side + lag])] += np.uint16(1)


def _folded(
    later: NDArray[np.int32],
    back: NDArray[np.int32],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> NDArray[np.int32]:
    """Both halves of the correlogram of each pair, (n_pair, n_bin)."""
    n_half = later.shape[2] - 2
    counts = np.empty((len(first), 2 * n_half + 1), later.dtype)
    _fold(later, back, first, second, counts)
    return counts


@compiled(nogil=True)
def _fold(
    later: NDArray[np.int32],
    back: NDArray[np.int32],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    counts: NDArray[np.int32],
) -> None:
    middle = counts.shape[1] // 2
    for pair in range(len(first)):
        one, two = first[pair], second[pair]
        counts[pair, middle] = later[one, two, 0] + back[two, one, 0]
        for k in range(1, middle + 1):
            counts[pair, middle + k] = later[one, two, k]
            counts[pair, middle - k] = back[two, one, k]
