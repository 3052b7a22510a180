"""Which rows of the table of effects show which published phenomenon, as the experiment says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ketacortex.analyse.population import json_rows
from ketacortex.experiment.schema import Experiment


def with_phenomena(effects: pd.DataFrame, experiment: Experiment) -> pd.DataFrame:
    """Effects with a column `phenomenon`: a name on the scoreboard, None for most rows.

    An experiment that names none leaves them as they are.

    Parameters
    ----------
    effects : from `compare_animals`
    experiment : Experiment, whose `phenomena` are looked for in their order
    """
    if not experiment.phenomena:
        return effects
    named = [_name_of(row, experiment) for row in json_rows(effects)]
    return effects.assign(phenomenon=pd.Series(named, index=effects.index, dtype=object))


def phenomena_not_found(
    effects: pd.DataFrame, not_computed: list[dict[str, Any]], experiment: Experiment
) -> list[dict[str, Any]]:
    """Rows of phenomena that are neither among the effects nor among what could not be computed.

    Parameters
    ----------
    effects, not_computed : from `compare_animals`
    experiment : Experiment

    Returns
    -------
    list
        `measure, arm, epoch, population, reason`, as `not_computed`.
    """
    found = json_rows(effects)
    missing = []
    for name, rows in experiment.phenomena.items():
        for row in rows:
            explained = any(entry["measure"] == row.measure for entry in not_computed)
            if not explained and not any(row.is_in(effect) for effect in found):
                reason = f"phenomena.{name} asks for it, and no row of effects is it."
                missing.append({**row.model_dump(), "reason": reason})
    return missing


def _name_of(effect: Mapping[str, Any], experiment: Experiment) -> str | None:
    for name, rows in experiment.phenomena.items():
        if any(row.is_in(effect) for row in rows):
            return name
    return None
