"""Overdispersed counts with known variability, alone and shared."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.planted.entry import Estimator, NullTest
from ketacortex.analyse.count_correlations import (
    mean_correlation,
    pair_correlations,
)
from ketacortex.analyse.fano_interval import fano_interval
from ketacortex.analyse.reliability import response_reliability
from ketacortex.analyse.shared_gain import gain_variance, shared_gain_variance
from ketacortex.analyse.variability import MIN_MEAN_COUNT

N_UNITS = 30
N_CONDITIONS = 12


def _means(rng: np.random.Generator, n_units: int = N_UNITS) -> NDArray[np.float64]:
    """Mean counts of heterogeneous units in every condition."""
    typical = np.exp(rng.normal(1.2, 0.8, (n_units, 1)))
    return typical * rng.gamma(3.0, 1.0 / 3.0, (n_units, N_CONDITIONS))


def _condition(n_repeats: int) -> NDArray[np.int64]:
    return np.repeat(np.arange(N_CONDITIONS), n_repeats)


def _counts(
    rng: np.random.Generator, mean: NDArray[np.float64], n_repeats: int, overdispersion: float
) -> NDArray[np.float64]:
    expected = np.repeat(mean, n_repeats, axis=1)
    if not overdispersion:
        return rng.poisson(expected).astype(float)
    gain = rng.gamma(1.0 / overdispersion, overdispersion, expected.shape)
    return rng.poisson(expected * gain).astype(float)


def _covers_fano(n_repeats: int, overdispersion: float) -> Callable:
    def covers(rng: np.random.Generator) -> NDArray[np.bool_]:
        mean = _means(rng)
        counts = _counts(rng, mean, n_repeats, overdispersion)
        found = fano_interval(counts, _condition(n_repeats))
        measured = counts.reshape(N_UNITS, N_CONDITIONS, n_repeats).mean(axis=2) > MIN_MEAN_COUNT
        n_valid = np.maximum(measured.sum(axis=1), 1)
        truth = ((1.0 + overdispersion * mean) * measured).sum(axis=1) / n_valid
        is_given = np.isfinite(found.low)
        return ((found.low <= truth) & (truth <= found.high))[is_given]

    return covers


def _p_of_fano(rng: np.random.Generator) -> NDArray[np.float64]:
    """Change of the logarithm of each unit's Fano factor between two halves of nothing."""
    mean = _means(rng)
    one, two = (fano_interval(_counts(rng, mean, 12, 0.15), _condition(12)) for _ in range(2))
    error = np.hypot(one.standard_error / one.estimate, two.standard_error / two.estimate)
    p_value = 2.0 * stats.norm.sf(np.abs(np.log(two.estimate / one.estimate)) / error)
    return p_value[np.isfinite(p_value)]


def _shared(
    rng: np.random.Generator, mean: NDArray[np.float64], n_repeats: int, sd: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts of units with a common gain, and the correlation of z-scores that they have."""
    expected = np.repeat(mean, n_repeats, axis=1)
    gain = np.exp(rng.normal(-(sd**2) / 2.0, sd, expected.shape[1]))
    variance = np.expm1(sd**2)
    share = np.sqrt(variance * mean**2 / (mean + variance * mean**2))
    truth = share @ share.T / mean.shape[1]
    return rng.poisson(expected * gain).astype(float), truth


def _covers_pair(rng: np.random.Generator) -> NDArray[np.bool_]:
    counts, truth = _shared(rng, np.maximum(_means(rng), 1.0), 15, 0.25)
    found = pair_correlations(counts, _condition(15))
    above = np.triu_indices(N_UNITS, 1)
    low, high, true = found.low[above], found.high[above], truth[above]
    is_given = np.isfinite(low)
    return ((low <= true) & (true <= high))[is_given]


def _covers_mean(rng: np.random.Generator) -> NDArray[np.bool_]:
    counts, truth = _shared(rng, np.maximum(_means(rng), 1.0), 15, 0.25)
    found = mean_correlation(counts, _condition(15), rng)
    true = truth[np.triu_indices(N_UNITS, 1)].mean()
    return np.array([found.low <= true <= found.high])


def _covers_gain(rng: np.random.Generator) -> NDArray[np.bool_]:
    planted = rng.choice([0.0, 0.1, 0.2])
    found = gain_variance(_counts(rng, _means(rng), 15, planted), _condition(15))
    return ((found.low <= planted) & (planted <= found.high))[found.is_valid]


def _covers_shared_gain(rng: np.random.Generator) -> NDArray[np.bool_]:
    sd = rng.uniform(0.1, 0.4)
    counts, _ = _shared(rng, _means(rng), 15, sd)
    found = shared_gain_variance(counts, _condition(15))
    return (found.low <= np.expm1(sd**2)) & (np.expm1(sd**2) <= found.high)


def _covers_reliability(rng: np.random.Generator) -> NDArray[np.bool_]:
    n_repeats, planted = int(rng.integers(4, 16)), rng.choice([0.0, 0.2])
    mean = _means(rng)
    found = response_reliability(_counts(rng, mean, n_repeats, planted), _condition(n_repeats))
    noise = (mean + planted * mean**2).mean(axis=1) / n_repeats
    response = mean.var(axis=1, ddof=1)
    truth = response / (response + noise)
    return ((found.low <= truth) & (truth <= found.high))[found.is_valid]


def _p_of_pair(rng: np.random.Generator) -> NDArray[np.float64]:
    counts = _counts(rng, _means(rng), 15, 0.15)
    p_value = pair_correlations(counts, _condition(15)).p_value[np.triu_indices(N_UNITS, 1)]
    return p_value[np.isfinite(p_value)]


ESTIMATORS = (
    Estimator(
        name="fano_factor",
        domain="12 repeats of 12 conditions, 4 or more with a mean above 0.5, Fano 1-3",
        covers=_covers_fano(12, 0.15),
    ),
    Estimator(
        name="fano_factor_of_poisson",
        domain="8 repeats of 12 conditions, Fano 1",
        covers=_covers_fano(8, 0.0),
    ),
    Estimator(
        name="fano_factor_overdispersed",
        domain="20 repeats of 12 conditions, Fano 1-6",
        covers=_covers_fano(20, 0.3),
    ),
    Estimator(
        name="noise_correlation",
        domain="single pairs, mean counts of 1 or more, 15 repeats of 12 conditions, r 0-0.4",
        covers=_covers_pair,
    ),
    Estimator(
        name="mean_noise_correlation",
        domain="30 units that share a gain, mean counts of 1 or more, 15 repeats of 12 conditions",
        covers=_covers_mean,
    ),
    Estimator(
        name="gain_variance",
        domain="mean counts above 1, 15 repeats of 12 conditions, variance of the gain 0-0.2",
        covers=_covers_gain,
    ),
    Estimator(
        name="shared_gain_variance",
        domain="30 units, 15 repeats of 12 conditions, variance of the shared gain 0.01-0.17",
        covers=_covers_shared_gain,
        has_one_answer=True,
    ),
    Estimator(
        name="response_reliability",
        domain="4-15 repeats of 12 conditions, Fano 1-6, any tuning",
        covers=_covers_reliability,
    ),
)
TESTS = (
    NullTest(
        name="fano_factor_change",
        null="each unit between two epochs of 12 repeats in which nothing changed",
        p_values=_p_of_fano,
    ),
    NullTest(
        name="noise_correlation_of_pairs",
        null="pairs of independent units, 15 repeats of 12 conditions",
        p_values=_p_of_pair,
    ),
)
