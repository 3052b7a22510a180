import numpy as np
import pytest

from ketacortex.analyse.hierarchical_bootstrap import (
    hierarchical_difference,
    hierarchical_mean,
    hierarchical_ratio,
)
from ketacortex.analyse.resampled_trials import Trials
from ketacortex.analyse.statistics import NotComputed, mean_interval


def animals_of(rng, n_animals, *, between, units, noise, n_units=15, n_trials=20):
    found = []
    for _ in range(n_animals):
        mean = rng.normal(0, between) + rng.normal(0, units, (n_units, 1)) if units else 0.0
        found.append(Trials(value=mean + rng.normal(0, noise, (n_units, n_trials))))
    return found


def test_over_animals_it_is_the_t_interval_of_animal_means():
    rng = np.random.default_rng(0)
    animals = animals_of(rng, 6, between=1.0, units=1.0, noise=1.0)
    found = hierarchical_mean(animals, rng, n_draws=20_000)
    expected = mean_interval([trials.value.mean() for trials in animals])
    assert found.mean == pytest.approx(expected.mean)
    assert found.high - found.low == pytest.approx(expected.high - expected.low, rel=0.03)


@pytest.mark.parametrize("between", [0.0, 1.0])
def test_it_covers_over_four_animals_whatever_level_varies_most(between):
    """Drawing all levels inside one another would cover 99 % where units vary most."""
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(500):
        animals = animals_of(rng, 4, between=between, units=1.0, noise=1.0, n_units=8)
        found = hierarchical_mean(animals, rng, n_draws=200)
        covered.append(found.low <= 0.0 <= found.high)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.025)


@pytest.mark.parametrize(("units", "shared"), [(0.0, 0.0), (0.0, 0.5), (0.5, 0.2)])
def test_it_covers_in_one_animal_with_what_all_units_share(units, shared):
    rng = np.random.default_rng(2)
    covered = []
    for _ in range(500):
        value = rng.normal(0, units, (25, 1)) + rng.normal(0, shared, 30)
        found = hierarchical_mean([Trials(value=value + rng.normal(0, 1, (25, 30)))], rng)
        covered.append(found.low <= 0.0 <= found.high)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)


def test_sharing_trials_is_noticed_only_where_it_is_said():
    rng = np.random.default_rng(3)
    trials = [Trials(value=rng.normal(0, 1, 40) + rng.normal(0, 0.3, (50, 40)))]
    shared = hierarchical_mean(trials, rng)
    own = hierarchical_mean(trials, rng, trials_are_shared=False)
    assert shared.standard_error == pytest.approx(1 / np.sqrt(40), rel=0.35)
    assert own.standard_error < shared.standard_error / 2
    assert own.trial_error < shared.trial_error / 3


def test_errors_of_units_and_trials_are_those_of_their_variances():
    rng = np.random.default_rng(4)
    value = rng.normal(0, 2, (40, 1)) + rng.normal(0, 1, 60) + rng.normal(0, 1, (40, 60))
    found = hierarchical_mean([Trials(value=value)], rng, n_draws=20_000)
    assert found.unit_error == pytest.approx(value.mean(1).std(ddof=1) / np.sqrt(40), rel=0.03)
    assert found.trial_error == pytest.approx(value.mean(0).std(ddof=1) / np.sqrt(60), rel=0.03)


def test_what_the_stimulus_does_is_no_error():
    rng = np.random.default_rng(5)
    condition = np.tile(np.arange(4), 10)
    value = 100.0 * condition + rng.normal(0, 1, (20, 40))
    within = hierarchical_mean([Trials(value=value, condition=condition)], rng)
    without = hierarchical_mean([Trials(value=value)], rng)
    assert within.trial_error < 0.1
    assert without.trial_error > 10.0


def test_the_order_of_trials_and_missing_ones_change_nothing():
    rng = np.random.default_rng(6)
    condition = np.repeat([0, 1, 2], [5, 9, 6])
    value = rng.poisson(3.0, (12, 20)).astype(float)
    order = rng.permutation(20)
    here, there = (
        hierarchical_mean([Trials(value=v, condition=c)], np.random.default_rng(1), n_draws=20_000)
        for v, c in ((value, condition), (value[:, order], condition[order]))
    )
    assert here.mean == pytest.approx(there.mean)
    assert here.standard_error == pytest.approx(there.standard_error, rel=0.05)
    holed = np.vstack([value, np.full(20, np.nan)])
    holed[0, 3] = np.nan
    found = hierarchical_mean([Trials(value=holed, condition=condition)], rng)
    assert found.n == 12
    expected = np.append(np.nanmean(holed[0]), value[1:].mean(axis=1)).mean()
    assert found.mean == pytest.approx(expected)


def test_the_same_seed_gives_the_same_bits():
    animals = animals_of(np.random.default_rng(7), 4, between=1.0, units=1.0, noise=1.0)
    for shared in (True, False):
        one, other = (
            hierarchical_mean(animals, np.random.default_rng(3), trials_are_shared=shared)
            for _ in range(2)
        )
        assert one == other


def test_a_ratio_is_freed_of_what_units_differ_in():
    rng = np.random.default_rng(8)
    mean = np.exp(rng.normal(1, 1, (4, 30, 1)))
    first = [Trials(value=rng.poisson(m, (30, 50)).astype(float)) for m in mean]
    second = [Trials(value=rng.poisson(2 * m, (30, 40)).astype(float)) for m in mean]
    ratio = hierarchical_ratio(first, second, rng)
    inverse = hierarchical_ratio(second, first, rng)
    assert ratio.low < 2.0 < ratio.high < 2.3
    assert ratio.mean * inverse.mean == pytest.approx(1.0)
    difference = hierarchical_difference(first, second, rng)
    assert difference.mean == pytest.approx(
        np.mean([b.value.mean() - a.value.mean() for a, b in zip(first, second, strict=True)])
    )


@pytest.mark.parametrize(
    ("animals", "reason"),
    [
        ([], "there is no animal"),
        ([np.full((3, 4), np.nan)], "there is no animal"),
        ([np.ones((20, 5))] * 2, "needs 3; there are 2"),
        ([np.ones((5, 5))], "at least 10 units; there are 5"),
        ([np.ones((12, 1))], "at least 2 trials"),
    ],
)
def test_what_cannot_be_computed_says_why(animals, reason):
    found = hierarchical_mean([Trials(value=a) for a in animals], np.random.default_rng(0))
    assert isinstance(found, NotComputed)
    assert reason in found.reason


def test_silent_units_are_zeros_and_have_no_ratio():
    silent = [Trials(value=np.zeros((12, 10)))]
    rng = np.random.default_rng(0)
    found = hierarchical_mean(silent, rng)
    assert (found.low, found.high) == (0.0, 0.0)
    assert "means above 0" in hierarchical_ratio(silent, silent, rng).reason
    other = [Trials(value=np.zeros((13, 10)))]
    assert "different units" in hierarchical_ratio(silent, other, rng).reason
