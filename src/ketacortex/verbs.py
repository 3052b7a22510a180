"""What the command line can do, as Python calls of the same names and arguments."""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from ketacortex.analyse.compare import Comparison, compare_sides
from ketacortex.analyse.experience import measure_experience, with_experience
from ketacortex.analyse.findings import write_csv, write_findings
from ketacortex.analyse.inclusion import InclusionRule
from ketacortex.analyse.network import measure_network, with_network
from ketacortex.analyse.one_animal import compare_one_animal
from ketacortex.analyse.population import compare_animals, json_rows
from ketacortex.analyse.session import measure_session
from ketacortex.drug.voltage_clamp import block_table
from ketacortex.errors import ConfigurationError, DataError, nearest, nearest_of_many
from ketacortex.evidence.blockers import BLOCKERS, DEFAULT_BLOCKER
from ketacortex.experiment.estimate import estimate
from ketacortex.experiment.folder import SETTINGS, SUMMARY, write_text
from ketacortex.experiment.load import DEFAULT_PRESET, load_experiment
from ketacortex.experiment.run import RunResult, run_experiment
from ketacortex.experiment.sides import Side, called, matched_cells, read_side, recordings_in
from ketacortex.experiment.workers import Listener
from ketacortex.recording.checks import require_tuning_trials
from ketacortex.recording.contents import describe
from ketacortex.recording.nwb import read_nwb
from ketacortex.recording.nwb_writer import content_identifier
from ketacortex.recording.recording import Recording
from ketacortex.report.catalogue import parameter_rows
from ketacortex.report.cells_answer import cells_answer
from ketacortex.report.dose_course import DoseCourse, course_of_doses
from ketacortex.report.dose_picture import draw_dose
from ketacortex.report.experience_answer import experience_answer, not_told
from ketacortex.report.network_answer import network_answer
from ketacortex.report.page import report_recordings, report_run

CELLS, NETWORK = "cells", "network"
PARTS = {"tuning": CELLS, "variability": CELLS}
"""Other words for parts of the analysis."""
PICTURES = (".png", ".svg", ".pdf")


def run(
    source: str | Path = DEFAULT_PRESET,
    *,
    changes: Iterable[str] = (),
    seed: int | None = None,
    animals: int | None = None,
    workers: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    listener: Listener | None = None,
) -> RunResult:
    """Run an experiment and build its report.

    Parameters
    ----------
    source : preset or TOML file
    changes : "path=value", as in `stimulus.repeats=4`
    seed, animals : replace those of the experiment
    workers : processes
    out : run folder; default `runs/<name>-<digest>`
    resume : insist that the run was begun before
    listener : hears of progress

    Returns
    -------
    RunResult
        `summary["effects"]` has the effects with their intervals.
    """
    began = time.monotonic()
    changes = list(changes)
    experiment = load_experiment(source, changes=changes, seed=seed, animals=animals)
    command = _command(source, changes, experiment.seed, experiment.animals)
    result = run_experiment(
        experiment, workers=workers, out=out, resume=resume, listener=listener, command=command
    )
    if not result.folder.report.is_file():
        write_text(result.folder.report, report_run(result.folder, experiment, command))
    if not result.was_done:
        result.summary["wall_s"] = round(time.monotonic() - began, 2)
        write_text(result.folder.findings / SUMMARY, json.dumps(result.summary, allow_nan=False))
    return result


def _command(source: str | Path, changes: list[str], seed: int, animals: int) -> str:
    words = ["ketacortex", "run", str(source), "--seed", str(seed), "--animals", str(animals)]
    for change in changes:
        words += ["--set", change]
    return shlex.join(words)


def dry_run(
    source: str | Path = DEFAULT_PRESET,
    *,
    changes: Iterable[str] = (),
    seed: int | None = None,
    animals: int | None = None,
    workers: int | None = None,
) -> dict[str, Any]:
    """What `run` with the same arguments would cost: cells, synapses, time, memory, disk."""
    return estimate(load_experiment(source, changes=changes, seed=seed, animals=animals), workers)


def show_block(blocker: str = DEFAULT_BLOCKER) -> list[dict[str, Any]]:
    """IC50 and onset of block, from the running scheme, subunit by subunit under voltage clamp.

    Parameters
    ----------
    blocker : name in the evidence

    Returns
    -------
    list of `receptor, voltage_mv, magnesium_millimolar, ic50_micromolar,
    onset_tau_s_popen_0p01, onset_tau_s_popen_0p1`; the onsets at 1 µM
    """
    if blocker not in BLOCKERS:
        raise ConfigurationError(
            f'"{blocker}" is no blocker whose constants are known. {nearest(blocker, BLOCKERS)}'
        )
    return block_table(blocker)


def show_parameter(name: str) -> list[dict[str, Any]]:
    """What a parameter is: constants of the evidence and settings of an experiment by their names.

    Parameters
    ----------
    name : whole, or the beginning of several

    Returns
    -------
    list of `name, value, unit, low, high, source, grade, meaning`; what a setting lacks is None
    """
    every = {row["name"]: row for row in parameter_rows()}
    if name in every:
        return [every[name]]
    found = [row for key, row in every.items() if key.startswith(f"{name}.")]
    if not found:
        raise ConfigurationError(
            f'"{name}" is no parameter, nor the beginning of one. {nearest_of_many(name, every)}'
        )
    return found


def show_dose(
    source: str | Path,
    *,
    changes: Iterable[str] = (),
    arm: str | None = None,
    until_s: float | None = None,
    picture: str | Path | None = None,
) -> DoseCourse:
    """What the doses of an experiment come to in plasma, brain and receptors, by time.

    Parameters
    ----------
    source : preset or TOML file
    changes : "path=value"
    arm : default: the first in which anything is given
    until_s : s after the end of the first epoch; default: the session and some hours after a dose
    picture : file to draw it into, .png, .svg or .pdf; none by default

    Returns
    -------
    DoseCourse
    """
    experiment = load_experiment(source, changes=list(changes))
    drawn = None if picture is None else _picture(Path(picture))
    course = course_of_doses(experiment, arm, until_s)
    if drawn is not None:
        part = drawn.with_name(f".{drawn.stem}.{os.getpid()}.part{drawn.suffix}")
        try:
            draw_dose(experiment, course, part)
            os.replace(part, drawn)
        finally:
            part.unlink(missing_ok=True)
    return course


def _picture(path: Path) -> Path:
    if path.suffix not in PICTURES:
        raise ConfigurationError(
            f'"{path}" does not end in {", ".join(PICTURES)}, so its format is not known. '
            "Give such a name."
        )
    return path


def inspect(path: str | Path) -> dict[str, Any]:
    """What a recording holds, which analyses it allows and why not the others."""
    return describe(read_nwb(path))


def analyse(
    paths: Iterable[str | Path],
    *,
    only: Iterable[str] | None = None,
    out: str | Path | None = None,
) -> dict[str, Any]:
    """Measure recordings: units, populations, and epochs against each other.

    Parameters
    ----------
    paths : NWB files, folders of them, or run folders
    only : parts of the analysis
        `cells` for tuning and variability (`tuning` and `variability` mean the same), `network` for
        links between all pairs of units, which needs no trials. By default `cells`, and for a run
        whose experiment measures the network its effects too, though not its links.
    out : folder for the tables and the report; nothing is written without it

    Returns
    -------
    `units`, `populations`, `comparisons`, `not_computed`, ready for JSON
        With the network also `network` (pairs and links of each epoch), `links`, `graph` (measures
        with their null) and `changes` (of each measure in each animal between its epochs).
        Of recordings with adapters or training also `adapters` and `trainings`: each measure in
        each animal, and an entry of `not_computed` for what is missing.
    """
    parts = {CELLS} if only is None else _parts(only)
    places = [Path(path) for path in paths]
    files = [file for place in places for file in recordings_in(place)]
    claims = _claims_in(places)
    folder = None if out is None else _new_folder(Path(out))
    recordings = _read_all([file for _, file in files], needs_tuning=CELLS in parts)
    with_arms = [(arm, recording) for (arm, _), recording in zip(files, recordings, strict=True)]
    is_measured = NETWORK in parts or (only is None and _has_network(places))
    networks = [measure_network(r) for r in recordings] if is_measured else []
    if CELLS not in parts:
        return network_answer(with_arms, networks, claims, folder)
    sessions = [(arm, measure_session(recording)) for arm, recording in with_arms]
    if len(sessions) == 1:
        compared = compare_one_animal(recordings[0], sessions[0][1], sessions[0][0])
    if networks:
        sessions = [
            (arm, with_network(findings, network))
            for (arm, findings), network in zip(sessions, networks, strict=True)
        ]
    experiences = [measure_experience(recording) for recording in recordings]
    sessions = [
        (arm, with_experience(findings, experience))
        for (arm, findings), experience in zip(sessions, experiences, strict=True)
    ]
    if len(sessions) > 1:
        compared = compare_animals(sessions, claims)
    if folder is not None:
        write_findings(folder / "findings", sessions, compared)
        page = report_recordings([str(f) for _, f in files], recordings, sessions, compared)
        write_text(folder / "report.html", page)
    answer = {**cells_answer(sessions, compared), **experience_answer(with_arms, experiences)}
    answer["not_computed"] = [*answer["not_computed"], *not_told(with_arms, experiences)]
    if NETWORK not in parts:
        return answer
    of_network = network_answer(with_arms, networks, claims, folder)
    untold = [entry for entry in of_network["not_computed"] if entry not in answer["not_computed"]]
    return {
        **answer,
        "not_computed": answer["not_computed"] + untold,
        **{key: of_network[key] for key in ("network", "links", "graph", "changes")},
    }


def _has_network(paths: Iterable[Path]) -> bool:
    return any(
        load_experiment(path / SETTINGS).analysis.network
        for path in paths
        if (path / SETTINGS).is_file()
    )


def _parts(only: Iterable[str]) -> set[str]:
    parts = {PARTS.get(part, part) for part in only}
    unknown = sorted(parts - {CELLS, NETWORK})
    if unknown or not parts:
        asked = f'"{unknown[0]}" is' if unknown else "nothing is"
        raise ConfigurationError(
            f"{asked} no part of the analysis. Name one or more of {', '.join(PARTS)}, {CELLS}, "
            f"{NETWORK}, with commas between them."
        )
    return parts


def compare(
    sides: Iterable[str | Path], *, same_animal: bool = False, out: str | Path | None = None
) -> dict[str, Any]:
    """Compare two or more epochs, arms, days or groups of recordings, each with the first.

    Animals that are on both sides are compared with themselves, unit by unit name; without any, the
    animals of one side with those of the other.

    Parameters
    ----------
    sides : `PATH[:ARM][@EPOCH]`, at least two
        NWB files, folders of them, or run folders; arm and epoch where there are several.
    same_animal : take the one animal of each side for the same, whatever its identifier
    out : folder for the tables and the report; nothing is written without it

    Returns
    -------
    `sides`, `comparisons`, `comparisons_of_included`, `initial_value`, `inclusion`, `units`,
    `not_computed`, ready for JSON
        `before` of a comparison is the first side. Where the default inclusion rule would leave
        units out, everything is given with them and again without.
    """
    first, *others = _read_sides(sides)
    folder = None if out is None else _new_folder(Path(out))
    answer: dict[str, Any] = {
        "sides": [_side_row(side, cell) for side in (first, *others) for cell in side.animals],
        "comparisons": [],
        "comparisons_of_included": [],
        "initial_value": [],
        "inclusion": [],
        "units": [],
        "not_computed": [],
    }
    joined: list[tuple[str, Comparison]] = []
    for other in others:
        for cell, other_cell in matched_cells(first, other):
            names = _two_names(called(first, cell), called(other, other_cell))
            animals = first.animals[cell], other.animals[other_cell]
            found = compare_sides(*(_as_one(*animals) if same_animal else animals), names)
            mark = {"a": names[0], "b": names[1]}
            for key, rows in (
                ("comparisons", json_rows(found.effects)),
                ("comparisons_of_included", json_rows(found.effects_of_included)),
                ("initial_value", json_rows(found.initial)),
                ("inclusion", _inclusion_rows(found)),
                ("units", json_rows(found.units)),
                ("not_computed", found.not_computed),
            ):
                answer[key] += [{**mark, **row} for row in rows]
            joined.append((f"{names[1]} against {names[0]}", found))
    if folder is not None:
        _write_comparisons(folder, joined)
    return answer


def _read_sides(sides: Iterable[str | Path]) -> list[Side]:
    names = [str(side) for side in sides]
    if len(names) < 2:
        raise ConfigurationError(
            f"a comparison needs two sides and {len(names)} is given. Give two files or runs, or "
            "two epochs of one file, as in FILE@EPOCH."
        )
    return [read_side(name) for name in names]


def _side_row(side: Side, cell: tuple[str, str]) -> dict[str, Any]:
    animals = side.animals[cell]
    return {
        "side": side.label,
        "arm": cell[0],
        "epoch": cell[1],
        "animals": list(animals),
        "n_units": sum(recording.n_units for recording in animals.values()),
        "n_trials": sum(len(recording.trials) for recording in animals.values()),
    }


def _inclusion_rows(found: Comparison) -> list[dict[str, Any]]:
    return [
        {
            "animal": animal,
            "n_units": len(of_one.is_included),
            "n_included": int(of_one.is_included.sum()),
            "n_failed": of_one.n_failed,
            "rule": InclusionRule().model_dump(),
        }
        for animal, of_one in found.inclusion.items()
    ]


def _two_names(name: str, other: str) -> tuple[str, str]:
    return (name, other) if name != other else (f"{name} (first)", f"{other} (second)")


def _as_one(
    first: dict[str, Recording], second: dict[str, Recording]
) -> tuple[dict[str, Recording], dict[str, Recording]]:
    if len(first) != 1 or len(second) != 1:
        raise ConfigurationError(
            f"--same-animal takes the one animal of each side for the same; there are "
            f"{len(first)} and {len(second)}. Give one recording a side."
        )
    (animal,) = first
    return first, {animal: next(iter(second.values()))}


def _write_comparisons(folder: Path, joined: list[tuple[str, Comparison]]) -> None:
    recordings, sessions, names = [], [], []
    for name, found in joined:
        for recording, findings in found.joined:
            recordings.append(recording)
            sessions.append((name, findings))
            names.append(recording.source)
    effects = pd.concat(
        [found.effects.assign(comparison=name) for name, found in joined], ignore_index=True
    )
    write_csv(effects, folder / "findings" / "comparisons.csv")
    if sessions:
        compared = (
            compare_one_animal(recordings[0], sessions[0][1], sessions[0][0])
            if len(sessions) == 1
            else compare_animals(sessions)
        )
        write_findings(folder / "findings", sessions, compared)
        page = report_recordings(names, recordings, sessions, compared)
        write_text(folder / "report.html", page)


def _new_folder(folder: Path) -> Path:
    """The folder, made now, so that a name that cannot be had is known before the work."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            f'"{folder}" exists and is not an empty folder; nothing was changed. '
            "Give a new folder with --out."
        )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _read_all(files: list[Path], *, needs_tuning: bool) -> list[Recording]:
    """Every recording, each with the trials that are needed, none given twice."""
    recordings: list[Recording] = []
    file_of: dict[str, Path] = {}
    for file in files:
        recording = read_nwb(file)
        try:
            if needs_tuning:
                require_tuning_trials(recording)
        except DataError as error:
            raise DataError(f"{file}: {error}") from None
        content = content_identifier(recording)
        if content in file_of:
            raise DataError(
                f'"{file_of[content]}" and "{file}" hold the same recording; counted twice it '
                "would make every interval too narrow. Leave one of them out."
            )
        file_of[content] = file
        recordings.append(recording)
    return recordings


def _claims_in(paths: list[Path]) -> dict[str, tuple[str, str]]:
    """Claims of a run folder, where it is all that is analysed."""
    if len(paths) == 1 and (paths[0] / SETTINGS).is_file():
        return load_experiment(paths[0] / SETTINGS).claims
    return {}
