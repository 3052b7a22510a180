import numpy as np
import pytest

from ketacortex.stimulus.afferent_spikes import AfferentSpikes, AfferentTuning
from ketacortex.stimulus.grating import GratingSequence, draw_trials

STEPS_PER_S = 10_000.0


def bundle(**changes) -> AfferentTuning:
    settings = {
        "preferred_deg": np.linspace(0, 180, 300, endpoint=False), "rest_hz": 2.0,
        "pedestal_hz": 8.0, "peak_hz": 20.0, "tuning": 1.5, "shared_gain_sd": 0.3,
        "private_gain_sd": 0.2, "gain_relaxation_s": 0.2,
    }  # fmt: skip
    return AfferentTuning(**{**settings, **changes})


def test_every_orientation_is_shown_equally_often_and_blanks_are_spread():
    sequence = GratingSequence(n_orientations=12, repeats=6, blanks=30)
    trials = draw_trials(sequence, np.random.default_rng(0))
    counts = trials["orientation_deg"].value_counts()
    assert len(counts) == 12
    assert (counts == 6).all()
    blank = np.flatnonzero(trials["orientation_deg"].isna())
    halves = np.array([(blank < len(trials) / 2).sum(), (blank >= len(trials) / 2).sum()])
    np.testing.assert_array_equal(halves, 15)


def test_trials_do_not_overlap_and_fill_the_sequence():
    sequence = GratingSequence(repeats=3, blanks=5, duration_s=0.5, gap_s=0.2)
    trials = draw_trials(sequence, np.random.default_rng(1))
    assert np.allclose(trials["onset_s"].diff()[1:], 0.7)
    assert trials["offset_s"].iloc[-1] == pytest.approx(sequence.total_s)


def test_mean_rates_are_those_of_the_tuning_whatever_the_gain():
    afferents = AfferentSpikes(bundle(), np.random.default_rng(2))
    _, fibre = afferents.stretch(45.0, 200.0, STEPS_PER_S)
    measured = np.bincount(fibre, minlength=300) / 200.0
    expected = bundle().rate_hz(45.0)
    assert measured.mean() == pytest.approx(expected.mean(), rel=0.03)
    assert np.corrcoef(measured, expected)[0, 1] > 0.99


def test_a_blank_drives_every_fibre_alike():
    np.testing.assert_array_equal(bundle().rate_hz(np.nan), 2.0)


def test_shared_gain_correlates_fibres_and_private_gain_does_not():
    def correlation(**gains):
        spikes = AfferentSpikes(bundle(pedestal_hz=60.0, **gains), np.random.default_rng(3))
        counts = np.array(
            [np.bincount(spikes.stretch(0.0, 0.2, STEPS_PER_S)[1], minlength=300)
             for _ in range(400)]
        )  # fmt: skip
        matrix = np.corrcoef(counts[:, ::10].T)
        return matrix[np.triu_indices(len(matrix), 1)].mean()

    assert correlation(shared_gain_sd=0.3, private_gain_sd=0.0) > 0.3
    assert correlation(shared_gain_sd=0.0, private_gain_sd=0.3) == pytest.approx(0, abs=0.02)


def test_without_gain_the_counts_are_poisson():
    spikes = AfferentSpikes(
        bundle(shared_gain_sd=0.0, private_gain_sd=0.0), np.random.default_rng(4)
    )
    counts = np.array(
        [np.bincount(spikes.stretch(0.0, 0.5, STEPS_PER_S)[1], minlength=300) for _ in range(300)]
    )
    fano = counts.var(axis=0, ddof=1) / counts.mean(axis=0)
    assert fano.mean() == pytest.approx(1.0, abs=0.02)


def test_the_gain_goes_on_across_stretches():
    slow = bundle(shared_gain_sd=0.5, private_gain_sd=0.0, gain_relaxation_s=5.0, pedestal_hz=80.0)
    spikes = AfferentSpikes(slow, np.random.default_rng(5))
    total = np.array([len(spikes.stretch(np.nan, 0.2, STEPS_PER_S)[0]) for _ in range(500)])
    assert np.corrcoef(total[:-1], total[1:])[0, 1] > 0.7


def test_spikes_come_in_order_inside_the_stretch():
    step, fibre = AfferentSpikes(bundle(), np.random.default_rng(6)).stretch(0.0, 1.0, STEPS_PER_S)
    assert np.all(np.diff(step) >= 0)
    assert step.min() >= 0
    assert step.max() < 10_000
    assert fibre.max() < 300
