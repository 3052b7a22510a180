"""Effects over animals: the animal is the unit of replication.

Each animal gives one value before and one after; cells within an animal are not independent, so
they never enter an interval over animals.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ketacortex.analyse.adaptation_values import ADAPTATION_CHANGES, DIVIDED_BY
from ketacortex.analyse.epoch_pairs import SHIFT_MEASURES
from ketacortex.analyse.joined_ratio import (
    DENOMINATOR,
    DENOMINATOR_ERROR,
    OF_CONTROL,
    RATIO_COLUMNS,
    is_ratio,
    join_animals,
)
from ketacortex.analyse.network_values import (
    SIGNED_MEASURES,
    TURNOVER_MEASURES,
    at_both_rates,
)
from ketacortex.analyse.statistics import (
    Interval,
    NotComputed,
    mean_interval,
    ratio_from_logs,
    ratio_interval,
)

WITHOUT_BEFORE = (*SHIFT_MEASURES, *at_both_rates(TURNOVER_MEASURES), *ADAPTATION_CHANGES)
"""Measures of the change itself: they have no value before."""
NO_RATIO = (*WITHOUT_BEFORE, "noise_correlation", *at_both_rates(SIGNED_MEASURES))
"""Measures without a meaningful zero to take a ratio from, or without a value before."""
KEY_COLUMNS = ["measure", "arm", "epoch", "population"]
EFFECT_COLUMNS = [
    *KEY_COLUMNS,
    "before",
    "after",
    "change",
    "ci_low",
    "ci_high",
    "p_value",
    "ratio",
    "ratio_ci_low",
    "ratio_ci_high",
    "n_animals",
    "n_units",
]


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Effects that could be computed, and the reasons for those that could not.

    Parameters
    ----------
    effects : `measure, arm, epoch, population, before, after, change, ci_low, ci_high,
        p_value, ratio, ratio_ci_low, ratio_ci_high, n_animals, n_units`
    not_computed : `measure, arm, epoch, population, reason`
        A reason that begins with a column's name is about that column of a row in `effects`.
    """

    effects: pd.DataFrame
    not_computed: list[dict[str, Any]]


class Changes(Protocol):
    """Findings of one animal that can be compared over animals."""

    @property
    def animal(self) -> str:
        """Identifier of the subject."""

    @property
    def pairs(self) -> pd.DataFrame:
        """`measure, epoch, reference, population, before, after, n_units`.

        With `denominator, denominator_error` where ratios are among them.
        """

    @property
    def not_computed(self) -> list[dict[str, Any]]:
        """`measure, epoch, reference, population, reason`."""


def changes_by_animal(sessions: Iterable[tuple[str, Changes]]) -> pd.DataFrame:
    """Before, after and change of every measure in every animal of every arm.

    Several sessions of one animal in one arm are averaged first; of ratios, numerators and
    denominators are. This is the table to pair arms on, animal by animal, for all but ratios.

    Returns
    -------
    DataFrame
        `measure, arm, epoch, population, animal, before, after, change, n_units`, and of ratios
        `numerator, denominator, denominator_error` (else NaN); for measures of a change itself
        (shifts, links gained and lost) `before` is NaN and `change` is `after`.
    """
    tables = [findings.pairs.assign(arm=arm, animal=findings.animal) for arm, findings in sessions]
    key = [*KEY_COLUMNS, "animal"]
    columns = [*key, "before", "after", "n_units", DENOMINATOR, DENOMINATOR_ERROR]
    every = (pd.concat(tables) if tables else pd.DataFrame()).reindex(columns=columns)
    every = every.assign(
        numerator=every["after"] * every[DENOMINATOR], variance=every[DENOMINATOR_ERROR] ** 2
    )
    table = every.groupby(key, sort=False, as_index=False).agg(
        before=("before", "mean"),
        after=("after", "mean"),
        n_units=("n_units", "sum"),
        numerator=("numerator", "mean"),
        denominator=(DENOMINATOR, "mean"),
        variance=("variance", "mean"),
        n_sessions=("n_units", "size"),
    )
    after = (table["numerator"] / table[DENOMINATOR]).fillna(table["after"])
    is_shift = table["measure"].isin(WITHOUT_BEFORE)
    table = table.assign(
        after=after,
        change=after - table["before"].where(~is_shift, 0.0),
        denominator_error=np.sqrt(table["variance"] / table["n_sessions"]),
    )
    return table[[*key, "before", "after", "change", "n_units", *RATIO_COLUMNS]]


def compare_animals(
    sessions: Iterable[tuple[str, Changes]],
    claims: Mapping[str, tuple[str, str]] | None = None,
) -> Effects:
    """Effect of every arm on every measure, with intervals over animals, then every claim.

    Parameters
    ----------
    sessions : pairs of (arm, SessionFindings or other findings of one animal)
    claims : name of each claim, its arm and the arm it is held against

    Returns
    -------
    Effects
        `change` is the mean over animals of after - before (for a shift, of after) with its 95 %
        Student t interval; `ratio` the geometric mean of after / before with the interval of
        the logs. Where a later epoch cannot be had in an animal, `n_animals` says so.
        In the row of a claim `arm` is the claim's name, `before` and `after` are what the control
        arm and the arm show in the same later epoch, `change` is how much more the arm changed
        than its control, animal by animal, and `ratio` how much more in proportion. Ratios, which
        divide by what is itself measured (slopes and classes of recovery), are the sums over
        animals divided; so is a claim's difference of two (see `join_animals`).
    """
    sessions = list(sessions)
    by_animal = changes_by_animal(sessions)
    claimed = [
        claim_by_animal(by_animal, name, arm, control)
        for name, (arm, control) in (claims or {}).items()
    ]
    if claimed:
        by_animal = pd.concat([by_animal, *claimed], ignore_index=True)
    rows: list[dict[str, Any]] = []
    missing = _missing_everywhere(sessions, by_animal)
    for key, table in by_animal.groupby(KEY_COLUMNS, sort=False):
        row, reasons = effect_row(dict(zip(KEY_COLUMNS, _as_tuple(key), strict=True)), table)
        rows += row
        missing += reasons
    return Effects(effects=pd.DataFrame(rows, columns=EFFECT_COLUMNS), not_computed=missing)


def claim_by_animal(by_animal: pd.DataFrame, name: str, arm: str, control: str) -> pd.DataFrame:
    """An arm held against its control within each animal, as rows of `changes_by_animal`.

    Animals that have only one of the two are left out.

    Parameters
    ----------
    by_animal : from `changes_by_animal`
    name : what the claim is called
    arm, control : arms

    Returns
    -------
    DataFrame
        Columns of `by_animal`, `log_ratio`, and what ratios of the control divide by: `before` and
        `after` are those of the later epoch in the control and in the arm, `change` the difference
        of both changes, `n_units` the smaller of both.
    """
    key = ["measure", "epoch", "population", "animal"]
    treated, untreated = (by_animal[by_animal["arm"] == which] for which in (arm, control))
    pairs = treated.merge(untreated, on=key, suffixes=("", "_control"), sort=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_ratio = np.log(pairs["after"] / pairs["before"]) - np.log(
            pairs["after_control"] / pairs["before_control"]
        )
    return pd.DataFrame(
        {
            **{column: pairs[column] for column in key},
            "arm": name,
            "before": pairs["after_control"],
            "after": pairs["after"],
            "change": pairs["change"] - pairs["change_control"],
            "n_units": pairs[["n_units", "n_units_control"]].min(axis=1),
            "log_ratio": log_ratio,
            **{
                f"{column}{side}": pairs[f"{column}{side}"]
                for column in RATIO_COLUMNS
                for side in ("", OF_CONTROL)
            },
        }
    )


def json_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as plain values for JSON: what is missing becomes None.

    >>> json_rows(pd.DataFrame({"a": [1.5, float("nan")], "n": [1, 2]}))
    [{'a': 1.5, 'n': 1}, {'a': None, 'n': 2}]
    """
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _as_tuple(key: Hashable) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def effect_row(
    key: dict[str, Any],
    table: pd.DataFrame,
    n_animals: int | None = None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The row of one effect, if there is one, and reasons for what is missing."""
    before, after = table["before"].mean(), table["after"].mean()
    change: Interval | NotComputed
    if is_ratio(table):
        joined = join_animals(table, DIVIDED_BY[key["measure"]])
        if isinstance(joined, NotComputed):
            return [], [{**key, "reason": joined.reason}]
        before, after, change = joined.before, joined.after, joined.change
    else:
        change = mean_interval(table["change"], table.get("weight"))
    if isinstance(change, NotComputed):
        return [], [{**key, "reason": change.reason}]
    reasons = []
    if table["before"].isna().all():
        reasons.append({**key, "reason": "before: it is a change itself and has no value before."})
    ratio = _ratio(key["measure"], table)
    if isinstance(ratio, NotComputed):
        reasons.append({**key, "reason": f"ratio: {ratio.reason}"})
        ratio = Interval(mean=np.nan, low=np.nan, high=np.nan, n=change.n)
    row = {
        **key,
        "before": before,
        "after": change.mean if table["before"].isna().all() else after,
        "change": change.mean,
        "ci_low": change.low,
        "ci_high": change.high,
        "p_value": change.p_value,
        "ratio": ratio.mean,
        "ratio_ci_low": ratio.low,
        "ratio_ci_high": ratio.high,
        "n_animals": change.n if n_animals is None else n_animals,
        "n_units": int(table["n_units"].sum()),
    }
    return [row], reasons


def _ratio(measure: str, table: pd.DataFrame) -> Interval | NotComputed:
    if measure in WITHOUT_BEFORE:
        return NotComputed("a change has no value before to divide by.")
    if measure in NO_RATIO:
        return NotComputed("a correlation may be near 0 or below, where a ratio means nothing.")
    if "log_ratio" in table and table["log_ratio"].notna().any():
        return ratio_from_logs(table["log_ratio"])
    return ratio_interval(table["before"], table["after"])


def _missing_everywhere(
    sessions: list[tuple[str, Changes]], by_animal: pd.DataFrame
) -> list[dict[str, Any]]:
    """Effects that no animal of an arm could give, with the first animal's reason."""
    found = set(by_animal[KEY_COLUMNS].itertuples(index=False, name=None))
    missing: dict[tuple[Any, ...], dict[str, Any]] = {}
    for arm, findings in sessions:
        for entry in findings.not_computed:
            key = (entry["measure"], arm, entry["epoch"], entry["population"])
            if entry["reference"] is not None and key not in found and key not in missing:
                row = dict(zip(KEY_COLUMNS, key, strict=True))
                missing[key] = {**row, "reason": entry["reason"]}
    return list(missing.values())
