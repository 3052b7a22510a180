"""The band around a correlogram holds chance at all lags at once, and only that."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from ketacortex.analyse.correlograms import correlograms, lag_bins
from ketacortex.analyse.simultaneous_band import simultaneous_band
from ketacortex.analyse.spike_stream import stream_of_trains

STOP_S = 60.0
N_PAIRS = 300


def wave_trains(rng, n_units=2, mean_hz=12.0):
    """Units that follow one slow wave and nothing faster, as inhomogeneous Poisson processes."""
    trains = []
    for _ in range(n_units):
        time_s = np.sort(rng.uniform(0.0, STOP_S, rng.poisson(2.0 * mean_hz * STOP_S)))
        kept = rng.random(len(time_s)) < 0.5 * (1.0 + np.sin(2.0 * np.pi * time_s))
        trains.append(time_s[kept])
    return trains


def test_ninety_five_percent_of_pairs_without_fast_timing_stay_inside_at_all_lags():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(N_PAIRS):
        stream = stream_of_trains(wave_trains(rng), STOP_S)
        # Thrown within their windows they are the null itself, whatever their slow wave.
        begin = stream.sample // stream.window_samples * stream.window_samples
        thrown = rng.integers(0, stream.window_samples, len(begin))
        stream = replace(stream, sample=begin + thrown)
        inside += simultaneous_band(stream, 0, 1, lag_bins(stream), rng, 99).is_inside
    low, high = stats.binom.ppf([0.001, 0.999], N_PAIRS, 0.95)
    assert low <= inside <= high


def test_a_band_of_single_lags_would_be_left_by_most():
    rng = np.random.default_rng(1)
    left = 0
    for _ in range(40):
        stream = stream_of_trains(wave_trains(rng), STOP_S)
        band = simultaneous_band(stream, 0, 1, lag_bins(stream), rng, 99)
        low, high = stats.poisson.ppf([[0.025], [0.975]], band.expected)
        left += bool(((band.counts < low) | (band.counts > high)).any())
    assert left > 30


def test_counts_and_expectation_are_those_of_correlograms_and_of_surrogates():
    rng = np.random.default_rng(2)
    stream = stream_of_trains(wave_trains(rng, 3), STOP_S)
    bins = lag_bins(stream)
    band = simultaneous_band(stream, 0, 2, bins, rng, 19)
    assert (band.counts == correlograms(stream)[0, 2]).all()
    window = stream.window_samples
    total = np.zeros(bins.n_bins)
    for _ in range(200):
        sample = stream.sample // window * window + rng.integers(0, window, len(stream.sample))
        trains = [(sample[stream.unit == unit] + 0.25) / 30000.0 for unit in range(3)]
        total += correlograms(stream_of_trains(trains, STOP_S))[0, 2]
    error = np.sqrt(band.expected / 200)
    assert (np.abs(total / 200 - band.expected) < 4.5 * error).all()


@pytest.mark.parametrize("lag_ms", [0, 3, -12])
def test_a_planted_coupling_leaves_the_band_at_its_lag_alone(lag_ms):
    rng = np.random.default_rng(3)
    first, second = wave_trains(rng)
    driven = first[rng.random(len(first)) < 0.1] + lag_ms / 1e3
    driven = driven[(driven > 0.0) & (driven < STOP_S)]
    stream = stream_of_trains([first, np.sort(np.concatenate([second, driven]))], STOP_S)
    band = simultaneous_band(stream, 0, 1, lag_bins(stream), rng)
    assert (np.flatnonzero(band.counts > band.high) - 50).tolist() == [lag_ms]


def test_a_silent_unit_has_an_empty_band():
    stream = stream_of_trains([np.array([0.5]), np.array([])], 1.0)
    band = simultaneous_band(stream, 0, 1, lag_bins(stream), np.random.default_rng(0), 19)
    assert not band.counts.any()
    assert not band.expected.any()
    assert not band.high.any()
    assert band.is_inside
