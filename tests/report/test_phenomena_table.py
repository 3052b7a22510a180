"""Phenomena beside what was published: signs, who judges them, and what is said of an interval."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ketacortex.analyse.adaptation_values import ADAPTATION_CHANGES, NEAR_OSI
from ketacortex.analyse.pair_convergence import slope_of_pairs
from ketacortex.analyse.training import TRAINING_MEASURES
from ketacortex.experiment.load import load_experiment, preset_names
from ketacortex.report.phenomena_table import (
    GRADES,
    MIN_ANIMALS,
    PUBLISHED,
    is_judged_by,
    phenomenon_groups,
    sign_of,
    verdict_of,
)
from ketacortex.report.tables import Material
from ketacortex.report.wording import MEASURES, measure_in_words, with_interval

HOSTILE = "<b>late</b>"


def effect(measure, arm, phenomenon, change=-0.2, half=0.1, n_animals=8, epoch="later", ratio=1.0):
    return {
        "measure": measure, "arm": arm, "epoch": epoch, "population": "pyr", "before": 0.0,
        "after": change, "change": change, "ci_low": change - half, "ci_high": change + half,
        "p_value": 0.012, "ratio": ratio, "ratio_ci_low": ratio - 0.05,
        "ratio_ci_high": ratio + 0.05, "n_animals": n_animals, "n_units": 100,
        "phenomenon": phenomenon,
    }  # fmt: skip


def material(*effects, experiment="adaptation-ketamine"):
    bare = pd.DataFrame()
    units = pd.DataFrame({"arm": ["drug", "sham", "retest"], "epoch": "later"})
    return Material(
        units=units, population_values=bare, pairs=bare, effects=pd.DataFrame(effects),
        initial=bare, not_computed=[], examples=(),
        experiment=load_experiment(experiment) if experiment else None,
    )  # fmt: skip


def test_rows_are_grouped_by_phenomenon_with_claims_first():
    groups = phenomenon_groups(
        material(
            effect("recovery_slope", "drug", "D1"),
            effect("attraction_balance", "sham_minus_retest", "C1", change=0.3),
            effect("recovery_slope", "drug_minus_sham", "D1"),
            effect("osi", "drug", None),
        )
    )
    assert [group["name"] for group in groups] == ["C1", "D1"]
    assert [row["is_claim"] for row in groups[1]["rows"]] == [True, False]
    claim, arm = groups[1]["rows"]
    assert (claim["who"], arm["who"]) == ("drug against sham", "arm drug")
    assert claim["change"] == with_interval(-0.2, -0.3, -0.1)
    assert claim["p_value"] == "0.012"
    assert claim["n_animals"] == 8
    assert (claim["sign"], claim["verdict"]) == ("down", "as published")
    assert (arm["sign"], arm["verdict"]) == ("down", "–")
    assert groups[0]["rows"][0]["verdict"] == "as published"


def test_rows_without_a_phenomenon_or_an_experiment_give_no_table():
    assert phenomenon_groups(material(effect("osi", "drug", None))) == []
    bare = material(effect("osi", "drug", "A2"), experiment=None)
    assert phenomenon_groups(bare) == []
    shown = material(effect("osi", "drug", None))
    assert phenomenon_groups(replace(shown, effects=shown.effects.drop(columns="phenomenon"))) == []


def test_a_phenomenon_that_is_not_in_the_book_has_no_sign():
    (group,) = phenomenon_groups(material(effect("osi", "drug_minus_sham", HOSTILE)))
    assert (group["name"], group["words"]) == (HOSTILE, "")
    assert (group["rows"][0]["sign"], group["rows"][0]["verdict"]) == ("–", "–")


@pytest.mark.parametrize("sign", [1, -1])
def test_the_verdict_of_a_mirrored_row_is_that_of_the_mirrored_sign(sign):
    for low, high in [(0.1, 0.3), (-0.3, -0.1), (-0.1, 0.2), (0.0, 0.2)]:
        row = {"ci_low": low, "ci_high": high, "n_animals": 9}
        mirrored = {**row, "ci_low": -high, "ci_high": -low}
        assert verdict_of(row, sign) == verdict_of(mirrored, -sign)
        agrees = {1: low > 0, -1: high < 0}[sign]
        assert (verdict_of(row, sign) == "as published") == agrees
    assert verdict_of({"ci_low": -1.0, "ci_high": 1.0, "n_animals": 9}, sign) == "neither"


def test_fewer_than_eight_animals_decide_nothing():
    row = {"ci_low": 1.0, "ci_high": 2.0, "ratio_ci_low": 1.0, "ratio_ci_high": 1.0}
    few, enough = ({**row, "n_animals": n} for n in (MIN_ANIMALS - 1, MIN_ANIMALS))
    assert verdict_of(few, 1) == verdict_of(few, None, (0.9, 1.1)) == "undecided"
    assert verdict_of(enough, 1) == verdict_of(enough, None, (0.9, 1.1)) == "as published"


@pytest.mark.parametrize(
    ("ratio", "found"), [(1.0, "as published"), (1.08, "neither"), (1.3, "the other way"),
                         (0.5, "the other way")],
)  # fmt: skip
def test_no_change_was_published_so_its_ratio_must_lie_within_the_margin(ratio, found):
    rows = [effect("summed_strength_rate_matched", "sham_minus_retest", "C5", ratio=ratio)]
    (group,) = phenomenon_groups(material(*rows))
    assert (group["rows"][0]["sign"], group["rows"][0]["verdict"]) == ("none", found)


def test_a_ratio_that_could_not_be_had_tells_nothing():
    rows = [effect("summed_strength", "sham_minus_retest", "C5", ratio=float("nan"))]
    assert phenomenon_groups(material(*rows))[0]["rows"][0]["verdict"] == "neither"


def test_what_an_adapter_does_is_judged_by_arms_that_differ_in_it_alone():
    experiment = load_experiment("adaptation")
    assert is_judged_by(experiment, "sham_minus_retest", "experience")
    assert not is_judged_by(experiment, "drug_minus_sham", "experience")
    assert is_judged_by(experiment, "drug_minus_sham", "drug")
    assert not is_judged_by(experiment, "drug_minus_sham", "drugs")
    assert not is_judged_by(experiment, "drug", "drug")
    turned = experiment.model_copy(update={"claims": {"turned": ("retest", "sham")}})
    assert not is_judged_by(turned, "turned", "experience")


def test_another_drug_is_held_against_the_drug():
    experiment = load_experiment("adaptation-serotonin")
    assert is_judged_by(experiment, "drug_minus_with_paper", "drugs")
    assert not is_judged_by(experiment, "drug_minus_sham", "drugs")


def test_a_sign_may_depend_on_the_map():
    signs = [sign_of(PUBLISHED["C9"], NEAR_OSI, name) for name in ("cat", "mouse", "shuffled")]
    assert signs == [-1, 1, None]


def test_every_published_measure_is_one_that_is_measured():
    for name, published in PUBLISHED.items():
        assert published.grade in GRADES
        assert {*published.signs, *published.margins} <= set(MEASURES), name


def test_every_phenomenon_of_a_preset_is_in_the_book():
    named = {name for preset in preset_names() for name in load_experiment(preset).phenomena}
    assert named
    assert named <= set(PUBLISHED)


def test_measures_of_adaptation_and_training_have_words_of_their_own():
    measures = [*ADAPTATION_CHANGES, NEAR_OSI, *TRAINING_MEASURES]
    assert set(measures) <= set(MEASURES)
    words = [measure_in_words(measure) for measure in MEASURES]
    assert len(words) == len(set(words))


def test_synchrony_that_rises_where_tuning_converged_is_as_published():
    """Convergence is a falling difference, so the slope along it is negative then."""
    rng = np.random.default_rng(0)
    convergence_deg = rng.normal(0.0, 5.0, (40, 40))
    convergence_deg += convergence_deg.T
    slope, _ = slope_of_pairs([-0.001 * convergence_deg], [convergence_deg])
    sign = sign_of(PUBLISHED["C6"], "synchrony_by_convergence", "cat")
    row = {"ci_low": slope - 1e-4, "ci_high": slope + 1e-4, "n_animals": 8}
    assert verdict_of(row, sign) == "as published"
