"""What the command line tells of one animal with an adapter: nothing that is a ratio of errors."""

import numpy as np
import pytest

from analyse.adapted import adapted_session
from ketacortex.analyse.experience import measure_experience
from ketacortex.report.experience_answer import experience_answer


def answer_of(moved_deg, seed=0):
    rng = np.random.default_rng(seed)
    before_deg = rng.uniform(0.0, 180.0, 80)
    plan = [
        ("before", before_deg),
        (0.0, 720.0),
        ("after", before_deg + moved_deg),
        ("later", before_deg + 0.5 * moved_deg, {"wait_s": 900.0}),
    ]
    recording = adapted_session(plan, rng, mean_hz=5.0, n_repeats=8)
    experience = measure_experience(recording)
    answer = experience_answer([("recording", recording)], [experience])
    return {row["measure"]: row for row in answer["adapters"] if row["epoch"] == "later"}, [
        entry for one in experience for entry in one.not_computed
    ]


def test_the_slope_of_an_animal_that_moved_is_told():
    rows, missing = answer_of(15.0)
    assert rows["recovery_slope"]["after"] == pytest.approx(-0.5, abs=0.15)
    assert "denominator" not in rows["recovery_slope"]
    assert "recovery_slope" not in {entry["measure"] for entry in missing}


def test_that_of_one_that_did_not_is_said_to_be_missing():
    rows, missing = answer_of(0.0)
    assert "shift_towards_deg" in rows
    assert "recovery_slope" not in rows
    (reason,) = {entry["reason"] for entry in missing if entry["measure"] == "recovery_slope"}
    assert "in this animal it divides by" in reason
    assert "cannot be told from 0" in reason
