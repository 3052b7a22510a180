import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketacortex.analyse.angles import distinct_angles, pool_angles
from ketacortex.analyse.direction_tuning import (
    dsi_of_means,
    fit_direction_tuning,
    vector_dsi,
)
from ketacortex.analyse.selectivity_errors import (
    cross_validated_gosi,
    dsi_interval,
    gosi_interval,
    vector_dsi_interval,
)
from ketacortex.analyse.tuning import fit_tuning, gosi, mean_rates, tuning_p_value
from ketacortex.analyse.tuning_errors import tuning_errors

TWELVE_DEG = np.arange(12) * 15.0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-20, 40), min_size=1, max_size=30), st.sampled_from([180.0, 360.0]))
def test_turns_by_whole_periods_change_nothing(steps, period_deg):
    angle_deg = np.array(steps) * 22.5
    angles_deg, which = distinct_angles(angle_deg, period_deg)
    turned_deg, turned = distinct_angles(angle_deg + period_deg, period_deg)
    np.testing.assert_array_equal(angles_deg, turned_deg)
    np.testing.assert_array_equal(which, turned)
    assert len(np.unique(angles_deg)) == len(angles_deg)
    assert ((angles_deg >= 0) & (angles_deg < period_deg)).all()
    np.testing.assert_allclose((angles_deg[which] - angle_deg) % period_deg % period_deg, 0.0)


def test_angles_that_rounding_parts_are_one():
    radians = np.pi * np.array([1.0, 7.0]) / 6.0
    angles_deg, which = distinct_angles(np.append(np.rad2deg(radians), [-1e-9, 180.0]), 180.0)
    assert len(angles_deg) == 2
    assert which.tolist() == [1, 1, 0, 0]


def test_columns_that_all_differ_are_left_bit_for_bit():
    values = np.random.default_rng(0).random((3, 12))
    pooled, _ = pool_angles(values, TWELVE_DEG[::-1], 180.0)
    assert pooled.tobytes() == values.tobytes()


@pytest.mark.parametrize("function", [fit_tuning, gosi])
def test_means_at_0_and_180_count_once(function):
    rate_hz = np.random.default_rng(1).poisson(6.0, (20, 13)).astype(float)
    pooled_hz = rate_hz[:, :12].copy()
    pooled_hz[:, 0] = (rate_hz[:, 0] + rate_hz[:, 12]) / 2.0
    _assert_same(function(rate_hz, np.arange(13) * 15.0), function(pooled_hz, TWELVE_DEG))


@pytest.mark.parametrize("function", [fit_direction_tuning, dsi_of_means, vector_dsi])
def test_means_at_0_and_360_count_once(function):
    rate_hz = np.random.default_rng(2).poisson(6.0, (20, 13)).astype(float)
    pooled_hz = rate_hz[:, :12].copy()
    pooled_hz[:, 0] = (rate_hz[:, 0] + rate_hz[:, 12]) / 2.0
    _assert_same(function(rate_hz, np.arange(13) * 30.0), function(pooled_hz, TWELVE_DEG * 2))


@pytest.mark.parametrize(
    ("function", "period_deg"),
    [
        (mean_rates, 180.0),
        (tuning_errors, 180.0),
        (gosi_interval, 180.0),
        (cross_validated_gosi, 180.0),
        (vector_dsi_interval, 360.0),
        (dsi_interval, 360.0),
        (lambda c, d, a: tuning_p_value(c, a), 180.0),
    ],
)
def test_trials_at_both_ends_count_as_one_stimulus(function, period_deg):
    rng = np.random.default_rng(3)
    angle_deg = np.repeat(np.arange(12) * period_deg / 12, 10)
    counts = rng.poisson(3.0 + 9.0 * (angle_deg < period_deg / 4), (4, 120)).astype(float)
    ends_deg = np.where((angle_deg == 0) & (np.arange(120) % 2 == 0), period_deg, angle_deg)
    _assert_same(
        function(counts, np.ones(120), ends_deg), function(counts, np.ones(120), angle_deg)
    )


def _assert_same(found, expected):
    if isinstance(found, np.ndarray):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    elif isinstance(found, tuple):
        for one, other in zip(found, expected, strict=True):
            _assert_same(one, other)
    else:
        _assert_same(tuple(vars(found).values()), tuple(vars(expected).values()))
