"""What `compare` is given: a file or a run, one of its arms, one of its epochs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ketacortex.errors import ConfigurationError, DataError
from ketacortex.experiment.folder import SETTINGS
from ketacortex.recording.checks import require_tuning_trials
from ketacortex.recording.epochs import SINGLE_EPOCH
from ketacortex.recording.nwb import read_nwb
from ketacortex.recording.recording import Recording
from ketacortex.recording.selection import only_epoch

ARM, EPOCH = 0, 1
"""Places in the name of a part."""
LONE = "recording"
"""Arm of a recording that stands outside a run."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a comparison.

    Parameters
    ----------
    label : as it was given
    path : of the file or folder
    animals : recording of each animal, by arm and epoch, its trials those of the epoch
    """

    label: str
    path: Path
    animals: dict[tuple[str, str], dict[str, Recording]]


def recordings_in(path: Path) -> list[tuple[str, Path]]:
    """(arm, file) of a recording or of every recording in a run folder."""
    if not path.is_dir():
        return [(LONE, path)]
    found = sorted(path.glob("animals/*/*/recording.nwb"))
    loose = sorted(path.glob("*.nwb"))
    if loose and not found:
        return [(LONE, file) for file in loose]
    if not found:
        what = "a run that has no finished animal" if (path / SETTINGS).is_file() else "no run"
        raise ConfigurationError(
            f'"{path}" is a folder with {what}, so there is nothing to analyse. '
            "Give NWB files, or the folder of a run."
        )
    return [(file.parent.name, file) for file in found]


def read_side(text: str) -> Side:
    """The side that `PATH[:ARM][@EPOCH]` names.

    Raises
    ------
    ConfigurationError
        There is no such arm.
    DataError
        There is no such epoch, or a file cannot be used.
    """
    path, arm, epoch = split_name(text)
    files = recordings_in(path)
    arms = list(dict.fromkeys(name for name, _ in files))
    if arm is not None and arm not in arms:
        raise ConfigurationError(f'"{path}" has no arm "{arm}"; there are {", ".join(arms)}.')
    animals: dict[tuple[str, str], dict[str, Recording]] = {}
    for name, file in files:
        if arm is not None and name != arm:
            continue
        try:
            recording = read_nwb(file)
            require_tuning_trials(recording)
            there = dict.fromkeys(recording.trials["epoch"].astype(str))
            parts = {e: only_epoch(recording, e) for e in ([epoch] if epoch else there)}
        except DataError as error:
            raise DataError(f"{file}: {error}") from None
        for e, part in parts.items():
            animal = recording.subject.identifier
            of_cell = animals.setdefault((name, e), {})
            if animal in of_cell:
                raise DataError(
                    f'"{path}" holds two recordings of animal {animal!r}, so which of them is '
                    "meant is not clear. Give one of the files."
                )
            of_cell[animal] = part
    return Side(label=text, path=path, animals=animals)


def split_name(text: str) -> tuple[Path, str | None, str | None]:
    """Path, arm and epoch of `PATH[:ARM][@EPOCH]`; what exists as a path is a path.

    >>> split_name("runs/one:drug@late")
    (PosixPath('runs/one'), 'drug', 'late')
    """
    arm = epoch = None
    path = text
    if not Path(path).exists() and "@" in path:
        path, _, epoch = path.rpartition("@")
    if not Path(path).exists() and ":" in path:
        path, _, arm = path.rpartition(":")
    if not Path(path).exists() and (arm is None and epoch is None):
        raise ConfigurationError(
            f'"{text}" does not exist. Give an NWB file or the folder of a run, with :ARM or '
            "@EPOCH behind it where it holds several."
        )
    return Path(path), arm, epoch


def matched_cells(first: Side, second: Side) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """Arms and epochs of two sides that belong together.

    The only arm of each side, whatever it is called, else those of the same name; so with epochs.

    Raises
    ------
    ConfigurationError
        It is not clear which to compare, or it would be the same with itself.
    """
    if first.label == second.label:
        raise ConfigurationError(
            f'both sides are "{first.label}", so nothing can differ. It holds {_cells(first)}; '
            "name two of them, as in FILE@EPOCH or RUN:ARM@EPOCH."
        )
    alike = [
        all(len({cell[part] for cell in side.animals}) == 1 for side in (first, second))
        for part in (ARM, EPOCH)
    ]
    pairs = [
        (cell, other)
        for cell in first.animals
        for other in second.animals
        if all(alike[part] or cell[part] == other[part] for part in (ARM, EPOCH))
    ]
    if not pairs:
        raise ConfigurationError(
            f'"{first.label}" holds {_cells(first)}; "{second.label}" holds {_cells(second)}: '
            "which belong together is not clear. Name one of each, as in FILE@EPOCH or "
            "RUN:ARM@EPOCH."
        )
    return pairs


def called(side: Side, cell: tuple[str, str]) -> str:
    """What to call one part of a side: short, and the same wherever the file lies.

    >>> called(Side(label="", path=Path("data/cat.nwb"), animals={}), (LONE, "drug"))
    'cat@drug'
    """
    arm, epoch = cell
    name = arm if arm != LONE else side.path.name.removesuffix(".nwb")
    return name if epoch == SINGLE_EPOCH else f"{name}@{epoch}"


def _cells(side: Side) -> str:
    return ", ".join(f"{arm}@{epoch}" for arm, epoch in side.animals)
