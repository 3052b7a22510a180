"""How well trials determine a tuning curve: 95 % intervals of what is read off it, unit by unit.

Errors come from the spread of the trials of each orientation, so overdispersed counts need no
model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ketacortex.analyse.curve_profile import KAPPA, OSI, PREFERRED, profile_limits
from ketacortex.analyse.orientation_curve import kappa_limits
from ketacortex.analyse.statistics import CONFIDENCE
from ketacortex.analyse.tuning import TuningFit

MIN_TRIALS = 6
"""Of each orientation; with fewer, their spread is not known well enough."""
MIN_TRIALS_OF_OSI = 10
"""The same for OSI, which rests on the few spikes at the orthogonal orientation."""
MIN_SPIKES = 100
"""Of a unit in all trials."""
MIN_SIGNAL_TO_NOISE = 3.0
"""Amplitude over its standard error, for a curve to be there at all."""
SPACINGS_IN_HALF_WIDTH = 1.1
"""Half-width, in steps between orientations, of the narrowest fit that is believed: a narrower
one rests on a single orientation."""
OSI_ENDS = (1e-3, 0.9995)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Estimates with their intervals, NaN where an interval is not promised.

    Parameters
    ----------
    value, low, high : (n_unit,)
    standard_error : (n_unit,) on the scale of `value`, to first order
    """

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    standard_error: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class TuningIntervals:
    """Intervals of what a fitted curve tells.

    Parameters
    ----------
    preferred_orientation_deg : Limits, deg
        `low` and `high` may leave [0, 180): they go round from `value`.
    osi : Limits
    half_width_deg : Limits, deg
        NaN as well where the interval reaches a width that the fit cannot have.
    """

    preferred_orientation_deg: Limits
    osi: Limits
    half_width_deg: Limits


def tuning_intervals(
    fit: TuningFit,
    rate_hz: NDArray[np.float64],
    standard_error_hz: NDArray[np.float64],
    orientation_deg: NDArray[np.float64],
    n_trials: NDArray[np.int64],
    n_spikes: NDArray[np.float64],
) -> TuningIntervals:
    """95 % intervals of preferred orientation, OSI and half-width of fitted curves.

    Parameters
    ----------
    fit : TuningFit of `rate_hz`
    rate_hz, standard_error_hz : (n_unit, n_orientation) Hz, of `mean_rates`
    orientation_deg : (n_orientation,) deg
    n_trials : (n_orientation,)
    n_spikes : (n_unit,) in all trials

    Returns
    -------
    TuningIntervals
        Given with 6 trials of each orientation (OSI: 10), 100 spikes, an amplitude of 3 of its
        standard errors, and a half-width of 1.1 steps between orientations.

    Notes
    -----
    With J the slopes of the curve along its parameters, the fit is to first order a linear map
    ``(J'J)^-1 J'`` of the condition means, and a property of the curve a weighted sum ``w r`` of
    them with variance ``V = sum w^2 se^2``. Its limits are where the least sum of squares with the
    property held has risen by ``t^2 V / sum w^2``, as it would at ``t sqrt(V)`` if the curve were
    linear in it; t of Student with the degrees of freedom of Satterthwaite.
    """
    maps = _linear_maps(fit, orientation_deg)
    variance = np.nan_to_num(standard_error_hz**2)
    freedom = np.maximum(n_trials - 1, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        amplitude_error = np.sqrt(np.sum(maps["amplitude"] ** 2 * variance, axis=1))
        is_wide = fit.half_width_deg >= SPACINGS_IN_HALF_WIDTH * _spacing_deg(orientation_deg)
        has_curve = fit.amplitude_hz >= MIN_SIGNAL_TO_NOISE * amplitude_error
        is_measured = (n_trials >= MIN_TRIALS).all() & (n_spikes >= MIN_SPIKES)
    is_fitted = is_measured & is_wide & has_curve
    is_known = dict.fromkeys((PREFERRED, KAPPA), is_fitted)
    is_known[OSI] = is_fitted & (n_trials >= MIN_TRIALS_OF_OSI).all()
    doubled = np.deg2rad(2.0 * orientation_deg)
    mu = np.deg2rad(2.0 * fit.preferred_orientation_deg)
    kappa_range = kappa_limits(orientation_deg)
    ends = {
        PREFERRED: np.stack([mu - np.pi / 2.0, mu + np.pi / 2.0]),
        KAPPA: np.broadcast_to(np.log(kappa_range)[:, None], (2, len(mu))),
        OSI: np.broadcast_to(np.array(OSI_ENDS)[:, None], (2, len(mu))),
    }
    found = {}
    for which, estimate in ((PREFERRED, mu), (KAPPA, np.log(fit.kappa)), (OSI, fit.osi)):
        rise, error = _rise(maps[which], variance, freedom, is_known[which])
        limits = profile_limits(
            which, rate_hz, doubled, mu, estimate, rise, ends[which], kappa_range
        )
        found[which] = limits, error
    return TuningIntervals(
        preferred_orientation_deg=_preferred(fit, *found[PREFERRED]),
        osi=_osi(fit, *found[OSI]),
        half_width_deg=_half_width(fit, *found[KAPPA]),
    )


def _spacing_deg(orientation_deg: NDArray[np.float64]) -> float:
    ascending = np.unique(orientation_deg % 180.0)
    return float(np.median(np.diff(np.append(ascending, ascending[0] + 180.0))))


def _linear_maps(
    fit: TuningFit, orientation_deg: NDArray[np.float64]
) -> dict[int | str, NDArray[np.float64]]:
    """Weights of the condition means in mu, log kappa, OSI, amplitude, (n_unit, n_orientation)."""
    doubled = np.deg2rad(2.0 * orientation_deg)
    mu = np.deg2rad(2.0 * np.nan_to_num(fit.preferred_orientation_deg))
    kappa = np.nan_to_num(fit.kappa, nan=1.0)
    amplitude = np.nan_to_num(fit.amplitude_hz)
    curve = _von_mises_curve(doubled, mu, kappa)
    apart = doubled - mu[:, None]
    steep = (amplitude * kappa)[:, None] * curve
    slopes = [np.ones_like(curve), curve, steep * np.sin(apart), steep * (np.cos(apart) - 1.0)]
    inverse = np.linalg.pinv(np.stack(slopes, axis=2), rcond=1e-9)
    of_osi = _osi_slopes(np.nan_to_num(fit.baseline_hz), amplitude, kappa)
    return {
        PREFERRED: inverse[:, 2],
        KAPPA: inverse[:, 3],
        OSI: np.einsum("up,upo->uo", of_osi, inverse),
        "amplitude": inverse[:, 1],
    }


def _von_mises_curve(
    doubled: NDArray[np.float64], mu: NDArray[np.float64], kappa: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Curve of height 1 at `mu`, (n_curve, n_orientation)."""
    cosine = np.outer(np.cos(mu), np.cos(doubled)) + np.outer(np.sin(mu), np.sin(doubled))
    return np.exp(kappa[:, None] * (cosine - 1.0))


def _osi_slopes(
    baseline: NDArray[np.float64], amplitude: NDArray[np.float64], kappa: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Slopes of OSI along baseline, amplitude, mu and log kappa, (n_unit, 4)."""
    floor = np.exp(-2.0 * kappa)
    with np.errstate(invalid="ignore", divide="ignore"):
        squared = (2.0 * baseline + amplitude * (1.0 + floor)) ** 2
        slopes = [
            -2.0 * amplitude * (1.0 - floor) / squared,
            2.0 * baseline * (1.0 - floor) / squared,
            np.zeros_like(kappa),
            4.0 * kappa * floor * amplitude * (amplitude + baseline) / squared,
        ]
    return np.nan_to_num(np.stack(slopes, axis=1))


def _rise(
    weight: NDArray[np.float64],
    variance: NDArray[np.float64],
    freedom: NDArray[np.int64],
    is_known: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far the sum of squares may rise, and the standard error to first order, (n_unit,)."""
    part = weight**2 * variance
    total = part.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        joined = total**2 / (part**2 / freedom).sum(axis=1)
        quantile = stats.t.ppf(0.5 + CONFIDENCE / 2.0, np.nan_to_num(joined, nan=1.0))
        rise = quantile**2 * total / (weight**2).sum(axis=1)
    return np.where(is_known, rise, np.nan), np.where(is_known, np.sqrt(total), np.nan)


def _preferred(fit: TuningFit, limits: NDArray[np.float64], error: NDArray[np.float64]) -> Limits:
    degrees = np.rad2deg(np.where(np.isfinite(limits).all(axis=0), limits, np.nan)) / 2.0
    return Limits(
        value=fit.preferred_orientation_deg,
        low=degrees[0],
        high=degrees[1],
        standard_error=np.rad2deg(error) / 2.0,
    )


def _osi(fit: TuningFit, limits: NDArray[np.float64], error: NDArray[np.float64]) -> Limits:
    """An OSI that may be anything down to 0, or up to 1, has that limit."""
    low, high = np.where(np.isneginf(limits[0]), 0.0, limits[0]), limits[1]
    return Limits(
        value=fit.osi, low=low, high=np.where(np.isposinf(high), 1.0, high), standard_error=error
    )


def _half_width(fit: TuningFit, limits: NDArray[np.float64], error: NDArray[np.float64]) -> Limits:
    kappa = np.exp(np.where(np.isfinite(limits).all(axis=0), limits, np.nan))
    with np.errstate(invalid="ignore", divide="ignore"):
        fallen = np.log(2.0) / fit.kappa
        slope_deg = np.rad2deg(fallen / np.sqrt(fallen * (2.0 - fallen))) / 2.0
        low, high = (np.rad2deg(np.arccos(1.0 - np.log(2.0) / k)) / 2.0 for k in kappa[::-1])
    # A curve so flat that it never falls to half its height has no half-width.
    is_given = np.isfinite(low) & np.isfinite(high)
    return Limits(
        value=fit.half_width_deg,
        low=np.where(is_given, low, np.nan),
        high=np.where(is_given, high, np.nan),
        standard_error=slope_deg * error,
    )
