"""What adapters and training did, as the answer that the command line prints."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ketacortex.analyse.adaptation import AdaptationFindings
from ketacortex.analyse.experience import Experience
from ketacortex.analyse.joined_ratio import DENOMINATOR, DENOMINATOR_ERROR, is_told_alone
from ketacortex.analyse.population import json_rows
from ketacortex.recording.recording import Recording

ROW_KEY = ["measure", "epoch", "reference", "population"]


def experience_answer(
    recordings: list[tuple[str, Recording]], experiences: list[tuple[Experience, ...]]
) -> dict[str, Any]:
    """Measures of adaptation and of training of every recording that has any, ready for JSON.

    Parameters
    ----------
    recordings : (arm, Recording) of each
    experiences : of each, from `measure_experience`

    Returns
    -------
    `adapters` and `trainings`, each only where there is any
    """
    found: dict[str, Any] = {}
    for (arm, _), experience in zip(recordings, experiences, strict=True):
        for one in experience:
            key = "adapters" if isinstance(one, AdaptationFindings) else "trainings"
            mark = {"animal": one.animal, "arm": arm} if len(recordings) > 1 else {}
            found.setdefault(key, []).extend({**mark, **row} for row in json_rows(_told(one)))
    return found


def not_told(
    recordings: list[tuple[str, Recording]], experiences: list[tuple[Experience, ...]]
) -> list[dict[str, Any]]:
    """What is missing in `experience_answer` and why.

    Parameters
    ----------
    recordings, experiences : as there

    Returns
    -------
    Entries for `not_computed`; of several recordings only those that the comparison over animals
    cannot have given: of ratios that mean something over animals, but not in this one.
    """
    if len(recordings) == 1:
        return [entry for one in experiences[0] for entry in one.not_computed]
    found = []
    for (arm, _), experience in zip(recordings, experiences, strict=True):
        for one in experience:
            rows = one.pairs[~is_told_alone(one.pairs)]
            untold = set(rows[ROW_KEY].itertuples(index=False, name=None))
            found += [
                {"animal": one.animal, "arm": arm, **entry}
                for entry in one.not_computed
                if tuple(entry[name] for name in ROW_KEY) in untold
            ]
    return found


def _told(one: Experience) -> pd.DataFrame:
    told = one.pairs[is_told_alone(one.pairs)]
    return told.drop(columns=[DENOMINATOR, DENOMINATOR_ERROR], errors="ignore")
