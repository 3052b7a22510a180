"""A graph beside those at random: p values hold their size, and what was planted stands out."""

from functools import partial

import numpy as np
import pytest

from ketacortex.analyse.graph_against_null import against_null
from ketacortex.analyse.graph_measures import clustering, graph_measures
from ketacortex.analyse.graph_nulls import degree_preserving, distance_preserving, weight_shuffled

COLUMNS = "measure value null_mean null_low null_high z p_value ratio null n_nulls"


def random_graph(rng, n, share):
    weight = (rng.random((n, n)) < share) * rng.lognormal(size=(n, n))
    np.fill_diagonal(weight, 0.0)
    return weight


def small_world(rng, n, reach, rewired):
    """Watts and Strogatz, directed: a ring lattice with a share of its links sent elsewhere."""
    weight = np.zeros((n, n))
    for step in [*range(1, reach + 1), *range(-reach, 0)]:
        for unit in range(n):
            other = rng.integers(n) if rng.random() < rewired else (unit + step) % n
            weight[unit, other] = other != unit
    return weight


def by_measure(*arguments):
    return against_null(*arguments).set_index("measure")


@pytest.mark.slow
def test_a_graph_at_random_is_as_likely_to_have_any_p_value():
    p_values = []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        weight = random_graph(rng, 30, 0.15)
        p_values.append(
            by_measure(weight, degree_preserving, 19, rng, rng.uniform(0, 180, 30)).p_value
        )
    p_values = np.array(p_values)
    moves = ~np.isin(p_values, 1.0).all(axis=0)
    assert moves.sum() >= 11
    share = np.mean(p_values[:, moves] <= 0.2, axis=0)
    assert share.mean() == pytest.approx(0.2, abs=0.06)
    assert share.max() < 0.37


def test_a_small_world_has_the_clustering_of_a_lattice_and_the_paths_of_a_random_graph():
    rng = np.random.default_rng(1)
    found = by_measure(small_world(rng, 150, 4, 0.08), degree_preserving, 19, rng)
    assert found.value["small_world_sigma"] > 4.0
    assert found.p_value["small_world_sigma"] == pytest.approx(0.05)
    assert abs(found.value["small_world_omega"]) < 0.4
    lattice = by_measure(small_world(rng, 150, 4, 0.0), degree_preserving, 9, rng)
    at_random = by_measure(small_world(rng, 150, 4, 1.0), degree_preserving, 9, rng)
    assert lattice.value["small_world_omega"] < -0.5
    assert at_random.value["small_world_omega"] > 0.7
    assert at_random.value["small_world_sigma"] == pytest.approx(1.0, abs=0.25)


def test_sigma_is_by_hand():
    rng = np.random.default_rng(2)
    weight = small_world(rng, 60, 3, 0.1)
    drawn = []

    def kept(weight, rng):
        drawn.append(degree_preserving(weight, rng))
        return drawn[-1]

    found = by_measure(weight, kept, 5, rng)
    clustered = np.mean([np.nanmean(clustering(graph)) for graph in drawn])
    length = np.mean([graph_measures(graph)["path_length"] for graph in drawn])
    own = graph_measures(weight)
    expected = (own["clustering"] / clustered) / (own["path_length"] / length)
    assert found.value["small_world_sigma"] == pytest.approx(expected)
    assert found.null_mean["path_length"] == pytest.approx(length)
    assert found.null["path_length"] == "kept"


def test_planted_blocks_hubs_and_preferences_stand_out():
    rng = np.random.default_rng(3)
    n = 100
    label, preferred_deg = np.arange(n) % 4, np.repeat(np.arange(25) * 7.2, 4)
    likeness = np.cos(2 * np.deg2rad(preferred_deg[:, None] - preferred_deg))
    chance = np.where(label[:, None] == label, 0.3, 0.05) * (1.0 + 0.5 * likeness)
    chance[:15, :15] = 0.8
    weight = 1.0 * (rng.random((n, n)) < chance)
    np.fill_diagonal(weight, 0.0)
    found = by_measure(weight, degree_preserving, 39, rng, preferred_deg)
    for measure in ("clustering", "modularity", "rich_club", "tuning_assortativity"):
        assert found.p_value[measure] == pytest.approx(1 / 40)
        assert found.value[measure] > found.null_high[measure]
        assert found.z[measure] > 3.0


def test_what_the_null_keeps_is_the_same_in_all():
    rng = np.random.default_rng(4)
    weight = random_graph(rng, 40, 0.2)
    found = by_measure(weight, weight_shuffled, 9, rng)
    kept = ["density", "mean_link_strength", "clustering", "path_length", "small_world_sigma"]
    assert (found.p_value[kept] == 1.0).all()
    assert found.z[kept].isna().all()
    np.testing.assert_allclose(found.ratio[kept], 1.0)
    assert found.p_value["weighted_clustering"] < 1.0
    assert (found.null == "weight_shuffled").all()


def test_a_partial_goes_by_the_name_of_its_function():
    rng = np.random.default_rng(5)
    null = partial(distance_preserving, distance_um=np.ones((20, 20)))
    found = against_null(random_graph(rng, 20, 0.2), null, 3, rng)
    assert (found.null == "distance_preserving").all()
    assert (found.n_nulls[found.measure == "density"] == 3).all()


def test_columns_and_a_seed():
    weight = random_graph(np.random.default_rng(6), 25, 0.2)
    first, again = (
        against_null(weight, degree_preserving, 4, np.random.default_rng(7)) for _ in range(2)
    )
    assert set(first.columns) == set(COLUMNS.split())
    assert first.equals(again)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("n", "n_links"), [(0, 0), (1, 0), (6, 0), (6, 1)])
def test_a_graph_of_fewer_than_two_links_gives_rows_of_nothing(n, n_links):
    weight = np.zeros((n, n))
    weight[:1, 1:2] = n_links
    found = against_null(weight, degree_preserving, 5, np.random.default_rng(8), np.zeros(n))
    whole = against_null(
        random_graph(np.random.default_rng(9), 20, 0.2),
        degree_preserving,
        5,
        np.random.default_rng(8),
        np.zeros(20),
    )
    assert found.measure.tolist() == whole.measure.tolist()
    assert found.drop(columns=["measure", "null", "n_nulls"]).isna().all(axis=None)
    assert (found.n_nulls == 0).all()


@pytest.mark.filterwarnings("error")
def test_a_graph_of_two_links_or_of_all_is_taken():
    for weight in (np.eye(4, k=2), 1.0 - np.eye(12)):
        found = by_measure(weight, degree_preserving, 5, np.random.default_rng(10))
        assert found.value["density"] == np.count_nonzero(weight) / (len(weight) ** 2 - len(weight))
