"""Rows that show a published phenomenon: named where they are, and told of where there is none."""

import json
from pathlib import Path

import pandas as pd
import pytest

from ketacortex.analyse.measures import CHANGING_MEASURES
from ketacortex.errors import ConfigurationError
from ketacortex.experiment.load import load_experiment
from ketacortex.experiment.phenomena import phenomena_not_found, with_phenomena
from ketacortex.report.wording import MATCHED, MEASURES

ROOT = Path(__file__).parents[2]

ASKED = 'phenomena.C1=[{ measure = "attraction_balance", epoch = "adapted", population = "pyr" }]'
UNSEEN = 'phenomena.D1=[{ measure = "recovery_large_deg", epoch = "later" }]'
HARD = 'phenomena.C9=[{ measure = "near_osi", epoch = "adapted" }]'


def effects():
    row = {"arm": "drug", "epoch": "adapted", "population": "pyr", "change": 0.1}
    names = ["attraction_balance", "osi", "recovery_slope"]
    return pd.DataFrame([{"measure": name, **row} for name in names])


def test_a_row_has_the_name_of_what_it_shows():
    experiment = load_experiment("adaptation-ketamine", changes=[ASKED])
    named = with_phenomena(effects(), experiment)
    assert named["phenomenon"].tolist() == ["C1", None, None]


def test_a_phenomenon_that_no_row_shows_is_listed_unless_the_reason_is_already():
    experiment = load_experiment("adaptation-ketamine", changes=[ASKED, UNSEEN, HARD])
    reasons = [{"measure": "near_osi", "arm": "drug", "epoch": "adapted", "reason": "few cells"}]
    (missing,) = phenomena_not_found(effects(), reasons, experiment)
    assert missing["measure"] == "recovery_large_deg"
    assert "phenomena.D1" in missing["reason"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ('measure = "recovery_slpe"', 'the measure "recovery_slpe", which is not measured in this '
         'experiment. Did you mean "recovery_slope"?'),
        ('measure = "osi", population = "pyramidal"', "Known: all, pv, pyr, sst."),
        ('mesure = "osi"', 'Did you mean "measure"? Known: arm, epoch, measure, population.'),
    ],
)  # fmt: skip
def test_a_name_that_nothing_has_is_refused_before_the_run(change, sentence):
    with pytest.raises(ConfigurationError) as caught:
        load_experiment("adaptation-ketamine", changes=[f"phenomena.D1=[{{ {change} }}]"])
    assert sentence in str(caught.value)
    assert "phenomena.D1" in str(caught.value)


def test_every_measure_of_the_kept_runs_is_known_and_has_words():
    kept = json.loads((ROOT / "benchmarks" / "adaptation.json").read_text(encoding="utf-8"))
    found = {row["measure"] for run in kept.values() for row in run["effects"]}
    assert found <= set(CHANGING_MEASURES)
    assert len(set(CHANGING_MEASURES)) == len(CHANGING_MEASURES)
    assert {measure.removesuffix(MATCHED) for measure in CHANGING_MEASURES} <= set(MEASURES)
