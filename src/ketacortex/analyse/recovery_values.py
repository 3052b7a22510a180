"""What becomes of the shifts that an adapter left: do they recover or grow, and which of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.adaptation_values import RECOVERY_MEASURES
from ketacortex.analyse.ratio_of_sums import MIN_UNITS, Estimate
from ketacortex.analyse.signed_recovery import class_terms, size_recovery, slope_terms
from ketacortex.analyse.statistics import NotComputed


class Ratio(NamedTuple):
    """A value that divides by what is itself measured.

    Parameters
    ----------
    value : numerator / denominator
    n_units : units behind it
    denominator, denominator_error : in a unit of their own, with its standard error over units
    """

    value: float
    n_units: int
    denominator: float
    denominator_error: float

    @property
    def numerator(self) -> float:
        """What is divided, in the unit of the value times that of the denominator."""
        return self.value * self.denominator


def recovery_values(
    before_deg: NDArray[np.float64],
    first_deg: NDArray[np.float64],
    later_deg: NDArray[np.float64],
) -> dict[str, Ratio | NotComputed]:
    """Slope of the later change on the shift, and the change along it by the size of the shift.

    Parameters
    ----------
    before_deg, first_deg, later_deg : (n_unit, 2, n_split) deg
        Preferred orientation in two parts: before the adapter, directly after it, and later.

    Returns
    -------
    dict
        `recovery_slope`: -1 is full recovery; it divides by the mean square of the shift, deg^2.
        The others in deg, below 0 where shifts recovered, divide by the number of units in their
        class.

    Notes
    -----
    What one animal gives is told also where hardly anything moved, or few cells as far: it counts
    little in what all animals give, see `join_animals`. `joined_ratio` says whether it means
    anything by itself.
    """
    halves = np.broadcast_arrays(before_deg, first_deg, later_deg)
    classes = [_of_class(*terms) for terms in class_terms(*halves)]
    return dict(zip(RECOVERY_MEASURES, [_slope(*slope_terms(*halves)), *classes], strict=False))


def _slope(
    later_deg2: NDArray[np.float64], shift_deg2: NDArray[np.float64], weight: NDArray[np.float64]
) -> Ratio | NotComputed:
    n_units = float(weight.sum())
    if n_units < MIN_UNITS:
        return NotComputed(f"at least {MIN_UNITS} units are needed; there are {n_units:.0f}.")
    mean_deg2 = float(shift_deg2.sum()) / n_units
    if mean_deg2 == 0.0:
        return NotComputed("nothing moved at all.")
    # A unit of which half the halvings could be measured counts half, above and below.
    error_deg2 = float(np.sqrt(np.sum((shift_deg2 - mean_deg2 * weight) ** 2))) / n_units
    slope = float(later_deg2.sum() / shift_deg2.sum())
    return Ratio(slope, round(n_units), mean_deg2, error_deg2)


def _of_class(change_deg: NDArray[np.float64], share: NDArray[np.float64]) -> Ratio | NotComputed:
    n_units = float(share.sum())
    if n_units == 0.0:
        return NotComputed("no cell had moved as far.")
    # Of another sample of cells, as many again, give or take the root.
    return Ratio(
        float(change_deg.sum()) / n_units, round(n_units), n_units, float(np.sqrt(n_units))
    )


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
