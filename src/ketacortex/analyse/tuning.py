"""Orientation tuning: condition means, fitted curves, selectivity and its significance.

Symbols: theta = orientation, mu = preferred orientation, kappa = concentration, b = baseline,
a = amplitude. All angles here are axial: theta and theta + 180 degrees are the same grating.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ketacortex.analyse.angles import ORIENTATION_PERIOD_DEG, distinct_angles, pool_angles
from ketacortex.analyse.curve_shapes import CurveShape, lobe_slopes
from ketacortex.analyse.orientation_curve import half_width_deg, orientation_curves
from ketacortex.errors import DataError

MIN_ORIENTATIONS = 4
"""Fewer orientations than the curve has parameters cannot fix it."""
FLAT_SHARE = 1e-12
"""An amplitude of this share of the baseline is rounding."""


@dataclass(frozen=True, kw_only=True)
class TuningFit:
    """Fitted tuning curves, one entry a curve; NaN where a unit was silent.

    Parameters
    ----------
    baseline_hz, amplitude_hz : (n_unit,) Hz, b and a of `fit_tuning`, never negative
    kappa : (n_unit,)
    preferred_orientation_deg : (n_unit,) deg, in [0, 180)
    osi : (n_unit,) (R_pref - R_orth) / (R_pref + R_orth) of the fitted curve
    half_width_deg : (n_unit,) deg
        Half width at half height above baseline; NaN where the curve never falls so far.
    r_squared : (n_unit,) share of the variance of the condition means that the curve explains
    """

    baseline_hz: NDArray[np.float64]
    amplitude_hz: NDArray[np.float64]
    kappa: NDArray[np.float64]
    preferred_orientation_deg: NDArray[np.float64]
    osi: NDArray[np.float64]
    half_width_deg: NDArray[np.float64]
    r_squared: NDArray[np.float64]


def mean_rates(
    counts: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    orientation_deg: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean rate of every unit at every orientation, with its standard error.

    Trials may differ in duration: the mean is spikes over seconds, not a mean of rates.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    duration_s : (n_trial,) s
    orientation_deg : (n_trial,) deg, without NaN

    Returns
    -------
    rate_hz : (n_unit, n_orientation) Hz
    standard_error_hz : (n_unit, n_orientation) Hz, NaN with a single trial
    orientations_deg : (n_orientation,) deg, ascending

    Examples
    --------
    >>> rate_hz, _, shown = mean_rates(np.array([[2.0, 4.0, 3.0]]), np.array([0.5, 0.5, 1.0]),
    ...                                np.array([0.0, 0.0, 90.0]))
    >>> rate_hz.tolist(), shown.tolist()
    ([[6.0, 3.0]], [0.0, 90.0])
    """
    orientations_deg, which = distinct_angles(orientation_deg, ORIENTATION_PERIOD_DEG)
    member = (which[:, None] == np.arange(len(orientations_deg))).astype(float)
    n_trials = member.sum(axis=0)
    rate_hz = counts @ member / (duration_s @ member)
    # Deviation of each trial from what its own duration leads to expect.
    deviation_hz = (counts - rate_hz[:, which] * duration_s) / duration_s
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = deviation_hz**2 @ member / (n_trials - 1)
        standard_error_hz = np.sqrt(variance / n_trials)
    return rate_hz, standard_error_hz, orientations_deg


def fit_tuning(
    rate_hz: NDArray[np.float64],
    orientation_deg: NDArray[np.float64],
    shape: CurveShape = CurveShape.VON_MISES,
) -> TuningFit:
    """Least-squares tuning curves of many units at once.

    For given (mu, kappa) the best b and a, neither negative, are known in closed form; so a
    grid over (mu, kappa) finds the basin and damped Gauss-Newton steps on the two remaining
    parameters finish it. Each orientation counts once, however often it was shown: columns that
    are the same orientation (0 and 180) are averaged first.

    Parameters
    ----------
    rate_hz : (n_unit, n_orientation) Hz, condition means
    orientation_deg : (n_orientation,) deg, not necessarily equally spaced
    shape : von Mises or wrapped Gaussian

    Returns
    -------
    TuningFit
        NaN throughout for a silent unit or one with a missing rate. A unit that fires the same
        at every orientation has `osi` 0 and no preferred orientation.

    Raises
    ------
    DataError
        With fewer than 4 orientations.

    Notes
    -----
    ::

        r(theta) = b + a exp(kappa (cos 2(theta - mu) - 1)),   a >= 0, b >= 0
        r(theta) = b + a sum_m exp(-kappa (2(theta - mu) + 2 pi m)^2 / 2)

    The second is the wrapped Gaussian, of standard deviation 1 / (2 sqrt(kappa)) radians of
    orientation; its images stand for what a Gaussian would do across the 180 degrees.

    Limits: kappa runs from 0.1 (Gaussian 0.3) to the value whose half-width is 0.4 of the median
    step between orientations (about 32 with twelve orientations, 14 with eight): a narrower curve
    would lie between two orientations and its height would be anybody's guess.

    References
    ----------
    Swindale (1998) 10.1007/s004220050411, for the curves; Golub and Pereyra (1973)
    10.1137/0710036, for eliminating b and a.

    Examples
    --------
    >>> shown_deg = np.arange(6) * 30.0
    >>> rate_hz = 2.0 + 8.0 * np.exp(2.0 * (np.cos(np.deg2rad(2.0 * (shown_deg - 60.0))) - 1.0))
    >>> fit = fit_tuning(rate_hz[None], shown_deg)
    >>> round(float(fit.preferred_orientation_deg[0]), 3), round(float(fit.baseline_hz[0]), 3)
    (60.0, 2.0)
    """
    rate_hz, orientation_deg = pool_angles(rate_hz, orientation_deg, ORIENTATION_PERIOD_DEG)
    _require_orientations(orientation_deg)
    found = orientation_curves(rate_hz, orientation_deg, shape)
    return _describe(found, rate_hz, np.deg2rad(2.0 * orientation_deg), shape)


def _require_orientations(orientation_deg: NDArray[np.float64]) -> None:
    n_orientations = len(orientation_deg)
    if n_orientations < MIN_ORIENTATIONS:
        raise DataError(
            f"a tuning curve has 4 parameters and this recording shows {n_orientations} "
            f"orientations; at least {MIN_ORIENTATIONS} are needed. Nothing was fitted."
        )


def _describe(
    fitted: NDArray[np.float64],
    rate_hz: NDArray[np.float64],
    doubled: NDArray[np.float64],
    shape: CurveShape,
) -> TuningFit:
    baseline, amplitude, mu, kappa = fitted.T
    is_flat = amplitude <= FLAT_SHARE * baseline
    height = lobe_slopes(doubled, mu, kappa, int(shape))[0]
    curve = baseline[:, None] + amplitude[:, None] * height
    peak, trough = lobe_slopes(np.array([0.0, np.pi]), np.zeros_like(kappa), kappa, int(shape))[0].T
    with np.errstate(invalid="ignore", divide="ignore"):
        osi = amplitude * (peak - trough) / (2.0 * baseline + amplitude * (peak + trough))
        spread = ((rate_hz - rate_hz.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
        r_squared = 1.0 - ((rate_hz - curve) ** 2).sum(axis=1) / spread
    return TuningFit(
        baseline_hz=baseline,
        amplitude_hz=amplitude,
        kappa=np.where(is_flat, np.nan, kappa),
        preferred_orientation_deg=np.where(is_flat, np.nan, wrap_orientation_deg(mu)),
        osi=np.where(is_flat, 0.0, osi),
        half_width_deg=np.where(is_flat, np.nan, half_width_deg(kappa, shape)),
        r_squared=np.where(is_flat, np.nan, r_squared),
    )


def wrap_orientation_deg(doubled_angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Doubled angles in radians as orientations in [0, 180) degrees.

    >>> wrap_orientation_deg(np.array([-np.pi / 2, -1e-18])).tolist()
    [135.0, 0.0]
    """
    orientation_deg = np.rad2deg(doubled_angle) / 2.0 % 180.0
    return np.where(orientation_deg >= 180.0, 0.0, orientation_deg)


def gosi(rate_hz: NDArray[np.float64], orientation_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Global orientation selectivity, 1 - circular variance; NaN for a silent unit.

    Takes condition means, so that an orientation shown more often does not weigh more. Noise
    adds to it: a unit with few spikes looks selective, which is why it is read beside
    `tuning_p_value`.

    Parameters
    ----------
    rate_hz : (..., n_orientation) Hz
    orientation_deg : (n_orientation,) deg

    Returns
    -------
    (...) in [0, 1]

    Notes
    -----
    ``|sum r exp(2i theta)| / sum r``

    References
    ----------
    Ringach, Shapley and Hawken (2002) 10.1523/JNEUROSCI.22-13-05639.2002

    Examples
    --------
    >>> round(float(gosi(np.array([4.0, 2.0, 0.0, 2.0]), np.array([0.0, 45.0, 90.0, 135.0]))), 9)
    0.5
    """
    rate_hz, orientation_deg = pool_angles(rate_hz, orientation_deg, ORIENTATION_PERIOD_DEG)
    doubled = np.exp(2j * np.deg2rad(orientation_deg))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.abs(rate_hz @ doubled) / np.sum(rate_hz, axis=-1)


def tuning_p_value(
    counts: NDArray[np.float64],
    orientation_deg: NDArray[np.float64],
    in_sample: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Probability of so much orientation modulation from trials without any.

    Square roots of the counts are regressed on cos 2 theta and sin 2 theta; the F statistic has
    the mean and variance of its permutation distribution, and the root tames the skew of
    sparse counts, so that the test holds its size: over 144 untuned trials 0.05 gives 0.04 to
    0.055 from 0.05 to 20 spikes a trial, and less where a unit fires fewer than 5 in all.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    orientation_deg : (n_trial,) deg
    in_sample : (n_trial, n_sample), optional
        Sets of trials to test one by one; without it, all trials.

    Returns
    -------
    (n_unit,) or, with `in_sample`, (n_unit, n_sample)
        NaN where every count is the same or there are fewer than 4 trials.
    """
    sample = np.ones((counts.shape[1], 1), bool) if in_sample is None else in_sample
    root, doubled = np.sqrt(counts), np.deg2rad(2.0 * orientation_deg)
    basis = np.stack([np.cos(doubled), np.sin(doubled)])
    member = sample.astype(float)
    n_trials = member.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_basis = basis @ member / n_trials
        mean_root = root @ member / n_trials
        total = (root**2) @ member - n_trials * mean_root**2
        projection = [
            (root * b) @ member - n_trials * mean_root * m
            for b, m in zip(basis, mean_basis, strict=True)
        ]
        explained = _explained(projection, basis, member, mean_basis, n_trials)
        f_statistic = (explained / 2.0) / ((total - explained) / (n_trials - 3.0))
    enough = (total > 1e-9) & (n_trials > 3)
    p_value = np.where(enough, stats.f.sf(f_statistic, 2, np.maximum(n_trials - 3, 1)), np.nan)
    return p_value[:, 0] if in_sample is None else p_value


def _explained(
    projection: list[NDArray[np.float64]],
    basis: NDArray[np.float64],
    member: NDArray[np.float64],
    mean_basis: NDArray[np.float64],
    n_trials: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Sum of squares that the two regressors explain, (n_unit, n_sample)."""
    cc = basis[0] ** 2 @ member - n_trials * mean_basis[0] ** 2
    ss = basis[1] ** 2 @ member - n_trials * mean_basis[1] ** 2
    cs = (basis[0] * basis[1]) @ member - n_trials * mean_basis[0] * mean_basis[1]
    c, s = projection
    return (ss * c**2 - 2.0 * cs * c * s + cc * s**2) / (cc * ss - cs**2)
