import dataclasses
import warnings

import numpy as np
import pytest

from analyse.planted import ORIENTATION_DEG, responses_from_counts, responses_to, von_mises_rates
from ketacortex.analyse.adaptation_shift import adaptation_class, flank_change, shift_interval
from ketacortex.analyse.curve_errors import UnitIntervals
from ketacortex.analyse.shift_bootstrap import bootstrap_shift
from ketacortex.analyse.tuning_errors import tuning_errors
from ketacortex.units import orientation_difference_deg


def preferred(responses):
    return tuning_errors(
        responses.counts, responses.duration_s, responses.orientation_deg
    ).preferred_orientation_deg


def two_epochs(rng, n, shift_deg, n_repeats=(10, 14)):
    before_deg, kappa = rng.uniform(0, 180, n), rng.uniform(0.8, 5.0, n)
    rate_hz = [
        von_mises_rates(centre_deg, kappa, 0.8, 8.0)
        for centre_deg in (before_deg, before_deg + shift_deg)
    ]
    first, second = (
        responses_to(r, rng, n_repeats=n_trials, excess_fano=0.05)
        for r, n_trials in zip(rate_hz, n_repeats, strict=True)
    )
    return first, second, before_deg


def coverage(shift, planted_deg):
    off_deg = orientation_difference_deg(planted_deg, shift.estimate)
    held = (shift.low - shift.estimate <= off_deg) & (off_deg <= shift.high - shift.estimate)
    return held[shift.is_valid].mean()


def test_the_interval_covers_the_shift():
    rng = np.random.default_rng(0)
    planted_deg = rng.normal(0.0, 15.0, 1200)
    before, after, _ = two_epochs(rng, 1200, planted_deg)
    shift = shift_interval(preferred(before), preferred(after))
    assert shift.is_valid.mean() > 0.6
    # Binomial standard error 0.008.
    assert 0.92 < coverage(shift, planted_deg) < 0.98


def test_the_bootstrap_covers_the_shift_and_agrees_with_the_interval():
    rng = np.random.default_rng(1)
    planted_deg = rng.normal(0.0, 15.0, 150)
    before, after, _ = two_epochs(rng, 150, planted_deg)
    drawn = bootstrap_shift(before, after, rng, n_draws=300)
    shift = shift_interval(preferred(before), preferred(after))
    # Binomial standard error 0.02.
    assert coverage(drawn, planted_deg) > 0.88
    both = drawn.is_valid & shift.is_valid
    assert both.sum() > 80
    # Both estimate one spread; the draws add 4 % of noise.
    ratio = drawn.standard_error[both] / shift.standard_error[both]
    assert np.median(ratio) == pytest.approx(1.0, abs=0.08)


def test_the_bootstrap_is_the_same_for_the_same_generator_and_any_neighbours():
    rng = np.random.default_rng(2)
    before, after, _ = two_epochs(rng, 12, 10.0)
    found = bootstrap_shift(before, after, np.random.default_rng(3), 40)
    again = bootstrap_shift(before, after, np.random.default_rng(3), 40)
    alone = bootstrap_shift(
        *(dataclasses.replace(e, counts=e.counts[:3]) for e in (before, after)),
        np.random.default_rng(3),
        40,
    )
    assert found.low.tobytes() == again.low.tobytes()
    np.testing.assert_allclose(alone.low, found.low[:3], rtol=1e-6)


@pytest.mark.parametrize("case", ["silent", "one trial", "three orientations", "no trial"])
def test_what_cannot_be_measured_is_nan_and_warns_of_nothing(case):
    orientation_deg = {
        "silent": np.repeat(ORIENTATION_DEG, 10),
        "one trial": ORIENTATION_DEG,
        "three orientations": np.repeat([0.0, 60.0, 120.0], 20),
        "no trial": np.zeros(0),
    }[case]
    counts = np.ones((2, len(orientation_deg))) * (case != "silent")
    responses = responses_from_counts(counts, orientation_deg)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = bootstrap_shift(responses, responses, np.random.default_rng(0), 20)
        shift = shift_interval(preferred(responses), preferred(responses))
        flank = flank_change(responses, responses, np.array([10.0, np.nan]), 30.0)
    assert not drawn.is_valid.any()
    assert not shift.is_valid.any()
    assert np.isnan(flank.adapted_hz[1])


def intervals(estimate, half_width):
    estimate = np.asarray(estimate, float)
    return UnitIntervals(
        estimate=estimate,
        standard_error=np.full_like(estimate, half_width / 2.0),
        low=estimate - half_width,
        high=estimate + half_width,
    )


def test_classes_follow_the_adapter_across_the_wrap():
    # Before at 175 and 5 degrees: an adapter at 0 lies above the one and below the other.
    found = adaptation_class(np.array([175.0, 5.0, 5.0, 175.0]), intervals([8, 8, -8, 3], 2), 0.0)
    assert found.towards_deg.tolist() == [8.0, -8.0, 8.0, 3.0]
    assert found.is_attractive.tolist() == [True, False, True, False]
    assert found.is_repulsive.tolist() == [False, True, False, False]
    assert found.is_refractory.tolist() == [False, False, False, True]
    assert found.is_surely_attractive.tolist() == [True, False, True, True]
    assert found.is_surely_repulsive.tolist() == [False, True, False, False]


def test_mirroring_the_world_keeps_the_classes():
    rng = np.random.default_rng(4)
    before_deg, shift = rng.uniform(0, 180, 200), intervals(rng.normal(0, 10, 200), 6.0)
    mirrored = intervals(-shift.estimate, 6.0)
    found = adaptation_class(before_deg, shift, 40.0)
    again = adaptation_class(-before_deg % 180.0, mirrored, 140.0)
    for one, other in zip(vars(found).values(), vars(again).values(), strict=True):
        np.testing.assert_allclose(np.asarray(one, float), np.asarray(other, float))


def test_an_adapter_at_the_preferred_orientation_has_no_side():
    found = adaptation_class(np.array([40.0, 130.0]), intervals([20.0, 20.0], 1.0), 40.0)
    assert np.isnan(found.towards_deg).all()
    assert not (found.is_attractive | found.is_repulsive | found.is_refractory).any()
    assert not (found.is_surely_attractive | found.is_surely_repulsive).any()


def test_a_threshold_of_its_own():
    found = adaptation_class(np.zeros(1), intervals([8.0], 2.0), 30.0, threshold_deg=10.0)
    assert found.is_refractory[0]


def test_without_a_shift_neither_attraction_nor_repulsion_wins():
    rng = np.random.default_rng(5)
    before, after, _ = two_epochs(rng, 1500, 0.0)
    first = preferred(before)
    towards_deg = adaptation_class(
        first.estimate, shift_interval(first, preferred(after)), 60.0
    ).towards_deg
    towards_deg = towards_deg[np.isfinite(towards_deg)]
    assert abs(towards_deg.mean()) < 3.5 * towards_deg.std() / np.sqrt(len(towards_deg))


def test_a_loss_on_one_side_is_found_on_that_side():
    rng = np.random.default_rng(6)
    n, adapter_deg, preferred_deg = 400, 100.0, 82.0
    rate_hz = np.repeat(von_mises_rates(preferred_deg, 1.5, 0.8, 8.0), n, axis=0)
    offset_deg = orientation_difference_deg(ORIENTATION_DEG, preferred_deg)
    lost_hz = np.where((offset_deg > 0) & (offset_deg <= 45), -2.0, 0.0)
    gained_hz = np.where((offset_deg < 0) & (offset_deg >= -45), 1.0, 0.0)
    before = responses_to(rate_hz, rng)
    after = responses_to(np.maximum(rate_hz + lost_hz + gained_hz, 0.0), rng)
    planted_hz = np.maximum(rate_hz[0] + lost_hz + gained_hz, 0.0) - rate_hz[0]
    found = flank_change(before, after, np.full(n, preferred_deg), adapter_deg)
    for change_hz, error_hz, is_in in (
        (found.adapted_hz, found.adapted_error_hz, lost_hz < 0),
        (found.opposite_hz, found.opposite_error_hz, gained_hz > 0),
    ):
        # Standard error 0.08.
        assert change_hz.mean() == pytest.approx(planted_hz[is_in].mean(), abs=0.3)
        assert np.sqrt(np.mean(error_hz**2)) == pytest.approx(change_hz.std(), rel=0.12)
    mirrored = flank_change(before, after, np.full(n, preferred_deg), preferred_deg - 18.0)
    np.testing.assert_array_equal(mirrored.adapted_hz, found.opposite_hz)
