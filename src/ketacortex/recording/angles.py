"""Angles of other people's trials: blanks found, jitter taken away, radians refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.errors import DataError
from ketacortex.recording.columns import columns_called, example_word, numbers_of

# In order of preference, compared without regard to case and signs.
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

SMALLEST_DEG, LARGEST_DEG = -180.0, 360.0
"""No angle lies outside; numbers that do stand for a blank trial."""
BLANK_NUMBER = -1.0
"""Stands for a blank where no other angle is negative."""
ANGLE_DECIMALS = 2
"""No grating is set more finely, and angles that were measured differ by less."""
JITTER_DEG = 0.011
"""Rounded angles closer than this are one."""
LARGEST_RADIANS = 6.3
MIN_RADIANS = 3
"""So many distinct angles within a turn of radians are no accident."""


def trial_angles(
    trials: pd.DataFrame,
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None, set[str]]:
    """Orientation and direction of every trial, and the columns that they were read from.

    Parameters
    ----------
    trials : one row a trial, columns under the source's names

    Returns
    -------
    orientation_deg : (n_trial,) degrees in [0, 180)
        NaN where there is none.
    direction_deg : (n_trial,) degrees in [0, 360), or None
        Known from a column named after direction, or by orientations that span half a turn.
    used : names of the columns read

    Raises
    ------
    DataError
        The angles are in radians, or in words.
    """
    orientation_name, orientation_deg = _first_angles(trials, ORIENTATION_NAMES)
    direction_name, direction_deg = _first_angles(trials, DIRECTION_NAMES)
    used = {name for name in (orientation_name, direction_name) if name is not None}
    if orientation_deg is None and direction_deg is None:
        _refuse_words(trials)
        return np.full(len(trials), np.nan), None, used
    if orientation_deg is None:
        orientation_deg = direction_deg
    elif direction_deg is None and _spans_half_a_turn(orientation_deg):
        direction_deg = orientation_deg
    # Adding zero makes -0.0 and 0.0 one.
    orientation_deg = np.asarray(orientation_deg) % 180.0 + 0.0
    return orientation_deg, None if direction_deg is None else direction_deg % 360.0 + 0.0, used


def words_for_angles(trials: pd.DataFrame) -> str | None:
    """The sentence about a direction that is given in words; None where there is none."""
    for name in columns_called(trials, DIRECTION_NAMES):
        word = example_word(trials[name])
        if word is not None:
            return f"Column {name!r} holds words such as {word!r}, which are not numbers."
    return None


def clean_angles(angles: NDArray[np.float64], column: str) -> NDArray[np.float64]:
    """Degrees to 2 decimals, NaN for numbers that stand for a blank; radians are refused.

    >>> clean_angles(np.array([0.0001, 45.0, 90.0, -999.0]), "ori").tolist()
    [0.0, 45.0, 90.0, nan]
    """
    is_blank = ~((angles >= SMALLEST_DEG) & (angles <= LARGEST_DEG))
    negative = np.unique(angles[~is_blank & (angles < 0)])
    if negative.tolist() == [BLANK_NUMBER] and np.any(angles[~is_blank] >= 0):
        is_blank |= angles == BLANK_NUMBER
    cleaned = _without_jitter(np.where(is_blank, np.nan, angles))
    _refuse_radians(cleaned, column)
    return cleaned


def _first_angles(
    trials: pd.DataFrame, names: tuple[str, ...]
) -> tuple[str | None, NDArray[np.float64] | None]:
    for name in columns_called(trials, names):
        numbers = numbers_of(trials[name])
        if numbers is not None:
            return name, clean_angles(numbers, name)
    return None, None


def _spans_half_a_turn(angles: NDArray[np.float64]) -> bool:
    known = angles[~np.isnan(angles)]
    return bool(known.size and (known.max() >= 180.0 or np.ptp(known) >= 180.0))


def _without_jitter(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(angles)
    distinct, place = np.unique(np.round(angles[known], ANGLE_DECIMALS), return_inverse=True)
    group = np.cumsum(np.diff(distinct, prepend=-np.inf) > JITTER_DEG)
    # Rounding alone would part 5.6249 from 5.6251: neighbours take the value in their middle.
    middle = pd.Series(distinct).groupby(group).transform("median").to_numpy()
    cleaned = np.full(len(angles), np.nan)
    cleaned[known] = np.round(middle, ANGLE_DECIMALS)[place]
    return cleaned


def _refuse_radians(angles: NDArray[np.float64], column: str) -> None:
    distinct = np.unique(angles[~np.isnan(angles)])
    is_small = distinct.size >= MIN_RADIANS and np.abs(distinct).max() <= LARGEST_RADIANS
    if is_small and np.any(distinct != np.round(distinct)):
        raise DataError(
            f"the trials column {column!r} holds {distinct.size} distinct angles, of which the "
            f"largest is {distinct.max():.3g}; these look like radians. Give degrees."
        )


def _refuse_words(trials: pd.DataFrame) -> None:
    for name in columns_called(trials, ORIENTATION_NAMES):
        word = example_word(trials[name])
        if word is not None:
            raise DataError(
                f"the trials column {name!r} holds words such as {word!r}, which are not numbers, "
                "so there is no angle to compute with. Give degrees, and leave blank trials empty."
            )
