"""The command line as a user meets it: contract, exit codes, sentences, interruption."""

import json
import re
import sys
import warnings

import numpy as np
import pytest
from commands import SMALL, assert_same_spikes, ketacortex

from ketacortex import verbs
from ketacortex.analyse.network_values import measures_of_networks
from ketacortex.analyse.population import WITHOUT_BEFORE
from ketacortex.cli import main
from ketacortex.recording.nwb import read_nwb, write_nwb

WITH_NETWORK = [*SMALL, "--set", "analysis.network=true"]
EFFECT_KEYS = {
    "measure", "arm", "epoch", "population", "before", "after", "change", "ci_low", "ci_high",
    "p_value", "n_animals", "n_units", "ratio", "ratio_ci_low", "ratio_ci_high",
}  # fmt: skip
MEASURES = {
    "preferred_orientation_shift_abs_deg", "preferred_orientation_shift_excess_deg", "osi", "gosi",
    "osi_rate_matched", "gosi_rate_matched", "fano_factor", "fano_factor_rate_matched",
    "evoked_rate_hz", "spontaneous_rate_hz", "noise_correlation",
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished small run and what its command printed."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    answer = ketacortex(
        "run", "--out", folder, "--seed", 1, "--animals", 2, "--workers", 2, "--json",
        *WITH_NETWORK,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    return folder, answer


def test_run_prints_one_line_with_every_key(run):
    _, answer = run
    (line,) = answer.stdout.strip().splitlines()
    found = json.loads(line)
    assert set(found) == {"effects", "not_computed", "wall_s", "peak_rss_mb"}
    assert all(set(row) == EFFECT_KEYS for row in found["effects"])
    computed = {row["measure"] for row in found["effects"]}
    assert computed | {entry["measure"] for entry in found["not_computed"]} == (
        MEASURES | set(measures_of_networks())
    )
    assert len(computed) >= 8
    assert {row["population"] for row in found["effects"]} >= {"pyr", "pv", "sst"}
    assert {row["arm"] for row in found["effects"]} == {"drug", "retest", "drug_minus_retest"}
    assert {row["epoch"] for row in found["effects"]} == {"early", "late"}
    assert found["wall_s"] > 0
    assert 50 < found["peak_rss_mb"] < 1500


def test_every_row_is_consistent(run):
    for row in json.loads(run[1].stdout)["effects"]:
        assert row["ci_low"] <= row["change"] <= row["ci_high"]
        assert row["n_animals"] == 2
        if row["arm"] == "drug_minus_retest":
            continue
        if row["measure"] in WITHOUT_BEFORE:
            assert row["before"] is None
            assert row["change"] == row["after"]
        else:
            assert row["change"] == pytest.approx(row["after"] - row["before"], abs=1e-9)


def test_a_claim_is_what_the_arm_does_beyond_its_control_in_each_animal(run):
    rows = json.loads(run[1].stdout)["effects"]
    by_key = {(r["measure"], r["epoch"], r["population"], r["arm"]): r for r in rows}
    claims = {key[:3]: row for key, row in by_key.items() if key[3] == "drug_minus_retest"}
    assert {key[2] for key in claims} == {"pyr", "pv", "sst", "all"}
    for key, claim in claims.items():
        drug, retest = by_key[(*key, "drug")], by_key[(*key, "retest")]
        assert claim["change"] == pytest.approx(drug["change"] - retest["change"], abs=1e-9)
        if claim["ratio"] is not None:
            assert claim["ratio"] == pytest.approx(drug["ratio"] / retest["ratio"], rel=1e-9)
        assert claim["before"] == pytest.approx(retest["after"])
        assert claim["after"] == pytest.approx(drug["after"])


@pytest.mark.slow
def test_compare_holds_arms_of_a_run_against_each_other(run):
    folder, _ = run
    answer = ketacortex("compare", f"{folder}:retest", f"{folder}:drug", "--json")
    assert answer.returncode == 0, answer.stderr
    (line,) = answer.stdout.splitlines()
    found = json.loads(line)
    assert set(found) == {
        "sides", "comparisons", "comparisons_of_included", "initial_value", "inclusion", "units",
        "not_computed",
    }  # fmt: skip
    pairs = {(row["a"], row["b"]) for row in found["comparisons"]}
    epochs = ["control", "early", "late"]
    assert pairs == {(f"retest@{epoch}", f"drug@{epoch}") for epoch in epochs}
    # Before the dose both arms are the same animal to the bit.
    before = [row for row in found["comparisons"] if row["a"] == "retest@control"]
    assert {row["change"] for row in before if "shift" not in row["measure"]} == {0.0}
    assert {row["n_animals"] for row in found["comparisons"] if row["measure"] == "gosi"} == {2}
    for row in found["comparisons"]:
        assert 0 <= row["p_value"] <= row["q_value"] <= 1
        assert row["ci_low"] <= row["change"] <= row["ci_high"]
    in_words = ketacortex("compare", f"{folder}:retest@late", f"{folder}:drug@late").stdout
    assert "A = retest@late, B = drug@late" in in_words
    assert "over animals, each compared with itself" in in_words


def test_compare_of_two_epochs_of_a_file_is_its_analysis(run, tmp_path):
    file = run[0] / "animals" / "animal-001" / "drug" / "recording.nwb"
    out = tmp_path / "compared"
    answer = verbs.compare([f"{file}@control", f"{file}@late"], out=out)
    rows = {(r["measure"], r["population"]): r for r in answer["comparisons"]}
    analysed = {
        (r["measure"], r["population"]): r
        for r in verbs.analyse([file])["comparisons"]
        if r["epoch"] == "late"
    }
    for key in (("evoked_rate_hz", "pyr"), ("gosi", "pyr"), ("fano_factor", "sst")):
        assert rows[key]["change"] == pytest.approx(analysed[key]["change"])
    assert (out / "report.html").stat().st_size > 1e5
    assert (out / "findings" / "comparisons.csv").is_file()


@pytest.mark.parametrize(
    ("sides", "code", "sentence"),
    [
        (["{file}"], 2, "a comparison needs two sides and 1 is given"),
        (["{file}", "{file}"], 2, "nothing can differ. It holds recording@control"),
        (["{run}:drug@late", "{run}:drg@late"], 2, 'has no arm "drg"; there are drug, retest'),
        (
            ["{file}@early", "{file}@lte"],
            3,
            "no trial belongs to an epoch 'lte'; there are control",
        ),
        (["{file}@early", "{run}"], 2, "which belong together is not clear"),
        (["nowhere.nwb", "{file}"], 2, '"nowhere.nwb" does not exist'),
    ],
)
def test_compare_says_what_is_wrong_with_its_sides(run, sides, code, sentence):
    file = run[0] / "animals" / "animal-001" / "drug" / "recording.nwb"
    answer = ketacortex("compare", *(side.format(file=file, run=run[0]) for side in sides))
    assert answer.returncode == code, answer.stderr
    assert sentence in answer.stderr


def effects_of(*arguments, folder) -> dict[str, list[dict]]:
    answer = ketacortex(
        "run", "--out", folder, "--seed", 1, "--animals", 2, "--json", *WITH_NETWORK, *arguments
    )
    assert answer.returncode == 0, answer.stderr
    by_arm: dict[str, list[dict]] = {}
    for row in json.loads(answer.stdout)["effects"]:
        by_arm.setdefault(row["arm"], []).append({k: v for k, v in row.items() if k != "arm"})
    return by_arm


@pytest.mark.slow
def test_without_drug_in_the_paper_the_arm_is_the_re_test_exactly(run, tmp_path):
    found = effects_of(
        "--set", "dose.0.concentration_mg_per_ml=0", folder=tmp_path / "zero"
    )  # fmt: skip
    assert found["drug"] == found["retest"]
    assert {row["change"] for row in found["drug_minus_retest"]} == {0.0}
    rows = json.loads(run[1].stdout)["effects"]
    treated = [{k: v for k, v in r.items() if k != "arm"} for r in rows if r["arm"] == "drug"]
    assert found["drug"] != treated


@pytest.mark.slow
def test_the_arm_that_holds_the_dose_has_its_effect_whatever_it_is_called(run, tmp_path):
    found = effects_of(
        "--set", 'arms={drug = {}, retest = {doses = ["paper"]}}', folder=tmp_path / "swapped"
    )
    rows = json.loads(run[1].stdout)["effects"]
    for name, other in (("drug", "retest"), ("retest", "drug")):
        wanted = [{k: v for k, v in r.items() if k != "arm"} for r in rows if r["arm"] == other]
        assert found[name] == wanted
    changes = {
        arm: [r["change"] for r in rows if r["arm"] == arm] for arm in ("drug_minus_retest",)
    }
    assert [row["change"] for row in found["drug_minus_retest"]] == pytest.approx(
        [-change for change in changes["drug_minus_retest"]], abs=1e-12
    )


def test_show_dose_prints_a_preset_and_draws_it(tmp_path):
    answer = ketacortex(
        "show", "dose", "human-infusion", "--until-s", 3600, *SMALL[:6], "--json", cwd=tmp_path
    )
    assert answer.returncode == 0, answer.stderr
    (line,) = answer.stdout.splitlines()
    found = json.loads(line)
    for key in ("plasma_total_ng_per_ml", "free_brain_micromolar"):
        assert len(found[key]) == len(found["time_s"]) > 50
    assert max(found["plasma_total_ng_per_ml"]) == pytest.approx(240, abs=2)
    assert list(tmp_path.iterdir()) == []
    drawn = ketacortex("show", "dose", "topical-v1", "--until-s", 1200, *SMALL[:6], cwd=tmp_path)
    assert drawn.returncode == 0, drawn.stderr
    assert (tmp_path / "dose-topical-v1.png").read_bytes()[:4] == b"\x89PNG"
    assert "surface transfer 0.00035" in drawn.stdout


def test_show_dose_of_a_file_with_a_mistake_says_what(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('extends = "human-infusion"\n[kinetics]\nspecies = "hamster"\n')
    answer = ketacortex("show", "dose", file)
    assert answer.returncode == 2
    assert 'kinetics.species is "hamster", of which no kinetics are known' in answer.stderr
    answer = ketacortex("show", "dose", "topical-v1", "--out", tmp_path / "dose.bmp")
    assert answer.returncode == 2
    assert "does not end in .png, .svg, .pdf" in answer.stderr


def test_show_parameter_gives_value_unit_range_source_and_grade():
    answer = ketacortex("show", "parameter", "tissue.washout", "--json")
    assert answer.returncode == 0, answer.stderr
    (row,) = json.loads(answer.stdout)
    assert (row["value"], row["unit"], row["grade"]) == (0.2, "1/min", "derived")
    assert (row["low"], row["high"]) == (0.12, 0.27)
    in_words = ketacortex("show", "parameter", "blocker.memantine").stdout
    assert "blocker.memantine.k_on = 4.3 1/(µM s)" in in_words
    unknown = ketacortex("show", "parameter", "tissue.washot")
    assert unknown.returncode == 2
    assert "Did you mean tissue.washout" in unknown.stderr


@pytest.mark.parametrize("name", ["s-ketamine", "r-ketamine", "norketamine", "memantine", "mk-801"])
def test_show_block_knows_every_blocker(name):
    rows = verbs.show_block(name)
    assert len(rows) == 32
    assert all(row["ic50_micromolar"] > 0 and row["onset_tau_s_popen_0p1"] > 0 for row in rows)


def test_show_block_prints_every_subunit_at_every_clamp():
    answer = ketacortex("show", "block", "--blocker", "ketamine", "--json")
    assert answer.returncode == 0, answer.stderr
    rows = json.loads(answer.stdout)
    keys = {"receptor", "voltage_mv", "magnesium_millimolar", "ic50_micromolar",
            "onset_tau_s_popen_0p01", "onset_tau_s_popen_0p1"}  # fmt: skip
    assert len(rows) == 32
    assert all(set(row) == keys for row in rows)
    in_words = ketacortex("show", "block").stdout
    assert "ketamine, 37 °C" in in_words
    assert len(in_words.splitlines()) == 35
    unknown = ketacortex("show", "block", "--blocker", "ketmine")
    assert unknown.returncode == 2
    assert 'Did you mean "ketamine"?' in unknown.stderr


def test_what_is_missing_is_listed_with_a_reason_and_not_in_the_rows(run):
    found = json.loads(run[1].stdout)
    assert all(entry["reason"] for entry in found["not_computed"])
    whole = {
        tuple(e[k] for k in ("measure", "arm", "epoch", "population"))
        for e in found["not_computed"]
        if not re.match(r"(before|ratio):", e["reason"])
    }  # fmt: skip
    assert not whole & {
        tuple(row[k] for k in ("measure", "arm", "epoch", "population")) for row in found["effects"]
    }


def test_progress_goes_to_stderr_with_a_sign_of_life(run):
    assert re.search(r"50%  \d+:\d\d left  cells fire at \d+\.\d Hz", run[1].stderr)


def test_the_run_folder_holds_everything(run):
    folder, _ = run
    for name in ("experiment.toml", "provenance.json", "report.html", "log.jsonl", "status.json",
                 "findings/effects.csv", "findings/units.csv", "findings/summary.json",
                 "animals/animal-001/retest/recording.nwb",
                 "animals/animal-001/drug/course.csv"):  # fmt: skip
        assert (folder / name).is_file(), name
    assert json.loads((folder / "status.json").read_text())["state"] == "done"
    assert not [path for path in folder.rglob("*") if path.name.startswith(".")]


def test_the_same_command_again_only_says_that_it_is_done(run):
    folder, first = run
    before = {f: f.stat().st_mtime_ns for f in folder.rglob("*")}
    again = ketacortex("run", "--out", folder, "--seed", 1, "--animals", 2, "--json", *WITH_NETWORK)
    assert again.returncode == 0
    assert "this run is done" in again.stderr
    assert again.stdout == first.stdout
    in_words = ketacortex("run", "--out", folder, "--seed", 1, "--animals", 2, *WITH_NETWORK)
    assert in_words.stdout.strip() == str(folder / "report.html")
    assert {f: f.stat().st_mtime_ns for f in folder.rglob("*")} == before


@pytest.mark.slow
def test_one_worker_and_a_fresh_cache_give_the_same_bits(run, tmp_path):
    answer = ketacortex(
        "run", "--out", tmp_path / "one", "--seed", 1, "--animals", 2, "--workers", 1,
        *WITH_NETWORK,
        environment={"NUMBA_CACHE_DIR": str(tmp_path / "cache")},
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert_same_spikes(run[0], tmp_path / "one")


def test_epochs_of_an_animal_differ_and_animals_differ(run):
    recordings = [read_nwb(f) for f in sorted(run[0].glob("animals/*/retest/recording.nwb"))]
    assert not np.array_equal(recordings[0].spike_samples, recordings[1].spike_samples)
    order = recordings[0].trials.groupby("epoch")["orientation_deg"].agg(list)
    assert order["control"] != order["early"] != order["late"]


def test_a_dry_run_says_what_it_would_cost_and_writes_nothing(tmp_path):
    answer = ketacortex("run", "--dry-run", "--json", "--workers", 2, cwd=tmp_path)
    cost = json.loads(answer.stdout)
    assert {"cells", "synapses", "simulated_s", "expected_wall_s", "expected_memory_mb",
            "expected_disk_mb"} <= set(cost)  # fmt: skip
    assert cost["cells"] == 320
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["run", "basline-v1"], 2, 'unknown preset "basline-v1". Did you mean "baseline-v1"?'),
        (["run", "none.toml"], 2, 'there is no file "none.toml"'),
        (["run", "--set", "stimulus.repeets=3"], 2,
         "preset topical-v1: stimulus.repeets is not a setting. Did you mean \"repeats\"?"),
        (["run", "--animals", "0"], 2, "animals is 0; input should be greater than or equal to 1"),
        (["run", "--out", "full"], 2, '"full" holds something else ("thesis.txt")'),
        (["run", "--out", "none", "--resume"], 2, 'there is no run in "none" to resume'),
        (["analyse", "none.nwb"], 2, "none.nwb"),
        (["inspect", "none.nwb"], 2, "none.nwb"),
        (["analyse", "full/thesis.txt"], 3, "thesis.txt"),
        (["analyse", "full"], 2, "there is nothing to analyse"),
        (["run", "--set", 'arms={"../../evil" = {}}'], 2, "should match pattern"),
        (["run", "--set", "arms={weak = {wiring = 1}}"], 2,
         "arms.weak.wiring is not a setting. Known: doses, set, without."),
        (["run", "--set", "dose.0.concentration_mg_per_ml=-1"], 2,
         "preset topical-v1: dose.0.concentration_mg_per_ml is -1; input should be greater than"),
        (["run", "--set", "dose.paper.salt=chloride"], 2, 'salt is "chloride", of which no molar'),
        (["run", "--set", "dose.paper.route=topicl"], 2,
         'dose.0.route is "topicl", which is not known. Did you mean "topical"? Known: held'),
        (["run", "--set", "dose.paper.start_s=9000"], 2,
         "dose.paper.start_s is 9000 s, outside the session"),
        (["run", "--set", "dose.paper.side_um=5000"], 2,
         "a paper larger than the cortex cannot lie on it"),
    ],
)  # fmt: skip
def test_a_mistake_gets_one_clear_sentence_and_its_exit_code(
    arguments, code, sentence, tmp_path, monkeypatch, capsys
):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("years of work")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ketacortex", *arguments])
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # the command has its own
    with pytest.raises(SystemExit) as stop:
        main()
    said = capsys.readouterr()
    assert stop.value.code == code, said.err
    assert sentence in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
    assert (tmp_path / "full" / "thesis.txt").read_text() == "years of work"
    assert [p.name for p in tmp_path.iterdir()] == ["full"]


def test_a_cortex_that_stays_silent_stops_the_run_with_its_own_exit_code(tmp_path):
    answer = ketacortex(
        "run", "baseline-v1", *SMALL, "--animals", "1", "--out", tmp_path / "run",
        "--set", "circuit.afferents.pyr_nanosiemens=0", "--set", "circuit.background.branch_hz=0",
    )  # fmt: skip
    assert answer.returncode == 4, answer.stderr
    assert "ketacortex: not one pyr cell" in answer.stderr
    assert "circuit.afferents.pyr_nanosiemens = 0.0 (preset 0.489)" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_analyse_prints_units_comparisons_and_what_is_missing(run):
    file = run[0] / "animals" / "animal-001" / "retest" / "recording.nwb"
    answer = ketacortex("analyse", file, "--json")
    assert answer.returncode == 0, answer.stderr
    (line,) = answer.stdout.strip().splitlines()
    found = json.loads(line)
    assert {"units", "comparisons", "not_computed"} <= set(found)
    keys = {"unit", "epoch", "mean_rate_hz", "preferred_orientation_deg", "osi", "gosi",
            "fano_factor"}  # fmt: skip
    assert all(set(row) == keys for row in found["units"])
    assert len(found["units"]) == 3 * 108
    assert {row["inference"] for row in found["comparisons"]} == {
        "trials of one animal: no inference beyond it",
        "units of one animal: no inference beyond it",
    }
    missing = {(e.get("unit"), e["epoch"], e["measure"]) for e in found["not_computed"]}
    for row in found["units"]:
        for key in keys - {"unit", "epoch", "mean_rate_hz"}:
            assert row[key] is not None or (row["unit"], row["epoch"], key) in missing


def test_a_run_and_its_folder_analysed_give_the_same_effects(run):
    answer = json.loads(ketacortex("analyse", run[0], "--json").stdout)
    key = ("measure", "arm", "epoch", "population")
    wanted, found = (
        {tuple(row[k] for k in key): row["change"] for row in rows}
        for rows in (json.loads(run[1].stdout)["effects"], answer["comparisons"])
    )
    assert found == pytest.approx(wanted)


@pytest.mark.slow
def test_analyse_writes_a_report_only_where_asked_and_into_nothing_else(run, tmp_path):
    file = run[0] / "animals" / "animal-001" / "retest" / "recording.nwb"
    assert ketacortex("analyse", file, "--out", tmp_path / "a").returncode == 0
    assert (tmp_path / "a" / "report.html").stat().st_size > 10_000
    assert (tmp_path / "a" / "findings" / "units.csv").is_file()
    again = ketacortex("analyse", file, "--out", tmp_path / "a")
    assert again.returncode == 2
    assert "is not an empty folder; nothing was changed" in again.stderr


def test_the_same_recording_twice_is_refused(run, tmp_path):
    file = run[0] / "animals" / "animal-001" / "retest" / "recording.nwb"
    copy = tmp_path / "copy.nwb"
    copy.write_bytes(file.read_bytes())
    answer = ketacortex("analyse", file, copy)
    assert answer.returncode == 3
    assert "hold the same recording; counted twice it would make every interval too narrow" in (
        answer.stderr
    )


def test_the_version_is_told():
    import ketacortex as package

    assert ketacortex("--version").stdout.strip() == package.__version__


def test_inspect_says_what_is_possible(run):
    file = run[0] / "animals" / "animal-001" / "retest" / "recording.nwb"
    found = json.loads(ketacortex("inspect", file, "--json").stdout)
    assert found["analyses"]
    assert all(entry["possible"] for entry in found["analyses"])
    assert "control" in ketacortex("inspect", file).stdout


def test_a_cut_off_recording_is_refused(run, tmp_path):
    file = run[0] / "animals" / "animal-001" / "retest" / "recording.nwb"
    cut = tmp_path / "cut.nwb"
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    answer = ketacortex("analyse", cut)
    assert answer.returncode == 3, answer.stderr
    assert "cut.nwb" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_recording_without_trials_can_be_inspected_but_not_analysed(run, tmp_path):
    import dataclasses

    recording = read_nwb(run[0] / "animals" / "animal-001" / "retest" / "recording.nwb")
    bare = dataclasses.replace(recording, trials=recording.trials.iloc[:0])
    write_nwb(bare, tmp_path / "bare.nwb")
    assert ketacortex("inspect", tmp_path / "bare.nwb").returncode == 0
    answer = ketacortex("analyse", tmp_path / "bare.nwb")
    assert answer.returncode == 3
    assert "bare.nwb: " in answer.stderr
    assert "trial" in answer.stderr
    assert "Traceback" not in answer.stderr
