"""The report of a run or of recordings, as one self-contained page (being built)."""

from __future__ import annotations

from ketacortex.analyse.population import Effects
from ketacortex.analyse.session import SessionFindings
from ketacortex.experiment.folder import RunFolder
from ketacortex.experiment.schema import Experiment
from ketacortex.recording.recording import Recording


def report_run(folder: RunFolder, experiment: Experiment, command: str) -> str:
    """Page of a finished run."""
    return "<!doctype html><title>ketacortex</title>"


def report_recordings(
    paths: list[str],
    recordings: list[Recording],
    sessions: list[tuple[str, SessionFindings]],
    compared: Effects,
) -> str:
    """Page of recordings."""
    return "<!doctype html><title>ketacortex</title>"
