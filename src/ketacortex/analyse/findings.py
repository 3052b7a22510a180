"""Findings as files: tidy tables in CSV, labelled arrays in netCDF."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from ketacortex.analyse.population import Effects
from ketacortex.analyse.session import SessionFindings


def write_findings(
    folder: Path, sessions: Iterable[tuple[str, SessionFindings]], compared: Effects
) -> None:
    """Write `units`, `values`, `pairs` and `effects` as CSV, tuning curves as netCDF.

    Every file is written under a temporary name and renamed.

    Parameters
    ----------
    folder : made if it is not there
    sessions : pairs of (arm, SessionFindings)
    compared : effects over animals, or over the units of one animal
    """
    folder.mkdir(parents=True, exist_ok=True)
    sessions = list(sessions)
    for name in ("units", "values", "pairs"):
        tables = [
            getattr(findings, name).assign(animal=findings.animal, arm=arm)
            for arm, findings in sessions
        ]
        _write_csv(pd.concat(tables, ignore_index=True), folder / f"{name}.csv")
    _write_csv(compared.effects, folder / "effects.csv")
    for arm, findings in sessions:
        path = folder / f"tuning-{findings.animal}-{arm}.nc"
        temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        findings.tuning.to_netcdf(temporary, engine="h5netcdf")
        os.replace(temporary, path)


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    table.to_csv(temporary, index=False)
    os.replace(temporary, path)
