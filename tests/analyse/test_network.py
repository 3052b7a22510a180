"""The network of a whole recording: defined for any of them, and nothing missing without a word."""

import json
import warnings
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from benchmarks.planted.networks import common_input, recording_of_trains

from analyse.planted import session_of
from ketacortex.analyse.network import (
    EPOCH_COLUMNS,
    graphs_against_null,
    measure_network,
    preferred_orientations,
    with_network,
)
from ketacortex.analyse.network_values import (
    FEW,
    GAINED,
    MATCHED,
    NETWORK_MEASURES,
    TURNOVER_MEASURES,
)
from ketacortex.analyse.pair_tests import NULL_NAMES
from ketacortex.analyse.population import json_rows
from ketacortex.analyse.session import PAIR_COLUMNS, VALUE_COLUMNS, measure_session

GROUP = np.repeat(np.arange(5), 4)
STOP_S = 120.0
TWO = (("first", 0.0, 60.0), ("second", 60.0, 120.0))
PAIR_MEASURES = (*NETWORK_MEASURES, *TURNOVER_MEASURES, GAINED)


def trains(seed=0):
    rng = np.random.default_rng(seed)
    return common_input(rng, GROUP, STOP_S, heard=0.25, own_hz=4.0)


def gratings(n_trials=120, epochs=("first", "second")):
    onset_s = np.arange(n_trials, dtype=float)
    return pd.DataFrame(
        {
            "onset_s": onset_s,
            "offset_s": onset_s + 0.75,
            "orientation_deg": np.resize([0.0, 45.0, 90.0, 135.0], n_trials),
            "epoch": np.repeat(list(epochs), n_trials // len(epochs)),
        }
    )


def silenced_in_second():
    trains_s = trains()
    trains_s[3] = trains_s[3][trains_s[3] < 60.0]
    return recording_of_trains(trains_s, STOP_S, epochs=TWO)


def crowded():
    rng = np.random.default_rng(1)
    trains_s = [np.sort(rng.random(50_000)), np.sort(rng.random(50_000)), np.zeros(0)]
    return recording_of_trains(trains_s, 1.0, epochs=(("first", 0.0, 0.5), ("second", 0.5, 1.0)))


def some(trains_s, stop_s=STOP_S, **about):
    return recording_of_trains(trains_s, stop_s, **about)


RECORDINGS = {
    "one epoch": lambda: some(trains()),
    "two epochs": lambda: some(trains(), epochs=TWO),
    "gratings": lambda: some(trains(), epochs=TWO, trials=gratings()),
    "gratings in one epoch": lambda: some(
        trains(), epochs=TWO, trials=gratings(60, epochs=("first",))
    ),
    "blanks before gratings": lambda: some(
        trains(),
        epochs=TWO,
        trials=gratings().assign(
            orientation_deg=[*[np.nan] * 60, *np.resize([0.0, 45.0, 90.0, 135.0], 60)]
        ),
    ),
    "silent in one epoch": silenced_in_second,
    "silent": lambda: some([np.zeros(0)] * 6, epochs=TWO),
    "silent with gratings": lambda: some([np.zeros(0)] * 6, epochs=TWO, trials=gratings()),
    "one unit": lambda: some(trains()[:1], epochs=TWO, trials=gratings()),
    "no unit": lambda: some([], epochs=TWO, trials=gratings()),
    "duplicated units": lambda: some([trains()[0]] * 6, epochs=TWO),
    "shorter than a window": lambda: some([[0.001], [0.002], [0.003]], 0.01),
    "two epochs shorter than a window": lambda: some(
        [[0.001], [0.006]], 0.01, epochs=(("first", 0.0, 0.005), ("second", 0.005, 0.01))
    ),
    "100000 spikes in a second": crowded,
}
FOUND = {}


def values_of(network):
    return network.values  # noqa: PD011


def found(name):
    if name not in FOUND:
        recording = RECORDINGS[name]()
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            FOUND[name] = recording, measure_network(recording, threads=1)
    return FOUND[name]


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_measure_has_a_value_or_a_reason(name):
    _, network = found(name)
    epochs = list(network.networks)
    suffixes = ("", MATCHED) if len(epochs) > 1 else ("",)
    expected = {
        (measure + suffix, epoch)
        for measure in NETWORK_MEASURES
        for suffix in suffixes
        for epoch in epochs
    }
    values = set(zip(values_of(network)["measure"], values_of(network)["epoch"], strict=True))
    of_one = {(e["measure"], e["epoch"]) for e in network.not_computed if e["reference"] is None}
    assert values | of_one == expected
    assert not values & of_one
    pairs = set(network.pairs["measure"])
    of_two = {e["measure"] for e in network.not_computed if e["reference"] is not None}
    assert pairs | of_two == {m + suffix for m in PAIR_MEASURES for suffix in ("", MATCHED)}
    assert not pairs & of_two
    assert all(entry["reason"].endswith(".") for entry in network.not_computed)
    assert list(values_of(network)) == VALUE_COLUMNS
    assert list(network.pairs) == PAIR_COLUMNS
    assert list(network.epochs) == EPOCH_COLUMNS
    assert np.isfinite(values_of(network)["value"].to_numpy(float)).all()
    assert np.isfinite(network.pairs["after"].to_numpy(float)).all()


@pytest.mark.parametrize("name", RECORDINGS)
def test_tables_are_ready_for_json_and_the_graph_has_a_row_a_measure(name):
    recording, network = found(name)
    graph = graphs_against_null(recording, network, n_nulls=2, n_other_nulls=1)
    assert len(graph) == 16 * len(network.networks) * graph["null"].nunique()
    for table in (network.epochs, network.links, values_of(network), network.pairs, graph):
        json.dumps(json_rows(table), allow_nan=False)


def test_epochs_tell_what_was_there_and_what_was_asked():
    recording, network = found("two epochs")
    for row in network.epochs.to_dict("records"):
        of_epoch = network.networks[row["epoch"]]
        start_s = 0.0 if row["epoch"] == "first" else 60.0
        assert row["n_units"] == 20
        assert row["duration_s"] == pytest.approx(60.0)
        counts = recording.spike_counts(np.array([start_s]), np.array([start_s + 60.0]))
        assert row["n_spikes"] == counts.sum()
        assert (row["n_pairs"], row["n_asked"]) == (190, of_epoch.tests.is_asked.sum())
        assert row["n_links"] == (network.links["epoch"] == row["epoch"]).sum()
        assert row["n_false_expected"] == pytest.approx(0.05 * row["n_links"])
        assert row["null"] == NULL_NAMES["interval"]


def test_links_are_of_the_planted_groups():
    _, network = found("two epochs")
    same = GROUP[network.links["pre"].astype(int)] == GROUP[network.links["post"].astype(int)]
    assert len(same) > 40
    assert same.mean() > 0.9


def test_repeated_gratings_are_asked_with_what_is_locked_to_them():
    _, network = found("gratings")
    assert set(network.epochs["null"]) == {NULL_NAMES["stimulus"]}
    assert network.epochs["duration_s"].tolist() == pytest.approx([45.0, 45.0])


def test_a_single_epoch_has_no_changes_and_says_so():
    _, network = found("one epoch")
    assert network.matched == {}
    assert network.pairs.empty
    reasons = {e["reason"] for e in network.not_computed if e["reference"] is not None}
    assert reasons == {"a change needs two epochs and there is only 'all'."}


def test_pairs_hold_the_values_of_both_epochs():
    _, network = found("two epochs")
    value = values_of(network).set_index(["measure", "epoch"])["value"]
    rows = network.pairs.set_index("measure")
    for measure in ("link_share", "zero_lag_synchrony", "link_share" + MATCHED):
        row = rows.loc[measure]
        assert (row["before"], row["after"]) == (value[measure, "first"], value[measure, "second"])
        assert (row["reference"], row["epoch"], row["n_units"]) == ("first", "second", 20)
    assert np.isnan(rows.loc["links_lost_share", "before"].astype(float))
    assert rows.loc["links_lost_share", "after"] < 0.5


def test_a_unit_that_is_silent_in_one_epoch_is_so_in_both_at_equal_rates():
    _, network = found("silent in one epoch")
    for of_epoch in network.matched.values():
        assert of_epoch.stream.n_spikes[3] == 0
    asked = network.networks["first"].tests.is_asked.sum()
    assert asked - network.networks["second"].tests.is_asked.sum() == 19
    assert not np.isin(
        3, network.networks["second"].tests.first[network.networks["second"].is_linked]
    )


def test_duplicated_units_are_all_in_synchrony():
    _, network = found("duplicated units")
    assert set(network.links["kind"]) == {"synchrony"}
    assert len(network.links) == 2 * 15
    value = values_of(network).set_index("measure")["value"]
    assert set(value["link_share"]) == {1.0}
    assert value["link_strength"].tolist() == pytest.approx([1.0, 1.0], abs=0.05)


def test_silence_is_too_few_pairs():
    _, network = found("silent")
    of_epoch = [e for e in network.not_computed if e["reference"] is None]
    assert {e["reason"].partition(": ")[2] for e in of_epoch} == {f"{FEW}."}


def test_gratings_in_one_epoch_have_nothing_to_be_made_equal_to():
    _, network = found("gratings in one epoch")
    assert [of.stream.duration_s for of in network.matched.values()] == [0.0, 0.0]
    assert not network.pairs["measure"].str.endswith(MATCHED).any()


def test_threads_change_nothing():
    recording, one = found("gratings")
    two = measure_network(recording, threads=2)
    for field in fields(one):
        first, second = getattr(one, field.name), getattr(two, field.name)
        if isinstance(first, pd.DataFrame):
            pd.testing.assert_frame_equal(first, second)
    assert one.not_computed == two.not_computed


def test_classes_are_populations():
    classes = pd.DataFrame({"cell_class": np.where(np.arange(20) < 12, "pyr", "pv")})
    network = measure_network(some(trains(), epochs=TWO, units=classes), threads=1)
    share = values_of(network).set_index(["measure", "epoch", "population"])["value"]["link_share"]
    tests = network.networks["first"].tests
    is_pyr = (tests.first < 12) & (tests.second < 12)
    linked = network.networks["first"].is_linked
    assert share["first", "pyr"] == pytest.approx(linked[is_pyr].mean())
    assert share["first", "all"] == pytest.approx(linked.mean())
    assert set(values_of(network)["population"]) == {"pyr", "pv", "all"}


def test_preferences_are_of_the_first_epoch_with_gratings():
    preferred_deg = np.linspace(0.0, 180.0, 8, endpoint=False)
    apart = np.deg2rad(2.0 * (np.arange(12) * 15.0 - preferred_deg[:, None]))
    rates_hz = 1.0 + 20.0 * np.exp(3.0 * (np.cos(apart) - 1.0))
    recording = session_of([rates_hz, rates_hz], np.random.default_rng(2), n_repeats=12)
    found_deg = preferred_orientations(recording)
    np.testing.assert_allclose((found_deg - preferred_deg + 90.0) % 180.0 - 90.0, 0.0, atol=10.0)
    blank_first = recording.trials.copy()
    blank_first.loc[blank_first["epoch"] == "control", "orientation_deg"] = np.nan
    later = preferred_orientations(type(recording)(**{**vars(recording), "trials": blank_first}))
    np.testing.assert_allclose((later - preferred_deg + 90.0) % 180.0 - 90.0, 0.0, atol=10.0)
    assert np.isnan(preferred_orientations(some(trains()))).all()


def test_findings_of_cells_and_of_the_network_are_put_together():
    recording, network = found("gratings")
    cells = measure_session(recording)
    both = with_network(cells, network)
    assert len(values_of(both)) == len(values_of(cells)) + len(values_of(network))
    assert len(both.pairs) == len(cells.pairs) + len(network.pairs)
    assert both.not_computed == [*cells.not_computed, *network.not_computed]
    assert both.units is cells.units


def test_epochs_with_other_numbers_of_repetitions_are_held_against_one_null():
    """A change of null would pass for a change of links."""
    shown = gratings().drop(index=range(70, 120))
    network = measure_network(some(trains(), epochs=TWO, trials=shown), threads=1)
    assert set(network.epochs["null"]) == {NULL_NAMES["interval"]}
    assert set(found("gratings")[1].epochs["null"]) == {NULL_NAMES["stimulus"]}
