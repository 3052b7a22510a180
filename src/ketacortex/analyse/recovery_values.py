"""What becomes of the shifts that an adapter left: do they recover or grow, and which of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.adaptation_values import RECOVERY_MEASURES
from ketacortex.analyse.ratio_of_sums import Estimate
from ketacortex.analyse.signed_recovery import signed_recovery, size_recovery
from ketacortex.analyse.statistics import NotComputed

WIDEST_INTERVAL = 2.0
"""Of a slope: from full recovery to as much growth."""


def recovery_values(
    before_deg: NDArray[np.float64],
    first_deg: NDArray[np.float64],
    later_deg: NDArray[np.float64],
) -> dict[str, tuple[float, int] | NotComputed]:
    """Slope of the later change on the shift, and the change along it by the size of the shift.

    Parameters
    ----------
    before_deg, first_deg, later_deg : (n_unit, 2, n_split) deg
        Preferred orientation in two parts: before the adapter, directly after it, and later.

    Returns
    -------
    dict
        From measure to its value and the number of units. `recovery_slope`: -1 is full recovery;
        the others in deg, below 0 where shifts recovered.

    Notes
    -----
    A slope whose interval is wider than 2 is not told. Where hardly anything moved it divides by
    what is nearly 0, and animals in which that is by chance large enough would all seem to recover.
    """
    halves = np.broadcast_arrays(before_deg, first_deg, later_deg)
    found = signed_recovery(*halves)
    slope = found.slope
    if isinstance(slope, Estimate) and slope.high - slope.low > WIDEST_INTERVAL:
        slope = NotComputed(
            f"its interval, {slope.low:.2g} to {slope.high:.2g}, holds recovery and growth alike, "
            "as too little moved; record more cells, or more trials."
        )
    changes = [row.change for row in found.classes]
    return dict(zip(RECOVERY_MEASURES, map(_value, [slope, *changes]), strict=False))


def growth_of_small(
    before_deg: NDArray[np.float64],
    first_deg: NDArray[np.float64],
    later_deg: NDArray[np.float64],
) -> dict[str, tuple[float, int] | NotComputed]:
    """Growth of the squared size of shifts below 5 degrees, in any direction.

    Parameters
    ----------
    before_deg, first_deg, later_deg : (n_unit, 3, n_split) deg, in thirds of the trials

    Returns
    -------
    dict
        `small_shift_growth_deg2` with the number of units, deg^2.
    """
    small, *_ = size_recovery(before_deg, first_deg, later_deg)
    return {RECOVERY_MEASURES[-1]: _value(small.change)}


def _value(found: Estimate | NotComputed) -> tuple[float, int] | NotComputed:
    return found if isinstance(found, NotComputed) else (found.value, round(found.n))
