"""A circuit that learns: nothing without a reason, the same bits after a kill, the right limits."""

import numpy as np
import pytest
from small import small_circuit

from ketacortex.drug.doses import HeldDose
from ketacortex.drug.exposure import Exposure
from ketacortex.drug.receptor_block import BlockSettings
from ketacortex.drug.serotonin import SerotoninDose
from ketacortex.drug.tissue_diffusion import Tissue
from ketacortex.model.plasticity import Plasticity
from ketacortex.recording.recording import Subject
from ketacortex.simulate.probes import Probes
from ketacortex.simulate.session import Treatment, simulate_session
from ketacortex.simulate.show import Show
from ketacortex.simulate.slow_states import SlowStates, SlowSteps, receptor_sites
from ketacortex.stimulus.day import Adapter, Training
from ketacortex.stimulus.epochs import Passing
from ketacortex.stimulus.grating import GratingSequence

SEQUENCE = GratingSequence(n_orientations=8, repeats=3, blanks=6, duration_s=0.3, gap_s=0.1)
ADAPTER = Adapter(orientation_deg=45.0)
DAY = [
    ("control", SEQUENCE),
    ("adapting", Passing(kind="adapt", duration_s=240.0, adapter=ADAPTER)),
    ("adapted", SEQUENCE),
    ("recovering", Passing(kind="recover", duration_s=600.0)),
    ("recovered", SEQUENCE),
]
STILL = {
    "branch": {"learning_rate_per_s": 0.0},
    "fatigue": {"deepest": 0.0},
    "interneurons": {"largest": 0.0},
}
STEPS = SlowSteps(representative_trials=4)


def session(plasticity=None, doses=(), day=DAY, keep=None, steps=STEPS):
    more = {} if keep is None else {"keep": keep}
    return simulate_session(
        small_circuit(), day, 1, Subject(identifier="a"),
        treatment=Treatment(doses=doses, plasticity=plasticity, slow_steps=steps), **more,
    )  # fmt: skip


def weights(found, quantity="branch_weight"):
    course = found.course
    return course[course["quantity"] == quantity].set_index("time_s")


def in_epoch(found, name):
    r = found.recording
    epoch = r.epochs[r.epochs["name"] == name].iloc[0]
    return r.spike_counts(np.array([epoch["start_s"]]), np.array([epoch["stop_s"]]))[:, 0]


def test_without_learning_it_is_the_static_circuit_to_the_bit():
    learning, static = session(Plasticity.model_validate(STILL)), session()
    np.testing.assert_array_equal(learning.recording.spike_samples, static.recording.spike_samples)
    assert (weights(learning)[["mean", "low", "high"]] == 1.0).all(axis=None)


@pytest.mark.slow
def test_with_a_learning_rate_of_nothing_fatigue_remains_and_no_weight_moves():
    held = session(Plasticity.model_validate({"branch": {"learning_rate_per_s": 0.0}}))
    assert (weights(held)[["mean", "low", "high"]] == 1.0).all(axis=None)
    assert weights(held, "afferent_fatigue")["high"].max() > 0.01


def test_an_adapter_moves_weights_within_bounds_and_their_mean_stays():
    found = weights(session(Plasticity()))
    rule = Plasticity().branch
    np.testing.assert_allclose(found["mean"], 1.0, atol=1e-12)
    assert found["high"].max() > 1.1
    assert found["low"].min() < 0.95
    assert (found["high"] <= rule.highest_weight).all()
    assert (found["low"] >= rule.lowest_weight).all()
    before = found[found.index < SEQUENCE.total_s + 1e-6]
    assert (before[["mean", "low", "high"]] == 1.0).all(axis=None), "nothing before the adapter"


@pytest.mark.slow
def test_where_the_adapter_is_not_shown_the_day_is_grey_and_the_table_says_so():
    grey = [
        (name, e if isinstance(e, GratingSequence) else e.model_copy(update={"is_shown": False}))
        for name, e in DAY
    ]
    found, shown = session(Plasticity(), day=grey), session(Plasticity())
    assert found.recording.epochs["adapter_s"].tolist()[1] == 0.0
    assert shown.recording.epochs["adapter_s"].tolist()[1] == 240.0
    assert found.recording.epochs["kind"].tolist() == [
        "measure", "adapt", "measure", "recover", "measure",
    ]  # fmt: skip
    spread = [weights(of)["high"].max() - 1 for of in (found, shown)]
    assert spread[0] < 0.3 * spread[1]
    np.testing.assert_array_equal(in_epoch(found, "control"), in_epoch(shown, "control"))


@pytest.mark.slow
def test_reward_speeds_learning_and_none_of_it_is_learnt_without():
    def after(gain):
        training = Training(reference_deg=45.0, offset_deg=5.0, reward_gain=gain)
        day = [("control", SEQUENCE), ("training", Passing(kind="train", duration_s=240.0,
               training=training)), ("trained", SEQUENCE)]  # fmt: skip
        found = weights(session(Plasticity(), day=day))
        return found[found.index <= SEQUENCE.total_s + 240.0 + 1e-6]["high"].max() - 1

    found = [after(gain) for gain in (0.0, 1.0, 3.0)]
    assert found[0] == 0.0
    assert 0.0 < found[1] < found[2]


@pytest.mark.slow
def test_arms_share_their_history_until_a_dose_parts_them():
    kept, made = {}, []

    def keep(key, make):
        if key not in kept:
            made.append(key)
            kept[key] = make()
        return kept[key]

    dose = HeldDose(
        name="bath", blocker="ketamine", route="held", concentration_micromolar=3.0, start_s=260.0
    )
    sham = session(Plasticity(), keep=keep)
    assert len(made) == 5
    drug = session(Plasticity(), doses=(dose,), keep=keep)
    assert len(made) == 7, "control, adapting and adapted are shared"
    for name in ("control", "adapted"):
        np.testing.assert_array_equal(in_epoch(sham, name), in_epoch(drug, name))
    assert np.any(in_epoch(sham, "recovered") != in_epoch(drug, "recovered"))
    alone = session(Plasticity(), doses=(dose,))
    np.testing.assert_array_equal(drug.recording.spike_samples, alone.recording.spike_samples)


@pytest.mark.slow
@pytest.mark.parametrize("killed_in", range(1, 5))
def test_killed_in_any_epoch_it_goes_on_to_the_same_bits(killed_in):
    kept = {}

    def keep(key, make):
        if key not in kept:
            if len(kept) == killed_in:
                raise KeyboardInterrupt
            shown = make()
            kept[key] = type(shown)(
                shown.spikes, shown.probed, {k: v.copy() for k, v in shown.states.items()}
            )
        return kept[key]

    dose = HeldDose(
        name="bath", blocker="ketamine", route="held", concentration_micromolar=3.0, start_s=260.0
    )
    with pytest.raises(KeyboardInterrupt):
        session(Plasticity(), doses=(dose,), keep=keep)
    killed_in = 99
    resumed = session(Plasticity(), doses=(dose,), keep=keep)
    whole = session(Plasticity(), doses=(dose,))
    np.testing.assert_array_equal(resumed.recording.spike_samples, whole.recording.spike_samples)
    assert resumed.course.equals(whole.course)


def test_serotonin_lowers_what_afferents_deliver_and_goes():
    dose = SerotoninDose(
        name="pipette", route="iontophoresis", start_s=250.0, duration_s=300.0,
        concentration_micromolar=100.0,
    )  # fmt: skip
    day = [("control", SEQUENCE), ("wait", Passing(kind="wait", duration_s=260.0)),
           ("under", SEQUENCE), ("wait_2", Passing(kind="wait", duration_s=400.0)),
           ("after", SEQUENCE)]  # fmt: skip
    given, none = session(doses=(dose,), day=day), session(day=day)
    under = [in_epoch(of, "under").sum() for of in (given, none)]
    assert under[0] < 0.9 * under[1]
    np.testing.assert_array_equal(in_epoch(given, "after"), in_epoch(none, "after"))


QUICK = Plasticity.model_validate({"branch": {"learning_rate_per_s": 1 / 40, "tag_s": 120.0}})
"""Faster than any rule that is used, so that steps are put to the test."""


@pytest.mark.slow
def test_serotonin_that_comes_with_a_measurement_acts_from_its_first_trial():
    """Of a circuit that learns nothing, so that no slow step comes before."""
    day = [("control", SEQUENCE), ("given", SEQUENCE)]
    given = SerotoninDose(name="pipette", route="iontophoresis", concentration_micromolar=100.0)
    drug, sham = session(doses=(given,), day=day), session(day=day)
    begins_s = SEQUENCE.total_s
    first_s = (
        np.array([begins_s]),
        np.array([begins_s + 4 * (SEQUENCE.gap_s + SEQUENCE.duration_s)]),
    )
    spikes = [one.recording.spike_counts(*first_s).sum() for one in (drug, sham)]
    assert spikes[0] < 0.7 * spikes[1]


@pytest.mark.slow
def test_block_does_not_pass_to_an_arm_that_is_given_something_else_later():
    """Until then they are alike; but block is kept in the order of what each arm gives."""
    given = HeldDose(
        name="held", route="held", blocker="ketamine", start_s=0.0, duration_s=1e4,
        concentration_micromolar=3.0,
    )  # fmt: skip
    later = HeldDose(
        name="later", route="held", blocker="memantine", start_s=700.0, duration_s=1e4,
        concentration_micromolar=0.0001,
    )  # fmt: skip
    kept = {}

    def keep(key, make):
        if key not in kept:
            kept[key] = make()
        return kept[key]

    session(doses=(given, later), keep=keep)
    after = session(doses=(given,), keep=keep)
    alone = session(doses=(given,))
    np.testing.assert_array_equal(after.recording.spike_samples, alone.recording.spike_samples)
    blocked = weights(after, "blocked_share")
    assert blocked["mean"].iloc[-1] > 0.1


def adapted(steps, duration_s=150.0, seed=1):
    """Weights after an adapter, by slow steps of that kind."""
    circuit = small_circuit()
    exposure = Exposure([], Tissue(), receptor_sites(circuit), 1e4)
    states = SlowStates(circuit, exposure, BlockSettings(), plasticity=QUICK)
    Show(circuit, "control", SEQUENCE, 1, Probes(), None).with_slow_states(
        states, 0, 0, SlowSteps()
    )
    epoch = Passing(kind="adapt", duration_s=duration_s, adapter=ADAPTER)
    show = Show(circuit, f"adapting {seed}", epoch, seed, Probes(), None)
    show.with_slow_states(states, 0.0, 0.0, steps)
    return states.arrays()["weight"]


SEQUENTIAL = SlowSteps(representative_trials=1, longest_s=0.9, refresh_s=0.9)


@pytest.mark.slow
def test_the_split_agrees_with_a_run_in_which_every_moment_is_simulated():
    """A quick rule: split steps are as far from that as another run of it is, or 15 %."""
    true, other = adapted(SEQUENTIAL), adapted(SEQUENTIAL, seed=2)
    split = adapted(SlowSteps())
    spread = true.std()
    assert spread > 0.1, "there is something to agree on"
    assert np.corrcoef(true.ravel(), split.ravel())[0, 1] > 0.97
    scatter, error = np.std(other - true), np.std(split - true)
    assert error < max(3 * scatter, 0.15 * spread)
    assert split.std() == pytest.approx(spread, rel=0.15)


@pytest.mark.slow
def test_half_the_step_and_twice_the_trials_change_little():
    coarse = adapted(SlowSteps(), duration_s=360.0)
    fine = adapted(SlowSteps(longest_s=15.0, representative_trials=16), duration_s=360.0)
    assert np.corrcoef(coarse.ravel(), fine.ravel())[0, 1] > 0.97
    assert fine.std() == pytest.approx(coarse.std(), rel=0.1)
