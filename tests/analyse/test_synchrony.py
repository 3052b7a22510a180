import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ketacortex.analyse.synchrony import coincidences, population_synchrony, residual_counts
from ketacortex.recording.recording import Recording, Subject

ONSET_S = 2.0 * np.arange(60)
ONE_S = np.ones(60)
CONDITION = np.tile(np.arange(3), 20)


def recording_with(times_s):
    samples = [np.unique(np.round(np.asarray(t) * 1e4).astype(np.int64)) for t in times_s]
    return Recording(
        subject=Subject(identifier="animal"),
        spike_samples=np.concatenate(samples),
        spike_index=np.concatenate([[0], np.cumsum([len(s) for s in samples])]),
        sample_rate_hz=1e4,
        units=pd.DataFrame({"cell_class": ["unknown"] * len(samples)}),
        trials=pd.DataFrame(columns=["onset_s", "offset_s", "orientation_deg", "epoch"]),
        epochs=pd.DataFrame(columns=["name", "start_s", "stop_s"]),
        start_s=0.0,
        stop_s=121.0,
    )


def poisson_times(rng, rate_hz):
    return rng.uniform(0.0, 120.0, rng.poisson(120.0 * rate_hz))


def locked_times(rng):
    """Independent units that all fire in one volley at the onset of every trial."""
    trial = np.repeat(np.arange(60), rng.poisson(8.0, 60))
    return ONSET_S[trial] + 0.1 + 0.005 * rng.random(len(trial))


def test_independent_units_have_a_ratio_of_one():
    rng = np.random.default_rng(0)
    recording = recording_with([poisson_times(rng, 10.0) for _ in range(40)])
    found = population_synchrony(recording, ONSET_S, ONE_S, CONDITION)
    assert found.variance_ratio == pytest.approx(1.0, abs=0.1)
    assert found.golomb_chi == pytest.approx(np.sqrt(found.variance_ratio / 40))
    assert found.coupling.mean() == pytest.approx(0.0, abs=0.01)
    assert found.n_units == 40
    assert coincidences(recording, ONSET_S, ONE_S, CONDITION).excess == pytest.approx(0, abs=0.02)


def test_units_that_fire_alike_have_a_chi_of_one():
    times_s = poisson_times(np.random.default_rng(1), 10.0)
    recording = recording_with([times_s] * 5)
    found = population_synchrony(recording, ONSET_S, ONE_S, CONDITION)
    assert found.variance_ratio == pytest.approx(5.0)
    assert found.golomb_chi == pytest.approx(1.0)
    np.testing.assert_allclose(found.coupling, 1.0)


def test_a_volley_at_every_onset_is_no_synchrony():
    rng = np.random.default_rng(2)
    recording = recording_with([locked_times(rng) for _ in range(30)])
    found = population_synchrony(recording, ONSET_S, ONE_S, CONDITION)
    raw = recording.spike_counts(*(np.arange(0, 120, 0.02) + shift for shift in (0.0, 0.02)))
    assert raw.sum(axis=0).var() / raw.var(axis=1).sum() > 10.0
    assert found.variance_ratio == pytest.approx(1.0, abs=0.2)
    near = coincidences(recording, ONSET_S, ONE_S, CONDITION)
    assert near.share.mean() > 0.9
    assert near.excess == pytest.approx(0.0, abs=0.01)


def test_planted_common_spikes_are_counted():
    """Each of two units takes a third of its spikes from a common train, 1 ms apart."""
    rng = np.random.default_rng(3)
    common = poisson_times(rng, 2.0)
    recording = recording_with(
        [np.r_[common, poisson_times(rng, 4.0)], np.r_[common + 0.001, poisson_times(rng, 4.0)]]
    )
    found = coincidences(recording, ONSET_S, ONE_S, CONDITION)
    chance = 1.0 - np.exp(-6.0 * 0.006)
    assert found.shifted.mean() == pytest.approx(chance, abs=0.012)
    # A third for sure, and by chance what is left over.
    assert found.excess == pytest.approx((1.0 - chance) / 3.0, abs=0.04)


def test_coincidences_agree_with_a_search_one_by_one():
    rng = np.random.default_rng(4)
    times_s = [np.sort(poisson_times(rng, 6.0)) for _ in range(4)]
    recording = recording_with(times_s)
    found = coincidences(recording, ONSET_S, ONE_S, CONDITION, within_s=0.005)
    trials = [
        [
            recording.spike_times_s(u)[
                (recording.spike_times_s(u) >= t) & (recording.spike_times_s(u) < t + 1)
            ]
            - t
            for t in ONSET_S
        ]
        for u in range(4)
    ]
    for unit in range(4):
        seen, shifted, n_spikes = 0, 0, 0
        for trial in range(60):
            partner = trial + 3 if trial + 3 < 60 else trial % 3
            for time_s in trials[unit][trial]:
                n_spikes += 1
                for where in (trial, partner):
                    others = np.concatenate([trials[u][where] for u in range(4) if u != unit])
                    hit = bool((np.abs(others - time_s) <= 0.005 + 1e-9).any())
                    seen, shifted = seen + hit * (where == trial), shifted + hit * (where != trial)
        assert found.share[unit] == pytest.approx(seen / n_spikes)
        assert found.shifted[unit] == pytest.approx(shifted / n_spikes)


def test_coupling_is_the_correlation_with_all_others():
    rng = np.random.default_rng(5)
    common = poisson_times(rng, 3.0)
    recording = recording_with([np.r_[common, poisson_times(rng, 3.0)] for _ in range(6)])
    found = population_synchrony(recording, ONSET_S, ONE_S, CONDITION, window_s=0.05)
    residual = residual_counts(recording, ONSET_S, ONE_S, CONDITION, 0.05)
    assert residual.shape == (6, 60 * 20)
    for unit in range(6):
        others = residual.sum(axis=0) - residual[unit]
        assert found.coupling[unit] == pytest.approx(stats.pearsonr(residual[unit], others)[0])


def test_silence_and_single_trials_are_missing():
    silent = recording_with([[], [], []])
    found = population_synchrony(silent, ONSET_S, ONE_S, CONDITION)
    assert np.isnan([found.variance_ratio, found.golomb_chi, *found.coupling]).all()
    assert np.isnan(coincidences(silent, ONSET_S, ONE_S, CONDITION).excess)
    firing = recording_with([poisson_times(np.random.default_rng(6), 5.0)] * 2)
    single = population_synchrony(firing, ONSET_S, ONE_S, np.arange(60))
    assert np.isnan(single.variance_ratio)
    assert np.isnan(coincidences(firing, ONSET_S, ONE_S, np.arange(60)).share).all()
