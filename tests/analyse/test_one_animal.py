"""Intervals within one animal: trials are what is resampled, because units share their noise."""

import numpy as np
import pandas as pd
import pytest

from ketacortex.analyse.one_animal import compare_one_animal, deal
from ketacortex.analyse.session import measure_session
from ketacortex.recording.recording import Recording, Subject

ORIENTATIONS = np.arange(8) * 22.5


def recording(rng, *, gain_sd=0.4, rate_factor=1.0, repeats=8, n_units=30):
    """Two epochs of units that share a gain from trial to trial; the second is faster."""
    shown = np.concatenate([rng.permutation(np.tile(ORIENTATIONS, repeats)) for _ in range(2)])
    n_trials = len(shown)
    epoch = np.repeat(["control", "drug"], n_trials // 2)
    onset = np.arange(n_trials) * 1.0
    gain = np.exp(gain_sd * rng.standard_normal(n_trials) - gain_sd**2 / 2)
    preferred = rng.uniform(0, 180, n_units)
    tuned = np.exp(1.5 * (np.cos(2 * np.deg2rad(shown - preferred[:, None])) - 1))
    rate = (2 + 10 * tuned) * gain * np.where(epoch == "drug", rate_factor, 1.0)
    count = rng.poisson(rate * 0.5)
    spikes = [np.sort(np.repeat(onset, c) + rng.uniform(0.001, 0.499, c.sum())) for c in count]
    index = np.concatenate([[0], np.cumsum([len(s) for s in spikes])])
    return Recording(
        subject=Subject(identifier="one"), spike_index=index, sample_rate_hz=1e4,
        spike_samples=np.round(np.concatenate(spikes) * 1e4).astype(np.int64),
        units=pd.DataFrame({"cell_class": ["unknown"] * n_units}),
        trials=pd.DataFrame({"onset_s": onset, "offset_s": onset + 0.5, "epoch": epoch,
                             "orientation_deg": shown}),
        epochs=pd.DataFrame({"name": ["control", "drug"], "start_s": [0.0, n_trials / 2],
                             "stop_s": [n_trials / 2, float(n_trials)]}),
        start_s=0.0, stop_s=float(n_trials),
    )  # fmt: skip


def effects(made):
    found = compare_one_animal(made, measure_session(made))
    return found.effects.set_index("measure"), found.not_computed


@pytest.mark.slow
@pytest.mark.parametrize(
    "measure", ["evoked_rate_hz", "gosi", "fano_factor", "fano_factor_rate_matched"]
)
def test_nothing_happened_and_95_percent_of_intervals_say_so(measure, null):
    covered = [row.loc[measure, "ci_low"] <= 0 <= row.loc[measure, "ci_high"] for row in null]
    assert np.mean(covered) > 0.86  # 50 experiments: 95 % less three standard errors


@pytest.fixture(scope="module")
def null():
    rng = np.random.default_rng(1)
    return [effects(recording(rng))[0] for _ in range(50)]


@pytest.mark.slow
def test_an_interval_over_units_would_be_too_narrow(null):
    """The trap that this file is about: shared gain moves all units together."""
    half = np.mean(
        [(row.loc["evoked_rate_hz", "ci_high"] - row.loc["evoked_rate_hz", "ci_low"]) / 2
         for row in null]
    )  # fmt: skip
    spread = np.std([row.loc["evoked_rate_hz", "change"] for row in null])
    assert half == pytest.approx(2 * spread, rel=0.35)


def test_a_planted_change_of_rate_is_found():
    rng = np.random.default_rng(2)
    row = effects(recording(rng, rate_factor=1.5))[0].loc["evoked_rate_hz"]
    assert row["ratio_ci_low"] <= 1.5 <= row["ratio_ci_high"]
    assert row["ci_low"] > 0
    assert row["n_animals"] == 1


def test_every_row_says_over_what_its_interval_is():
    found, _ = effects(recording(np.random.default_rng(3)))
    over = found["inference"].str.split(" ").str[0]
    over = over.drop("preferred_orientation_shift_excess_deg")
    shifts = over.index == "preferred_orientation_shift_abs_deg"
    assert set(over[shifts]) == {"units"}
    assert set(over[~shifts]) == {"trials"}
    assert "noise_correlation" in found.index


def test_too_few_repeats_give_a_reason_and_no_interval():
    found, missing = effects(recording(np.random.default_rng(4), repeats=2))
    assert "evoked_rate_hz" not in found.index
    (reason,) = {m["reason"] for m in missing if m["measure"] == "evoked_rate_hz"}
    assert "needs 3 of them in each epoch; there are 2" in reason


def test_groups_are_dealt_alike_in_every_condition():
    condition = np.tile(np.arange(8), 12)
    group = deal(condition, 6, np.random.default_rng(0))
    np.testing.assert_array_equal(pd.crosstab(condition, group).to_numpy(), 2)


def test_a_condition_with_few_repeats_does_not_always_lack_the_same_groups():
    condition = np.repeat(np.arange(200), 2)
    group = deal(condition, 10, np.random.default_rng(0))
    assert np.bincount(group, minlength=10) == pytest.approx(40, abs=15)
