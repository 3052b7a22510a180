"""Units, trials and epochs in our words, whatever the source calls its columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.recording.recording import EPOCH_COLUMNS

# In order of preference, compared without regard to case.
ORIENTATION_NAMES = (
    "orientation_deg",
    "orientation",
    "ori",
    "grating_orientation",
    "stimulus_orientation",
    "stim_orientation",
)
DIRECTION_NAMES = (
    "direction_deg",
    "direction",
    "grating_direction",
    "stimulus_direction",
    "motion_direction",
)
CONTRAST_NAMES = ("contrast", "grating_contrast", "stimulus_contrast")
EPOCH_NAMES = ("epoch", "epoch_name", "block", "block_name")
# These often number the stimuli, or hold the phase of a grating; they are epochs only in words.
EPOCH_NAMES_IN_WORDS = ("condition", "phase", "treatment")
BLANK_WORDS = ("", "nan", "null", "none", "blank", "<na>", "n/a")

CELL_CLASS_NAMES = ("cell_class", "cell_type", "celltype")

SINGLE_EPOCH = "all"
NO_EPOCH = "outside"
"""Name of the epoch of trials that no epoch of the file covers."""


def standard_units(table: pd.DataFrame) -> pd.DataFrame:
    """Units with a `cell_class`, from a table with the source's own columns.

    Parameters
    ----------
    table : one row a unit
        The cell class may be called `cell_class`, `cell_type` or `celltype`.

    Returns
    -------
    one row a unit
        `cell_class` first, `unknown` where the source does not say; then the rest.

    Examples
    --------
    >>> standard_units(pd.DataFrame({"Cell_Type": ["PV", ""]}))["cell_class"].tolist()
    ['pv', 'unknown']
    """
    spelling = {str(column).lower(): column for column in table}
    found = next((spelling[name] for name in CELL_CLASS_NAMES if name in spelling), None)
    words = ["unknown"] * len(table) if found is None else table[found].astype(str).tolist()
    if found != "cell_class":
        words = [word.strip().lower() for word in words]
    units = table.drop(columns=[] if found is None else [found])
    units.insert(
        0, "cell_class", ["unknown" if word.lower() in BLANK_WORDS else word for word in words]
    )
    return units


def standard_trials(table: pd.DataFrame) -> pd.DataFrame:
    """Trials with our column names, from a table with the source's own.

    Orientation is axial and lies in [0, 180). A column named after direction, or orientations of
    180 degrees and more, are the direction of motion: kept as `direction_deg`, and
    `orientation_deg` is the direction modulo 180. A trial without orientation or with contrast 0
    is blank: both angles are NaN. Columns of other names are kept as they are.

    Parameters
    ----------
    table : one row a trial
        `onset_s`, `offset_s` (s), anything else under the source's names.

    Returns
    -------
    one row a trial
        `onset_s`, `offset_s`, `orientation_deg`, where known `direction_deg`, `contrast` and
        `epoch`, then the rest.

    Examples
    --------
    >>> shown = pd.DataFrame({"onset_s": [0, 2], "offset_s": [1, 3], "Direction": ["270", "null"]})
    >>> standard_trials(shown)["orientation_deg"].tolist()
    [90.0, nan]
    """
    orientation_name, orientation_deg = _first_numeric(table, ORIENTATION_NAMES)
    direction_name, direction_deg = _first_numeric(table, DIRECTION_NAMES)
    contrast_name, contrast = _first_numeric(table, CONTRAST_NAMES)
    epoch_name, epoch = _epoch_column(table)
    if direction_deg is None and orientation_deg is not None and np.any(orientation_deg >= 180):
        direction_deg = orientation_deg
    if orientation_deg is None:
        orientation_deg = np.full(len(table), np.nan) if direction_deg is None else direction_deg
    is_blank = np.isnan(orientation_deg) | (False if contrast is None else contrast == 0)
    columns: dict[str, object] = {
        "onset_s": table["onset_s"].to_numpy(float),
        "offset_s": table["offset_s"].to_numpy(float),
        "orientation_deg": np.where(is_blank, np.nan, orientation_deg % 180.0),
    }
    if direction_deg is not None:
        columns["direction_deg"] = np.where(is_blank, np.nan, direction_deg)
    if contrast is not None:
        columns["contrast"] = contrast
    if epoch is not None:
        columns["epoch"] = epoch
    used = {"onset_s", "offset_s", orientation_name, direction_name, contrast_name, epoch_name}
    for name in table:
        if name not in used and name not in columns:
            columns[str(name)] = table[name].to_numpy()
    return pd.DataFrame(columns)


def with_epochs(
    trials: pd.DataFrame, epochs: pd.DataFrame, start_s: float, stop_s: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Trials that name their epoch, and an epochs table that has every name.

    Trials that do not name their epoch belong to the epoch that they overlap most; without any
    epoch there is one, `all`, from `start_s` to `stop_s`.

    Parameters
    ----------
    trials : one row a trial
        From `standard_trials`.
    epochs : one row an epoch
        `name`, `start_s`, `stop_s`; may be empty.
    start_s, stop_s : s
        Time support of the recording.
    """
    if epochs.empty and "epoch" not in trials:
        epochs = pd.DataFrame({"name": [SINGLE_EPOCH], "start_s": [start_s], "stop_s": [stop_s]})
        return trials.assign(epoch=pd.Series([SINGLE_EPOCH] * len(trials), dtype="str")), epochs
    if "epoch" not in trials:
        trials = trials.assign(epoch=_epoch_by_overlap(trials, epochs))
    unlisted = trials[~trials["epoch"].isin(epochs["name"])]
    if unlisted.empty:
        return trials, epochs
    listed = unlisted.groupby("epoch", as_index=False).agg(
        start_s=("onset_s", "min"), stop_s=("offset_s", "max")
    )
    listed = listed.rename(columns={"epoch": "name"})
    if not epochs.empty:
        listed = pd.concat([epochs, listed])
    return trials, listed.sort_values("start_s", kind="stable", ignore_index=True)


def time_support_s(times_s: NDArray[np.float64], trials: pd.DataFrame) -> tuple[float, float]:
    """From the first to the last spike or trial, in seconds; (0, 0) where there is neither."""
    first = [values.min() for values in (times_s, trials["onset_s"]) if len(values)]
    last = [values.max() for values in (times_s, trials["offset_s"]) if len(values)]
    return float(min(first, default=0.0)), float(max(last, default=0.0))


def no_epochs() -> pd.DataFrame:
    """An epochs table without rows."""
    return pd.DataFrame({name: [] for name in EPOCH_COLUMNS})


def numbers_of(column: pd.Series) -> NDArray[np.float64] | None:
    """The column as numbers, NaN where it says blank; None if it holds other words or no number.

    >>> numbers_of(pd.Series(["45.0", "null"]))
    array([45., nan])
    >>> numbers_of(pd.Series(["left", "right"])) is None
    True
    """
    if pd.api.types.is_bool_dtype(column):
        return None
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(float)
    else:
        words = column.astype(str).str.strip().str.lower()
        is_blank = words.isin(BLANK_WORDS).to_numpy()
        numbers = pd.to_numeric(words, errors="coerce").to_numpy(float)
        if np.any(np.isnan(numbers) & ~is_blank):
            return None
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    return None if np.isnan(numbers).all() else numbers


def _first_numeric(
    table: pd.DataFrame, names: tuple[str, ...]
) -> tuple[str | None, NDArray[np.float64] | None]:
    spelling = {str(column).lower(): str(column) for column in table}
    for name in names:
        if name in spelling:
            numbers = numbers_of(table[spelling[name]])
            if numbers is not None:
                return spelling[name], numbers
    return None, None


def _epoch_column(table: pd.DataFrame) -> tuple[str | None, list[str] | None]:
    spelling = {str(column).lower(): str(column) for column in table}
    for name in (*EPOCH_NAMES, *EPOCH_NAMES_IN_WORDS):
        if name not in spelling:
            continue
        names = [_epoch_name(value) for value in table[spelling[name]].tolist()]
        if name in EPOCH_NAMES or all(any(map(str.isalpha, word)) for word in names):
            return spelling[name], names
    return None, None


def _epoch_name(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return NO_EPOCH if pd.isna(value) else str(value)  # type: ignore[call-overload]


def _epoch_by_overlap(trials: pd.DataFrame, epochs: pd.DataFrame) -> pd.Series:
    onset_s, offset_s = trials["onset_s"].to_numpy(), trials["offset_s"].to_numpy()
    most_s = np.zeros(len(trials))
    names = np.full(len(trials), NO_EPOCH, dtype=object)
    for name, start_s, stop_s in zip(
        epochs["name"], epochs["start_s"], epochs["stop_s"], strict=True
    ):
        overlap_s = np.minimum(offset_s, stop_s) - np.maximum(onset_s, start_s)
        names[overlap_s > most_s] = name
        most_s = np.maximum(most_s, overlap_s)
    return pd.Series(names.tolist(), index=trials.index, dtype="str")
