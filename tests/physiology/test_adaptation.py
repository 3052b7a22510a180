"""Adaptation and training of the shipped days: what is told of them is what they give."""

import json
import re
from pathlib import Path

import pytest

from ketacortex.experiment.load import load_experiment
from ketacortex.experiment.run import run_experiment

ROOT = Path(__file__).parents[2]
KEPT = json.loads((ROOT / "benchmarks" / "adaptation.json").read_text(encoding="utf-8"))
PHENOMENA = {
    "adaptation": {"C1", "C2", "C3", "C5", "C6", "C7", "C8", "C9"},
    "adaptation-ketamine": {"C1", "D1"},
    "second-adaptation": {"C4"},
    "training-ketamine": {"D2"},
    "adaptation-serotonin": {"D3"},
}
RUNS = {*PHENOMENA, "adaptation-mouse"}
ARMS = {"drug", "sham", "retest", "drug_minus_sham"}


@pytest.mark.parametrize("preset", sorted(RUNS))
def test_every_phenomenon_is_measured_over_eight_animals_with_intervals(preset):
    run = KEPT[preset]
    assert run["animals"] >= 8
    assert run["seed"] == load_experiment(run["preset"]).seed
    rows = run["effects"]
    assert {row["phenomenon"] for row in rows} >= PHENOMENA[run["preset"]]
    for name in PHENOMENA[run["preset"]]:
        here = [row for row in rows if row["phenomenon"] == name]
        assert {row["arm"] for row in here} >= ARMS
        claim = next(row for row in here if row["arm"] == "drug_minus_sham")
        assert claim["ci_low"] <= claim["change"] <= claim["ci_high"]


def test_the_claim_of_the_interaction_comes_first_and_is_a_difference_of_slopes():
    rows = KEPT["adaptation-ketamine"]["effects"]
    of_claim = [r for r in rows if r["phenomenon"] == "D1" and r["arm"] == "drug_minus_sham"]
    assert [row["measure"] for row in of_claim[:1]] == ["recovery_slope"]
    assert {"recovery_large_deg", "recovery_small_deg"} <= {row["measure"] for row in of_claim}
    claim = of_claim[0]
    assert claim["change"] == pytest.approx(claim["after"] - claim["before"], abs=0.05)


WHERE = {
    "after": ("adaptation", "sham_minus_retest", "after_12_min"),
    "soon": ("adaptation", "sham_minus_retest", "after_2_min"),
    "mouse": ("adaptation-mouse", "sham_minus_retest", "after_12_min"),
    "again": ("second-adaptation", "sham_minus_retest", "adapted_again"),
    "drug": ("adaptation-ketamine", "drug_minus_sham", "later"),
    "trained": ("training-ketamine", "sham_minus_retest", "trained"),
    "both": ("training-ketamine", "drug_minus_sham", "trained"),
    "washed": ("training-ketamine", "sham_minus_retest", "washed_out"),
    "both washed": ("training-ketamine", "drug_minus_sham", "washed_out"),
    "serotonin": ("adaptation-serotonin", "drug_minus_sham", "later"),
    "drugs": ("adaptation-serotonin", "drug_minus_with_paper", "later"),
}
"""Run, arm and epoch."""
ROWS = {
    "C1 cells": ("after", "attraction_balance", 1),
    "C1 the same, mouse": ("mouse", "attraction_balance", 1),
    "C2 after 2 min": ("soon", "attraction_balance", 1),
    "C2 from 2": ("after", "attraction_balance_since_first", 1),
    "C3 attracted cells: adapted": ("after", "attractive_adapted_flank_change", 1),
    "C3 attracted cells: opposite": ("after", "attractive_opposite_flank_change", 1),
    "C3 repelled cells: adapted": ("after", "repulsive_adapted_flank_change", 1),
    "C3 repelled cells: opposite": ("after", "repulsive_opposite_flank_change", 1),
    "C4 squared size": ("again", "second_minus_first_size_deg2", 1),
    "C4 attracted": ("again", "second_minus_first_balance", 1),
    "C5 ": ("after", "summed_strength_rate_matched", "ratio"),
    "C6 ": ("after", "synchrony_by_convergence", 1e4),
    "C7 ": ("after", "neighbour_concordance_excess", 1),
    "C8 ": ("after", "remote_shift_excess_deg", 1),
    "C9 OSI of near cells, cat": ("after", "near_osi", "ratio"),
    "C9 OSI of near cells, mouse": ("mouse", "near_osi", "ratio"),
    "D1 slope": ("drug", "recovery_slope", 1),
    "D1 large": ("drug", "recovery_large_deg", 1),
    "D1 small shifts (": ("drug", "recovery_small_deg", 1),
    "D1 small shifts, growth of": ("drug", "small_shift_growth_deg2", 1),
    "D2 threshold after training": ("trained", "discrimination_threshold_deg", 1),
    "D2 the same, under": ("both", "discrimination_threshold_deg", 1),
    "D2 threshold 90 min": ("washed", "discrimination_threshold_deg", 1),
    "D2 threshold elsewhere": ("both", "discrimination_threshold_elsewhere_deg", 1),
    "D2 that, under": ("both washed", "discrimination_threshold_deg", 1),
    "D3 serotonin": ("serotonin", "shift_towards_since_first_deg", 1),
    "D3 the same since": ("drugs", "shift_towards_deg", 1),
}
"""Beginning of a line of the README's table: where, measure, and a factor or `ratio`."""


def told_in_readme(row: str) -> list[float]:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    (line,) = (text for text in lines if text.startswith(f"| {row}"))
    found = re.findall(r"[-+]?\d+\.\d+", line.replace("−", "-").split("|")[3])
    return [float(number) for number in found]


@pytest.mark.parametrize("row", ROWS)
def test_the_readme_tells_what_the_kept_runs_gave(row):
    where, measure, factor = ROWS[row]
    preset, arm, epoch = WHERE[where]
    (found,) = (
        r for r in KEPT[preset]["effects"]
        if (r["measure"], r["arm"], r["epoch"], r["population"]) == (measure, arm, epoch, "pyr")
    )  # fmt: skip
    names, scale = ("change", "ci_low", "ci_high"), factor
    if factor == "ratio":
        names, scale = ("ratio", "ratio_ci_low", "ratio_ci_high"), 1.0
    told = told_in_readme(row)
    assert len(told) == 3
    assert told == pytest.approx([scale * found[name] for name in names], abs=0.0051)


@pytest.mark.slow
def test_the_first_animal_gives_the_same_again(tmp_path):
    """Adapted and adapted under the drug: another run, another folder, one worker."""
    experiment = load_experiment("adaptation-ketamine", animals=1)
    result = run_experiment(experiment, out=tmp_path / "run", workers=1)
    found = {
        tuple(row[key] for key in ("measure", "arm", "epoch", "population")): row["after"]
        for row in json.loads(pairs_of(result.folder.path))
    }
    kept = KEPT["adaptation-ketamine"]["first_animal"]
    assert len(kept) > 10
    for row in kept:
        key = tuple(row[key] for key in ("measure", "arm", "epoch", "population"))
        assert found[key] == pytest.approx(row["after"], abs=2e-6), key


def pairs_of(folder: Path) -> str:
    import pandas as pd

    return pd.read_csv(folder / "findings" / "pairs.csv").to_json(orient="records")
