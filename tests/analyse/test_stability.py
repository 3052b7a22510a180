import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from ketacortex.analyse.refractoriness import refractoriness
from ketacortex.analyse.stability import amplitude_trend, presence, rate_trend
from ketacortex.recording.recording import Recording, Subject


def recording_with(times_s, stop_s, **about):
    samples = [np.sort(np.floor(np.asarray(t) * 3e4).astype(np.int64)) for t in times_s]
    return Recording(
        subject=Subject(identifier="animal"),
        spike_samples=np.concatenate(samples),
        spike_index=np.concatenate([[0], np.cumsum([len(s) for s in samples])]),
        sample_rate_hz=3e4,
        units=pd.DataFrame({"cell_class": ["unknown"] * len(samples)}),
        trials=pd.DataFrame(columns=["onset_s", "offset_s", "orientation_deg", "epoch"]),
        epochs=pd.DataFrame(columns=["name", "start_s", "stop_s"]),
        start_s=0.0,
        stop_s=stop_s,
        **about,
    )


def test_the_trend_is_the_regression_of_statsmodels_with_hc2_errors():
    rng = np.random.default_rng(0)
    condition = rng.permutation(np.repeat(np.arange(4), [8, 9, 12, 15]))
    onset_s = np.cumsum(rng.uniform(1.0, 9.0, len(condition)))
    counts = rng.poisson(np.array([2.0, 5.0, 9.0, 4.0])[condition], (5, len(condition)))
    found = rate_trend(counts.astype(float), onset_s, np.ones(len(condition)), condition)
    design = np.column_stack([onset_s / 60.0, np.eye(4)[condition]])
    for unit in range(5):
        fit = sm.OLS(counts[unit], design).fit(cov_type="HC2", use_t=True)
        assert found.p_value[unit] == pytest.approx(fit.pvalues[0])
        ratio = found.percent_per_min[unit] / fit.params[0]
        assert (found.high[unit] - found.low[unit]) / ratio == pytest.approx(
            np.ptp(fit.conf_int()[0])
        )


def test_a_planted_drift_is_recovered_in_percent_of_every_condition():
    rng = np.random.default_rng(1)
    condition = rng.permutation(np.repeat(np.arange(6), 30))
    onset_s = 4.0 * np.arange(180)
    drift = 1.0 + 0.05 * (onset_s - onset_s.mean()) / 60.0
    rate_hz = np.linspace(2.0, 20.0, 6)[condition] * drift
    counts = rng.poisson(np.tile(rate_hz, (300, 1))).astype(float)
    found = rate_trend(counts, onset_s, np.ones(180), condition)
    assert found.percent_per_min.mean() == pytest.approx(5.0, abs=0.15)


def test_rising_rates_of_later_conditions_are_no_trend():
    condition = np.repeat(np.arange(6), 20)
    counts = np.random.default_rng(2).poisson(3.0 * (1.0 + condition), (400, 120)).astype(float)
    found = rate_trend(counts, 3.0 * np.arange(120), np.ones(120), condition)
    assert np.mean(found.p_value < 0.05) == pytest.approx(0.05, abs=0.03)


def test_trends_that_cannot_be_measured_are_missing():
    counts = np.stack([np.zeros(40), np.full(40, 3.0), np.r_[np.ones(20), np.zeros(20)]])
    found = rate_trend(counts, 3.0 * np.arange(40), np.ones(40), np.zeros(40, int))
    assert np.isnan(found.p_value).all()  # silent, constant, 20 spikes
    few = rate_trend(counts[:, :10], 3.0 * np.arange(10), np.ones(10), np.zeros(10, int))
    assert np.isnan(few.percent_per_min).all()


def test_the_trend_of_height_is_scipys_regression():
    rng = np.random.default_rng(3)
    time_s, unit = rng.uniform(0, 900, 300), rng.integers(0, 3, 300)
    height = rng.normal(80.0, 9.0, 300) + 0.01 * time_s * (unit == 1)
    height[::50] = np.nan
    found = amplitude_trend(time_s, height, unit, 4)
    for u in range(3):
        here = (unit == u) & np.isfinite(height)
        fit = stats.linregress(time_s[here] / 60.0, height[here])
        assert found.p_value[u] == pytest.approx(fit.pvalue)
        assert found.percent_per_min[u] == pytest.approx(100 * fit.slope / height[here].mean())
    assert np.isnan(found.percent_per_min[3])


def test_a_steady_unit_is_present_as_often_as_expected_and_a_lost_one_is_not():
    rng = np.random.default_rng(4)
    rate_hz = 1.0 / 40.0
    steady = rng.uniform(0.0, 60000.0, rng.poisson(rate_hz * 60000.0))
    lost = rng.uniform(0.0, 20000.0, 40000)
    found = presence(recording_with([steady, lost, []], 60000.0), 0.0, 60000.0)
    assert found.share[0] == pytest.approx(1.0 - np.exp(-60.0 * rate_hz), abs=0.04)
    assert found.expected[0] == pytest.approx(found.share[0], abs=0.04)
    assert found.share[1] == pytest.approx(1.0 / 3.0, abs=0.01)
    assert found.expected[1] > 0.99
    assert (found.share[2], found.expected[2]) == (0.0, 0.0)


def test_what_was_not_recorded_is_no_absence():
    gaps_s = np.array([[100.0, 400.0]])
    recording = recording_with([np.r_[np.arange(0, 100), np.arange(400, 600)]], 600, gaps_s=gaps_s)
    assert presence(recording, 0.0, 600.0).share[0] == 1.0
    assert np.isnan(presence(recording, 0.0, 30.0).share[0])


def refractory_train(rng, rate_hz, stop_s, dead_s=0.003):
    interval_s = dead_s + rng.exponential(1.0 / rate_hz - dead_s, int(2 * rate_hz * stop_s))
    time_s = np.cumsum(interval_s)
    return time_s[time_s < stop_s]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3])
def test_planted_contamination_is_recovered(share):
    rng = np.random.default_rng(5)
    stop_s, rate_hz = 4000.0, 30.0
    trains = []
    for _ in range(4):
        own = refractory_train(rng, rate_hz * (1 - share), stop_s)
        foreign = rng.uniform(0.0, stop_s, rng.poisson(rate_hz * share * stop_s))
        trains.append(np.concatenate([own, foreign]))
    found = refractoriness(recording_with(trains, stop_s))
    assert found.contamination.mean() == pytest.approx(share, abs=0.02)


def test_the_violation_share_is_that_of_the_intervals():
    from elephant.statistics import isi

    rng = np.random.default_rng(6)
    times_s = np.sort(rng.uniform(0.0, 100.0, 5000))
    found = refractoriness(recording_with([times_s, [], [1.0]], 100.0))
    samples = np.floor(times_s * 3e4)
    assert found.violation_share[0] == pytest.approx(np.mean(isi(samples) < 45))
    assert np.isnan(found.violation_share[1:]).all()
    assert found.contamination[0] > 0.7  # a Poisson train is all contamination, or chance has less
    assert np.isnan(found.contamination[1:]).all()


def test_too_few_spikes_do_not_speak_of_contamination():
    found = refractoriness(recording_with([np.arange(0.5, 100.0) ** 0.99], 100.0))
    assert found.violation_share[0] == 0.0
    assert np.isnan(found.contamination[0])


def test_dead_time_of_the_detection_is_allowed_for():
    rng = np.random.default_rng(7)
    own = refractory_train(rng, 27.0, 4000.0)
    foreign = rng.uniform(0.0, 4000.0, 12000)
    both = np.sort(np.concatenate([own, foreign]))
    censored = both[np.r_[True, np.diff(both) >= 0.0005]]
    blind = refractoriness(recording_with([censored], 4000.0))
    told = refractoriness(recording_with([censored], 4000.0), censored_s=0.0005)
    assert told.contamination[0] == pytest.approx(0.1, abs=0.02)
    assert blind.contamination[0] < 0.08


def test_spikes_binned_coarsely_tell_of_no_violation():
    rng = np.random.default_rng(8)
    binned_s = np.sort(rng.integers(0, 30_000, 3000)) / 100.0
    found = refractoriness(recording_with([binned_s + 1e-6], 300.0))
    assert np.isnan(found.violation_share).all()
    assert np.isnan(found.contamination).all()
