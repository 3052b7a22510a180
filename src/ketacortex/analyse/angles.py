"""Angles that are the same stimulus, counted once.

0 and 180 degrees are one orientation, 0 and 360 one direction; a list of stimuli often has both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ORIENTATION_PERIOD_DEG = 180.0
DIRECTION_PERIOD_DEG = 360.0
DECIMALS = 6
"""Angles alike to this many decimals of a degree are one: the rest is rounding."""


def distinct_angles(
    angle_deg: NDArray[np.float64], period_deg: float
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The different angles among many, and which of them each is.

    Parameters
    ----------
    angle_deg : (n,) deg, without NaN
    period_deg : 180 for orientations, 360 for directions

    Returns
    -------
    angles_deg : (n_angle,) deg, ascending, in [0, period_deg)
    which : (n,)

    Examples
    --------
    >>> angles_deg, which = distinct_angles(np.array([0.0, 90.0, 180.0]), 180.0)
    >>> angles_deg.tolist(), which.tolist()
    ([0.0, 90.0], [0, 1, 0])
    """
    folded = np.asarray(angle_deg, float) % period_deg
    key = np.round(folded, DECIMALS) % period_deg
    keys, first, which = np.unique(key, return_index=True, return_inverse=True)
    return np.where(keys == 0.0, 0.0, folded[first]), which.reshape(-1)


def pool_angles(
    values: NDArray[np.float64], angle_deg: NDArray[np.float64], period_deg: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values by angle, with columns of the same angle averaged into one.

    Parameters
    ----------
    values : (..., n_column)
    angle_deg : (n_column,) deg
    period_deg : 180 for orientations, 360 for directions

    Returns
    -------
    values : (..., n_angle), the given columns where all angles differ
    angle_deg : (n_angle,) deg

    Examples
    --------
    >>> values, angle_deg = pool_angles(np.array([[4.0, 1.0, 6.0]]), np.array([0., 90, 180]), 180.0)
    >>> values.tolist(), angle_deg.tolist()
    ([[5.0, 1.0]], [0.0, 90.0])
    """
    values, angle_deg = np.asarray(values, float), np.asarray(angle_deg, float)
    angles_deg, which = distinct_angles(angle_deg, period_deg)
    if len(angles_deg) == len(angle_deg):
        return values, angle_deg
    member = (which[:, None] == np.arange(len(angles_deg))).astype(float)
    return values @ (member / member.sum(axis=0)), angles_deg
