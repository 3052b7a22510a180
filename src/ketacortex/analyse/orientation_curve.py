"""Least-squares orientation tuning curves, as bare parameters.

Symbols: mu = preferred orientation, kappa = concentration, b = baseline, a = amplitude.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.angles import ORIENTATION_PERIOD_DEG
from ketacortex.analyse.curve_search import search_curves
from ketacortex.analyse.curve_shapes import CurveShape, lobe_slopes

KAPPA_MIN = 0.1
"""Below this the curve is a cosine and baseline and amplitude can no longer be told apart."""
NARROWEST_SHARE_OF_SPACING = 0.4
"""Half-width of the narrowest curve, as a share of the median step between orientations."""
GAUSSIAN_KAPPA_MIN = 0.3
"""The same for the wrapped Gaussian: its second harmonic is then 0.7 % of its first."""
N_BISECTIONS = 50
N_START_MU = 36
N_START_KAPPA = 6


def orientation_curves(
    rate_hz: NDArray[np.float64],
    orientation_deg: NDArray[np.float64],
    shape: CurveShape = CurveShape.VON_MISES,
    *,
    is_baseline_free: bool = False,
) -> NDArray[np.float64]:
    """Parameters of the least-squares curves of many units, as `fit_tuning` describes them.

    Parameters
    ----------
    rate_hz : (n_unit, n_orientation) Hz
    orientation_deg : (n_orientation,) deg, distinct
    shape : von Mises or wrapped Gaussian
    is_baseline_free : whether b may be negative, as intervals want it: no bound, no bias there

    Returns
    -------
    (n_unit, 4) baseline and amplitude in Hz, mu in radians of the doubled angle, kappa
        NaN for a silent unit or one with a missing rate.
    """
    fitted = np.full((len(rate_hz), 4), np.nan)
    is_usable = np.isfinite(rate_hz).all(axis=1) & (rate_hz > 0).any(axis=1)
    kappa_min, kappa_max = kappa_limits(orientation_deg, shape)
    start = (
        np.arange(N_START_MU) * (2.0 * np.pi / N_START_MU),
        np.geomspace(max(kappa_min, 0.3), 0.8 * kappa_max, N_START_KAPPA),
    )
    limits = np.array([[-np.inf, np.inf], [kappa_min, kappa_max]])
    doubled = np.deg2rad(2.0 * orientation_deg)
    found = search_curves(
        rate_hz[is_usable], doubled, shape, start, limits, is_baseline_free=is_baseline_free
    )
    fitted[is_usable] = found[:, [0, 1, 3, 4]]
    return fitted


def kappa_limits(
    orientation_deg: NDArray[np.float64], shape: CurveShape = CurveShape.VON_MISES
) -> tuple[float, float]:
    """Lowest and highest kappa that these orientations can tell, as in `fit_tuning`.

    >>> [round(kappa, 1) for kappa in kappa_limits(np.arange(12) * 15.0)]
    [0.1, 31.7]
    """
    ascending = np.unique(orientation_deg % ORIENTATION_PERIOD_DEG)
    around = np.append(ascending, ascending[0] + ORIENTATION_PERIOD_DEG)
    narrowest = np.deg2rad(2.0 * NARROWEST_SHARE_OF_SPACING * np.median(np.diff(around)))
    if shape is CurveShape.WRAPPED_GAUSSIAN:
        return GAUSSIAN_KAPPA_MIN, float(2.0 * np.log(2.0) / narrowest**2)
    return KAPPA_MIN, float(np.log(2.0) / (1.0 - np.cos(narrowest)))


def half_width_deg(
    kappa: NDArray[np.float64], shape: CurveShape = CurveShape.VON_MISES
) -> NDArray[np.float64]:
    """Half width at half height above baseline of curves of given kappa.

    Parameters
    ----------
    kappa : (n_unit,)
    shape : von Mises or wrapped Gaussian

    Returns
    -------
    (n_unit,) deg, in (0, 90), NaN where the curve never falls to half its height

    Examples
    --------
    >>> half_width_deg(np.array([2.0, 0.2])).round(3).tolist()
    [24.6, nan]
    """
    if shape is CurveShape.VON_MISES:
        with np.errstate(invalid="ignore"):
            return np.rad2deg(np.arccos(1.0 - np.log(2.0) / kappa)) / 2.0
    # No closed form with images: where the curve, falling from 0 to pi, crosses half its height.
    low, high = np.zeros_like(kappa), np.full_like(kappa, np.pi)
    at_zero = lobe_slopes(np.array([0.0, np.pi]), low, kappa, int(shape))[0]
    for _ in range(N_BISECTIONS):
        middle = (low + high) / 2.0
        is_above = _height_at(middle, kappa, shape) > at_zero[:, 0] / 2.0
        low, high = np.where(is_above, middle, low), np.where(is_above, high, middle)
    return np.where(at_zero[:, 1] < at_zero[:, 0] / 2.0, np.rad2deg(low) / 2.0, np.nan)


def _height_at(
    away: NDArray[np.float64], kappa: NDArray[np.float64], shape: CurveShape
) -> NDArray[np.float64]:
    return lobe_slopes(np.zeros(1), -away, kappa, int(shape))[0, :, 0]
