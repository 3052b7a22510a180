"""Part of a recording: the trials of one epoch, or some of the units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ketacortex.errors import DataError
from ketacortex.recording.recording import Recording


def only_epoch(recording: Recording, epoch: str) -> Recording:
    """The recording with the trials of one epoch alone; its spikes stay.

    Raises
    ------
    DataError
        No trial belongs to that epoch.
    """
    here = recording.trials["epoch"].astype(str) == epoch
    if not here.any():
        there = ", ".join(dict.fromkeys(recording.trials["epoch"].astype(str)))
        raise DataError(f"no trial belongs to an epoch {epoch!r}; there are {there}. Name another.")
    return replace(recording, trials=recording.trials[here].reset_index(drop=True))


def only_units(recording: Recording, is_kept: NDArray[np.bool_]) -> Recording:
    """The recording with some of its units; signals and events of the others go with them.

    Parameters
    ----------
    recording : Recording
    is_kept : (n_unit,)
    """
    n_spikes = np.diff(recording.spike_index)
    units = recording.units[is_kept]
    return replace(
        recording,
        spike_samples=recording.spike_samples[np.repeat(is_kept, n_spikes)],
        spike_index=np.append(0, np.cumsum(n_spikes[is_kept])),
        units=units,
        channels=tuple(
            channel
            for channel in recording.channels
            if channel.of_unit is None or channel.of_unit in units.index
        ),
        events=recording.events[recording.events["unit"].isin(units.index)],
    )
