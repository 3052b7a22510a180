"""Changes in a single animal, with intervals that speak of that animal alone.

Units of one animal share what happens from trial to trial (a slow gain moves them all), so an
interval over units is far too narrow: between two epochs in which nothing changed, half of such
intervals exclude 0. What is resampled is therefore the trial. Only shifts of preferred
orientation, whose errors are private to a unit, keep an interval over units.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from ketacortex.analyse.epoch_pairs import SHIFT_MEASURES, paired_values
from ketacortex.analyse.epoch_values import measure_epoch
from ketacortex.analyse.population import EFFECT_COLUMNS, NO_RATIO, Effects, effect_row
from ketacortex.analyse.responses import collect_responses, condition_of_trials
from ketacortex.analyse.session import ALL_UNITS, SessionFindings, populations_of
from ketacortex.analyse.shift import ExcessShift
from ketacortex.analyse.statistics import CONFIDENCE
from ketacortex.recording.recording import Recording
from ketacortex.seeds import generator

OVER_TRIALS = "trials of one animal: no inference beyond it"
OVER_UNITS = "units of one animal: no inference beyond it"
MOST_GROUPS = 10
FEWEST_GROUPS = 4
UNIT_COLUMN_OF = {
    "preferred_orientation_shift_abs_deg": "preferred_orientation_shift_deg",
    "preferred_orientation_shift_excess_deg": "preferred_orientation_shift_excess_deg",
}
PAIR_KEY = ["measure", "epoch", "population"]


def compare_one_animal(
    recording: Recording, findings: SessionFindings, arm: str = "recording"
) -> Effects:
    """Change of every measure between the epochs of one animal.

    Parameters
    ----------
    recording : Recording
    findings : SessionFindings of that recording
    arm : name of the arm

    Returns
    -------
    Effects
        With a column `inference` that says over what each interval is.

    Notes
    -----
    Delete-a-group jackknife (Wu 1986, 10.1214/aos/1176350142): trials are dealt at random into K
    groups, alike in every condition of every epoch; with theta_k the change without group k, the
    standard error is ``sqrt((K - 1) / K sum_k (theta_k - mean theta)^2)``, Student t with K - 1
    degrees of freedom. K is the smallest number of repeats, 10 at most, and not below 4.
    """
    rows, missing = _shift_rows(findings, arm)
    others = findings.pairs[~findings.pairs["measure"].isin(SHIFT_MEASURES)]
    group = deal_trials(recording, generator("jackknife", recording.subject.identifier))
    n_groups = int(group.max(initial=-1)) + 1
    if n_groups < FEWEST_GROUPS:
        reason = (
            f"the interval leaves out one repeat of each stimulus at a time and needs "
            f"{FEWEST_GROUPS} of them; the fewest here are {max(n_groups, 0)}."
        )
        missing += [{**_key(pair, arm), "reason": reason} for pair in others.to_dict("records")]
    else:
        without = [_pairs_without(recording, group == k) for k in range(n_groups)]
        for pair in others.to_dict("records"):
            row, reasons = _jackknife_row(pair, without, arm)
            rows += row
            missing += reasons
    missing += [
        {**_key(entry, arm), "reason": entry["reason"]}
        for entry in findings.not_computed
        if entry["reference"] is not None
    ]
    columns = [*EFFECT_COLUMNS, "inference"]
    return Effects(effects=pd.DataFrame(rows, columns=columns), not_computed=missing)


def deal_trials(recording: Recording, rng: np.random.Generator) -> NDArray[np.int64]:
    """Group of each trial, (n_trial,), dealt alike within every condition of every epoch.

    There are as many groups as the rarest condition has repeats in an epoch, 10 at most; blanks
    are dealt too, and need not be that many.
    """
    trials = recording.trials
    condition, is_shown = condition_of_trials(trials)
    stratum = trials["epoch"].astype(str).to_numpy() + "/" + condition.astype(str)
    repeats = pd.Series(stratum[is_shown]).value_counts()
    n_groups = min(int(repeats.min()), MOST_GROUPS) if len(repeats) else 0
    group = np.full(len(trials), -1)
    for name in np.unique(stratum):
        here = np.flatnonzero(stratum == name)
        if n_groups:
            group[rng.permutation(here)] = np.arange(len(here)) % n_groups
    return group


def _pairs_without(
    recording: Recording, left_out: NDArray[np.bool_]
) -> dict[tuple[str, ...], tuple[float, float]]:
    """(before, after) of each measure, later epoch and population without some of the trials."""
    kept = replace(recording, trials=recording.trials[~left_out].reset_index(drop=True))
    first, *later = [measure_epoch(kept, responses) for responses in collect_responses(kept)]
    nothing = np.full(recording.n_units, np.nan)
    no_shift = ExcessShift(between_deg=nothing, within_deg=nothing, weight=np.zeros(len(nothing)))
    return {
        (measure, epoch.epoch, population): values[:2]
        for epoch in later
        for population, member in populations_of(recording).items()
        for measure, values in paired_values(first, epoch, nothing, no_shift, member).items()
    }


def _key(pair: dict[Hashable, Any] | dict[str, Any], arm: str) -> dict[str, Any]:
    return {**{str(c): pair[c] for c in PAIR_KEY}, "arm": arm}


def _jackknife_row(
    pair: dict[Hashable, Any], without: list[dict[tuple[str, ...], tuple[float, float]]], arm: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    key = _key(pair, arm)
    index = tuple(pair[c] for c in PAIR_KEY)
    before, after = np.array([found.get(index, (np.nan, np.nan)) for found in without]).T
    if not np.isfinite(before - after).all():
        return [], [{**key, "reason": "it cannot be measured once some trials are left out."}]
    change = pair["after"] - pair["before"]
    half = _half_interval(after - before)
    row = {
        **key,
        "before": pair["before"],
        "after": pair["after"],
        "change": change,
        "ci_low": change - half,
        "ci_high": change + half,
        "n_animals": 1,
        "n_units": pair["n_units"],
        "inference": OVER_TRIALS,
    }
    if pair["measure"] in NO_RATIO or min(before.min(), after.min()) <= 0:
        reason = "ratio: it needs values that are above 0 and have a natural zero."
        return [row], [{**key, "reason": reason}]
    ratio = np.log(pair["after"] / pair["before"])
    half = _half_interval(np.log(after / before))
    row |= {
        "ratio": np.exp(ratio),
        "ratio_ci_low": np.exp(ratio - half),
        "ratio_ci_high": np.exp(ratio + half),
    }
    return [row], []


def _half_interval(left_out: NDArray[np.float64]) -> float:
    """Half the width of the 95 % interval from the values with each group left out."""
    k = len(left_out)
    error = np.sqrt((k - 1) / k * np.sum((left_out - left_out.mean()) ** 2))
    return float(stats.t.ppf(0.5 + CONFIDENCE / 2, k - 1) * error)


def _shift_rows(
    findings: SessionFindings, arm: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = []
    for pair in findings.pairs.to_dict("records"):
        if pair["measure"] in SHIFT_MEASURES:
            row, reasons = effect_row(_key(pair, arm), _shifts(findings.units, pair), n_animals=1)
            rows += [{**r, "inference": OVER_UNITS} for r in row]
            missing += reasons
    return rows, missing


def _shifts(units: pd.DataFrame, pair: dict[Hashable, Any]) -> pd.DataFrame:
    """Shift of every unit that has one, with its weight in the mean."""
    if pair["population"] != ALL_UNITS:
        units = units[units["cell_class"] == pair["population"]]
    after = units[units["epoch"] == pair["epoch"]].reset_index(drop=True)
    value = after[UNIT_COLUMN_OF[str(pair["measure"])]]
    is_excess = str(pair["measure"]).endswith("excess_deg")
    table = pd.DataFrame(
        {
            "before": np.nan,
            "after": value,
            "n_units": 1,
            "change": value if is_excess else value.abs(),
            "weight": after["shift_excess_weight"] if is_excess else 1.0,
        }
    )
    return table[np.isfinite(table["change"])]
