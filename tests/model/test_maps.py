import numpy as np
import pytest

from ketacortex.model.circuit import build_circuit
from ketacortex.model.maps import orientation_map, scatter_cells
from ketacortex.model.settings import CircuitSettings
from ketacortex.units import orientation_distance_deg


def test_similarity_falls_to_zero_where_the_waves_of_one_period_say():
    """The field of waves of one period correlates as J0(2 pi r / period): zero at 0.383 period."""
    rng = np.random.default_rng(0)
    line = np.stack([np.linspace(0, 40_000, 4001), np.zeros(4001)], axis=1)
    similar = {38: [], 10: []}  # in steps of 10 um
    for _ in range(20):
        deg = orientation_map(line, 1000.0, rng)
        for lag, found in similar.items():
            found.append(np.cos(2 * np.deg2rad(deg[lag:] - deg[:-lag])).mean())
    assert np.mean(similar[38]) == pytest.approx(0.0, abs=0.06)
    assert np.mean(similar[10]) > 0.7


def test_every_orientation_is_preferred_equally_often():
    grid = np.stack(np.meshgrid(*[np.linspace(0, 8000, 80)] * 2), axis=-1).reshape(-1, 2)
    deg = np.concatenate(
        [orientation_map(grid, 1000.0, np.random.default_rng(k)) for k in range(10)]
    )
    share = np.histogram(deg, bins=6, range=(0, 180))[0] / len(deg)
    np.testing.assert_allclose(share, 1 / 6, atol=0.02)


def test_cells_are_spread_evenly():
    position = scatter_cells(225, 1500.0, np.random.default_rng(1))
    count = np.histogram2d(*position.T, bins=3, range=[[0, 1500]] * 2)[0]
    np.testing.assert_array_equal(count, 25)


def neighbours_differ_deg(map_name: str) -> float:
    circuit = build_circuit(CircuitSettings(map=map_name), 3)
    n = circuit.settings.pyr.n
    place = circuit.position_um[:n]
    distance = np.linalg.norm(place[:, None] - place[None], axis=-1)
    near = (distance > 0) & (distance < 130)
    difference = orientation_distance_deg(
        circuit.preferred_deg[:, None], circuit.preferred_deg[None]
    )
    return float(difference[near].mean())


def test_neighbours_agree_in_the_cat_and_are_at_chance_in_the_mouse():
    assert neighbours_differ_deg("cat") < 30
    assert neighbours_differ_deg("mouse") == pytest.approx(45, abs=5)
    assert neighbours_differ_deg("shuffled") == pytest.approx(45, abs=5)


def test_cat_and_mouse_hold_the_same_preferences():
    cat, mouse = (build_circuit(CircuitSettings(map=m), 3).preferred_deg for m in ("cat", "mouse"))
    np.testing.assert_array_equal(np.sort(cat), np.sort(mouse))


def partners_differ_deg(map_name: str) -> float:
    circuit = build_circuit(CircuitSettings(map=map_name), 3)
    n, n_branch = circuit.settings.pyr.n, circuit.settings.pyr.n_branches
    ee = (circuit.source < n) & (circuit.target < n * n_branch)
    return float(
        orientation_distance_deg(
            circuit.preferred_deg[circuit.source[ee]], circuit.preferred_deg[circuit.target[ee] % n]
        ).mean()
    )


def test_like_connects_to_like_but_not_in_the_shuffled_control():
    assert partners_differ_deg("cat") < 32
    assert partners_differ_deg("mouse") < 32
    assert partners_differ_deg("shuffled") == pytest.approx(45, abs=3)
