"""Intervals of preferred orientation, OSI and half-width, unit by unit, from trials.

They rest on how much the trials of each orientation differ, not on a model of spike counts. The
curve is here fitted with a baseline that may be negative: where the true baseline is 0 a bounded
one is pushed aside, and its interval with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.angles import ORIENTATION_PERIOD_DEG, distinct_angles
from ketacortex.analyse.curve_errors import (
    MeasuredMeans,
    UnitIntervals,
    error_of_moved,
    index_interval,
    measured_means,
)
from ketacortex.analyse.orientation_curve import half_width_deg, kappa_limits, orientation_curves
from ketacortex.analyse.tuning import wrap_orientation_deg

# The domain in which the intervals were found to cover 92 to 98 %: gamma-Poisson counts of Fano
# factor 1 to 2, kappa 0.3 to 8, 12 orientations.
MIN_ORIENTATIONS = 6
MIN_TRIALS = 5
"""Trials of every orientation."""
MIN_SPIKES = 40
"""Spikes of a unit in all trials."""
MIN_MODULATION = 5.0
"""Height of the curve above its trough, in standard errors of that height: below, the curve is
fitted to noise and its height is that of the luckiest place."""
MAX_LOG_KAPPA_ERROR = 1.0
"""A tighter rule, or one on kappa itself, would keep those broad curves that noise made narrow."""
AT_LIMIT = 1.001


@dataclass(frozen=True, kw_only=True)
class TuningErrors:
    """Intervals of orientation tuning, each NaN outside its own domain.

    Parameters
    ----------
    preferred_orientation_deg : deg
        The estimate is in [0, 180); the limits are not wrapped, so that low < high.
    osi : in [-1, 1]
    half_width_deg : deg; the upper limit is 90 where the curve may never fall to half its height
    modulation : (n_unit,) height of the curve above its trough, in standard errors
    """

    preferred_orientation_deg: UnitIntervals
    osi: UnitIntervals
    half_width_deg: UnitIntervals
    modulation: NDArray[np.float64]

    @property
    def is_valid(self) -> NDArray[np.bool_]:
        """Whether the unit has an interval of its preferred orientation, (n_unit,)."""
        return self.preferred_orientation_deg.is_valid


def tuning_errors(
    counts: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    orientation_deg: NDArray[np.float64],
) -> TuningErrors:
    """Intervals of 95 % for preferred orientation, OSI and half-width of every unit.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    duration_s : (n_trial,) s
    orientation_deg : (n_trial,) deg

    Returns
    -------
    TuningErrors
        NaN for a unit outside the domain: at least 5 trials of each of at least 6 orientations, 40
        spikes, a modulation of 5 standard errors, and a curve not at its narrowest. A half-width
        also needs a curve that falls to half its height and a kappa known to a factor of e; truly
        broader than 55 degrees, it is covered in 75 to 85 % only.

    Notes
    -----
    Each condition mean is moved by its standard error and the von Mises curve fitted again
    (`error_of_moved`); Student's t with the degrees of freedom of Satterthwaite. The scale is
    degrees for the preferred orientation, that of a proportion for OSI, and log kappa for the
    half-width.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> shown_deg = np.repeat(np.arange(12) * 15.0, 10)
    >>> rate = 1.0 + 9.0 * np.exp(2.0 * (np.cos(np.deg2rad(2.0 * (shown_deg - 70.0))) - 1.0))
    >>> found = tuning_errors(rng.poisson(rate)[None].astype(float), np.ones(120), shown_deg)
    >>> preferred_deg = found.preferred_orientation_deg
    >>> bool(preferred_deg.low[0] < 70.0 < preferred_deg.high[0])
    True
    """
    orientations_deg, which = distinct_angles(orientation_deg, ORIENTATION_PERIOD_DEG)
    means = measured_means(counts, duration_s, which, orientations_deg)
    is_measured = means.is_measured(MIN_ORIENTATIONS, MIN_TRIALS, MIN_SPIKES)
    found = _moved_curves(means, is_measured)
    baseline, amplitude, mu, kappa = np.moveaxis(found, 2, 0)
    floor = np.exp(-2.0 * kappa)
    height = amplitude * (1.0 - floor)
    error = error_of_moved(height, means.n_trials)[0]
    modulation = np.divide(height[:, 0], error, out=np.full(len(counts), np.nan), where=error > 0)
    kappa_max = kappa_limits(orientations_deg)[1] if is_measured.any() else np.inf
    with np.errstate(invalid="ignore"):
        is_tuned = (modulation >= MIN_MODULATION) & (kappa[:, 0] * AT_LIMIT < kappa_max)
    is_tuned &= is_measured
    return TuningErrors(
        preferred_orientation_deg=_orientation_interval(mu, means).within(is_tuned),
        osi=_osi_interval(height, 2.0 * baseline + amplitude * (1.0 + floor), means).within(
            is_tuned
        ),
        half_width_deg=_half_width_interval(kappa, means).within(is_tuned),
        modulation=modulation,
    )


def _moved_curves(means: MeasuredMeans, is_measured: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Parameters of the curve through the means and each of the moved ones, (n_unit, ., 4)."""
    n_units, n_orientations = means.rate_hz.shape
    found = np.full((n_units, 1 + 2 * n_orientations, 4), np.nan)
    if is_measured.any():
        moved_hz = means.moved()[is_measured].reshape(-1, n_orientations)
        curves = orientation_curves(moved_hz, means.angle_deg, is_baseline_free=True)
        found[is_measured] = curves.reshape(-1, 1 + 2 * n_orientations, 4)
    return found


def _orientation_interval(mu: NDArray[np.float64], means: MeasuredMeans) -> UnitIntervals:
    error, critical = error_of_moved(mu, means.n_trials, 2.0 * np.pi)
    error_deg = np.rad2deg(error) / 2.0
    estimate_deg = wrap_orientation_deg(mu[:, 0])
    return UnitIntervals(
        estimate=estimate_deg,
        standard_error=error_deg,
        low=estimate_deg - critical * error_deg,
        high=estimate_deg + critical * error_deg,
    )


def _osi_interval(
    height: NDArray[np.float64], both: NDArray[np.float64], means: MeasuredMeans
) -> UnitIntervals:
    osi = np.divide(height, both, out=np.full_like(height, np.nan), where=both > 0)
    error, critical = error_of_moved(osi, means.n_trials)
    low, high = index_interval(osi[:, 0], critical * error)
    return UnitIntervals(
        estimate=np.minimum(osi[:, 0], 1.0), standard_error=error, low=low, high=high
    )


def _half_width_interval(kappa: NDArray[np.float64], means: MeasuredMeans) -> UnitIntervals:
    error, critical = error_of_moved(np.log(kappa), means.n_trials)
    best = kappa[:, 0]
    with np.errstate(over="ignore"):
        narrowest = half_width_deg(best * np.exp(critical * error))
        broadest = half_width_deg(best * np.exp(-critical * error))
    estimate_deg = half_width_deg(best)
    # d log(half-width) / d log kappa, to bring the error of log kappa into degrees.
    angle = np.deg2rad(2.0 * estimate_deg)
    slope = np.divide(np.tan(angle / 2.0), angle, out=np.full_like(angle, np.nan), where=angle > 0)
    with np.errstate(invalid="ignore"):
        is_known = error <= MAX_LOG_KAPPA_ERROR
    return UnitIntervals(
        estimate=estimate_deg,
        standard_error=estimate_deg * slope * error,
        low=narrowest,
        high=np.where(np.isnan(broadest), 90.0, broadest),
    ).within(is_known)
