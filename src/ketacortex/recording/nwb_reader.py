"""An NWB 2 file to a recording, our own files and other people's.

Columns are read whole with h5py: building pynwb's objects takes longer than reading the spikes.
What a file leaves out is filled in where that is safe (time base, cell class, time support,
epochs); what cannot be right is refused with a sentence that says what to do.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.errors import ConfigurationError, DataError
from ketacortex.recording.angles import DIRECTION_NAMES, ORIENTATION_NAMES
from ketacortex.recording.checks import check_spike_times, check_trials
from ketacortex.recording.columns import label, spelled
from ketacortex.recording.coverage import (
    check_coverage,
    observed_trials,
    union_of_intervals,
)
from ketacortex.recording.epochs import names_from_tags, no_epochs, with_epochs
from ketacortex.recording.nwb_names import (
    DOSES,
    DOSES_IN_NWB,
    EPOCHS_IN_NWB,
    EVENTS,
    EVENTS_IN_NWB,
    NO_SOURCE,
    OF_UNIT_PATTERN,
    PLACE_PATTERN,
    TRIALS_IN_NWB,
    UNIT_NAME,
)
from ketacortex.recording.recording import (
    DOSE_COLUMNS,
    EVENT_COLUMNS,
    Channel,
    Recording,
    Subject,
)
from ketacortex.recording.standard_tables import (
    standard_trials,
    standard_units,
    time_support_s,
    without_rivals,
)

DEFAULT_SAMPLE_RATE_HZ = 1e6
"""A microsecond is finer than any spike is timed."""
COARSEST_RESOLUTION_S = 0.1
"""A resolution above this is a slip, often the sampling rate in its place."""

EPOCH_NAME_NAMES = ("epoch_name", "label", "epoch", "condition", "phase", "block")
NOT_TRIALS = ("epochs", "invalid_times")


def read_nwb(path: str | os.PathLike[str]) -> Recording:
    """Read one NWB 2 file as a recording.

    A file without trials, or whose trials have no orientation, is read: it can be described, and
    `require_tuning_trials` says what it lacks. Times that cannot be right are refused.

    Parameters
    ----------
    path : file name

    Returns
    -------
    Recording
        Time base: the `resolution` of the spike times, otherwise a microsecond. Time support:
        the hull of `obs_intervals`, otherwise from the first to the last spike or trial. Trials:
        the `trials` table, or the intervals table that has an orientation. Cell class `unknown`,
        and the single epoch `all`, where the file says nothing. Continuous channels: the
        one-dimensional, regularly sampled series in `acquisition`. A file that names no subject is
        an animal of its own, called after its folder and file. Trials that the units were not
        observed in, or that no epoch covers, are left out with a warning.

    Raises
    ------
    ConfigurationError
        There is no such file.
    DataError
        It is not a readable NWB file, or its spikes or trials cannot be right.
    """
    path = Path(path)
    if not path.is_file():
        found = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise ConfigurationError(f"{path} {found}. Give the name of an NWB file.")
    try:
        with _naming_warnings(path), _open(path) as file:
            return _recording(file, path)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except (OSError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: the file is damaged or not laid out as NWB 2 ({error}), so what it holds "
            "cannot be trusted. Copy it again from where it came from, or run nwbinspector on it."
        ) from error


@contextmanager
def _naming_warnings(path: Path) -> Iterator[None]:
    """Warnings say which file they are about, as errors do."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    for warning in caught:
        warnings.warn(f"{path}: {warning.message}", warning.category, stacklevel=4)


@contextmanager
def _open(path: Path) -> Iterator[h5py.File]:
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        if "truncated" in str(error):
            raise DataError(
                f"the file is truncated: it ends after {path.stat().st_size} bytes, before its "
                "content does. Copy or download it again."
            ) from error
        if not h5py.is_hdf5(path):
            raise DataError(
                "this is not an HDF5 file, and NWB is HDF5. Convert the data to NWB first; "
                "gallery/tables_to_nwb.py shows how."
            ) from error
        raise
    with file:
        if "nwb_version" not in file.attrs:
            raise DataError(
                "this is an HDF5 file but not NWB 2: it has no nwb_version. Convert the data to "
                "NWB first; gallery/tables_to_nwb.py shows how."
            )
        yield file


def _recording(file: h5py.File, path: Path) -> Recording:
    times_s, spike_index, units_table = _spikes(file)
    units = _units(units_table)
    sample_rate_hz = _sample_rate_hz(file["units/spike_times"])
    trials = _trials(file)
    check_trials(trials)
    check_spike_times(times_s, spike_index, units.index.tolist(), trials)
    observed_s = _observed_s(file)
    if observed_s.size:
        trials = observed_trials(trials, observed_s)
        spans_s = union_of_intervals(observed_s)
        start_s, stop_s = float(spans_s[0, 0]), float(spans_s[-1, 1])
        gaps_s = np.column_stack([spans_s[:-1, 1], spans_s[1:, 0]])
    else:
        check_coverage(times_s, trials)
        start_s, stop_s = time_support_s(times_s, trials)
        gaps_s = np.empty((0, 2))
    trials, epochs = with_epochs(trials, _epochs(file), start_s, stop_s)
    return Recording(
        subject=_subject(file, path),
        spike_samples=np.rint(times_s * sample_rate_hz).astype(np.int64),
        spike_index=spike_index,
        sample_rate_hz=sample_rate_hz,
        units=units,
        trials=trials,
        epochs=epochs,
        start_s=start_s,
        stop_s=stop_s,
        gaps_s=gaps_s,
        channels=_channels(file, units.index),
        doses=_log(file, DOSES, DOSES_IN_NWB, DOSE_COLUMNS),
        events=_log(file, EVENTS, EVENTS_IN_NWB, EVENT_COLUMNS),
        source=_source(file),
    )


def _spikes(file: h5py.File) -> tuple[NDArray[np.float64], NDArray[np.int64], pd.DataFrame]:
    group = file.get("units")
    if group is None or "spike_times" not in group or "spike_times_index" not in group:
        raise DataError(
            "the file holds no units with spike times, so there is nothing to analyse. "
            "Sort the spikes first, and write them as the units table."
        )
    times_s = np.asarray(group["spike_times"][()], float)
    ends = np.asarray(group["spike_times_index"][()], np.int64)
    if len(ends) == 0:
        raise DataError(
            "the units table has no rows: the file holds no units. Sort the spikes first."
        )
    spike_index = np.concatenate([[0], ends])
    if times_s.ndim != 1 or np.any(np.diff(spike_index) < 0) or ends[-1] != len(times_s):
        raise DataError(
            f"the units table is inconsistent: spike_times has {len(times_s)} entries and "
            f"spike_times_index runs to {ends.max()}. Write the units table again."
        )
    return times_s, spike_index, _table(group, n_rows=len(ends))


def _units(table: pd.DataFrame) -> pd.DataFrame:
    if UNIT_NAME in table:
        table = table.set_index(UNIT_NAME)
        table.index.name = None
    return standard_units(table)


def _sample_rate_hz(spike_times: h5py.Dataset) -> float:
    resolution_s = float(spike_times.attrs.get("resolution", np.nan))
    if not 0 < resolution_s < COARSEST_RESOLUTION_S:
        return DEFAULT_SAMPLE_RATE_HZ
    # A rate is a short number and its reciprocal is not: undo the rounding of the division.
    return round(1.0 / resolution_s, 6)


def _trials(file: h5py.File) -> pd.DataFrame:
    name = _trials_name(file)
    if name is None:
        table = pd.DataFrame({column: [] for column in TRIALS_IN_NWB})
    else:
        table = _interval_table(file[f"intervals/{name}"], TRIALS_IN_NWB)
    return standard_trials(table.reset_index(drop=True))


def _trials_name(file: h5py.File) -> str | None:
    """The intervals table with the gratings, preferring `trials`, then drifting gratings."""
    intervals = file.get("intervals", {})
    names = [name for name in intervals if name not in NOT_TRIALS]
    angle_names = {spelled(name) for name in (*ORIENTATION_NAMES, *DIRECTION_NAMES)}
    angled = [name for name in names if not angle_names.isdisjoint(map(spelled, intervals[name]))]
    if angled:
        n_rows = {name: len(intervals[name]["id"]) for name in angled}
        return min(
            angled, key=lambda name: (name != "trials", "drifting" not in name, -n_rows[name])
        )
    return "trials" if "trials" in names else None


def _epochs(file: h5py.File) -> pd.DataFrame:
    if "intervals/epochs" not in file:
        return no_epochs()
    group = file["intervals/epochs"]
    table = _interval_table(group, EPOCHS_IN_NWB).reset_index(drop=True)
    found = next((name for name in ("name", *EPOCH_NAME_NAMES) if name in table), None)
    if found is None:
        names = names_from_tags(_tags(group, len(table)))
    else:
        said = [label(name) for name in table.pop(found).tolist()]
        names = [name or f"epoch {row + 1}" for row, name in enumerate(said)]
    table.insert(0, "name", pd.Series(names, dtype="str"))
    first = list(EPOCHS_IN_NWB)
    return table[first + [column for column in table if column not in first]]


def _tags(group: h5py.Group, n_rows: int) -> list[list[str]]:
    """The tags of each epoch, none where the file has none."""
    if "tags" not in group or "tags_index" not in group:
        return [[] for _ in range(n_rows)]
    tags = group["tags"].asstr(errors="replace")[()].tolist()
    ends = np.concatenate([[0], group["tags_index"][()]]).astype(int)
    return [tags[first:last] for first, last in pairwise(ends)]


def _interval_table(group: h5py.Group, names_in_nwb: dict[str, str]) -> pd.DataFrame:
    table_name = Path(group.name).name
    table = without_rivals(_table(group), names_in_nwb, table_name)
    for needed in ("start_time", "stop_time"):
        if needed not in table:
            raise DataError(
                f"the {table_name} table has no {needed}; its rows cannot be placed in "
                f"time. Columns found: {', '.join(map(str, table)) or 'none'}. Add {needed}."
            )
    return table.rename(columns={nwb: ours for ours, nwb in names_in_nwb.items()})


def _table(group: h5py.Group, n_rows: int | None = None) -> pd.DataFrame:
    """The columns of a table that have one number or word a row; the index is the row's id."""
    n_rows = len(group["id"]) if n_rows is None else n_rows
    ragged = {name.removesuffix("_index") for name in group if name.endswith("_index")}
    named = [_text(name) for name in group.attrs.get("colnames", [])]
    names = [name for name in named if name in group] or sorted(group)
    columns = {}
    for name in names:
        column = group[name]
        if name == "id" or name in ragged or name.removesuffix("_index") in ragged:
            continue
        if not isinstance(column, h5py.Dataset) or name.endswith("_elements"):
            continue
        if column.ndim and len(column) != n_rows:
            raise DataError(
                f"column {name!r} of the {Path(group.name).name} table has {len(column)} entries, "
                f"but the table has {n_rows} rows, so it is not known which row each belongs to. "
                "Write the table again."
            )
        if column.ndim == 1:
            values = _values(column)
            if values is not None:
                columns[name] = values
    index = group["id"][()] if "id" in group and len(group["id"]) == n_rows else np.arange(n_rows)
    return pd.DataFrame(columns, index=pd.Index(index))


def _values(column: h5py.Dataset) -> Any:
    if h5py.check_string_dtype(column.dtype) is not None:
        return column.asstr(errors="replace")[()].tolist()
    return column[()] if column.dtype.kind in "biuf" else None


def _observed_s(file: h5py.File) -> NDArray[np.float64]:
    """Intervals in which the units were observed, of all units together, (n_interval, 2)."""
    observed_s = np.asarray(file.get("units/obs_intervals", np.empty((0, 2))), float)
    return observed_s[np.isfinite(observed_s).all(axis=1)] if observed_s.size else observed_s


def _subject(file: h5py.File, path: Path) -> Subject:
    group = file.get("general/subject", {})
    known = {
        name: _text(group[nwb_name][()])
        for name, nwb_name in (
            ("identifier", "subject_id"),
            ("species", "species"),
            ("sex", "sex"),
            ("description", "description"),
        )
        if nwb_name in group
    }
    if not known.get("identifier", "").strip():
        # Labs call the file of every animal session.nwb: its folder tells which animal it is.
        known["identifier"] = "/".join(filter(None, (path.resolve().parent.name, path.stem)))
    return Subject(**known)


def _source(file: h5py.File) -> str:
    if "session_description" not in file:
        return ""
    description = _text(file["session_description"][()])
    return "" if description == NO_SOURCE else description


def _channels(file: h5py.File, units: pd.Index) -> tuple[Channel, ...]:
    acquired = file.get("acquisition", {})
    series = [
        acquired[name]
        for name in acquired
        if isinstance(acquired[name], h5py.Group)
        and "starting_time" in acquired[name]
        and isinstance(acquired[name].get("data"), h5py.Dataset)
        and acquired[name]["data"].ndim == 1
    ]
    # HDF5 lists its groups by name; the recording has an order of its own.
    return tuple(_channel(one, units) for one in sorted(series, key=_position))


def _position(series: h5py.Group) -> float:
    place = re.match(PLACE_PATTERN, _text(series.attrs.get("comments", "")))
    return int(place["position"]) if place else np.inf


def _channel(series: h5py.Group, units: pd.Index) -> Channel:
    data, start = series["data"], series["starting_time"]
    conversion, offset = data.attrs.get("conversion", 1.0), data.attrs.get("offset", 0.0)
    comment = _text(series.attrs.get("comments", ""))
    place = re.match(PLACE_PATTERN, comment)
    of_unit = re.fullmatch(PLACE_PATTERN + OF_UNIT_PATTERN, comment, re.DOTALL)
    return Channel(
        name=Path(series.name).name,
        quantity=_text(series.attrs.get("description", "")),
        unit=_text(data.attrs.get("unit", "")),
        values=np.asarray(data[()], np.float32) * np.float32(conversion) + np.float32(offset),
        rate_hz=float(start.attrs["rate"]),
        start_s=float(start[()]),
        depth_um=float(place["depth_um"]) if place else float("nan"),
        of_unit=_unit_called(of_unit["of_unit"], units) if of_unit else None,
    )


def _unit_called(name: str, units: pd.Index) -> int | str:
    """The name of a unit as the units table has it: a number, or a word."""
    return int(name) if pd.api.types.is_integer_dtype(units) else name


def _log(
    file: h5py.File, name: str, names_in_nwb: dict[str, str], needed: tuple[str, ...]
) -> pd.DataFrame:
    """The table that the writer keeps in a processing module of its own; without it, no rows."""
    path = f"processing/{name}/{name}"
    if path not in file:
        return pd.DataFrame(columns=list(needed))
    columns = {nwb: ours for ours, nwb in names_in_nwb.items()}
    return _table(file[path]).rename(columns=columns).reset_index(drop=True)


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
