"""How a drug spreads from a pipette: closed forms, sums over points and places, balance of mass."""

import numpy as np
import pytest

from ketacortex.drug import uptake_table
from ketacortex.drug.injection import InjectionField, filled_sphere_radius_um
from ketacortex.drug.tissue_diffusion import Tissue
from ketacortex.errors import ConfigurationError

D_UM2_PER_S = 50.0  # 5e-7 cm2/s
WASHOUT_PER_S = 0.2 / 60
STORAGE = 6.0
AMOUNT_NMOL = 1e-3
AMOUNT_MICROMOLAR_UM3 = 1e9
TIP_DEPTH_UM = 400.0
ASIDE_UM = np.array([0.0, 20.0, 40.0, 60.0, 100.0, 200.0])


def field(tissue=None, **changes):
    """A picomole in half a minute, looked at to the side of the tip."""
    given = {
        "amount_nmol": AMOUNT_NMOL, "sphere_radius_um": 40.0, "x_um": 0.0, "y_um": 0.0,
        "tip_depth_um": TIP_DEPTH_UM, "duration_s": 30.0, "horizon_s": 7200.0,
        "position_um": np.column_stack([ASIDE_UM, np.zeros(6)]), **changes,
    }  # fmt: skip
    given.setdefault("depth_um", np.full(len(given["position_um"]), given["tip_depth_um"]))
    return InjectionField(tissue or Tissue(), **given)


def point_pulse(distance_um, time_s):
    """A unit amount at one point of an endless tissue, washed out, 1/µm³."""
    spread = 4 * D_UM2_PER_S * time_s
    left = np.exp(-(distance_um**2) / spread - WASHOUT_PER_S * time_s)
    return left / (STORAGE * (np.pi * spread) ** 1.5)


def test_far_from_a_brief_injection_it_is_a_pulse_from_a_point_and_its_image():
    aside = np.array([100.0, 200.0, 300.0])
    found = field(
        sphere_radius_um=10.0,
        tip_depth_um=100.0,
        duration_s=0.1,
        position_um=np.column_stack([aside * 0.6, aside * 0.8]),
    )
    for time_s in (200.0, 600.0, 1800.0):
        points = point_pulse(aside, time_s) + point_pulse(np.hypot(aside, 200.0), time_s)
        np.testing.assert_allclose(found.at(time_s), AMOUNT_MICROMOLAR_UM3 * points, rtol=0.01)


@pytest.mark.parametrize("time_s", [1.0, 5.0, 30.0, 300.0])
def test_a_brief_injection_is_the_sum_of_pulses_from_all_points_of_its_sphere(time_s):
    radius_um, n = 40.0, 80
    node, weight = np.polynomial.legendre.leggauss(n)
    r, dr = (node + 1) * radius_um / 2, weight * radius_um / 2
    share = np.outer(r**2 * dr, weight) * 2 * np.pi / (4 / 3 * np.pi * radius_um**3)
    expected = [
        np.sum(
            share * point_pulse(np.sqrt(x**2 + r[:, None] ** 2 - 2 * x * r[:, None] * node), time_s)
        )
        for x in ASIDE_UM
    ]
    found = field(duration_s=1e-3).at(time_s)
    expected = AMOUNT_MICROMOLAR_UM3 * np.array(expected)
    np.testing.assert_allclose(found, expected, rtol=0.005, atol=1e-4 * expected.max())


@pytest.mark.parametrize("storage", [0.2, 6.0])
def test_at_first_the_sphere_holds_the_solution_less_what_tissue_binds(storage):
    """1 nl of 50 µM; where nothing is bound and all is between cells the middle has 50 µM."""
    found = field(
        Tissue(storage=storage),
        amount_nmol=50.0e-6,
        sphere_radius_um=filled_sphere_radius_um(1.0),
        duration_s=0.01,
    )
    assert found.at(0.01)[0] == pytest.approx(50.0 * 0.2 / storage, rel=1e-3)


def test_a_long_injection_tends_to_the_steady_state_of_a_point_that_gives_and_blood_that_takes():
    """C = Q exp(-r √(k/D)) / (4π D V r), deep in the tissue (Carslaw & Jaeger 1959)."""
    aside = np.array([50.0, 100.0, 200.0, 300.0])
    hours = 3 * 3600.0
    found = field(
        sphere_radius_um=20.0,
        tip_depth_um=3000.0,
        duration_s=hours,
        horizon_s=hours,
        position_um=np.column_stack([np.zeros(4), aside]),
    ).at(hours)
    given = AMOUNT_MICROMOLAR_UM3 / hours
    length = np.sqrt(WASHOUT_PER_S / D_UM2_PER_S)
    expected = given * np.exp(-aside * length) / (4 * np.pi * D_UM2_PER_S * STORAGE * aside)
    np.testing.assert_allclose(found, expected, rtol=0.01)


def test_nothing_is_lost_or_made():
    injection = field()
    for time_s in (0.0, 10.0, 30.0, 600.0, 7200.0):
        parts = injection.tissue_nmol(time_s), injection.washed_out_nmol(time_s)
        given = AMOUNT_NMOL * min(time_s / 30.0, 1.0)
        assert injection.injected_nmol(time_s) == pytest.approx(given, rel=1e-9)
        assert sum(parts) == pytest.approx(given, rel=1e-9)
        assert min(parts) >= 0
    left = injection.tissue_nmol(630.0) / injection.tissue_nmol(30.0)
    assert left == pytest.approx(np.exp(-600 * WASHOUT_PER_S), rel=1e-9)


@pytest.mark.parametrize("tip_depth_um", [30.0, 400.0])
def test_the_amount_in_the_tissue_is_the_sum_over_its_places(tip_depth_um):
    """Summed over rings; also where the sphere reaches above the pia, and is folded back."""
    aside, depth = np.linspace(0, 800, 81), np.linspace(0, 1200, 121)
    rings = np.stack(np.meshgrid(aside, depth, indexing="ij"), axis=-1).reshape(-1, 2)
    injection = field(
        sphere_radius_um=60.0,
        tip_depth_um=tip_depth_um,
        position_um=np.column_stack([rings[:, 0], np.zeros(len(rings))]),
        depth_um=rings[:, 1],
    )
    for time_s in (20.0, 600.0):
        free = injection.at(time_s).reshape(81, 121)
        across = np.trapezoid(2 * np.pi * aside[:, None] * free, aside, axis=0)
        amount = STORAGE * np.trapezoid(across, depth) * 1e-12  # µM µm³ to nmol
        assert amount == pytest.approx(injection.tissue_nmol(time_s), rel=0.01)


def test_nothing_passes_the_pia():
    """Its slope falls with the distance from the pia, so that it is 0 there."""
    depth = np.array([0.0, 1.0, 2.0, 60.0, 61.0])
    free = field(tip_depth_um=60.0, depth_um=depth, position_um=np.full((5, 2), 30.0)).at(60.0)
    first, second, below = free[1] - free[0], free[2] - free[1], free[4] - free[3]
    assert second == pytest.approx(3 * first, rel=0.01)
    assert abs(first) < 0.02 * abs(below)


def test_one_injection_is_two_of_half_as_long_one_after_the_other():
    whole, half = field(duration_s=60.0), field(duration_s=30.0, amount_nmol=AMOUNT_NMOL / 2)
    for time_s in (10.0, 45.0, 60.0, 90.0, 1000.0):
        parts = half.at(time_s) + half.at(time_s - 30.0)
        np.testing.assert_allclose(whole.at(time_s), parts, rtol=0.003, atol=1e-6)


def test_everything_is_proportional_to_the_amount():
    thrice = field(amount_nmol=3 * AMOUNT_NMOL)
    np.testing.assert_allclose(thrice.at(90.0), 3 * field().at(90.0), rtol=1e-12)
    assert thrice.tissue_nmol(90.0) == pytest.approx(3 * field().tissue_nmol(90.0), rel=1e-12)


@pytest.mark.parametrize("duration_s", [1.0, 30.0, 3600.0])
def test_finer_tables_change_nothing(monkeypatch, duration_s):
    coarse = field(duration_s=duration_s)
    monkeypatch.setattr(uptake_table, "N_TABLE_STEPS", 2 * uptake_table.N_TABLE_STEPS)
    fine = field(duration_s=duration_s)
    for times_s in ((2.0, 20.0, 60.0), (300.0, 1200.0, 3700.0)):
        one, other = (np.array([each.at(t) for t in times_s]) for each in (coarse, fine))
        np.testing.assert_allclose(one, other, rtol=0.003, atol=1e-6 * other.max())


def test_it_rises_while_ejected_then_falls_and_farther_away_is_less_and_later():
    injection = field()
    times_s = np.linspace(0.0, 1200.0, 241)
    free = np.array([injection.at(time_s) for time_s in times_s])
    assert np.all(np.diff(free[times_s <= 30.0, 0]) > 0)
    assert np.all(np.diff(free[times_s >= 30.0, 0]) < 0)
    assert np.all(np.diff(free.max(axis=0)) < 0)
    assert np.all(np.diff(free.argmax(axis=0)) >= 0)
    assert times_s[free[:, -1].argmax()] > 60.0


def test_before_the_injection_there_is_nothing_and_after_the_horizon_an_error():
    assert not field().at(0.0).any()
    assert not field().at(-10.0).any()
    with pytest.raises(ConfigurationError, match="Give it a later horizon_s"):
        field().at(7201.0)
