"""The README tells of the drug what the shipped experiments give; minutes, so marked slow."""

import re
from pathlib import Path

import pytest

from ketacortex.analyse.network_values import MATCHED
from ketacortex.experiment.load import load_experiment
from ketacortex.experiment.run import run_experiment
from ketacortex.experiment.schema import Analysis

README = Path(__file__).parents[2] / "README.md"
ROWS = {
    "A1": ("preferred_orientation_shift_excess_deg", "pyr", "change"),
    "A2": ("osi", "pyr", "ratio"),
    "A3": ("fano_factor_rate_matched", "pyr", "ratio"),
    "A4": ("spontaneous_rate_hz", "pyr", "ratio"),
    "A6 PV": ("evoked_rate_hz", "pv", "ratio"),
    "A6 SST": ("evoked_rate_hz", "sst", "ratio"),
    "evoked rate": ("evoked_rate_hz", "pyr", "ratio"),
}
NETWORK_ROWS = {
    "B1 share": "link_share",
    "B1 mean strength": "link_strength",
    "B1 synchrony": "zero_lag_synchrony",
    "B3": "gained_tuning_similarity",
    "B4": "modularity_above_chance",
    "B5 noise": "linked_noise_correlation",
    "B5 its": "linked_noise_correlation_widening",
}
COLUMNS = (
    ("drug_minus_retest", "early"),
    ("drug_minus_retest", "late"),
    ("no_upregulation_minus_retest", "late"),
)
KEEP = ("drug", "retest", "no_upregulation")


def told_in(row, column):
    """Numbers in a cell of the README's table."""
    (line,) = (text for text in README.read_text().splitlines() if text.startswith(f"| {row}"))
    found = re.findall(r"[-+]?\d+\.\d+", line.replace("−", "-").split("|")[column])
    return [float(number) for number in found]


@pytest.fixture(scope="module")
def effects(tmp_path_factory):
    """Three arms of the ablations; arms of an animal do not know each other."""
    whole = load_experiment("topical-ablations-v1")
    claims = {name: whole.claims[name] for name, _ in COLUMNS}
    arms = {name: whole.arms[name] for name in KEEP}
    experiment = whole.model_copy(
        update={"arms": arms, "claims": claims, "analysis": Analysis(network=True)}
    )
    summary = run_experiment(experiment, out=tmp_path_factory.mktemp("topical") / "run").summary
    return {(r["measure"], r["population"], r["arm"], r["epoch"]): r for r in summary["effects"]}


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("column", range(3))
def test_the_readme_tells_what_the_drug_does(row, column, effects):
    told = told_in(row, 3 + column)
    measure, population, what = ROWS[row]
    found = effects[measure, population, *COLUMNS[column]]
    edges = ("ratio_ci_low", "ratio_ci_high") if what == "ratio" else ("ci_low", "ci_high")
    assert told == pytest.approx([found[key] for key in (what, *edges)], abs=0.006)


@pytest.mark.slow
@pytest.mark.parametrize("row", NETWORK_ROWS)
@pytest.mark.parametrize("column", range(2))
def test_the_readme_tells_what_becomes_of_the_network(row, column, effects):
    measure = NETWORK_ROWS[row] + ("", MATCHED)[column]
    found = effects[measure, "pyr", *COLUMNS[1]]
    expected = [found[key] for key in ("change", "ci_low", "ci_high")]
    assert told_in(row, 3 + column) == pytest.approx(expected, abs=0.0006)
