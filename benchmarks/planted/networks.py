"""Spike trains of small networks: without coupling, each kind in its way, and with planted ones.

The null networks hold what is mistaken for coupling: rates that rise and fall together, responses
that are locked to the same stimulus, drift. In the planted ones units fire at random but for
couplings of disjoint pairs, so every other pair is truly without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter

from ketacortex.analyse.links import EXCITATORY, INHIBITORY, SYNCHRONY
from ketacortex.analyse.spike_stream import SpikeStream, spike_stream, stream_of_trains
from ketacortex.recording.recording import Recording, Subject

SAMPLE_RATE_HZ = 30000.0
MEDIAN_HZ, RATE_SPREAD = 6.0, 0.7
GAIN_TIME_S, GAIN_SPREAD = 0.5, 0.6
TRIAL_S, N_CONDITIONS = 0.75, 8
LATENCY_S, LATENCY_SPREAD_S, TRANSIENT_S = 0.055, 0.008, 0.008
MODULATION_HZ = 4.0
TRIAL_GAIN_SPREAD = 0.3
DELAY_S, DELAY_SPREAD_S = 0.002, 0.0004
PAUSE_S = (0.001, 0.004)
COMMON_SPREAD_S = 0.0008


@dataclass(frozen=True, kw_only=True)
class PlantedNetwork:
    """A network in which some pairs of units are coupled, no unit in two of them.

    Parameters
    ----------
    stream : SpikeStream
    pre, post : (n_coupling,) units
    kind : the kind of link that each should come back as
    """

    stream: SpikeStream
    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    kind: str


def rates(rng: np.random.Generator, n_units: int) -> NDArray[np.float64]:
    """Mean rates, log-normal around 6 Hz, (n_unit,) Hz."""
    return np.clip(rng.lognormal(np.log(MEDIAN_HZ), RATE_SPREAD, n_units), 0.5, 40.0)


def train(rng: np.random.Generator, rate_hz: float, stop_s: float) -> NDArray[np.float64]:
    """Spikes at random at a constant rate, s."""
    return np.sort(rng.uniform(0.0, stop_s, rng.poisson(rate_hz * stop_s)))


def modulated_train(
    rng: np.random.Generator, rate_hz: NDArray[np.float64], stop_s: float
) -> NDArray[np.float64]:
    """Spikes at random at a rate that is given in equal steps from 0 to `stop_s`, s."""
    edge_s = np.linspace(0.0, stop_s, len(rate_hz) + 1)
    expected = np.append(0.0, np.cumsum(rate_hz)) * (stop_s / len(rate_hz))
    n_spikes = rng.poisson(expected[-1])
    return np.sort(np.interp(rng.uniform(0.0, expected[-1], n_spikes), expected, edge_s))


def independent(rng: np.random.Generator, n_units: int, stop_s: float) -> SpikeStream:
    """Units that fire at random, each at its own constant rate."""
    trains_s = [train(rng, rate_hz, stop_s) for rate_hz in rates(rng, n_units)]
    return stream_of_trains(trains_s, stop_s, sample_rate_hz=SAMPLE_RATE_HZ)


def co_modulated(rng: np.random.Generator, n_units: int, stop_s: float) -> SpikeStream:
    """Units that share a gain which forgets itself within half a second."""
    step_s = 0.005
    forgotten = step_s / GAIN_TIME_S
    noise = rng.normal(size=round(stop_s / step_s)) * np.sqrt(2.0 * forgotten) * GAIN_SPREAD
    gain = np.exp(lfilter([1.0], [1.0, forgotten - 1.0], noise) - 0.5 * GAIN_SPREAD**2)
    trains_s = [modulated_train(rng, rate_hz * gain, stop_s) for rate_hz in rates(rng, n_units)]
    return stream_of_trains(trains_s, stop_s, sample_rate_hz=SAMPLE_RATE_HZ)


def slow_drift(rng: np.random.Generator, n_units: int, stop_s: float) -> SpikeStream:
    """Units whose rates rise or fall once over the whole time, each by its own factor."""
    phase = np.sin(np.pi * (np.linspace(0.0, 1.0, 1000) - 0.5))
    trains_s = [
        modulated_train(rng, rate_hz * np.exp(rng.normal() * phase), stop_s)
        for rate_hz in rates(rng, n_units)
    ]
    return stream_of_trains(trains_s, stop_s, sample_rate_hz=SAMPLE_RATE_HZ)


def stimulus_locked(rng: np.random.Generator, n_units: int, stop_s: float) -> SpikeStream:
    """Units that follow repeated stimuli to within milliseconds, and a gain shared in each trial.

    Every trial begins with a transient near 55 ms, 19 ms wide at half its height, in a response
    that is modulated at 4 Hz with a phase of its own.
    """
    n_repeats = int(stop_s / TRIAL_S / N_CONDITIONS)
    condition = np.tile(np.arange(N_CONDITIONS), n_repeats)
    gain = np.exp(rng.normal(0.0, TRIAL_GAIN_SPREAD, len(condition)))
    onset_s = TRIAL_S * np.arange(len(condition))
    time_s = (np.arange(round(TRIAL_S * 1000)) + 0.5) * 1e-3
    edge_s = np.linspace(0.0, TRIAL_S, len(time_s) + 1)
    trains_s = []
    for rate_hz in rates(rng, n_units):
        latency_s = rng.normal(LATENCY_S, LATENCY_SPREAD_S)
        transient = 6.0 * np.exp(-0.5 * ((time_s - latency_s) / TRANSIENT_S) ** 2)
        spikes_s = []
        for number in range(N_CONDITIONS):
            phase = 2.0 * np.pi * (MODULATION_HZ * time_s + rng.random())
            shape = 1.3 + transient + np.sin(phase)
            mean_count = rate_hz * rng.uniform(0.2, 2.0) * TRIAL_S
            share = np.append(0.0, np.cumsum(shape)) / shape.sum()
            here = condition == number
            n_spikes = rng.poisson(mean_count * gain[here])
            in_trial_s = np.interp(rng.random(n_spikes.sum()), share, edge_s)
            spikes_s.append(np.repeat(onset_s[here], n_spikes) + in_trial_s)
        trains_s.append(np.sort(np.concatenate(spikes_s)))
    recording = recording_of_trains(trains_s, TRIAL_S * len(condition))
    return spike_stream(recording, onset_s, onset_s + TRIAL_S, condition)


NULLS = {
    "independent": independent,
    "co_modulated": co_modulated,
    "stimulus_locked": stimulus_locked,
    "slow_drift": slow_drift,
}


def planted(
    rng: np.random.Generator,
    rate_hz: float,
    stop_s: float,
    transmission_probability: float,
    n_units: int = 16,
) -> PlantedNetwork:
    """Every other unit makes its neighbour fire 2 ms later, with a probability at each spike.

    All units have the same mean rate, the spikes that were transmitted included.
    """

    def couple(pre_s: NDArray[np.float64]) -> NDArray[np.float64]:
        heard_s = pre_s[rng.random(len(pre_s)) < transmission_probability]
        sent_s = heard_s + rng.normal(DELAY_S, DELAY_SPREAD_S, len(heard_s))
        own_s = train(rng, rate_hz * (1.0 - transmission_probability), stop_s)
        return np.sort(np.concatenate([own_s, sent_s]))

    return _in_pairs([train(rng, rate_hz, stop_s) for _ in range(n_units // 2)], couple, stop_s)


def inhibited(
    rng: np.random.Generator, rate_hz: float, stop_s: float, lost: float, n_units: int = 16
) -> PlantedNetwork:
    """Every other unit takes from its neighbour a share of the spikes 1 to 4 ms later."""

    def couple(pre_s: NDArray[np.float64]) -> NDArray[np.float64]:
        own_s = train(rng, rate_hz, stop_s)
        until, since = (np.searchsorted(pre_s, own_s - lag_s) for lag_s in PAUSE_S)
        return own_s[(since == until) | (rng.random(len(own_s)) >= lost)]

    return _in_pairs(
        [train(rng, rate_hz, stop_s) for _ in range(n_units // 2)], couple, stop_s, kind=INHIBITORY
    )


def driven_together(
    rng: np.random.Generator, rate_hz: float, stop_s: float, shared: float, n_units: int = 16
) -> PlantedNetwork:
    """Neighbours take a share of their spikes from a source that is not recorded, without order."""
    trains_s = []
    for _ in range(n_units // 2):
        source_s = train(rng, shared * rate_hz, stop_s)
        for _ in range(2):
            heard_s = source_s + rng.normal(0.0, COMMON_SPREAD_S, len(source_s))
            own_s = train(rng, (1.0 - shared) * rate_hz, stop_s)
            trains_s.append(np.sort(np.concatenate([own_s, heard_s])))
    return _of_trains(trains_s, stop_s, SYNCHRONY)


def _in_pairs(
    pre_trains_s: list[NDArray[np.float64]],
    couple: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    stop_s: float,
    kind: str = EXCITATORY,
) -> PlantedNetwork:
    trains_s = [spikes_s for pre_s in pre_trains_s for spikes_s in (pre_s, couple(pre_s))]
    return _of_trains(trains_s, stop_s, kind)


def _of_trains(trains_s: list[NDArray[np.float64]], stop_s: float, kind: str) -> PlantedNetwork:
    pre = np.arange(0, len(trains_s), 2)
    return PlantedNetwork(
        stream=stream_of_trains(trains_s, stop_s, sample_rate_hz=SAMPLE_RATE_HZ),
        pre=pre,
        post=pre + 1,
        kind=kind,
    )


def common_input(
    rng: np.random.Generator,
    group: NDArray[np.int64],
    stop_s: float,
    *,
    heard: float,
    own_hz: float,
    source_hz: float = 10.0,
    start_s: float = 0.0,
) -> list[NDArray[np.float64]]:
    """Trains of units that hear the source of their group, a share of its events, and fire alone.

    `heard` and `own_hz` twice as large: every unit answers twice as often to the same input.
    """
    span_s = stop_s - start_s
    trains_s = [np.zeros(0)] * len(group)
    for number in np.unique(group):
        source_s = start_s + train(rng, source_hz, span_s)
        for unit in np.flatnonzero(group == number):
            of_source_s = source_s[rng.random(len(source_s)) < heard]
            of_source_s = of_source_s + rng.normal(0.0, COMMON_SPREAD_S, len(of_source_s))
            fired_s = np.concatenate([start_s + train(rng, own_hz, span_s), of_source_s])
            trains_s[unit] = np.sort(fired_s[(fired_s >= start_s) & (fired_s < stop_s)])
    return trains_s


def recording_of_trains(
    trains_s: list[NDArray[np.float64]],
    stop_s: float,
    *,
    epochs: Iterable[tuple[str, float, float]] = (),
    trials: pd.DataFrame | None = None,
    **about: Any,
) -> Recording:
    """A recording of spike trains; `epochs` are names with start and stop, `about` any field."""
    samples = [np.sort(np.floor(np.asarray(t) * SAMPLE_RATE_HZ)).astype(np.int64) for t in trains_s]
    no_trials = pd.DataFrame(columns=["onset_s", "offset_s", "orientation_deg", "epoch"])
    fields: dict[str, Any] = {
        "subject": Subject(identifier="synthetic"),
        "spike_samples": np.concatenate([np.zeros(0, np.int64), *samples]),
        "spike_index": np.append(0, np.cumsum([len(s) for s in samples])).astype(np.int64),
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "units": pd.DataFrame({"cell_class": ["unknown"] * len(samples)}),
        "trials": no_trials if trials is None else trials,
        "epochs": pd.DataFrame(list(epochs), columns=["name", "start_s", "stop_s"]),
        "start_s": 0.0,
        "stop_s": stop_s,
    }
    return Recording(**{**fields, **about})
