import dataclasses

import numpy as np
import pandas as pd
import pytest

from analyse.planted import ORIENTATION_DEG, recording_of, trials_of
from ketacortex.analyse.inclusion import InclusionRule, included_in_all, included_units
from ketacortex.errors import DataError

SHOWN_DEG = np.random.default_rng(0).permutation(np.repeat([*ORIENTATION_DEG, np.nan], 12))
N = len(SHOWN_DEG)
TUNED = np.where(np.nan_to_num(SHOWN_DEG, nan=90.0) < 60.0, 12.0, 1.0)
STEADY = np.full(N, 4.0)


def recording_with(rates, seed=1):
    """Two epochs of 156 trials of 1 s every 2 s, with these rates in both, (n_unit, 2, n_trial)."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(np.concatenate(np.swapaxes(np.asarray(rates, float), 0, 1), axis=1))
    trials = trials_of(SHOWN_DEG, ["one", "two"])
    recording = recording_of(counts, trials, rng)
    epochs = pd.DataFrame(
        {"name": ["one", "two"], "start_s": [0.0, 2.0 * N], "stop_s": [2.0 * N, 4.0 * N]}
    )
    return dataclasses.replace(recording, epochs=epochs)


GOOD, SILENCED, RARE = [TUNED, TUNED], [TUNED, 0 * TUNED], [0.01 + 0 * TUNED, 0.02 + 0 * TUNED]
DRIFTING = [TUNED * np.linspace(0.2, 1.8, N), TUNED]
LOST = [np.where(np.arange(N) < 20, 40.0, 0.0), np.zeros(N)]
OFF = InclusionRule(
    min_rate_hz=None, min_presence=None, max_contamination=None, max_drift_percent_per_min=None
)


def rule_of(**criteria):
    return InclusionRule(**{**OFF.model_dump(), **criteria})


def test_each_criterion_finds_its_unit_and_says_so():
    recording = recording_with([GOOD, SILENCED, RARE, DRIFTING, LOST])
    rate = included_units(recording, rule_of(min_rate_hz=0.1))
    assert rate.is_included.tolist() == [True, True, False, True, True]
    assert rate.reason[2] == "rate"
    drift = included_units(recording, rule_of(max_drift_percent_per_min=5.0))
    assert drift.is_included.tolist() == [True, True, True, False, False]
    presence = included_units(recording, rule_of(min_presence=0.8))
    assert presence.reason.tolist() == ["", "", "", "", "presence"]
    assert presence.n_failed == {"presence": 1}


def test_a_unit_that_falls_silent_is_a_finding_and_stays():
    recording = recording_with([SILENCED, SILENCED[::-1]])
    assert included_units(recording, rule_of(min_rate_hz=0.1, min_presence=0.8)).is_included.all()


def test_a_unit_may_fail_several_criteria_and_counts_for_each():
    recording = recording_with([LOST])
    rule = rule_of(max_drift_percent_per_min=5.0, min_presence=0.8)
    found = included_units(recording, rule)
    assert found.reason.tolist() == ["presence, drift"]
    assert found.n_failed == {"presence": 1, "drift": 1}


def test_spikes_of_many_neurons_are_contamination():
    """The planted spikes have no refractory period, so every unit is all contamination."""
    recording = recording_with([[np.full(N, 60.0)] * 2, [np.full(N, 0.2)] * 2])
    found = included_units(recording, rule_of(max_contamination=0.1))
    assert found.reason.tolist() == ["refractory violations", ""]


def test_answers_are_asked_for_only_when_the_rule_says_so():
    recording = recording_with([[TUNED, STEADY], [STEADY, STEADY]])
    asked = included_units(recording, rule_of(must_respond=True))
    assert asked.reason.tolist() == ["", "no response"]
    assert included_units(recording, OFF).is_included.all()
    assert included_units(recording, OFF).n_failed == {}


def test_steady_units_pass_the_tests_of_the_rule_at_its_level():
    recording = recording_with([[STEADY, STEADY]] * 200)
    drift = included_units(recording, rule_of(max_drift_percent_per_min=0.001, alpha=0.05))
    assert drift.n_failed["drift"] == pytest.approx(10, abs=9)
    answer = included_units(recording, rule_of(must_respond=True, alpha=0.05))
    assert 200 - answer.n_failed["no response"] == pytest.approx(10, abs=9)


def test_a_unit_must_pass_in_every_recording():
    first, second = recording_with([GOOD, RARE, GOOD]), recording_with([GOOD, GOOD, RARE], seed=2)
    found = included_in_all([first, second], rule_of(min_rate_hz=0.1))
    assert found.is_included.tolist() == [True, False, False]
    assert found.n_failed == {"rate": 2}


def test_recordings_of_other_units_are_refused():
    first, second = recording_with([GOOD, GOOD]), recording_with([GOOD])
    with pytest.raises(DataError, match=r"hold different units \(2 and 1, or in another order\)"):
        included_in_all([first, second])
    with pytest.raises(DataError, match="there is no recording to take units from"):
        included_in_all([])


def test_a_recording_without_trials_or_epochs_is_judged_by_what_it_has():
    bare = recording_with([GOOD, [0 * TUNED, 0 * TUNED]])
    bare = dataclasses.replace(bare, trials=bare.trials.iloc[:0], epochs=bare.epochs.iloc[:0])
    found = included_units(bare)
    assert sorted(found.n_failed) == ["presence", "refractory violations"]
    assert found.is_included[1]
