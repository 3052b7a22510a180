import dataclasses
import warnings

import numpy as np
import pytest

from analyse.planted import ORIENTATION_DEG, responses_from_counts, responses_to, von_mises_rates
from ketacortex.analyse.adaptation_shift import flank_change, side_of_adapter
from ketacortex.analyse.flank_ratio import MIN_FLANK_SPIKES, MIN_TRIALS, flank_ratio
from ketacortex.units import orientation_difference_deg

PREFERRED_DEG, ADAPTER_DEG = 82.0, 110.0
OFFSET_DEG = orientation_difference_deg(ORIENTATION_DEG, PREFERRED_DEG)
ADAPTED = (OFFSET_DEG > 0) & (OFFSET_DEG <= 45.0)
OPPOSITE = (OFFSET_DEG < 0) & (OFFSET_DEG >= -45.0)


def adapted_units(rng, n, *, mean_hz=6.0, n_repeats=(8, 14)):
    rate_hz = np.repeat(von_mises_rates(PREFERRED_DEG, 1.5, 0.8, mean_hz), n, axis=0)
    gain = np.where(ADAPTED, 0.6, np.where(OPPOSITE, 1.3, 1.0))
    return tuple(
        responses_to(r, rng, n_repeats=repeats, excess_fano=0.1)
        for r, repeats in zip((rate_hz, gain * rate_hz), n_repeats, strict=True)
    )


def covered(interval, truth):
    return ((interval.low <= truth) & (truth <= interval.high))[interval.is_valid].mean()


@pytest.mark.parametrize("mean_hz", [1.5, 6.0])
def test_the_intervals_cover_a_loss_and_a_gain(mean_hz):
    n = 1500
    before, after = adapted_units(np.random.default_rng(0), n, mean_hz=mean_hz)
    found = flank_ratio(before, after, np.full(n, PREFERRED_DEG), ADAPTER_DEG)
    for interval, planted in ((found.adapted, -0.4), (found.opposite, 0.3)):
        assert interval.is_valid.mean() > 0.6
        # Binomial standard error 0.006 to 0.008.
        assert 0.93 < covered(interval, planted) < 0.97
        # Standard errors are what the estimates scatter by.
        scatter = np.nanstd(interval.estimate)
        error = np.sqrt(np.nanmean(interval.standard_error**2))
        assert error == pytest.approx(scatter, rel=0.12)


def test_each_flank_keeps_its_sign_and_mirroring_the_adapter_swaps_them():
    before, after = adapted_units(np.random.default_rng(1), 200)
    preferred_deg = np.full(200, PREFERRED_DEG)
    found = flank_ratio(before, after, preferred_deg, ADAPTER_DEG)
    mirrored = flank_ratio(before, after, preferred_deg, 2 * PREFERRED_DEG - ADAPTER_DEG)
    assert np.median(found.adapted.estimate) == pytest.approx(-0.4, abs=0.04)
    assert np.median(found.opposite.estimate) == pytest.approx(0.3, abs=0.06)
    np.testing.assert_array_equal(found.adapted.low, mirrored.opposite.low)
    np.testing.assert_array_equal(found.opposite.high, mirrored.adapted.high)


def test_exchanging_the_epochs_inverts_the_ratio_and_its_limits():
    before, after = adapted_units(np.random.default_rng(2), 50)
    preferred_deg = np.full(50, PREFERRED_DEG)
    there = flank_ratio(before, after, preferred_deg, ADAPTER_DEG).adapted
    back = flank_ratio(after, before, preferred_deg, ADAPTER_DEG).adapted
    np.testing.assert_allclose((1 + there.estimate) * (1 + back.estimate), 1.0)
    np.testing.assert_allclose((1 + there.low) * (1 + back.high), 1.0)


def test_it_is_the_absolute_change_over_the_rate_before():
    before, after = adapted_units(np.random.default_rng(3), 30)
    preferred_deg = np.full(30, PREFERRED_DEG)
    share = flank_ratio(before, after, preferred_deg, ADAPTER_DEG).adapted.estimate
    change_hz = flank_change(before, after, preferred_deg, ADAPTER_DEG).adapted_hz
    rate_hz = before.counts.reshape(30, 12, -1).mean(axis=2)[:, ADAPTED].mean(axis=1)
    np.testing.assert_allclose(share, change_hz / rate_hz)


def test_a_stimulus_shown_as_0_and_as_180_is_one():
    before, after = adapted_units(np.random.default_rng(4), 40)
    half = np.arange(before.counts.shape[1]) % 2 == 0
    renamed = dataclasses.replace(
        before,
        orientation_deg=before.orientation_deg + 180.0 * (half & (before.orientation_deg == 0.0)),
    )
    preferred_deg = np.full(40, 20.0)
    one = flank_ratio(before, after, preferred_deg, 0.0).adapted
    other = flank_ratio(renamed, after, preferred_deg, 0.0).adapted
    assert one.is_valid.any()
    np.testing.assert_allclose(other.low, one.low)


def test_a_flank_with_too_few_trials_or_spikes_has_no_interval():
    n_repeats = (MIN_TRIALS - 1, 20)
    before, after = adapted_units(np.random.default_rng(5), 5, mean_hz=20.0, n_repeats=n_repeats)
    assert not flank_ratio(before, after, np.full(5, 82.0), ADAPTER_DEG).adapted.is_valid.any()
    counts = np.zeros((2, 12, 10))
    counts[:, ADAPTED, 0] = 9.0, 4.0, 3.0
    counts[0, ADAPTED, 1] = MIN_FLANK_SPIKES - 16.0, 0.0, 0.0
    counts[1, ADAPTED, 1] = MIN_FLANK_SPIKES - 17.0, 0.0, 0.0
    shown = responses_from_counts(counts.reshape(2, -1), np.repeat(ORIENTATION_DEG, 10))
    found = flank_ratio(shown, shown, np.full(2, PREFERRED_DEG), ADAPTER_DEG)
    assert found.adapted.is_valid.tolist() == [True, False]


@pytest.mark.parametrize("case", ["silent", "constant", "one trial", "no trial", "nothing common"])
def test_what_cannot_be_measured_is_nan_and_warns_of_nothing(case):
    shown_deg = np.repeat(ORIENTATION_DEG, 8)
    if case in ("one trial", "no trial"):
        shown_deg = ORIENTATION_DEG if case == "one trial" else np.zeros(0)
    counts = np.full((3, len(shown_deg)), 0.0 if case == "silent" else 9.0)
    first = responses_from_counts(counts, shown_deg)
    moved_deg = shown_deg + (7.5 if case == "nothing common" else 0.0)
    second = responses_from_counts(counts, moved_deg)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = flank_ratio(first, second, np.array([PREFERRED_DEG, np.nan, 110.0]), ADAPTER_DEG)
    assert not (found.adapted.is_valid | found.opposite.is_valid).any()


def test_a_side_is_read_across_the_wrap():
    side = side_of_adapter(np.array([175.0, 5.0, 0.3, 90.0, np.nan]), 0.0)
    np.testing.assert_array_equal(side, [1.0, -1.0, np.nan, np.nan, np.nan])
