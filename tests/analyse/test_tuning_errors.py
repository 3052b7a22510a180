"""Intervals of single units: they cover what was planted, and are not given where they cannot."""

import numpy as np
import pytest
from benchmarks.planted import tuning as planted
from scipy import stats
from tests.analyse.planted import (
    ORIENTATION_DEG,
    gamma_poisson,
    heterogeneous_units,
    von_mises_rates,
)

from ketacortex.analyse.gosi_error import cross_validated_gosi, gosi_interval
from ketacortex.analyse.tuning import fit_tuning, mean_rates
from ketacortex.analyse.tuning_errors import tuning_intervals


def measured(rate_hz, rng, *, n_repeats=16, excess_fano=0.1):
    counts = gamma_poisson(np.repeat(rate_hz, n_repeats, axis=1), rng, excess_fano)
    shown_deg = np.repeat(ORIENTATION_DEG, n_repeats)
    found = mean_rates(counts, np.ones(len(shown_deg)), shown_deg)
    return found, np.full(12, n_repeats), counts.sum(axis=1)


def intervals(rate_hz, rng, **about):
    (rate, error, shown_deg), n_trials, n_spikes = measured(rate_hz, rng, **about)
    fit = fit_tuning(rate, shown_deg)
    return fit, tuning_intervals(fit, rate, error, shown_deg, n_trials, n_spikes)


@pytest.mark.parametrize("entry", planted.ESTIMATORS, ids=lambda entry: entry.name)
def test_intervals_cover_what_was_planted(entry):
    hits = [entry.covers(np.random.default_rng(seed)) for seed in range(40)]
    # 40 data sets of 25 units or so: 0.95 give or take four standard errors of 0.007.
    assert 0.92 < np.mean(np.concatenate(hits)) < 0.98


@pytest.mark.parametrize("entry", planted.TESTS, ids=lambda entry: entry.name)
def test_tests_hold_their_size(entry):
    p_values = np.concatenate([entry.p_values(np.random.default_rng(s)) for s in range(200)])
    error = np.sqrt(0.05 * 0.95 / len(p_values))
    assert np.mean(p_values < 0.05) == pytest.approx(0.05, abs=max(4 * error, 0.012))


def test_four_times_the_trials_halve_the_interval():
    rate_hz = von_mises_rates(np.full(200, 63.0), 1.5, 0.6, 12.0)
    rng = np.random.default_rng(0)
    few, many = (intervals(rate_hz, rng, n_repeats=n)[1] for n in (12, 48))
    for name in ("preferred_orientation_deg", "osi", "half_width_deg"):
        width = [
            np.nanmedian(getattr(found, name).high - getattr(found, name).low)
            for found in (few, many)
        ]
        assert width[0] / width[1] == pytest.approx(2.0, rel=0.1), name


def test_the_standard_error_is_that_of_estimates_from_trial_to_trial():
    rate_hz = von_mises_rates(np.full(3000, 100.0), 2.0, 0.7, 15.0)
    fit, found = intervals(rate_hz, np.random.default_rng(1))
    for value, limits in (
        (fit.preferred_orientation_deg, found.preferred_orientation_deg),
        (fit.osi, found.osi),
        (fit.half_width_deg, found.half_width_deg),
    ):
        assert np.nanmedian(limits.standard_error) == pytest.approx(np.nanstd(value), rel=0.1)


def test_a_turn_of_the_labels_turns_the_interval():
    rate_hz = von_mises_rates([40.0, 170.0], 2.0, 0.7, 15.0)
    (rate, error, shown_deg), n_trials, n_spikes = measured(rate_hz, np.random.default_rng(2))
    fits = [fit_tuning(rate, shown_deg + turn) for turn in (0.0, 30.0)]
    here, there = (
        tuning_intervals(fit, rate, error, shown_deg + turn, n_trials, n_spikes)
        for fit, turn in zip(fits, (0.0, 30.0), strict=True)
    )
    for name in ("low", "high"):
        moved = getattr(there.preferred_orientation_deg, name) - getattr(
            here.preferred_orientation_deg, name
        )
        np.testing.assert_allclose(moved % 180.0, 30.0, atol=0.02)
    np.testing.assert_allclose(here.osi.low, there.osi.low, atol=1e-3)


def test_too_few_trials_or_spikes_and_untuned_or_silent_units_give_no_interval():
    rng = np.random.default_rng(3)
    rate_hz = von_mises_rates([40.0] * 4, [2.0] * 4, [0.7, 0.7, 0.0, 0.7], [15.0, 0.2, 15.0, 0.0])
    _, found = intervals(np.nan_to_num(rate_hz), rng, n_repeats=12)
    given = np.isfinite(found.preferred_orientation_deg.low)
    assert given.tolist() == [True, False, False, False]
    _, found = intervals(np.nan_to_num(rate_hz), rng, n_repeats=4)
    assert not np.isfinite(found.osi.low).any()
    (rate, error, shown_deg), n_trials, n_spikes = measured(np.nan_to_num(rate_hz), rng)
    limits = gosi_interval(rate, error, shown_deg, n_trials, n_spikes)
    assert np.isfinite(limits.low).tolist() == [True, False, True, False]


def test_an_untuned_unit_may_have_no_selectivity_at_all():
    rate_hz = np.full((2000, 12), 10.0)
    (rate, error, shown_deg), n_trials, n_spikes = measured(rate_hz, np.random.default_rng(4))
    limits = gosi_interval(rate, error, shown_deg, n_trials, n_spikes)
    assert np.mean(limits.low == 0) == pytest.approx(0.975, abs=0.012)
    assert np.median(limits.value) < 0.01
    assert np.median(np.abs(rate @ np.exp(2j * np.deg2rad(shown_deg))) / rate.sum(axis=1)) > 0.02


def test_far_from_zero_the_interval_of_gosi_is_that_of_student():
    rate_hz = von_mises_rates(np.full(50, 20.0), 2.0, 0.9, 40.0)
    (rate, error, shown_deg), n_trials, n_spikes = measured(rate_hz, np.random.default_rng(5))
    limits = gosi_interval(rate, error, shown_deg, n_trials, n_spikes)
    half = (limits.high - limits.low) / 2.0
    ratio = half / limits.standard_error
    assert (ratio > stats.norm.ppf(0.975)).all()
    assert (ratio < stats.t.ppf(0.975, 15)).all()
    np.testing.assert_allclose((limits.low + limits.high) / 2.0, limits.value, atol=2e-3)


def test_cross_validated_gosi_is_the_mean_product_of_all_halvings():
    """Of four trials there are three ways to make halves; all of them can be tried."""
    rng = np.random.default_rng(6)
    counts = rng.poisson(5.0, (1, 12 * 4)).astype(float)
    shown_deg = np.tile(ORIENTATION_DEG, 4)
    basis = np.exp(2j * np.deg2rad(ORIENTATION_DEG))
    trials = counts.reshape(4, 12)
    total = trials.mean(axis=0).sum()
    # Pairs of different trials at each orientation, all pairs across orientations.
    mean = trials.mean(axis=0)
    same = (trials.sum(axis=0) ** 2 - (trials**2).sum(axis=0)) / 12.0
    across = np.abs(mean @ basis) ** 2 - np.sum(mean**2)
    square = (across + same.sum()) / total**2
    found = cross_validated_gosi(*mean_rates(counts, np.ones(48), shown_deg))[0]
    assert np.sign(found) * found**2 == pytest.approx(square)


def test_cross_validated_gosi_does_not_grow_with_noise():
    rng = np.random.default_rng(7)
    rate_hz = von_mises_rates(*heterogeneous_units(rng, 3000))
    squares = []
    for n_repeats in (4, 64):
        found = cross_validated_gosi(*measured(rate_hz, rng, n_repeats=n_repeats)[0])
        squares.append(np.nanmean(np.sign(found) * found**2))
    assert squares[0] == pytest.approx(squares[1], rel=0.06)
