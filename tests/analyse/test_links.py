"""Links: which way, how late, what kind and how strong, as they were planted."""

import numpy as np
import pytest
from benchmarks.planted import networks as planted

from ketacortex.analyse.links import LINK_COLUMNS, find_links, link_graph
from ketacortex.analyse.pair_tests import ask_pairs
from ketacortex.analyse.spike_stream import stream_of_trains


def links_of(network):
    tests = ask_pairs(network.stream, threads=1)
    return tests, find_links(tests, np.arange(network.stream.n_units))


def couplings(network):
    return set(zip(network.pre.tolist(), network.post.tolist(), strict=True))


def pairs(links):
    return set(zip(links["pre"], links["post"], strict=True))


def is_planted(links, network):
    ways = zip(links["pre"], links["post"], strict=True)
    return np.array([way in couplings(network) for way in ways])


def reversed_in_order(network):
    """The same spikes with the units numbered from the end."""
    last, stream = network.stream.n_units - 1, network.stream
    return planted.PlantedNetwork(
        stream=stream._with(stream.sample, (last - stream.unit).astype(np.int32)),
        pre=last - network.pre,
        post=last - network.post,
        kind=network.kind,
    )


@pytest.mark.parametrize("as_planted", [lambda n: n, reversed_in_order], ids=["there", "back"])
def test_direction_lag_and_kind_of_excitation(as_planted):
    network = as_planted(planted.planted(np.random.default_rng(0), 8.0, 600.0, 0.03))
    _, links = links_of(network)
    excitatory = links[links["kind"] == "excitatory"]
    assert pairs(excitatory) == couplings(network)
    assert set(excitatory["lag_ms"]) == {2.0}
    assert np.all(excitatory["ratio"] > 1.0)
    assert np.all(excitatory["q"] <= 0.05)
    assert links["p"].is_monotonic_increasing


@pytest.mark.parametrize("as_planted", [lambda n: n, reversed_in_order], ids=["there", "back"])
def test_direction_lag_and_kind_of_inhibition(as_planted):
    network = as_planted(planted.inhibited(np.random.default_rng(1), 16.0, 600.0, 0.6))
    _, links = links_of(network)
    inhibitory = links[links["kind"] == "inhibitory"]
    assert pairs(inhibitory) == couplings(network)
    assert set(inhibitory["lag_ms"]) <= {2.0, 3.0}
    assert np.all(inhibitory["ratio"] < 1.0)
    assert np.all(inhibitory["strength"] < 0.0)
    assert inhibitory["transmission_probability"].isna().all()


@pytest.mark.parametrize("probability", [0.02, 0.05, 0.15])
def test_the_transmission_probability_is_what_was_planted(probability):
    """In all couplings, so in links alone where all of them are found."""
    found = []
    for seed in range(4):
        network = planted.planted(np.random.default_rng(seed), 8.0, 600.0, probability)
        _, links = links_of(network)
        excitatory = links[links["kind"] == "excitatory"]
        assert pairs(excitatory) >= couplings(network)
        found.append(links["transmission_probability"][is_planted(links, network)])
    found = np.concatenate(found)
    error = found.std(ddof=1) / np.sqrt(len(found))
    assert error < 0.002
    assert found.mean() == pytest.approx(probability, abs=3.0 * error)


def test_the_strength_does_not_depend_on_which_unit_is_asked():
    """Over the geometric mean of counts: with equal rates that is the transmission probability."""
    network = planted.planted(np.random.default_rng(2), 8.0, 600.0, 0.05)
    _, links = links_of(network)
    excitatory = links[links["kind"] == "excitatory"]
    np.testing.assert_allclose(
        excitatory["strength"], excitatory["transmission_probability"], rtol=0.05
    )


def test_common_input_is_synchrony_and_no_delayed_link():
    network = planted.driven_together(np.random.default_rng(3), 8.0, 600.0, 0.05)
    _, links = links_of(network)
    assert pairs(links) >= couplings(network)
    common = links[is_planted(links, network)]
    assert set(common["kind"]) == {"synchrony"}
    assert common["strength"].mean() == pytest.approx(0.05, abs=0.005)
    assert common["transmission_probability"].isna().all()


def test_spikes_that_avoid_each_other_both_ways_are_avoidance():
    rng = np.random.default_rng(4)
    one_s = planted.train(rng, 12.0, 600.0)
    other_s = planted.train(rng, 12.0, 600.0)
    nearest = np.searchsorted(one_s, other_s)
    padded = np.concatenate([[-1.0], one_s, [1e6]])
    gap_s = np.minimum(other_s - padded[nearest], padded[nearest + 1] - other_s)
    stream = stream_of_trains([one_s, other_s[gap_s > 0.0015]], 600.0)
    links = find_links(ask_pairs(stream, threads=1), np.array(["a", "b"]))
    assert links["kind"].tolist() == ["avoidance"]
    assert links["strength"][0] < 0.0


def test_units_keep_their_names():
    network = planted.planted(np.random.default_rng(5), 8.0, 600.0, 0.05, n_units=4)
    tests = ask_pairs(network.stream, threads=1)
    names = np.array(["a", "b", "c", "d"])
    assert pairs(find_links(tests, names)) >= {("a", "b"), ("c", "d")}


def test_a_stricter_rate_leaves_the_surer_links():
    network = planted.planted(np.random.default_rng(6), 8.0, 300.0, 0.012)
    tests, links = links_of(network)
    strict = find_links(tests, np.arange(16), false_discovery_rate=1e-3)
    assert 0 < len(strict) < len(links)
    assert np.array_equal(strict["p"], links["p"][: len(strict)])
    assert np.all(strict["q"] <= 1e-3)


def test_the_graph_is_symmetric_for_synchrony_and_one_way_for_delays():
    together = planted.driven_together(np.random.default_rng(7), 8.0, 600.0, 0.05)
    weight = link_graph(links_of(together)[0])
    np.testing.assert_array_equal(weight, weight.T)
    assert np.all(weight[together.pre, together.post] > 0.0)
    delayed = reversed_in_order(planted.planted(np.random.default_rng(8), 8.0, 600.0, 0.05))
    weight = link_graph(links_of(delayed)[0])
    assert np.all(weight[delayed.pre, delayed.post] > 0.0)
    assert not weight[delayed.post, delayed.pre].any()


def test_the_graph_holds_the_links_that_are_an_excess():
    network = planted.planted(np.random.default_rng(9), 8.0, 600.0, 0.03)
    tests, links = links_of(network)
    weight = link_graph(tests)
    expected = np.zeros((16, 16))
    for link in links.itertuples():
        if link.kind in ("excitatory", "synchrony"):
            expected[link.pre, link.post] = link.strength
        if link.kind == "synchrony":
            expected[link.post, link.pre] = link.strength
    np.testing.assert_array_equal(weight, expected)


def test_inhibition_is_no_edge_of_the_graph():
    network = planted.inhibited(np.random.default_rng(10), 16.0, 600.0, 0.6)
    weight = link_graph(links_of(network)[0])
    assert not weight[network.pre, network.post].any()


@pytest.mark.parametrize("n_units", [0, 1, 2, 3])
def test_silence_has_no_links(n_units):
    tests = ask_pairs(stream_of_trains([np.zeros(0)] * n_units, 10.0), threads=1)
    links = find_links(tests, np.arange(n_units))
    assert links.columns.tolist() == LINK_COLUMNS
    assert not len(links)
    assert link_graph(tests).shape == (n_units, n_units)
    assert not link_graph(tests).any()
