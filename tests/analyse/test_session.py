import json

import numpy as np
import pandas as pd
import pytest

from analyse.planted import (
    ORIENTATION_DEG,
    heterogeneous_units,
    recording_of,
    session_of,
    trials_of,
    von_mises_rates,
)
from ketacortex.analyse.population import json_rows
from ketacortex.analyse.session import measure_session

CELL_CLASS = ["pyr"] * 20 + ["pv"] * 10


@pytest.fixture(scope="module")
def findings():
    rng = np.random.default_rng(0)
    rate_hz = von_mises_rates(*heterogeneous_units(rng, 30)) + 2.0
    return measure_session(session_of([rate_hz, 1.5 * rate_hz], rng, cell_class=CELL_CLASS))


def table_of(findings):
    return findings.values  # noqa: PD011, a table of ours


def value(findings, measure, epoch="control", population="all"):
    table = table_of(findings).set_index(["measure", "epoch", "population"])
    return table.loc[(measure, epoch, population), "value"]


def test_every_unit_has_a_row_in_every_epoch(findings):
    assert findings.units.groupby("epoch").size().to_dict() == {"control": 30, "early": 30}
    assert set(table_of(findings)["population"]) == {"pyr", "pv", "all"}


def test_population_values_are_means_over_their_units(findings):
    units = findings.units[findings.units["epoch"] == "control"]
    pyr = units[units["cell_class"] == "pyr"]
    assert value(findings, "evoked_rate_hz", population="pyr") == pytest.approx(
        pyr["mean_rate_hz"].mean()
    )
    responsive = units[units["is_responsive"]]
    assert value(findings, "gosi_median") == pytest.approx(responsive["gosi"].median())
    assert value(findings, "tuned_share") == pytest.approx(responsive["is_tuned"].mean())


def test_each_measure_is_found_or_excused_in_each_population_and_epoch(findings):
    named = set(table_of(findings)["measure"])
    assert {"osi", "half_width_deg", "blank_unimodality_p", "isi_cv"} <= named
    excused = [row for row in findings.not_computed if row["reference"] is None]
    assert len(table_of(findings)) + len(excused) == 13 * 3 * 2
    assert len(findings.pairs) + len(findings.not_computed) - len(excused) == 11 * 3


def test_a_pair_compares_the_same_units(findings):
    pairs = findings.pairs.set_index(["measure", "population"])
    rates = findings.units.pivot_table("mean_rate_hz", "unit", "epoch")
    assert pairs.loc[("evoked_rate_hz", "all"), "before"] == pytest.approx(rates["control"].mean())
    assert pairs.loc[("evoked_rate_hz", "all"), "after"] == pytest.approx(rates["early"].mean())
    shift = pairs.loc[("preferred_orientation_shift_abs_deg", "all")]
    column = "preferred_orientation_shift_deg"
    own = findings.units.loc[findings.units["epoch"] == "early", column]
    assert np.isnan(shift["before"])
    assert shift["after"] == pytest.approx(own.abs().mean())
    assert shift["n_units"] == own.notna().sum()


def test_the_tuning_dataset_says_its_units(findings):
    tuning = findings.tuning
    assert tuning["rate_hz"].dims == ("epoch", "unit", "orientation")
    assert {name: variable.attrs["units"] for name, variable in tuning.data_vars.items()} == {
        "rate_hz": "Hz",
        "standard_error_hz": "Hz",
        "baseline_hz": "Hz",
        "amplitude_hz": "Hz",
        "kappa": "1",
        "preferred_orientation_deg": "deg",
        "r_squared": "1",
    }
    np.testing.assert_allclose(
        tuning["rate_hz"].max("orientation").sel(epoch="early"),
        findings.units.loc[findings.units["epoch"] == "early", "peak_rate_hz"],
    )


def test_the_rows_are_json_without_nan(findings):
    for table in (findings.units, table_of(findings), findings.pairs):
        text = json.dumps(json_rows(table), allow_nan=False)
        assert len(json.loads(text)) == len(table)
    assert json.loads(json.dumps(findings.not_computed, allow_nan=False)) == findings.not_computed


def test_every_later_epoch_is_compared_with_the_first():
    rng = np.random.default_rng(1)
    rate_hz = von_mises_rates(*heterogeneous_units(rng, 6)) + 2.0
    pairs = measure_session(session_of([rate_hz] * 3, rng)).pairs
    assert set(zip(pairs["reference"], pairs["epoch"], strict=True)) == {
        ("control", "early"),
        ("control", "late"),
    }


@pytest.mark.parametrize(
    ("cell_class", "expected"),
    [
        ("unknown", {"all"}),
        ("pyr", {"pyr"}),
        (["pyr", "pv", "unknown"], {"pyr", "pv", "all"}),
        (["pyr", "pyr", "unknown"], {"pyr", "all"}),
    ],
)
def test_populations_are_the_known_classes_and_all(cell_class, expected):
    rng = np.random.default_rng(2)
    recording = session_of([np.full((3, 12), 4.0)], rng, cell_class=cell_class)
    assert set(table_of(measure_session(recording))["population"]) == expected


def reasons(findings):
    rows = reversed(findings.not_computed)  # so that the first epoch's reason stays
    return {(row["measure"], row["reference"]): row["reason"] for row in rows}


def test_one_epoch_has_no_changes_and_says_so():
    rng = np.random.default_rng(3)
    findings = measure_session(session_of([np.full((3, 12), 4.0)], rng))
    assert findings.pairs.empty
    assert reasons(findings)["osi", "control"] == (
        "a change needs two epochs and only epoch 'control' has trials."
    )


SCARCE = {
    "no trials at all": trials_of(np.zeros(0), []),
    "only blanks": trials_of(np.full(6, np.nan), ["a", "b"]),
    "two orientations": trials_of(np.tile([0.0, 90.0], 5), ["a", "b"]),
    "one trial an orientation": trials_of(ORIENTATION_DEG, ["a", "b"]),
    "another stimulus in each epoch": trials_of(np.repeat([0.0, 45.0, 90.0, 135.0], 4), ["a"]),
}
SCARCE["another stimulus in each epoch"] = pd.concat(
    [
        SCARCE["another stimulus in each epoch"],
        SCARCE["another stimulus in each epoch"].assign(
            onset_s=lambda t: t["onset_s"] + 100,
            offset_s=lambda t: t["offset_s"] + 100,
            orientation_deg=lambda t: t["orientation_deg"] + 20,
            epoch="b",
        ),
    ],
    ignore_index=True,
)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mean_count", [0.0, 0.2, 5.0])
@pytest.mark.parametrize("kind", SCARCE)
def test_too_little_data_is_a_result(kind, mean_count):
    rng = np.random.default_rng(4)
    trials = SCARCE[kind]
    findings = measure_session(
        recording_of(rng.poisson(mean_count, (5, len(trials))), trials, rng, cell_class="pyr")
    )
    assert all(row["reason"].endswith(".") for row in findings.not_computed)
    json.dumps(json_rows(table_of(findings)) + findings.not_computed, allow_nan=False)


def test_missing_blanks_are_named():
    rng = np.random.default_rng(5)
    findings = measure_session(session_of([np.full((3, 12), 4.0)] * 2, rng, n_blanks=0))
    assert reasons(findings)["spontaneous_rate_hz", None] == "epoch 'control' has no blank trials."
    assert reasons(findings)["spontaneous_rate_hz", "control"] == (
        "of epochs 'control' and 'early': one of them has no blank trials."
    )
