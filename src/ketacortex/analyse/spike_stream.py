"""Spikes of many units in order of time, on a clock that runs only while one is looking.

Correlograms are counted within stretches: trials, or an epoch without its gaps. On this clock each
stretch begins with a whole jitter window and silence follows it, longer than any lag, so whatever
walks along the clock needs to know nothing of trials, and no pair of spikes is counted whose lag
could not have been seen in a surrogate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.recording.recording import Recording

WINDOW_S = 0.025
"""Length of a jitter window: correlation slower than this is explained by the null."""
CLEARANCE_WINDOWS = 5
"""Empty windows after a stretch, so 125 ms: more than any lag that is counted."""
TOLERANCE = 0.02
"""Share of a window that may be missing from the last one of a stretch: displays jitter."""


@dataclass(frozen=True, kw_only=True)
class SpikeStream:
    """Spikes of all units within stretches, in order of time.

    Parameters
    ----------
    sample : (n_spike,) ascending, on a clock that holds the stretches alone
    unit : (n_spike,) from 0
    n_units : units, silent ones too
    window_samples : length of a jitter window; spike s lies in window `sample // window_samples`
    first_window : (n_stretch,) number of the window that a stretch begins with
    n_windows : (n_stretch,) whole windows of a stretch; a remainder is left out
    condition : (n_stretch,) number of the stimulus that was shown; the same in every repetition
    sample_rate_hz : Hz
    """

    sample: NDArray[np.int64]
    unit: NDArray[np.int32]
    n_units: int
    window_samples: int
    first_window: NDArray[np.int64]
    n_windows: NDArray[np.int64]
    condition: NDArray[np.int64]
    sample_rate_hz: float

    @property
    def n_spikes(self) -> NDArray[np.int64]:
        """Spikes of each unit, (n_unit,)."""
        return np.bincount(self.unit, minlength=self.n_units)

    @property
    def stretch(self) -> NDArray[np.int64]:
        """Stretch that each spike lies in, (n_spike,)."""
        window = self.sample // self.window_samples
        return np.searchsorted(self.first_window, window, side="right") - 1

    @property
    def duration_s(self) -> float:
        """Time within the stretches, s."""
        return float(self.n_windows.sum()) * self.window_samples / self.sample_rate_hz

    @property
    def rate_hz(self) -> NDArray[np.float64]:
        """Mean rate of each unit within the stretches, (n_unit,) Hz."""
        return self.n_spikes / self.duration_s if self.duration_s else np.full(self.n_units, np.nan)

    def of_spikes(self, is_kept: NDArray[np.bool_]) -> SpikeStream:
        """The same stretches with some of the spikes, `is_kept` (n_spike,)."""
        return self._with(self.sample[is_kept], self.unit[is_kept])

    def of_stretches(self, is_kept: NDArray[np.bool_]) -> SpikeStream:
        """Some of the stretches with their spikes, `is_kept` (n_stretch,)."""
        here = is_kept[self.stretch]
        return SpikeStream(
            sample=self.sample[here],
            unit=self.unit[here],
            n_units=self.n_units,
            window_samples=self.window_samples,
            first_window=self.first_window[is_kept],
            n_windows=self.n_windows[is_kept],
            condition=self.condition[is_kept],
            sample_rate_hz=self.sample_rate_hz,
        )

    def _with(self, sample: NDArray[np.int64], unit: NDArray[np.int32]) -> SpikeStream:
        return SpikeStream(
            sample=sample,
            unit=unit,
            n_units=self.n_units,
            window_samples=self.window_samples,
            first_window=self.first_window,
            n_windows=self.n_windows,
            condition=self.condition,
            sample_rate_hz=self.sample_rate_hz,
        )


def spike_stream(
    recording: Recording,
    start_s: NDArray[np.float64],
    stop_s: NDArray[np.float64],
    condition: NDArray[np.int64] | None = None,
    *,
    window_s: float = WINDOW_S,
) -> SpikeStream:
    """The spikes of a recording within stretches of it.

    Parameters
    ----------
    recording : Recording
    start_s, stop_s : (n_stretch,) s, ascending, not overlapping
        Those without a whole window are left out, as is the remainder of every other.
    condition : (n_stretch,), optional
        Of each stretch; stretches of a condition are cut to its shortest. Without it every stretch
        is a condition of its own.
    window_s : s, length of a jitter window

    Returns
    -------
    SpikeStream
    """
    window = max(round(window_s * recording.sample_rate_hz), 1)
    # Half a sample earlier, as `Recording.spike_counts` does.
    onset = np.ceil(np.asarray(start_s, float) * recording.sample_rate_hz - 0.5).astype(np.int64)
    length = (np.asarray(stop_s, float) - start_s) * recording.sample_rate_hz / window
    n_windows = np.floor(length + TOLERANCE).astype(np.int64)
    which = np.arange(len(onset)) if condition is None else np.asarray(condition, np.int64)
    # First, or one trial that was cut off would take all of its condition with it.
    is_used = n_windows > 0
    onset, n_windows, which = onset[is_used], n_windows[is_used], which[is_used]
    for number in np.unique(which):
        n_windows[which == number] = n_windows[which == number].min()
    first_window = np.cumsum(n_windows + CLEARANCE_WINDOWS) - n_windows - CLEARANCE_WINDOWS
    samples = recording.spike_samples
    unit = np.repeat(np.arange(recording.n_units, dtype=np.int32), np.diff(recording.spike_index))
    stretch = np.searchsorted(onset, samples, side="right") - 1
    if len(onset):
        inside = (stretch >= 0) & (samples < onset[stretch] + n_windows[stretch] * window)
    else:
        inside = np.zeros(len(samples), bool)
    stretch, unit = stretch[inside], unit[inside]
    sample = samples[inside] - onset[stretch] + first_window[stretch] * window
    order = np.argsort(sample, kind="stable")
    return SpikeStream(
        sample=sample[order],
        unit=unit[order],
        n_units=recording.n_units,
        window_samples=window,
        first_window=first_window,
        n_windows=n_windows,
        condition=which,
        sample_rate_hz=recording.sample_rate_hz,
    )


def stream_of_trains(
    trains_s: list[NDArray[np.float64]],
    stop_s: float,
    *,
    sample_rate_hz: float = 30000.0,
    window_s: float = WINDOW_S,
) -> SpikeStream:
    """The stream of spike trains given in seconds, observed from 0 to `stop_s` without a break.

    Examples
    --------
    >>> stream = stream_of_trains([np.array([0.5, 0.1]), np.array([0.2])], 1.0)
    >>> stream.unit.tolist(), stream.rate_hz.tolist()
    ([0, 1, 0], [2.0, 1.0])
    """
    window = max(round(window_s * sample_rate_hz), 1)
    n_windows = int(stop_s * sample_rate_hz / window + TOLERANCE)
    time = np.concatenate([np.zeros(0), *trains_s]) * sample_rate_hz
    sample = np.ceil(time - 0.5).astype(np.int64)
    unit = np.repeat(np.arange(len(trains_s), dtype=np.int32), [len(t) for t in trains_s])
    inside = (sample >= 0) & (sample < n_windows * window)
    sample, unit = sample[inside], unit[inside]
    order = np.argsort(sample, kind="stable")
    return SpikeStream(
        sample=sample[order],
        unit=unit[order],
        n_units=len(trains_s),
        window_samples=window,
        first_window=np.zeros(1, np.int64),
        n_windows=np.array([n_windows]),
        condition=np.zeros(1, np.int64),
        sample_rate_hz=sample_rate_hz,
    )
