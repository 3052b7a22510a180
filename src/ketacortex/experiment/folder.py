"""The run folder: a folder is the database, and finished work in it is never lost."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from ketacortex.errors import ConfigurationError
from ketacortex.experiment.load import load_experiment
from ketacortex.experiment.schema import Experiment
from ketacortex.version import __version__

SETTINGS = "experiment.toml"
SUMMARY = "summary.json"


def write_text(path: Path, text: str) -> None:
    """Write a file under a temporary name and rename it, so that it is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@dataclass(frozen=True)
class RunFolder:
    """Names of everything inside one run folder."""

    path: Path

    @property
    def report(self) -> Path:
        """The page."""
        return self.path / "report.html"

    @property
    def findings(self) -> Path:
        """Folder of tables and arrays."""
        return self.path / "findings"

    def recording(self, animal: int, arm: str) -> Path:
        """Recording of one arm of one animal, counted from 1."""
        return self.path / "animals" / f"animal-{animal:03d}" / arm / "recording.nwb"

    def course(self, animal: int, arm: str) -> Path:
        """Slow states through the session of one arm of one animal."""
        return self.recording(animal, arm).with_name("course.csv")

    def shared(self, animal: int) -> Path:
        """What the arms of one animal share while the run is at work."""
        return self.path / "animals" / f"animal-{animal:03d}" / ".shared"

    def read_summary(self) -> dict[str, Any] | None:
        """What the finished run found, or None while it is not finished."""
        path = self.findings / SUMMARY
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process; the system lets go of it when the process is gone.

        Raises
        ------
        ConfigurationError
            Another run is working in the folder.
        """
        path = self.path / "run.lock"
        with path.open("a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise ConfigurationError(
                    f'another run (process {lock.read().strip()}) is working in "{self.path}"; '
                    "two would do everything twice. Wait for it, or give another folder with --out."
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            try:
                yield
            finally:
                path.unlink(missing_ok=True)

    def write_status(self, state: str, **more: Any) -> None:
        """`running`, `done`, `interrupted` or `failed`, for whoever looks from outside."""
        write_text(self.path / "status.json", json.dumps({"state": state, **more}, indent=1) + "\n")

    def log(self, event: str, **more: Any) -> None:
        """Append one line to the log."""
        line = json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "event": event, **more})
        with (self.path / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(line + "\n")


def default_folder(experiment: Experiment) -> Path:
    """`runs/<name>-<digest>`: the same experiment always goes to the same place."""
    return Path("runs") / f"{experiment.name}-{experiment.digest}"


def open_folder(path: Path, experiment: Experiment, *, resume: bool) -> RunFolder:
    """The folder for this experiment: new, or begun earlier with the very same settings.

    Raises
    ------
    ConfigurationError
        The folder holds something else, or `resume` found nothing to resume.
    """
    settings = path / SETTINGS
    if path.exists() and not path.is_dir():
        raise ConfigurationError(
            f'"{path}" is a file, so no run can be kept in it; it was left as it is. '
            "Give the name of a folder with --out."
        )
    if settings.is_file():
        _require_same(path, settings, experiment)
    elif path.is_dir() and (others := _others_in(path)):
        raise ConfigurationError(
            f'"{path}" holds something else ("{others[0]}") and no {SETTINGS}, so it is not a run '
            "folder; nothing was changed. Give an empty or a new folder with --out."
        )
    elif resume:
        raise ConfigurationError(
            f'there is no run in "{path}" to resume. Leave out --resume to begin one there.'
        )
    else:
        path.mkdir(parents=True, exist_ok=True)
        write_text(settings, tomli_w.dumps(experiment.model_dump(exclude_none=True)))
    return RunFolder(path)


def _others_in(path: Path) -> list[str]:
    """What lies in a folder, but for the beginning of a settings file that a crash cut short."""
    return sorted(p.name for p in path.iterdir() if not p.name.startswith(f".{SETTINGS}."))


def _require_same(path: Path, settings: Path, experiment: Experiment) -> None:
    held = load_experiment(settings)
    if held != experiment:
        different = _first_difference(held.model_dump(), experiment.model_dump())
        raise ConfigurationError(
            f'"{path}" holds another experiment ({different}); nothing was changed. '
            "Give another folder with --out, or the settings it was begun with."
        )
    provenance = path / "provenance.json"
    if provenance.is_file() and not (path / "findings" / SUMMARY).is_file():
        begun_with = json.loads(provenance.read_text(encoding="utf-8")).get("ketacortex")
        if begun_with != __version__:
            raise ConfigurationError(
                f'"{path}" was begun with ketacortex {begun_with} and this is {__version__}; its '
                "animals would not be comparable. Finish it with that version, or begin anew in "
                "another folder."
            )


def _first_difference(held: Any, asked: Any, path: str = "") -> str:
    if isinstance(held, dict) and isinstance(asked, dict):
        for key in [*held, *[key for key in asked if key not in held]]:
            if held.get(key) != asked.get(key):
                where = f"{path}.{key}" if path else str(key)
                return _first_difference(held.get(key), asked.get(key), where)
    return f"{path} is {held!r} there and {asked!r} here"
