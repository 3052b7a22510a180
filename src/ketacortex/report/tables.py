"""The material of a page: the same tables for a run folder and for recordings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ketacortex.analyse.findings import tuning_file
from ketacortex.analyse.initial_rows import INITIAL_COLUMNS, initial_rows
from ketacortex.analyse.population import EFFECT_COLUMNS, Effects
from ketacortex.analyse.session import (
    ALL_UNITS,
    PAIR_COLUMNS,
    UNKNOWN_CLASS,
    VALUE_COLUMNS,
    SessionFindings,
)
from ketacortex.experiment.folder import RunFolder
from ketacortex.experiment.schema import Experiment
from ketacortex.recording.nwb import read_nwb
from ketacortex.recording.recording import Recording
from ketacortex.report.dosing import read_courses

PRINCIPAL_CLASS = "pyr"
MOST_ARMS = 3
"""Arms that a figure shows side by side."""
LONE_RECORDING = "recording"
"""Arm of a recording that stands outside a run."""
CLASS_ORDER = ("pyr", "pv", "sst", "vip", UNKNOWN_CLASS)
UNIT_COLUMNS = (
    "unit", "cell_class", "epoch", "mean_rate_hz", "peak_rate_hz", "spontaneous_rate_hz",
    "preferred_orientation_deg", "osi", "gosi", "half_width_deg", "fano_factor", "isi_cv",
    "is_responsive", "is_tuned", "preferred_orientation_shift_deg", "shift_within_deg",
)  # fmt: skip
WORDS = ("unit", "cell_class", "epoch", "population", "measure", "reference", "animal", "arm")


@dataclass(frozen=True, kw_only=True)
class Example:
    """The first animal in one arm, whose spikes and cells are shown.

    Parameters
    ----------
    arm : its arm
    session : number of the recording among all
    recording, tuning : None where they cannot be read
    """

    arm: str
    session: int
    recording: Recording | None
    tuning: xr.Dataset | None


@dataclass(frozen=True, kw_only=True)
class Material:
    """Everything that the sections of a page are made from.

    Parameters
    ----------
    units, population_values, pairs : tables of `SessionFindings` of all sessions
        With `animal`, `arm` and `session`, the number of the recording among all.
    effects : table of `Effects`
    initial : table of `initial_rows`
    not_computed : `measure, arm, epoch, population, reason`
    examples : the first animal in the arms that are shown, at least one of them
    courses : slow states by time, from `read_courses`; empty where nothing was given
    experiment : what was run, None for recordings of animals
    provenance : versions, seeds and citations
    sources : files that were read
    """

    units: pd.DataFrame
    population_values: pd.DataFrame
    pairs: pd.DataFrame
    effects: pd.DataFrame
    initial: pd.DataFrame
    not_computed: list[dict[str, Any]]
    examples: tuple[Example, ...]
    courses: pd.DataFrame = field(default_factory=pd.DataFrame)
    experiment: Experiment | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    command: str = ""

    @property
    def example(self) -> Recording | None:
        """Recording of the first example."""
        return self.examples[0].recording

    @property
    def example_session(self) -> int:
        """Number of the first example."""
        return self.examples[0].session

    @cached_property
    def shown_arms(self) -> list[str]:
        """Arms that figures show side by side: all, or a few that stand for many."""
        if len(self.arms) <= MOST_ARMS or self.experiment is None:
            return self.arms[:MOST_ARMS]
        pairs = [arm for pair in self.experiment.claims.values() for arm in pair[::-1]]
        ends = [*pairs[:2], *pairs[-1:], *self.arms]
        return list(dict.fromkeys(ends))[:MOST_ARMS]

    @cached_property
    def claims(self) -> dict[str, tuple[str, str]]:
        """Claims of the experiment: name, arm and what it is held against."""
        return dict(self.experiment.claims) if self.experiment is not None else {}

    @cached_property
    def epochs(self) -> list[str]:
        """Names of the epochs, in order of time."""
        return [str(name) for name in pd.unique(self.units["epoch"])]

    @cached_property
    def arms(self) -> list[str]:
        """Names of the arms."""
        return [str(name) for name in pd.unique(self.units["arm"])]

    @cached_property
    def cell_classes(self) -> list[str]:
        """Cell classes that occur, pyramidal cells first."""
        found = {str(name) for name in self.units["cell_class"].unique()}
        return [c for c in CLASS_ORDER if c in found] + sorted(found - set(CLASS_ORDER))

    @property
    def n_animals(self) -> int:
        """Animals, the units of replication."""
        return int(self.units["animal"].nunique())

    @property
    def n_units(self) -> int:
        """Units, the same unit in two arms counted once."""
        return len(self.units[["animal", "unit"]].drop_duplicates())

    @property
    def has_known_classes(self) -> bool:
        """Whether any cell class is known."""
        return any(c != UNKNOWN_CLASS for c in self.cell_classes)

    @cached_property
    def main_population(self) -> str:
        """Pyramidal cells where they are known, else all units, else the one class there is."""
        if PRINCIPAL_CLASS in self.cell_classes:
            return PRINCIPAL_CLASS
        known = [c for c in self.cell_classes if c != UNKNOWN_CLASS]
        return known[0] if len(self.cell_classes) == 1 and known else ALL_UNITS

    def is_main(self, table: pd.DataFrame) -> pd.Series:
        """Rows of units that belong to the main population."""
        if self.main_population == ALL_UNITS:
            return pd.Series(True, index=table.index)
        return table["cell_class"] == self.main_population

    def arm_in_words(self, arm: str) -> str:
        """`arm` and its name, a claim as what it compares; nothing where there are no arms."""
        if arm in self.claims:
            return f"{self.claims[arm][0]} against {self.claims[arm][1]}"
        return "" if self.arms == [LONE_RECORDING] else f"arm {arm}"

    @cached_property
    def comparisons(self) -> list[tuple[str, str]]:
        """(arm, later epoch) of every comparison with a first epoch."""
        found = self.changes[["arm", "epoch"]].drop_duplicates()
        return [(str(arm), str(epoch)) for arm, epoch in found.itertuples(index=False)]

    @cached_property
    def changes(self) -> pd.DataFrame:
        """Each unit in a later epoch beside itself in the first: those columns end in `_before`."""
        units = self.units.copy()
        units["row"] = units.groupby(["session", "epoch"], sort=False).cumcount()
        first = units.groupby("session", sort=False)["epoch"].transform("first")
        is_first = units["epoch"] == first
        return units[~is_first].merge(
            units[is_first], on=["session", "row"], suffixes=("", "_before"), how="inner"
        )

    @cached_property
    def first_epochs(self) -> pd.DataFrame:
        """Rows of units in the first epoch of their session."""
        first = self.units.groupby("session", sort=False)["epoch"].transform("first")
        return self.units[self.units["epoch"] == first]


def material_of_run(folder: RunFolder, experiment: Experiment, command: str) -> Material:
    """Material from the tables of a finished run, and from the spikes of its first animal."""
    summary = folder.read_summary() or {}
    units = _read_table(folder.findings / "units.csv", UNIT_COLUMNS)
    values = _read_table(folder.findings / "values.csv", VALUE_COLUMNS)
    pairs = _read_table(folder.findings / "pairs.csv", PAIR_COLUMNS)
    order = {key: i for i, key in enumerate(_keys(units))}
    provenance = folder.path / "provenance.json"
    bare = Material(
        units=_numbered(units, order),
        population_values=_numbered(values, order),
        pairs=_numbered(pairs, order),
        effects=_read_table(folder.findings / "effects.csv", EFFECT_COLUMNS),
        initial=_read_table(folder.findings / "initial.csv", INITIAL_COLUMNS),
        not_computed=list(summary.get("not_computed", [])),
        examples=(),
        courses=read_courses(folder, experiment),
        experiment=experiment,
        provenance=json.loads(provenance.read_text("utf-8")) if provenance.is_file() else {},
        command=command,
    )
    examples = tuple(_example(folder, arm, order) for arm in bare.shown_arms or experiment.arms)
    paths = [folder.recording(1, e.arm) for e in examples if e.recording is not None]
    sources = tuple(str(path.relative_to(folder.path)) for path in paths)
    return replace(bare, examples=examples, sources=sources)


def _example(folder: RunFolder, arm: str, order: Mapping[tuple[str, str], int]) -> Example:
    """The first animal of a run in one arm."""
    path = folder.recording(1, arm)
    recording = read_nwb(path) if path.is_file() else None
    subject = recording.subject.identifier if recording is not None else ""
    number = order.get((subject, arm), 0)
    tuning = _read_tuning(folder.findings / tuning_file(number + 1, subject, arm))
    return Example(arm=arm, session=number, recording=recording, tuning=tuning)


def material_of_recordings(
    paths: list[str],
    recordings: list[Recording],
    sessions: list[tuple[str, SessionFindings]],
    compared: Effects,
    provenance: Mapping[str, Any],
    command: str,
) -> Material:
    """Material from recordings that were just measured; the first one is the example."""
    missing = list(compared.not_computed)
    for arm, findings in sessions:
        missing += [
            {**entry, "arm": arm} for entry in findings.not_computed if entry["reference"] is None
        ]
    return Material(
        units=_joined(sessions, "units", UNIT_COLUMNS),
        population_values=_joined(sessions, "values", VALUE_COLUMNS),
        pairs=_joined(sessions, "pairs", PAIR_COLUMNS),
        effects=_with_columns(compared.effects, EFFECT_COLUMNS),
        initial=initial_rows(sessions)[0],
        not_computed=missing,
        examples=_examples_of(recordings, sessions),
        provenance=provenance,
        sources=tuple(paths),
        command=command,
    )


def _examples_of(
    recordings: list[Recording], sessions: list[tuple[str, SessionFindings]]
) -> tuple[Example, ...]:
    """The first animal in each arm it was recorded in."""
    if not sessions:
        return (Example(arm=LONE_RECORDING, session=0, recording=None, tuning=None),)
    first = sessions[0][1].animal
    found: dict[str, Example] = {}
    for i, ((arm, findings), recording) in enumerate(zip(sessions, recordings, strict=True)):
        if findings.animal == first and arm not in found and len(found) < MOST_ARMS:
            found[arm] = Example(arm=arm, session=i, recording=recording, tuning=findings.tuning)
    return tuple(found.values())


def _joined(
    sessions: list[tuple[str, SessionFindings]], name: str, columns: Iterable[str]
) -> pd.DataFrame:
    tables = [
        _with_columns(getattr(findings, name), columns).assign(
            animal=findings.animal, arm=arm, session=i
        )
        for i, (arm, findings) in enumerate(sessions)
    ]
    filled = [table for table in tables if len(table)]
    if not filled:
        return _with_columns(pd.DataFrame(), [*columns, "animal", "arm", "session"])
    return _worded(pd.concat(filled, ignore_index=True))


def _with_columns(table: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    return table.reindex(columns=list(dict.fromkeys([*table.columns, *columns])))


def _read_table(path: Path, columns: Iterable[str]) -> pd.DataFrame:
    """A table of findings; only an empty field is missing, so that names such as `NA` survive."""
    names = [*columns, "animal", "arm"]
    if not path.is_file():
        return pd.DataFrame(columns=list(dict.fromkeys(names)))
    words: Any = dict.fromkeys(WORDS, str)
    table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=words)
    return _worded(_with_columns(table, names))


def _worded(table: pd.DataFrame) -> pd.DataFrame:
    words = [column for column in WORDS if column in table and column != "reference"]
    return table.assign(**{column: table[column].astype(str) for column in words})


def _keys(units: pd.DataFrame) -> Iterator[tuple[str, str]]:
    return units[["animal", "arm"]].drop_duplicates().itertuples(index=False, name=None)


def _numbered(table: pd.DataFrame, order: Mapping[tuple[str, str], int]) -> pd.DataFrame:
    keys = zip(table["animal"], table["arm"], strict=True)
    return table.assign(session=np.array([order.get(key, -1) for key in keys], int))


def _read_tuning(path: Path) -> xr.Dataset | None:
    if not path.is_file():
        return None
    with xr.open_dataset(path, engine="h5netcdf") as dataset:
        return dataset.load()
