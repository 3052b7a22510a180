"""Epochs that several arms of one animal share: simulated once, by whichever worker comes first."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ketacortex.simulate.engine import Spikes


@dataclass(frozen=True)
class SharedEpochs:
    """Keeps epochs in a folder; safe for several processes, and for one that dies meanwhile.

    Parameters
    ----------
    folder : made when first needed
    """

    folder: Path

    def __call__(self, key: str, make: Callable[[], Spikes]) -> Spikes:
        """The spikes kept under `key`, made now if there are none; others wait for them."""
        path = self.folder / f"{key}.npz"
        self.folder.mkdir(parents=True, exist_ok=True)
        # The system lets go of the lock when its holder is gone, however it went.
        with (self.folder / f"{key}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.is_file():
                with np.load(path) as held:
                    return Spikes(held["step"], held["cell"])
            spikes = make()
            temporary = path.with_suffix(f".{os.getpid()}.part")
            with temporary.open("wb") as file:
                np.savez(file, step=spikes.step, cell=spikes.cell)
            os.replace(temporary, path)
            return spikes
