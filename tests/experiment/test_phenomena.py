"""Rows that show a published phenomenon: named where they are, and told of where there is none."""

import pandas as pd

from ketacortex.experiment.load import load_experiment
from ketacortex.experiment.phenomena import phenomena_not_found, with_phenomena

ASKED = 'phenomena.C1=[{ measure = "attraction_balance", epoch = "adapted", population = "pyr" }]'
MISSPELT = 'phenomena.D1=[{ measure = "recovery_slpe", epoch = "later" }]'
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
    experiment = load_experiment("adaptation-ketamine", changes=[ASKED, MISSPELT, HARD])
    reasons = [{"measure": "near_osi", "arm": "drug", "epoch": "adapted", "reason": "few cells"}]
    (missing,) = phenomena_not_found(effects(), reasons, experiment)
    assert missing["measure"] == "recovery_slpe"
    assert "phenomena.D1" in missing["reason"]
    assert "recovery_slope" in missing["reason"]
