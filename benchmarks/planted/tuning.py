"""Tuned units with known curves, from heterogeneous populations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.planted.entry import Estimator, NullTest
from ketacortex.analyse.gosi_error import cross_validated_gosi, gosi_interval
from ketacortex.analyse.tuning import TuningFit, fit_tuning, gosi, mean_rates, tuning_p_value
from ketacortex.analyse.tuning_errors import Limits, TuningIntervals, tuning_intervals
from ketacortex.units import orientation_difference_deg

ORIENTATION_DEG = np.arange(12) * 15.0
DURATION_S = 0.5
OVERDISPERSION = 0.15
N_UNITS = 40


@dataclass(frozen=True)
class Units:
    """Units and the trials that they were shown.

    Parameters
    ----------
    preferred_deg, kappa : (n_unit,)
    rate_hz : (n_unit, n_orientation) Hz, true
    counts : (n_unit, n_trial) spikes
    shown_deg : (n_trial,) deg
    """

    preferred_deg: NDArray[np.float64]
    kappa: NDArray[np.float64]
    rate_hz: NDArray[np.float64]
    counts: NDArray[np.float64]
    shown_deg: NDArray[np.float64]

    @property
    def n_trials(self) -> NDArray[np.int64]:
        """Of each orientation."""
        return np.unique(self.shown_deg, return_counts=True)[1]

    def means(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Rates, standard errors and orientations."""
        return mean_rates(self.counts, np.full(len(self.shown_deg), DURATION_S), self.shown_deg)


def units(
    rng: np.random.Generator, *, n_repeats: int = 16, least_osi: float = 0.0, most_osi: float = 1.0
) -> Units:
    """Units of log-normal rates, half-widths and OSI; one orientation shown a few times less."""
    preferred_deg = rng.uniform(0.0, 180.0, N_UNITS)
    kappa = np.exp(rng.normal(0.6, 0.6, N_UNITS)).clip(0.3, 6.0)
    osi = least_osi + (most_osi - least_osi) * rng.beta(2.0, 2.0, N_UNITS)
    osi = np.minimum(osi, np.tanh(kappa))
    turn = np.cos(np.deg2rad(2.0 * (ORIENTATION_DEG - preferred_deg[:, None]))) - 1.0
    floor = np.exp(-2.0 * kappa)
    baseline = ((1.0 - floor) / np.maximum(osi, 1e-9) - (1.0 + floor)) / 2.0
    curve = baseline[:, None] + np.exp(kappa[:, None] * turn)
    mean_hz = np.exp(rng.normal(1.8, 0.8, N_UNITS))
    rate_hz = curve / curve.mean(axis=1, keepdims=True) * mean_hz[:, None]
    return _shown(rng, preferred_deg, kappa, rate_hz, n_repeats)


def _shown(
    rng: np.random.Generator,
    preferred_deg: NDArray[np.float64],
    kappa: NDArray[np.float64],
    rate_hz: NDArray[np.float64],
    n_repeats: int,
) -> Units:
    repeats = np.full(12, n_repeats)
    repeats[rng.integers(12)] -= 3
    expected = np.repeat(rate_hz * DURATION_S, repeats, axis=1)
    shape = 1.0 / OVERDISPERSION
    gain = rng.gamma(shape, OVERDISPERSION, expected.shape)
    counts = rng.poisson(expected * gain).astype(float)
    return Units(preferred_deg, kappa, rate_hz, counts, np.repeat(ORIENTATION_DEG, repeats))


def _measured(of: Units) -> tuple[TuningFit, TuningIntervals]:
    rate_hz, error_hz, shown_deg = of.means()
    fit = fit_tuning(rate_hz, shown_deg)
    spikes = of.counts.sum(axis=1)
    return fit, tuning_intervals(fit, rate_hz, error_hz, shown_deg, of.n_trials, spikes)


def _hits(limits: Limits, truth: NDArray[np.float64]) -> NDArray[np.bool_]:
    is_given = np.isfinite(limits.low) & np.isfinite(truth)
    return ((limits.low <= truth) & (truth <= limits.high))[is_given]


def _covers_preferred(rng: np.random.Generator) -> NDArray[np.bool_]:
    of = units(rng)
    limits = _measured(of)[1].preferred_orientation_deg
    return _hits(limits, limits.value + orientation_difference_deg(of.preferred_deg, limits.value))


def _covers_osi(rng: np.random.Generator) -> NDArray[np.bool_]:
    of = units(rng, least_osi=0.2)
    return _hits(_measured(of)[1].osi, fit_tuning(of.rate_hz, ORIENTATION_DEG).osi)


def _covers_half_width(rng: np.random.Generator) -> NDArray[np.bool_]:
    of = units(rng)
    # A curve of kappa below ln 2 / 2 never falls to half its height.
    fallen = np.minimum(np.log(2.0) / of.kappa, 2.0)
    truth_deg = np.rad2deg(np.arccos(1.0 - fallen)) / 2.0
    return _hits(_measured(of)[1].half_width_deg, np.where(fallen < 2.0, truth_deg, np.nan))


def _gosi_covers(
    **about: float,
) -> Callable[[np.random.Generator], NDArray[np.bool_]]:
    def covers(rng: np.random.Generator) -> NDArray[np.bool_]:
        of = units(rng, n_repeats=12, **about)
        limits = gosi_interval(*of.means(), of.n_trials, of.counts.sum(axis=1))
        return _hits(limits, gosi(of.rate_hz, ORIENTATION_DEG))

    return covers


def _covers_shift(rng: np.random.Generator) -> NDArray[np.bool_]:
    """Signed shift of each unit between two epochs, by both standard errors."""
    first = units(rng)
    shift_deg = rng.normal(0.0, 10.0, N_UNITS)
    moved_deg = first.preferred_deg + shift_deg
    turn = np.array(
        [
            np.interp(
                (ORIENTATION_DEG - moved) % 180.0,
                np.arange(181.0),
                _fine_curve(first, i),
            )
            for i, moved in enumerate(moved_deg)
        ]
    )
    second = _shown(rng, moved_deg, first.kappa, turn, 16)
    one, two = (_measured(of)[1].preferred_orientation_deg for of in (first, second))
    found_deg = orientation_difference_deg(two.value, one.value)
    half_deg = np.hypot((one.high - one.low) / 2.0, (two.high - two.low) / 2.0)
    is_given = np.isfinite(half_deg)
    error_deg = np.abs(orientation_difference_deg(found_deg, shift_deg))
    return (error_deg <= half_deg)[is_given]


def _fine_curve(of: Units, unit: int) -> NDArray[np.float64]:
    """True rate of a unit at each degree from its preference, (181,) Hz."""
    angle_deg = np.arange(181.0)
    basis = np.exp(of.kappa[unit] * (np.cos(np.deg2rad(2.0 * angle_deg)) - 1.0))
    turn = np.cos(np.deg2rad(2.0 * (ORIENTATION_DEG - of.preferred_deg[unit]))) - 1.0
    shown = np.exp(of.kappa[unit] * turn)
    amplitude, baseline = np.polyfit(shown, of.rate_hz[unit], 1)
    return baseline + amplitude * basis


def _untuned(rng: np.random.Generator) -> Units:
    mean_hz = np.exp(rng.normal(1.5, 1.0, N_UNITS))
    rate_hz = np.repeat(mean_hz[:, None], 12, axis=1)
    return _shown(rng, np.zeros(N_UNITS), np.ones(N_UNITS), rate_hz, 12)


def _p_of_tuning(rng: np.random.Generator) -> NDArray[np.float64]:
    of = _untuned(rng)
    p_value = tuning_p_value(of.counts, of.shown_deg)
    return p_value[np.isfinite(p_value)]


def _p_of_sign(rng: np.random.Generator) -> NDArray[np.float64]:
    """Whether the squares of cross-validated gOSI of untuned units have a mean of 0."""
    from ketacortex.analyse.statistics import NotComputed, mean_interval

    of = _untuned(rng)
    found = cross_validated_gosi(*of.means())
    square = (np.sign(found) * found**2)[np.isfinite(found) & (of.counts.sum(axis=1) >= 50)]
    # Of its own standard error each, so that the noisiest unit does not carry the mean.
    weight = of.counts.sum(axis=1)[np.isfinite(found) & (of.counts.sum(axis=1) >= 50)]
    interval = mean_interval(square * weight)
    return np.empty(0) if isinstance(interval, NotComputed) else np.array([interval.p_value])


_DOMAIN = "16 repeats of 12 orientations, 100 spikes or more, Fano 1-3, "
ESTIMATORS = (
    Estimator(
        name="preferred_orientation",
        domain=_DOMAIN + "amplitude above 3 standard errors, fitted half-width above 1.1 steps",
        covers=_covers_preferred,
    ),
    Estimator(
        name="osi",
        domain=_DOMAIN + "OSI 0.2-1, amplitude above 3 standard errors, fitted half-width above "
        "1.1 steps",
        covers=_covers_osi,
    ),
    Estimator(
        name="half_width",
        domain=_DOMAIN + "as preferred_orientation, and the interval inside the widths that can be "
        "fitted",
        covers=_covers_half_width,
    ),
    Estimator(
        name="gosi",
        domain="12 repeats of 12 orientations, 50 spikes or more, any selectivity",
        covers=_gosi_covers(),
    ),
    Estimator(
        name="gosi_near_zero",
        domain="12 repeats of 12 orientations, 50 spikes or more, OSI 0-0.1",
        covers=_gosi_covers(most_osi=0.1),
    ),
    Estimator(
        name="preferred_orientation_shift",
        domain=_DOMAIN + "in both epochs, each as preferred_orientation",
        covers=_covers_shift,
    ),
)
TESTS = (
    NullTest(
        name="tuning_p_value",
        null="untuned units of 0.5 to 50 spikes a trial, 12 repeats of 12 orientations",
        p_values=_p_of_tuning,
    ),
    NullTest(
        name="cross_validated_gosi",
        null="mean of its signed squares over untuned units",
        p_values=_p_of_sign,
    ),
)
