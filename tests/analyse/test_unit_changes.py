"""Single units between two epochs: what changed is found, unit by unit, and no more than that."""

import numpy as np
import pytest
from benchmarks.planted.recordings import EPOCHS, Planted, animal

from ketacortex.analyse.compare import compare_sides
from ketacortex.analyse.unit_changes import UNIT_CHANGE_COLUMNS
from ketacortex.recording.selection import only_epoch, only_units


def units_of(planted, seed=0):
    recording = animal(np.random.default_rng(seed), planted)
    sides = [{"one": only_epoch(recording, epoch)} for epoch in EPOCHS]
    return compare_sides(*sides, EPOCHS).units


def test_every_unit_has_a_row_with_an_interval_around_its_change():
    units = units_of(Planted(n_units=30))
    assert list(units.columns) == UNIT_CHANGE_COLUMNS
    assert units["unit"].tolist() == list(range(30))
    change = units["rate_after_hz"] - units["rate_before_hz"]
    np.testing.assert_allclose(units["rate_change_hz"], change, rtol=1e-6, atol=1e-9)
    assert (units["rate_ci_low"] < change).all()
    assert (units["rate_q"] >= units["rate_p"]).all()


def test_without_a_change_hardly_any_unit_is_discovered():
    found = [units_of(Planted(n_units=40, gain_sd=0.0), seed=seed) for seed in range(6)]
    p_value = np.concatenate([units["rate_p"] for units in found])
    assert np.mean(p_value < 0.05) == pytest.approx(0.05, abs=0.045)
    assert sum((units["rate_q"] < 0.05).sum() for units in found) <= 4


def test_halved_rates_and_planted_shifts_are_discovered():
    units = units_of(Planted(n_units=40, rate_factor=0.5, n_repeats=(12, 12)))
    assert (units["rate_q"] < 0.05).mean() > 0.9
    units = units_of(Planted(n_units=40, shift_deg=25.0, n_repeats=(16, 16)))
    known = units.dropna(subset=["shift_deg"])
    assert len(known) >= 10
    excludes_0 = (known["shift_ci_low"] > 0) | (known["shift_ci_high"] < 0)
    assert excludes_0.mean() > 0.6


def test_some_units_of_a_recording_keep_their_spikes():
    recording = animal(np.random.default_rng(1), Planted(n_units=6))
    kept = only_units(recording, np.array([False, True, False, False, True, True]))
    assert kept.units.index.tolist() == [1, 4, 5]
    for place, unit in enumerate((1, 4, 5)):
        np.testing.assert_array_equal(kept.spike_times_s(place), recording.spike_times_s(unit))
