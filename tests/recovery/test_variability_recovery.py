"""Planted Fano factors and noise correlations come back inside their intervals."""

import numpy as np
import pytest

from ketacortex.analyse.statistics import mean_interval
from ketacortex.analyse.variability import fano_factor, mean_over_pairs, noise_correlations

CONDITION = np.repeat(np.arange(8), 60)


def counts_with_fano(planted, rng, n_units=12, mean=4.0):
    """Binomial below 1, Poisson at 1, gamma-Poisson above."""
    shape = (n_units, len(CONDITION))
    if planted < 1:
        success = 1.0 - planted
        return rng.binomial(round(mean / success), success, shape).astype(float)
    if planted == 1:
        return rng.poisson(mean, shape).astype(float)
    excess = (planted - 1.0) / mean
    return rng.poisson(mean * rng.gamma(1 / excess, excess, shape)).astype(float)


@pytest.mark.parametrize("planted", [0.5, 1.0, 1.5, 3.0])
def test_the_interval_of_the_fano_factor_covers_the_truth(planted):
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(100):
        interval = mean_interval(fano_factor(counts_with_fano(planted, rng), CONDITION))
        covered.append(interval.low <= planted <= interval.high)
    # 100 intervals of 95 %: 89 or more with probability 0.99.
    assert np.mean(covered) >= 0.89


def counts_with_correlation(planted, rng, mean=8.0, private=0.05, n_units=12):
    """Gamma gain shared by all units beside a private one.

    With shared gain variance v and private p the variance is m + m^2 (v + p + v p), of which
    m^2 v is shared.
    """
    shared = planted * (mean + mean**2 * private) / (mean**2 * (1 - planted * (1 + private)))
    gain = rng.gamma(1 / shared, shared, len(CONDITION)) if shared else np.ones(len(CONDITION))
    own = rng.gamma(1 / private, private, (n_units, len(CONDITION)))
    return rng.poisson(mean * gain * own).astype(float)


@pytest.mark.parametrize("planted", [0.0, 0.05, 0.15])
def test_the_interval_of_the_noise_correlation_covers_the_truth(planted):
    rng = np.random.default_rng(1)
    everyone, covered = np.ones(12, bool), []
    for _ in range(400):
        # Animals are the unit: pairs of one session share its gain.
        animals = [
            mean_over_pairs(
                noise_correlations(counts_with_correlation(planted, rng), CONDITION), everyone
            )
            for _ in range(6)
        ]
        interval = mean_interval(animals)
        covered.append(interval.low <= planted <= interval.high)
    # 400 intervals of 95 %: 0.92 or more with probability 0.99. z-scores lower a correlation by
    # 1 %, which costs up to 0.02.
    assert np.mean(covered) >= 0.91
