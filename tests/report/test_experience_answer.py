"""What the command line tells of one animal with an adapter: nothing that is a ratio of errors."""

import numpy as np
import pytest

from analyse.adapted import adapted_session
from ketacortex.analyse.experience import measure_experience
from ketacortex.report.experience_answer import experience_answer, not_told


def recorded(moved_deg, seed=0):
    rng = np.random.default_rng(seed)
    before_deg = rng.uniform(0.0, 180.0, 80)
    plan = [
        ("before", before_deg),
        (0.0, 720.0),
        ("after", before_deg + moved_deg),
        ("later", before_deg + 0.5 * moved_deg, {"wait_s": 900.0}),
    ]
    recording = adapted_session(plan, rng, mean_hz=5.0, n_repeats=8)
    return recording, measure_experience(recording)


def answer_of(moved_deg):
    recording, experience = recorded(moved_deg)
    answer = experience_answer([("recording", recording)], [experience])
    rows = {row["measure"]: row for row in answer["adapters"] if row["epoch"] == "later"}
    return rows, not_told([("recording", recording)], [experience])


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
    assert "in this animal the mean square of the shift" in reason
    assert "not told from 0; record more cells" in reason


def test_of_several_animals_the_one_without_is_named():
    found = [recorded(15.0), recorded(0.0, seed=1)]
    with_arms = [(arm, recording) for arm, (recording, _) in zip("ab", found, strict=True)]
    experiences = [experience for _, experience in found]
    adapters = experience_answer(with_arms, experiences)["adapters"]
    slopes = [row for row in adapters if row["measure"] == "recovery_slope"]
    assert [row["arm"] for row in slopes] == ["a"]
    named = {(entry["measure"], entry["arm"]) for entry in not_told(with_arms, experiences)}
    assert ("recovery_slope", "b") in named
    assert ("recovery_slope", "a") not in named
