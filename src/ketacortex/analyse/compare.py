"""Two sets of recordings against each other: epochs, arms, days, or a model and an animal.

Where both sides hold the same animals, each animal is compared with itself; where they do not, the
animals of one side are compared with those of the other. The unit of replication is the animal.
With one animal a side the interval is over its trials, and speaks of these two recordings alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.analyse.epoch_pairs import equal_trials
from ketacortex.analyse.epoch_values import EpochMeasures, population_values
from ketacortex.analyse.false_discovery import q_values
from ketacortex.analyse.inclusion import Inclusion, included_units
from ketacortex.analyse.initial_rows import INITIAL_COLUMNS, initial_rows
from ketacortex.analyse.one_animal import FEWEST_GROUPS, compare_one_animal, leave_out
from ketacortex.analyse.population import Effects, compare_animals
from ketacortex.analyse.responses import EpochResponses, collect_responses
from ketacortex.analyse.session import ALL_UNITS, SessionFindings, measure_session, populations_of
from ketacortex.analyse.statistics import Interval, interval_of_difference
from ketacortex.analyse.unit_changes import UNIT_CHANGE_COLUMNS, unit_changes
from ketacortex.analyse.variability import count_statistics
from ketacortex.recording.joining import join_epochs
from ketacortex.recording.recording import Recording
from ketacortex.recording.selection import only_units
from ketacortex.seeds import generator

OVER_ANIMALS_PAIRED = "animals, each compared with itself"
OVER_ANIMALS = "animals of two groups"
OVER_TRIALS_OF_TWO = "trials of two animals: no inference beyond these two"
NOT_COMPARED = (
    "blank_unimodality_p", "up_state_share", "tuned_share", "gosi_median", "peak_rate_hz",
)  # fmt: skip
"""Probabilities, shares of units, medians and maxima: trials left out tell nothing of their error,
or trials that are more numerous raise them."""
CHANGE_ITSELF = "preferred_orientation_shift_abs_deg"
"""Above 0 whether or not anything moved, so it is no effect; its excess over error is one."""
SHARED_NOISE = (
    "both sides are the same trials twice (their counts vary together from trial to trial), so "
    "their errors are not independent. Compare two epochs of each instead."
)
NO_SPREAD = "it stays the same whichever trials are left out, so its error is not known."
ALIKE = 0.05
"""Correlation of counts, trial by trial, of two sides that cannot be two measurements."""
MIN_TRIALS_TO_JUDGE = 100
"""Pairs of unit and trial that vary."""
ROW_COLUMNS = [
    "measure", "population", "before", "after", "change", "ci_low", "ci_high", "p_value", "q_value",
    "ratio", "ratio_ci_low", "ratio_ci_high", "n_animals", "n_units",
]  # fmt: skip
EXCESS = "preferred_orientation_shift_excess_deg"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What differs between two sides, and over what the intervals are.

    Parameters
    ----------
    effects : `measure, population, before, after, change, ci_low, ci_high, p_value, q_value, ratio,
        ratio_ci_low, ratio_ci_high, n_animals, n_units, inference`
        `before` is the first side. In the row of the excess shift it is the distance that error
        alone would show, and `after` the distance found.
    not_computed : `measure, population, reason`
    animals : compared with themselves, or all where none is on both sides
    joined : of each animal that is on both sides, both recordings as two epochs, and its findings
    units : UNIT_CHANGE_COLUMNS, one row a unit of these animals
    initial : INITIAL_COLUMNS: change against initial value, and what noise alone gives
    inclusion : of each of these animals, units that `InclusionRule` would leave out
    effects_of_included : `effects` over the others; empty where none is left out
    """

    effects: pd.DataFrame
    not_computed: list[dict[str, Any]]
    animals: list[str]
    joined: list[tuple[Recording, SessionFindings]] = field(default_factory=list)
    units: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=UNIT_CHANGE_COLUMNS))
    initial: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=INITIAL_COLUMNS))
    inclusion: dict[str, Inclusion] = field(default_factory=dict)
    effects_of_included: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=[*ROW_COLUMNS, "inference"])
    )


def compare_sides(
    first: Mapping[str, Recording], second: Mapping[str, Recording], names: tuple[str, str]
) -> Comparison:
    """Every measure of one side against the other, with intervals, p and q values.

    Parameters
    ----------
    first, second : recording of each animal, its trials those of one epoch
    names : what the sides are called

    Returns
    -------
    Comparison
        q values are p values corrected for the number of rows (Benjamini and Hochberg 1995,
        10.1111/j.2517-6161.1995.tb02031.x).
    """
    both = [animal for animal in first if animal in second]
    if both:
        return _paired({animal: (first[animal], second[animal]) for animal in both}, names)
    found = _two_groups(first, second)
    return Comparison(
        effects=_finished(found.effects),
        not_computed=found.not_computed,
        animals=[*first, *second],
    )


def _paired(pairs: Mapping[str, tuple[Recording, Recording]], names: tuple[str, str]) -> Comparison:
    joined = [join_epochs(before, after, names) for before, after in pairs.values()]
    found = [(recording, measure_session(recording)) for recording in joined]
    inclusion = {
        animal: included_units(recording) for animal, recording in zip(pairs, joined, strict=True)
    }
    effects, missing = _effects(found)
    if any(shares_noise(recording) for recording in joined):
        effects = _finished(effects[effects["measure"] != EXCESS])
        missing = [*missing, {"measure": EXCESS, "population": ALL_UNITS, "reason": SHARED_NOISE}]
    initial, no_initial = initial_rows([("", findings) for _, findings in found])
    return Comparison(
        effects=effects,
        not_computed=_without_partner(pairs, joined) + _reasons(missing + no_initial),
        animals=list(pairs),
        joined=found,
        units=pd.concat(
            [
                _unit_changes(recording, inclusion[animal])
                for animal, recording in zip(pairs, joined, strict=True)
            ],
            ignore_index=True,
        ),
        initial=initial.drop(columns=["arm"]),
        inclusion=inclusion,
        effects_of_included=_effects_of_included(joined, list(inclusion.values())),
    )


def _without_partner(
    pairs: Mapping[str, tuple[Recording, Recording]], joined: list[Recording]
) -> list[dict[str, Any]]:
    """Units that only one side has, which no comparison can use."""
    missing = []
    for (animal, sides), recording in zip(pairs.items(), joined, strict=True):
        alone = [side.n_units - recording.n_units for side in sides]
        if any(alone):
            reason = (
                f"of animal {animal!r}, {alone[0]} units of the first side and {alone[1]} of the "
                "second have no unit of the same name on the other."
            )
            missing.append({"measure": "all", "population": ALL_UNITS, "reason": reason})
    return missing


def _effects(
    found: list[tuple[Recording, SessionFindings]],
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Change of every measure within each animal, and reasons for what is missing."""
    sessions = [findings for _, findings in found]
    if len(found) == 1:
        compared = compare_one_animal(*found[0])
    else:
        compared = compare_animals([("", session) for session in sessions])
        compared.effects["inference"] = OVER_ANIMALS_PAIRED
    effects = compared.effects[compared.effects["measure"] != CHANGE_ITSELF]
    return _finished(_with_distances(effects, sessions)), compared.not_computed


def shares_noise(recording: Recording) -> bool:
    """Whether two epochs are the same trials twice: what varies from trial to trial is alike.

    So it is with two arms of a simulation, which draw the same afferent spikes. Counts are taken
    around the mean of their condition; trials belong together by their order.
    """
    first, second = collect_responses(recording)
    if not np.array_equal(first.condition, second.condition):
        return False
    residual = [_standardised(responses) for responses in (first, second)]
    both = residual[0] * residual[1]
    if np.count_nonzero(both) < MIN_TRIALS_TO_JUDGE:
        return False
    by_trial = both.mean(axis=0)
    error = by_trial.std(ddof=1) / np.sqrt(len(by_trial))
    return bool(by_trial.mean() > max(ALIKE, 5.0 * error))


def _standardised(responses: EpochResponses) -> NDArray[np.float64]:
    statistics = count_statistics(responses.counts, responses.condition)
    place = np.searchsorted(statistics.condition, responses.condition)
    deviation = responses.counts - statistics.mean[:, place]
    sd = np.sqrt(np.nan_to_num(statistics.variance[:, place]))
    return np.divide(deviation, sd, out=np.zeros_like(deviation), where=sd > 0)


def _reasons(missing: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is missing, but for what no comparison gives: a shift has no ratio, and no row here."""
    return [
        {key: entry[key] for key in ("measure", "population", "reason")}
        for entry in missing
        if entry["measure"] != CHANGE_ITSELF
        and not (entry["measure"] == EXCESS and entry["reason"].startswith(("before: ", "ratio: ")))
    ]


def _effects_of_included(joined: list[Recording], inclusion: list[Inclusion]) -> pd.DataFrame:
    """The effects again without the units that the rule leaves out; none where it leaves all in."""
    if all(of_one.is_included.all() for of_one in inclusion):
        return pd.DataFrame(columns=[*ROW_COLUMNS, "inference"])
    kept = [
        only_units(recording, of_one.is_included)
        for recording, of_one in zip(joined, inclusion, strict=True)
        if of_one.is_included.any()
    ]
    if not kept:
        return pd.DataFrame(columns=[*ROW_COLUMNS, "inference"])
    return _effects([(recording, measure_session(recording)) for recording in kept])[0]


def _unit_changes(recording: Recording, inclusion: Inclusion) -> pd.DataFrame:
    epochs = [EpochMeasures(recording, responses) for responses in collect_responses(recording)]
    return unit_changes(epochs[0], epochs[1], inclusion)


def _with_distances(effects: pd.DataFrame, sessions: list[SessionFindings]) -> pd.DataFrame:
    """The rows of the excess shift with the distance from error alone, and the distance found."""
    effects = effects.copy()
    units = pd.concat([session.units for session in sessions], ignore_index=True)
    units = units[units["shift_excess_weight"] > 0]
    is_excess = effects["measure"] == EXCESS
    for row, population in effects.loc[is_excess, "population"].items():
        chosen = units if population == ALL_UNITS else units[units["cell_class"] == population]
        within = np.average(chosen["shift_within_deg"], weights=chosen["shift_excess_weight"])
        effects.loc[row, "before"] = within
    effects.loc[is_excess, "after"] = effects["before"] + effects["change"]
    return effects


def _finished(effects: pd.DataFrame) -> pd.DataFrame:
    effects = effects.assign(q_value=q_values(effects["p_value"].to_numpy(float)))
    return effects[[*ROW_COLUMNS, "inference"]].reset_index(drop=True)


def _two_groups(first: Mapping[str, Recording], second: Mapping[str, Recording]) -> Effects:
    """Two sides without an animal in common."""
    if len(first) == len(second) == 1:
        return _two_animals(*first.values(), *second.values())
    smaller = min(len(first), len(second))
    if smaller < 2:
        reason = (
            f"two groups of animals need 2 animals each; one of them has {smaller}, and none "
            "of its animals is in the other."
        )
        return Effects(
            effects=pd.DataFrame(columns=[*ROW_COLUMNS, "inference"]),
            not_computed=[{"measure": "all", "population": "all", "reason": reason}],
        )
    sides = [[_measured(recording) for recording in side.values()] for side in (first, second)]
    rows, missing = [], []
    for key in _keys([values for side in sides for values in side]):
        groups = [np.array([v[key][0] for v in side if key in v]) for side in sides]
        groups = [group[np.isfinite(group)] for group in groups]
        if min(map(len, groups)) < 2:
            missing.append(_missing(key, "fewer than 2 animals of a group have it."))
            continue
        n_units = sum(v[key][1] for side in sides for v in side if key in v)
        rows.append(_group_row(key, groups, n_units))
    return Effects(
        effects=pd.DataFrame(rows, columns=[*ROW_COLUMNS, "inference"]), not_computed=missing
    )


def _group_row(
    key: tuple[str, str], groups: list[NDArray[np.float64]], n_units: int
) -> dict[str, Any]:
    means = [float(group.mean()) for group in groups]
    change = _welch(groups)
    row = {**_row(key, means, change), "n_animals": sum(map(len, groups)), "n_units": n_units}
    if min(group.min() for group in groups) > 0:
        row |= _ratio(_welch([np.log(group) for group in groups]))
    return {**row, "inference": OVER_ANIMALS}


def _welch(groups: list[NDArray[np.float64]]) -> Interval:
    variance = [float(np.var(group, ddof=1)) / len(group) for group in groups]
    difference = float(groups[1].mean() - groups[0].mean())
    return interval_of_difference(difference, variance, [len(group) - 1 for group in groups])


def _two_animals(first: Recording, second: Recording) -> Effects:
    """Two recordings of different units, with intervals over the trials of each."""
    rows, missing = [], []
    sides = []
    measured = equal_trials(*(_only_epoch_of(recording) for recording in (first, second)))
    for side, (recording, whole) in enumerate(zip((first, second), measured, strict=True)):
        rng = generator("jackknife", recording.subject.identifier, whole.epoch, side)
        without = [
            _values(recording, EpochMeasures(recording, lessened))
            for lessened in leave_out(whole.responses, rng)
        ]
        sides.append((_values(recording, whole), without))
    for key in _keys([full for full, _ in sides]):
        value = [full.get(key, (np.nan, 0)) for full, _ in sides]
        deleted = [np.array([v.get(key, (np.nan, 0))[0] for v in without]) for _, without in sides]
        if min(map(len, deleted)) < FEWEST_GROUPS:
            missing.append(_missing(key, f"fewer than {FEWEST_GROUPS} repeats of each stimulus."))
            continue
        if not all(np.isfinite(v).all() for v in deleted):
            missing.append(_missing(key, "one of the recordings cannot tell."))
            continue
        if any(np.ptp(v) == 0 for v in deleted):
            missing.append(_missing(key, NO_SPREAD))
            continue
        means = [v for v, _ in value]
        row = _row(key, means, _jackknifed(means, deleted))
        if min(*means, *(v.min() for v in deleted)) > 0:
            logs = [np.log(v) for v in deleted]
            row |= _ratio(_jackknifed([float(np.log(m)) for m in means], logs))
        n_units = sum(n for _, n in value)
        rows.append({**row, "n_animals": 2, "n_units": n_units, "inference": OVER_TRIALS_OF_TWO})
    return Effects(
        effects=pd.DataFrame(rows, columns=[*ROW_COLUMNS, "inference"]), not_computed=missing
    )


def _jackknifed(means: list[float], deleted: list[NDArray[np.float64]]) -> Interval:
    return interval_of_difference(
        means[1] - means[0],
        [float((len(v) - 1) * np.var(v)) for v in deleted],
        [len(v) - 1 for v in deleted],
    )


def _row(key: tuple[str, str], means: list[float], change: Interval) -> dict[str, Any]:
    return {
        "measure": key[0],
        "population": key[1],
        "before": means[0],
        "after": means[1],
        "change": change.mean,
        "ci_low": change.low,
        "ci_high": change.high,
        "p_value": change.p_value,
    }


def _ratio(log_ratio: Interval) -> dict[str, float]:
    mean, low, high = np.exp([log_ratio.mean, log_ratio.low, log_ratio.high])
    return {"ratio": mean, "ratio_ci_low": low, "ratio_ci_high": high}


def _missing(key: tuple[str, str], reason: str) -> dict[str, Any]:
    return {"measure": key[0], "population": key[1], "reason": reason}


def _measured(recording: Recording) -> dict[tuple[str, str], tuple[float, int]]:
    return _values(recording, _only_epoch_of(recording))


def _only_epoch_of(recording: Recording) -> EpochMeasures:
    (responses,) = collect_responses(recording)
    return EpochMeasures(recording, responses)


def _values(
    recording: Recording, measured: EpochMeasures
) -> dict[tuple[str, str], tuple[float, int]]:
    """(value, n_units) of one epoch by measure and population."""
    return {
        (measure, population): value
        for population, member in populations_of(recording).items()
        for measure, value in population_values(measured, member).items()
        if measure not in NOT_COMPARED
    }


def _keys(values: list[dict[tuple[str, str], Any]]) -> Iterator[tuple[str, str]]:
    """Keys that all have, in the order of the first."""
    return (key for key in values[0] if all(key in other for other in values[1:]))
