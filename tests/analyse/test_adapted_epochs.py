"""Which measurement follows which adapter: bouts, seconds, states, and what they are told from."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analyse.planted import recording_of
from ketacortex.analyse.adapted_epochs import adapted_epochs
from ketacortex.analyse.responses import collect_responses

MEASURED_S = 240.0
AFTER_A_WHILE = 600.0


def session(*plan, doses_s=()):
    """Measurements by name, adapters by their seconds (and orientation), pauses as `[seconds]`."""
    now_s, epochs, trials = 0.0, [], []
    for step in plan:
        if isinstance(step, list):
            now_s += step[0]
        elif isinstance(step, str):
            epochs.append((step, now_s, now_s + MEASURED_S, "gratings", np.nan, np.nan))
            trials += [(now_s + 10.0 * k, now_s + 10.0 * k + 8.0, 15.0 * (k % 12), step)
                       for k in range(24)]  # fmt: skip
            now_s += MEASURED_S
        else:
            shown_s, passed_s, deg = (*np.atleast_1d(step), *[np.nan] * 2)[:3]
            passed_s, deg = (shown_s if np.isnan(passed_s) else passed_s,
                             45.0 if np.isnan(deg) else deg)  # fmt: skip
            name = f"adapter {len(epochs)}"
            epochs.append((name, now_s, now_s + passed_s, "adapt", deg, shown_s))
            now_s += passed_s
    table = pd.DataFrame(trials, columns=["onset_s", "offset_s", "orientation_deg", "epoch"])
    one = recording_of(np.ones((2, len(table))), table, np.random.default_rng(0))
    columns = ["name", "start_s", "stop_s", "kind", "adapter_deg", "adapter_s"]
    doses = pd.DataFrame({"start_s": list(doses_s), "stop_s": list(doses_s)})
    return replace(one, epochs=pd.DataFrame(epochs, columns=columns), doses=doses)


def found(*plan, **about):
    recording = session(*plan, **about)
    return {a.epoch: a for a in adapted_epochs(recording, collect_responses(recording))}


def test_a_measurement_is_told_from_the_two_last_before_the_adapter():
    one = found("earliest", "first", "second", 720.0, "after")["after"]
    assert one.before == ("first", "second")
    assert (one.reference, one.adapter_deg, one.adapter_s) == ("second", 45.0, 720.0)
    assert found("first", 720.0, "after")["after"].before == ("first",)


def test_seconds_of_the_adapter_add_up_within_a_bout():
    after = found("before", 120.0, "short", 420.0, "middle", 180.0, "long")
    assert [a.adapter_s for a in after.values()] == [120.0, 540.0, 720.0]
    assert {a.bout for a in after.values()} == {1}
    assert {a.first for a in after.values()} == {"short"}
    assert [a.place for a in after.values()] == [0, 0, 0]


def test_a_new_bout_begins_with_an_adapter_after_a_measured_recovery():
    after = found("before", 720.0, "after", [AFTER_A_WHILE], "recovered", 720.0, "again")
    assert [(a.epoch, a.bout, a.reference) for a in after.values()] == [
        ("after", 1, "before"), ("recovered", 1, "before"), ("again", 2, "recovered"),
    ]  # fmt: skip
    assert after["again"].before == ("recovered",)
    assert [a.place for a in after.values()] == [0, 1, 0]
    assert after["again"].adapter_s == 720.0


@pytest.mark.parametrize("pause_s", [0.0, AFTER_A_WHILE - MEASURED_S - 1.0])
def test_a_pause_in_which_nothing_recovered_is_in_one_bout(pause_s):
    after = found("before", 720.0, "after", [pause_s], "soon", 720.0, "again")
    assert {a.bout for a in after.values()} == {1}
    assert after["again"].adapter_s == 1440.0


def test_time_alone_is_no_recovery_if_nobody_looked():
    after = found("before", 720.0, "after", [10 * AFTER_A_WHILE], 720.0, "again")
    assert after["again"].bout == 1


def test_an_adapter_of_another_orientation_is_another_bout_told_from_the_same():
    after = found("before", 720.0, "after", (720.0, 720.0, 90.0), "other")
    assert [(a.bout, a.adapter_deg, a.adapter_s) for a in after.values()] == [
        (1, 45.0, 720.0), (2, 90.0, 720.0),
    ]  # fmt: skip
    assert after["other"].reference == "before"


def test_in_a_control_time_passes_in_place_of_the_adapter():
    plan = "before", 120.0, "short", 600.0, "long", [AFTER_A_WHILE], "rest", 720.0, "again"
    control = tuple((0.0, step) if isinstance(step, float) else step for step in plan)
    assert found(*plan) == found(*control)


def test_two_measurements_at_once_are_of_one_state():
    after = found("before", 720.0, "one", "two", [900.0], "late")
    assert after["one"].same_state == "two"
    assert after["two"].same_state == "one"
    assert after["late"].same_state is None
    assert after["late"].first_since == ("one", "two")


def test_a_dose_between_two_measurements_makes_two_states():
    begins_s = 720.0 + 2 * MEASURED_S
    after = found("before", 720.0, "one", "two", doses_s=[begins_s])
    assert after["one"].same_state is None
    assert after["two"].first_since == ("one",)
    earlier = found("before", 720.0, "one", "two", doses_s=[10.0])
    assert earlier["one"].same_state == "two"


def test_an_adapter_between_two_measurements_makes_two_states():
    after = found("before", 720.0, "one", 60.0, "two")
    assert after["one"].same_state is None
    assert after["two"].first_since == ("two",)


@pytest.mark.parametrize("plan", [("before", "after"), (720.0, "after"), ("before", 720.0), ()])
def test_without_an_adapter_between_measurements_there_is_nothing(plan):
    assert not found(*plan)


def test_without_columns_for_adapters_there_is_nothing():
    one = session("before", 720.0, "after")
    bare = replace(one, epochs=one.epochs[["name", "start_s", "stop_s"]])
    assert adapted_epochs(bare, collect_responses(bare)) == ()


def test_before_the_adapter_too_a_dose_or_a_long_pause_makes_two_states():
    for plan, doses_s in ((("first", "second"), [MEASURED_S]), (("first", [200.0], "second"), [])):
        one = found(*plan, 720.0, "after", doses_s=doses_s)["after"]
        assert one.before == ("second",)


def test_trials_of_the_adapter_itself_are_no_measurement():
    plain = session("before", 720.0, "after", "later")
    adapter = plain.epochs.loc[1]
    own = plain.trials.iloc[:12].assign(epoch=adapter["name"], orientation_deg=45.0)
    own["onset_s"] = adapter["start_s"] + 10.0 * np.arange(12)
    own["offset_s"] = own["onset_s"] + 8.0
    topped_up = replace(plain, trials=pd.concat([plain.trials, own]).sort_values("onset_s"))
    responses = collect_responses(topped_up)
    assert adapter["name"] in {of.epoch for of in responses}
    names = [a.epoch for a in adapted_epochs(topped_up, responses)]
    assert names == ["after", "later"]
