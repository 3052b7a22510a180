import numpy as np
import pytest

from analyse.planted import (
    ORIENTATION_DEG,
    heterogeneous_units,
    responses_from_counts,
    responses_to,
    von_mises_rates,
)
from ketacortex.analyse.shift import excess_shift, signed_shift_deg, split_halves
from ketacortex.seeds import generator


def test_a_shift_across_the_wrap_is_small_and_signed():
    before_deg, after_deg = np.array([178.0, 3.0, 45.0]), np.array([3.0, 178.0, 45.0])
    np.testing.assert_allclose(signed_shift_deg(before_deg, after_deg), [5.0, -5.0, 0.0])


def exact_epoch(preferred_deg, n_repeats=4):
    """Counts without noise, so that every half measures the preference exactly."""
    rate = 1e4 * von_mises_rates(preferred_deg, 2.0, 0.8, 1.0)
    return responses_from_counts(
        np.repeat(rate, n_repeats, axis=1), np.repeat(ORIENTATION_DEG, n_repeats)
    )


@pytest.mark.parametrize("shift_deg", [0.0, 2.5, 10.0, 44.0])
def test_without_noise_the_excess_is_the_shift(shift_deg):
    preferred_deg = np.array([0.0, 7.0, 90.0, 178.0])
    moved = excess_shift(
        exact_epoch(preferred_deg), exact_epoch(preferred_deg + shift_deg), generator("test")
    )
    np.testing.assert_allclose(moved.excess_deg, shift_deg, atol=1e-6)
    np.testing.assert_array_equal(moved.weight, 1.0)


@pytest.mark.parametrize("shift_deg", [10.0, 44.0, 60.0, 85.0, -60.0])
def test_without_error_the_excess_is_the_shift_however_large(shift_deg):
    moved = excess_shift(
        exact_epoch([20.0]), exact_epoch([(20.0 + shift_deg) % 180]), generator("test")
    )
    assert moved.excess_deg[0] == pytest.approx(abs(shift_deg), abs=0.05)


def test_the_excess_does_not_depend_on_which_epoch_came_first():
    rng = np.random.default_rng(0)
    rate_hz = von_mises_rates(*heterogeneous_units(rng, 30))
    one, other = responses_to(rate_hz, rng), responses_to(0.5 * rate_hz, rng)
    # Turning time around also swaps the random halves: equal up to their error.
    forth = excess_shift(one, other, generator("forth"))
    back = excess_shift(other, one, generator("back"))
    chosen = (forth.weight > 0.5) & (back.weight > 0.5)
    np.testing.assert_allclose(forth.excess_deg[chosen], back.excess_deg[chosen], atol=5.0)


def test_untuned_units_are_not_measured():
    rng = np.random.default_rng(0)
    flat = np.full((50, 12), 3.0)
    moved = excess_shift(responses_to(flat, rng), responses_to(flat, rng), generator("test"))
    assert (moved.weight == 0).mean() > 0.9
    assert np.isnan(moved.excess_deg[moved.weight == 0]).all()


def test_the_order_of_units_changes_nothing():
    rng = np.random.default_rng(1)
    rate_hz = von_mises_rates(*heterogeneous_units(rng, 40))
    before, after = responses_to(rate_hz, rng), responses_to(rate_hz, rng)
    order = rng.permutation(40)
    moved = excess_shift(before, after, generator("test"))
    shuffled = excess_shift(
        responses_from_counts(before.counts[order], before.orientation_deg),
        responses_from_counts(after.counts[order], after.orientation_deg),
        generator("test"),
    )
    np.testing.assert_allclose(shuffled.excess_deg, moved.excess_deg[order], atol=1e-6)


def test_the_same_generator_gives_the_same_answer():
    rng = np.random.default_rng(2)
    rate_hz = von_mises_rates(*heterogeneous_units(rng, 20))
    before, after = responses_to(rate_hz, rng), responses_to(rate_hz, rng)
    first, again = (excess_shift(before, after, generator("test")) for _ in range(2))
    np.testing.assert_array_equal(first.excess_deg, again.excess_deg)


def test_halves_share_no_trial_and_have_as_many_of_each_orientation():
    # A unit that fires once, in one trial of its own: its half is the one that holds the trial.
    orientation_deg = np.repeat(ORIENTATION_DEG, 5)
    halves = split_halves(responses_from_counts(np.eye(60), orientation_deg), generator("test"))
    n_spikes = (2 * halves.rate_hz).sum(axis=3)
    assert (n_spikes.sum(axis=1) <= 1.0 + 1e-12).all()
    np.testing.assert_allclose(n_spikes.sum(axis=0), 24.0)
