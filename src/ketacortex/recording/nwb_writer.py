"""A recording to an NWB 2 file.

Columns are written whole: adding units one by one is forty times slower. The file appears under
its name when it is complete, or not at all.
"""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ketacortex.errors import ConfigurationError, DataError
from ketacortex.recording.columns import label
from ketacortex.recording.nwb_names import (
    AGE_UNKNOWN,
    DESCRIPTIONS,
    DOSES,
    DOSES_IN_NWB,
    EPOCHS_IN_NWB,
    EVENTS,
    EVENTS_IN_NWB,
    NO_SOURCE,
    OF_UNIT,
    PLACE,
    TRIALS_IN_NWB,
    UNIT_NAME,
)
from ketacortex.recording.recording import Channel, Recording

if TYPE_CHECKING:
    from pynwb import NWBFile

SESSION_START = datetime(2000, 1, 1, tzinfo=UTC)
"""Simulated time has no date, and a date of writing would make equal recordings differ."""


def write_nwb(recording: Recording, path: str | os.PathLike[str]) -> Path:
    """Write a recording as one NWB 2 file; `read_nwb` gives the same recording back.

    An existing file is replaced, and only once the new one is complete.

    Parameters
    ----------
    recording : Recording
    path : file name, in a folder that exists

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigurationError
        The folder does not exist.
    DataError
        Something in the recording has no place in NWB.
    """
    # pynwb takes a second to import, which readers and the command line should not pay.
    from pynwb import NWBHDF5IO

    path = Path(path)
    if not path.parent.is_dir():
        raise ConfigurationError(
            f"{path} cannot be written: the folder {path.parent} does not exist. Make it first."
        )
    _check_writable(recording)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial.nwb")
    try:
        with NWBHDF5IO(partial, "w") as io:
            io.write(_nwb_file(recording))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def content_identifier(recording: Recording) -> str:
    """A name for the content: equal recordings have equal names, 32 hexadecimal digits."""
    content = hashlib.blake2b(digest_size=16)
    for spikes in (recording.spike_samples, recording.spike_index):
        content.update(np.ascontiguousarray(spikes).tobytes())
    for table in (recording.units, recording.trials, recording.epochs, recording.doses):
        content.update(table.to_csv().encode())
    if len(recording.events):
        content.update(recording.events.to_csv().encode())
    for channel in recording.channels:
        content.update(repr((channel.name, channel.unit, channel.rate_hz)).encode())
        content.update(np.ascontiguousarray(channel.values).tobytes())
    words = (recording.subject, recording.sample_rate_hz, recording.source)
    content.update(repr(words).encode())
    return content.hexdigest()


def _check_writable(recording: Recording) -> None:
    if recording.n_units == 0:
        raise DataError(
            "the recording has no units, so there is nothing to write. Record at least one."
        )
    names = [channel.name for channel in recording.channels]
    for name in names:
        if names.count(name) > 1:
            raise DataError(
                f"{names.count(name)} channels are called {name!r}; a file can hold one of that "
                "name. Give each its own."
            )
        if "/" in name or ":" in name:
            raise DataError(
                f"a channel is called {name!r}; names in NWB cannot hold / or :. Rename it."
            )
    for epoch in recording.epochs["name"]:
        if label(epoch) is None:
            raise DataError(
                f"an epoch is called {epoch!r}, which readers take for a missing value, so its "
                "trials would come back in another epoch. Rename it."
            )


def _nwb_file(recording: Recording) -> NWBFile:
    from pynwb import NWBFile
    from pynwb.file import Subject

    subject = recording.subject
    file = NWBFile(
        session_description=recording.source or NO_SOURCE,
        identifier=content_identifier(recording),
        session_start_time=SESSION_START,
        subject=Subject(
            subject_id=subject.identifier,
            species=subject.species,
            sex=subject.sex,
            description=subject.description or None,
            age=AGE_UNKNOWN,
        ),
    )
    file.units = _units(recording)
    if len(recording.trials):
        trials = recording.trials.rename(columns=TRIALS_IN_NWB)
        file.trials = _intervals("trials", "Stimulus presentations", trials)
    if len(recording.epochs):
        file.epochs = _epochs(recording.epochs)
    for position, channel in enumerate(recording.channels):
        file.add_acquisition(_time_series(channel, position))
    if len(recording.doses):
        doses = recording.doses.rename(columns=DOSES_IN_NWB)
        _add_log(file, DOSES, "Doses given, with the amount and its unit", doses)
    if len(recording.events):
        events = recording.events.rename(columns=EVENTS_IN_NWB)
        _add_log(file, EVENTS, "Events of single units, each with its kind", events)
    return file


def _units(recording: Recording) -> Any:
    from pynwb.misc import Units

    n_units = recording.n_units
    n_observed = len(recording.observed_s)
    observed_s = np.tile(recording.observed_s, (n_units, 1))
    columns = [
        *_ragged(
            "spike_times",
            "spike times, seconds from session start",
            recording.spike_samples / recording.sample_rate_hz,
            recording.spike_index[1:],
        ),
        *_ragged(
            "obs_intervals",
            "times during which the unit was observed, seconds from session start",
            observed_s,
            n_observed * np.arange(1, n_units + 1),
        ),
        *_scalar_columns(recording.units),
    ]
    if pd.api.types.is_integer_dtype(recording.units.index):
        identifiers = recording.units.index.to_numpy()
    else:
        identifiers = np.arange(n_units)
        columns.append(_column(UNIT_NAME, recording.units.index.to_series()))
    return Units(
        name="units",
        description="Units and their spike times",
        id=identifiers,
        columns=columns,
        colnames=_names_of(columns),
        resolution=1.0 / recording.sample_rate_hz,
    )


def _epochs(epochs: pd.DataFrame) -> Any:
    # Tags are where other programs look for what an epoch is called.
    tags = _ragged(
        "tags",
        "names of the epoch",
        [str(name) for name in epochs["name"]],
        np.arange(1, len(epochs) + 1),
    )
    named = epochs.rename(columns=EPOCHS_IN_NWB)
    return _intervals("epochs", "Named conditions, in order of time", named, tags)


def _intervals(name: str, description: str, table: pd.DataFrame, more: tuple[Any, ...] = ()) -> Any:
    from pynwb.epoch import TimeIntervals

    first = ["start_time", "stop_time"]
    rest = [column for column in table if column not in first]
    columns = [*_scalar_columns(table[first + rest]), *more]
    return TimeIntervals(
        name=name,
        description=description,
        id=np.arange(len(table)),
        columns=columns,
        colnames=_names_of(columns),
    )


def _time_series(channel: Channel, position: int) -> Any:
    from pynwb import TimeSeries

    place = PLACE.format(position=position, depth_um=float(channel.depth_um))
    of_unit = "" if channel.of_unit is None else OF_UNIT.format(of_unit=channel.of_unit)
    return TimeSeries(
        name=channel.name,
        description=channel.quantity,
        comments=place + of_unit,
        data=channel.values,
        unit=channel.unit,
        starting_time=float(channel.start_s),
        rate=float(channel.rate_hz),
    )


def _add_log(file: NWBFile, name: str, description: str, rows: pd.DataFrame) -> None:
    """A table in a processing module of the same name."""
    from hdmf.common import DynamicTable

    columns = _scalar_columns(rows)
    table = DynamicTable(
        name=name,
        description=description,
        id=np.arange(len(rows)),
        columns=columns,
        colnames=_names_of(columns),
    )
    file.create_processing_module(name, description).add(table)


def _scalar_columns(table: pd.DataFrame) -> list[Any]:
    return [_column(str(name), table[name]) for name in table]


def _column(name: str, values: pd.Series) -> Any:
    from hdmf.common import VectorData

    is_plain = pd.api.types.is_numeric_dtype(values) and isinstance(values.dtype, np.dtype)
    data = values.to_numpy() if is_plain else ["" if pd.isna(v) else str(v) for v in values]
    return VectorData(
        name=name, description=DESCRIPTIONS.get(name, f"{name} of each row"), data=data
    )


def _ragged(name: str, description: str, data: Any, ends: np.ndarray) -> tuple[Any, Any]:
    from hdmf.common import VectorData, VectorIndex

    values = VectorData(name=name, description=description, data=data)
    return values, VectorIndex(name=f"{name}_index", target=values, data=ends)


def _names_of(columns: list[Any]) -> list[str]:
    from hdmf.common import VectorIndex

    return [column.name for column in columns if not isinstance(column, VectorIndex)]
