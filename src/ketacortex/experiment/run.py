"""Run an experiment: simulate every animal and arm, measure each, compare them over animals."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ketacortex.analyse.experience import measure_experience, with_experience
from ketacortex.analyse.findings import write_findings
from ketacortex.analyse.network import measure_network, with_network
from ketacortex.analyse.population import compare_animals, json_rows
from ketacortex.analyse.session import SessionFindings, measure_session
from ketacortex.errors import DataError, InterruptedRunError
from ketacortex.experiment.folder import (
    SUMMARY,
    RunFolder,
    default_folder,
    open_folder,
    write_text,
)
from ketacortex.experiment.load import of_arm
from ketacortex.experiment.phenomena import phenomena_not_found, with_phenomena
from ketacortex.experiment.provenance import provenance
from ketacortex.experiment.sampling import cells_sampled
from ketacortex.experiment.schema import Experiment
from ketacortex.experiment.shared_epochs import SharedEpochs
from ketacortex.experiment.workers import Listener, report_progress, run_tasks
from ketacortex.model.circuit import build_circuit
from ketacortex.recording.electrode_view import view_through
from ketacortex.recording.nwb import read_nwb, write_nwb
from ketacortex.recording.recording import Recording, Subject
from ketacortex.simulate.engine import compile_kernel
from ketacortex.simulate.session import Session, simulate_session

SPECIES_OF_MAP = {"cat": "Felis catus", "mouse": "Mus musculus", "shuffled": "Felis catus"}


@dataclass(frozen=True)
class RunResult:
    """What a run left behind.

    Parameters
    ----------
    folder : where everything is
    summary : `effects`, `not_computed`, `wall_s`, `peak_rss_mb`
    was_done : the folder held the finished run already
    """

    folder: RunFolder
    summary: dict[str, Any]
    was_done: bool


def run_experiment(
    experiment: Experiment,
    *,
    workers: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    listener: Listener | None = None,
    command: str = "",
) -> RunResult:
    """Simulate, measure and compare; finished animals in the folder are kept, not repeated.

    Parameters
    ----------
    experiment : Experiment
    workers : processes; default: one a core, at most one a task
    out : run folder; default `runs/<name>-<digest>`
    resume : insist that the run was begun before
    listener : hears of progress
    command : the command line that repeats this run, kept with it
    """
    folder = open_folder(
        Path(out) if out is not None else default_folder(experiment), experiment, resume=resume
    )
    held = folder.read_summary()
    if held is not None:
        return RunResult(folder, held, was_done=True)
    with folder.locked():
        try:
            summary = _work(experiment, folder, workers, listener, command)
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt | InterruptedRunError)
            state = "interrupted" if stopped else "failed"
            # A full disk must not hide what went wrong first.
            with contextlib.suppress(OSError):
                folder.write_status(state, reason=str(error))
                folder.log(state, reason=str(error))
            raise
    return RunResult(folder, summary, was_done=False)


def _work(
    experiment: Experiment,
    folder: RunFolder,
    workers: int | None,
    listener: Listener | None,
    command: str,
) -> dict[str, Any]:
    began = time.monotonic()
    folder.write_status("running")
    folder.log("started", command=command)
    write_text(
        folder.path / "provenance.json", json.dumps(provenance(experiment, command), indent=1)
    )
    sessions, worker_mb = _sessions(experiment, folder, workers, listener)
    compared = compare_animals(sessions, experiment.claims)
    compared = replace(
        compared,
        effects=with_phenomena(compared.effects, experiment),
        not_computed=compared.not_computed
        + phenomena_not_found(compared.effects, compared.not_computed, experiment),
    )
    summary = {
        "effects": json_rows(compared.effects),
        "not_computed": compared.not_computed,
        "wall_s": round(time.monotonic() - began, 2),
        "peak_rss_mb": round(peak_memory_mb() + worker_mb, 1),
    }
    write_findings(folder.findings, sessions, compared)
    write_text(folder.findings / SUMMARY, json.dumps(summary, allow_nan=False))
    folder.write_status("done", wall_s=summary["wall_s"])
    folder.log("done", wall_s=summary["wall_s"])
    return summary


def _sessions(
    experiment: Experiment, folder: RunFolder, workers: int | None, listener: Listener | None
) -> tuple[list[tuple[str, SessionFindings]], float]:
    """Findings of every animal and arm in a fixed order, and the workers' peak memory together."""
    # Arm by arm: the animals of the first arm then leave what the other arms share with it.
    tasks = [
        (experiment, animal, arm, folder)
        for arm in experiment.arms
        for animal in range(1, experiment.animals + 1)
    ]
    n_workers = min(workers or os.cpu_count() or 1, len(tasks))
    if listener is not None:
        per_task_s = experiment.simulated_s / len(tasks)
        finished = sum(folder.recording(task[1], task[2]).is_file() for task in tasks)
        listener.start(experiment.simulated_s, finished * per_task_s)
    compile_kernel()
    found: dict[int, SessionFindings] = {}
    peaks_mb = []
    try:
        for i, (session, peak_mb) in run_tasks(animal_session, tasks, n_workers, listener):
            found[i] = session
            peaks_mb.append(peak_mb)
            folder.log("animal finished", animal=tasks[i][1], arm=tasks[i][2])
    finally:
        if listener is not None:
            listener.finish()
    for animal in range(1, experiment.animals + 1):
        shutil.rmtree(folder.shared(animal), ignore_errors=True)
    by_animal = sorted(range(len(tasks)), key=lambda i: tasks[i][1])
    sessions = [(tasks[i][2], found[i]) for i in by_animal]
    return sessions, sum(sorted(peaks_mb)[-n_workers:])


def animal_session(
    experiment: Experiment, animal: int, arm: str, folder: RunFolder
) -> tuple[SessionFindings, float]:
    """Simulate one arm of one animal unless its recording is there, then measure the recording.

    Returns
    -------
    findings, peak memory of this process in MB
    """
    path = folder.recording(animal, arm)
    recording = _finished(path)
    if recording is None:
        session = _simulate(experiment, animal, arm, folder)
        write_text(folder.course(animal, arm), session.course.to_csv(index=False))
        write_nwb(session.recording, path)
        recording = read_nwb(path)
    findings = measure_session(recording)
    findings = with_experience(findings, measure_experience(recording))
    if experiment.analysis.network:
        findings = with_network(findings, measure_network(recording, threads=1))
    return findings, peak_memory_mb()


def _finished(path: Path) -> Recording | None:
    """The recording of an earlier attempt; None if there is none, or a crash damaged it."""
    for remains in path.parent.glob(f".{path.stem}.*"):
        remains.unlink()
    try:
        return read_nwb(path) if path.is_file() else None
    except DataError:
        return None


def _simulate(experiment: Experiment, animal: int, arm: str, folder: RunFolder) -> Session:
    seed = experiment.animal_seed(animal)
    own = of_arm(experiment, arm)
    subject = Subject(
        identifier=experiment.animal_name(animal),
        species=SPECIES_OF_MAP[own.circuit.map],
        description=f"simulated; the species is the one its map imitates; circuit seed {seed}",
    )
    circuit = build_circuit(own.circuit, seed)
    if own.electrodes is not None:  # known before the work
        cells_sampled(own.electrodes, circuit, seed).require_units()
    session = simulate_session(
        circuit,
        own.shown(arm),
        seed,
        subject,
        report_progress,
        starts_s=own.starts_s(),
        treatment=own.treatment(arm),
        record=own.record,
        keep=SharedEpochs(folder.shared(animal)),
    )
    if own.electrodes is None:
        return session
    return replace(session, recording=view_through(session.recording, own.electrodes, seed))


def peak_memory_mb() -> float:
    """Most memory that this process has held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0**2 if sys.platform == "darwin" else 1024.0)  # bytes there, kB elsewhere
