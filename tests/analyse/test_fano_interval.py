"""Fano factor with an interval: it covers, and thinning is what binomial thinning does."""

import numpy as np
import pytest
from benchmarks.planted import variability as planted

from ketacortex.analyse.fano_interval import fano_interval, thinned_fano_factor
from ketacortex.analyse.variability import fano_factor

CONDITION = np.repeat(np.arange(12), 12)


def counts_of(rng, n_units, overdispersion=0.2, condition=CONDITION, mean=6.0):
    shape = 1.0 / overdispersion
    gain = rng.gamma(shape, overdispersion, (n_units, len(condition)))
    return rng.poisson(mean * gain).astype(float)


@pytest.mark.parametrize("entry", planted.ESTIMATORS[:4], ids=lambda entry: entry.name)
def test_intervals_cover_what_was_planted(entry):
    hits = [entry.covers(np.random.default_rng(seed)) for seed in range(60)]
    assert 0.92 < np.mean(np.concatenate(hits)) < 0.98


@pytest.mark.parametrize("entry", planted.TESTS, ids=lambda entry: entry.name)
def test_tests_hold_their_size(entry):
    p_values = np.concatenate([entry.p_values(np.random.default_rng(s)) for s in range(60)])
    assert 0.03 < np.mean(p_values < 0.05) < 0.07


def test_a_percentile_bootstrap_would_not_cover():
    """Why there is no bootstrap here: of one condition of 12 trials it covers four in five."""
    rng = np.random.default_rng(0)
    counts = counts_of(rng, 300, condition=np.zeros(12))
    drawn = counts[:, rng.integers(12, size=(400, 12))]
    low, high = np.quantile(drawn.var(axis=2, ddof=1) / drawn.mean(axis=2), [0.025, 0.975], axis=1)
    truth = 1.0 + 0.2 * 6.0
    assert np.mean((low <= truth) & (truth <= high)) < 0.87


def test_the_value_is_the_fano_factor():
    counts = counts_of(np.random.default_rng(1), 50)
    np.testing.assert_allclose(
        fano_interval(counts, CONDITION).estimate, fano_factor(counts, CONDITION)
    )


def test_the_jackknife_is_that_of_leaving_out_trials_one_by_one():
    counts = counts_of(np.random.default_rng(2), 1)[:, :48]
    condition = CONDITION[:48]
    squared = 0.0
    for number in range(4):
        here = counts[0, condition == number]
        without = [
            np.delete(here, i).var(ddof=1) / np.delete(here, i).mean() for i in range(len(here))
        ]
        squared += 11.0 * np.var(without)
    found = fano_interval(counts, condition)
    assert found.standard_error[0] == pytest.approx(np.sqrt(squared) / 4.0)


def test_thinning_does_what_dropping_spikes_at_random_does():
    rng = np.random.default_rng(3)
    counts = counts_of(rng, 2000)
    thinned = rng.binomial(counts.astype(int), 0.4).astype(float)
    expected = thinned_fano_factor(fano_factor(counts, CONDITION), np.full(2000, 0.4))
    assert fano_factor(thinned, CONDITION).mean() == pytest.approx(expected.mean(), rel=0.01)


def test_few_trials_few_conditions_and_silent_units_give_nothing():
    rng = np.random.default_rng(4)
    counts = counts_of(rng, 3)
    counts[0] = 0.0
    counts[1] = 3.0
    found = fano_interval(counts, CONDITION)
    assert np.isfinite(found.low).tolist() == [False, False, True]
    assert np.isnan(fano_interval(counts[:, :36], CONDITION[:36]).low).all()
    assert np.isnan(fano_interval(counts[:, ::3], CONDITION[::3]).low).all()
    assert np.isnan(fano_interval(counts[:, :0], CONDITION[:0]).low).all()
