"""Variance of the gain: planted values come back, at any rate, alone and shared."""

import numpy as np
import pytest
from benchmarks.planted import variability as planted

from ketacortex.analyse.shared_gain import gain_variance, shared_gain_variance

CONDITION = np.repeat(np.arange(12), 15)


@pytest.mark.parametrize("name", ["gain_variance", "shared_gain_variance"])
def test_intervals_cover_what_was_planted(name):
    (entry,) = (one for one in planted.ESTIMATORS if one.name == name)
    n_datasets = 400 if entry.has_one_answer else 60
    hits = [entry.covers(np.random.default_rng(seed)) for seed in range(n_datasets)]
    assert 0.915 < np.mean(np.concatenate(hits)) < 0.98


@pytest.mark.parametrize("mean", [2.0, 8.0, 30.0])
def test_it_does_not_depend_on_the_rate(mean):
    rng = np.random.default_rng(1)
    gain = rng.gamma(5.0, 0.2, (400, len(CONDITION)))
    found = gain_variance(rng.poisson(mean * gain).astype(float), CONDITION).estimate
    assert np.mean(found) == pytest.approx(0.2, abs=0.015)


def test_a_private_gain_is_not_shared():
    rng = np.random.default_rng(2)
    counts = rng.poisson(8.0 * rng.gamma(5.0, 0.2, (40, len(CONDITION)))).astype(float)
    found = shared_gain_variance(counts, CONDITION)
    assert found.low[0] < 0.0 < found.high[0]
    assert found.high[0] < 0.01


def test_the_shared_gain_is_the_mean_over_pairs():
    rng = np.random.default_rng(3)
    counts = rng.poisson(5.0 * rng.gamma(10.0, 0.1, len(CONDITION)), (4, 180)).astype(float)
    covariance = product = 0.0
    for number in range(12):
        here = counts[:, number == CONDITION]
        c, m = np.cov(here), here.mean(axis=1)
        above = np.triu_indices(4, 1)
        covariance += c[above].sum()
        product += (np.outer(m, m) - c / 15.0)[above].sum()
    found = shared_gain_variance(counts, CONDITION).estimate[0]
    assert found == pytest.approx(covariance / product)


@pytest.mark.parametrize("n_trials", [0, 1, 30])
def test_with_few_trials_nothing_is_claimed(n_trials):
    counts, condition = np.ones((3, n_trials)), np.arange(n_trials) % 4
    assert np.isnan(gain_variance(counts, condition).low).all()
    assert np.isnan(shared_gain_variance(counts, condition).low).all()


def test_silent_and_constant_units_are_missing_without_a_warning():
    counts = np.zeros((2, len(CONDITION)))
    counts[1] = 3.0
    assert np.isnan(gain_variance(counts, CONDITION).estimate).all()
