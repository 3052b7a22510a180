"""Epochs of one animal on disk: arms that are alike until then share them, a killed run resumes."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ketacortex.simulate.engine import Spikes
from ketacortex.simulate.probes import Probed
from ketacortex.simulate.show import Shown

_SPIKES = ("step", "cell")
_STATE = "state "


@dataclass(frozen=True)
class SharedEpochs:
    """Keeps epochs in a folder; safe for several processes, and for one that dies meanwhile.

    Parameters
    ----------
    folder : made when first needed
    """

    folder: Path

    def __call__(self, key: str, make: Callable[[], Shown]) -> Shown:
        """The epoch kept under `key`, shown now if there is none; others wait for it."""
        path = self.folder / f"{key}.npz"
        self.folder.mkdir(parents=True, exist_ok=True)
        # The system lets go of the lock when its holder is gone, however it went.
        with (self.folder / f"{key}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # A file that a power cut has left without its end is made anew.
            with contextlib.suppress(FileNotFoundError, EOFError, BadZipFile, KeyError, ValueError):
                return _read(path)
            shown = make()
            temporary = path.with_suffix(f".{os.getpid()}.part")
            with temporary.open("wb") as file:
                states: dict[str, Any] = {
                    _STATE + name: values for name, values in shown.states.items()
                }
                np.savez(file, **vars(shown.spikes), **vars(shown.probed), **states)
            os.replace(temporary, path)
            return shown


def _read(path: Path) -> Shown:
    with np.load(path) as held:
        states = {
            name.removeprefix(_STATE): held[name] for name in held.files if name.startswith(_STATE)
        }
        probed = {
            name: held[name]
            for name in held.files
            if name not in _SPIKES and not name.startswith(_STATE)
        }
        return Shown(Spikes(held["step"], held["cell"]), Probed(**probed), states)
