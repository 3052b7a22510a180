"""Rich club: the definition at every degree, and a planted club stands out and chance does not."""

import numpy as np
import pytest

from ketacortex.analyse.graph_nulls import degree_preserving, weight_shuffled
from ketacortex.analyse.rich_club import largest_ratios, rich_club


def hubs(seed, n=150, n_hubs=20, among_hubs=0.3):
    """Hubs have many links; among each other they have them with a chance of their own."""
    rng = np.random.default_rng(seed)
    chance = np.full((n, n), 0.04)
    chance[:n_hubs] = chance[:, :n_hubs] = 0.12
    chance[:n_hubs, :n_hubs] = among_hubs
    weight = (rng.random((n, n)) < chance) * rng.lognormal(size=(n, n))
    np.fill_diagonal(weight, 0.0)
    return weight


def ratios(weight, null, n_nulls, name):
    rng = np.random.default_rng(0)
    found = [rich_club(weight), *(rich_club(null(weight, rng)) for _ in range(n_nulls))]
    return largest_ratios(np.array([getattr(one, name) for one in found]), found[0].n_units)


def test_it_is_the_definition_at_every_degree():
    weight = hubs(1, n=40, n_hubs=6)
    degree = (weight > 0).sum(axis=0) + (weight > 0).sum(axis=1)
    found = rich_club(weight)
    assert len(found.density) == degree.max()
    ordered = np.sort(weight[weight > 0])[::-1]
    for k in range(degree.max()):
        inside = weight[np.ix_(degree > k, degree > k)]
        n, n_links = len(inside), np.count_nonzero(inside)
        assert found.n_units[k] == n
        expected = n_links / (n * (n - 1)) if n > 1 else np.nan
        assert found.density[k] == pytest.approx(expected, nan_ok=True)
        expected = inside.sum() / ordered[:n_links].sum() if n_links else np.nan
        assert found.strength[k] == pytest.approx(expected, nan_ok=True)


def test_the_strength_is_1_where_the_strongest_links_join_the_richest():
    is_link = hubs(2) > 0
    degree = is_link.sum(axis=0) + is_link.sum(axis=1)
    strength = rich_club(is_link * np.minimum.outer(degree, degree) ** 2.0).strength
    np.testing.assert_allclose(strength[np.isfinite(strength)], 1.0)


def test_a_planted_club_stands_out_of_graphs_with_its_degrees_and_hubs_alone_do_not():
    with_club = ratios(hubs(3, among_hubs=0.7), degree_preserving, 39, "density")
    hubs_alone = ratios(hubs(3), degree_preserving, 39, "density")
    assert with_club[0] > 1.3 * with_club[1:].max()
    assert hubs_alone[0] < hubs_alone[1:].max()


def test_strong_links_among_hubs_are_a_weighted_club_only():
    weight = hubs(4)
    weight[:20, :20] *= 4.0
    strength = ratios(weight, weight_shuffled, 39, "strength")
    assert strength[0] > 1.3 * strength[1:].max()
    np.testing.assert_allclose(ratios(weight, weight_shuffled, 5, "density"), 1.0)


def test_chance_is_exceeded_as_often_as_promised():
    """The largest over all degrees, of a graph that is itself drawn at random."""
    start = hubs(5, n=60, n_hubs=10)
    rank = []
    for seed in range(60):
        drawn = degree_preserving(start, np.random.default_rng(1000 + seed))
        found = ratios(drawn, degree_preserving, 19, "density")
        rank.append(np.mean(found[1:] >= found[0]))
    assert 0.4 < np.mean(rank) < 0.6
    assert np.mean(np.array(rank) == 0.0) < 0.15


def test_a_ratio_is_to_the_mean_of_the_other_graphs():
    coefficient = np.array([[0.4, 0.9], [0.2, 0.3], [0.2, 0.1]])
    found = largest_ratios(coefficient, np.array([30, 12]))
    np.testing.assert_allclose(found, [4.5, 2 / 3, 2 / 3])
    np.testing.assert_allclose(largest_ratios(coefficient, np.array([30, 9])), [2.0, 2 / 3, 2 / 3])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", [0, 1, 5])
def test_without_links_there_is_no_club(n):
    found = rich_club(np.zeros((n, n)))
    assert found.density.size == found.strength.size == 0
    assert np.isnan(largest_ratios(found.density[None], found.n_units)).all()


@pytest.mark.filterwarnings("error")
def test_a_club_of_few_is_not_looked_at():
    weight = np.zeros((9, 9))
    weight[0, 1:] = 1.0
    found = rich_club(weight)
    assert np.isnan(largest_ratios(np.array([found.density] * 3), found.n_units)).all()
