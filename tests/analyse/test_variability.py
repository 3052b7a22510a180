import numpy as np
import pandas as pd
import pytest

from analyse.planted import recording_of, trials_of
from ketacortex.analyse.variability import (
    CountStatistics,
    count_statistics,
    fano_factor,
    isi_cv,
    mean_over_pairs,
    noise_correlations,
    rate_matched_fano_factor,
)
from ketacortex.recording.recording import Recording, Subject

CONDITION = np.repeat(np.arange(12), 20)


def test_the_fano_factor_of_a_poisson_process_is_one():
    rate = np.random.default_rng(0).uniform(1, 10, (200, 12))
    counts = np.random.default_rng(1).poisson(rate[:, CONDITION]).astype(float)
    assert fano_factor(counts, CONDITION).mean() == pytest.approx(1.0, abs=0.02)


def test_tuning_does_not_pass_for_variability():
    steady = np.tile(2.0 + CONDITION, (3, 1))
    assert (fano_factor(steady, CONDITION) == 0).all()


def test_conditions_with_half_a_spike_a_trial_or_less_do_not_count():
    counts = np.array([[1.0, 0, 1, 0, 5, 7], [0, 0, 0, 1, 0, 0]])
    condition = np.array([0, 0, 0, 0, 1, 1])
    assert fano_factor(counts, condition)[0] == pytest.approx(2.0 / 6.0)
    assert np.isnan(fano_factor(counts, condition)[1])


def test_a_single_trial_has_no_fano_factor():
    assert np.isnan(fano_factor(np.array([[3.0, 4.0]]), np.array([0, 1]))).all()


def law(mean):
    """Variance that rises faster than the mean: a Fano factor that only the rate makes."""
    return mean + 0.3 * mean**2


def statistics_with(mean):
    return CountStatistics(mean=mean, variance=law(mean), condition=np.arange(mean.shape[1]))


def test_rate_matching_removes_a_difference_that_only_the_rate_made():
    mean = np.exp(np.random.default_rng(0).normal(1.0, 0.7, (300, 12)))
    before, after = statistics_with(mean), statistics_with(1.6 * mean)
    raw = np.nanmean(after.fano_factor) - np.nanmean(before.fano_factor)
    matched_before, matched_after, n_matched = rate_matched_fano_factor(before, after)
    assert raw > 0.4
    assert abs(matched_after - matched_before) < 0.02
    assert 0 < n_matched <= mean.size


def test_rate_matching_keeps_a_true_difference():
    mean = np.exp(np.random.default_rng(0).normal(1.0, 0.7, (300, 12)))
    before = statistics_with(mean)
    after = CountStatistics(mean=mean, variance=0.5 * law(mean), condition=np.arange(12))
    matched_before, matched_after, _ = rate_matched_fano_factor(before, after)
    assert matched_after == pytest.approx(0.5 * matched_before)


def test_matching_an_epoch_with_itself_changes_nothing():
    counts = np.random.default_rng(0).poisson(4.0, (30, 240)).astype(float)
    statistics = count_statistics(counts, CONDITION)
    before, after, _ = rate_matched_fano_factor(statistics, statistics)
    assert before == after == pytest.approx(np.nanmean(statistics.fano_factor))


def test_rate_matching_is_the_mean_over_random_thinnings():
    rng = np.random.default_rng(0)
    before = statistics_with(np.exp(rng.normal(1.0, 0.5, (40, 6))))
    after = statistics_with(np.exp(rng.normal(1.4, 0.5, (40, 6))))
    drawn = [thinned_fano(before, after, rng) for _ in range(300)]
    expected = rate_matched_fano_factor(before, after)[:2]
    np.testing.assert_allclose(np.mean(drawn, axis=0), expected, rtol=0.005)


def thinned_fano(before, after, rng):
    number = [np.floor(4 * np.log2(s.mean)).ravel() for s in (before, after)]
    fano = [s.fano_factor.ravel() for s in (before, after)]
    kept = [[], []]
    for b in np.unique(np.concatenate(number)):
        here = [
            np.flatnonzero((n == b) & np.isfinite(f)) for n, f in zip(number, fano, strict=True)
        ]
        n_common = min(map(len, here))
        for epoch in range(2):
            kept[epoch] += list(fano[epoch][rng.permutation(here[epoch])[:n_common]])
    return np.mean(kept[0]), np.mean(kept[1])


def test_epochs_without_a_common_rate_cannot_be_matched():
    before, after = statistics_with(np.full((2, 2), 1.0)), statistics_with(np.full((2, 2), 50.0))
    matched_before, matched_after, n_matched = rate_matched_fano_factor(before, after)
    assert np.isnan([matched_before, matched_after]).all()
    assert n_matched == 0


def test_independent_units_have_no_noise_correlation():
    rng = np.random.default_rng(0)
    rate = rng.uniform(1, 10, (60, 12))[:, CONDITION]
    correlation = noise_correlations(rng.poisson(rate).astype(float), CONDITION)
    # 1770 pairs of standard error 0.065.
    assert mean_over_pairs(correlation, np.ones(60, bool)) == pytest.approx(0.0, abs=0.005)


def test_one_unit_counted_twice_correlates_perfectly():
    counts = np.random.default_rng(0).poisson(3.0, (1, 240)).repeat(2, axis=0).astype(float)
    counts[:, CONDITION == 4] = 0.0
    assert noise_correlations(counts, CONDITION)[0, 1] == pytest.approx(1.0)


def test_a_shared_signal_is_not_noise():
    rng = np.random.default_rng(0)
    tuned = 20.0 * (CONDITION == 3)
    counts = rng.poisson(2.0 + tuned, (40, 240)).astype(float)
    correlation = noise_correlations(counts, CONDITION)
    assert mean_over_pairs(correlation, np.ones(40, bool)) == pytest.approx(0.0, abs=0.01)


def test_noise_correlation_is_blind_to_scale_and_to_the_order_of_units():
    counts = np.random.default_rng(0).poisson(3.0, (5, 240)).astype(float)
    correlation = noise_correlations(counts, CONDITION)
    np.testing.assert_allclose(noise_correlations(7.0 * counts, CONDITION), correlation)
    order = [3, 1, 4, 0, 2]
    np.testing.assert_allclose(
        noise_correlations(counts[order], CONDITION), correlation[np.ix_(order, order)]
    )


def test_two_trials_a_condition_are_too_few_for_a_correlation():
    counts = np.random.default_rng(0).poisson(3.0, (3, 8)).astype(float)
    assert np.isnan(noise_correlations(counts, np.repeat(np.arange(4), 2))).all()


def trains(spike_samples, trials, n_units=1):
    return Recording(
        subject=Subject(identifier="a"),
        spike_samples=spike_samples,
        spike_index=np.linspace(0, len(spike_samples), n_units + 1).astype(np.int64),
        sample_rate_hz=1000.0,
        units=pd.DataFrame({"cell_class": ["unknown"] * n_units}),
        trials=trials,
        epochs=pd.DataFrame({"name": ["a"], "start_s": [0.0], "stop_s": [1.0]}),
        start_s=0.0,
        stop_s=1e3,
    )


def cv_of(recording, condition):
    onset_s = recording.trials["onset_s"].to_numpy()
    return isi_cv(recording, onset_s, np.ones(len(onset_s)), condition)


def test_a_clock_has_an_isi_cv_of_zero_even_if_its_rate_is_tuned():
    trials = trials_of(np.array([0.0, 90.0]), ["a"])
    clock = np.concatenate([np.arange(5, 1000, 50), 2000 + np.arange(5, 1000, 20)])
    assert cv_of(trains(clock, trials), np.array([0, 1]))[0] == pytest.approx(0.0, abs=1e-12)
    assert cv_of(trains(clock, trials), np.array([0, 0]))[0] > 0.2


def test_the_gap_between_trials_is_not_an_interval():
    trials = trials_of(np.zeros(12), ["a"])
    two_each = (2000 * np.arange(12)[:, None] + np.array([100, 300])).ravel()
    assert cv_of(trains(two_each, trials), np.zeros(12, int))[0] == pytest.approx(0.0)


def test_a_poisson_train_has_an_isi_cv_near_one():
    rng = np.random.default_rng(0)
    trials = trials_of(np.repeat(np.arange(4) * 45.0, 20), ["a"])
    recording = recording_of(rng.poisson(60.0, (20, 80)), trials, rng)
    condition = np.repeat(np.arange(4), 20)
    assert cv_of(recording, condition).mean() == pytest.approx(1.0, abs=0.02)


def test_nine_intervals_are_too_few():
    trials = trials_of(np.zeros(1), ["a"])
    assert np.isnan(cv_of(trains(np.arange(10) * 37, trials), np.zeros(1, int))[0])
