import json

import numpy as np
import pytest

from analyse.planted import heterogeneous_units, session_of, von_mises_rates
from ketacortex.analyse.population import (
    EFFECT_COLUMNS,
    changes_by_animal,
    claim_by_animal,
    compare_animals,
    effect_row,
    json_rows,
)
from ketacortex.analyse.session import measure_session
from ketacortex.analyse.statistics import mean_interval

GAIN = {"drug": 1.5, "retest": 1.0}


@pytest.fixture(scope="module")
def sessions():
    measured = []
    for arm, gain in GAIN.items():
        for animal in range(4):
            rng = np.random.default_rng(animal)
            rate_hz = von_mises_rates(*heterogeneous_units(rng, 25)) + 1.0
            recording = session_of([rate_hz, gain * rate_hz], rng, animal=f"cat {animal}")
            measured.append((arm, measure_session(recording)))
    return measured


def effect(result, measure, arm="drug"):
    return result.effects.set_index(["measure", "arm"]).loc[(measure, arm)]


def test_an_effect_is_the_mean_over_animals_with_its_student_interval(sessions):
    result = compare_animals(sessions)
    per_animal = changes_by_animal(sessions).query("measure == 'gosi' and arm == 'drug'")
    expected = mean_interval(per_animal["change"])
    row = effect(result, "gosi")
    assert row[["change", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [expected.mean, expected.low, expected.high]
    )
    assert (row["n_animals"], row["n_units"]) == (4, per_animal["n_units"].sum())
    assert row["change"] == pytest.approx(row["after"] - row["before"])


def test_a_planted_gain_is_the_ratio_of_rates(sessions):
    result = compare_animals(sessions)
    assert list(result.effects.columns) == EFFECT_COLUMNS
    for arm, gain in GAIN.items():
        row = effect(result, "evoked_rate_hz", arm)
        assert row["ratio"] == pytest.approx(gain, rel=0.05)
        assert row["ratio_ci_low"] < row["ratio"] < row["ratio_ci_high"]


def test_a_shift_has_no_before_and_no_ratio(sessions):
    result = compare_animals(sessions)
    row = effect(result, "preferred_orientation_shift_excess_deg")
    assert np.isnan(row[["before", "ratio"]].astype(float)).all()
    assert row["change"] == row["after"]
    said = [e["reason"] for e in result.not_computed if e["measure"].endswith("excess_deg")]
    assert "before: it is a change itself and has no value before." in said


def test_what_is_none_in_json_has_its_reason(sessions):
    result = compare_animals(sessions)
    rows = json_rows(result.effects)
    json.dumps(rows, allow_nan=False)
    excused = {(e["measure"], e["arm"]) for e in result.not_computed}
    assert {(r["measure"], r["arm"]) for r in rows if None in r.values()} <= excused


def test_one_animal_gives_no_interval(sessions):
    result = compare_animals(sessions[:1])
    assert result.effects.empty
    assert result.not_computed[0]["reason"] == ("an interval needs at least 2 values; there is 1.")


def test_what_no_animal_has_is_named_once_an_arm():
    rng = np.random.default_rng(0)
    blind = [
        ("drug", measure_session(session_of([np.full((3, 12), 4.0)] * 2, rng, n_blanks=0)))
        for _ in range(2)
    ]
    named = [e for e in compare_animals(blind).not_computed if e["measure"].startswith("spont")]
    assert len(named) == 1
    assert named[0]["arm"] == "drug"


def test_two_sessions_of_one_animal_count_as_one_animal(sessions):
    (arm, first), (_, second) = sessions[:2]
    by_animal = changes_by_animal([(arm, first), (arm, first), (arm, second)])
    assert by_animal.groupby("measure")["animal"].count().unique().tolist() == [2]


def test_nothing_to_compare_gives_empty_tables():
    assert compare_animals([]).effects.empty


CLAIM = {"drug_beyond_retest": ("drug", "retest")}


def test_a_claim_pairs_the_arms_within_each_animal(sessions):
    """Animals drift, each by its own factor in both arms; only the pairing takes that away."""
    table = changes_by_animal(sessions)
    drift = table["animal"].map(
        {name: 1 + 0.4 * k for k, name in enumerate(sorted(table["animal"].unique()))}
    )
    drifting = table.assign(after=table["after"] * drift)
    drifting["change"] = drifting["after"] - drifting["before"]
    rates = drifting[drifting["measure"] == "evoked_rate_hz"]
    claim = claim_by_animal(rates, "claim", *CLAIM["drug_beyond_retest"])
    ((row,), _) = effect_row({"measure": "evoked_rate_hz"}, claim)
    ((alone,), _) = effect_row({"measure": "evoked_rate_hz"}, rates[rates["arm"] == "drug"])
    assert row["ratio"] == pytest.approx(1.5, rel=0.03)
    assert row["ratio_ci_high"] / row["ratio_ci_low"] < 1.1
    assert alone["ratio_ci_high"] / alone["ratio_ci_low"] > 1.5


def test_a_claim_is_the_difference_of_both_changes(sessions):
    result = compare_animals(sessions, CLAIM)
    for measure in ("gosi", "evoked_rate_hz", "preferred_orientation_shift_excess_deg"):
        claim, drug, retest = (
            effect(result, measure, arm) for arm in ("drug_beyond_retest", "drug", "retest")
        )
        assert claim["change"] == pytest.approx(drug["change"] - retest["change"])
        assert claim["ci_low"] < claim["change"] < claim["ci_high"]
        assert claim["before"] == pytest.approx(retest["after"])
        assert claim["after"] == pytest.approx(drug["after"])


def test_arms_that_swap_turn_a_claim_around(sessions):
    result = compare_animals(sessions, {"one": ("drug", "retest"), "other": ("retest", "drug")})
    one, other = (effect(result, "fano_factor", arm) for arm in ("one", "other"))
    assert one["change"] == pytest.approx(-other["change"])
    assert one["ratio"] == pytest.approx(1 / other["ratio"])


def test_an_animal_without_its_control_is_left_out_of_the_claim(sessions):
    incomplete = [s for s in sessions if (s[0], s[1].animal) != ("retest", "cat 0")]
    result = compare_animals(incomplete, CLAIM)
    assert effect(result, "gosi", "drug_beyond_retest")["n_animals"] == 3
    assert effect(result, "gosi", "drug")["n_animals"] == 4


def test_without_claims_there_are_only_arms(sessions):
    assert set(compare_animals(sessions).effects["arm"]) == set(GAIN)
