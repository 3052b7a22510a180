"""What probes record: of a cell that is known, and of a session, whose spikes they leave alone."""

import itertools

import numpy as np
import pandas as pd
import pytest
from small import grating, small_circuit
from test_laws import network, population

from ketacortex.drug.doses import HeldDose
from ketacortex.errors import ConfigurationError
from ketacortex.experiment.shared_epochs import SharedEpochs
from ketacortex.model.network import Branches, Pathway, sort_synapses
from ketacortex.model.v1_network import network_of
from ketacortex.recording.nwb import read_nwb, write_nwb
from ketacortex.recording.recording import DENDRITIC_INHIBITION, MEMBRANE_POTENTIAL, Subject
from ketacortex.simulate.engine import Cortex
from ketacortex.simulate.layout import event_jump
from ketacortex.simulate.probes import BLOCK, Probe, Probes
from ketacortex.simulate.session import Treatment, simulate_session
from ketacortex.stimulus.grating import GratingSequence

ALL = Probes(dendritic_inhibition=True, plateaus=True, membrane_cells=3)
SEQUENCE = GratingSequence(n_orientations=4, repeats=2, blanks=2, duration_s=0.2, gap_s=0.1)
EPOCHS = [("control", SEQUENCE), ("later", SEQUENCE)]
HELD = HeldDose(name="held", blocker="ketamine", route="held", concentration_micromolar=30.0)


def session(record=ALL, doses=(), circuit=None, **more):
    return simulate_session(
        circuit or small_circuit(), EPOCHS, 1, Subject(identifier="a"),
        starts_s={"later": 60.0}, treatment=Treatment(doses=doses), record=record, **more,
    ).recording  # fmt: skip


@pytest.fixture(scope="module")
def probed():
    return session()


def assert_same_probes(one, other):
    assert [channel.name for channel in one.channels] == [c.name for c in other.channels]
    for channel, twin in zip(one.channels, other.channels, strict=True):
        np.testing.assert_array_equal(channel.values, twin.values)
    pd.testing.assert_frame_equal(one.events, other.events)


def branched(n=4, n_branches=3, **changes):
    branches = Branches(n=n_branches, capacitance_pf=25.0, leak_nanosiemens=1.0,
                        coupling_nanosiemens=2.0, gaba_decay_ms=8.0)  # fmt: skip
    return population(n=n, branches=branches, **changes)


def test_inhibition_after_one_spike_decays_as_its_exponential():
    """An inhibitory cell fires in the first step onto one branch in twelve, 3 ms away."""
    source = population(n=1, name="source", threshold_mv=-72.0, reset_mv=-80.0, refractory_ms=1e6)
    made = network(
        branched(), source,
        pathways=(Pathway(source="source", target="p", sign="inhibitory", onto="branches"),),
        synapses=sort_synapses(
            5, np.array([4]), np.array([7]), np.array([30]), np.array([2.0]), np.array([0])
        ),
    )  # fmt: skip
    cortex = Cortex(made, 1, exact=True)
    probe = Probe(made, "p", Probes(dendritic_inhibition=True), cortex.dt_ms, 0)
    cortex.attach(probe)
    cortex.run(1000)
    found = probe.take().inhibition_nanosiemens
    at_ms = np.arange(100)
    # It jumps as step 30 begins and has decayed once after every step from then on.
    expected = np.where(at_ms > 3, 2.0 * event_jump(8.0, 0.1) * np.exp(-(at_ms - 3) / 8.0), 0) / 12
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_samples_are_the_state_at_whole_milliseconds():
    circuit = small_circuit()
    made = network_of(circuit)
    probe_at, n_ms = 237, BLOCK + 41
    step, fibre = grating(circuit, (probe_at + 10 * n_ms) / 1e4)
    whole, stepped = Cortex(made, 1), Cortex(made, 1)

    def run(cortex, first, last):
        here = (step >= first) & (step < last)
        cortex.run(last - first, step[here] - first, fibre[here])

    run(whole, 0, probe_at)
    probe = Probe(made, "pyr", ALL, whole.dt_ms, probe_at)
    whole.attach(probe)
    # In pieces that end where no sample is.
    edges = [probe_at, probe_at + 3, probe_at + 1204, probe_at + 10 * n_ms]
    for first, last in itertools.pairwise(edges):
        run(whole, first, last)
    seen = probe.take()
    n, n_branches = circuit.settings.pyr.n, circuit.settings.pyr.n_branches
    soma = n * n_branches
    run(stepped, 0, probe_at)
    for k in range(n_ms):
        state = stepped._state
        np.testing.assert_array_equal(seen.membrane_mv[:, k], state.voltage[soma : soma + 3])
        assert seen.inhibition_nanosiemens[k] == pytest.approx(
            state.gaba[:soma].mean(dtype=float), rel=1e-6
        )
        run(stepped, probe_at + 10 * k, probe_at + 10 * (k + 1))
    np.testing.assert_array_equal(whole.voltage_mv, stepped.voltage_mv)
    assert seen.membrane_mv.shape == (3, n_ms)


def test_a_planted_plateau_is_found_in_its_branch_and_torn_by_no_border():
    """Branch 2 of cell 1 is held at -25 mV over the border of a block, branch 0 for too short."""
    made = network(branched())
    cortex = Cortex(made, 1)
    probe = Probe(made, "p", Probes(plateaus=True), cortex.dt_ms, 0)
    voltage = np.full((BLOCK + 100, 12), -60.0)
    voltage[BLOCK - 10 : BLOCK + 15, 2 * 4 + 1] = -25.0
    voltage[50:69, 0] = -25.0
    voltage[BLOCK + 70 :, 11] = -10.0
    for row in voltage:
        cortex._state.voltage[:12] = row
        probe.sample(cortex._state)
    seen = probe.take()
    assert seen.plateau_first.tolist() == [BLOCK - 10, BLOCK + 70]
    assert seen.plateau_samples.tolist() == [25, 30]
    assert (seen.plateau_cell.tolist(), seen.plateau_branch.tolist()) == ([1, 3], [2, 2])


def test_probes_change_no_spike(probed):
    without = session(Probes())
    np.testing.assert_array_equal(without.spike_samples, probed.spike_samples)
    np.testing.assert_array_equal(without.spike_index, probed.spike_index)
    assert not without.channels
    assert without.events.empty
    under_dose = [session(record, (HELD,)).spike_samples for record in (Probes(), ALL)]
    assert not np.array_equal(under_dose[0], probed.spike_samples)
    np.testing.assert_array_equal(*under_dose)


def test_each_probe_sees_the_same_alone(probed):
    alone = [
        session(Probes(dendritic_inhibition=True)),
        session(Probes(membrane_cells=3)),
        session(Probes(plateaus=True)),
    ]
    channels = {c.name: c for recording in alone for c in recording.channels}
    assert set(channels) == {c.name for c in probed.channels}
    for channel in probed.channels:
        np.testing.assert_array_equal(channels[channel.name].values, channel.values)
    pd.testing.assert_frame_equal(alone[2].events, probed.events)


def test_channels_cover_each_epoch_on_the_clock_of_the_recording(probed):
    spans = probed.epochs.set_index("name")
    assert len(probed.channels) == 2 * (1 + 3)
    for channel in probed.channels:
        epoch = spans.loc[channel.name.rsplit("_", 1)[1]]
        assert (channel.start_s, channel.stop_s) == pytest.approx(tuple(epoch))
    inhibition = [c for c in probed.channels if c.quantity == DENDRITIC_INHIBITION]
    assert [c.unit for c in inhibition] == ["nS", "nS"]
    cells = [c.of_unit for c in probed.channels if c.quantity == MEMBRANE_POTENTIAL]
    assert cells == [0, 1, 2] * 2


def test_a_somatic_voltage_is_reset_where_its_cell_fires(probed):
    """In the millisecond after a spike the soma is held at its reset of -56 mV."""
    channels = [c for c in probed.channels if c.quantity == MEMBRANE_POTENTIAL]
    n_spikes = 0
    for channel in channels:
        times_s = probed.spike_times_s(channel.of_unit)
        for time_s in times_s[(times_s > channel.start_s) & (times_s < channel.stop_s - 0.002)]:
            (after,) = channel.between(time_s + 0.0002, time_s + 0.0012)
            assert after == -56.0
            n_spikes += 1
    assert n_spikes > 5


def test_plateaus_lie_in_their_epoch_and_branch(probed):
    events = probed.events
    assert len(events) > 10
    assert events["duration_s"].min() >= 0.02
    stop_s = events["onset_s"] + events["duration_s"]
    inside = [
        (events["onset_s"] >= start) & (stop_s <= end + 1e-9)
        for start, end in probed.epochs[["start_s", "stop_s"]].to_numpy()
    ]
    assert np.logical_or(*inside).all()
    has_branches = probed.units["n_branches"] > 0
    assert (has_branches == (probed.units["cell_class"] == "pyr")).all()
    assert set(events["branch"]) <= set(range(6))
    assert set(events["unit"]) <= set(np.flatnonzero(has_branches))


def test_a_dose_of_nothing_leaves_the_probes_as_a_retest_has_them(probed):
    nothing = HELD.model_copy(update={"concentration_micromolar": 0.0})
    assert_same_probes(session(doses=(nothing,)), probed)


def test_a_session_with_probes_survives_its_file(probed, tmp_path):
    read = read_nwb(write_nwb(probed, tmp_path / "probed.nwb"))
    assert_same_probes(read, probed)
    assert [c.of_unit for c in read.channels] == [c.of_unit for c in probed.channels]
    assert read.units["n_branches"].tolist() == probed.units["n_branches"].tolist()


def test_an_epoch_that_arms_share_keeps_its_probes(probed, tmp_path):
    keep = SharedEpochs(tmp_path)
    bare = session(Probes(), keep=keep)
    np.testing.assert_array_equal(bare.spike_samples, probed.spike_samples)
    for _ in ("made", "kept"):
        assert_same_probes(session(keep=keep), probed)
    assert len(list(tmp_path.glob("*.npz"))) == 2 * 2
    treated = session(doses=(HELD,), keep=keep)
    np.testing.assert_array_equal(treated.channels[0].values, probed.channels[0].values)
    assert not np.array_equal(treated.channels[4].values, probed.channels[4].values)


def test_more_cells_than_there_are_cannot_be_recorded():
    with pytest.raises(ConfigurationError, match="and the circuit has 60 pyramidal cells"):
        session(Probes(membrane_cells=61))


def test_a_step_that_does_not_divide_a_millisecond_is_refused():
    with pytest.raises(ConfigurationError, match="do not make up whole samples of 1 ms"):
        Probe(network(branched()), "p", ALL, 0.3, 0)
