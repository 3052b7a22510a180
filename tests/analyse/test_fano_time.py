"""Variability through a trial: what falls with the stimulus, and what only follows the rate."""

import numpy as np
import pytest
from tests.analyse.planted import trials_of

from ketacortex.analyse.fano_time import fano_through_trial
from ketacortex.analyse.responses import collect_responses
from ketacortex.recording.recording import Subject
from ketacortex.recording.tables import from_tables

N_UNITS, N_REPEATS = 25, 30
SHOWN_DEG = np.tile(np.arange(6) * 30.0, N_REPEATS)


def recorded(rng, rate_hz, gain_sd, *, shown_deg=SHOWN_DEG):
    """Spikes in steps of 10 ms; rate and shared gain before and after the onset."""
    trials = trials_of(shown_deg, ["all"])
    step_s = np.arange(-0.5, 1.0, 0.01)
    is_shown = (step_s >= 0).astype(int)
    spikes = {}
    for unit in range(N_UNITS):
        typical = rng.gamma(4.0, 0.25)
        sd = np.array(gain_sd)
        gain = np.exp(rng.normal(-(sd**2) / 2, sd, (len(trials), 2)))[:, is_shown]
        counts = rng.poisson(typical * np.array(rate_hz)[is_shown] * gain * 0.01)
        trial, step = np.nonzero(counts)
        n = counts[trial, step]
        onset_s = trials["onset_s"].to_numpy()[trial]
        times_s = np.repeat(onset_s + step_s[step] + 0.002, n) + rng.random(n.sum()) * 0.006
        spikes[unit] = np.sort(times_s)
    return from_tables(spikes=spikes, trials=trials, subject=Subject(identifier="one"))


def through(recording, rng):
    (responses,) = collect_responses(recording)
    return fano_through_trial(recording, responses, np.ones(N_UNITS, bool), rng)


def test_a_fall_of_variability_at_the_onset_is_found_where_the_rate_rises():
    rng = np.random.default_rng(0)
    found = through(recorded(rng, [12.0, 24.0], [0.8, 0.2]), rng)
    before, during = found.sel(time_s=slice(-0.2, -0.05)), found.sel(time_s=slice(0.1, 0.9))
    assert float(before["matched"].mean()) > float(during["matched"].mean()) + 0.2
    assert float(before["matched_low"].mean()) > float(during["matched_high"].mean())


def test_a_rise_of_rate_alone_changes_the_raw_factor_and_not_the_matched_one():
    rng = np.random.default_rng(1)
    found = through(recorded(rng, [12.0, 30.0], [0.6, 0.6]), rng)
    before, during = found.sel(time_s=slice(-0.2, -0.05)), found.sel(time_s=slice(0.1, 0.9))
    raw = float(during["fano_factor"].mean() - before["fano_factor"].mean())
    matched = float(during["matched"].mean() - before["matched"].mean())
    assert raw > 0.3
    assert abs(matched) < 0.3 * raw


def test_poisson_spikes_have_1_at_all_times_and_the_interval_covers_it():
    rng = np.random.default_rng(2)
    inside = []
    for _ in range(6):
        found = through(recorded(rng, [15.0, 15.0], [0.0, 0.0]), rng)
        inside.append((found["matched_low"] <= 1.0) & (found["matched_high"] >= 1.0))
        assert float(found["matched"].mean()) == pytest.approx(1.0, abs=0.03)
    assert np.mean(inside) > 0.88


def test_windows_begin_before_the_onset_and_end_with_the_trial():
    rng = np.random.default_rng(3)
    found = through(recorded(rng, [10.0, 10.0], [0.0, 0.0]), rng)
    assert found["time_s"].values[[0, -1]] == pytest.approx([-0.15, 0.95])
    assert found.attrs["window_s"] == 0.1


def test_too_little_gives_nothing():
    rng = np.random.default_rng(4)
    silent = recorded(rng, [0.0, 0.0], [0.0, 0.0])
    assert np.isnan(through(silent, rng)["matched"]).all()
    few = recorded(rng, [10.0, 10.0], [0.0, 0.0], shown_deg=SHOWN_DEG[:12])
    assert np.isnan(through(few, rng)["matched_low"]).all()
