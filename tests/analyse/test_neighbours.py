"""Neighbours that move the same way: what is planted is found, shared noise and width are not."""

import numpy as np
import pytest

from ketacortex.analyse.independent_parts import Parts
from ketacortex.analyse.neighbours import (
    discordant_half_width_difference_deg,
    neighbour_concordance,
    signed_parts,
)

ADAPTER_DEG = 90.0
N_UNITS = 240
DOMAIN = np.arange(N_UNITS) // 8
"""Cells of a domain lie within 200 um; domains are far apart."""
DISTANCE_UM = np.where(DOMAIN[:, None] == DOMAIN, 100.0, 900.0)
EVERYONE = np.ones(N_UNITS, bool)


def parts(preferred_deg, half_width_deg=25.0):
    """Parts with these preferred orientations, (n_unit, 2, n_split)."""
    shape = preferred_deg.shape
    return Parts(
        preferred_deg=preferred_deg % 180.0,
        half_width_deg=np.broadcast_to(half_width_deg, shape).astype(float),
        osi=np.ones(shape),
        rate_hz=np.ones((*shape, 12)),
        orientations_deg=np.arange(12) * 15.0,
    )


def towards(rng, moved_deg, *, error_deg=3.0, shared_deg=0.0):
    """Shifts by parts of cells on either side of the adapter that move by so much towards it."""
    side = rng.choice([-1.0, 1.0], N_UNITS)
    preferred_deg = ADAPTER_DEG - side * rng.uniform(30.0, 60.0, N_UNITS)

    def of_state(shift_deg):
        own = rng.normal(0.0, 1.0, (N_UNITS, 2, 4)) * np.reshape(error_deg, (-1, 1, 1))
        in_domain = rng.normal(0.0, shared_deg, (DOMAIN.max() + 1, 2, 4))[DOMAIN]
        return parts(
            (preferred_deg + shift_deg)[:, None, None] + own + side[:, None, None] * in_domain
        )

    return signed_parts(of_state(0.0), of_state(side * moved_deg), ADAPTER_DEG, EVERYONE)


def of_domains(rng, share):
    """Each domain moves one way, a share of its cells with it, by 12 degrees."""
    way = rng.choice([-1.0, 1.0], DOMAIN.max() + 1)[DOMAIN]
    return 12.0 * way * np.where(rng.random(N_UNITS) < share, 1.0, -1.0)


def test_neighbours_agree_as_often_as_was_planted():
    """Each with its domain with probability 0.85: two of them with 0.85^2 + 0.15^2."""
    rng = np.random.default_rng(0)
    found = neighbour_concordance(towards(rng, of_domains(rng, 0.85)), DISTANCE_UM)
    assert found["neighbour_concordance"][0] == pytest.approx(0.745, abs=0.06)
    assert found["neighbour_concordance_by_chance"][0] == pytest.approx(0.5, abs=0.05)
    excess, n_units = found["neighbour_concordance_excess"]
    assert excess == pytest.approx(0.245, abs=0.08)
    assert n_units == N_UNITS


def test_cells_that_all_move_the_same_way_agree_by_chance_just_as_well():
    rng = np.random.default_rng(1)
    found = neighbour_concordance(towards(rng, np.full(N_UNITS, 12.0)), DISTANCE_UM)
    assert found["neighbour_concordance"][0] > 0.95
    assert found["neighbour_concordance_excess"][0] == pytest.approx(0.0, abs=0.02)


def test_noise_that_neighbours_share_is_no_concordance():
    """With both directions from the same trials it would be one."""
    rng = np.random.default_rng(2)
    noise_deg = towards(rng, np.zeros(N_UNITS), shared_deg=6.0)
    found = neighbour_concordance(noise_deg, DISTANCE_UM)
    assert found["neighbour_concordance_excess"][0] == pytest.approx(0.0, abs=0.04)
    same = np.repeat(noise_deg[:, :1], 2, axis=1)
    assert neighbour_concordance(same, DISTANCE_UM)["neighbour_concordance_excess"][0] > 0.15


def widths(rng, broad, difference_deg):
    width_deg = np.where(broad, 25.0 + difference_deg, 25.0)[:, None, None]
    return width_deg + rng.normal(0.0, 1.0, (N_UNITS, 2, 4))


def test_discordant_cells_that_are_broader_by_8_degrees_are_so():
    rng = np.random.default_rng(3)
    moved_deg = of_domains(rng, 0.8)
    of_others = np.bincount(DOMAIN, np.sign(moved_deg))[DOMAIN] - np.sign(moved_deg)
    is_broad = np.sign(moved_deg) * of_others < 0
    value, n_units = discordant_half_width_difference_deg(
        towards(rng, moved_deg), np.full(N_UNITS, 3.0 * np.sqrt(2.0)),
        widths(rng, is_broad, 8.0), DISTANCE_UM,
    )  # fmt: skip
    assert value == pytest.approx(8.0, abs=1.0)
    assert n_units > 150


def test_broad_cells_whose_direction_is_noise_are_not_called_discordant():
    """They would be: a sign drawn by chance disagrees with a domain half of the time."""
    rng = np.random.default_rng(4)
    is_broad = rng.random(N_UNITS) < 0.4
    moved_deg = of_domains(rng, 0.85)
    error_deg = np.where(is_broad, 12.0, 3.0)
    towards_deg = towards(rng, moved_deg, error_deg=error_deg)
    half_width_deg = widths(rng, is_broad, 15.0)
    value, _ = discordant_half_width_difference_deg(
        towards_deg, np.sqrt(2.0) * error_deg, half_width_deg, DISTANCE_UM
    )
    naive, _ = discordant_half_width_difference_deg(
        towards_deg, np.zeros(N_UNITS), half_width_deg, DISTANCE_UM
    )
    assert naive > 2.0
    assert abs(value) < 1.5


def test_without_places_there_are_no_neighbours():
    rng = np.random.default_rng(5)
    nowhere = np.full((N_UNITS, N_UNITS), np.nan)
    found = neighbour_concordance(towards(rng, of_domains(rng, 0.9)), nowhere)
    assert np.isnan([value for value, _ in found.values()]).all()
