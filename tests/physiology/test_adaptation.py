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
ARMS = {"drug", "sham", "retest", "drug_minus_sham"}


@pytest.mark.parametrize("preset", sorted(KEPT))
def test_every_phenomenon_is_measured_over_eight_animals_with_intervals(preset):
    run = KEPT[preset]
    assert run["animals"] >= 8
    assert run["seed"] == load_experiment(preset).seed
    rows = run["effects"]
    assert {row["phenomenon"] for row in rows} >= PHENOMENA[preset]
    for name in PHENOMENA[preset]:
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


ROWS = {
    "C1": ("adaptation-ketamine", "attraction_balance", "sham_minus_retest", "adapted", "change"),
    "D1 slope": ("adaptation-ketamine", "recovery_slope", "drug_minus_sham", "later", "change"),
    "D1 large": ("adaptation-ketamine", "recovery_large_deg", "drug_minus_sham", "later",
                 "change"),
    "D1 small": ("adaptation-ketamine", "small_shift_growth_deg2", "drug_minus_sham", "later",
                 "change"),
}  # fmt: skip
"""Beginning of a line of the README's table: preset, measure, arm, epoch, column."""


def told_in_readme(row: str) -> list[float]:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    (line,) = (text for text in lines if text.startswith(f"| {row}"))
    found = re.findall(r"[-+]?\d+\.\d+", line.replace("−", "-").split("|")[3])
    return [float(number) for number in found]


@pytest.mark.parametrize("row", ROWS)
def test_the_readme_tells_what_the_kept_runs_gave(row):
    preset, measure, arm, epoch, column = ROWS[row]
    (found,) = (
        r for r in KEPT[preset]["effects"]
        if (r["measure"], r["arm"], r["epoch"], r["population"]) == (measure, arm, epoch, "pyr")
    )  # fmt: skip
    names = ("ci_low", "ci_high") if column == "change" else ("ratio_ci_low", "ratio_ci_high")
    told = told_in_readme(row)
    assert len(told) == 3
    assert told == pytest.approx([found[column], *(found[n] for n in names)], abs=0.0051)


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
