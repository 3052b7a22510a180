"""Several blockers at one site: they compete, and together never block more than everything."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import solve_ivp

from ketacortex.drug.receptor_block import (
    advance_block,
    advance_mixture,
    free_of_magnesium,
    unbinding_per_s,
)
from ketacortex.drug.voltage_clamp import clamped_block
from ketacortex.evidence.blockers import BLOCKERS
from ketacortex.evidence.nmda_receptors import SUBUNITS


def rates(rng, n_blocker, n_site):
    entry = 10 ** rng.uniform(-6, 1, (n_blocker, n_site))
    leave = 10 ** rng.uniform(-6, 1, (n_blocker, n_site))
    blocked = rng.dirichlet(np.ones(n_blocker + 1), n_site).T[:n_blocker]
    return blocked, entry, leave


@settings(deadline=None)
@given(
    arrays(float, (3, 4), elements=st.floats(0, 1e3)),
    arrays(float, (3, 4), elements=st.floats(0, 1e3)),
    arrays(float, (3, 4), elements=st.floats(0, 1 / 3)),
    st.floats(0, 1e5),
)
def test_together_they_never_block_more_than_everything(entry, leave, blocked, duration_s):
    after = advance_mixture(blocked, entry, leave, duration_s)
    assert np.all(after >= 0)
    assert np.all(after.sum(axis=0) <= 1 + 1e-15 * len(after))


@pytest.mark.parametrize("fastest", [1e2, 1e4, 1e6])
def test_nor_do_they_at_rates_far_beyond_any_receptor(fastest):
    rng = np.random.default_rng(8)
    entry, leave = fastest * 10 ** rng.uniform(-8, 0, (2, 3, 2000))
    after = advance_mixture(np.full((3, 2000), 1 / 3), entry, leave, 1e5)
    assert np.all((after >= 0) & (after.sum(axis=0) <= 1 + 3e-15))


def test_what_is_not_there_blocks_nothing_at_all():
    entry = np.array([[0.0, 0.0], [0.0, 0.3]])
    after = advance_mixture(np.zeros((2, 2)), entry, np.array([[0.1, 0.0], [0.2, 5.0]]), 1e5)
    assert not after[0].any()
    assert after[1, 0] == 0.0
    assert after[1, 1] == pytest.approx(0.3 / 5.3)


def test_the_step_is_that_of_a_stiff_solver():
    rng = np.random.default_rng(4)
    blocked, entry, leave = rates(rng, 3, 12)
    after = advance_mixture(blocked, entry, leave, 40.0)
    for site in range(12):
        a, b = entry[:, site], leave[:, site]
        solved = solve_ivp(
            lambda _, x, a=a, b=b: a * (1 - x.sum()) - b * x, (0, 40.0), blocked[:, site],
            method="LSODA", rtol=1e-10, atol=1e-13,
        ).y[:, -1]  # fmt: skip
        np.testing.assert_allclose(after[:, site], solved, rtol=1e-6, atol=1e-9)


def test_alone_a_blocker_does_what_it_does_in_no_mixture():
    blocked, entry, leave = rates(np.random.default_rng(1), 1, 500)
    alone = advance_block(blocked[0], entry[0] / 2.0, 1.0, leave[0], 7.0, 2.0)
    np.testing.assert_allclose(
        advance_mixture(blocked, entry, leave, 7.0)[0], alone, rtol=1e-9, atol=1e-12
    )


def test_two_half_steps_equal_one():
    blocked, entry, leave = rates(np.random.default_rng(2), 3, 500)
    once = advance_mixture(blocked, entry, leave, 30.0)
    half = advance_mixture(blocked, entry, leave, 15.0)
    np.testing.assert_allclose(
        advance_mixture(half, entry, leave, 15.0), once, rtol=1e-8, atol=1e-10
    )


def test_a_silent_synapse_keeps_what_holds_it():
    blocked = np.array([[0.3], [0.2]])
    nothing = np.zeros((2, 1))
    np.testing.assert_allclose(advance_mixture(blocked, nothing, nothing, 1e7), blocked, rtol=1e-9)


def test_one_that_is_washed_out_leaves_while_the_other_comes():
    blocked = np.array([[0.8], [0.0]])
    after = advance_mixture(blocked, np.array([[0.0], [0.1]]), np.array([[0.2], [0.05]]), 1e3)
    assert after[0, 0] < 1e-9
    assert after[1, 0] == pytest.approx(0.1 / 0.15, rel=1e-6)


def shares(concentrations, subunit="glun2a", voltage_mv=-50.0):
    """Share that each of a mixture holds in the end, by the running scheme."""
    blockers = [BLOCKERS[name] for name in concentrations]
    free = 0.1 * free_of_magnesium(subunit, voltage_mv, 1.0)
    entry = np.array(
        [[b.k_on.value * c * free] for b, c in zip(blockers, concentrations.values(), strict=True)]
    )
    leave = np.array([[0.1 * unbinding_per_s(b, subunit, voltage_mv)] for b in blockers])
    return advance_mixture(np.zeros(entry.shape), entry, leave, 1e6)[:, 0]


def steady(concentrations, subunit="glun2a"):
    return float(shares(concentrations, subunit).sum())


@pytest.mark.parametrize("subunit", SUBUNITS)
@pytest.mark.parametrize("drug", ["ketamine", "norketamine"])
def test_equal_parts_of_both_enantiomers_are_the_racemate(drug, subunit):
    halves = steady({f"s-{drug}": 1.5, f"r-{drug}": 1.5}, subunit)
    assert halves == pytest.approx(steady({drug: 3.0}, subunit), rel=1e-6)


def test_occupancies_of_a_mixture_follow_the_rule_of_competition():
    """B = x / (1 + x), x the sum of C / IC50, whichever blockers they are."""
    mixture = {"ketamine": 1.0, "norketamine": 4.0, "memantine": 2.0}
    single = {name: steady({name: c}) for name, c in mixture.items()}
    x = sum(block / (1 - block) for block in single.values())
    assert steady(mixture) == pytest.approx(x / (1 + x), rel=1e-6)


def test_a_weak_competitor_protects_from_a_strong_one_and_adds_to_the_total():
    (alone,) = shares({"mk-801": 0.05})
    beside, competitor = shares({"mk-801": 0.05, "memantine": 20.0})
    assert beside < 0.8 * alone
    assert beside + competitor > alone


@pytest.mark.parametrize("name", BLOCKERS)
def test_the_running_scheme_gives_the_competition_rule_of_every_blocker(name):
    from ketacortex.drug.voltage_clamp import block_table

    blocker = BLOCKERS[name]
    thermal_mv = 1e3 * 8.314462618 * 310.15 / 96485.33212
    affinity = {"glun2a": 0.33 / 5.02, "glun2b": 0.31 / 4.77, "glun2c": 0.51 / 0.67,
                "glun2d": 0.83 / 2.12}  # fmt: skip
    table = block_table(name)
    assert len(table) == 32
    for row in table:
        subunit, v, mg = (row[k] for k in ("receptor", "voltage_mv", "magnesium_millimolar"))
        held = affinity[subunit] * np.exp(0.062 * (v + 65))
        rule = (
            blocker.ic50_without_magnesium[subunit].value
            * np.exp(blocker.electrical_distance.value * (v - blocker.reference_mv) / thermal_mv)
            * (1 + mg / held)
        )
        assert row["ic50_micromolar"] == pytest.approx(rule, rel=0.02)


@pytest.mark.parametrize("subunit", SUBUNITS)
def test_magnesium_read_from_ketamine_foretells_memantine(subunit):
    """The receptor's magnesium is inferred from one blocker and tested on another."""
    memantine = BLOCKERS["memantine"]
    told = memantine.ic50_without_magnesium[subunit].value / free_of_magnesium(subunit, -65.0, 1.0)
    assert told == pytest.approx(memantine.ic50_with_magnesium[subunit].value, rel=0.3)


def test_affinities_stand_in_the_order_of_the_literature():
    at_rest = {name: b.ic50_without_magnesium["glun2a"].value for name, b in BLOCKERS.items()}
    order = ["mk-801", "s-ketamine", "ketamine", "r-ketamine", "norketamine", "r-norketamine"]
    assert [at_rest[name] for name in order] == sorted(at_rest[name] for name in order)
    assert 4 < at_rest["r-ketamine"] / at_rest["s-ketamine"] < 6
    in_vivo = {name: BLOCKERS[name].half_occupancy_in_vivo.value
               for name in ("ketamine", "norketamine")}  # fmt: skip
    told = at_rest["norketamine"] / at_rest["ketamine"]
    assert told == pytest.approx(in_vivo["norketamine"] / in_vivo["ketamine"], rel=0.2)


def test_blockers_leave_in_the_order_of_their_rates():
    """After washout half is gone soonest of memantine, then ketamine, then MK-801."""
    left = []
    for name in ("memantine", "ketamine", "mk-801"):
        unbinding = 0.1 * unbinding_per_s(BLOCKERS[name], "glun2a", -60.0)
        left.append(float(advance_block(1.0, 0.0, 0.0, unbinding, 10.0, 1.0)))
    assert left == sorted(left)
    assert left[0] < 0.3
    assert left[2] > 0.9


def test_a_leak_lets_a_silent_synapse_recover_and_makes_block_depend_on_use():
    ketamine, leak = BLOCKERS["ketamine"], 0.02
    leave = unbinding_per_s(ketamine, "glun2a", -65.0)
    assert advance_block(0.8, 0.0, 0.0, leak * leave, 600.0, 2.0) < 0.01
    free = free_of_magnesium("glun2a", -65.0, 1.0)
    often, seldom = (
        float(advance_block(0.0, 3.0, p * free, (p + leak) * leave, 1e6, 2.0)) for p in (0.2, 0.005)
    )
    assert often > 2 * seldom
    _, course = clamped_block(ketamine, "glun2a", -65.0, 1.0, 0.2, np.array([3.0]))
    assert often < course[-1, 0]


def test_inhibition_grows_from_pulse_to_pulse_and_waits_in_silence():
    """Emnett 2013: each response opens the pores that let the drug in; silence moves nothing."""
    blocker, free = BLOCKERS["ketamine"], free_of_magnesium("glun2a", -40.0, 1.0)
    leave = unbinding_per_s(blocker, "glun2a", -40.0)
    blocked, peaks = 0.0, []
    for _ in range(12):
        peaks.append(1 - blocked)
        blocked = float(advance_block(blocked, 10.0, 0.2 * free, 0.2 * leave, 0.1, 2.0))
        waited = float(advance_block(blocked, 10.0, 0.0, 0.0, 10.0, 2.0))
        assert waited == blocked
    assert np.all(np.diff(peaks) < 0)
    assert peaks[-1] < 0.8
