import numpy as np
import pandas as pd
import pytest

from ketacortex.analyse.modulation import f1_f0
from ketacortex.recording.recording import Recording, Subject

ONSET_S = 2.0 * np.arange(96)
CONDITION = np.tile(np.arange(8), 12)
FREQUENCY_HZ = np.full(96, 2.0)


def recording_of_rates(rng, rates):
    """Inhomogeneous Poisson spikes at rate(phase, condition) Hz in trials of 1.3 s."""
    times_s = []
    for rate in rates:
        trial = np.repeat(np.arange(96), rng.poisson(1.3 * 200.0, 96))
        time_s = 1.3 * rng.random(len(trial))
        phase = 2.0 * np.pi * 2.0 * time_s
        kept = rng.random(len(trial)) < rate(phase, CONDITION[trial]) / 200.0
        times_s.append(np.sort((ONSET_S[trial] + time_s)[kept]))
    samples = [np.floor(t * 1e5).astype(np.int64) for t in times_s]
    return Recording(
        subject=Subject(identifier="animal"),
        spike_samples=np.concatenate(samples),
        spike_index=np.concatenate([[0], np.cumsum([len(s) for s in samples])]),
        sample_rate_hz=1e5,
        units=pd.DataFrame({"cell_class": ["unknown"] * len(samples)}),
        trials=pd.DataFrame(columns=["onset_s", "offset_s", "orientation_deg", "epoch"]),
        epochs=pd.DataFrame(columns=["name", "start_s", "stop_s"]),
        start_s=0.0,
        stop_s=200.0,
    )


def steady(phase, condition):
    return 20.0 + 0.0 * phase


def rectified(phase, condition):
    return 60.0 * np.maximum(np.cos(phase - condition), 0.0)


def half_modulated(phase, condition):
    return (4.0 + 3.0 * condition) * (1.0 + 0.5 * np.cos(phase))


def sparse(phase, condition):
    return 0.05 + 0.0 * phase


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(0)
    recording = recording_of_rates(rng, [steady, rectified, half_modulated, sparse] + [steady] * 40)
    return f1_f0(recording, ONSET_S, np.full(96, 1.3), FREQUENCY_HZ, CONDITION)


def test_known_modulations_are_recovered(found):
    assert found.f1_f0[0] < 0.15
    assert found.f1_f0[1] == pytest.approx(np.pi / 2.0, abs=0.05)
    assert found.f1_f0[2] == pytest.approx(0.5, abs=0.06)
    assert (found.low[1:3] < found.f1_f0[1:3]).all()
    assert (found.f1_f0[1:3] < found.high[1:3]).all()


def test_a_unit_with_few_spikes_is_not_measured(found):
    assert np.isnan([found.f1_f0[3], found.low[3], found.high[3]]).all()


def test_the_square_has_no_bias_in_steady_units(found):
    """About half of the squares come out negative, and are given as 0."""
    assert np.mean(found.f1_f0[4:] == 0.0) == pytest.approx(0.5, abs=0.25)
    assert np.mean(found.low[4:] == 0.0) > 0.85


def test_less_than_a_cycle_and_too_few_repeats_are_not_measured():
    recording = recording_of_rates(np.random.default_rng(1), [steady])
    short = f1_f0(recording, ONSET_S, np.full(96, 0.4), FREQUENCY_HZ, CONDITION)
    few = f1_f0(recording, ONSET_S, np.full(96, 1.3), FREQUENCY_HZ, np.arange(96) // 2)
    unknown = f1_f0(recording, ONSET_S, np.full(96, 1.3), np.full(96, np.nan), CONDITION)
    assert np.isnan([short.f1_f0[0], few.f1_f0[0], unknown.f1_f0[0]]).all()


def test_the_order_of_trials_changes_nothing():
    recording = recording_of_rates(np.random.default_rng(2), [rectified])
    order = np.random.default_rng(3).permutation(96)
    same = f1_f0(recording, ONSET_S, np.full(96, 1.3), FREQUENCY_HZ, CONDITION)
    mixed = f1_f0(recording, ONSET_S[order], np.full(96, 1.3), FREQUENCY_HZ, CONDITION[order])
    assert mixed.f1_f0[0] == pytest.approx(same.f1_f0[0])
