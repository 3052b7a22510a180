"""Trapping block against its competition rule, and the laws that trapping implies."""

import numpy as np
import pytest

from ketacortex.drug.receptor_block import (
    advance_block,
    free_of_magnesium,
    unbinding_per_s,
)
from ketacortex.drug.voltage_clamp import block_table, clamped_block
from ketacortex.evidence.blockers import BLOCKERS
from ketacortex.evidence.nmda_receptors import SUBUNITS

KETAMINE = BLOCKERS["ketamine"]
PUBLISHED_MICROMOLAR = {
    # Kotermanski & Johnson 2009: IC50 at -65 mV without and with 1 mM Mg
    "glun2a": (0.33, 5.35), "glun2b": (0.31, 5.08), "glun2c": (0.51, 1.18), "glun2d": (0.83, 2.95),
}  # fmt: skip
TABLE = block_table("ketamine")


def competition_rule_micromolar(subunit, voltage_mv, magnesium):
    """Mg and the blocker compete for one pore; the voltage acts on unbinding and on Mg."""
    without, with_magnesium = PUBLISHED_MICROMOLAR[subunit]
    thermal_mv = 1e3 * 8.314462618 * 310.15 / 96485.33212
    affinity = without / (with_magnesium - without) * np.exp(0.062 * (voltage_mv + 65))
    return without * np.exp(0.55 * (voltage_mv + 65) / thermal_mv) * (1 + magnesium / affinity)


def test_the_table_has_every_subunit_voltage_and_magnesium():
    keys = {(row["receptor"], row["voltage_mv"], row["magnesium_millimolar"]) for row in TABLE}
    assert len(TABLE) == len(keys) == 32
    assert {row["receptor"] for row in TABLE} == set(SUBUNITS)


@pytest.mark.parametrize("row", TABLE, ids=lambda r: f"{r['receptor']}{r['voltage_mv']:.0f}")
def test_the_running_scheme_gives_the_competition_rule(row):
    where = row["receptor"], row["voltage_mv"], row["magnesium_millimolar"]
    assert row["ic50_micromolar"] == pytest.approx(competition_rule_micromolar(*where), rel=0.02)


@pytest.mark.parametrize("row", TABLE, ids=lambda r: f"{r['receptor']}{r['voltage_mv']:.0f}")
def test_onset_goes_with_the_probability_that_the_pore_is_open(row):
    assert row["onset_tau_s_popen_0p01"] == pytest.approx(
        10 * row["onset_tau_s_popen_0p1"], rel=0.01
    )


def test_steady_block_does_not_depend_on_use():
    often, seldom = (
        clamped_block(KETAMINE, "glun2b", -40.0, 1.0, p_open, np.array([2.0]))[1][-1]
        for p_open in (0.3, 0.01)
    )
    assert often == pytest.approx(seldom, rel=1e-4)


def test_the_course_is_that_of_a_fine_integration_of_the_equation():
    open_free = 0.1 * free_of_magnesium("glun2a", -50.0, 1.0)
    unbinding = 0.1 * unbinding_per_s(KETAMINE, "glun2a", -50.0)
    euler, dt_s = 0.0, 1e-3
    for _ in range(10_000):
        euler += dt_s * (2.0 * 3.0 * open_free * (1 - euler) - unbinding * euler)
    exact = advance_block(0.0, 3.0, open_free, unbinding, 10.0, 2.0)
    assert exact == pytest.approx(euler, rel=1e-3)


def test_two_half_steps_equal_one():
    rng = np.random.default_rng(0)
    blocked, concentration, free, unbinding = rng.random((4, 50))
    once = advance_block(blocked, 9 * concentration, free, unbinding, 30.0, 2.0)
    half = advance_block(blocked, 9 * concentration, free, unbinding, 15.0, 2.0)
    twice = advance_block(half, 9 * concentration, free, unbinding, 15.0, 2.0)
    np.testing.assert_allclose(twice, once, rtol=1e-12)


def test_block_stays_a_share():
    rng = np.random.default_rng(1)
    blocked, free, unbinding = rng.random((3, 200))
    for concentration in (0.0, 1.0, 1e5):
        after = advance_block(blocked, concentration, free, unbinding, 1e4, 2.0)
        assert np.all((after >= 0) & (after <= 1))


def test_a_silent_synapse_keeps_its_block_and_stays_free_of_it():
    assert advance_block(0.4, 0.0, 0.0, 0.0, 1e7, 2.0) == 0.4
    assert advance_block(0.0, 300.0, 0.0, 0.0, 1e7, 2.0) == 0.0


def test_an_active_synapse_recovers_after_washout_and_the_faster_the_more_active():
    left = [
        advance_block(0.9, 0.0, 0.1 * p, p * unbinding_per_s(KETAMINE, "glun2a", -40.0), 20.0, 2.0)
        for p in (0.0, 0.01, 0.1, 0.5)
    ]
    assert left[0] == 0.9
    assert np.all(np.diff(left) < 0)
    assert left[-1] < 1e-3


def test_depolarisation_relieves_magnesium_and_drives_the_blocker_out():
    voltage_mv = np.linspace(-90, 0, 10)
    assert np.all(np.diff(free_of_magnesium("glun2a", voltage_mv, 1.0)) > 0)
    assert np.all(np.diff(unbinding_per_s(KETAMINE, "glun2a", voltage_mv)) > 0)
    np.testing.assert_array_equal(free_of_magnesium("glun2a", voltage_mv, 0.0), 1.0)


def test_magnesium_slows_entry_alone():
    with_mg, without = (free_of_magnesium("glun2a", -65.0, magnesium) for magnesium in (1.0, 0.0))
    unbinding = 0.1 * unbinding_per_s(KETAMINE, "glun2a", -65.0)
    washed = [advance_block(0.5, 0.0, 0.1 * m, unbinding, 5.0, 2.0) for m in (with_mg, without)]
    assert washed[0] == washed[1]
    rates = [advance_block(0.0, 1.0, 0.1 * m, 0.0, 1e-3, 2.0) for m in (with_mg, without)]
    assert rates[0] < 0.1 * rates[1]
