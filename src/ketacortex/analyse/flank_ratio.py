"""Relative change of rate on the two flanks of the tuning curve, with intervals.

`flank_change` tells by how many spikes a second a flank changed; here it is by what share, which
can be compared between units of different rates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.adaptation_shift import FLANK_DEG, side_of_adapter
from ketacortex.analyse.angles import ORIENTATION_PERIOD_DEG, distinct_angles
from ketacortex.analyse.curve_errors import (
    MeasuredMeans,
    UnitIntervals,
    critical_t,
    measured_means,
)
from ketacortex.analyse.responses import EpochResponses
from ketacortex.units import orientation_difference_deg

# The domain in which the intervals were found to cover 92 to 98 %.
MIN_TRIALS = 6
"""Of each orientation shown, in each epoch."""
MIN_FLANK_SPIKES = 30
"""On a flank, in each epoch: a logarithm of fewer is skewed."""


@dataclass(frozen=True, kw_only=True)
class FlankRatio:
    """Relative change of rate on the flank towards the adapter and on the other one.

    Parameters
    ----------
    adapted, opposite : UnitIntervals
        -1 is a flank that fell silent, 0 no change, 1 a doubled rate.
    """

    adapted: UnitIntervals
    opposite: UnitIntervals


def flank_ratio(
    before: EpochResponses,
    after: EpochResponses,
    preferred_deg: NDArray[np.float64],
    adapter_deg: float,
    flank_deg: float = FLANK_DEG,
) -> FlankRatio:
    """By what share the rate changed on the adapted flank, and on the opposite one.

    Parameters
    ----------
    before, after : EpochResponses
    preferred_deg : (n_unit,) deg, preferred orientation before adaptation
    adapter_deg : deg
    flank_deg : how far a flank reaches from the preferred orientation

    Returns
    -------
    FlankRatio
        NaN for a unit without a preferred orientation, whose adapter has no side, with no
        orientation on the flank that both epochs show, with fewer than 6 trials of one of its
        orientations or 30 spikes on the flank in either epoch.

    Notes
    -----
    With m and s the condition means and their standard errors, summed over the flank::

        change = sum m_after / sum m_before - 1
        v = sum s_before^2 / (sum m_before)^2 + sum s_after^2 / (sum m_after)^2

    The interval is Student's t on log(1 + change), with error sqrt(v) and the degrees of freedom
    of Satterthwaite. Orientations count once each, however often they were shown.

    References
    ----------
    Dragoi, Sharma and Sur (2000) 10.1016/S0896-6273(00)00103-3; Satterthwaite (1946)
    10.2307/3002019

    Examples
    --------
    >>> from ketacortex.analyse.responses import EpochResponses
    >>> def shown(rate):
    ...     n, none = 80, np.zeros((1, 0))
    ...     return EpochResponses(
    ...         epoch="one", counts=rate + np.tile([[-1.0, 1.0]], 40), onset_s=np.arange(n) * 2.0,
    ...         duration_s=np.ones(n), orientation_deg=np.repeat(np.arange(8) * 22.5, 10),
    ...         condition=np.repeat(np.arange(8), 10), is_for_tuning=np.ones(n, bool),
    ...         blank_counts=none, blank_onset_s=none[0], blank_duration_s=none[0])
    >>> found = flank_ratio(shown(8.0), shown(4.0), np.array([90.0]), 120.0)
    >>> round(float(found.adapted.estimate[0]), 9), bool(found.adapted.high[0] < 0.0)
    (-0.5, True)
    """
    epochs = _common_means(before, after)
    apart_deg = orientation_difference_deg(epochs[0].means.angle_deg, preferred_deg[:, None])
    # Towards the adapter is positive; NaN, where there is no side, lies on neither flank.
    apart_deg = apart_deg * side_of_adapter(preferred_deg, adapter_deg)[:, None]
    return FlankRatio(
        adapted=_change_of_sum(epochs, (apart_deg > 0) & (apart_deg <= flank_deg)),
        opposite=_change_of_sum(epochs, (apart_deg < 0) & (apart_deg >= -flank_deg)),
    )


@dataclass(frozen=True, kw_only=True)
class _EpochMeans:
    """Condition means, and the spikes behind each of them, (n_unit, n_condition)."""

    means: MeasuredMeans
    spikes: NDArray[np.float64]


def _common_means(before: EpochResponses, after: EpochResponses) -> tuple[_EpochMeans, _EpochMeans]:
    """Condition means of both epochs at the orientations that both show."""
    shown_deg = np.concatenate([before.tuning_orientation_deg, after.tuning_orientation_deg])
    angles_deg, which = distinct_angles(shown_deg, ORIENTATION_PERIOD_DEG)
    n_before = len(before.tuning_orientation_deg)
    common = np.intersect1d(which[:n_before], which[n_before:])
    first = _means_at(before, which[:n_before], common, angles_deg[common])
    return first, _means_at(after, which[n_before:], common, angles_deg[common])


def _means_at(
    responses: EpochResponses,
    which: NDArray[np.intp],
    chosen: NDArray[np.intp],
    angles_deg: NDArray[np.float64],
) -> _EpochMeans:
    is_chosen = np.isin(which, chosen)
    counts = responses.tuning_counts[:, is_chosen]
    place = np.searchsorted(chosen, which[is_chosen])
    duration_s = responses.tuning_duration_s[is_chosen]
    return _EpochMeans(
        means=measured_means(counts, duration_s, place, angles_deg),
        spikes=counts @ (place[:, None] == np.arange(len(chosen))).astype(float),
    )


def _change_of_sum(
    epochs: tuple[_EpochMeans, _EpochMeans], is_in: NDArray[np.bool_]
) -> UnitIntervals:
    """Relative change of the summed rate of the chosen conditions, (n_unit, n_condition)."""
    is_measured = np.asarray(is_in.any(axis=1))
    total, part_of_log, freedom = [], [], []
    for epoch in epochs:
        is_repeated = epoch.means.n_trials >= MIN_TRIALS
        n_spikes = np.where(is_in, epoch.spikes, 0.0).sum(axis=1)
        is_measured &= (is_repeated | ~is_in).all(axis=1)
        is_measured &= n_spikes >= MIN_FLANK_SPIKES
        rate_hz = np.where(is_in, epoch.means.rate_hz, 0.0).sum(axis=1)
        total.append(np.where(is_measured, rate_hz, np.nan))
        error = np.where(is_in, epoch.means.standard_error_hz, 0.0) / total[-1][:, None]
        part_of_log.append(error**2)
        freedom.append(np.broadcast_to(np.maximum(epoch.means.n_trials - 1.0, 1.0), is_in.shape))
    part = np.concatenate(part_of_log, axis=1)
    variance = part.sum(axis=1)
    fourth = (part**2 / np.concatenate(freedom, axis=1)).sum(axis=1)
    joined = np.divide(variance**2, fourth, out=np.full_like(variance, np.nan), where=fourth > 0)
    ratio, error = total[1] / total[0], np.sqrt(variance)
    reach = critical_t(joined) * error
    return UnitIntervals(
        estimate=ratio - 1.0,
        standard_error=ratio * error,
        low=ratio * np.exp(-reach) - 1.0,
        high=ratio * np.exp(reach) - 1.0,
    ).within(is_measured)
