"""How far preferred orientations moved towards an adapter, and how many of them did.

On which side of the adapter a cell lies is read from other trials than those its shift is measured
from: with the same trials, errors towards the adapter would move cells to the near side and come
back as repulsion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.adaptation_shift import THRESHOLD_DEG, side_of_adapter
from ketacortex.analyse.epoch_pairs import MIN_TUNED_UNITS
from ketacortex.units import orientation_difference_deg, orientation_distance_deg

NEAR_DEG = (22.5, 67.5)
"""From the adapter to the preferred orientation: these cells are driven on one flank."""


@dataclass(frozen=True, kw_only=True)
class Before:
    """Preferred orientations before an adapter, in each way to take two independent ones.

    Parameters
    ----------
    side_deg : (n_unit, n_way) deg, that tells the side of the adapter and the distance from it
    against_deg : (n_unit, n_way) deg, that the shift is measured from

    NaN where a unit is not tuned.
    """

    side_deg: NDArray[np.float64]
    against_deg: NDArray[np.float64]

    def is_near(self, adapter_deg: float) -> NDArray[np.bool_]:
        """Whether the adapter lies 22.5 to 67.5 degrees away, (n_unit, n_way)."""
        return is_near(self.side_deg, adapter_deg)

    def towards_deg(self, after_deg: NDArray[np.float64], adapter_deg: float) -> NDArray:
        """Shift towards the adapter in each way, negative away from it.

        Parameters
        ----------
        after_deg : (n_unit,) deg, of trials after the adapter
        adapter_deg : deg

        Returns
        -------
        (n_unit, n_way) deg

        Examples
        --------
        >>> before = Before(side_deg=np.array([[140.0], [60.0]]),
        ...                 against_deg=np.array([[142.0], [59.0]]))
        >>> before.towards_deg(np.array([150.0, 69.0]), 10.0).tolist()
        [[8.0], [-10.0]]
        """
        shift_deg = orientation_difference_deg(after_deg[:, None], self.against_deg)
        return side_of_adapter(self.side_deg, adapter_deg) * shift_deg


def before_of_epochs(first_deg: NDArray[np.float64], second_deg: NDArray[np.float64]) -> Before:
    """Sides from a first epoch and shifts against a second, each (n_unit,) deg."""
    return Before(side_deg=first_deg[:, None], against_deg=second_deg[:, None])


def before_of_halves(preferred_deg: NDArray[np.float64]) -> Before:
    """Sides from one half of an epoch and shifts against the other, both ways, in all halvings.

    Parameters
    ----------
    preferred_deg : (n_unit, 2, n_split) deg
    """
    return Before(side_deg=as_ways(preferred_deg), against_deg=as_ways(preferred_deg[:, ::-1]))


def as_ways(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of both halves of all halvings, (n_unit, 2, n_split), side by side."""
    n_units, n_parts, n_splits = values.shape
    return values.reshape(n_units, n_parts * n_splits)


def is_near(preferred_deg: NDArray[np.float64], adapter_deg: float) -> NDArray[np.bool_]:
    """Whether an orientation lies 22.5 to 67.5 degrees from the adapter; not where it is NaN.

    >>> is_near(np.array([30.0, 100.0, 177.0]), 10.0).tolist()
    [False, False, False]
    >>> is_near(np.array([32.5, 77.5, 160.0]), 10.0).tolist()
    [True, True, True]
    """
    distance_deg = orientation_distance_deg(preferred_deg, adapter_deg)
    return (distance_deg >= NEAR_DEG[0]) & (distance_deg <= NEAR_DEG[1])


def is_remote(preferred_deg: NDArray[np.float64], adapter_deg: float) -> NDArray[np.bool_]:
    """Whether an orientation is further from the adapter than those near it; not where it is NaN.

    >>> is_remote(np.array([12.0, 60.0, 95.0]), 10.0).tolist()
    [False, False, True]
    """
    return orientation_distance_deg(preferred_deg, adapter_deg) > NEAR_DEG[1]


def shift_values(towards_deg: NDArray[np.float64]) -> dict[str, tuple[float, int]]:
    """Shares of cells attracted and repelled by more than 5 degrees, and the mean shift.

    Parameters
    ----------
    towards_deg : (n_unit, n_way) deg, NaN for what does not count

    Returns
    -------
    dict
        `attractive_share`, `repulsive_share`, `attraction_balance`, `shift_towards_deg`: each the
        value and the number of units; NaN with fewer than 5. A unit counts by the ways in which it
        was measured: so do means of `excess_shift`.
    """
    is_in = np.isfinite(towards_deg)
    attracted, repelled = towards_deg > THRESHOLD_DEG, towards_deg < -THRESHOLD_DEG
    return {
        "attractive_share": mean_in(attracted, is_in),
        "repulsive_share": mean_in(repelled, is_in),
        "attraction_balance": mean_in(attracted.astype(float) - repelled, is_in),
        "shift_towards_deg": mean_in(towards_deg, is_in),
    }


def since_first_values(
    first_deg: NDArray[np.float64], later_deg: NDArray[np.float64]
) -> dict[str, tuple[float, int]]:
    """What longer adaptation, or recovery, added to what the first measurement showed.

    Parameters
    ----------
    first_deg, later_deg : (n_unit, n_way) deg, shifts towards the adapter, NaN for what does not
        count

    Returns
    -------
    dict
        Of the cells measured in both: `shift_towards_since_first_deg`,
        `attraction_balance_since_first`, and `turned_share`, repelled then and attracted now.
    """
    both = np.isfinite(first_deg) & np.isfinite(later_deg)
    balance = [
        (towards > THRESHOLD_DEG).astype(float) - (towards < -THRESHOLD_DEG)
        for towards in (first_deg, later_deg)
    ]
    return {
        "shift_towards_since_first_deg": mean_in(
            orientation_difference_deg(later_deg, first_deg), both
        ),
        "attraction_balance_since_first": mean_in(balance[1] - balance[0], both),
        "turned_share": mean_in((balance[0] < 0) & (balance[1] > 0), both),
    }


def mean_in(values: NDArray, is_in: NDArray[np.bool_]) -> tuple[float, int]:
    """Mean over the units and ways that are in, (n_unit, n_way), and the number of units.

    NaN with fewer than 5 units.
    """
    n_units = int(is_in.any(axis=1).sum())
    if n_units < MIN_TUNED_UNITS:
        return float("nan"), 0
    return float(values[is_in].mean()), n_units
