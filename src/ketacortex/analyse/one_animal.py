"""Changes in a single animal, with intervals that speak of that animal alone.

Units of one animal share what happens from trial to trial (a slow gain moves them all), so an
interval over units is far too narrow: between two epochs in which nothing changed, half of such
intervals exclude 0. What is resampled is therefore the trial. Only the mean distance of
preferences, which no one tests, keeps an interval over units.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.analyse.epoch_pairs import (
    EpochPair,
    can_be_halved,
    mean_excess,
    no_excess_shift,
    pair_epochs,
    paired_values,
)
from ketacortex.analyse.epoch_values import EpochMeasures
from ketacortex.analyse.population import EFFECT_COLUMNS, NO_RATIO, Effects, effect_row
from ketacortex.analyse.responses import EpochResponses, collect_responses
from ketacortex.analyse.session import (
    ALL_UNITS,
    SessionFindings,
    generator_of_halves,
    populations_of,
)
from ketacortex.analyse.shift import excess_of_halves, halves_of, halvings
from ketacortex.analyse.statistics import Interval, interval_of_difference
from ketacortex.recording.recording import Recording
from ketacortex.seeds import generator

OVER_TRIALS = "trials of one animal: no inference beyond it"
OVER_UNITS = "units of one animal: no inference beyond it"
EXCESS, DISTANCE = "preferred_orientation_shift_excess_deg", "preferred_orientation_shift_abs_deg"
KINK = 1.5
"""How much too wide the jackknife makes the interval of a mean of distances where nothing moved:
1.66 for a distance, 1.43 to 1.53 for its excess on planted animals (fitted; `benchmarks/planted`).
"""
MOST_GROUPS = 10
FEWEST_GROUPS = 3
PAIR_KEY = ["measure", "epoch", "population"]
Values = dict[tuple[str, str], tuple[float, float]]
"""(before, after) by measure and population."""


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
    Delete-a-group jackknife (Wu 1986, 10.1214/aos/1176350142): the trials of each of the two epochs
    are dealt at random into K groups, alike in every condition; with theta_k the change without
    group k of one epoch, that epoch adds ``(K - 1) / K sum_k (theta_k - mean theta)^2`` to the
    variance of the change, with K - 1 degrees of freedom; the two are joined as Welch does. K is
    the median number of repeats, 10 at most.
    """
    rows, missing = _distance_rows(findings, arm)
    others = findings.pairs[findings.pairs["measure"] != DISTANCE]
    epochs = [EpochMeasures(recording, responses) for responses in collect_responses(recording)]
    for later in epochs[1:]:
        pair = pair_epochs(epochs[0], later)
        changes = others[others["epoch"] == later.epoch].to_dict("records")
        n_groups = [number_of_groups(epoch.responses) for epoch in (pair.before, pair.after)]
        if min(n_groups) < FEWEST_GROUPS:
            reason = (
                f"the interval leaves out some repeats of each stimulus at a time and needs "
                f"{FEWEST_GROUPS} of them in each epoch; there are {min(n_groups)}."
            )
            missing += [{**_key(change, arm), "reason": reason} for change in changes]
            continue
        without = _values_without(recording, pair, n_groups)
        if can_be_halved(pair.before) and can_be_halved(pair.after):
            _add_excess(recording, pair, n_groups, without)
        for change in changes:
            if change["measure"] == EXCESS:
                row, reasons = _excess_row(findings.units, change, without, arm)
            else:
                row, reasons = _jackknife_row(change, without, arm)
            rows += row
            missing += reasons
    missing += [
        {**_key(entry, arm), "reason": entry["reason"]}
        for entry in findings.not_computed
        if entry["reference"] is not None
    ]
    columns = [*EFFECT_COLUMNS, "inference"]
    return Effects(effects=pd.DataFrame(rows, columns=columns), not_computed=missing)


def leave_out(responses: EpochResponses, rng: np.random.Generator) -> list[EpochResponses]:
    """The responses of an epoch without each of its groups of trials."""
    n_groups = number_of_groups(responses)
    return [
        responses.restricted_to(*kept) for kept in keep_all_but_one_group(responses, n_groups, rng)
    ]


def keep_all_but_one_group(
    responses: EpochResponses, n_groups: int, rng: np.random.Generator
) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Trials, and blanks, that stay when each group of them is left out in turn."""
    shown = deal(responses.condition, n_groups, rng)
    blank = deal(np.zeros(len(responses.blank_onset_s), np.int64), n_groups, rng)
    return [(shown != group, blank != group) for group in range(n_groups)]


def number_of_groups(responses: EpochResponses) -> int:
    """Median repeats of a condition, 10 at most; the fewest where a group would empty one."""
    _, repeats = np.unique(responses.condition, return_counts=True)
    if not len(repeats):
        return 0
    return int(min(np.median(repeats), MOST_GROUPS)) if repeats.min() > 1 else 1


def deal(
    condition: NDArray[np.int64], n_groups: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Group of each trial, (n_trial,), dealt alike within every condition.

    Each condition begins with a group of its own, so that those with few repeats do not all lack
    the same groups.
    """
    group = np.empty(len(condition), np.int64)
    for number in np.unique(condition):
        trials = rng.permutation(np.flatnonzero(condition == number))
        group[trials] = (np.arange(len(trials)) + rng.integers(n_groups)) % n_groups
    return group


def _values_without(
    recording: Recording, pair: EpochPair, n_groups: list[int]
) -> tuple[list[Values], list[Values]]:
    """Values of the pair without each group of the epoch before, and of the epoch after."""
    populations = populations_of(recording)
    animal = recording.subject.identifier
    found: tuple[list[Values], list[Values]] = ([], [])
    for side, name, k in zip((0, 1), ("before", "after"), n_groups, strict=True):
        rng = generator("jackknife", animal, pair.before.epoch, pair.after.epoch, side)
        for kept in keep_all_but_one_group(getattr(pair, name).responses, k, rng):
            lessened = pair.without(side == 0, *kept)
            found[side].append(_values_of(lessened, populations))
    return found


def _add_excess(
    recording: Recording,
    pair: EpochPair,
    n_groups: list[int],
    without: tuple[list[Values], list[Values]],
) -> None:
    """Fill in the mean excess shift without each group of trials, from the same halvings.

    A trial that drives all units more draws all their preferences to its orientation, so an
    interval over units would be far too narrow where there are hundreds of them.
    """
    rng = generator_of_halves(recording, pair.before, pair.after)
    responses = (pair.before.responses, pair.after.responses)
    in_half = [halvings(of_epoch, rng) for of_epoch in responses]
    whole = [halves_of(*given) for given in zip(responses, in_half, strict=True)]
    populations = populations_of(recording)
    animal = recording.subject.identifier
    for side, k in enumerate(n_groups):
        rng = generator("jackknife", animal, pair.before.epoch, pair.after.epoch, side)
        kept = keep_all_but_one_group(responses[side], k, rng)
        for values, (shown, _) in zip(without[side], kept, strict=True):
            is_kept = shown[responses[side].is_for_tuning]
            halves = list(whole)
            halves[side] = halves_of(responses[side], in_half[side] & is_kept[:, None, None])
            excess = excess_of_halves(*halves)
            for population, is_member in populations.items():
                values[EXCESS, population] = 0.0, mean_excess(excess, is_member)[1]


def _values_of(pair: EpochPair, populations: dict[str, NDArray[np.bool_]]) -> Values:
    nothing = np.full(pair.before.recording.n_units, np.nan)
    no_shift = no_excess_shift(len(nothing))
    return {
        (measure, population): values[:2]
        for population, member in populations.items()
        for measure, values in paired_values(pair, nothing, no_shift, member).items()
    }


def _key(pair: dict[Hashable, Any] | dict[str, Any], arm: str) -> dict[str, Any]:
    return {**{str(c): pair[c] for c in PAIR_KEY}, "arm": arm}


def _jackknife_row(
    pair: dict[Hashable, Any], without: tuple[list[Values], list[Values]], arm: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    key = _key(pair, arm)
    index = (str(pair["measure"]), str(pair["population"]))
    deleted = [np.array([values[index] for values in side]) for side in without]
    if not all(np.isfinite(values).all() for values in deleted):
        return [], [{**key, "reason": "it cannot be measured once some trials are left out."}]
    if all(np.ptp(values) == 0 for values in deleted) and pair["after"] != pair["before"]:
        return [], [{**key, "reason": "it is the same whichever trials are left out."}]
    change = _interval(pair["after"] - pair["before"], [v[:, 1] - v[:, 0] for v in deleted])
    row = {
        **key,
        "before": pair["before"],
        "after": pair["after"],
        "change": change.mean,
        "ci_low": change.low,
        "ci_high": change.high,
        "p_value": change.p_value,
        "n_animals": 1,
        "n_units": pair["n_units"],
        "inference": OVER_TRIALS,
    }
    smallest = min(pair["before"], pair["after"], *(values.min() for values in deleted))
    if pair["measure"] in NO_RATIO or smallest <= 0:
        reason = "ratio: it needs values that are above 0 and have a natural zero."
        return [row], [{**key, "reason": reason}]
    ratio = _interval(
        np.log(pair["after"] / pair["before"]), [np.log(v[:, 1] / v[:, 0]) for v in deleted]
    )
    mean, low, high = np.exp([ratio.mean, ratio.low, ratio.high])
    row |= {"ratio": mean, "ratio_ci_low": low, "ratio_ci_high": high}
    return [row], []


def _excess_row(
    units: pd.DataFrame,
    pair: dict[Hashable, Any],
    without: tuple[list[Values], list[Values]],
    arm: str,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The mean excess shift, with the wider of the intervals over units and over trials.

    Over units it misses what units share; over trials it takes distances near 0 for linear in
    their errors, and is too wide by `KINK` where nothing moved.
    """
    key = _key(pair, arm)
    index = (EXCESS, str(pair["population"]))
    deleted = [np.array([values.get(index, (0, np.nan))[1] for values in side]) for side in without]
    over_units, reasons = effect_row(key, _excesses(units, pair), n_animals=1)
    if not over_units or not all(np.isfinite(values).all() for values in deleted):
        return [], reasons or [{**key, "reason": "it needs more trials to be left out."}]
    (row,) = over_units
    over_trials = _interval(row["change"], [values / KINK for values in deleted])
    if over_trials.high - over_trials.low > row["ci_high"] - row["ci_low"]:
        limits = {"ci_low": over_trials.low, "ci_high": over_trials.high}
        row = {**row, **limits, "p_value": over_trials.p_value, "inference": OVER_TRIALS}
    return [{"inference": OVER_UNITS, **row}], reasons


def _interval(change: float, deleted: list[NDArray[np.float64]]) -> Interval:
    """Interval of a change from its values without each group of either epoch."""
    variance = [float((len(v) - 1) * np.var(v)) for v in deleted]
    return interval_of_difference(change, variance, [len(v) - 1 for v in deleted])


def _distance_rows(
    findings: SessionFindings, arm: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Mean distances of preferences, over units: what is told of them is no test of anything."""
    rows: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = []
    for pair in findings.pairs[findings.pairs["measure"] == DISTANCE].to_dict("records"):
        row, reasons = effect_row(_key(pair, arm), _distances(findings.units, pair), n_animals=1)
        rows += [{**r, "inference": OVER_UNITS} for r in row]
        missing += reasons
    return rows, missing


def _excesses(units: pd.DataFrame, pair: dict[Hashable, Any]) -> pd.DataFrame:
    """Excess shift of every unit that has one, with its weight in the mean."""
    if pair["population"] != ALL_UNITS:
        units = units[units["cell_class"] == pair["population"]]
    later = units[units["epoch"] == pair["epoch"]]
    later = later[later["shift_excess_weight"] > 0]
    value = later["preferred_orientation_shift_excess_deg"]
    weight = later["shift_excess_weight"]
    table = {"before": np.nan, "after": value, "n_units": 1, "change": value, "weight": weight}
    return pd.DataFrame(table)


def _distances(units: pd.DataFrame, pair: dict[Hashable, Any]) -> pd.DataFrame:
    """Distance of every unit that has one."""
    if pair["population"] != ALL_UNITS:
        units = units[units["cell_class"] == pair["population"]]
    value = units.loc[units["epoch"] == pair["epoch"], "preferred_orientation_shift_deg"].dropna()
    table = {"before": np.nan, "after": value, "n_units": 1, "change": value.abs()}
    return pd.DataFrame(table)
