"""What a comparison of two epochs holds still, so that it cannot pass for a change."""

import numpy as np
import pandas as pd
from tests.analyse.planted import (
    heterogeneous_units,
    recording_of,
    responses_to,
    trials_of,
    von_mises_rates,
)

from ketacortex.analyse.epoch_pairs import pair_epochs
from ketacortex.analyse.epoch_values import EpochMeasures

N_UNITS = 400


def measured(rate_hz, rng, n_repeats):
    empty = recording_of(np.zeros((N_UNITS, 1)), trials_of(np.zeros(1), ["all"]), rng)
    return EpochMeasures(empty, responses_to(rate_hz, rng, n_repeats=n_repeats))


def test_more_trials_in_one_epoch_are_no_change_of_selectivity():
    """Noise adds to selectivity, and adds less where there are more trials."""
    rng = np.random.default_rng(0)
    rate_hz = von_mises_rates(*heterogeneous_units(rng, N_UNITS))
    many, few = measured(rate_hz, rng, 30), measured(rate_hz, rng, 2)
    naive = np.nanmean(few.gosi - many.gosi)
    pair = pair_epochs(few, many)
    change = pair.tuning_after.gosi - pair.tuning_before.gosi
    error = np.nanstd(change) / np.sqrt(N_UNITS)
    assert naive > 3 * error
    assert abs(np.nanmean(change)) < 2.5 * error
    assert pair.tuning_before.responses.is_for_tuning.all()
    kept = pair.tuning_after.responses
    assert set(pd.Series(kept.tuning_orientation_deg).value_counts()) == {2}
    assert np.diff(kept.onset_s[kept.is_for_tuning]).max() <= 30  # spread over the epoch


def test_more_spikes_in_one_epoch_are_no_change_of_selectivity():
    rng = np.random.default_rng(2)
    rate_hz = von_mises_rates(*heterogeneous_units(rng, N_UNITS))
    few, many = measured(0.3 * rate_hz, rng, 4), measured(4 * rate_hz, rng, 4)
    naive = np.nanmean(few.gosi - many.gosi)
    pair = pair_epochs(few, many)
    change = pair.matched_after[0].gosi - pair.matched_before[0].gosi
    error = np.nanstd(change) / np.sqrt(N_UNITS)
    assert naive > 4 * error
    assert abs(np.nanmean(change)) < 2.5 * error


def test_equal_trials_and_other_stimuli_are_left_as_they_are():
    rng = np.random.default_rng(1)
    rate_hz = np.full((N_UNITS, 12), 5.0)
    first, second = measured(rate_hz, rng, 3), measured(rate_hz, rng, 3)
    assert pair_epochs(first, second).tuning_after is second
    responses = responses_to(rate_hz[:, :8], rng, n_repeats=5, orientation_deg=np.arange(8) * 22.5)
    other = EpochMeasures(first.recording, responses)
    assert pair_epochs(first, other).tuning_after is other
