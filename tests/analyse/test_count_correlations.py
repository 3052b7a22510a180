"""Correlations of counts: of pairs, by what they share, with the intervals of the trials."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.analyse.planted import recording_of, trials_of

from ketacortex.analyse.count_correlations import (
    BIN_COLUMNS,
    correlation_by_window,
    correlations_in_bins,
    distance_um,
    mean_correlation,
    pair_correlations,
    signal_correlations,
    tuning_difference_deg,
)
from ketacortex.analyse.variability import mean_over_pairs, noise_correlations

N_CONDITIONS, N_REPEATS = 8, 25
CONDITION = np.repeat(np.arange(N_CONDITIONS), N_REPEATS)


def shared_counts(rng, n_units=20, sd=0.3, mean=8.0, condition=CONDITION):
    gain = np.exp(rng.normal(-(sd**2) / 2, sd, len(condition))) if sd else 1.0
    tuning = rng.gamma(4.0, 0.25, (n_units, N_CONDITIONS))[:, condition]
    return rng.poisson(mean * tuning * gain).astype(float)


def test_with_one_condition_it_is_the_correlation_and_its_p_value():
    rng = np.random.default_rng(0)
    counts = rng.poisson(6.0, (2, 80)).astype(float)
    found = pair_correlations(counts, np.zeros(80, int))
    pearson = stats.pearsonr(*counts)
    assert found.correlation[0, 1] == pytest.approx(pearson.statistic)
    assert found.p_value[0, 1] == pytest.approx(pearson.pvalue, rel=0.05)
    limits = pearson.confidence_interval(0.95)
    assert [found.low[0, 1], found.high[0, 1]] == pytest.approx(list(limits), abs=0.01)


def test_the_mean_over_pairs_is_freed_of_the_bias_of_few_repeats():
    """Of 5 repeats a correlation of z-scores is a tenth too small."""
    rng = np.random.default_rng(1)
    few = np.repeat(np.arange(N_CONDITIONS), 5)
    naive, found = [], []
    for _ in range(300):
        counts = shared_counts(rng, condition=few)
        everyone = np.ones(len(counts), bool)
        naive.append(mean_over_pairs(noise_correlations(counts, few), everyone))
        found.append(mean_correlation(counts, few, rng).mean)
    many = np.repeat(np.arange(N_CONDITIONS), 400)
    truth = np.mean(
        [
            mean_over_pairs(noise_correlations(shared_counts(rng, condition=many), many), everyone)
            for _ in range(10)
        ]
    )
    assert np.mean(naive) < 0.94 * truth
    assert np.mean(found) == pytest.approx(truth, rel=0.05)


def test_shared_noise_is_no_signal_correlation_and_shared_tuning_is():
    rng = np.random.default_rng(2)
    means = []
    for _ in range(60):
        counts = shared_counts(rng, n_units=12, sd=0.5)
        means.append(np.nanmean(np.clip(signal_correlations(counts, CONDITION), -1, 1)))
    assert np.mean(means) == pytest.approx(0.0, abs=0.05)
    tuning = np.array([2.0, 3.0, 5.0, 9.0, 7.0, 4.0, 2.0, 2.0])
    counts = rng.poisson(tuning[CONDITION] * np.ones((6, 1))).astype(float)
    found = signal_correlations(counts, CONDITION)
    assert np.nanmean(found) == pytest.approx(1.0, abs=0.05)
    plain = np.corrcoef(counts.reshape(6, N_CONDITIONS, -1).mean(axis=2))
    assert plain[np.triu_indices(6, 1)].mean() < np.nanmean(found)  # noise takes away from it


def test_pairs_are_sorted_by_what_lies_between_them():
    rng = np.random.default_rng(3)
    counts = shared_counts(rng, n_units=30, sd=0.0)
    group = np.arange(30) % 2
    common = np.exp(rng.normal(0, 0.5, (2, len(CONDITION))))
    counts = rng.poisson(8.0 * common[group]).astype(float)
    apart = np.where(group[:, None] == group, 10.0, 80.0)
    table = correlations_in_bins(
        counts, CONDITION, apart, np.array([0.0, 30.0, 60.0, 90.0]), "deg", rng
    )
    assert list(table.columns) == BIN_COLUMNS
    assert table["low"].tolist() == [0.0, 60.0]
    assert table["n_pairs"].tolist() == [2 * 15 * 14 // 2, 15 * 15]
    near, far = table["correlation"]
    assert near > 0.5
    assert table["ci_low"][0] > 0.3
    assert far == pytest.approx(0.0, abs=0.2)


def test_every_pair_is_in_one_bin():
    rng = np.random.default_rng(4)
    counts = shared_counts(rng, n_units=25)
    apart = tuning_difference_deg(rng.uniform(0, 180, 25))
    edges = np.linspace(0.0, 90.0, 4)
    table = correlations_in_bins(counts, CONDITION, apart, edges, "deg", rng)
    assert table["n_pairs"].sum() == 25 * 24 // 2
    whole = mean_correlation(counts, CONDITION, rng)
    mean = np.average(table["correlation"], weights=table["n_pairs"])
    assert mean == pytest.approx(whole.mean, abs=0.01)


def test_longer_windows_see_more_of_a_slow_shared_gain():
    rng = np.random.default_rng(5)
    trials = trials_of(np.repeat(np.arange(6) * 30.0, 30), ["all"])
    gain = np.exp(rng.normal(0, 0.4, len(trials)))
    recording = recording_of(rng.poisson(20.0 * np.ones((10, 1)) * gain), trials, rng)
    condition = np.repeat(np.arange(6), 30)
    onset_s = trials["onset_s"].to_numpy()
    windows_s = np.array([0.05, 0.2, 1.0, 5.0])
    table = correlation_by_window(
        recording, onset_s, np.ones(len(trials)), condition, windows_s, rng
    )
    assert table["window_s"].tolist() == [0.05, 0.2, 1.0]
    assert (np.diff(table["correlation"]) > 0.05).all()


def test_distance_needs_positions():
    rng = np.random.default_rng(6)
    recording = recording_of(np.ones((2, 3)), trials_of(np.zeros(3), ["all"]), rng)
    assert np.isnan(distance_um(recording)).all()
    recording.units["x_um"], recording.units["y_um"] = [0.0, 30.0], [0.0, 40.0]
    assert distance_um(recording)[0, 1] == 50.0


def test_too_few_trials_or_spikes_give_nothing():
    rng = np.random.default_rng(7)
    few = np.repeat(np.arange(4), 3)
    counts = rng.poisson(5.0, (4, 12)).astype(float)
    assert np.isnan(pair_correlations(counts, few).low).all()
    silent = np.zeros((4, len(CONDITION)))
    assert np.isnan(pair_correlations(silent, CONDITION).p_value).all()
    assert np.isnan(mean_correlation(silent, CONDITION, rng).mean)
    once = np.arange(12)
    assert np.isnan(signal_correlations(counts, once)).all()
    nothing = pair_correlations(np.zeros((3, 0)), np.zeros(0, int))
    assert np.isnan(nothing.low).all()
    empty = correlations_in_bins(
        np.zeros((0, 12)), few, np.zeros((0, 0)), np.array([0.0, 90.0]), "deg", rng
    )
    assert isinstance(empty, pd.DataFrame)
    assert not len(empty)
