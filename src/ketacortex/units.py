"""Angles and times that cross a boundary.

The simulator counts milliseconds, everything outside counts seconds. Orientation is axial:
0 and 180 degrees are the same grating, so orientations live in [0, 180).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

MS_PER_S = 1000.0
S_PER_MIN = 60.0
S_PER_H = 3600.0
UM_PER_MM = 1000.0
UM2_PER_CM2 = 1e8
UM3_PER_NL = 1e6
UMOL_PER_MMOL = 1000.0
MICROMOLAR_PER_MOLAR = 1e6
MICROMOLAR_PER_MILLIMOLAR = 1000.0
NMOL_PER_MICROMOLAR_NL = 1e-6
NMOL_PER_MICROMOLAR_UM3 = 1e-12


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
