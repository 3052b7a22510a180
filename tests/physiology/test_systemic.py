"""The README tells of systemic and single-cell doses what the shipped experiments give; slow."""

import re
from pathlib import Path

import pytest

from ketacortex.experiment.load import load_experiment
from ketacortex.experiment.run import run_experiment

README = Path(__file__).parents[2] / "README.md"
MOUSE, CELL = ("mouse-systemic-v1", "highest"), ("one-cell-v1", "filled")
ROWS = {
    "mouse, 10 min: A1": (*MOUSE, "preferred_orientation_shift_excess_deg", "pyr", "change"),
    "mouse, 10 min: A2": (*MOUSE, "osi", "pyr", "ratio"),
    "mouse, 10 min: A3": (*MOUSE, "fano_factor_rate_matched", "pyr", "ratio"),
    "mouse, 10 min: A4": (*MOUSE, "spontaneous_rate_hz", "pyr", "ratio"),
    "mouse, 10 min: A6 PV": (*MOUSE, "evoked_rate_hz", "pv", "ratio"),
    "mouse, 10 min: A6 SST": (*MOUSE, "evoked_rate_hz", "sst", "ratio"),
    "mouse, 10 min: A6 dendritic inh": (*MOUSE, "dendritic_inhibition_nanosiemens", "pyr", "ratio"),
    "mouse, 10 min: A6 dendritic pla": (*MOUSE, "plateau_rate_per_min", "pyr", "ratio"),
    "one cell: A7": (*CELL, "subthreshold_modulation_mv", "pyr", "ratio"),
}


@pytest.fixture(scope="module")
def effects(tmp_path_factory):
    """Both up to the epoch that the README tells of; later ones change nothing in it."""
    found = {}
    for name, last in (MOUSE, CELL):
        whole = load_experiment(name)
        places = [epoch.name for epoch in whole.epoch]
        epochs = whole.epoch[: places.index(last) + 1]
        experiment = whole.model_copy(update={"epoch": epochs})
        summary = run_experiment(experiment, out=tmp_path_factory.mktemp(name) / "run").summary
        found |= {(name, r["epoch"], r["measure"], r["population"]): r for r in summary["effects"]
                  if r["arm"] == "drug_minus_retest"}  # fmt: skip
    return found


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS)
def test_the_readme_tells_what_the_dose_does(row, effects):
    (line,) = (text for text in README.read_text().splitlines() if text.startswith(f"| {row}"))
    told = [float(n) for n in re.findall(r"[-+]?\d+\.\d+", line.replace("−", "-").split("|")[3])]
    *where, what = ROWS[row]
    found = effects[tuple(where)]
    edges = ("ratio_ci_low", "ratio_ci_high") if what == "ratio" else ("ci_low", "ci_high")
    assert told == pytest.approx([found[key] for key in (what, *edges)], abs=0.006)
