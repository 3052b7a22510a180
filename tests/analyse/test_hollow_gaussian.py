"""Hollow Gaussian: size on independent trains, planted couplings found, common input told apart."""

import numpy as np
import pytest
from scipy import stats

from ketacortex.analyse.hollow_gaussian import english_test, hollow_gaussian_predictor

BIN_MS = 0.4
LAG_MS = BIN_MS * np.arange(-125, 126)


def peaks_of(counts, **options):
    return english_test(
        counts, hollow_gaussian_predictor(counts, bin_ms=BIN_MS), bin_ms=BIN_MS, **options
    )


def correlogram(first_s, second_s):
    edges = np.append(LAG_MS - BIN_MS / 2, LAG_MS[-1] + BIN_MS / 2)
    # Spikes of the second unit before each edge, seen from each spike of the first.
    before = np.searchsorted(second_s, first_s + edges[:, None] / 1000.0).sum(axis=1)
    return np.diff(before).astype(float)


def slow_course(level=40.0, sd_ms=50.0):
    return level * (1.0 + np.exp(-0.5 * (LAG_MS / sd_ms) ** 2))


@pytest.mark.parametrize("level", [3.0, 30.0, 300.0])
def test_it_holds_its_size_on_independent_trains(level):
    found = peaks_of(np.random.default_rng(0).poisson(level, (8000, 251)).astype(float))
    assert 0.035 < np.mean(found.causal_p_value < 0.05) < 0.06
    assert np.mean(found.causal_p_value < 0.001) < 0.003
    assert np.mean(found.anticausal_p_value < 0.05) < 0.05


def test_it_holds_its_size_on_spike_trains():
    rng = np.random.default_rng(1)
    trains = [np.sort(rng.uniform(0.0, 300.0, rng.poisson(3000))) for _ in range(20)]
    counts = np.array([correlogram(a, b) for i, a in enumerate(trains) for b in trains[:i]])
    assert np.mean(peaks_of(counts).causal_p_value < 0.05) < 0.1


def test_a_slow_common_course_is_no_peak_but_one_of_25_ms_is_cut_off():
    rng = np.random.default_rng(2)
    slow, faster = (
        peaks_of(rng.poisson(slow_course(sd_ms=sd_ms), (4000, 251)).astype(float)).causal_p_value
        for sd_ms in (50.0, 25.0)
    )
    assert np.mean(slow < 0.05) < 0.07
    assert 0.1 < np.mean(faster < 0.05) < 0.14


def test_a_planted_coupling_is_found_in_its_direction_alone():
    rng = np.random.default_rng(3)
    peak = 60.0 * np.exp(-0.5 * ((LAG_MS - 1.6) / 0.4) ** 2)
    counts = rng.poisson(slow_course() + peak, (500, 251)).astype(float)
    found, turned = peaks_of(counts), peaks_of(counts[:, ::-1])
    assert np.mean(found.causal_p_value < 0.001) > 0.97
    assert np.mean(found.anticausal_p_value < 0.05) > 0.7
    assert np.median(np.abs(found.lag_ms - 1.6)) < BIN_MS / 2 + 1e-9
    assert np.median(found.excess) == pytest.approx(60.0, abs=8.0)
    assert np.mean(turned.causal_p_value < 0.05) < 0.08
    assert np.mean(turned.anticausal_p_value < 0.05) < 0.01


def test_common_input_is_a_peak_without_a_direction():
    rng = np.random.default_rng(4)
    peak = 100.0 * np.exp(-0.5 * (LAG_MS / 1.2) ** 2)
    found = peaks_of(rng.poisson(slow_course() + peak, (500, 251)).astype(float))
    assert np.mean(found.causal_p_value < 0.001) > 0.97
    assert np.mean(found.anticausal_p_value < 0.05) < 0.01


def test_the_predictor_is_the_weighted_mean_of_the_mirrored_correlogram():
    counts = np.random.default_rng(5).poisson(9.0, (2, 3, 31)).astype(float)
    found = hollow_gaussian_predictor(counts, bin_ms=1.0, sd_ms=3.0)
    mirrored = np.concatenate([counts[..., ::-1], counts, counts[..., ::-1]], axis=-1)
    k = np.arange(-12, 13)
    weight = np.where(k == 0, 0.4, np.exp(-(k**2) / 18.0))
    expected = [
        (mirrored[..., 31 + i - 12 : 31 + i + 13] * weight).sum(-1) / weight.sum()
        for i in range(31)
    ]
    np.testing.assert_allclose(found, np.moveaxis(expected, 0, -1))


def test_the_p_value_is_that_of_poisson_with_half_the_count_itself():
    counts = np.zeros((1, 5))
    counts[0] = [9.0, 2.0, 4.0, 7.0, 1.0]
    found = english_test(
        counts, np.full((1, 5), 3.0), bin_ms=1.0, causal_from_ms=1.0, causal_to_ms=2.0
    )
    single = stats.poisson.sf(7, 3.0) + 0.5 * stats.poisson.pmf(7, 3.0)
    assert found.causal_p_value[0] == pytest.approx(1.0 - (1.0 - single) ** 2)
    opposite = stats.poisson.sf(7, 9.0) + 0.5 * stats.poisson.pmf(7, 9.0)
    assert found.anticausal_p_value[0] == pytest.approx(opposite)
    assert found.lag_ms[0] == 1.0
    assert found.excess[0] == 4.0


def test_the_far_tail_does_not_round_to_nothing():
    counts = np.full((1, 251), 10.0)
    counts[0, 129] = 80.0
    assert 0.0 < peaks_of(counts).causal_p_value[0] < 1e-30


def test_empty_correlograms_and_windows_are_missing():
    found = peaks_of(np.zeros((2, 251)))
    assert np.isnan(found.causal_p_value).all()
    assert np.isnan(found.lag_ms).all()
    assert peaks_of(np.zeros((0, 251))).excess.shape == (0,)
    nothing = peaks_of(np.ones((2, 251)), causal_from_ms=60.0, causal_to_ms=70.0)
    assert np.isnan(nothing.anticausal_p_value).all()
