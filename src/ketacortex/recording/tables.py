"""Plain tables of spikes and trials to a recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ketacortex.errors import DataError
from ketacortex.recording.checks import check_spike_times, check_trials
from ketacortex.recording.coverage import check_coverage
from ketacortex.recording.epochs import no_epochs, with_epochs
from ketacortex.recording.recording import Recording, Subject
from ketacortex.recording.standard_tables import (
    standard_trials,
    standard_units,
    time_support_s,
    without_rivals,
)


def from_tables(
    *,
    spikes: pd.DataFrame | Mapping[Any, ArrayLike],
    trials: pd.DataFrame,
    subject: Subject,
    units: pd.DataFrame | None = None,
    sample_rate_hz: float = 1e6,
    source: str = "",
) -> Recording:
    """A recording from a table of spikes and a table of trials.

    The same checks as for files: spike times ascend within a unit, in seconds from session
    start, trials start before they stop and do not overlap, and the spikes go on while they last.

    Parameters
    ----------
    spikes : table with `unit`, `time_s`; or spike times (s) by unit
        One row a spike. By unit, a silent unit has no times.
    trials : one row a trial
        `onset_s`, `offset_s`, `orientation_deg` or `direction_deg` (direction of motion; the
        orientation is the direction modulo 180); optional `epoch` and the `STIMULUS_COLUMNS`.
        Without `epoch` all trials belong to one, `all`; trials whose `epoch` is empty are left
        out, with a warning.
    subject : Subject
    units : one row a unit, optional
        Index = the names that `spikes` uses; optional `cell_class`, `depth_um`, and anything
        else. Without it the units are those that `spikes` names, sorted.
    sample_rate_hz : Hz
        Spike times are rounded to samples of this rate.
    source : where the tables came from, in words

    Returns
    -------
    Recording
        Observed from the first to the last spike or trial.

    Raises
    ------
    DataError
        A column is missing, or the times cannot be right.

    Examples
    --------
    >>> trials = pd.DataFrame({"onset_s": [0.0], "offset_s": [1.0], "direction_deg": [270.0]})
    >>> recording = from_tables(
    ...     spikes={"a": [0.25, 0.75], "b": []}, trials=trials, subject=Subject(identifier="one")
    ... )
    >>> recording.spike_times_s(0).tolist(), recording.trials["orientation_deg"].tolist()
    ([0.25, 0.75], [90.0])
    """
    _check_sample_rate(sample_rate_hz)
    table = spikes if isinstance(spikes, pd.DataFrame) else _one_row_a_spike(spikes)
    _require_columns(table, "spikes", ("unit", "time_s"))
    _require_columns(trials, "trials", ("onset_s", "offset_s"))
    if units is None:
        names = table["unit"].unique() if isinstance(spikes, pd.DataFrame) else list(spikes)
        units = pd.DataFrame(index=pd.Index(names).sort_values())
    row = _row_of_each_spike(table, units.index)
    # Stable, so that spikes out of order within a unit are found rather than hidden.
    times_s = table["time_s"].to_numpy(float)[np.argsort(row, kind="stable")]
    spike_index = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(units)))])
    rivals = {"start_time": "onset_s", "stop_time": "offset_s"}
    standard = standard_trials(without_rivals(trials, rivals, "trials"))
    check_trials(standard)
    check_spike_times(times_s, spike_index, units.index.tolist(), standard)
    check_coverage(times_s, standard)
    start_s, stop_s = time_support_s(times_s, standard)
    standard, epochs = with_epochs(standard, no_epochs(), start_s, stop_s)
    return Recording(
        subject=subject,
        spike_samples=np.rint(times_s * sample_rate_hz).astype(np.int64),
        spike_index=spike_index.astype(np.int64),
        sample_rate_hz=sample_rate_hz,
        units=standard_units(units),
        trials=standard,
        epochs=epochs,
        start_s=start_s,
        stop_s=stop_s,
        source=source,
    )


def _check_sample_rate(sample_rate_hz: float) -> None:
    if not sample_rate_hz > 0:
        raise DataError(
            f"sample_rate_hz is {sample_rate_hz}; spike times are rounded to samples, so it must "
            "be above 0. Leave it out for a microsecond."
        )


def _one_row_a_spike(spikes: Mapping[Any, ArrayLike]) -> pd.DataFrame:
    times_s = [np.asarray(times, float) for times in spikes.values()]
    names = pd.Index(list(spikes)).repeat([len(times) for times in times_s])
    return pd.DataFrame({"unit": names, "time_s": np.concatenate([np.empty(0), *times_s])})


def _require_columns(table: pd.DataFrame, name: str, needed: tuple[str, ...]) -> None:
    for column in needed:
        if column not in table:
            raise DataError(
                f"the {name} table has no column {column!r}; it needs {' and '.join(needed)}. "
                f"Columns found: {', '.join(map(str, table)) or 'none'}. Rename the one meant."
            )
        n_columns = list(table).count(column)
        if n_columns > 1:
            raise DataError(
                f"the {name} table has {n_columns} columns called {column!r}, so it is not clear "
                "which one is meant. Keep one of them."
            )


def _row_of_each_spike(table: pd.DataFrame, names: pd.Index) -> np.ndarray:
    if names.empty:
        raise DataError("there are no units, so there is nothing to analyse. Give their spikes.")
    if not names.is_unique:
        raise DataError(
            f"the units table lists unit {names[names.duplicated()][0]} more than once, so its "
            "spikes have no one place. Give every unit its own name as the index."
        )
    row = names.get_indexer(pd.Index(table["unit"]))
    if np.any(row < 0):
        stranger = table["unit"].to_numpy()[row < 0][0]
        raise DataError(
            f"the spikes name unit {stranger}, which the units table does not list. Add it, or "
            "leave out its spikes."
        )
    return row
