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

from ketacortex.analyse.selectivity_errors import cross_validated_gosi, gosi_interval
from ketacortex.analyse.tuning import fit_tuning, mean_rates
from ketacortex.analyse.tuning_errors import tuning_errors


def shown_to(rate_hz, rng, *, n_repeats=16, excess_fano=0.1):
    counts = gamma_poisson(np.repeat(rate_hz, n_repeats, axis=1), rng, excess_fano)
    shown_deg = np.repeat(ORIENTATION_DEG, n_repeats)
    return counts, np.ones(len(shown_deg)), shown_deg


@pytest.mark.parametrize("entry", planted.ESTIMATORS, ids=lambda entry: entry.name)
def test_intervals_cover_what_was_planted(entry):
    n = 12 if entry.name.endswith("bootstrap") else 40
    hits = np.concatenate([entry.covers(np.random.default_rng(seed)) for seed in range(n)])
    error = np.sqrt(0.95 * 0.05 / len(hits))
    assert 0.92 - 2 * error < np.mean(hits) < 0.98 + 2 * error


@pytest.mark.parametrize("entry", planted.TESTS, ids=lambda entry: entry.name)
def test_tests_hold_their_size(entry):
    p_values = np.concatenate([entry.p_values(np.random.default_rng(s)) for s in range(150)])
    error = np.sqrt(0.05 * 0.95 / len(p_values))
    assert 0.03 - 2 * error < np.mean(p_values < 0.05) < 0.07 + 2 * error


def test_four_times_the_trials_halve_the_interval():
    rate_hz = von_mises_rates(np.full(200, 63.0), 1.5, 0.6, 12.0)
    rng = np.random.default_rng(0)
    few, many = (tuning_errors(*shown_to(rate_hz, rng, n_repeats=n)) for n in (12, 48))
    for name in ("preferred_orientation_deg", "osi", "half_width_deg"):
        width = [
            np.nanmedian(getattr(found, name).high - getattr(found, name).low)
            for found in (few, many)
        ]
        assert width[0] / width[1] == pytest.approx(2.0, rel=0.1), name


def test_the_standard_error_is_that_of_estimates_from_trial_to_trial():
    rate_hz = von_mises_rates(np.full(3000, 100.0), 2.0, 0.7, 15.0)
    shown = shown_to(rate_hz, np.random.default_rng(1))
    found = tuning_errors(*shown)
    for limits in (found.preferred_orientation_deg, found.osi, found.half_width_deg):
        spread = np.nanstd(limits.estimate)
        assert np.nanmedian(limits.standard_error) == pytest.approx(spread, rel=0.1)


def test_a_turn_of_the_labels_turns_the_interval():
    rate_hz = von_mises_rates([40.0, 170.0], 2.0, 0.7, 15.0)
    counts, duration_s, shown_deg = shown_to(rate_hz, np.random.default_rng(2))
    here = tuning_errors(counts, duration_s, shown_deg)
    there = tuning_errors(counts, duration_s, (shown_deg + 30.0) % 180.0)
    for name in ("low", "high"):
        moved = getattr(there.preferred_orientation_deg, name) - getattr(
            here.preferred_orientation_deg, name
        )
        np.testing.assert_allclose(moved % 180.0, 30.0, atol=0.01)
    np.testing.assert_allclose(here.osi.low, there.osi.low, atol=1e-4)


def test_end_points_that_are_one_orientation_count_once():
    """Half of the trials at 0 are called 180."""
    rate_hz = von_mises_rates([40.0, 170.0], 2.0, 0.7, 15.0)
    counts, duration_s, shown_deg = shown_to(rate_hz, np.random.default_rng(2))
    called = np.where((shown_deg == 0) & (np.arange(len(shown_deg)) % 2 == 0), 180.0, shown_deg)
    here, there = (tuning_errors(counts, duration_s, deg) for deg in (shown_deg, called))
    np.testing.assert_allclose(here.osi.high, there.osi.high)
    assert len(mean_rates(counts, duration_s, called)[2]) == 12
    limits = [gosi_interval(counts, duration_s, deg).low for deg in (shown_deg, called)]
    np.testing.assert_allclose(*limits)


def test_too_few_trials_or_spikes_and_untuned_or_silent_units_give_no_interval():
    rng = np.random.default_rng(3)
    rate_hz = np.nan_to_num(
        von_mises_rates([40.0] * 4, [2.0] * 4, [0.7, 0.7, 0.0, 0.7], [15.0, 0.1, 15.0, 0.0])
    )
    found = tuning_errors(*shown_to(rate_hz, rng, n_repeats=12))
    assert found.is_valid.tolist() == [True, False, False, False]
    assert not tuning_errors(*shown_to(rate_hz, rng, n_repeats=4)).osi.is_valid.any()
    limits = gosi_interval(*shown_to(rate_hz, rng))
    assert limits.is_valid.tolist() == [True, False, True, False]


def test_an_untuned_unit_may_have_no_selectivity_at_all():
    counts, duration_s, shown_deg = shown_to(np.full((2000, 12), 10.0), np.random.default_rng(4))
    limits = gosi_interval(counts, duration_s, shown_deg)
    assert np.mean(limits.low == 0) == pytest.approx(0.975, abs=0.015)
    assert np.median(limits.estimate) < 0.012


def test_far_from_zero_the_interval_of_gosi_is_that_of_student():
    rate_hz = von_mises_rates(np.full(50, 20.0), 2.0, 0.9, 40.0)
    limits = gosi_interval(*shown_to(rate_hz, np.random.default_rng(5)))
    ratio = (limits.high - limits.low) / 2.0 / limits.standard_error
    assert (ratio > 0.98 * stats.norm.ppf(0.975)).all()
    assert (ratio < 1.02 * stats.t.ppf(0.975, 15)).all()


def test_cross_validated_gosi_does_not_grow_with_noise():
    rng = np.random.default_rng(7)
    rate_hz = von_mises_rates(*heterogeneous_units(rng, 3000))
    squares = [
        np.nanmean(cross_validated_gosi(*shown_to(rate_hz, rng, n_repeats=n))) for n in (4, 64)
    ]
    assert squares[0] == pytest.approx(squares[1], rel=0.08)


def test_the_estimate_is_that_of_the_fit():
    rate_hz = von_mises_rates(np.full(30, 20.0), 2.0, 0.7, 20.0)
    shown = shown_to(rate_hz, np.random.default_rng(8))
    found = tuning_errors(*shown)
    rate, _, shown_deg = mean_rates(*shown)
    fit = fit_tuning(rate, shown_deg)
    np.testing.assert_allclose(found.osi.estimate, fit.osi, atol=1e-4)
    np.testing.assert_allclose(found.half_width_deg.estimate, fit.half_width_deg, atol=1e-3)
