"""`ketacortex analyse --only network`: what it prints, also without trials, and what it refuses."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from benchmarks.planted.networks import common_input, recording_of_trains
from commands import SMALL, ketacortex

from ketacortex import verbs
from ketacortex.analyse.network_values import MATCHED, NETWORK_MEASURES
from ketacortex.analyse.pair_tests import NULL_NAMES
from ketacortex.errors import ConfigurationError, DataError
from ketacortex.recording.nwb import write_nwb
from ketacortex.recording.recording import Subject

GROUP = np.repeat(np.arange(5), 4)
ANSWER_KEYS = {
    "network", "links", "graph", "populations", "changes", "comparisons", "not_computed",
}  # fmt: skip
LINK_KEYS = {
    "epoch", "pre", "post", "kind", "lag_ms", "strength", "transmission_probability", "observed",
    "expected", "ratio", "p", "q", "one_way_p", "null",
}  # fmt: skip
GRAPH_KEYS = {
    "epoch", "measure", "value", "null_mean", "null_low", "null_high", "z", "p_value", "ratio",
    "null", "n_nulls",
}  # fmt: skip
CHANGE_KEYS = {"measure", "epoch", "reference", "population", "before", "after", "n_units"}
KINDS = {"excitatory", "inhibitory", "synchrony", "avoidance"}


def coupled(*, epochs=(), trials=None, animal="animal", seed=0):
    rng = np.random.default_rng(seed)
    trains_s = common_input(rng, GROUP, 120.0, heard=0.25, own_hz=4.0)
    one = recording_of_trains(trains_s, 120.0, epochs=epochs, trials=trials)
    names = [f"u{unit}" for unit in range(len(GROUP))]
    units = one.units.set_axis(names, axis=0)
    return replace(one, units=units, subject=Subject(identifier=animal))


def gratings():
    onset_s = np.arange(120.0)
    return pd.DataFrame(
        {
            "onset_s": onset_s,
            "offset_s": onset_s + 0.75,
            "orientation_deg": np.resize([0.0, 45.0, 90.0, 135.0], 120),
            "epoch": np.repeat(["control", "late"], 60),
        }
    )


TWO = (("control", 0.0, 60.0), ("late", 60.0, 120.0))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    return {
        "without trials": write_nwb(coupled(), folder / "dark.nwb"),
        "two epochs": write_nwb(coupled(epochs=TWO, trials=gratings()), folder / "two.nwb"),
    }


def answer_of(*arguments):
    answer = ketacortex("analyse", *arguments, "--json")
    assert answer.returncode == 0, answer.stderr
    (line,) = answer.stdout.strip().splitlines()
    return json.loads(line)


@pytest.fixture(scope="module")
def of_two_epochs(files):
    return answer_of(files["two epochs"], "--only", "network")


def test_links_say_who_whom_when_how_strong_how_sure_and_by_which_null(of_two_epochs):
    assert set(of_two_epochs) == ANSWER_KEYS
    links = of_two_epochs["links"]
    assert len(links) > 20
    for link in links:
        assert set(link) == LINK_KEYS
        assert link["epoch"] in ("control", "late")
        assert link["pre"] != link["post"]
        assert {link["pre"], link["post"]} <= {f"u{unit}" for unit in range(20)}
        assert link["kind"] in KINDS
        assert -5.0 <= link["lag_ms"] <= 5.0
        assert 0.0 <= link["p"] <= link["q"] <= 0.05
        assert link["null"] == NULL_NAMES["stimulus"]
    same = [GROUP[int(x["pre"][1:])] == GROUP[int(x["post"][1:])] for x in links]
    assert np.mean(same) > 0.9


def test_every_measure_of_the_graph_stands_beside_its_null(of_two_epochs):
    graph = of_two_epochs["graph"]
    assert {row["epoch"] for row in graph} == {"control", "late"}
    assert all(set(row) == GRAPH_KEYS for row in graph)
    assert {"degree_preserving", "weight_shuffled"} <= {row["null"] for row in graph}
    rows = {
        row["measure"]: row
        for row in graph
        if row["epoch"] == "control" and row["null"] == "degree_preserving"
    }
    assert rows["modularity"]["n_nulls"] == 100
    assert rows["modularity"]["value"] > rows["modularity"]["null_high"]
    assert rows["modularity"]["p_value"] < 0.05
    # The degrees are kept, so that nothing that follows from them alone differs.
    assert rows["density"]["value"] == pytest.approx(rows["density"]["null_mean"])


def test_changes_are_given_as_recorded_and_at_equal_rates(of_two_epochs):
    changes = of_two_epochs["changes"]
    assert all(set(row) == CHANGE_KEYS for row in changes)
    measures = {row["measure"] for row in changes}
    assert {"link_share", "link_share" + MATCHED, "links_lost_share"} <= measures
    assert {(row["reference"], row["epoch"]) for row in changes} == {("control", "late")}
    missing = {entry["measure"] for entry in of_two_epochs["not_computed"]}
    assert measures | missing >= {m + s for m in NETWORK_MEASURES for s in ("", MATCHED)}
    assert all(entry["reason"] for entry in of_two_epochs["not_computed"])


def test_a_file_without_trials_has_a_network_and_no_cells(files):
    found = answer_of(files["without trials"], "--only", "network")
    (epoch,) = found["network"]
    assert epoch["epoch"] == "all"
    assert epoch["duration_s"] == pytest.approx(120.0, abs=0.1)
    assert epoch["null"] == NULL_NAMES["interval"]
    assert len(found["links"]) == epoch["n_links"] > 10
    assert found["changes"] == found["comparisons"] == []
    assert "there is only 'all'" in found["not_computed"][-1]["reason"]
    with pytest.raises(DataError, match=r"dark\.nwb"):
        verbs.analyse([files["without trials"]], only=["cells", "network"])


def test_cells_and_network_together_are_both(files, of_two_epochs):
    found = verbs.analyse([files["two epochs"]], only=["cells", "network"])
    assert set(found) == ANSWER_KEYS | {"units"}
    for key in ("network", "links", "graph", "changes"):
        assert found[key] == of_two_epochs[key]
    measures = {row["measure"] for row in found["populations"]}
    assert {"link_share", "evoked_rate_hz"} <= measures


@pytest.mark.slow
def test_people_read_epochs_links_and_graph_and_tables_are_written_where_asked(files, tmp_path):
    out = tmp_path / "out"
    answer = ketacortex("analyse", files["two epochs"], "--only", "network", "--out", out)
    assert answer.returncode == 0, answer.stderr
    for words in ("surest links", "synchrony", "modularity", "by chance", NULL_NAMES["stimulus"]):
        assert words in answer.stdout

    names = {path.name for path in (out / "findings").iterdir()}
    tables = ("links", "graph", "populations", "changes")
    assert names == {"network.csv"} | {f"network_{name}.csv" for name in tables}
    assert len(pd.read_csv(out / "findings" / "network_links.csv")) > 20


def test_a_part_that_is_none_is_refused(files):
    answer = ketacortex("analyse", files["two epochs"], "--only", "netwrk", "--json")
    assert answer.returncode == 2
    assert '"netwrk" is no part of the analysis. Name one or more of' in answer.stderr
    assert "cells, network" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""
    with pytest.raises(ConfigurationError, match="nothing is no part of the analysis"):
        verbs.analyse([files["two epochs"]], only=[])


@pytest.fixture(scope="module")
def of_a_run(tmp_path_factory):
    """Three animals in two arms; common input comes up in one of them."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "experiment.toml").write_text('extends = "topical-v1"\n')
    for number, (arm, heard) in itertools.product(range(3), (("drug", 0.35), ("retest", 0.2))):
        rng = np.random.default_rng([number, arm == "drug"])
        before = common_input(rng, GROUP, 60.0, heard=0.2, own_hz=4.0)
        after = common_input(rng, GROUP, 120.0, start_s=60.0, heard=heard, own_hz=6.0 - 10 * heard)
        trains_s = [np.concatenate(pair) for pair in zip(before, after, strict=True)]
        subject = Subject(identifier=f"animal-{number}")
        place = folder / "animals" / subject.identifier / arm
        place.mkdir(parents=True)
        recording = recording_of_trains(trains_s, 120.0, epochs=TWO, subject=subject)
        write_nwb(recording, place / "recording.nwb")
    return json.loads(json.dumps(verbs.analyse([folder], only=["network"]), allow_nan=False))


@pytest.mark.slow
def test_a_run_of_two_arms_compares_their_networks_and_makes_the_claim(of_a_run):
    marks = {(row["animal"], row["arm"]) for row in of_a_run["network"]}
    assert len(marks) == 6
    by_arm = {
        row["arm"]: row
        for row in of_a_run["comparisons"]
        if row["measure"] == "zero_lag_synchrony" + MATCHED and row["epoch"] == "late"
    }
    assert set(by_arm) == {"drug", "retest", "drug_minus_retest"}
    claim = by_arm["drug_minus_retest"]
    assert claim["n_animals"] == 3
    assert claim["change"] == pytest.approx(by_arm["drug"]["change"] - by_arm["retest"]["change"])
    assert 0.0 < claim["ci_low"] < claim["change"] < claim["ci_high"]
    assert abs(by_arm["retest"]["change"]) < 0.1 * claim["change"]


@pytest.mark.slow
def test_tables_of_a_run_say_whose_they_are(of_a_run):
    for name in ("network", "links", "graph", "populations", "changes"):
        assert {(row["animal"], row["arm"]) for row in of_a_run[name]} <= {
            (f"animal-{number}", arm) for number in range(3) for arm in ("drug", "retest")
        }
    with_links = {(row["animal"], row["arm"]) for row in of_a_run["links"]}
    assert len(with_links) == 6


@pytest.mark.slow
def test_a_run_that_measures_its_network_has_the_same_effects_as_its_analysis(tmp_path):
    folder = tmp_path / "run"
    answer = ketacortex(
        "run", "--out", folder, "--seed", 1, "--animals", 2, "--workers", 2, "--json", *SMALL,
        "--set", "analysis.network=true",
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    key = ("measure", "arm", "epoch", "population")
    of_run, of_analysis = (
        {tuple(row[k] for k in key): row["change"] for row in rows}
        for rows in (
            json.loads(answer.stdout)["effects"],
            answer_of(folder, "--only", "network")["comparisons"],
        )
    )
    assert ("zero_lag_synchrony", "drug_minus_retest", "late", "all") in of_analysis
    assert {k: of_run[k] for k in of_analysis} == pytest.approx(of_analysis)
