"""What the two flanks of the tuning curve lose or gain in cells attracted or repelled.

The class of a cell, the side of the adapter and the middle of its curve come from one part of the
trials before and after, the rates on its flanks from the other: a cell is called attracted in
part because of the very responses that would then make its adapted flank higher.
"""

from __future__ import annotations

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


def flanks_by_class(
    before: Parts, after: Parts, adapter_deg: float, is_member: NDArray[np.bool_]
) -> dict[str, tuple[float, int]]:
    """Relative change of the summed rate on each flank, over the cells of each class.

    Parameters
    ----------
    before, after : Parts, two of each
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
    one on that side, both parts in turn, and ways to part the trials. A sum over cells, because a
    mean of ratios of single flanks with few spikes is too high.

    References
    ----------
    Dragoi, Sharma and Sur (2000) 10.1016/S0896-6273(00)00103-3
    """
    if not np.array_equal(before.orientations_deg, after.orientations_deg):
        return dict.fromkeys(FLANK_MEASURES, (float("nan"), 0))
    # [:, k] is the class by part k; the rates are those of the other part.
    preferred_deg = before.preferred_deg
    side = side_of_adapter(preferred_deg, adapter_deg)
    towards_deg = side * orientation_difference_deg(after.preferred_deg, preferred_deg)
    counts = is_near(preferred_deg, adapter_deg) & is_member[:, None, None]
    apart_deg = orientation_difference_deg(before.orientations_deg, preferred_deg[..., None])
    apart_deg = apart_deg * side[..., None]
    adapted = (apart_deg > 0) & (apart_deg <= FLANK_DEG)
    opposite = (apart_deg < 0) & (apart_deg >= -FLANK_DEG)
    rates_hz = before.rate_hz[:, ::-1], after.rate_hz[:, ::-1]
    attracted, repelled = (
        counts & (towards_deg > THRESHOLD_DEG),
        counts & (towards_deg < -THRESHOLD_DEG),
    )
    chosen = [(c, f) for c in (attracted, repelled) for f in (adapted, opposite)]
    return {
        measure: _change(rates_hz, of_class, on_flank)
        for measure, (of_class, on_flank) in zip(FLANK_MEASURES, chosen, strict=True)
    }


def _change(
    rates_hz: tuple[NDArray[np.float64], NDArray[np.float64]],
    of_class: NDArray[np.bool_],
    on_flank: NDArray[np.bool_],
) -> tuple[float, int]:
    """Of (n_unit, 2, n_split, n_orientation) rates, in units (n_unit, 2, n_split) of a class."""
    is_in = np.asarray(of_class[..., None] & on_flank)
    n_units = int(is_in.any(axis=(1, 2, 3)).sum())
    first_hz, second_hz = (
        float(np.where(is_in & np.isfinite(rate_hz), rate_hz, 0.0).sum()) for rate_hz in rates_hz
    )
    if n_units < MIN_TUNED_UNITS or first_hz <= 0.0:
        return float("nan"), 0
    return second_hz / first_hz - 1.0, n_units
