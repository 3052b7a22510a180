import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from ketacortex.analyse.modality import dip, spread_ties, unimodality_p_value, up_state_share

ONE_MODE = {
    "normal": lambda rng, n: rng.normal(size=n),
    "lognormal": lambda rng, n: np.exp(0.7 * rng.normal(size=n)),
    "heavy tails": lambda rng, n: rng.standard_t(3, n),
    "uniform": lambda rng, n: rng.random(n),
    "counts": lambda rng, n: spread_ties(rng.poisson(4.0, n).astype(float)),
}


@pytest.mark.parametrize("shape", ONE_MODE)
@pytest.mark.parametrize("n", [30, 120])
def test_one_mode_is_rejected_no_more_often_than_the_level_says(shape, n):
    rng = np.random.default_rng(0)
    p_values = np.array([unimodality_p_value(ONE_MODE[shape](rng, n)) for _ in range(400)])
    # Binomial standard error 0.011 at the level.
    assert (p_values < 0.05).mean() <= 0.05 + 0.03


def test_up_and_down_states_are_seen():
    rng = np.random.default_rng(0)
    p_values = np.array(
        [
            unimodality_p_value(rng.normal(size=100) + 5.0 * (rng.random(100) < 0.5))
            for _ in range(100)
        ]
    )
    assert (p_values < 0.05).mean() > 0.9


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 100), st.floats(-50, 50))
def test_the_dip_does_not_depend_on_scale_place_or_direction(seed, scale, shift):
    values = np.random.default_rng(seed).normal(size=25).round(3)
    assert dip(-scale * values + shift) == pytest.approx(dip(values))


def test_the_dip_lies_between_that_of_even_spacing_and_of_two_heaps():
    assert dip(np.arange(20.0)) == pytest.approx(1 / 40)
    assert 0.24 < dip(np.concatenate([np.linspace(0, 1e-4, 50), np.linspace(1, 1.0001, 50)])) < 0.25


@pytest.mark.parametrize("seed", range(6))
def test_the_dip_is_the_distance_that_linear_programming_finds(seed):
    rng = np.random.default_rng(seed)
    values = np.sort(rng.normal(size=12) + 4.0 * (rng.random(12) < 0.4))
    nearest = min(distance_with_mode_at(mode, values) for mode in range(len(values)))
    assert dip(values) == pytest.approx(nearest, abs=1e-6)


def distance_with_mode_at(mode, values):
    """Smallest d with a function convex up to the mode, concave after it, within d everywhere."""
    n = len(values)
    rows, limits = [], []

    def require(coefficients, limit):
        row = np.zeros(n + 2)  # heights, the upper end of the jump at the mode, d
        for place, coefficient in coefficients:
            row[place] += coefficient
        rows.append(row)
        limits.append(limit)

    rising, falling = list(range(mode + 1)), [n, *range(mode + 1, n)]
    for heights, x, sign in ((rising, values[: mode + 1], 1), (falling, values[mode:], -1)):
        for i in range(1, len(heights) - 1):
            left, right = 1 / (x[i] - x[i - 1]), 1 / (x[i + 1] - x[i])
            bend = [(heights[i], left + right), (heights[i - 1], -left), (heights[i + 1], -right)]
            require([(place, sign * c) for place, c in bend], 0)
        for lower, upper in itertools.pairwise(heights):
            require([(lower, 1), (upper, -1)], 0)
    require([(mode, 1), (n, -1)], 0)
    for i in range(n):
        for place, share in ((i, i / n), (n if i == mode else i, (i + 1) / n)):
            require([(place, 1), (n + 1, -1)], share)
            require([(place, -1), (n + 1, -1)], -share)
    goal = np.eye(n + 2)[n + 1]
    return linprog(goal, A_ub=np.array(rows), b_ub=limits, bounds=(0, 1)).fun


def test_constant_activity_has_one_mode():
    assert unimodality_p_value(spread_ties(np.ones(30))) > 0.9


def test_whole_numbers_are_not_modes():
    counts = np.random.default_rng(0).poisson(3.0, 200).astype(float)
    assert unimodality_p_value(counts) < 0.05 < unimodality_p_value(spread_ties(counts))


def test_spreading_ties_keeps_the_counts():
    counts = np.random.default_rng(0).poisson(3.0, 50).astype(float)
    np.testing.assert_array_equal(np.round(spread_ties(counts)), counts)
    assert len(np.unique(spread_ties(counts))) == 50


def test_a_quiet_population_has_no_up_states():
    assert up_state_share(np.array([0.1, 0.9]), 2.0) == 0.0
