"""Irregularity of intervals: what Elephant says, what renewal theory says, and bursts."""

import numpy as np
import pytest
from tests.analyse.planted import trials_of

from ketacortex.analyse.interval_statistics import interval_statistics
from ketacortex.recording.recording import Subject
from ketacortex.recording.tables import from_tables

STOP_S = 400.0
WHOLE = np.zeros(1), np.full(1, STOP_S)


def recorded(trains):
    trials = trials_of(np.zeros(1), ["all"], duration_s=STOP_S)
    named = {f"unit {i:02d}": train for i, train in enumerate(trains)}
    return from_tables(spikes=named, trials=trials, subject=Subject(identifier="one"))


def renewal(rng, shape, rate_hz=10.0):
    times_s = np.cumsum(rng.gamma(shape, 1.0 / shape / rate_hz, int(2 * STOP_S * rate_hz)))
    return times_s[times_s < STOP_S]


def test_elephant_says_the_same_of_whole_trains():
    from elephant.statistics import cv2, lv

    rng = np.random.default_rng(0)
    recording = recorded([renewal(rng, shape) for shape in (0.5, 1.0, 4.0)])
    found = interval_statistics(recording, *WHOLE)
    for unit in range(3):
        intervals = np.diff(recording.spike_times_s(unit))
        assert found.cv2[unit] == pytest.approx(cv2(intervals), rel=1e-9)
        assert found.lv[unit] == pytest.approx(lv(intervals), rel=1e-9)


def test_gamma_intervals_have_their_lv():
    """LV = 3 / (2 k + 1) of a gamma process of shape k; a clock has 0, a Poisson process 1."""
    rng = np.random.default_rng(1)
    recording = recorded([renewal(rng, k) for k in (1.0, 3.0)] + [np.arange(0.05, STOP_S, 0.1)])
    found = interval_statistics(recording, *WHOLE)
    assert found.lv[:2] == pytest.approx([1.0, 3.0 / 7.0], rel=0.05)
    assert found.cv2[0] == pytest.approx(1.0, rel=0.03)
    assert [found.lv[2], found.cv2[2]] == pytest.approx([0.0, 0.0], abs=1e-4)


def test_a_slow_change_of_rate_moves_cv_but_not_cv2():
    rng = np.random.default_rng(2)
    clock = np.cumsum(rng.exponential(0.1, 4000))
    warped = STOP_S * (clock / clock[-1]) ** 2.5
    steady, drifting = interval_statistics(recorded([clock[clock < STOP_S], warped]), *WHOLE).cv2
    assert steady == pytest.approx(drifting, abs=0.04)
    assert np.std(np.diff(warped)) / np.mean(np.diff(warped)) > 1.3


def test_only_intervals_within_a_trial_count():
    """A spike in each of many trials leaves no interval at all."""
    times_s = np.arange(0.5, STOP_S, 1.0)
    onset_s = np.arange(0.0, STOP_S, 1.0)
    found = interval_statistics(recorded([times_s]), onset_s, np.full(len(onset_s), 1.0))
    assert np.isnan(found.cv2[0])
    assert found.burst_share[0] == 0.0


def test_planted_bursts_are_found():
    single = np.arange(1.0, 200.0, 1.0)
    pairs = np.arange(200.0, 300.0, 1.0)
    times_s = np.sort(np.concatenate([single, pairs, pairs + 0.004]))
    found = interval_statistics(recorded([times_s]), *WHOLE)
    assert found.burst_share[0] == pytest.approx(200.0 / (199 + 200))
    closer = interval_statistics(recorded([times_s]), *WHOLE, burst_interval_s=0.002)
    assert closer.burst_share[0] == 0.0


def test_silent_units_and_no_trials_give_nothing():
    recording = recorded([[], [1.0], [2.0, 3.0]])
    found = interval_statistics(recording, *WHOLE)
    assert np.isnan(found.lv).all()
    assert np.isnan(found.burst_share[0])
    nothing = interval_statistics(recording, np.zeros(0), np.zeros(0))
    assert np.isnan(nothing.burst_share).all()
