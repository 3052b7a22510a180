"""What adapters and training did, as the answer that the command line prints."""

from __future__ import annotations

from typing import Any

from ketacortex.analyse.adaptation import AdaptationFindings
from ketacortex.analyse.experience import Experience
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
            found.setdefault(key, []).extend({**mark, **row} for row in json_rows(one.pairs))
    return found
