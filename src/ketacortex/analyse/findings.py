"""Findings as files: tidy tables in CSV, labelled arrays in netCDF."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from ketacortex.analyse.initial_rows import initial_rows
from ketacortex.analyse.population import Effects
from ketacortex.analyse.session import SessionFindings


def write_findings(
    folder: Path, sessions: Iterable[tuple[str, SessionFindings]], compared: Effects
) -> None:
    """Write `units`, `values`, `pairs`, `effects` and `initial` as CSV, tuning curves as netCDF.

    Every file is written under a temporary name and renamed.

    Parameters
    ----------
    folder : made if it is not there
    sessions : pairs of (arm, SessionFindings)
    compared : effects over animals, or within one animal
    """
    folder.mkdir(parents=True, exist_ok=True)
    sessions = list(sessions)
    for name in ("units", "values", "pairs"):
        tables = [
            getattr(findings, name).assign(animal=findings.animal, arm=arm)
            for arm, findings in sessions
        ]
        write_csv(pd.concat(tables, ignore_index=True), folder / f"{name}.csv")
    write_csv(compared.effects, folder / "effects.csv")
    write_csv(initial_rows(sessions)[0], folder / "initial.csv")
    for number, (arm, findings) in enumerate(sessions, start=1):
        path = folder / tuning_file(number, findings.animal, arm)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        findings.tuning.to_netcdf(temporary, engine="h5netcdf")
        os.replace(temporary, path)


def tuning_file(number: int, animal: str, arm: str) -> str:
    """Name of the file with the tuning curves of session `number`, counted from 1.

    Numbered, as an animal may come in several sessions; its name may hold any character.

    >>> tuning_file(1, "cat/7", "retest")
    'tuning-001-cat_7-retest.nc'
    """
    plain = (re.sub(r"[^A-Za-z0-9_.-]+", "_", name) for name in (animal, arm))
    return f"tuning-{number:03d}-{'-'.join(plain)}.nc"


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table under a temporary name and rename it; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    table.to_csv(temporary, index=False)
    os.replace(temporary, path)
