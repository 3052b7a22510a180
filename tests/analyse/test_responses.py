import numpy as np
import pandas as pd

from analyse.planted import recording_of, trials_of
from ketacortex.analyse.responses import collect_responses


def responses_of(trials, counts=None):
    rng = np.random.default_rng(0)
    counts = rng.poisson(3.0, (4, len(trials))) if counts is None else counts
    return collect_responses(recording_of(counts, trials, rng)), counts


def test_counts_come_back_by_epoch_with_blanks_apart():
    trials = trials_of(np.array([0.0, np.nan, 45.0]), ["control", "drug"])
    (control, drug), counts = responses_of(trials)
    assert (control.epoch, drug.epoch) == ("control", "drug")
    np.testing.assert_array_equal(control.counts, counts[:, [0, 2]])
    np.testing.assert_array_equal(drug.blank_counts, counts[:, [4]])


def test_epochs_are_in_order_of_time_whatever_their_place_in_the_table():
    trials = trials_of(np.array([0.0, 90.0]), ["z", "a"]).iloc[[3, 0, 2, 1]]
    epochs, _ = responses_of(trials.reset_index(drop=True))
    assert [epoch.epoch for epoch in epochs] == ["z", "a"]


def test_one_stimulus_has_one_number_in_every_epoch():
    trials = trials_of(np.array([0.0, 45.0, 90.0]), ["a", "b"]).drop(index=3)
    (first, second), _ = responses_of(trials.reset_index(drop=True))
    np.testing.assert_array_equal(first.condition[1:], second.condition)


def test_directions_are_separate_conditions_of_one_orientation():
    direction_deg = np.array([0.0, 180.0, 112.0, 292.0])
    trials = trials_of(direction_deg % 180.0, ["a"]).assign(direction_deg=direction_deg)
    (epoch,), _ = responses_of(trials)
    assert len(np.unique(epoch.condition)) == 4
    assert np.unique(epoch.orientation_deg).tolist() == [0.0, 112.0]


def test_opposite_directions_that_the_source_rounded_are_one_orientation():
    direction_deg = np.array([135.0, 314.0, 158.0, 336.0, 0.0, 179.0])
    trials = trials_of(direction_deg % 180.0, ["a"]).assign(direction_deg=direction_deg)
    (epoch,), _ = responses_of(trials)
    # 179 is a direction of its own: only opposite directions are joined.
    assert np.unique(epoch.orientation_deg).tolist() == [0.0, 135.0, 158.0, 179.0]


def test_tuning_uses_the_highest_contrast():
    trials = pd.concat(
        [trials_of(np.array([0.0, 45.0, np.nan]), ["a"]).assign(contrast=c) for c in (10.0, 100.0)],
        ignore_index=True,
    )
    trials["onset_s"] = 2.0 * np.arange(6)
    trials["offset_s"] = trials["onset_s"] + 1.0
    (epoch,), counts = responses_of(trials)
    assert epoch.counts.shape == (4, 4)
    np.testing.assert_array_equal(epoch.tuning_counts, counts[:, [3, 4]])
    assert len(np.unique(epoch.condition)) == 4
