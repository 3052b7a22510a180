"""Angles and times that cross a boundary.

The simulator counts milliseconds, everything outside counts seconds. Orientation is axial:
0 and 180 degrees are the same grating, so orientations live in [0, 180).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

MS_PER_S = 1000.0
S_PER_MIN = 60.0


def orientation_difference_deg(first_deg: ArrayLike, second_deg: ArrayLike) -> NDArray[np.float64]:
    """Signed axial difference `first - second`, in [-90, 90) degrees.

    >>> float(orientation_difference_deg(3.0, 178.0))
    5.0
    """
    difference = np.asarray(first_deg, float) - np.asarray(second_deg, float)
    return (difference + 90.0) % 180.0 - 90.0


def orientation_distance_deg(first_deg: ArrayLike, second_deg: ArrayLike) -> NDArray[np.float64]:
    """Axial distance, in [0, 90] degrees.

    >>> float(orientation_distance_deg(178.0, 3.0))
    5.0
    """
    return np.abs(orientation_difference_deg(first_deg, second_deg))
