"""Measures of a graph: definitions by brute force, published values and planted preferences."""

from itertools import permutations

import numpy as np
import pytest
from scipy.sparse import csgraph

from ketacortex.analyse.graph_measures import (
    clustering,
    degree_assortativity,
    graph_measures,
    path_measures,
    reciprocity,
    reciprocity_rho,
    tuning_assortativity,
    weighted_clustering,
)


def random_graph(seed, n=30, share=0.15):
    rng = np.random.default_rng(seed)
    weight = (rng.random((n, n)) < share) * rng.lognormal(size=(n, n))
    np.fill_diagonal(weight, 0.0)
    return weight


def ring_lattice(n, reach):
    """Undirected, each unit linked to `reach` on either side."""
    apart = np.abs(np.arange(n)[:, None] - np.arange(n))
    return ((np.minimum(apart, n - apart) <= reach) & (apart > 0)).astype(float)


def clustering_by_listing(weight):
    """Every pair of neighbours, every choice among the links of each of the three sides."""
    n = len(weight)
    value = np.full(n, np.nan)
    for i in range(n):
        closed = possible = 0.0
        for j, k in permutations(range(n), 2):
            if i in (j, k):
                continue
            to_j = [weight[i, j], weight[j, i]]
            to_k = [weight[i, k], weight[k, i]]
            between = [weight[j, k], weight[k, j]]
            possible += 2.0 * np.count_nonzero(to_j) * np.count_nonzero(to_k)
            closed += sum(np.cbrt(a * b * c) for a in to_j for b in to_k for c in between)
        if possible:
            value[i] = closed / possible
    return value


@pytest.mark.parametrize("seed", range(3))
def test_clustering_is_that_of_listing_all_triangles(seed):
    weight = random_graph(seed, n=12)
    np.testing.assert_allclose(clustering(weight), clustering_by_listing(1.0 * (weight > 0)))
    np.testing.assert_allclose(
        weighted_clustering(weight), clustering_by_listing(weight / weight.max())
    )


@pytest.mark.parametrize("reach", [2, 3, 5])
def test_clustering_of_a_ring_lattice_is_that_of_watts_and_strogatz(reach):
    degree = 2 * reach
    expected = 3 * (degree - 2) / (4 * (degree - 1))
    np.testing.assert_allclose(clustering(ring_lattice(40, reach)), expected)


def test_clustering_of_a_random_graph_is_its_density():
    found = graph_measures(random_graph(0, n=400, share=0.1))
    assert found["clustering"] == pytest.approx(found["density"], rel=0.01)


def test_equal_weights_are_no_weights():
    weight = random_graph(1)
    np.testing.assert_allclose(weighted_clustering(7.0 * (weight > 0)), clustering(weight))


@pytest.mark.parametrize(("n", "share"), [(5, 0.3), (30, 0.04), (64, 0.05), (65, 0.05), (200, 0.1)])
def test_paths_are_those_of_scipy(n, share):
    weight = random_graph(n, n, share)
    distance = csgraph.shortest_path(weight > 0, unweighted=True)
    off = ~np.eye(n, dtype=bool)
    is_reached = np.isfinite(distance) & off
    found = path_measures(weight)
    assert found["path_length"] == pytest.approx(distance[is_reached].mean())
    assert found["efficiency"] == pytest.approx((1.0 / distance[off]).mean())
    assert found["reachable_share"] == pytest.approx(is_reached.sum() / off.sum())


def test_the_longest_path_of_all_is_followed():
    n = 300
    found = path_measures(np.eye(n, k=1))
    assert found["path_length"] == pytest.approx((n + 1) / 3)
    assert found["reachable_share"] == pytest.approx(0.5)


def test_reciprocity_of_a_random_graph_is_chance_and_of_an_undirected_one_is_all():
    assert abs(reciprocity_rho(random_graph(2, n=500, share=0.2))) < 0.01
    lattice = ring_lattice(20, 2)
    assert reciprocity(lattice) == reciprocity_rho(lattice) == 1.0


@pytest.mark.parametrize("planted", [0.0, 0.3, 0.8])
def test_planted_reciprocity_comes_back(planted):
    rng = np.random.default_rng(3)
    n, share = 400, 0.1
    upper = np.triu(rng.random((n, n)) < share, 1)
    lower = np.triu(
        np.where(upper, rng.random((n, n)) < planted, rng.random((n, n)) < 0.1 * (1 - planted)), 1
    )
    assert reciprocity(1.0 * (upper | lower.T)) == pytest.approx(
        2 * planted / (1 + planted + 0.9 * (1 - planted)), abs=0.02
    )


def test_rho_is_below_0_where_no_link_is_returned():
    assert reciprocity_rho(np.triu(np.ones((10, 10)), 1)) == pytest.approx(-1.0)


def test_degree_assortativity_is_the_correlation_over_links():
    weight = random_graph(4)
    is_link = weight > 0
    ends = [(is_link[i].sum(), is_link[:, j].sum()) for i, j in np.argwhere(is_link)]
    assert degree_assortativity(weight) == pytest.approx(np.corrcoef(np.array(ends).T)[0, 1])


def test_a_star_is_as_disassortative_as_can_be():
    star = np.zeros((8, 8))
    star[0, 1:] = star[1:, 0] = 1.0
    assert degree_assortativity(star) == pytest.approx(-1.0)


def test_tuning_assortativity_is_the_mean_over_links_less_that_over_pairs():
    rng = np.random.default_rng(5)
    weight, preferred_deg = random_graph(5), rng.uniform(0, 360, 30)
    preferred_deg[[3, 20]] = np.nan
    likeness = np.cos(2 * np.deg2rad(preferred_deg[:, None] - preferred_deg))
    is_pair = np.isfinite(likeness) & ~np.eye(30, dtype=bool)
    expected = (weight * likeness)[is_pair].sum() / weight[is_pair].sum()
    expected -= likeness[is_pair].mean()
    assert tuning_assortativity(weight, preferred_deg) == pytest.approx(expected)


def test_tuning_assortativity_is_axial_and_finds_like_to_like():
    rng = np.random.default_rng(6)
    preferred_deg = rng.uniform(0, 180, 500)
    likeness = np.cos(2 * np.deg2rad(preferred_deg[:, None] - preferred_deg))
    planted = rng.random((500, 500)) < 0.1 * (1.0 + 0.6 * likeness)
    at_random = rng.random((500, 500)) < 0.1
    # Links with chance 1 + a cos have a mean cosine of a / 2.
    assert tuning_assortativity(1.0 * planted, preferred_deg) == pytest.approx(0.3, abs=0.02)
    assert tuning_assortativity(1.0 * at_random, preferred_deg) == pytest.approx(0.0, abs=0.02)
    turned = preferred_deg + 180.0 * rng.integers(2, size=500)
    assert tuning_assortativity(1.0 * planted, turned) == pytest.approx(
        tuning_assortativity(1.0 * planted, preferred_deg)
    )


def test_all_are_there_by_name():
    weight = random_graph(7)
    found = graph_measures(weight, np.zeros(30))
    assert found["density"] == np.count_nonzero(weight) / (30 * 29)
    assert found["mean_link_strength"] == pytest.approx(weight[weight > 0].mean())
    assert found["tuning_assortativity"] == pytest.approx(0.0)
    assert "tuning_assortativity" not in graph_measures(weight)
    assert np.isfinite(list(found.values())).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_a_graph_without_links_has_nothing_to_measure(n):
    found = graph_measures(np.zeros((n, n)), np.full(n, np.nan))
    defined = {"density", "efficiency", "reachable_share"} if n > 1 else set()
    assert {name for name, value in found.items() if np.isfinite(value)} == defined
    assert all(found[name] == 0.0 for name in defined)


@pytest.mark.filterwarnings("error")
def test_units_without_links_unknown_weights_and_the_diagonal_count_as_none():
    weight = random_graph(8)
    padded = np.zeros((32, 32))
    padded[:30, :30] = weight
    padded[31] = np.nan
    padded[:, 30] = -1.0
    padded[0, 0] = 5.0
    for name in ("clustering", "weighted_clustering", "path_length", "reciprocity"):
        assert graph_measures(padded)[name] == pytest.approx(graph_measures(weight)[name])
