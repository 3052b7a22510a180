"""Real recordings cut into two halves in which nothing changed, and the same with a change planted.

The data lie beside the repository where there are any and are never copied into it.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.recovery.test_public_recordings import MACAQUE, loaders, needs_data

from ketacortex.analyse.compare import compare_sides
from ketacortex.analyse.responses import condition_of_trials

MOVING = [("moving", number) for number in range(0, 27, 2)]
STATIC = [("static", number) for number in range(0, 17, 4)]
NAMES = ("before", "since")
SHIFT = "preferred_orientation_shift_excess_deg"


def halves(recording, rng):
    """Trials dealt at random, alike in every condition."""
    condition, _ = condition_of_trials(recording.trials)
    is_first = np.zeros(len(condition), bool)
    for number in np.unique(condition):
        trials = rng.permutation(np.flatnonzero(condition == number))
        is_first[trials[: len(trials) // 2]] = True
    return [
        replace(recording, trials=recording.trials[part].reset_index(drop=True))
        for part in (is_first, ~is_first)
    ]


def fewer_spikes(recording, rng, share=0.6):
    kept = rng.random(len(recording.spike_samples)) < share
    unit = np.repeat(np.arange(recording.n_units), np.diff(recording.spike_index))[kept]
    n_spikes = np.bincount(unit, minlength=recording.n_units)
    return replace(
        recording,
        spike_samples=recording.spike_samples[kept],
        spike_index=np.append(0, np.cumsum(n_spikes)),
    )


def turned(recording, rng):
    """Every preference moved by one step of orientation: the labels moved the other way."""
    shown_deg = np.unique(recording.trials["orientation_deg"].dropna())
    step_deg = np.median(np.diff(shown_deg))
    trials = recording.trials.copy()
    trials["orientation_deg"] = (trials["orientation_deg"] + step_deg) % 180.0
    if "direction_deg" in trials:
        trials["direction_deg"] = (trials["direction_deg"] + step_deg) % 360.0
    return replace(recording, trials=trials)


def confused(recording, rng, share=0.5):
    """Half of the labels exchanged among themselves: tuning is diluted, rates stay."""
    trials = recording.trials.copy()
    told = [c for c in ("orientation_deg", "direction_deg") if c in trials]
    chosen = np.flatnonzero(rng.random(len(trials)) < share)
    trials.loc[chosen, told] = trials.loc[rng.permutation(chosen), told].to_numpy()
    return replace(recording, trials=trials)


def rows_of(sessions, change=None, seed=0):
    rng = np.random.default_rng(seed)
    read = loaders().macaque_session
    tables = []
    for stimulus, number in sessions:
        first, second = halves(read(MACAQUE / f"data_v1_binned_{stimulus}.mat", number), rng)
        second = second if change is None else change(second, rng)
        effects = compare_sides({"one": first}, {"one": second}, NAMES).effects
        tables.append(effects.assign(session=f"{stimulus} {number}"))
    return pd.concat(tables, ignore_index=True)


@needs_data
@pytest.mark.slow
def test_halves_of_nothing_differ_at_the_nominal_rate():
    rows = pd.concat([rows_of(MOVING + STATIC, seed=seed) for seed in range(2)])
    is_false = rows["p_value"] < 0.05
    assert is_false.mean() < 0.07
    assert (rows["q_value"] < 0.05).mean() < 0.02
    by_measure = is_false.groupby(rows["measure"])
    limit = 0.05 + 3 * np.sqrt(0.05 * 0.95 / by_measure.size())
    assert (by_measure.mean() < limit).all()


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "measure", "sign", "least"),
    [
        (fewer_spikes, "evoked_rate_hz", -1, 0.95),
        (turned, SHIFT, +1, 0.6),
        (confused, "gosi_rate_matched", -1, 0.6),
    ],
)
def test_a_planted_change_is_found_in_the_same_recordings(change, measure, sign, least):
    rows = rows_of(MOVING, change)
    found = rows[rows["measure"] == measure]
    assert (np.sign(found["change"]) == sign).mean() > 0.9
    assert (found["p_value"] < 0.05).mean() > least
    if change is fewer_spikes:
        kept = rows[rows["measure"] == "gosi_rate_matched"]
        assert (kept["p_value"] < 0.05).mean() < 0.12
