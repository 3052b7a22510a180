"""Contrast response at the preferred orientation, and the Naka-Rushton curve through it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.curve_errors import UnitIntervals, error_of_moved, measured_means
from ketacortex.analyse.curve_search import search_curves
from ketacortex.analyse.curve_shapes import CurveShape
from ketacortex.errors import DataError
from ketacortex.units import orientation_distance_deg

MIN_CONTRASTS = 3
MIN_FIT_CONTRASTS = 5
"""The curve has 4 parameters; with no more contrasts than that nothing speaks against it."""
EXPONENT_LIMITS = (0.5, 8.0)
N_START_C50 = 24
N_START_EXPONENT = 6
AT_LIMIT = 1.001
SAME_DEG = 1e-6

# The domain in which the interval of c50 was found to cover 92 to 98 %.
MIN_TRIALS = 5
MIN_SPIKES = 40
MIN_MODULATION = 5.0
"""Height of the fitted curve over the contrasts shown, in standard errors."""
MAX_LOG_C50_ERROR = 0.35
MIN_EXPONENT = 1.5
"""Shallower curves trade c50 against r_max. A curve of true exponent 1 that noise lifts over this
covers 80 %; from 2 on it is 94 to 97 %, with a grey screen among the contrasts."""


@dataclass(frozen=True, kw_only=True)
class ContrastResponse:
    """Mean rate by contrast at the orientation nearest to the preferred one.

    Parameters
    ----------
    contrast : (n_contrast,) ascending
    rate_hz, standard_error_hz : (n_unit, n_contrast) Hz
        NaN where a unit has no preferred orientation or it was not shown at that contrast.
    baseline_hz, r_max_hz : (n_unit,) Hz, of the Naka-Rushton curve
    c50, exponent : (n_unit,)
        All four NaN where the curve is not determined: fewer than 5 contrasts, a flat response,
        c50 outside the contrasts shown, or an exponent at 0.5 or 8.
    c50_interval : UnitIntervals
        NaN also with fewer than 5 trials a contrast, 40 spikes, a rise of 5 standard errors, an
        exponent below 1.5, or where c50 is not known to a factor of e^0.35.
    """

    contrast: NDArray[np.float64]
    rate_hz: NDArray[np.float64]
    standard_error_hz: NDArray[np.float64]
    baseline_hz: NDArray[np.float64]
    r_max_hz: NDArray[np.float64]
    c50: NDArray[np.float64]
    exponent: NDArray[np.float64]
    c50_interval: UnitIntervals


def contrast_response(
    counts: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    orientation_deg: NDArray[np.float64],
    contrast: NDArray[np.float64],
    preferred_orientation_deg: NDArray[np.float64],
) -> ContrastResponse:
    """Contrast response of every unit at its preferred orientation.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    duration_s : (n_trial,) s
    orientation_deg : (n_trial,) deg, not used where the contrast is 0
    contrast : (n_trial,) not negative, in any unit
    preferred_orientation_deg : (n_unit,) deg, NaN where there is none

    Returns
    -------
    ContrastResponse

    Raises
    ------
    DataError
        With fewer than 3 contrasts.

    Notes
    -----
    ``r(c) = b + r_max c^n / (c^n + c50^n)``, b and r_max not negative, n from 0.5 to 8, by least
    squares on the means. Trials of contrast 0 count for every orientation. The interval of c50
    moves each mean by its error (`error_of_moved`) and is Student's t on log c50.

    References
    ----------
    Naka and Rushton (1966) 10.1113/jphysiol.1966.sp008003; Albrecht and Hamilton (1982)
    10.1152/jn.1982.48.1.217
    """
    contrasts = np.unique(contrast)
    if len(contrasts) < MIN_CONTRASTS:
        raise DataError(
            f"a contrast response needs {MIN_CONTRASTS} contrasts and this recording shows "
            f"{len(contrasts)}. Nothing was computed."
        )
    n_units, n_contrasts = len(counts), len(contrasts)
    rate_hz, error_hz = np.full((2, n_units, n_contrasts), np.nan)
    curves = np.full((n_units, 1 + 2 * n_contrasts, 5), np.nan)
    n_trials = np.ones((n_units, n_contrasts))
    n_spikes = np.zeros(n_units)
    nearest = _by_orientation(orientation_deg, contrast, preferred_orientation_deg)
    for orientation, members in nearest:
        apart_deg = orientation_distance_deg(orientation_deg, orientation)
        trials = (apart_deg < SAME_DEG) | (contrast == 0)
        shown, which = np.unique(contrast[trials], return_inverse=True)
        means = measured_means(counts[members][:, trials], duration_s[trials], which, shown)
        place = np.searchsorted(contrasts, shown)
        rate_hz[np.ix_(members, place)] = means.rate_hz
        error_hz[np.ix_(members, place)] = means.standard_error_hz
        n_trials[np.ix_(members, place)] = means.n_trials
        n_spikes[members] = means.n_spikes
        if len(shown) == n_contrasts >= MIN_FIT_CONTRASTS:
            moved_hz = means.moved()
            moved_hz[:, 1:] = np.where(
                np.isfinite(moved_hz[:, 1:]), moved_hz[:, 1:], means.rate_hz[:, None]
            )
            found = _fit(moved_hz.reshape(-1, n_contrasts), contrasts)
            curves[members] = found.reshape(len(members), -1, 5)
    return _describe(contrasts, rate_hz, error_hz, n_trials, n_spikes, curves)


def _by_orientation(
    orientation_deg: NDArray[np.float64],
    contrast: NDArray[np.float64],
    preferred_deg: NDArray[np.float64],
) -> list[tuple[float, NDArray[np.intp]]]:
    """Each orientation shown, with the units whose preferred orientation is nearest to it."""
    shown_deg = np.unique(np.round(orientation_deg[contrast > 0] % 180.0, 6) % 180.0)
    has_one = np.isfinite(preferred_deg)
    apart_deg = orientation_distance_deg(np.where(has_one, preferred_deg, 0.0)[:, None], shown_deg)
    nearest = np.argmin(apart_deg, axis=1)
    pairs = [
        (float(shown), np.flatnonzero(has_one & (nearest == i)))
        for i, shown in enumerate(shown_deg)
    ]
    return [(shown, members) for shown, members in pairs if len(members)]


def _fit(rate_hz: NDArray[np.float64], contrasts: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.full((len(rate_hz), 5), np.nan)
    is_usable = np.isfinite(rate_hz).all(axis=1) & (rate_hz > 0).any(axis=1)
    with np.errstate(divide="ignore"):
        x = np.log(contrasts)
    lowest, highest = x[np.isfinite(x)][[0, -1]]
    start = (
        np.linspace(lowest, highest, N_START_C50),
        np.geomspace(*EXPONENT_LIMITS, N_START_EXPONENT),
    )
    limits = np.array([[lowest, highest], EXPONENT_LIMITS])
    found[is_usable] = search_curves(rate_hz[is_usable], x, CurveShape.NAKA_RUSHTON, start, limits)
    return found


def _describe(
    contrasts: NDArray[np.float64],
    rate_hz: NDArray[np.float64],
    error_hz: NDArray[np.float64],
    n_trials: NDArray[np.float64],
    n_spikes: NDArray[np.float64],
    curves: NDArray[np.float64],
) -> ContrastResponse:
    baseline, r_max, _, log_c50, exponent = curves[:, 0].T
    shown = contrasts[contrasts > 0]
    low, high = EXPONENT_LIMITS
    is_fixed = (exponent > low * AT_LIMIT) & (exponent * AT_LIMIT < high)
    is_fixed &= r_max > 1e-9 * baseline
    is_fixed &= (log_c50 > np.log(shown[0] * AT_LIMIT)) & (log_c50 < np.log(shown[-1] / AT_LIMIT))
    error, critical = error_of_moved(curves[:, :, 3], n_trials.min(axis=0))
    rise = curves[:, :, 1] / (1.0 + np.exp(curves[:, :, 4] * (curves[:, :, 3] - np.log(shown[-1]))))
    rise_error = error_of_moved(rise, n_trials.min(axis=0))[0]
    is_measured = (n_trials.min(axis=1) >= MIN_TRIALS) & (n_spikes >= MIN_SPIKES)
    is_measured &= np.isfinite(error_hz).all(axis=1) & is_fixed & (error <= MAX_LOG_C50_ERROR)
    is_measured &= (rise[:, 0] >= MIN_MODULATION * rise_error) & (exponent >= MIN_EXPONENT)
    c50 = np.exp(log_c50)
    with np.errstate(over="ignore"):
        interval = UnitIntervals(
            estimate=c50,
            standard_error=c50 * error,
            low=c50 * np.exp(-critical * error),
            high=c50 * np.exp(critical * error),
        )
    return ContrastResponse(
        contrast=contrasts,
        rate_hz=rate_hz,
        standard_error_hz=error_hz,
        baseline_hz=np.where(is_fixed, baseline, np.nan),
        r_max_hz=np.where(is_fixed, r_max, np.nan),
        c50=np.where(is_fixed, c50, np.nan),
        exponent=np.where(is_fixed, exponent, np.nan),
        c50_interval=interval.within(is_measured),
    )
