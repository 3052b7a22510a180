"""What the two flanks of the tuning curve lose or gain in cells attracted or repelled.

A cell is called attracted in part by error, of the very responses that would then make its adapted
flank higher, or of a preference that would then lie off the middle of its curve. So its class, the
middle of its curve and its rates come from three independent sets of trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.adaptation_shift import FLANK_DEG, THRESHOLD_DEG, side_of_adapter
from ketacortex.analyse.epoch_pairs import MIN_TUNED_UNITS
from ketacortex.analyse.independent_parts import Parts
from ketacortex.analyse.towards_adapter import is_near
from ketacortex.units import orientation_difference_deg

FLANK_MEASURES = (
    "attractive_adapted_flank_change",
    "attractive_opposite_flank_change",
    "repulsive_adapted_flank_change",
    "repulsive_opposite_flank_change",
)


@dataclass(frozen=True, kw_only=True)
class FlanksBefore:
    """Three independent measurements of the tuning before an adapter, each for its own use.

    Parameters
    ----------
    against_deg : (n_unit, n_split) deg, that the shift which makes the class is told from
    middle_deg : (n_unit, n_split) deg, that flanks lie beside, and that tells the side
    rate_hz : (n_unit, n_split, n_orientation) Hz
    """

    against_deg: NDArray[np.float64]
    middle_deg: NDArray[np.float64]
    rate_hz: NDArray[np.float64]


def flanks_of_thirds(thirds: Parts) -> list[FlanksBefore]:
    """The three uses of thirds of the trials of one epoch, in every order."""
    return [
        FlanksBefore(
            against_deg=thirds.preferred_deg[:, first],
            middle_deg=thirds.preferred_deg[:, second],
            rate_hz=thirds.rate_hz[:, third],
        )
        for first, second, third in permutations(range(3))
    ]


def flanks_of_epochs(epochs: Parts, halves: Sequence[Parts]) -> list[FlanksBefore]:
    """The class from one epoch, middle and rates from the halves of the other, in every order.

    Parameters
    ----------
    epochs : Parts, the two epochs
    halves : Parts of each of them
    """
    return [
        FlanksBefore(
            against_deg=epochs.preferred_deg[:, 1 - other],
            middle_deg=halves[other].preferred_deg[:, half],
            rate_hz=halves[other].rate_hz[:, 1 - half],
        )
        for other in range(2)
        for half in range(2)
    ]


def flanks_by_class(
    before: Sequence[FlanksBefore],
    after: Parts,
    orientations_deg: NDArray[np.float64],
    adapter_deg: float,
    is_member: NDArray[np.bool_],
) -> dict[str, tuple[float, int]]:
    """Relative change of the summed rate on each flank, over the cells of each class.

    Parameters
    ----------
    before : FlanksBefore, in each way to take three independent measurements
    after : Parts, two
    orientations_deg : (n_orientation,) deg, of the rates before
    adapter_deg : deg
    is_member : (n_unit,)

    Returns
    -------
    dict
        Of each of `FLANK_MEASURES` the change (-0.5 for half the rate) and the number of units; NaN
        with fewer than 5, or where both do not show the same orientations. Only cells 22.5 to 67.5
        degrees from the adapter.

    Notes
    -----
    ``sum r_after / sum r_before - 1`` over cells, orientations up to 45 degrees from the preferred
    one on that side, and ways to part the trials. A sum over cells, because a mean of ratios of
    single flanks with few spikes is too high.

    References
    ----------
    Dragoi, Sharma and Sur (2000) 10.1016/S0896-6273(00)00103-3
    """
    if not np.array_equal(orientations_deg, after.orientations_deg):
        return dict.fromkeys(FLANK_MEASURES, (float("nan"), 0))
    totals_hz = np.zeros((len(FLANK_MEASURES), 2))
    is_used = np.zeros((len(FLANK_MEASURES), len(is_member)), bool)
    for one in before:
        side = side_of_adapter(one.middle_deg, adapter_deg)
        counts = is_near(one.middle_deg, adapter_deg) & is_member[:, None]
        apart_deg = orientation_difference_deg(orientations_deg, one.middle_deg[..., None])
        apart_deg = apart_deg * side[..., None]
        flanks = (
            (apart_deg > 0) & (apart_deg <= FLANK_DEG),
            (apart_deg < 0) & (apart_deg >= -FLANK_DEG),
        )
        for part in range(2):
            shift_deg = orientation_difference_deg(after.preferred_deg[:, part], one.against_deg)
            towards_deg = np.where(counts, side * shift_deg, np.nan)
            classes = (towards_deg > THRESHOLD_DEG, towards_deg < -THRESHOLD_DEG)
            chosen = [c[..., None] & flank for c in classes for flank in flanks]
            for row, is_in in enumerate(chosen):
                for column, rate_hz in enumerate((one.rate_hz, after.rate_hz[:, 1 - part])):
                    totals_hz[row, column] += np.where(is_in, rate_hz, 0.0).sum()
                is_used[row] |= is_in.any(axis=(1, 2))
    return {
        measure: _change(before_hz, after_hz, int(used.sum()))
        for measure, (before_hz, after_hz), used in zip(
            FLANK_MEASURES, totals_hz.tolist(), is_used, strict=True
        )
    }


def _change(before_hz: float, after_hz: float, n_units: int) -> tuple[float, int]:
    if n_units < MIN_TUNED_UNITS or before_hz <= 0.0:
        return float("nan"), 0
    return after_hz / before_hz - 1.0, n_units
