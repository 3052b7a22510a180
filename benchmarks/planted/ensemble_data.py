"""Populations with planted correlations, switching, drift and modulation.

Rates are log-normal, selectivity anything from 0 to 1, tuning broad and sharp, counts more
variable than Poisson (Fano factors of 1 to 2 at usual counts); half of the data sets have
unequally many trials of each orientation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.responses import EpochResponses
from ketacortex.analyse.switch import SwitchRule

ORIENTATION_DEG = np.arange(12) * 15.0
OWN_EXCESS = 0.1
"""Squared variation of the gain of one unit alone."""
BORDER_HZ = SwitchRule().active_above_hz


def tuned_rates(rng: np.random.Generator, n_units: int) -> NDArray[np.float64]:
    """Mean counts in a second, (n_unit, n_orientation)."""
    preferred_deg = rng.uniform(0.0, 180.0, (n_units, 1))
    kappa = np.exp(rng.uniform(np.log(0.3), np.log(8.0), (n_units, 1)))
    osi = rng.beta(2.0, 2.0, (n_units, 1))
    mean_hz = np.exp(rng.normal(1.0, 0.9, (n_units, 1)))
    floor = np.exp(-2.0 * kappa)
    baseline = np.maximum(((1.0 - floor) / osi - (1.0 + floor)) / 2.0, 0.0)
    turn = np.cos(np.deg2rad(2.0 * (ORIENTATION_DEG - preferred_deg))) - 1.0
    rate_hz = baseline + np.exp(kappa * turn)
    return rate_hz / rate_hz.mean(axis=1, keepdims=True) * mean_hz


def design(rng: np.random.Generator, fewest: int, most: int) -> NDArray[np.int64]:
    """Condition of each trial in random order, balanced in half of the calls."""
    n_trials = np.full(12, rng.integers(fewest, most + 1))
    if rng.random() < 0.5:
        n_trials = rng.integers(fewest, most + 1, 12)
    return rng.permutation(np.repeat(np.arange(12), n_trials))


def counts_of(
    rng: np.random.Generator, expected: NDArray[np.float64], loading: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Poisson counts with a gain of each unit and gains that units share, mean 1 each.

    `loading` is (n_unit, n_shared): standard deviation of the logarithm of each shared gain.
    """
    shared = rng.normal(size=(loading.shape[1], expected.shape[1]))
    gain = np.exp(loading @ shared - 0.5 * (loading**2).sum(axis=1, keepdims=True))
    own = rng.gamma(1.0 / OWN_EXCESS, OWN_EXCESS, expected.shape)
    return rng.poisson(expected * gain * own).astype(float)


def covariance_of(mean: NDArray[np.float64], loading: NDArray[np.float64]) -> NDArray[np.float64]:
    """Covariance of `counts_of` with these means, (n_unit, n_unit)."""
    square = np.exp(loading @ loading.T)
    own = np.diag(mean + OWN_EXCESS * mean**2 * np.diag(square))
    return np.outer(mean, mean) * (square - 1.0) + own


def loadings(rng: np.random.Generator, n_units: int, size: float) -> NDArray[np.float64]:
    return np.abs(rng.normal(0.0, size, (n_units, 2)))


def alone(n_units: int) -> NDArray[np.float64]:
    return np.zeros((n_units, 1))


def responses_of(
    counts: NDArray[np.float64],
    condition: NDArray[np.int64],
    blank_counts: NDArray[np.float64] | None = None,
) -> EpochResponses:
    blank_counts = np.zeros((len(counts), 0)) if blank_counts is None else blank_counts
    n_trials, n_blanks = len(condition), blank_counts.shape[1]
    return EpochResponses(
        epoch="epoch",
        counts=counts,
        onset_s=2.0 * np.arange(n_trials),
        duration_s=np.ones(n_trials),
        orientation_deg=ORIENTATION_DEG[condition],
        condition=condition,
        is_for_tuning=np.ones(n_trials, bool),
        blank_counts=blank_counts,
        blank_onset_s=2.0 * np.arange(n_blanks),
        blank_duration_s=np.ones(n_blanks),
    )


def contains(
    low: NDArray[np.float64], truth: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.bool_]:
    is_measured = np.isfinite(low)
    return ((low <= truth) & (truth <= high))[is_measured]


def drifting(
    rng: np.random.Generator, percent_per_min: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    rates = tuned_rates(rng, len(percent_per_min))
    condition = design(rng, 8, 20)
    onset_s = 2.0 * np.arange(len(condition))
    time_min = (onset_s - onset_s.mean()) / 60.0
    drift = np.maximum(1.0 + percent_per_min[:, None] / 100.0 * time_min, 0.0)
    counts = counts_of(rng, rates[:, condition] * drift, alone(len(rates)))
    return counts, onset_s, condition
