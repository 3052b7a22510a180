"""The spikes that the network of each epoch is seen in, as they are and at equal rates.

More spikes show more links. Two epochs are therefore also compared with equally many trials of each
stimulus and equally many spikes of each unit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.adapted_epochs import ADAPTER_KIND
from ketacortex.analyse.responses import collect_responses
from ketacortex.analyse.spike_stream import SpikeStream, spike_stream
from ketacortex.analyse.trained_epochs import TRAINING_KIND
from ketacortex.recording.recording import Recording
from ketacortex.recording.selection import only_epoch

WHOLE = "all"
"""Name of the epoch of a recording that names none."""
NOT_MEASURED = (ADAPTER_KIND, TRAINING_KIND, "wait", "recover")
"""Kinds of epochs in which something is done, or nothing, and nothing measured."""


def network_streams(recording: Recording) -> dict[str, SpikeStream]:
    """Spikes of each epoch, in order of time.

    Where there are gratings it is their presentation alone, trial by trial; else the whole epoch
    but for gaps of the recording, and the whole recording if it names no epoch. Epochs with an
    adapter or with training, and pauses between what is measured, are none: what is shown there is
    no stimulus of the others, and at equal rates the quietest would leave no spikes to any.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    dict
        From the name of an epoch to its SpikeStream.
    """
    shown = {
        responses.epoch: spike_stream(
            recording,
            responses.onset_s,
            responses.onset_s + responses.duration_s,
            responses.condition,
        )
        for responses in collect_responses(recording)
        if len(responses.condition)
    }
    named = {
        str(row["name"]): (float(row["start_s"]), float(row["stop_s"]))
        for row in recording.epochs.to_dict("records")
        if row.get("kind") not in NOT_MEASURED
    }
    if not named and not shown:
        named = {WHOLE: (recording.start_s, recording.stop_s)}
    whole = {
        name: _without_stimulus(recording, *limits)
        for name, limits in named.items()
        if name not in shown
    }
    streams = {**shown, **whole}
    order = [name for name in named if name in streams]
    return {name: streams[name] for name in [*order, *(n for n in streams if n not in order)]}


def of_orientation(recording: Recording, epoch: str, orientation_deg: float) -> SpikeStream:
    """Spikes during one orientation, for the network of a stimulus.

    Parameters
    ----------
    recording : Recording
    epoch : its name
    orientation_deg : deg, in [0, 180)
    """
    (of,) = collect_responses(only_epoch(recording, epoch))
    here = np.isclose(of.orientation_deg, orientation_deg)
    onset_s = of.onset_s[here]
    return spike_stream(recording, onset_s, onset_s + of.duration_s[here], of.condition[here])


def _without_stimulus(recording: Recording, start_s: float, stop_s: float) -> SpikeStream:
    """All that was observed; the conditions count down from -1, so that they are no stimulus."""
    first = np.maximum(recording.observed_s[:, 0], start_s)
    last = np.minimum(recording.observed_s[:, 1], stop_s)
    is_seen = last > first
    condition = -1 - np.arange(is_seen.sum())
    return spike_stream(recording, first[is_seen], last[is_seen], condition)


def at_equal_rates(
    streams: dict[str, SpikeStream], rng: np.random.Generator
) -> dict[str, SpikeStream]:
    """The same epochs with equal trials, time and spikes of each unit.

    Of each stimulus every epoch keeps as many trials as the epoch with the fewest, spread evenly
    and as long as where they are shortest; epochs without trials keep as much time from their
    beginning. Then of each unit as many spikes as in the epoch where it fires least, at random.

    Parameters
    ----------
    streams : of `network_streams`
    rng : Generator

    Returns
    -------
    dict
        Without stretches where epochs have no stimulus in common.
    """
    if not streams:
        return {}
    if all((stream.condition < 0).all() for stream in streams.values()):
        left = _equal_time(streams)
    else:
        left = _equal_trials(streams)
    cut = {name: _first_windows(stream, left[name]) for name, stream in streams.items()}
    fewest = np.min([stream.n_spikes for stream in cut.values()], axis=0)
    return {name: _thinned(stream, fewest, rng) for name, stream in cut.items()}


def _equal_time(streams: dict[str, SpikeStream]) -> dict[str, NDArray[np.int64]]:
    """Windows of each stretch that are kept, from the beginning of each epoch."""
    shortest = min(int(stream.n_windows.sum()) for stream in streams.values())
    before = {name: np.cumsum(s.n_windows) - s.n_windows for name, s in streams.items()}
    return {name: np.clip(shortest - before[name], 0, s.n_windows) for name, s in streams.items()}


def _equal_trials(streams: dict[str, SpikeStream]) -> dict[str, NDArray[np.int64]]:
    """Windows of each trial that are kept, 0 for those that are not."""
    left = {name: np.zeros(len(stream.condition), np.int64) for name, stream in streams.items()}
    common = set.intersection(*(set(stream.condition.tolist()) for stream in streams.values()))
    for number in sorted(common):
        trials = {name: np.flatnonzero(s.condition == number) for name, s in streams.items()}
        n_kept = min(map(len, trials.values()))
        shortest = min(int(s.n_windows[trials[name]].min()) for name, s in streams.items())
        for name, of_one in trials.items():
            left[name][of_one[(np.arange(n_kept) * len(of_one)) // n_kept]] = shortest
    return left


def _first_windows(stream: SpikeStream, left: NDArray[np.int64]) -> SpikeStream:
    """The first windows of each stretch, as many as are `left` (n_stretch,)."""
    window = stream.sample // stream.window_samples
    here = window < (stream.first_window + left)[stream.stretch]
    return SpikeStream(
        sample=stream.sample[here],
        unit=stream.unit[here],
        n_units=stream.n_units,
        window_samples=stream.window_samples,
        first_window=stream.first_window[left > 0],
        n_windows=left[left > 0],
        condition=stream.condition[left > 0],
        sample_rate_hz=stream.sample_rate_hz,
    )


def _thinned(
    stream: SpikeStream, n_spikes: NDArray[np.int64], rng: np.random.Generator
) -> SpikeStream:
    order = np.lexsort((rng.random(len(stream.unit)), stream.unit))
    first = np.cumsum(stream.n_spikes) - stream.n_spikes
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - first[stream.unit[order]]
    return stream.of_spikes(rank < n_spikes[stream.unit])


def counts_within(
    stream: SpikeStream, n_windows: int | None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Spike counts in parts of the stretches, with what was shown and when as the condition.

    Parameters
    ----------
    stream : SpikeStream
    n_windows : jitter windows in a part; None for the whole stretch

    Returns
    -------
    counts : (n_unit, n_part)
    condition : (n_part,)
    """
    size = n_windows or int(stream.n_windows.max(initial=1))
    n_parts = np.maximum(stream.n_windows // size, 1 if n_windows is None else 0)
    first = np.cumsum(n_parts) - n_parts
    stretch = stream.stretch
    part = (stream.sample // stream.window_samples - stream.first_window[stretch]) // size
    inside = part < n_parts[stretch]
    total = int(n_parts.sum())
    cell = stream.unit[inside].astype(np.int64) * total + (first[stretch] + part)[inside]
    counts = np.bincount(cell, minlength=stream.n_units * total).reshape(stream.n_units, total)
    most = int(n_parts.max(initial=1))
    within = np.arange(total) - np.repeat(first, n_parts)
    return counts.astype(float), np.repeat(stream.condition, n_parts) * most + within
