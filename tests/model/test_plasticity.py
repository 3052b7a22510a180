"""Mechanisms of experience: laws that hold whatever the numbers, and each step against its ODE."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import solve_ivp

from ketacortex.model.afferent_fatigue import AfferentFatigue, advance_fatigue, excess_drive
from ketacortex.model.branch_plasticity import (
    BranchPlasticity,
    advance_weight,
    expressed,
    learning_signal,
)
from ketacortex.model.homeostasis import keep_sum
from ketacortex.model.interneuron_facilitation import (
    InterneuronFacilitation,
    advance_facilitation,
    advance_sag,
)
from ketacortex.model.latent_trace import LatentTrace, advance_trace, relax

RULE = BranchPlasticity()
LOW, HIGH = RULE.lowest_weight, RULE.highest_weight
WEIGHTS = arrays(float, (6, 4), elements=st.floats(LOW, HIGH))
TAGS = arrays(float, (6, 4), elements=st.floats(-1, 2))
CALCIUM = arrays(float, (6, 4), elements=st.floats(0.05, 5))


@given(CALCIUM)
def test_calcium_as_usual_in_all_branches_asks_for_nothing(calcium):
    alike = np.broadcast_to(calcium[:1], calcium.shape)
    assert not learning_signal(alike, RULE).any()


@given(CALCIUM, st.floats(1, 4))
def test_the_threshold_slides_with_the_whole_cell(calcium, factor):
    """More calcium in every branch alike changes nothing, once the cell has its usual amount."""
    raised = calcium / calcium.mean(axis=0)
    np.testing.assert_allclose(
        learning_signal(factor * raised, RULE), learning_signal(raised, RULE), atol=1e-9
    )


@given(CALCIUM, st.floats(0.1, 1))
def test_less_calcium_everywhere_slows_learning_by_its_square(calcium, left):
    usual = calcium / calcium.mean(axis=0)
    np.testing.assert_allclose(
        learning_signal(left * usual, RULE), left**2 * learning_signal(usual, RULE), atol=1e-9
    )


@given(CALCIUM)
def test_within_the_band_nothing_changes_and_beyond_it_signs_are_those_of_the_rule(calcium):
    signal = learning_signal(calcium, RULE)
    x = calcium / calcium.mean(axis=0)
    inside = np.abs(x - 1) < RULE.unchanged_band - 1e-9
    assert not signal[inside].any()
    assert np.all(signal[x > 1 + RULE.unchanged_band + 1e-9] > 0)
    assert np.all(signal[x < 1 - RULE.unchanged_band - 1e-9] <= 0)


@given(WEIGHTS, TAGS, st.floats(0, 1e5))
def test_weights_never_leave_their_bounds(weight, tag, duration_s):
    after = advance_weight(weight, tag, RULE, duration_s)
    assert np.all((after >= LOW - 1e-12) & (after <= HIGH + 1e-12))


@given(WEIGHTS, TAGS, st.floats(0, 1000))
def test_a_step_of_a_constant_tag_is_exact(weight, tag, duration_s):
    once = advance_weight(weight, tag, RULE, duration_s)
    half = advance_weight(weight, tag, RULE, duration_s / 2)
    np.testing.assert_allclose(advance_weight(half, tag, RULE, duration_s / 2), once, rtol=1e-9)


@given(WEIGHTS, TAGS)
def test_without_a_learning_rate_a_weight_keeps_its_bits(weight, tag):
    still = RULE.model_copy(update={"learning_rate_per_s": 0.0})
    np.testing.assert_array_equal(advance_weight(weight, tag, still, 1e4), weight)


def test_a_weight_of_one_leaves_conductances_the_bits_they_have():
    ampa, nmda = expressed(np.ones((6, 4)), RULE)
    np.testing.assert_array_equal(ampa, 1.0)
    np.testing.assert_array_equal(nmda, 1.0)


@given(WEIGHTS)
@settings(max_examples=300)
def test_homeostasis_keeps_the_sum_and_the_bounds(weight):
    kept = keep_sum(weight, LOW, HIGH)
    np.testing.assert_allclose(kept.sum(axis=0), len(weight), rtol=1e-12)
    assert np.all((kept >= LOW) & (kept <= HIGH))
    np.testing.assert_allclose(keep_sum(kept, LOW, HIGH), kept, atol=1e-12)
    order = np.argsort(weight, axis=0)
    assert np.all(np.diff(np.take_along_axis(kept, order, 0), axis=0) >= -1e-12), "order is kept"


def test_recovery_and_trace_conserve_the_sum_by_themselves():
    rng = np.random.default_rng(0)
    weight = keep_sum(rng.uniform(LOW, HIGH, (6, 50)), LOW, HIGH)
    trace = np.zeros_like(weight)
    for _ in range(50):
        weight, trace = (
            relax(weight, trace, LatentTrace(), 1800.0, 30.0),
            advance_trace(trace, weight, LatentTrace(), 30.0),
        )
    np.testing.assert_allclose(weight.sum(axis=0), 6, rtol=1e-12)
    np.testing.assert_allclose(trace.sum(axis=0), 0, atol=1e-12)


def test_what_was_learnt_is_forgotten_and_sooner_without_a_trace():
    def left(strength):
        weight, trace = np.full(1, 2.0), np.zeros(1)
        settings = LatentTrace(strength=strength)
        for _ in range(180):
            weight, trace = (
                relax(weight, trace, settings, 1800.0, 30.0),
                advance_trace(trace, weight, settings, 30.0),
            )
        return float(weight[0]) - 1

    assert left(0.0) == pytest.approx(np.exp(-5400 / 1800), rel=1e-9)
    assert left(0.0) < left(0.5) < left(1.0) < 1.0


@pytest.mark.parametrize("excess", [0.0, 0.3, 1.0])
def test_fatigue_follows_its_equation(excess):
    s = AfferentFatigue()
    rate = excess / s.onset_s + (1 - excess) / s.recovery_s
    solved = solve_ivp(
        lambda _, f: (s.deepest * excess - f) * rate, (0, 700), [0.1], rtol=1e-10, atol=1e-12
    )
    found = advance_fatigue(np.full(1, 0.1), np.full(1, excess), s, 700.0)
    assert found[0] == pytest.approx(solved.y[0, -1], rel=1e-7)


def test_facilitation_rises_within_a_minute_or_two_and_sags_by_twelve():
    """Short steps converge to the equations; default steps are within 2 % of them."""
    s, driven = InterneuronFacilitation(), np.ones(1)

    def after(minutes, step_s):
        rise, sagged = np.zeros(1), np.zeros(1)
        for _ in range(round(minutes * 60 / step_s)):
            before, sagged = sagged, advance_sag(sagged, driven, s, step_s)
            rise = advance_facilitation(rise, (before + sagged) / 2, driven, s, step_s)
        return float(rise[0])

    def rate(_, y):
        return [(s.largest * (1 - s.sag * y[1]) - y[0]) / s.onset_s, (1 - y[1]) / s.sag_s]

    for minutes in (2, 12):
        solved = solve_ivp(rate, (0, minutes * 60), [0, 0], rtol=1e-9, atol=1e-12).y[0, -1]
        assert after(minutes, 0.5) == pytest.approx(solved, rel=1e-4)
        assert after(minutes, 15.0) == pytest.approx(solved, rel=0.02)
    assert after(2, 1.0) > 1.5 * after(12, 1.0)


def test_only_what_is_beyond_the_usual_drives():
    usual = np.linspace(0, 0.9, 10)
    assert not excess_drive(usual, usual).any()
    assert not excess_drive(0.5 * usual, usual).any()
    np.testing.assert_allclose(excess_drive(np.ones(10), usual), 1.0)
