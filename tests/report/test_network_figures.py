"""The section on the network: only where it was measured, and what its figures hold."""

import io
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ketacortex.analyse.network import measure_network, with_network
from ketacortex.analyse.population import compare_animals
from ketacortex.analyse.session import measure_session
from ketacortex.report import network_map
from ketacortex.report.network_change_figures import (
    draw_network_changes,
    draw_turnover,
    links_by_tuning,
)
from ketacortex.report.network_example import NO_NETWORK, ends_of_arms, example_networks
from ketacortex.report.network_figures import draw_correlograms, draw_matrices, example_pairs
from ketacortex.report.network_map import draw_maps, strongest_links
from ketacortex.report.page import report_recordings
from ketacortex.report.tables import material_of_recordings
from ketacortex.units import orientation_distance_deg

from .synthetic_recordings import SAMPLE_RATE_HZ, recording_of

N_UNITS = 30
TOGETHER, DELAYED = (0, 1), (2, 3)
DELAY_MS = 3


def coupled(animal, seed):
    """Thirty units; unit 1 fires with unit 0, unit 3 after unit 2, the first ten in common."""
    classes = ("pyr",) * 24 + ("pv",) * 6
    recording = recording_of(animal, classes=classes, n_silent=0, n_repeats=12, seed=seed)
    rng = np.random.default_rng(seed)
    trains = [recording.spike_samples[slice(*recording.spike_index[i : i + 2])] for i in range(30)]
    common = np.concatenate(trains[:10])
    added = [
        rng.choice(common, 400, replace=False) + rng.integers(-5, 6, 400) if i < 10 else []
        for i in range(N_UNITS)
    ]
    added[TOGETHER[1]] = trains[TOGETHER[0]]
    added[DELAYED[1]] = trains[DELAYED[0]] + DELAY_MS * int(SAMPLE_RATE_HZ / 1e3)
    both = [np.unique(np.append(t, a).astype(np.int64)) for t, a in zip(trains, added, strict=True)]
    places_um = rng.uniform(0.0, 1000.0, (N_UNITS, 2))
    return replace(
        recording,
        spike_samples=np.concatenate(both),
        spike_index=np.cumsum([0, *map(len, both)]),
        units=recording.units.assign(x_um=places_um[:, 0], y_um=places_um[:, 1]),
    )


def measured(arm, recording):
    return arm, with_network(measure_session(recording), measure_network(recording, threads=1))


@pytest.fixture(scope="module")
def recordings():
    return [coupled(f"animal-{i}", i) for i in range(2)]


@pytest.fixture(scope="module")
def sessions(recordings):
    return [measured("recording", recording) for recording in recordings]


@pytest.fixture(scope="module")
def material(recordings, sessions):
    compared = compare_animals(sessions)
    return material_of_recordings(["a.nwb", "b.nwb"], recordings, sessions, compared, {}, "")


@pytest.fixture(scope="module")
def networks(material):
    return example_networks(material)


def numbers_of(figure):
    return pd.read_csv(io.StringIO(figure.csv))


def test_a_page_without_network_rows_says_how_to_get_them():
    recording = recording_of()
    sessions = [("recording", measure_session(recording))]
    page = report_recordings(["a.nwb"], [recording], sessions, compare_animals(sessions))
    assert NO_NETWORK in page
    assert "link-turnover.csv" not in page
    assert "interval jitter" not in page


def test_a_page_with_a_network_shows_its_six_figures_with_their_method(recordings, sessions):
    compared = compare_animals(sessions)
    page = report_recordings(["a.nwb", "b.nwb"], recordings, sessions, compared)
    section = re.search(r'<section id="network">.*?</section>', page, flags=re.DOTALL).group()
    shown = re.findall(r'download="([^"]*).csv"', section)
    assert shown == [
        "network-change", "link-turnover", "link-tuning", "correlograms", "link-matrix", "link-map",
    ]  # fmt: skip
    assert NO_NETWORK not in page
    assert "interval jitter" in page
    assert "10.1152/jn.00633.2011" in page
    assert "share of pairs linked, rate-matched" in page
    identifiers = re.findall(r' id="([^"]*)"', page)
    assert len(identifiers) == len(set(identifiers))


def test_example_pairs_are_the_planted_ones(networks):
    pairs = example_pairs(networks[0].network.tests)
    assert pairs["synchrony"] == TOGETHER
    assert pairs["delayed"] == DELAYED
    in_common = {0, 2, *range(4, 10)}
    assert not set(pairs["no link"]) <= in_common
    assert pairs["no link"] not in (TOGETHER, DELAYED)


def test_the_correlogram_of_a_delayed_pair_leaves_its_band_at_its_delay(material, networks):
    table = numbers_of(draw_correlograms(material, networks))
    for epoch in material.epochs:
        delayed = table[(table["pair"] == "delayed") & (table["epoch"] == epoch)]
        outside = delayed[delayed["count"] > delayed["high"]]
        assert DELAY_MS in outside["lag_ms"].tolist()
        assert outside["lag_ms"].between(DELAY_MS - 1, DELAY_MS + 1).all()
        quiet = table[(table["pair"] == "no link") & (table["epoch"] == epoch)]
        assert (quiet["lag_ms"].min(), quiet["lag_ms"].max()) == (-50, 50)


def test_modules_hold_the_units_that_fire_in_common(material, networks):
    table = numbers_of(draw_matrices(material, networks))
    first = table[table["epoch"] == material.epochs[0]]
    common = first["module"].to_numpy()[4:10]
    assert len(set(common)) == 1
    assert first["n_linked_units"].to_numpy()[:10].min() >= 5


def test_no_more_links_are_drawn_than_the_cap_and_each_pair_once(material, networks, monkeypatch):
    monkeypatch.setattr(network_map, "MOST_LINKS", 12)
    figure = draw_maps(material, networks)
    table = numbers_of(figure)
    assert len(table) == 12
    assert table.groupby("epoch").size().tolist() == [6, 6]
    lines = re.findall(
        r'<path d="M [\d.]+ [\d.]+ ?\nL [\d.]+ [\d.]+ ?\n"[^>]*stroke-opacity', figure.svg
    )
    assert len(lines) == 12


def test_the_strongest_links_are_those_of_a_sort():
    rng = np.random.default_rng(0)
    weight = rng.random((40, 40)) * (rng.random((40, 40)) < 0.3)
    np.fill_diagonal(weight, 0.0)
    found = strongest_links(weight, 50)
    every = {
        (i, j): max(weight[i, j], weight[j, i])
        for i in range(40)
        for j in range(i)
        if weight[i, j] or weight[j, i]
    }
    assert found["strength"].tolist() == sorted(every.values(), reverse=True)[:50]
    assert len({frozenset(p) for p in found[["pre", "post"]].itertuples(index=False)}) == 50
    assert (weight[found["pre"], found["post"]] == found["strength"]).all()


def test_no_map_without_places(material, networks):
    bare = [
        replace(n, recording=replace(n.recording, units=n.recording.units[["cell_class"]]))
        for n in networks
    ]
    assert "places of the units in the cortex are not known" in draw_maps(material, bare)


def test_links_by_tuning_count_every_tuned_pair_once(networks):
    network = networks[0]
    table = links_by_tuning(network)
    n_pairs, n_links = np.zeros((2, 6), int)
    tests = network.network.tests
    for k, (i, j) in enumerate(zip(tests.first, tests.second, strict=True)):
        apart_deg = orientation_distance_deg(network.preferred_deg[i], network.preferred_deg[j])
        if tests.is_asked[k] and np.isfinite(apart_deg):
            place = min(int(apart_deg // 15.0), 5)
            n_pairs[place] += 1
            n_links[place] += network.network.is_linked[k]
    assert n_pairs.sum() > 100
    assert table["n_pairs"].tolist() == n_pairs.tolist()
    assert table["n_links"].tolist() == n_links.tolist()


def test_the_changes_shown_are_those_of_the_tables(material):
    pairs = material.pairs[material.pairs["population"] == "pyr"]
    turnover = numbers_of(draw_turnover(material))
    wanted = pairs[pairs["measure"] == "links_lost_share"]["after"].tolist()
    found = turnover[turnover["measure"] == "links_lost_share"]["share"].tolist()
    assert found == pytest.approx(wanted, rel=1e-3)
    changes = numbers_of(draw_network_changes(material))
    matched = changes[changes["measure"] == "link_share_rate_matched"]
    rows = pairs[pairs["measure"] == "link_share_rate_matched"]
    wanted = (rows["after"] - rows["before"]).tolist()
    assert matched["change"].tolist() == pytest.approx(wanted, rel=1e-3)
    assert len(matched) == 2


def test_a_first_epoch_that_arms_share_is_shown_once(networks):
    other = [replace(n, arm="other") for n in networks]
    moved = [replace(n, arm="third", recording=coupled("animal-0", 9)) for n in networks]
    renamed = moved[0].recording.units.rename(index=lambda name: f"x{name}")
    strange = [replace(n, recording=replace(n.recording, units=renamed)) for n in moved]
    assert len(ends_of_arms(networks)) == 2
    assert len(ends_of_arms(networks + other)) == 2
    assert len(ends_of_arms(networks + strange)) == 2


def test_an_example_that_cannot_be_read_or_has_no_links_gives_a_reason(material, networks):
    assert "cannot be read" in draw_correlograms(material, [])
    assert "cannot be read" in draw_maps(material, [])
    silent = [
        replace(n, network=replace(n.network, tests=replace(n.network.tests, q_value=np.ones(435))))
        for n in networks
    ]
    assert "no pair" in draw_matrices(material, silent)
