"""Units and trials in our words, whatever the source calls its columns."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.recording.angles import trial_angles
from ketacortex.recording.columns import BLANK_WORDS, columns_called, example_word, numbers_or_words
from ketacortex.recording.epochs import epoch_column
from ketacortex.recording.recording import STIMULUS_COLUMNS

CELL_CLASS_NAMES = ("cell_class", "cell_type", "celltype")

# In order of preference, compared without regard to case and signs; also behind the words below.
STIMULUS_SPELLINGS: dict[str, tuple[str, ...]] = {
    "contrast": ("contrast",),
    "temporal_frequency": (
        "temporal_frequency",
        "temporal_frequency_hz",
        "temporal_freq",
        "temp_freq",
        "tf",
        "tf_hz",
    ),
    "spatial_frequency": (
        "spatial_frequency",
        "spatial_frequency_cpd",
        "spatial_freq",
        "sf",
        "sf_cpd",
    ),
    "phase": ("phase", "phase_deg", "spatial_phase"),
    "size": ("size", "size_deg", "diameter", "diameter_deg", "radius", "radius_deg"),
    "speed": ("speed", "speed_deg_s", "speed_deg_per_s"),
    "colour": ("colour", "color"),
}
STIMULUS_PREFIXES = ("", "grating_", "stimulus_", "stim_")


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

    Orientation is axial and lies in [0, 180). A column named after direction, or orientations
    that span half a turn, are the direction of motion: kept as `direction_deg`, and
    `orientation_deg` is the direction modulo 180. A trial without orientation or with contrast 0
    is blank: both angles are NaN. Angles outside [-180, 360], and -1 where no other is negative,
    stand for a blank. Columns of other names are kept as they are.

    Parameters
    ----------
    table : one row a trial
        `onset_s`, `offset_s` (s), anything else under the source's names.

    Returns
    -------
    one row a trial
        `onset_s`, `offset_s`, `orientation_deg`, where known `direction_deg`, the
        `STIMULUS_COLUMNS` and `epoch` (missing where the trial names none), then the rest.

    Raises
    ------
    DataError
        The angles are in radians, or in words.

    Examples
    --------
    >>> shown = pd.DataFrame({"onset_s": [0, 2], "offset_s": [1, 3], "Direction": ["270", "null"]})
    >>> standard_trials(shown)["orientation_deg"].tolist()
    [90.0, nan]
    """
    orientation_deg, direction_deg, used = trial_angles(table)
    epoch_name, epoch = epoch_column(table)
    taken = used | {"onset_s", "offset_s"} | ({epoch_name} if epoch_name else set())
    stimulus = _stimulus_columns(table, taken)
    shown = {ours: numbers_or_words(table[theirs]) for ours, theirs in stimulus.items()}
    contrast = shown.get("contrast")
    is_blank = np.isnan(orientation_deg)
    if isinstance(contrast, np.ndarray):
        is_blank |= contrast == 0
    columns: dict[str, object] = {
        "onset_s": table["onset_s"].to_numpy(float),
        "offset_s": table["offset_s"].to_numpy(float),
        "orientation_deg": np.where(is_blank, np.nan, orientation_deg),
    }
    if direction_deg is not None:
        columns["direction_deg"] = np.where(is_blank, np.nan, direction_deg)
    columns.update(shown)
    if epoch is not None:
        columns["epoch"] = pd.Series(epoch, dtype="str")
    columns.update(_other_columns(table, {*taken, *stimulus.values()}, columns))
    return pd.DataFrame(columns)


def without_rivals(table: pd.DataFrame, chosen: Mapping[str, str], table_name: str) -> pd.DataFrame:
    """The table without columns that mean the same as another, with a warning if they differ.

    Parameters
    ----------
    table : any table
    chosen : the column that is used, by the one that gives way to it
    table_name : what the warning calls the table
    """
    for rival, used in chosen.items():
        if rival in table and used in table:
            if not table[rival].equals(table[used]):
                warnings.warn(
                    f"the {table_name} table has both {used} and {rival}, and they differ; {used} "
                    f"is used and {rival} is ignored. Keep the one that is meant, as {used}",
                    stacklevel=2,
                )
            table = table.drop(columns=rival)
    return table


def time_support_s(times_s: NDArray[np.float64], trials: pd.DataFrame) -> tuple[float, float]:
    """From the first to the last spike or trial, in seconds; (0, 0) where there is neither."""
    first = [values.min() for values in (times_s, trials["onset_s"]) if len(values)]
    last = [values.max() for values in (times_s, trials["offset_s"]) if len(values)]
    return float(min(first, default=0.0)), float(max(last, default=0.0))


def _stimulus_columns(table: pd.DataFrame, taken: set[str]) -> dict[str, str]:
    """The source's name of each stimulus column that the table has, by ours."""
    found = {}
    for ours in STIMULUS_COLUMNS:
        spellings = tuple(
            prefix + name for name in STIMULUS_SPELLINGS[ours] for prefix in STIMULUS_PREFIXES
        )
        theirs = [name for name in columns_called(table, spellings) if name not in taken]
        if theirs:
            found[ours] = theirs[0]
    return found


def _other_columns(
    table: pd.DataFrame, read: set[str], ours: Mapping[str, object]
) -> dict[str, object]:
    others: dict[str, object] = {}
    for name in map(str, table):
        # Words under a name that promises degrees would be taken for them.
        is_in_words = name == "direction_deg" and example_word(table[name]) is not None
        kept_as = "direction" if is_in_words else name
        if name not in read and kept_as not in ours and kept_as not in others:
            others[kept_as] = table[name].to_numpy()
    return others
