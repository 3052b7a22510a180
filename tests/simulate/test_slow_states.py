"""The slow states: what the kernel tells them, how they move, what they leave to the network."""

from dataclasses import replace

import numpy as np
import pytest
from small import grating, small_circuit

from ketacortex.drug.doses import HeldDose, TopicalDose
from ketacortex.drug.exposure import Exposure, Sites
from ketacortex.drug.receptor_block import BlockSettings
from ketacortex.drug.tissue_diffusion import Tissue
from ketacortex.model.upregulation import AmpaUpregulation, advance_gain
from ketacortex.model.v1_network import network_of
from ketacortex.recording.recording import Subject
from ketacortex.seeds import generator
from ketacortex.simulate.engine import (
    OCCUPANCY_VOLTAGE_MV,
    STEPS_PER_S,
    Cortex,
    Openings,
    ReceptorGains,
)
from ketacortex.simulate.layout import LOOK_EVERY_MS
from ketacortex.simulate.reference import ReferenceCortex
from ketacortex.simulate.session import Treatment, simulate_session
from ketacortex.simulate.show import afferent_tuning
from ketacortex.simulate.slow_states import SlowStates, SlowSteps, receptor_sites
from ketacortex.stimulus.afferent_spikes import AfferentSpikes
from ketacortex.stimulus.grating import GratingSequence

LOOK_EVERY = round(LOOK_EVERY_MS / 0.1)
SEQUENCE = GratingSequence(n_orientations=4, repeats=2, blanks=2, duration_s=0.2, gap_s=0.1)
EPOCHS = [("control", SEQUENCE), ("early", SEQUENCE), ("late", SEQUENCE)]


def held(micromolar, **more):
    given = {"name": "bath", "blocker": "ketamine", **more}
    return HeldDose(route="held", concentration_micromolar=micromolar, **given)


def exposure_of(circuit, *doses):
    return Exposure(doses, Tissue(), receptor_sites(circuit), 1e5)


def session(*doses, circuit=None, **treatment):
    return simulate_session(
        circuit or small_circuit(), EPOCHS, 1, Subject(identifier="a"),
        starts_s={"early": 60.0, "late": 600.0},
        treatment=Treatment(doses=doses, **treatment),
    )  # fmt: skip


def random_gains(circuit, seed=0):
    rng, s = np.random.default_rng(seed), circuit.settings
    n, n_inter = s.pyr.n * s.pyr.n_branches, s.pv.n + s.sst.n
    return ReceptorGains(
        ampa=np.concatenate([1 + 0.3 * rng.random(n), np.ones(n_inter)]),
        nmda=rng.random(n + n_inter), nmda_2d=rng.random(n + n_inter),
    )  # fmt: skip


@pytest.mark.slow
def test_kernel_and_reference_agree_when_receptors_are_changed():
    circuit = small_circuit({"background": {"branch_hz": 40.0, "pv_hz": 300.0, "sst_hz": 300.0}})
    kernel, reference = Cortex(network_of(circuit), 3), ReferenceCortex(network_of(circuit), 3)
    unchanged = Cortex(network_of(circuit), 3)
    events = grating(circuit, 0.1)
    quiet = events[0][::8], events[1][::8]
    for cortex in (kernel, reference):
        cortex.set_gains(random_gains(circuit))
    for cortex in (kernel, reference, unchanged):
        cortex.run(1000, *quiet)
    np.testing.assert_allclose(kernel.voltage_mv, reference.voltage, atol=0.03)
    assert np.abs(kernel.voltage_mv - unchanged.voltage_mv).max() > 0.5


@pytest.mark.slow
def test_kernel_and_reference_agree_when_hcn_is_blocked_and_shifted():
    """On branches and somata, in the middle of a run, each compartment by its own share."""
    circuit = small_circuit(
        {"pyr": {"n": 40, "hcn_soma_nanosiemens": 2.0, "hcn_length_um": 200.0},
         "background": {"branch_hz": 40.0}}
    )  # fmt: skip
    network = network_of(circuit)
    rng = np.random.default_rng(1)
    gains = replace(
        random_gains(circuit),
        hcn=rng.random(network.n_compartments),
        hcn_shift_mv=-14 * rng.random(network.n_compartments),
    )
    events = grating(circuit, 0.1)
    quiet = events[0][::8], events[1][::8]
    kernel, reference, unchanged = (
        Cortex(network, 3),
        ReferenceCortex(network, 3),
        Cortex(network, 3),
    )
    for cortex in (kernel, reference, unchanged):
        cortex.run(300, *(e[:0] for e in quiet))
    kernel.set_gains(gains)
    reference.set_gains(gains)
    unchanged.set_gains(replace(gains, hcn=None, hcn_shift_mv=None))
    for cortex in (kernel, reference, unchanged):
        cortex.run(1000, *quiet)
    np.testing.assert_allclose(kernel.voltage_mv, reference.voltage, atol=0.03)
    assert np.abs(kernel.voltage_mv - unchanged.voltage_mv).max() > 0.5


def test_gains_of_one_change_nothing_and_looking_changes_nothing():
    circuit = small_circuit()
    events = grating(circuit, 0.2)
    plain, looking = Cortex(network_of(circuit), 1), Cortex(network_of(circuit), 1, looks=True)
    exposure = exposure_of(circuit)
    looking.set_gains(SlowStates(circuit, exposure, BlockSettings()).gains())
    one, other = plain.run(2000, *events), looking.run(2000, *events)
    np.testing.assert_array_equal(one.step, other.step)
    np.testing.assert_array_equal(one.cell, other.cell)


def test_the_kernel_tells_how_far_receptors_are_open_at_which_voltage():
    """Against the reference, looked at from outside, millisecond by millisecond."""
    circuit = small_circuit({"background": {"branch_hz": 60.0}})
    kernel, reference = (
        Cortex(network_of(circuit), 3, looks=True),
        ReferenceCortex(network_of(circuit), 3),
    )
    step, fibre = (events[::6] for events in grating(circuit, 0.1))
    kernel.run(1000, step, fibre)
    n = circuit.settings.pyr.n * circuit.settings.pyr.n_branches
    opened, product = np.zeros(n), np.zeros(n)
    for k in range(50):
        here = (step >= k * LOOK_EVERY) & (step < (k + 1) * LOOK_EVERY)
        first = here & (step == k * LOOK_EVERY)
        reference.run(1, step[first] - k * LOOK_EVERY, fibre[first])
        share = (reference.nmda_decay - reference.nmda_rise)[:n] / reference.ceiling[:n]
        opened += share / 50
        product += share * np.exp(0.062 * reference.voltage[:n]) / 50
        rest = here & ~first
        reference.run(LOOK_EVERY - 1, step[rest] - k * LOOK_EVERY - 1, fibre[rest])
    occupancy = kernel.take_openings().open_share[:n]
    assert opened.mean() > 0.003
    np.testing.assert_allclose(occupancy.sum(axis=1), opened, rtol=0.03, atol=1e-4)
    told = occupancy @ np.exp(0.062 * OCCUPANCY_VOLTAGE_MV)
    assert told.mean() == pytest.approx(product.mean(), rel=0.02)


def test_what_was_taken_is_not_told_again():
    circuit = small_circuit()
    cortex = Cortex(network_of(circuit), 1, looks=True)
    cortex.run(500, *grating(circuit, 0.05))
    assert cortex.take_openings().open_share.sum() > 0
    assert cortex.take_openings().open_share.sum() == 0


def test_a_concentration_of_zero_is_no_dose_bit_for_bit():
    without, zero = session(), session(held(0.0))
    np.testing.assert_array_equal(zero.recording.spike_samples, without.recording.spike_samples)
    paper = TopicalDose(
        name="paper", blocker="ketamine", route="topical", concentration_mg_per_ml=0.0
    )
    dry = session(paper).recording
    np.testing.assert_array_equal(dry.spike_samples, without.recording.spike_samples)


def test_receptors_that_bind_nothing_are_no_drug_bit_for_bit():
    """The drug is there and the slow machinery runs; only binding is missing."""
    without = session()
    unbound = BlockSettings(affinity_pyr=0.0, affinity_pv=0.0, affinity_sst=0.0)
    blind = session(held(10.0), block=unbound)
    np.testing.assert_array_equal(blind.recording.spike_samples, without.recording.spike_samples)
    course = blind.course
    assert course[course["quantity"] == "free_micromolar"]["mean"].max() == 10.0
    assert not course[course["quantity"] == "blocked_share"]["mean"].any()


def test_before_a_dose_nothing_changes_and_after_it_something_does():
    without, treated = session(), session(held(3.0))
    ends = {row.name: row.stop_s for row in without.recording.epochs.itertuples(index=False)}

    def until(name, recording):
        return recording.spike_samples[recording.spike_samples < ends[name] * STEPS_PER_S]

    for epoch, same in (("control", True), ("early", False)):
        one, other = (np.sort(until(epoch, s.recording)) for s in (without, treated))
        assert np.array_equal(one, other) == same


def test_only_the_cells_that_bind_are_blocked():
    course = session(held(3.0), block=BlockSettings(affinity_pyr=0.0, affinity_sst=0.0)).course
    last = course[course["quantity"] == "blocked_share"].groupby("population")["mean"].last()
    assert last["pv"] > 0.05
    assert last["pyr"] == last["sst"] == 0


def test_the_slow_steps_agree_with_stepping_all_along():
    """Representative trials and steps of up to 30 s give the block of a cortex that is simulated
    without a break, its block moved on after every trial, within the noise of one trial's worth."""
    circuit = small_circuit()
    treatment = Treatment(doses=(held(3.0),), slow_steps=SlowSteps(representative_trials=8))
    split = simulate_session(
        circuit, [("control", SEQUENCE), ("early", SEQUENCE)], 1, Subject(identifier="a"),
        starts_s={"early": 90.0}, treatment=treatment,
    ).course  # fmt: skip
    states = SlowStates(circuit, exposure_of(circuit, held(3.0)), BlockSettings())
    cortex = Cortex(network_of(circuit), 7, looks=True)
    afferents = AfferentSpikes(afferent_tuning(circuit), generator("sequential"))
    orientations = np.array([0.0, 45.0, 90.0, 135.0, np.nan])
    rng = np.random.default_rng(0)
    found = {}
    for k in range(300):
        for orientation, duration_s in ((np.nan, 0.1), (rng.choice(orientations), 0.2)):
            n_steps = round(duration_s * STEPS_PER_S)
            cortex.run(n_steps, *afferents.stretch(orientation, duration_s, STEPS_PER_S))
        states.see(cortex.take_openings())
        states.advance(0.3 * k, 0.3)
        cortex.set_gains(states.gains())
        found[0.3 * (k + 1)] = states.departed(0.3 * (k + 1))[:3]
    blocked = split[split["quantity"] == "blocked_share"]
    for place, name in enumerate(("pyr", "pv", "sst")):
        course = blocked[blocked["population"] == name]
        for time_s in (15.0, 45.0, 90.0):
            at = np.interp(time_s + SEQUENCE.total_s, course["time_s"], course["mean"])
            sequential = found[min(found, key=lambda t: abs(t - time_s))][place]
            assert at == pytest.approx(sequential, abs=0.03), (name, time_s)


@pytest.mark.slow
def test_smaller_slow_steps_and_more_trials_leave_the_block():
    fine = SlowSteps(representative_trials=16, largest_change=0.01, longest_s=15.0, refresh_s=60.0)
    coarse = session(held(1.0)).course
    finer = session(held(1.0), slow_steps=fine).course
    for name in ("pyr", "pv", "sst"):
        last = [
            c[(c["quantity"] == "blocked_share") & (c["population"] == name)]["mean"].iloc[-1]
            for c in (coarse, finer)
        ]
        assert last[0] == pytest.approx(last[1], abs=0.015), name


def test_block_recovers_after_washout_and_the_ampa_gain_outlasts_it():
    bath = held(3.0, duration_s=300.0)
    course = session(bath).course.set_index(["quantity", "population"])
    blocked, gain = course.loc[("blocked_share", "pyr")], course.loc[("ampa_gain", "pyr")]
    assert blocked["mean"].max() > 0.2
    assert blocked["mean"].iloc[-1] < 0.1 * blocked["mean"].max()
    assert gain["mean"].iloc[-1] > 1 + 0.8 * (gain["mean"].max() - 1) > 1.01


def test_without_up_regulation_ampa_stays_as_it_is():
    circuit = small_circuit({"upregulation": {"amplitude": 0.0}})
    course = session(held(10.0), circuit=circuit).course
    np.testing.assert_array_equal(course[course["quantity"] == "ampa_gain"]["mean"], 1.0)


def test_up_regulation_follows_the_loss_whoever_causes_it():
    lost, slow = np.array([0.0, 0.5, 1.0]), AmpaUpregulation()
    once = advance_gain(np.ones(3), lost, slow, 600.0)
    twice = advance_gain(advance_gain(np.ones(3), lost, slow, 300.0), lost, slow, 300.0)
    np.testing.assert_allclose(twice, once, rtol=1e-12)
    assert once[0] == 1.0
    np.testing.assert_allclose(
        advance_gain(np.ones(3), lost, slow, 1e6), 1 + slow.amplitude * lost, rtol=1e-9
    )
    back = advance_gain(once, np.zeros(3), slow, 600.0)
    assert np.all(back[1:] > 1)
    assert np.all(back[1:] < once[1:])


def test_arms_share_what_nothing_given_has_reached():
    kept, made = {}, []

    def keep(key, make):
        if key not in kept:
            kept[key] = make()
            made.append(key)
        return kept[key]

    heard = []
    for doses in ((), (held(3.0),), (held(0.0),)):
        simulate_session(
            small_circuit(), EPOCHS, 1, Subject(identifier="a"),
            lambda simulated_s, _: heard.append(simulated_s),
            starts_s={"late": 60.0}, treatment=Treatment(doses=doses), keep=keep,
        )  # fmt: skip
    assert len(made) == 5
    assert sum(not shown.states for shown in kept.values()) == 3, "two epochs lie under the dose"
    assert sum(heard) == pytest.approx(9 * SEQUENCE.total_s)


def test_sites_are_branches_first_and_doses_add():
    circuit = small_circuit()
    sites = receptor_sites(circuit)
    n = circuit.branch_depth_um.size
    np.testing.assert_array_equal(sites.depth_um[:n].reshape(6, -1), circuit.branch_depth_um)
    np.testing.assert_array_equal(sites.position_um[:60], sites.position_um[60:120])
    both = Exposure([held(1.0), held(2.0, start_s=50.0)], Tissue(), sites, 100.0)
    assert both.free_micromolar(10.0)[0, 0] == 1.0
    assert both.free_micromolar(60.0)[0, 0] == 3.0
    assert both.begins_s == 0.0


def test_nothing_arrives_before_a_dose_or_below_zero():
    sites = Sites(np.array([[0.0, 0.0], [-750.0, 0.0]]), np.array([150.0, 600.0]))
    paper = TopicalDose(name="paper", blocker="ketamine", route="topical", start_s=30.0)
    exposure = Exposure([paper], Tissue(), sites, 7200.0)
    assert not exposure.free_micromolar(30.0).any()
    courses = np.array([exposure.free_micromolar(t)[0] for t in np.linspace(0, 7200, 200)])
    assert courses.min() >= 0
    assert courses[:, 0].max() > courses[:, 1].max()


def test_salt_tells_how_much_a_mass_is():
    given = {"name": "p", "blocker": "ketamine", "route": "topical"}
    assert TopicalDose(**given).solution_micromolar == pytest.approx(36_470, rel=1e-3)
    assert TopicalDose(**given, salt="base").solution_micromolar == pytest.approx(42_070, rel=1e-3)


def test_block_of_every_subunit_leaves_nothing_and_of_none_leaves_all():
    """Shares of the subunits add up in every class, whichever way they are written."""
    circuit = small_circuit()
    states = SlowStates(circuit, exposure_of(circuit, held(1e5)), BlockSettings())
    baseline = states.gains()
    for gains in (baseline.ampa, baseline.nmda, baseline.nmda_2d):
        np.testing.assert_array_equal(gains, 1.0)
    assert baseline.hcn is None
    occupancy = np.full((len(states.population), len(OCCUPANCY_VOLTAGE_MV)), 1e-3)
    states.see(Openings(occupancy, occupancy))
    states.advance(0.0, 3000.0)
    left = states.gains()
    np.testing.assert_allclose(left.nmda, 0.0, atol=1e-3)
    has_2d = states.population != "pyr"
    np.testing.assert_allclose(left.nmda_2d[has_2d], 0.0, atol=1e-3)
    np.testing.assert_allclose(states.blocked_share, 1.0, atol=1e-3)


def test_a_dose_inside_one_cell_blocks_that_cell_alone():
    circuit = small_circuit()
    n = circuit.settings.pyr.n
    inside = held(5.0, cells=(3, 7))
    states = SlowStates(circuit, exposure_of(circuit, inside), BlockSettings())
    every = np.full((len(states.population), len(OCCUPANCY_VOLTAGE_MV)), 1e-3)
    states.see(Openings(every, every))
    states.advance(0.0, 600.0)
    branches = states.blocked_share[states.population == "pyr"].reshape(-1, n)
    assert np.all(branches[:, [3, 7]] > 0.1)
    assert not np.delete(branches, [3, 7], axis=1).any()
    assert not states.blocked_share[states.population != "pyr"].any()


def test_two_drugs_given_together_compete_in_a_session():
    circuit = small_circuit()
    every = np.full((len(receptor_sites(circuit).depth_um), len(OCCUPANCY_VOLTAGE_MV)), 1e-3)
    reached = []
    for doses in ([held(2.0)], [held(2.0, name="s", blocker="s-ketamine")],
                  [held(2.0), held(2.0, name="s", blocker="s-ketamine")]):  # fmt: skip
        states = SlowStates(circuit, exposure_of(circuit, *doses), BlockSettings())
        states.see(Openings(every, every))
        states.advance(0.0, 3000.0)
        reached.append(states.blocked_share)
    racemic, s, both = (share / (1 - share) for share in reached)
    np.testing.assert_allclose(both, racemic + s, rtol=0.02)  # subunits differ a little
    assert reached[2].max() < 1


def test_a_leak_empties_receptors_that_no_one_opens():
    circuit = small_circuit()
    n_site = len(receptor_sites(circuit).depth_um)
    opened = np.full((n_site, len(OCCUPANCY_VOLTAGE_MV)), 1e-3)
    resting = np.zeros_like(opened)
    resting[:, 15] = 1.0  # all of the time near -69 mV
    left = []
    for leak in (0.0, 0.05):
        exposure = exposure_of(circuit, held(10.0, duration_s=600.0))
        states = SlowStates(circuit, exposure, BlockSettings(leak=leak))
        states.see(Openings(opened, resting))
        states.advance(0.0, 599.0)
        before = states.blocked_share
        states.see(Openings(np.zeros_like(opened), resting))
        states.advance(600.0, 600.0)
        left.append(states.blocked_share / before)
    np.testing.assert_allclose(left[0], 1.0)
    assert left[1].max() < 0.01
