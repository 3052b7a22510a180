"""What adaptation to one orientation does to tuning: shifts towards it or away, and its flanks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.curve_errors import UnitIntervals
from ketacortex.analyse.responses import EpochResponses
from ketacortex.analyse.tuning import mean_rates
from ketacortex.units import orientation_difference_deg

THRESHOLD_DEG = 5.0
"""Shifts up to this far are called refractory; single preferences are not known better."""
FLANK_DEG = 45.0
"""Conditions up to this far from the preferred orientation make a flank."""
MIN_SIDE_DEG = 1.0
"""An adapter nearer than this to the preferred orientation, or to 90 degrees from it, has no
side."""
MAX_ERROR_DEG = 12.0
"""Standard error of a shift beyond which its distribution wraps round the half circle."""


@dataclass(frozen=True, kw_only=True)
class AdaptationClass:
    """Direction of each unit's shift relative to an adapter.

    Parameters
    ----------
    towards_deg : (n_unit,) deg, shift towards the adapter, negative away from it
    is_attractive, is_repulsive, is_refractory : (n_unit,) by the threshold
    is_surely_attractive, is_surely_repulsive : (n_unit,) by an interval that excludes 0

    All are NaN or False for a unit without a shift, or whose adapter has no side.
    """

    towards_deg: NDArray[np.float64]
    is_attractive: NDArray[np.bool_]
    is_repulsive: NDArray[np.bool_]
    is_refractory: NDArray[np.bool_]
    is_surely_attractive: NDArray[np.bool_]
    is_surely_repulsive: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class FlankChange:
    """Change of rate on the two flanks of the tuning curve.

    Parameters
    ----------
    adapted_hz, opposite_hz : (n_unit,) Hz, mean change on the adapter's side and on the other
    adapted_error_hz, opposite_error_hz : (n_unit,) Hz, standard errors

    NaN where a unit has no preferred orientation, no side, or no condition on that flank.
    """

    adapted_hz: NDArray[np.float64]
    adapted_error_hz: NDArray[np.float64]
    opposite_hz: NDArray[np.float64]
    opposite_error_hz: NDArray[np.float64]


def shift_interval(before: UnitIntervals, after: UnitIntervals) -> UnitIntervals:
    """Signed shift of preferred orientation with the interval that both errors give.

    Parameters
    ----------
    before, after : UnitIntervals
        Preferred orientations in deg from `tuning_errors`, of independent trials.

    Returns
    -------
    UnitIntervals
        Deg, in [-90, 90); NaN where either is, or with an error of 12 degrees or more.

    Notes
    -----
    Half-widths add in quadrature, which for equal degrees of freedom is Student's t on the root of
    the summed variances (Zou and Donner 2008, 10.1002/sim.3095).

    Examples
    --------
    >>> one = UnitIntervals(estimate=np.array([178.0]), standard_error=np.array([3.0]),
    ...                     low=np.array([172.0]), high=np.array([184.0]))
    >>> two = UnitIntervals(estimate=np.array([8.0]), standard_error=np.array([4.0]),
    ...                     low=np.array([0.0]), high=np.array([16.0]))
    >>> shift = shift_interval(one, two)
    >>> shift.estimate.tolist(), shift.low.tolist(), shift.high.tolist()
    ([10.0], [0.0], [20.0])
    """
    shift_deg = orientation_difference_deg(after.estimate, before.estimate)
    error_deg = np.hypot(before.standard_error, after.standard_error)
    fall = np.hypot(after.estimate - after.low, before.high - before.estimate)
    rise = np.hypot(after.high - after.estimate, before.estimate - before.low)
    return UnitIntervals(
        estimate=shift_deg,
        standard_error=error_deg,
        low=shift_deg - fall,
        high=shift_deg + rise,
    ).within(error_deg < MAX_ERROR_DEG)


def adaptation_class(
    before_deg: NDArray[np.float64],
    shift: UnitIntervals,
    adapter_deg: float,
    threshold_deg: float = THRESHOLD_DEG,
) -> AdaptationClass:
    """Whether each unit's preferred orientation went towards the adapter, away, or stayed.

    Parameters
    ----------
    before_deg : (n_unit,) deg, preferred orientation before adaptation
    shift : UnitIntervals, deg
    adapter_deg : deg
    threshold_deg : smallest shift that counts as one

    Returns
    -------
    AdaptationClass

    Notes
    -----
    The side of the adapter is read off the measured preference, whose error is also in the shift: a
    unit nearer to the adapter than that error seems attracted by chance. Over preferences
    spread evenly round the circle the mean of `towards_deg` is 0 without a shift.

    Examples
    --------
    >>> shift = UnitIntervals(estimate=np.array([9.0, -9.0, 2.0]), standard_error=np.ones(3),
    ...                       low=np.array([7.0, -11.0, 0.0]), high=np.array([11.0, -7.0, 4.0]))
    >>> found = adaptation_class(np.array([170.0, 170.0, 170.0]), shift, 10.0)
    >>> found.is_attractive.tolist(), found.is_surely_repulsive.tolist()
    ([True, False, False], [False, True, False])
    """
    side = side_of_adapter(before_deg, adapter_deg)
    towards_deg = side * shift.estimate
    ends = np.sort(np.stack([side * shift.low, side * shift.high]), axis=0)
    return AdaptationClass(
        towards_deg=towards_deg,
        is_attractive=towards_deg > threshold_deg,
        is_repulsive=towards_deg < -threshold_deg,
        is_refractory=np.abs(towards_deg) <= threshold_deg,
        is_surely_attractive=ends[0] > 0,
        is_surely_repulsive=ends[1] < 0,
    )


def side_of_adapter(before_deg: NDArray[np.float64], adapter_deg: float) -> NDArray[np.float64]:
    """On which side of each preferred orientation the adapter lies.

    Parameters
    ----------
    before_deg : (n_unit,) deg, preferred orientation before adaptation
    adapter_deg : deg

    Returns
    -------
    (n_unit,) 1 where the adapter lies at larger angles, -1 at smaller ones, NaN at neither

    Examples
    --------
    >>> side_of_adapter(np.array([170.0, 30.0, 10.0]), 10.0).tolist()
    [1.0, -1.0, nan]
    """
    apart_deg = orientation_difference_deg(adapter_deg, before_deg)
    distance_deg = np.abs(apart_deg)
    has_side = (distance_deg >= MIN_SIDE_DEG) & (distance_deg <= 90.0 - MIN_SIDE_DEG)
    return np.where(has_side, np.sign(apart_deg), np.nan)


def flank_change(
    before: EpochResponses,
    after: EpochResponses,
    preferred_deg: NDArray[np.float64],
    adapter_deg: float,
    flank_deg: float = FLANK_DEG,
) -> FlankChange:
    """Change of rate on the flank of the tuning curve that was adapted, and on the other one.

    Parameters
    ----------
    before, after : EpochResponses
    preferred_deg : (n_unit,) deg, preferred orientation before adaptation
    adapter_deg : deg
    flank_deg : how far a flank reaches from the preferred orientation

    Returns
    -------
    FlankChange

    Notes
    -----
    The mean over the orientations of the flank that both epochs show of the difference of the
    condition means; its error is the root of their summed error variances over their number.
    After adaptation of one flank that flank lost and the other gained in cat V1 (Dragoi and
    colleagues).

    References
    ----------
    Dragoi, Sharma and Sur (2000) 10.1016/S0896-6273(00)00103-3
    """
    rate, error, shown_deg = zip(*(_tuning_means(r) for r in (before, after)), strict=True)
    orientations_deg, first, second = np.intersect1d(*shown_deg, return_indices=True)
    change_hz = rate[1][:, second] - rate[0][:, first]
    variance = error[0][:, first] ** 2 + error[1][:, second] ** 2
    offset_deg = orientation_difference_deg(orientations_deg, preferred_deg[:, None])
    offset_deg = offset_deg * side_of_adapter(preferred_deg, adapter_deg)[:, None]
    adapted_hz, adapted_error_hz = _mean_over(
        change_hz, variance, (offset_deg > 0) & (offset_deg <= flank_deg)
    )
    opposite_hz, opposite_error_hz = _mean_over(
        change_hz, variance, (offset_deg < 0) & (offset_deg >= -flank_deg)
    )
    return FlankChange(
        adapted_hz=adapted_hz,
        adapted_error_hz=adapted_error_hz,
        opposite_hz=opposite_hz,
        opposite_error_hz=opposite_error_hz,
    )


def _tuning_means(
    responses: EpochResponses,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    return mean_rates(
        responses.tuning_counts, responses.tuning_duration_s, responses.tuning_orientation_deg
    )


def _mean_over(
    change_hz: NDArray[np.float64], variance: NDArray[np.float64], is_in: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    n = is_in.sum(axis=1)
    n_in = np.where(n > 0, n, np.nan)
    mean_hz = np.where(is_in, change_hz, 0.0).sum(axis=1) / n_in
    return mean_hz, np.sqrt(np.where(is_in, variance, 0.0).sum(axis=1)) / n_in
