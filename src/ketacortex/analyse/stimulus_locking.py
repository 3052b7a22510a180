"""What correlograms owe to the stimulus, from spikes of other trials of it.

Where a stimulus is repeated, spikes are locked to it within a few ms, and two units that merely
follow it fire together. Pairs of spikes from different trials of one stimulus show just that: how
much more often a lag occurs than flat jitter windows explain, where nothing but the stimulus can
have timed it. There are many times more such pairs than in the trials themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.interval_jitter import (
    LagRange,
    jittered_mean,
    window_products,
)
from ketacortex.analyse.spike_stream import CLEARANCE_WINDOWS, SpikeStream

MIN_REPEATS = 4
"""Of each stimulus, so that other trials hold three times as many pairs."""


def can_be_locked(stream: SpikeStream) -> bool:
    """Whether every stimulus was repeated often enough."""
    _, n_repeats = np.unique(stream.condition, return_counts=True)
    return len(n_repeats) > 0 and bool(n_repeats.min() >= MIN_REPEATS)


def on_the_clock_of_the_stimulus(stream: SpikeStream) -> SpikeStream:
    """All trials of a stimulus laid over each other, one stimulus after the other.

    Parameters
    ----------
    stream : SpikeStream
        Stretches are trials; those of one condition are its repetitions and of one length.

    Returns
    -------
    SpikeStream
        One stretch a stimulus, with the spikes of all its trials.
    """
    numbers, which = np.unique(stream.condition, return_inverse=True)
    n_windows = np.zeros(len(numbers), np.int64)
    np.maximum.at(n_windows, which, stream.n_windows)
    first_window = np.cumsum(n_windows + CLEARANCE_WINDOWS) - n_windows - CLEARANCE_WINDOWS
    stretch = stream.stretch
    moved = (first_window[which] - stream.first_window)[stretch] * stream.window_samples
    sample = stream.sample + moved
    order = np.argsort(sample, kind="stable")
    return SpikeStream(
        sample=sample[order],
        unit=stream.unit[order],
        n_units=stream.n_units,
        window_samples=stream.window_samples,
        first_window=first_window,
        n_windows=n_windows,
        condition=numbers,
        sample_rate_hz=stream.sample_rate_hz,
    )


@dataclass(frozen=True, kw_only=True)
class OtherTrials:
    """What is needed to know how often lags occur between different trials of a stimulus.

    Parameters
    ----------
    laid_over : SpikeStream of all trials on the clock of the stimulus
    products, products_within : (2, n_unit, n_unit)
        Of `window_products`, of it and of the trials one by one.
    """

    laid_over: SpikeStream
    products: NDArray[np.float64]
    products_within: NDArray[np.float64]

    def expected(
        self,
        ranges: tuple[LagRange, ...],
        first: NDArray[np.int64],
        second: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        """Pairs of spikes of different trials that jitter windows expect, (n_pair, n_range)."""
        window = self.laid_over.window_samples
        every = jittered_mean(self.products, ranges, window, first, second)
        return every - jittered_mean(self.products_within, ranges, window, first, second)


def other_trials(stream: SpikeStream, products: NDArray[np.float64]) -> OtherTrials:
    """Pairs of spikes from different trials of a stimulus, given the products within trials.

    Notes
    -----
    Of C coincidences in the trials, C' between different trials and the expectations E, E' of both
    under interval jitter, the null that holds the stimulus too expects ``E C' / E'``, and C out of
    ``C + C'`` is binomial with the probability ``E / (E + E')``.
    """
    laid_over = on_the_clock_of_the_stimulus(stream)
    return OtherTrials(
        laid_over=laid_over, products=window_products(laid_over), products_within=products
    )
