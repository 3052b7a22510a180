"""What adapters and training did, as the answer that the command line prints."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ketacortex.analyse.adaptation import AdaptationFindings
from ketacortex.analyse.experience import Experience
from ketacortex.analyse.joined_ratio import DENOMINATOR, DENOMINATOR_ERROR
from ketacortex.analyse.population import json_rows
from ketacortex.recording.recording import Recording


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


def _told(one: Experience) -> pd.DataFrame:
    """Rows that tell something of the animal alone: a ratio of two errors does not."""
    key = ["measure", "epoch", "reference", "population"]
    untold = {tuple(entry[name] for name in key) for entry in one.not_computed}
    is_told = [row not in untold for row in one.pairs[key].itertuples(index=False, name=None)]
    return one.pairs[is_told].drop(columns=[DENOMINATOR, DENOMINATOR_ERROR], errors="ignore")
