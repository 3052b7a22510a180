import numpy as np
import pytest
from small import small_circuit

from ketacortex.recording.recording import Subject
from ketacortex.simulate.session import simulate_session
from ketacortex.stimulus.grating import GratingSequence

SEQUENCE = GratingSequence(n_orientations=4, repeats=2, blanks=2, duration_s=0.2, gap_s=0.1)
EPOCHS = [("control", SEQUENCE), ("retest", SEQUENCE)]


def session(epochs=EPOCHS, noise=1, circuit=None):
    return simulate_session(
        circuit or small_circuit(), epochs, noise, Subject(identifier="a"), None
    ).recording


def in_epoch(recording, name):
    row = recording.epochs.set_index("name").loc[name]
    start, stop = row["start_s"] * 1e4, row["stop_s"] * 1e4
    unit = np.repeat(np.arange(recording.n_units), np.diff(recording.spike_index))
    here = (recording.spike_samples >= start) & (recording.spike_samples < stop)
    return unit[here], recording.spike_samples[here] - round(start)


@pytest.fixture(scope="module")
def both():
    return session()


def test_the_same_noise_gives_the_same_bits(both):
    np.testing.assert_array_equal(session().spike_samples, both.spike_samples)


def test_a_second_epoch_never_repeats_the_first(both):
    assert not np.array_equal(in_epoch(both, "control")[1], in_epoch(both, "retest")[1])
    order = both.trials.groupby("epoch")["orientation_deg"].agg(list)
    assert order["control"] != order["retest"]


def test_the_noise_of_an_epoch_depends_on_its_name_and_not_on_what_came_before(both):
    alone = session([("retest", SEQUENCE)])
    for with_control, without in zip(
        in_epoch(both, "retest"), in_epoch(alone, "retest"), strict=True
    ):
        np.testing.assert_array_equal(with_control, without)


def test_other_noise_gives_other_spikes(both):
    assert not np.array_equal(session(noise=2).spike_samples, both.spike_samples)


def test_spikes_of_each_unit_ascend_and_lie_in_the_recording(both):
    for unit in range(both.n_units):
        times = both.spike_times_s(unit)
        assert np.all(np.diff(times) > 0)
    assert both.spike_samples.min() >= 0
    assert both.spike_samples.max() < both.stop_s * both.sample_rate_hz


def test_trials_lie_in_their_epoch(both):
    spans = both.epochs.set_index("name")
    for _, trial in both.trials.iterrows():
        assert spans.loc[trial["epoch"], "start_s"] <= trial["onset_s"]
        assert trial["offset_s"] <= spans.loc[trial["epoch"], "stop_s"] + 1e-9


def test_progress_adds_up_to_the_simulated_time():
    heard = []
    simulate_session(
        small_circuit(), EPOCHS, 1, Subject(identifier="a"), lambda s, rate: heard.append((s, rate))
    )
    assert sum(s for s, _ in heard) == pytest.approx(2 * SEQUENCE.total_s)
    assert all(rate >= 0 for _, rate in heard)
