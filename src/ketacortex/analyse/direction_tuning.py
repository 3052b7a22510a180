"""Direction tuning: curves with a lobe for each of two opposite directions, and their selectivity.

Symbols: phi = direction, mu = preferred direction, kappa = concentration of both lobes, b =
baseline, a and a' = amplitudes at mu and opposite to it. Directions live in [0, 360).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.angles import DIRECTION_PERIOD_DEG, pool_angles
from ketacortex.analyse.curve_search import search_curves
from ketacortex.analyse.curve_shapes import CurveShape, lobe_slopes
from ketacortex.errors import DataError

MIN_DIRECTIONS = 5
"""Fewer directions than the curve has parameters cannot fix it."""
KAPPA_MIN = 0.3
"""Below this two opposite lobes add up to a constant and cannot be told from the baseline."""
NARROWEST_SHARE_OF_SPACING = 0.4
"""Half-width of the narrowest lobe, as a share of the median step between directions."""
N_START_MU = 36
N_START_KAPPA = 6
SAME_DEG = 1.0
"""A direction this close to opposite of another is its opposite: sources round."""


@dataclass(frozen=True, kw_only=True)
class DirectionFit:
    """Fitted direction tuning curves, one entry a curve; NaN where a unit was silent.

    Parameters
    ----------
    baseline_hz, amplitude_hz, opposite_amplitude_hz : (n_unit,) Hz, b, a and a', never negative
    kappa : (n_unit,)
    preferred_direction_deg : (n_unit,) deg, in [0, 360)
    dsi : (n_unit,) (R_pref - R_null) / (R_pref + R_null) of the fitted curve, in [0, 1]
    r_squared : (n_unit,) share of the variance of the condition means that the curve explains
    """

    baseline_hz: NDArray[np.float64]
    amplitude_hz: NDArray[np.float64]
    opposite_amplitude_hz: NDArray[np.float64]
    kappa: NDArray[np.float64]
    preferred_direction_deg: NDArray[np.float64]
    dsi: NDArray[np.float64]
    r_squared: NDArray[np.float64]


def fit_direction_tuning(
    rate_hz: NDArray[np.float64],
    direction_deg: NDArray[np.float64],
    shape: CurveShape = CurveShape.VON_MISES,
) -> DirectionFit:
    """Least-squares direction tuning curves of many units at once.

    Parameters
    ----------
    rate_hz : (n_unit, n_direction) Hz, condition means
    direction_deg : (n_direction,) deg, not necessarily equally spaced
        Columns that are the same direction (0 and 360) are averaged first.
    shape : von Mises or wrapped Gaussian

    Returns
    -------
    DirectionFit
        NaN throughout for a silent unit or one with a missing rate. A unit that fires the same
        in every direction has `dsi` 0 and no preferred direction.

    Raises
    ------
    DataError
        With fewer than 5 directions.

    Notes
    -----
    ::

        r(phi) = b + a exp(kappa (cos(phi - mu) - 1)) + a' exp(-kappa (cos(phi - mu) + 1))

    with b, a and a' not negative and a >= a'. Kappa runs from 0.3 to the value whose half-width is
    0.4 of the median step between directions.

    References
    ----------
    Swindale (1998) 10.1007/s004220050411; Mazurek, Kager and Van Hooser (2014)
    10.3389/fncir.2014.00092, for two lobes of one width.

    Examples
    --------
    >>> shown_deg = np.arange(12) * 30.0
    >>> turn = np.cos(np.deg2rad(shown_deg - 220.0))
    >>> rate_hz = 1.0 + 6.0 * np.exp(3.0 * (turn - 1.0)) + 2.0 * np.exp(-3.0 * (turn + 1.0))
    >>> fit = fit_direction_tuning(rate_hz[None], shown_deg)
    >>> round(float(fit.preferred_direction_deg[0]), 3), round(float(fit.dsi[0]), 3)
    (220.0, 0.398)
    """
    rate_hz, direction_deg = pool_angles(rate_hz, direction_deg, DIRECTION_PERIOD_DEG)
    found = direction_parameters(rate_hz, direction_deg, shape)
    return _describe(found, rate_hz, np.deg2rad(direction_deg), shape)


def direction_parameters(
    rate_hz: NDArray[np.float64],
    direction_deg: NDArray[np.float64],
    shape: CurveShape = CurveShape.VON_MISES,
    *,
    is_baseline_free: bool = False,
) -> NDArray[np.float64]:
    """The parameters behind `fit_direction_tuning`, for directions that are all different.

    Parameters
    ----------
    rate_hz : (n_unit, n_direction) Hz
    direction_deg : (n_direction,) deg, distinct
    shape : von Mises or wrapped Gaussian
    is_baseline_free : whether b may be negative, as intervals want it

    Returns
    -------
    (n_unit, 5) b, a and a' in Hz, mu in radians, kappa; a is the larger of the two

    Raises
    ------
    DataError
        With fewer than 5 directions.
    """
    if len(direction_deg) < MIN_DIRECTIONS:
        raise DataError(
            f"a direction tuning curve has 5 parameters and this recording shows "
            f"{len(direction_deg)} directions; at least {MIN_DIRECTIONS} are needed. Nothing was "
            "fitted."
        )
    kappa_max = _largest_kappa(direction_deg, shape)
    # Half a turn of places is enough: the lobes have no order during the search.
    start = (
        np.arange(N_START_MU) * (np.pi / N_START_MU),
        np.geomspace(KAPPA_MIN, 0.8 * kappa_max, N_START_KAPPA),
    )
    limits = np.array([[-np.inf, np.inf], [KAPPA_MIN, kappa_max]])
    is_usable = np.isfinite(rate_hz).all(axis=1) & (rate_hz > 0).any(axis=1)
    found = np.full((len(rate_hz), 5), np.nan)
    found[is_usable] = search_curves(
        rate_hz[is_usable],
        np.deg2rad(direction_deg),
        shape,
        start,
        limits,
        n_lobes=2,
        is_baseline_free=is_baseline_free,
    )
    is_second = found[:, 2] > found[:, 1]
    found[is_second] = found[is_second][:, [0, 2, 1, 3, 4]]
    found[is_second, 3] += np.pi
    return found


def _largest_kappa(direction_deg: NDArray[np.float64], shape: CurveShape) -> float:
    ascending = np.unique(direction_deg % DIRECTION_PERIOD_DEG)
    around = np.append(ascending, ascending[0] + DIRECTION_PERIOD_DEG)
    narrowest = np.deg2rad(NARROWEST_SHARE_OF_SPACING * np.median(np.diff(around)))
    if shape is CurveShape.WRAPPED_GAUSSIAN:
        return float(2.0 * np.log(2.0) / narrowest**2)
    return float(np.log(2.0) / (1.0 - np.cos(narrowest)))


def _describe(
    found: NDArray[np.float64],
    rate_hz: NDArray[np.float64],
    phi: NDArray[np.float64],
    shape: CurveShape,
) -> DirectionFit:
    baseline, first, second, mu, kappa = found.T
    is_flat = first + second <= 1e-12 * baseline
    curve = (
        baseline[:, None]
        + first[:, None] * lobe_slopes(phi, mu, kappa, int(shape))[0]
        + second[:, None] * lobe_slopes(phi, mu + np.pi, kappa, int(shape))[0]
    )
    ends = lobe_slopes(np.array([0.0, np.pi]), np.zeros_like(kappa), kappa, int(shape))[0]
    near, far = ends.T
    with np.errstate(invalid="ignore", divide="ignore"):
        dsi = (first - second) * (near - far) / (2.0 * baseline + (first + second) * (near + far))
        spread = ((rate_hz - rate_hz.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
        r_squared = 1.0 - ((rate_hz - curve) ** 2).sum(axis=1) / spread
    return DirectionFit(
        baseline_hz=baseline,
        amplitude_hz=first,
        opposite_amplitude_hz=second,
        kappa=np.where(is_flat, np.nan, kappa),
        preferred_direction_deg=np.where(is_flat, np.nan, wrap_direction_deg(mu)),
        dsi=np.where(is_flat, 0.0, dsi),
        r_squared=np.where(is_flat, np.nan, r_squared),
    )


def wrap_direction_deg(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angles in radians as directions in [0, 360) degrees.

    >>> wrap_direction_deg(np.array([-np.pi / 2, -1e-18])).tolist()
    [270.0, 0.0]
    """
    direction_deg = np.rad2deg(angle) % DIRECTION_PERIOD_DEG
    return np.where(direction_deg >= DIRECTION_PERIOD_DEG, 0.0, direction_deg)


def dsi_of_means(
    rate_hz: NDArray[np.float64], direction_deg: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Direction selectivity of condition means, (R_pref - R_null) / (R_pref + R_null).

    R_pref is the largest mean and R_null that of the opposite direction: choosing the largest adds
    to the index where responses are noisy, which the index of the fitted curve suffers less.

    Parameters
    ----------
    rate_hz : (n_unit, n_direction) Hz
    direction_deg : (n_direction,) deg

    Returns
    -------
    (n_unit,) NaN for a silent unit, with a missing rate, or where the opposite was not shown

    Examples
    --------
    >>> dsi_of_means(np.array([[6.0, 1.0, 2.0, 1.0]]), np.arange(4) * 90.0).tolist()
    [0.5]
    """
    rate_hz, direction_deg = pool_angles(rate_hz, direction_deg, DIRECTION_PERIOD_DEG)
    is_usable = np.asarray(np.isfinite(rate_hz).all(axis=1) & (rate_hz > 0).any(axis=1))
    best = np.argmax(np.where(is_usable[:, None], rate_hz, 0.0), axis=1)
    apart_deg = (direction_deg[best][:, None] - direction_deg) % DIRECTION_PERIOD_DEG - 180.0
    null = np.argmin(np.abs(apart_deg), axis=1)
    unit = np.arange(len(rate_hz))
    is_usable = is_usable & (np.abs(apart_deg[unit, null]) <= SAME_DEG)
    largest, opposite = rate_hz[unit, best], rate_hz[unit, null]
    return np.divide(
        largest - opposite,
        largest + opposite,
        out=np.full(len(rate_hz), np.nan),
        where=is_usable,
    )


def vector_dsi(
    rate_hz: NDArray[np.float64], direction_deg: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Vector direction selectivity, 1 - circular variance over direction.

    Takes condition means; noise adds to it, as to `gosi`.

    Parameters
    ----------
    rate_hz : (..., n_direction) Hz
    direction_deg : (n_direction,) deg

    Returns
    -------
    (...) in [0, 1], NaN for a silent unit

    Notes
    -----
    ``|sum r exp(i phi)| / sum r``

    References
    ----------
    Mazurek, Kager and Van Hooser (2014) 10.3389/fncir.2014.00092

    Examples
    --------
    >>> round(float(vector_dsi(np.array([3.0, 1.0, 1.0, 1.0]), np.arange(4) * 90.0)), 9)
    0.333333333
    """
    rate_hz, direction_deg = pool_angles(rate_hz, direction_deg, DIRECTION_PERIOD_DEG)
    turn = np.exp(1j * np.deg2rad(direction_deg))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.abs(rate_hz @ turn) / np.sum(rate_hz, axis=-1)
