"""What networks come to: planted common input, like tuning and shared gains are found again."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from benchmarks.planted.networks import common_input, recording_of_trains

from ketacortex.analyse.links import find_links, link_strength
from ketacortex.analyse.network_streams import at_equal_rates, network_streams
from ketacortex.analyse.network_values import (
    FEW,
    GAINED,
    NETWORK_MEASURES,
    REASONS,
    TURNOVER_MEASURES,
    EpochNetwork,
    network_values,
    reason_of,
    tuning_similarity,
    turnover_values,
)
from ketacortex.analyse.pair_tests import ask_pairs
from ketacortex.analyse.spike_stream import spike_stream, stream_of_trains

GROUP = np.repeat(np.arange(5), 4)
EVERYONE, UNTUNED = np.ones(20, bool), np.full(20, np.nan)
LIKE_TUNED = GROUP * 36.0
EPOCH_S = 200.0
COUPLING = ("link_share", "link_strength", "zero_lag_synchrony")
WEAK, STRONG = {"heard": 0.12, "own_hz": 4.8}, {"heard": 0.25, "own_hz": 3.5}
DOUBLED = {"heard": 0.24, "own_hz": 9.6}
MORE_OF_IT = {"heard": 0.12, "own_hz": 9.6, "source_hz": 20.0}
KEPT = 0.973
"""Of common events, what is within 2.5 ms: each unit is late by 0.8 ms (standard deviation)."""
SEEDS = range(12)


def network_of(stream):
    return EpochNetwork(stream=stream, tests=ask_pairs(stream, threads=1))


@cache
def coupled(seed, heard=0.25, order=0):
    """A network of five groups; another `order` groups other units."""
    rng = np.random.default_rng(seed)
    group = GROUP if not order else np.tile(np.arange(5), 4)
    trains_s = common_input(rng, group, EPOCH_S, heard=heard, own_hz=3.5)
    return network_of(stream_of_trains(trains_s, EPOCH_S))


def values_of(network, preferred_deg=UNTUNED, is_member=EVERYONE):
    return network_values(network, is_member, preferred_deg, np.random.default_rng(0))


@cache
def changes(second, *, is_matched):
    """Change of the measures of coupling from a weak network to another, (n_seed, n_measure)."""
    found = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        stop_s = 2.0 * EPOCH_S
        of_first = common_input(rng, GROUP, EPOCH_S, **WEAK)
        of_second = common_input(rng, GROUP, stop_s, start_s=EPOCH_S, **dict(second))
        trains_s = [np.concatenate(pair) for pair in zip(of_first, of_second, strict=True)]
        epochs = [("first", 0.0, EPOCH_S), ("second", EPOCH_S, stop_s)]
        streams = network_streams(recording_of_trains(trains_s, stop_s, epochs=epochs))
        if is_matched:
            streams = at_equal_rates(streams, rng)
        before, after = (values_of(network_of(stream)) for stream in streams.values())
        found.append([after[measure] - before[measure] for measure in COUPLING])
    return np.array(found)


@pytest.mark.parametrize("is_matched", [False, True])
def test_more_common_input_makes_more_and_stronger_links(is_matched):
    change = changes(tuple(STRONG.items()), is_matched=is_matched)
    assert np.all(change > 0.0)
    assert change[:, 0].mean() > 0.05  # of 0.16, which are coupled


@pytest.mark.slow
def test_units_that_answer_twice_as_often_show_more_links_but_no_more_at_equal_rates():
    """Why spikes are made equal: the same input, and all that changed is how often it is told."""
    as_recorded = changes(tuple(DOUBLED.items()), is_matched=False)
    matched = changes(tuple(DOUBLED.items()), is_matched=True)
    error = matched.std(axis=0, ddof=1) / np.sqrt(len(SEEDS))
    assert np.all(as_recorded[:, [0, 2]] > 0.0)
    assert np.all(np.abs(matched.mean(axis=0)) < 3.0 * error)
    assert np.abs(matched[:, 0].mean()) < 0.25 * as_recorded[:, 0].mean()
    assert np.abs(matched[:, 2].mean()) < 0.15 * as_recorded[:, 2].mean()


@pytest.mark.slow
def test_twice_as_much_of_the_same_input_looks_weaker_at_equal_rates():
    """What equal rates cannot do: every other spike dropped, a quarter of twice as many is left."""
    as_recorded = changes(tuple(MORE_OF_IT.items()), is_matched=False)[:, 2].mean()
    matched = changes(tuple(MORE_OF_IT.items()), is_matched=True)[:, 2].mean()
    before = 30 / 190 * 10.0 * WEAK["heard"] ** 2 / 6.0 * KEPT
    assert as_recorded == pytest.approx(0.0, abs=0.1 * before)
    assert matched == pytest.approx(-0.5 * before, rel=0.2)


def test_zero_lag_synchrony_is_what_was_planted():
    """Both hear 10 R events a second, each with 1/4: 0.625 of 6 Hz in 30 of 190 pairs."""
    found = np.mean([values_of(coupled(seed))["zero_lag_synchrony"] for seed in SEEDS])
    assert found == pytest.approx(30 / 190 * 0.625 / 6.0 * KEPT, rel=0.04)


def test_link_share_and_strength_are_those_of_the_list_of_links():
    network = coupled(0)
    found, links = values_of(network), find_links(network.tests, np.arange(20))
    excess = links[links["kind"].isin(["excitatory", "synchrony"])]
    assert found["link_share"] == pytest.approx(len(excess) / network.tests.is_asked.sum())
    assert found["link_strength"] == pytest.approx(excess["strength"].mean())
    assert found["summed_strength"] == pytest.approx(excess["strength"].sum())
    np.testing.assert_allclose(
        np.sort(link_strength(network.tests)[network.is_linked]), np.sort(excess["strength"])
    )


def test_the_summed_strength_of_half_the_groups_is_half_of_it():
    """Groups share nothing, so their sums add up; and without a link it is 0."""
    parts = [values_of(coupled(1), is_member=is_in) for is_in in (GROUP < 2, GROUP >= 2)]
    whole = values_of(coupled(1))["summed_strength"]
    across = whole - sum(part["summed_strength"] for part in parts)
    assert abs(across) < 0.02 * whole
    assert parts[0]["summed_strength"] == pytest.approx(0.4 * whole, rel=0.1)
    alone = common_input(np.random.default_rng(0), np.arange(20), EPOCH_S, heard=0.25, own_hz=3.5)
    unlinked = values_of(network_of(stream_of_trains(alone, EPOCH_S)))
    assert unlinked["link_share"] == 0.0
    assert unlinked["summed_strength"] == 0.0


def test_groups_are_modules_beyond_chance():
    found = values_of(coupled(0))
    assert found["modularity"] == pytest.approx(0.8, abs=0.05)
    assert found["modularity_above_chance"] > 0.2


@pytest.mark.parametrize(("n_groups", "is_known"), [(0, False), (1, False), (2, True)])
def test_one_link_is_no_module(n_groups, is_known):
    """It goes both ways, and is still one; two that are apart are two modules."""
    group = np.append(np.repeat(np.arange(n_groups), 2), 10 + np.arange(6))
    rng = np.random.default_rng(1)
    trains_s = common_input(rng, group, EPOCH_S, heard=0.5, own_hz=3.0)
    network = network_of(stream_of_trains(trains_s, EPOCH_S))
    assert network.is_linked.sum() == n_groups
    found = values_of(network, np.full(len(group), np.nan), np.ones(len(group), bool))
    assert found["modularity"] == pytest.approx(0.5 if is_known else np.nan, abs=0.01, nan_ok=True)


def test_common_input_within_a_millisecond_keeps_its_links_in_short_windows():
    """Whereas what rises over some 10 ms loses them."""
    trains_s = common_input(np.random.default_rng(0), GROUP, 600.0, **WEAK)
    recording = recording_of_trains(trains_s, 600.0)
    n_links = [
        network_of(
            spike_stream(recording, np.zeros(1), np.array([600.0]), window_s=window_s)
        ).is_linked.sum()
        for window_s in (0.025, 0.01)
    ]
    assert n_links == pytest.approx([30, 30], abs=4)


def test_links_among_like_tuned_cells_are_said_to_be_so():
    network = coupled(0)
    like = values_of(network, LIKE_TUNED)["linked_tuning_similarity"]
    same_group = GROUP[network.tests.first] == GROUP[network.tests.second]
    every = tuning_similarity(network.tests, LIKE_TUNED)
    share = np.mean(same_group[network.is_linked])
    assert share > 0.9
    assert like == pytest.approx(1.0 - every.mean(), abs=0.15)
    by_chance = [
        values_of(network, rng.permutation(LIKE_TUNED))["linked_tuning_similarity"]
        for rng in map(np.random.default_rng, range(30))
    ]
    assert np.mean(by_chance) == pytest.approx(0.0, abs=0.1)
    assert like > max(by_chance)


def test_similarity_is_1_for_like_and_minus_1_for_orthogonal_preferences():
    tests = coupled(0).tests
    preferred_deg = np.where(np.arange(20) % 2, 100.0, 10.0)
    found = tuning_similarity(tests, preferred_deg)
    like = tests.first % 2 == tests.second % 2
    np.testing.assert_allclose(found, np.where(like, 1.0, -1.0), atol=1e-12)


def turnover(before, after, preferred_deg=LIKE_TUNED):
    return turnover_values(before, after, EVERYONE, preferred_deg)


def test_unchanged_coupling_keeps_its_links():
    found = [turnover(coupled(seed), coupled(seed + 100)) for seed in range(4)]
    for measure in TURNOVER_MEASURES:
        _, share, n_pairs = np.mean([one[measure] for one in found], axis=0)
        assert share < 0.1
        assert n_pairs == 190


def test_rewired_coupling_loses_its_links_and_gains_others():
    found = turnover(coupled(0), coupled(0, order=1))
    assert found["links_gained_share"][1] > 0.85
    assert found["links_lost_share"][1] > 0.85
    back = turnover(coupled(0, order=1), coupled(0))
    assert back["links_gained_share"][1] == pytest.approx(found["links_lost_share"][1])


def test_gained_links_are_said_to_be_among_like_tuned_cells():
    before, after, n_gained = turnover(coupled(0, order=1), coupled(0))[GAINED]
    every = tuning_similarity(coupled(0).tests, LIKE_TUNED)
    assert n_gained >= 28
    assert after == pytest.approx(1.0 - every.mean(), abs=0.2)
    assert before < 0.1


@cache
def repeated(spread_of_gain):
    """Groups with common input in 400 trials of four stimuli; a gain of each group and trial."""
    rng = np.random.default_rng(7)
    onset_s, duration_s = np.arange(400.0), 0.5
    trains_s = common_input(rng, GROUP, 400.0, heard=0.25, own_hz=3.5)
    for group in range(5):
        gain = np.exp(rng.normal(0.0, spread_of_gain, 400)) - 1.0 if spread_of_gain else np.zeros(1)
        for unit in np.flatnonzero(group == GROUP):
            n_more = rng.poisson(4.0 * np.maximum(np.broadcast_to(gain, 400), 0.0) * duration_s)
            more_s = np.repeat(onset_s, n_more) + rng.uniform(0.0, duration_s, n_more.sum())
            trains_s[unit] = np.sort(np.append(trains_s[unit], more_s))
    recording = recording_of_trains(trains_s, 400.0)
    condition = np.tile(np.arange(4), 100)
    return network_of(spike_stream(recording, onset_s, onset_s + duration_s, condition))


def test_linked_pairs_share_more_noise_and_a_slow_gain_the_more_in_long_windows():
    fast, slow = values_of(repeated(0.0)), values_of(repeated(0.8))
    # Of independent sources alone: the share of spikes that are common, in windows of any length.
    assert fast["linked_noise_correlation"] == pytest.approx(0.625 / 6.0, abs=0.03)
    assert fast["linked_noise_correlation_widening"] == pytest.approx(0.0, abs=0.02)
    assert slow["linked_noise_correlation"] > 0.25
    assert slow["linked_noise_correlation_widening"] > 0.1


def test_stimuli_that_were_shown_once_have_no_noise_correlation():
    found = values_of(coupled(0))
    assert np.isnan(found["linked_noise_correlation"])
    assert np.isnan(found["linked_noise_correlation_widening"])


def test_a_population_is_measured_by_itself():
    alone = values_of(coupled(0), is_member=GROUP < 2)
    first, second = coupled(0).tests.first, coupled(0).tests.second
    inside = (GROUP[first] < 2) & (GROUP[second] < 2)
    assert alone["link_share"] == pytest.approx(coupled(0).is_linked[inside].mean())
    assert alone["modularity"] == pytest.approx(0.5, abs=0.05)


def test_too_few_pairs_have_no_values_and_that_is_the_reason():
    """Even though all of these pairs are linked."""
    found = values_of(coupled(0), is_member=GROUP == 0)
    assert set(found) == set(NETWORK_MEASURES)
    assert np.isnan(list(found.values())).all()
    assert {reason_of(measure, found) for measure in found} == {FEW}
    enough = values_of(coupled(0))
    assert reason_of("linked_noise_correlation", enough) == REASONS["linked_noise_correlation"]
    assert reason_of("links_lost_share", found) == REASONS["links_lost_share"]


@pytest.mark.parametrize("n_units", [0, 1, 20])
def test_silence_has_no_values(n_units):
    network = network_of(stream_of_trains([np.zeros(0)] * n_units, 10.0))
    is_member, untuned = np.ones(n_units, bool), np.full(n_units, np.nan)
    found = network_values(network, is_member, untuned, np.random.default_rng(0))
    assert np.isnan(list(found.values())).all()
    changed = turnover_values(network, network, is_member, untuned)
    assert pd.isna([share for _, share, _ in changed.values()]).all()


def test_every_measure_has_a_reason():
    assert set(REASONS) == {*NETWORK_MEASURES, *TURNOVER_MEASURES, GAINED}
