"""Cells and populations of recordings as the answer that the command line prints."""

from __future__ import annotations

from typing import Any

from ketacortex.analyse.population import Effects, json_rows
from ketacortex.analyse.session import SessionFindings

UNIT_KEYS = (
    "unit", "epoch", "mean_rate_hz", "preferred_orientation_deg", "osi", "gosi", "fano_factor",
)  # fmt: skip


def cells_answer(sessions: list[tuple[str, SessionFindings]], compared: Effects) -> dict[str, Any]:
    """Units, populations and comparisons of every recording, ready for JSON.

    Parameters
    ----------
    sessions : (arm, SessionFindings) of each
    compared : Effects over animals, or within one animal

    Returns
    -------
    `units`, `populations`, `comparisons`, `not_computed`
    """
    units: list[dict[str, Any]] = []
    populations: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = list(compared.not_computed)
    several = len(sessions) > 1
    for arm, findings in sessions:
        mark = {"animal": findings.animal, "arm": arm} if several else {}
        for row in json_rows(findings.units):
            units.append({**mark, **{key: row[key] for key in UNIT_KEYS}})
            missing += [
                {**mark, "measure": key, "epoch": row["epoch"], "population": None,
                 "unit": row["unit"], "reason": _why_missing(key, row)}
                for key in UNIT_KEYS[2:] if row[key] is None
            ]  # fmt: skip
        populations += [{**mark, **row} for row in json_rows(findings.values)]
        missing += [
            {**mark, **entry} for entry in findings.not_computed if entry["reference"] is None
        ]
    return {
        "units": units,
        "populations": populations,
        "comparisons": json_rows(compared.effects),
        "not_computed": missing,
    }


def _why_missing(key: str, row: dict[str, Any]) -> str:
    if not row["mean_rate_hz"]:
        return "the unit is silent in this epoch."
    if key == "fano_factor":
        return "no condition has two trials and a mean count above 0.5."
    return "the responses do not tell."
