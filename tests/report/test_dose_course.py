"""From the doses of an arm to what is drawn and printed of them."""

import json

import numpy as np
import pytest

from ketacortex.errors import ConfigurationError
from ketacortex.experiment.load import load_experiment
from ketacortex.report.dose_course import course_of_doses
from ketacortex.report.dose_numbers import in_text, numbers_of
from ketacortex.report.methods import beside_block

SMALL = ("circuit.pyr.n=60", "circuit.pv.n=12", "circuit.sst.n=8",
         "slow_steps.representative_trials=3")  # fmt: skip


@pytest.fixture(scope="module")
def infusion():
    return course_of_doses(load_experiment("human-infusion", changes=SMALL))


def test_the_infusion_is_the_published_set(infusion):
    numbers = numbers_of(infusion)
    time_s, level = (np.array(numbers[k]) for k in ("time_s", "plasma_total_ng_per_ml"))
    assert level[time_s == 2400.0][0] == pytest.approx(240, abs=2)
    assert level.argmax() == np.flatnonzero(time_s == 2400.0)[0]
    assert numbers["kinetics"]["clearance_l_per_h"] == pytest.approx(116, abs=0.5)
    free = np.array(numbers["free_brain_micromolar"])
    assert 0.3 < free.max() < 0.55
    json.dumps(numbers, allow_nan=False)


def test_the_spread_holds_the_published_levels_and_the_sets(infusion):
    about = numbers_of(infusion)["kinetics"]
    peaks = about["peak_plasma_total_ng_per_ml_by_model"]
    assert (min(peaks.values()), max(peaks.values())) == pytest.approx((125, 283), rel=0.02)
    low, high = (np.array(about[f"subjects_{end}_ng_per_ml"]) for end in ("low", "high"))
    mine = infusion.bodies[0].plasma_ng_per_ml
    assert np.all((low <= mine + 1e-9) & (mine <= high + 1e-9))
    assert min(peaks.values()) < about["published"][0]["ng_per_ml"] < max(peaks.values())
    assert about["beside_the_model"][0]["published_ng_per_ml"] == 296


def test_the_occupancy_in_vivo_is_the_rule_of_competition(infusion):
    drug, metabolite = infusion.free_micromolar.values()
    weighed = drug / 1.42 + metabolite / 9.1  # the same at every receptor
    np.testing.assert_allclose(infusion.in_vivo_occupancy, weighed / (1 + weighed), rtol=1e-12)
    at_end = infusion.in_vivo_occupancy[infusion.time_s == 2400.0][0]
    assert 0.17 < at_end < 0.29  # mechanism.md: 22 % (17-28) at 0.4 µM


def test_what_follows_slowly_comes_and_goes_without_paper_as_well(infusion):
    course = infusion.course
    gain = course[course["quantity"] == "ampa_gain"]
    highest = int(gain["mean"].argmax())
    assert gain["mean"].iloc[0] == 1.0
    assert gain["mean"].iloc[highest] > 1.01
    assert gain["time_s"].iloc[highest] > 2400.0
    assert gain["mean"].iloc[-1] < gain["mean"].iloc[highest]


def test_a_local_dose_is_seen_most_by_the_cells_next_to_it():
    course = course_of_doses(load_experiment("focal-v1", changes=SMALL))
    cells = course.cells
    distance = np.minimum(*(np.hypot(cells["x_um"] - x, cells["y_um"]) for x in (-400.0, 400.0)))
    near, far = distance < 250, distance > 500
    highest = cells["highest_free_micromolar"]
    assert highest[near].mean() > 5 * highest[far].mean()
    assert cells.loc[near, "highest_at_s"].mean() < cells.loc[far, "highest_at_s"].mean()
    assert course.bodies == []
    assert numbers_of(course)["plasma_total_ng_per_ml"] is None


def test_mirrored_pipettes_give_mirrored_fields():
    """One tip to each side: the concentration depends on the distance to the nearer one alone."""
    both = load_experiment("focal-v1", changes=SMALL)
    mirrored = load_experiment(
        "focal-v1", changes=(*SMALL, "dose.west.x_um=400.0", "dose.east.x_um=-400.0")
    )
    one, other = (course_of_doses(e, until_s=600.0) for e in (both, mirrored))
    np.testing.assert_allclose(
        one.by_depth_micromolar, other.by_depth_micromolar, rtol=1e-9, atol=1e-12
    )


def test_every_route_can_be_told_in_words():
    for name in ("human-infusion", "topical-v1", "focal-v1", "hcn-v1", "mouse-systemic-v1"):
        course = course_of_doses(load_experiment(name, changes=SMALL), until_s=900.0)
        text = in_text(course)
        assert all(words in text for words in course.in_words)
        assert "in plasma, total, as base" in text


def of_file(tmp_path, text):
    file = tmp_path / "mine.toml"
    file.write_text('extends = "human-infusion"\nname = "mine"\n' + text, encoding="utf-8")
    return load_experiment(file, changes=SMALL)


DOSE = """
[[dose]]
name = "{name}"
blocker = "{blocker}"
route = "{route}"
{rest}
"""


def test_several_drugs_are_told_apart(tmp_path):
    """A drug held in the cortex, another into the body: each level is of the one it names."""
    text = DOSE.format(
        name="bath",
        blocker="memantine",
        route="held",
        rest="concentration_micromolar = 2.0\nduration_s = 1e5",
    )
    text += DOSE.format(
        name="shot", blocker="ketamine", route="intramuscular", rest="dose_mg_per_kg = 0.5"
    )
    text += DOSE.format(
        name="s", blocker="s-ketamine", route="intramuscular", rest="dose_mg_per_kg = 0.5"
    )
    text += '[arms]\nall = { doses = ["bath", "shot", "s"] }\n[claims]\n'  # fmt: skip
    course = course_of_doses(of_file(tmp_path, text), until_s=3600.0)
    numbers = numbers_of(course)
    assert (numbers["blocker"], numbers["metabolite"]) == ("ketamine", "norketamine")
    free = numbers["free_by_blocker_micromolar"]
    assert set(free) == {"memantine", "ketamine", "norketamine", "s-ketamine", "s-norketamine"}
    np.testing.assert_allclose(free["memantine"], 2.0)
    assert numbers["free_brain_micromolar"] == free["ketamine"]
    assert numbers["metabolite_free_brain_micromolar"] == free["norketamine"]
    (other,) = numbers["other_bodies"]
    assert other["blocker"] == "s-ketamine"
    np.testing.assert_allclose(free["s-ketamine"], free["ketamine"], rtol=1e-9)
    assert numbers["local_blocker"] == "memantine"
    np.testing.assert_allclose(numbers["free_by_depth_micromolar"], 2.0)
    assert numbers["occupancy_in_vivo_scale"] is None  # nobody measured it for memantine
    assert "measured with the racemic drug" in in_text(course)


def test_a_schedule_is_the_sum_of_its_doses(tmp_path):
    one = DOSE.format(
        name="first", blocker="ketamine", route="intramuscular", rest="dose_mg_per_kg = 0.5"
    )
    text = one + one.replace("first", "second") + "start_s = 1800.0\n"
    text += (
        '[arms]\none = { doses = ["first"] }\nboth = { doses = ["first", "second"] }\n[claims]\n'
    )
    experiment = of_file(tmp_path, text)
    single, double = (course_of_doses(experiment, arm, 7200.0) for arm in ("one", "both"))
    for name in ("ketamine", "norketamine"):
        level = single.free_micromolar[name]
        later = np.interp(double.time_s - 1800.0, single.time_s, level, left=0.0)
        np.testing.assert_allclose(
            double.free_micromolar[name], np.interp(double.time_s, single.time_s, level) + later,
            rtol=1e-3, atol=1e-5,
        )  # fmt: skip
    first_column = [line.split()[0] for line in in_text(double).splitlines() if line.strip()]
    assert "30" in first_column  # the second dose has a row of its own


def test_the_methods_tell_of_leak_and_hcn_in_the_arms_that_have_them_alone():
    assert beside_block(load_experiment("topical-v1")) == ""
    hcn = beside_block(load_experiment("hcn-v1"))
    assert "blocked in both_blocked (1) and hcn_alone (1)" in hcn
    assert "0.5 of the conductance is lost and half activation moves by -14 mV" in hcn
    leaky = beside_block(load_experiment("topical-v1", changes=["block.leak=0.05"]))
    assert "in drug (0.05)" in leaky


def test_where_nothing_is_given_it_says_so():
    with pytest.raises(ConfigurationError, match="no blocker is given in experiment"):
        course_of_doses(load_experiment("baseline-v1"))
    with pytest.raises(ConfigurationError, match=r'arm "retest".*Name an arm with a dose: drug'):
        course_of_doses(load_experiment("human-infusion"), "retest")
    with pytest.raises(ConfigurationError, match=r'"drugg" is no arm\. Did you mean "drug"'):
        course_of_doses(load_experiment("human-infusion"), "drugg")
