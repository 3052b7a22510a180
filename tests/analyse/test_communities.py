"""Communities: modularity by its definition, the best partition by listing all, planted blocks."""

import numpy as np
import pytest

from ketacortex.analyse.communities import best_partition, consensus_communities, modularity


def blocks(seed, n=120, n_blocks=4, inside=0.3, between=0.05):
    rng = np.random.default_rng(seed)
    label = rng.permutation(np.arange(n) % n_blocks)
    chance = np.where(label[:, None] == label, inside, between)
    weight = (rng.random((n, n)) < chance) * rng.lognormal(size=(n, n))
    np.fill_diagonal(weight, 0.0)
    return weight, label


def agree(one, other):
    """Share of pairs of units that both partitions treat alike."""
    return np.mean((one[:, None] == one) == (other[:, None] == other))


def partitions(n, start=()):
    """All labellings of n units, each partition once."""
    if len(start) == n:
        yield np.array(start)
        return
    for label in range(max(start, default=-1) + 2):
        yield from partitions(n, (*start, label))


def test_modularity_is_the_sum_over_all_pairs():
    weight, _ = blocks(0, n=25)
    label = np.random.default_rng(0).integers(4, size=25)
    total, expected = weight.sum(), 0.0
    for i in range(25):
        for j in range(25):
            if label[i] == label[j]:
                by_chance = weight[i].sum() * weight[:, j].sum() / total
                expected += (weight[i, j] - by_chance) / total
    assert modularity(weight, label) == pytest.approx(expected)
    assert modularity(weight, 7 - label) == pytest.approx(expected)


def test_one_community_has_no_modularity():
    weight, _ = blocks(1)
    assert modularity(weight, np.zeros(120, int)) == pytest.approx(0.0)


@pytest.mark.parametrize("n_cliques", [2, 5])
def test_cliques_apart_have_the_modularity_of_their_number(n_cliques):
    weight = np.kron(np.eye(n_cliques), 1.0 - np.eye(6))
    found = consensus_communities(weight, np.random.default_rng(0), 5)
    assert found.modularity == pytest.approx(1.0 - 1.0 / n_cliques)
    assert found.label.tolist() == np.repeat(np.arange(n_cliques), 6).tolist()


@pytest.mark.parametrize("seed", range(4))
def test_no_partition_of_all_is_better_than_the_best_of_the_searches(seed):
    rng = np.random.default_rng(seed)
    weight = (rng.random((8, 8)) < 0.3) * rng.gamma(1.0, 1.0, (8, 8))
    np.fill_diagonal(weight, 0.0)
    highest = max(modularity(weight, label) for label in partitions(8))
    assert best_partition(weight, rng, 20).modularity == pytest.approx(highest)


@pytest.mark.parametrize("seed", range(3))
def test_planted_directed_blocks_come_back(seed):
    weight, label = blocks(seed)
    found = consensus_communities(weight, np.random.default_rng(seed), 20)
    assert agree(found.label, label) > 0.97
    assert found.modularity >= modularity(weight, label) - 0.01


def test_direction_tells_what_undirected_links_would_not():
    """Each block sends to itself; givers give and takers take beyond blocks, which is expected."""
    rng = np.random.default_rng(3)
    n = 240
    label = np.arange(n) % 3
    give, take = rng.gamma(0.7, 1.0, n), rng.gamma(0.7, 1.0, n)
    chance = 0.1 * np.outer(give, take) * np.where(label[:, None] == label, 1.0, 0.15)
    weight = 1.0 * (rng.random((n, n)) < chance)
    np.fill_diagonal(weight, 0.0)
    directed = best_partition(weight, rng, 10)
    undirected = best_partition(weight + weight.T, rng, 10)
    assert directed.modularity >= modularity(weight, undirected.label)
    has_links = weight.sum(axis=0) + weight.sum(axis=1) > 5
    assert agree(directed.label[has_links], label[has_links]) > 0.9


def test_the_consensus_is_stable_where_single_searches_are_not():
    of_single, of_consensus = [], []
    for seed in (4, 5):
        weight, _ = blocks(seed, n=150, n_blocks=5, inside=0.25, between=0.06)
        rngs = [np.random.default_rng(s) for s in range(6)]
        single = [best_partition(weight, rng, 1).label for rng in rngs]
        consensus = [consensus_communities(weight, rng, 30).label for rng in rngs]
        of_single += [agree(single[i - 1], single[i]) for i in range(6)]
        of_consensus += [agree(consensus[i - 1], consensus[i]) for i in range(6)]
    assert 1.0 - np.mean(of_consensus) < 0.6 * (1.0 - np.mean(of_single))


def test_a_search_ends_where_no_single_move_gains():
    weight, _ = blocks(8, n=40)
    label = best_partition(weight, np.random.default_rng(8), 1).label
    found = modularity(weight, label)
    for unit in range(40):
        for other in range(label.max() + 2):
            moved = label.copy()
            moved[unit] = other
            assert modularity(weight, moved) <= found + 1e-12


def test_labels_are_numbered_by_size():
    sizes = [3, 9, 5]
    label = np.repeat([0, 1, 2], sizes)
    weight = (label[:, None] == label) - np.eye(17)
    found = consensus_communities(weight, np.random.default_rng(0), 4)
    assert found.label.tolist() == np.repeat([2, 0, 1], sizes).tolist()


def test_the_same_seed_finds_the_same():
    weight, _ = blocks(5, inside=0.12, between=0.08)
    first, again = (
        consensus_communities(weight, np.random.default_rng(6), 5).label for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", [0, 1, 4])
def test_without_links_every_unit_is_alone(n):
    for find in (best_partition, consensus_communities):
        found = find(np.zeros((n, n)), np.random.default_rng(0), 3)
        assert found.label.tolist() == list(range(n))
        assert np.isnan(found.modularity)


def test_a_unit_without_links_is_alone():
    weight, _ = blocks(7, n=60, n_blocks=2)
    weight[10] = weight[:, 10] = 0.0
    weight[11] = np.nan
    weight[:, 11] = 0.0
    label = consensus_communities(weight, np.random.default_rng(0), 10).label
    assert (label == label[10]).sum() == (label == label[11]).sum() == 1
