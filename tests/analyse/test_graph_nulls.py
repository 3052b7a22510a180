"""Graphs at random: what they keep they keep exactly, and all else falls to chance."""

from functools import partial

import numpy as np
import pytest
from scipy import stats

from ketacortex.analyse.graph_measures import clustering, reciprocity
from ketacortex.analyse.graph_nulls import (
    degree_preserving,
    distance_preserving,
    latticised,
    strength_preserving,
    weight_shuffled,
)

N = 120
PLACE_UM = np.random.default_rng(99).uniform(0.0, 500.0, (N, 2))
DISTANCE_UM = np.hypot(*(PLACE_UM[:, None] - PLACE_UM).transpose(2, 0, 1))
NULLS = {
    "degree": degree_preserving,
    "shuffled": weight_shuffled,
    "strength": strength_preserving,
    "distance": partial(distance_preserving, distance_um=DISTANCE_UM),
    "lattice": latticised,
}
MOVING = [name for name in NULLS if name != "shuffled"]
RANDOM = [name for name in MOVING if name != "lattice"]


def graph(is_undirected, seed=0):
    """Near units are linked more often; some units have more and stronger links."""
    rng = np.random.default_rng(seed)
    popularity = rng.gamma(4.0, 0.25, N)
    chance = 0.5 * np.exp(-DISTANCE_UM / 120.0) * np.outer(popularity, popularity[::-1])
    weight = rng.lognormal(size=(N, N)) * rng.lognormal(0.0, 0.7, (N, 1))
    weight *= rng.random((N, N)) < chance
    weight = np.triu(weight) + np.triu(weight).T if is_undirected else weight
    np.fill_diagonal(weight, 0.0)
    return weight


def overlap(one, other):
    return np.mean(other[one > 0] > 0)


@pytest.fixture(params=[False, True], ids=["directed", "undirected"])
def weight(request):
    return graph(request.param)


@pytest.mark.parametrize("name", NULLS)
def test_degrees_weights_and_the_empty_diagonal_are_kept(name, weight):
    drawn = NULLS[name](weight, np.random.default_rng(1))
    np.testing.assert_array_equal((drawn > 0).sum(axis=0), (weight > 0).sum(axis=0))
    np.testing.assert_array_equal((drawn > 0).sum(axis=1), (weight > 0).sum(axis=1))
    np.testing.assert_array_equal(np.sort(drawn, axis=None), np.sort(weight, axis=None))
    assert not drawn.diagonal().any()


@pytest.mark.parametrize("name", NULLS)
def test_undirected_stays_undirected_and_directed_loses_what_was_returned(name):
    undirected = NULLS[name](graph(True), np.random.default_rng(2))
    np.testing.assert_array_equal(undirected, undirected.T)
    directed = graph(False)
    drawn = NULLS[name](directed, np.random.default_rng(2))
    assert (reciprocity(drawn) == reciprocity(directed)) == (name == "shuffled")


@pytest.mark.parametrize("name", MOVING)
def test_links_that_are_all_returned_with_other_weights_stay_returned(name):
    weight = graph(True)
    weight *= np.random.default_rng(3).uniform(0.5, 2.0, weight.shape)
    drawn = NULLS[name](weight, np.random.default_rng(3))
    assert reciprocity(drawn) == 1.0
    assert not (drawn == drawn.T).all()
    np.testing.assert_allclose(np.sort(drawn, axis=None), np.sort(weight, axis=None))


@pytest.mark.parametrize("name", RANDOM)
def test_after_the_swaps_the_graph_is_no_nearer_to_the_original_than_to_another(name, weight):
    draws = [NULLS[name](weight, np.random.default_rng(seed)) for seed in range(8)]
    to_original = np.mean([overlap(weight, drawn) for drawn in draws])
    to_others = np.mean([overlap(draws[i - 1], draws[i]) for i in range(8)])
    assert to_original == pytest.approx(to_others, abs=0.025)
    assert to_others < 0.4


def test_all_graphs_with_the_degrees_are_as_likely_directed():
    """One link from and one to each of four units: the 9 permutations without a fixed point."""
    weight = np.roll(np.eye(4), 1, axis=1)
    rng = np.random.default_rng(4)
    drawn = [degree_preserving(weight, rng).tobytes() for _ in range(1800)]
    counts = np.unique(drawn, return_counts=True)[1]
    assert len(counts) == 9
    assert stats.chisquare(counts).pvalue > 0.001


def test_all_graphs_with_the_degrees_are_as_likely_undirected():
    """Two links of each of six units: 60 rings of six and 10 pairs of triangles."""
    weight = np.roll(np.eye(6), 1, axis=1)
    rng = np.random.default_rng(5)
    drawn = [degree_preserving(weight + weight.T, rng).tobytes() for _ in range(3500)]
    counts = np.unique(drawn, return_counts=True)[1]
    assert len(counts) == 70
    assert stats.chisquare(counts).pvalue > 0.001


def test_clustering_that_distance_makes_is_kept_with_distance_only():
    rng = np.random.default_rng(6)
    weight = 1.0 * (rng.random((N, N)) < 0.8 * np.exp(-((DISTANCE_UM / 90.0) ** 2)))
    np.fill_diagonal(weight, 0.0)
    found = np.nanmean(clustering(weight))
    with_distance = np.nanmean(clustering(NULLS["distance"](weight, rng)))
    without = np.nanmean(clustering(degree_preserving(weight, rng)))
    assert found > 1.5 * without
    assert with_distance > without + 0.6 * (found - without)


def test_the_lengths_of_links_are_kept(weight):
    is_link = weight > 0
    edges = np.quantile(DISTANCE_UM[is_link], np.arange(1, 10) / 10)
    drawn = NULLS["distance"](weight, np.random.default_rng(7)) > 0
    for kept in (drawn, is_link):
        assert len(np.unique(np.digitize(DISTANCE_UM[kept], edges))) == 10
    np.testing.assert_array_equal(
        np.bincount(np.digitize(DISTANCE_UM[drawn], edges)),
        np.bincount(np.digitize(DISTANCE_UM[is_link], edges)),
    )
    at_random = degree_preserving(weight, np.random.default_rng(7)) > 0
    assert DISTANCE_UM[at_random].mean() > 1.2 * DISTANCE_UM[is_link].mean()


def test_links_of_unknown_length_stay_as_many():
    weight, distance_um = graph(False), DISTANCE_UM.copy()
    distance_um[:40] = distance_um[:, :40] = np.nan
    drawn = distance_preserving(weight, np.random.default_rng(8), distance_um)
    is_unknown = np.isnan(distance_um)
    assert (drawn[is_unknown] > 0).sum() == (weight[is_unknown] > 0).sum()


@pytest.mark.parametrize("axis", [0, 1])
def test_strengths_are_kept_nearly(weight, axis):
    strength = weight.sum(axis=axis)
    kept = strength_preserving(weight, np.random.default_rng(9)).sum(axis=axis)
    shuffled = weight_shuffled(weight, np.random.default_rng(9)).sum(axis=axis)
    assert np.corrcoef(strength, kept)[0, 1] > 0.93
    assert np.abs(kept - strength).mean() < 0.35 * np.abs(shuffled - strength).mean()


def test_a_swapped_link_keeps_the_strength_of_its_source():
    weight = graph(False)
    drawn = degree_preserving(weight, np.random.default_rng(10))
    np.testing.assert_allclose(drawn.sum(axis=1), weight.sum(axis=1))


@pytest.mark.parametrize("degree", [4, 10])
def test_a_random_graph_becomes_nearly_as_clustered_as_a_ring(degree):
    n = 60
    reach = np.arange(1, degree // 2 + 1)
    ring = np.zeros((n, n))
    for step in reach:
        ring += np.roll(np.eye(n), step, axis=1) + np.roll(np.eye(n), -step, axis=1)
    rng = np.random.default_rng(11)
    at_random = degree_preserving(ring, rng)
    most = np.nanmean(clustering(ring))
    assert np.nanmean(clustering(at_random)) < 0.35 * most
    assert np.nanmean(clustering(latticised(at_random, rng))) > 0.75 * most


@pytest.mark.parametrize("name", NULLS)
def test_a_seed_draws_the_same_graph_and_leaves_the_given_one_alone(name, weight):
    before = weight.copy()
    first, again, other = (NULLS[name](weight, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    np.testing.assert_array_equal(weight, before)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", NULLS)
@pytest.mark.parametrize("n", [0, 1, 3])
def test_no_links_one_link_and_unknown_weights_are_taken(name, n):
    null = partial(distance_preserving, distance_um=np.ones((n, n)))
    null = null if name == "distance" else NULLS[name]
    weight = np.zeros((n, n))
    assert not null(weight, np.random.default_rng(12)).any()
    if n == 3:
        weight[0, 1], weight[1, 2] = 2.0, np.nan
        drawn = null(weight, np.random.default_rng(12))
        assert drawn.tolist() == [[0.0, 2.0, 0.0], [0.0] * 3, [0.0] * 3]
