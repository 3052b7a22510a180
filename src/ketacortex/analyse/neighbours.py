"""Whether neighbours move the same way relative to an adapter, and what those are that do not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ketacortex.analyse.adaptation_shift import side_of_adapter
from ketacortex.analyse.epoch_pairs import MIN_TUNED_UNITS
from ketacortex.analyse.independent_parts import Parts
from ketacortex.analyse.statistics import CONFIDENCE
from ketacortex.analyse.towards_adapter import is_near
from ketacortex.units import orientation_difference_deg

NEIGHBOUR_UM = 200.0
MIN_PAIRS = 10
SURE = float(stats.norm.ppf(0.5 + CONFIDENCE / 2.0))
"""Standard errors of a shift whose direction is known."""
NEIGHBOUR_MEASURES = (
    "neighbour_concordance",
    "neighbour_concordance_by_chance",
    "neighbour_concordance_excess",
)
DISCORDANT = "discordant_half_width_difference_deg"


def signed_parts(
    before: Parts, after: Parts, adapter_deg: float, is_member: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Shift towards the adapter by each part, its side by the other, of cells near the adapter.

    Returns
    -------
    (n_unit, 2, n_split) deg, NaN for other cells and where a part is not tuned
    """
    side_deg = before.preferred_deg[:, ::-1]
    shift_deg = orientation_difference_deg(after.preferred_deg, before.preferred_deg)
    towards_deg = side_of_adapter(side_deg, adapter_deg) * shift_deg
    counts = is_near(side_deg, adapter_deg) & is_member[:, None, None]
    return np.where(counts, towards_deg, np.nan)


def neighbour_concordance(
    towards_deg: NDArray[np.float64], distance_um: NDArray[np.float64]
) -> dict[str, tuple[float, int]]:
    """Share of pairs of cells that moved the same way, within 200 um and further apart.

    Parameters
    ----------
    towards_deg : (n_unit, 2, n_split) deg, of `signed_parts`
    distance_um : (n_unit, n_unit) um, NaN without positions

    Returns
    -------
    dict
        Of each of `NEIGHBOUR_MEASURES` the value and the number of units; NaN with fewer than 10
        pairs or 5 units.

    Notes
    -----
    Of a pair, one cell's direction comes from one part of the trials and the other's from the other
    part: noise that neighbours share in the same trials would pass for a shift that they share.
    Errors take the share towards a half, alike within and beyond 200 um.
    """
    sign, is_known = np.sign(np.nan_to_num(towards_deg)), np.isfinite(towards_deg)
    agreement = _across_parts(sign)
    weight = _across_parts(is_known.astype(float))
    is_apart = ~np.eye(len(sign), dtype=bool) & (weight > 0)
    found = []
    for is_pair in (distance_um <= NEIGHBOUR_UM, distance_um > NEIGHBOUR_UM):
        pairs = is_apart & is_pair
        n_units = int(pairs.any(axis=1).sum())
        if pairs.sum() // 2 < MIN_PAIRS or n_units < MIN_TUNED_UNITS:
            found.append((float("nan"), 0))
        else:
            share = (1.0 + agreement[pairs].sum() / weight[pairs].sum()) / 2.0
            found.append((float(share), n_units))
    (near, n_near), (far, _) = found
    return dict(
        zip(NEIGHBOUR_MEASURES, [*found, (near - far, n_near)], strict=True),
    )


def _across_parts(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Products of one unit's first part and another's second, both ways, (n_unit, n_unit)."""
    product = values[:, 0] @ values[:, 1].T
    return product + product.T


def discordant_half_width_difference_deg(
    towards_deg: NDArray[np.float64],
    error_deg: NDArray[np.float64],
    half_width_deg: NDArray[np.float64],
    distance_um: NDArray[np.float64],
) -> tuple[float, int]:
    """How much broader cells are that moved against the majority of their neighbours.

    Parameters
    ----------
    towards_deg : (n_unit, 2, n_split) deg, of `signed_parts`
    error_deg : (n_unit,) deg, standard error of the shift by one part
    half_width_deg : (n_unit, 2, n_split) deg, before the adapter, by part
    distance_um : (n_unit, n_unit) um

    Returns
    -------
    value, n_units : deg; NaN with fewer than 5 cells of either kind

    Notes
    -----
    Only cells that moved by more than 1.96 standard errors count: the direction of others is
    chance, broad cells are often among them, and chance disagrees with neighbours. Neighbours'
    directions and half-widths come from the part of the trials that did not give the cell's shift.
    """
    with np.errstate(invalid="ignore"):
        is_sure = np.abs(towards_deg) > SURE * error_deg[:, None, None]
    sign = np.where(is_sure, np.sign(np.nan_to_num(towards_deg)), 0.0)
    near = (distance_um <= NEIGHBOUR_UM) & ~np.eye(len(sign), dtype=bool)
    majority = np.tensordot(near.astype(float), sign[:, ::-1], axes=1)
    agreement = np.sign(majority) * sign
    width_deg = half_width_deg[:, ::-1]
    is_known = np.isfinite(width_deg)
    against, along = is_known & (agreement < 0), is_known & (agreement > 0)
    n_units = [int(kind.any(axis=(1, 2)).sum()) for kind in (against, along)]
    if min(n_units) < MIN_TUNED_UNITS:
        return float("nan"), 0
    width_deg = np.broadcast_to(width_deg, agreement.shape)
    return float(width_deg[against].mean() - width_deg[along].mean()), sum(n_units)
