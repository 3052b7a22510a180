"""Planted data for intervals and tests over animals, units and trials.

The units are as uneven as in cortex: log-normal rates, gamma-Poisson counts with a Fano factor of
1 to 2, and now and then another number of trials for each orientation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.planted.entry import Estimator, NullTest
from ketacortex.analyse.effect_sizes import (
    hedges_g,
    hedges_g_paired,
    log_ratio,
    rank_biserial,
    rank_biserial_paired,
)
from ketacortex.analyse.equivalence import equivalence_of_difference, equivalence_of_ratio
from ketacortex.analyse.false_discovery import q_values
from ketacortex.analyse.hierarchical_bootstrap import (
    hierarchical_mean,
    hierarchical_ratio,
)
from ketacortex.analyse.initial_value import initial_value
from ketacortex.analyse.mixed_model import mixed_change
from ketacortex.analyse.permutation import label_permutation_test, sign_flip_test
from ketacortex.analyse.permutation_family import label_permutation_family, sign_flip_family
from ketacortex.analyse.resampled_trials import Trials
from ketacortex.analyse.share_intervals import (
    clopper_pearson_interval,
    correlation_interval,
    wilson_interval,
)
from ketacortex.analyse.signed_recovery import signed_recovery, size_recovery
from ketacortex.analyse.statistics import NotComputed, mean_interval, ratio_interval

Rng = np.random.Generator
N_ORIENTATIONS = 12
N_DRAWS = 299


def _covered(truth: float, *found: object) -> NDArray[np.bool_]:
    return np.array([x.low <= truth <= x.high for x in found if not isinstance(x, NotComputed)])


def _p_of(*found: object) -> NDArray[np.float64]:
    return np.array([x.p_value for x in found if not isinstance(x, NotComputed)])


def _mean_over_animals(rng: Rng) -> NDArray[np.bool_]:
    values = [rng.normal(1.0, 2.0, 4), rng.normal(1.0, 2.0, 6), rng.gamma(4.0, 0.25, 6)]
    return _covered(1.0, *(mean_interval(value) for value in values))


def _ratio_over_animals(rng: Rng) -> NDArray[np.bool_]:
    found = []
    for n in (4, 6):
        before = np.exp(rng.normal(0.0, 0.8, n))
        found.append(ratio_interval(before, before * 1.5 * np.exp(rng.normal(0.0, 0.3, n))))
    return _covered(1.5, *found)


def _gamma_poisson(expected: NDArray[np.float64], rng: Rng) -> NDArray[np.float64]:
    """Counts with a Fano factor of 1 to 2, another for each unit."""
    excess = rng.uniform(0.02, 1.0, len(expected))[:, None] / expected.mean(axis=1, keepdims=True)
    return rng.poisson(rng.gamma(1.0 / excess, excess, expected.shape) * expected).astype(float)


def _conditions(rng: Rng) -> NDArray[np.int64]:
    """Trials of 12 orientations, as many of each in half of the data sets."""
    n_repeats = int(rng.integers(8, 21))
    number = np.full(N_ORIENTATIONS, n_repeats)
    if rng.random() < 0.5:
        number -= rng.integers(0, n_repeats // 3, N_ORIENTATIONS)
    return np.repeat(np.arange(N_ORIENTATIONS), number)


def _tuned(mean: NDArray[np.float64], rng: Rng) -> NDArray[np.float64]:
    """Expected counts with these means over orientations, (n_unit, 12)."""
    kappa, depth = rng.uniform(0.3, 8.0, (len(mean), 1)), rng.random((len(mean), 1))
    turn = 2.0 * np.pi * (np.arange(N_ORIENTATIONS) / N_ORIENTATIONS - rng.random((len(mean), 1)))
    curve = 1.0 - depth + depth * np.exp(kappa * (np.cos(turn) - 1.0))
    return curve / curve.mean(axis=1, keepdims=True) * mean[:, None]


def _animal(mean: NDArray[np.float64], rng: Rng, gain_sd: float = 0.2) -> Trials:
    """Counts of units with these means; what happens from trial to trial happens to all."""
    condition = np.repeat(np.arange(N_ORIENTATIONS), int(rng.integers(8, 21)))
    gain = rng.gamma(1.0 / gain_sd**2, gain_sd**2, len(condition))
    expected = _tuned(mean, rng)[:, condition] * gain
    return Trials(value=_gamma_poisson(expected, rng), condition=condition)


def _hierarchical_bootstrap(rng: Rng) -> NDArray[np.bool_]:
    n_animals, shape = rng.choice([4, 6, 12]), rng.choice([6.0, 100.0])
    animals = []
    for _ in range(n_animals):
        n_units = int(rng.integers(8, 25))
        mean = rng.gamma(shape, 4.0 / shape) * rng.gamma(3.0, 1.0 / 3.0, n_units)
        animals.append(_animal(mean, rng))
    return _covered(4.0, hierarchical_mean(animals, rng, n_draws=N_DRAWS))


def _hierarchical_ratio(rng: Rng) -> NDArray[np.bool_]:
    first, second = [], []
    for _ in range(rng.choice([4, 6, 12])):
        mean = np.exp(rng.normal(1.2, 0.15) + rng.normal(0.0, 0.5, 20))
        first.append(_animal(mean, rng))
        second.append(_animal(mean * 1.5 * rng.gamma(25.0, 1.0 / 25.0), rng))
    return _covered(1.5, hierarchical_ratio(first, second, rng, n_draws=N_DRAWS))


def _hierarchical_one_animal(rng: Rng) -> NDArray[np.bool_]:
    unit_sd, gain_sd = [(0.0, 0.001), (0.0, 0.5), (0.5, 0.3)][rng.integers(3)]
    mean = np.exp(rng.normal(1.2, unit_sd, 60) - unit_sd**2 / 2.0)
    found = hierarchical_mean([_animal(mean, rng, gain_sd)], rng, n_draws=N_DRAWS)
    return _covered(float(np.exp(1.2)), found)


def _hedges_g(rng: Rng) -> NDArray[np.bool_]:
    size = rng.uniform(-2.0, 2.0)
    return _covered(
        size,
        hedges_g_paired(rng.normal(size, 1.0, int(rng.integers(4, 13)))),
        hedges_g(rng.normal(0.0, 1.0, 7), rng.normal(size, 1.0, 10)),
    )


def _rank_biserial(rng: Rng) -> NDArray[np.bool_]:
    """Log-normal, with another spread: P(second > first) has a closed form."""
    shift, spread = rng.uniform(-1.0, 1.0), rng.uniform(0.5, 2.0)
    first = np.exp(rng.normal(0.0, 1.0, int(rng.integers(8, 40))))
    second = np.exp(rng.normal(shift, spread, int(rng.integers(8, 40))))
    return _covered(_sign_mean(shift / np.hypot(1.0, spread)), rank_biserial(first, second))


def _rank_biserial_paired(rng: Rng) -> NDArray[np.bool_]:
    shift = rng.uniform(-0.6, 0.6)
    found = rank_biserial_paired(rng.normal(shift, 1.0, int(rng.integers(10, 40))))
    return _covered(_sign_mean(shift * np.sqrt(2.0)), found)


def _sign_mean(z: float) -> float:
    from scipy.special import ndtr

    return float(2.0 * ndtr(z) - 1.0)


def _log_ratio(rng: Rng) -> NDArray[np.bool_]:
    first = rng.gamma(4.0, 1.0, int(rng.integers(6, 20)))
    second = rng.gamma(8.0, 1.0, int(rng.integers(6, 20)))
    return _covered(float(np.log(2.0)), log_ratio(first, second))


def _share(rng: Rng) -> NDArray[np.bool_]:
    share, n = rng.uniform(0.05, 0.95, 20), rng.integers(20, 200, 20)
    low, high = wilson_interval(rng.binomial(n, share), n)
    return (low <= share) & (share <= high)


def _exact_share(rng: Rng) -> NDArray[np.bool_]:
    share, n = rng.uniform(0.05, 0.95, 20), rng.integers(100, 400, 20)
    low, high = clopper_pearson_interval(rng.binomial(n, share), n)
    return (low <= share) & (share <= high)


def _correlation(rng: Rng) -> NDArray[np.bool_]:
    truth, n = rng.uniform(-0.8, 0.8), int(rng.integers(6, 60))
    x = rng.normal(size=n)
    y = truth * x + np.sqrt(1.0 - truth**2) * rng.normal(size=n)
    low, high = correlation_interval(np.corrcoef(x, y)[0, 1], n)
    return np.array([low <= truth <= high])


def _unbalanced(rng: Rng, mean: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Changes of units of 4 to 10 animals with 5 to 60 units each."""
    n_units = rng.integers(5, 61, int(rng.integers(4, 11)))
    which = np.repeat(np.arange(len(n_units)), n_units)
    between = rng.choice([0.1, 0.3, 1.0])
    value = mean + rng.normal(0.0, between, len(n_units))[which] + rng.standard_t(8, len(which))
    return value, which


def _mixed_model(rng: Rng) -> NDArray[np.bool_]:
    return _covered(0.5, mixed_change(*_unbalanced(rng, 0.5)))


def _log_rates(rng: Rng, slope: float, n_units: int) -> tuple[NDArray, NDArray]:
    """Halves of two epochs as log rates of counts, (n_unit, 2, 8) each; noisier where lower."""
    true = rng.normal(1.0, 0.6, n_units)
    change = slope * (true - 1.0) + rng.normal(0.0, 0.15, n_units)
    return _log_halves(true, rng), _log_halves(true + change, rng)


def _log_halves(log_rate: NDArray, rng: Rng, n_split: int = 8) -> NDArray[np.float64]:
    """Logarithm of the mean count of random halves of 24 trials, one value added."""
    mean = np.exp(log_rate)
    fano = rng.uniform(1.0, 2.0, (len(mean), 1))
    counts = rng.poisson(rng.gamma(mean[:, None] / (fano - 0.99), fano - 0.99, (len(mean), 24)))
    order = np.argsort(rng.random((n_split, 24)), axis=1).reshape(n_split, 2, 12)
    return np.log(counts[:, order].mean(axis=3) + 0.25).transpose(0, 2, 1)


def _halves(true: NDArray, error: NDArray, rng: Rng, n_parts: int = 2, n_split: int = 8) -> NDArray:
    """Parts of 24 trials measured with this error by the whole, for several splittings."""
    n_trials = 24
    trial = rng.normal(0.0, 1.0, (len(true), n_trials)) * error[:, None] * np.sqrt(n_trials)
    order = np.argsort(rng.random((n_split, n_trials)), axis=1).reshape(n_split, n_parts, -1)
    return true[:, None, None] + trial[:, order].mean(axis=3).transpose(0, 2, 1)


def _noisy_epochs(
    rng: Rng, slope: float, n_units: int, animal: NDArray | None = None
) -> tuple[NDArray, NDArray, NDArray]:
    """Two epochs in halves, and the error of each unit, which is up to the spread of units."""
    error = np.exp(rng.normal(-0.7, 0.5, n_units)).clip(0.1, 1.2)
    offset = 0.0 if animal is None else rng.normal(0.0, 1.0, animal.max() + 1)[animal]
    spread = 0.0 if animal is None else rng.normal(0.0, 0.1, animal.max() + 1)[animal]
    initial = rng.normal(0.0, 1.0, n_units)
    later = initial + (slope + spread) * initial + rng.normal(0.0, 0.3, n_units)
    worse = rng.uniform(0.8, 1.5)
    return (
        _halves(offset + initial, error, rng),
        _halves(offset + later, error * worse, rng),
        error,
    )


def _animals_of_units(rng: Rng) -> NDArray[np.int64]:
    n_units = rng.integers(15, 50, int(rng.integers(4, 9)))
    return np.repeat(np.arange(len(n_units)), n_units)


def _initial_value_slope(rng: Rng) -> NDArray[np.bool_]:
    first, later, _ = _noisy_epochs(rng, -0.3, int(rng.integers(40, 200)))
    animal = _animals_of_units(rng)
    several = _noisy_epochs(rng, -0.3, len(animal), animal)
    return _covered(
        -0.3,
        initial_value(first, later).independent,
        initial_value(*several[:2], animal=animal).independent,
    )


def _excess_slope(rng: Rng) -> NDArray[np.bool_]:
    """The excess is the true slope times the reliability, which the planted errors give."""
    n_units = int(rng.integers(60, 200))
    low, high = 0.2, 1.0
    error = rng.uniform(low, high, n_units)
    reliability = 1.0 / (1.0 + (high**3 - low**3) / (3.0 * (high - low)))
    initial = rng.normal(0.0, 1.0, n_units)
    first = _halves(initial, error, rng)
    later = _halves(0.7 * initial + rng.normal(0.0, 0.3, n_units), error, rng)
    found = initial_value(first, later, first_error=error)
    return _covered(-0.3 * reliability, found.excess, found.excess_over_errors)


def _axial_epochs(
    rng: Rng, recovery: float, n_units: int, n_parts: int = 2, animal: NDArray | None = None
) -> tuple[NDArray, NDArray, NDArray]:
    """Preferences in three epochs, (n_unit, n_parts, 8) deg, some halves not tuned."""
    error = np.exp(rng.normal(1.0, 0.5, n_units)).clip(1.0, 8.0)
    preferred = rng.uniform(0.0, 180.0, n_units)
    shift = rng.standard_t(5, n_units) * 9.0
    shift = np.where(np.abs(shift) > 45.0, 0.0, shift)
    spread = 0.0 if animal is None else rng.normal(0.0, 0.08, animal.max() + 1)[animal]
    kept = shift * (1.0 - recovery + spread)
    worse = rng.uniform(0.8, 1.2)
    epochs = [
        _halves(preferred + moved, error * noise, rng, n_parts) % 180.0
        for moved, noise in ((0.0, 1.0), (shift, 1.0), (kept, worse))
    ]
    for epoch in epochs:
        epoch[rng.random(epoch.shape) < 0.03] = np.nan
    return epochs[0], epochs[1], epochs[2]


def _signed_recovery(rng: Rng) -> NDArray[np.bool_]:
    animal = _animals_of_units(rng)
    return _covered(
        -0.3,
        signed_recovery(*_axial_epochs(rng, 0.3, int(rng.integers(60, 200)))).slope,
        signed_recovery(*_axial_epochs(rng, 0.3, len(animal), animal=animal), animal=animal).slope,
    )


def _sign_flip(rng: Rng) -> NDArray[np.float64]:
    return _p_of(
        sign_flip_test(rng.laplace(size=int(rng.integers(9, 14))), rng),
        sign_flip_test(rng.laplace(size=20), rng, n_draws=N_DRAWS),
    )


def _stratified(rng: Rng) -> NDArray[np.float64]:
    """One unit in two epochs with unequal numbers of trials of each orientation."""
    condition = np.concatenate([_conditions(rng), _conditions(rng)])
    is_second = np.arange(len(condition)) >= rng.integers(len(condition) // 3, len(condition) // 2)
    expected = _tuned(np.exp(rng.normal(1.0, 0.9, 1)), rng)[:, condition]
    counts = _gamma_poisson(expected, rng)[0]
    return _p_of(label_permutation_test(counts, is_second, rng, stratum=condition, n_draws=N_DRAWS))


def _family(rng: Rng) -> NDArray[np.float64]:
    """Smallest family p of 30 correlated measures, from pairs and from two groups."""
    shared = rng.normal(size=(2, 1, 12))
    paired = 0.6 * shared[0] + rng.laplace(size=(30, 12))
    groups = np.exp(0.5 * shared[1] + rng.normal(size=(30, 12)))
    found = (
        sign_flip_family(paired, rng),
        label_permutation_family(groups, np.arange(12) > 5, rng),
    )
    return np.array([f.family_p_value.min() for f in found if not isinstance(f, NotComputed)])


def _mixed_null(rng: Rng) -> NDArray[np.float64]:
    return _p_of(mixed_change(*_unbalanced(rng, 0.0)))


def _equivalence(rng: Rng) -> NDArray[np.float64]:
    """p of "no change" where the true change is the margin."""
    n = int(rng.integers(5, 13))
    before = np.exp(rng.normal(1.0, 0.5, n))
    ratio = rng.choice([0.8, 1.25]) * np.exp(rng.normal(0.0, 0.06, n))
    return _p_of(
        equivalence_of_difference(rng.normal(rng.choice([-1.0, 1.0]), 0.5, n), (-1.0, 1.0)),
        equivalence_of_ratio(before, before * ratio),
    )


def _initial_value_null(rng: Rng) -> NDArray[np.float64]:
    first, later, _ = _noisy_epochs(rng, 0.0, int(rng.integers(40, 200)))
    animal = _animals_of_units(rng)
    several = _noisy_epochs(rng, 0.0, len(animal), animal)
    return _p_of(
        initial_value(first, later).independent,
        initial_value(*several[:2], animal=animal).independent,
        initial_value(*_log_rates(rng, 0.0, 80)).independent,
    )


def _excess_null(rng: Rng) -> NDArray[np.float64]:
    first, later, error = _noisy_epochs(rng, 0.0, int(rng.integers(40, 200)))
    found = initial_value(first, later, first_error=error)
    return _p_of(found.excess, found.excess_over_errors)


def _signed_null(rng: Rng) -> NDArray[np.float64]:
    found = signed_recovery(*_axial_epochs(rng, 0.0, int(rng.integers(60, 200))))
    return _p_of(found.slope, *(row.change for row in found.classes))


def _signed_animals_null(rng: Rng) -> NDArray[np.float64]:
    animal = _animals_of_units(rng)
    found = signed_recovery(*_axial_epochs(rng, 0.0, len(animal), animal=animal), animal=animal)
    return _p_of(found.slope, *(row.change for row in found.classes))


def _size_null(rng: Rng) -> NDArray[np.float64]:
    found = size_recovery(*_axial_epochs(rng, 0.0, int(rng.integers(60, 200)), 3))
    return _p_of(*(row.change for row in found))


def _false_discovery(rng: Rng) -> NDArray[np.float64]:
    """Smallest q of 200 tests, one in ten of which was not made."""
    p = rng.random(200)
    p[rng.random(200) < 0.1] = np.nan
    return np.array([np.nanmin(q_values(p))])


ESTIMATORS: tuple[Estimator, ...] = (
    Estimator(
        name="mean_over_animals",
        domain="4 or 6 animals, normal or with a skewness of 1",
        covers=_mean_over_animals,
        has_one_answer=True,
    ),
    Estimator(
        name="ratio_over_animals",
        domain="4 or 6 animals, log-normal values",
        covers=_ratio_over_animals,
        has_one_answer=True,
    ),
    Estimator(
        name="hierarchical_bootstrap",
        domain="4, 6 or 12 animals with 8 to 24 units and 96 to 240 trials",
        covers=_hierarchical_bootstrap,
        has_one_answer=True,
    ),
    Estimator(
        name="hierarchical_ratio",
        domain="4, 6 or 12 animals with 20 units and 96 to 240 trials in each of two epochs",
        covers=_hierarchical_ratio,
        has_one_answer=True,
    ),
    Estimator(
        name="hierarchical_bootstrap_one_animal",
        domain="60 units that share 96 to 240 trials, with and without common variability",
        covers=_hierarchical_one_animal,
        has_one_answer=True,
    ),
    Estimator(
        name="hedges_g",
        domain="4 to 17 normal values, effects up to 2",
        covers=_hedges_g,
        has_one_answer=True,
    ),
    Estimator(
        name="rank_biserial",
        domain="8 to 39 values a sample, unequal spreads, |r| up to 0.7",
        covers=_rank_biserial,
        has_one_answer=True,
    ),
    Estimator(
        name="rank_biserial_paired",
        domain="10 to 39 pairs, |r| up to 0.6",
        covers=_rank_biserial_paired,
        has_one_answer=True,
    ),
    Estimator(
        name="log_ratio",
        domain="6 to 19 values a sample with a coefficient of variation up to 0.5",
        covers=_log_ratio,
        has_one_answer=True,
    ),
    Estimator(
        name="share",
        domain="20 to 199 units, shares 0.05 to 0.95",
        covers=_share,
        has_one_answer=True,
    ),
    Estimator(
        name="exact_share",
        domain="100 to 399 units, shares 0.05 to 0.95",
        covers=_exact_share,
        has_one_answer=True,
    ),
    Estimator(
        name="correlation",
        domain="6 to 59 normal pairs, |r| to 0.8",
        covers=_correlation,
        has_one_answer=True,
    ),
    Estimator(
        name="mixed_model",
        domain="4 to 10 animals with 5 to 60 units each",
        covers=_mixed_model,
        has_one_answer=True,
    ),
    Estimator(
        name="initial_value_slope",
        domain="40 units or 4 animals, reliability of the whole epoch above 0.5",
        covers=_initial_value_slope,
        has_one_answer=True,
    ),
    Estimator(
        name="excess_slope",
        domain="60 units, reliability of the whole epoch above 0.5",
        covers=_excess_slope,
        has_one_answer=True,
    ),
    Estimator(
        name="signed_recovery",
        domain="60 units or 4 animals, errors of 1 to 8 degrees",
        covers=_signed_recovery,
        has_one_answer=True,
    ),
)

TESTS: tuple[NullTest, ...] = (
    NullTest(
        name="sign_flip",
        null="9 to 20 symmetric differences",
        p_values=_sign_flip,
        has_one_answer=True,
    ),
    NullTest(
        name="stratified_permutation",
        null="counts of one unit in two epochs without a change",
        p_values=_stratified,
        has_one_answer=True,
    ),
    NullTest(
        name="max_statistic", null="30 correlated measures", p_values=_family, has_one_answer=True
    ),
    NullTest(
        name="mixed_model",
        null="unbalanced animals without a change",
        p_values=_mixed_null,
        has_one_answer=True,
    ),
    NullTest(
        name="equivalence",
        null="a change as large as the margin",
        p_values=_equivalence,
        has_one_answer=True,
    ),
    NullTest(
        name="initial_value",
        null="the same values measured again",
        p_values=_initial_value_null,
        has_one_answer=True,
    ),
    NullTest(
        name="excess_slope",
        null="the same values measured again",
        p_values=_excess_null,
        has_one_answer=True,
    ),
    NullTest(
        name="signed_recovery",
        null="shifts that neither recover nor grow, units of one animal",
        p_values=_signed_null,
        has_one_answer=True,
    ),
    NullTest(
        name="signed_recovery_animals",
        null="shifts that neither recover nor grow on average over animals",
        p_values=_signed_animals_null,
        has_one_answer=True,
    ),
    NullTest(
        name="size_recovery",
        null="shifts that neither recover nor grow, measured worse or better later",
        p_values=_size_null,
        has_one_answer=True,
    ),
    NullTest(
        name="false_discovery",
        null="200 tests of nothing: any discovery",
        p_values=_false_discovery,
        has_one_answer=True,
    ),
)
