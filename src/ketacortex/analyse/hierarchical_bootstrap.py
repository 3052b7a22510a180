"""Error of means over animals, units and trials, found by resampling every level by itself.

Resampling all levels inside one another counts the lower ones twice: animal means already differ
by what their units and trials contribute, and drawing units and trials again adds that once more
(an interval of "95 %" then covers 99 % where units vary more than animals). So the interval comes
from the level that inference is over, and the levels below are reported as errors of their own:
they tell whether more units, more trials or more animals would help.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ketacortex.analyse.replication import Replication, replication
from ketacortex.analyse.resampled_trials import (
    Trials,
    draw_weights,
    draws_of_animal,
    measured_in_all,
    trials_per_condition,
    unit_means,
)
from ketacortex.analyse.statistics import CONFIDENCE, NotComputed

N_DRAWS = 1000
MIN_ANIMALS = 3
"""With two, one degree of freedom is left, and a ratio of means is nowhere near normal."""
MIN_UNITS = 10
"""In a single animal, where the interval is over its units."""
MIN_TRIALS_PER_CONDITION = 2
"""In a single animal whose units share their trials: the error of trials is in the interval."""
MAX_SHARE_OF_LOST_DRAWS = 0.01
"""Draws in which a mean is not above 0, so that there is no ratio."""


@dataclass(frozen=True, kw_only=True)
class HierarchicalInterval:
    """A mean (or difference, or ratio of means) with its interval and where its error is from.

    Parameters
    ----------
    mean, low, high : the value with its interval
    n : number of replicates
    label : what the interval is over, in words
    standard_error : that of the interval; of the logarithm for a ratio
    unit_error, trial_error : the part that comes from the choice of units, and from trials
    """

    mean: float
    low: float
    high: float
    n: int
    label: str
    standard_error: float
    unit_error: float
    trial_error: float


Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From means of the epochs, (n_epoch, ...), to the value that is asked for, (...)."""


def hierarchical_mean(
    animals: Sequence[Trials],
    rng: np.random.Generator,
    *,
    trials_are_shared: bool = True,
    n_draws: int = N_DRAWS,
    confidence: float = CONFIDENCE,
) -> HierarchicalInterval | NotComputed:
    """Mean over animals of the mean over units of the mean over trials, with its interval.

    Parameters
    ----------
    animals : one `Trials` an animal
        Every animal weighs the same, and within it every unit that was measured at all.
    rng : Generator of the resampling
    trials_are_shared : whether the units of an animal were recorded in the same trials
        What happens from trial to trial then happens to all of them, and trials are drawn for
        all together. Otherwise each unit has trials of its own.
    n_draws : resamples of each level
    confidence : probability that the interval covers the true value

    Returns
    -------
    HierarchicalInterval or NotComputed
        Over animals when there are at least 3. A single animal is measured over its units (at
        least 10), together with its trials where they are shared, and `label` says so.

    Notes
    -----
    At each level n - 1 of n are drawn with replacement and weigh n / (n - 1), which makes the
    variance of the draws that of a mean of n (Rao and Wu 1988). The interval is Student's t with
    n_animals - 1 degrees of freedom. In a single animal with shared trials units and trials are
    crossed; with V the variance of the draws, of units, trials and both together::

        V = 2 (V_units + V_trials) - V_both

    because what only one unit does in only one trial is in all three, with weights 1, 1 and 3
    (Owen 2007). Degrees of freedom are then those of Satterthwaite.

    References
    ----------
    Rao and Wu (1988) 10.1080/01621459.1988.10478591; Owen (2007) 10.1214/07-AOAS122

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> animals = [Trials(value=rng.normal(2.0, 1.0, (20, 30))) for _ in range(4)]
    >>> found = hierarchical_mean(animals, rng)
    >>> round(found.mean, 1), found.n, found.label
    (2.0, 4, 'over 4 animals')
    """
    return _interval(
        [animals], _first, rng, trials_are_shared, n_draws=n_draws, confidence=confidence
    )


def hierarchical_difference(
    first: Sequence[Trials],
    second: Sequence[Trials],
    rng: np.random.Generator,
    *,
    trials_are_shared: bool = True,
    n_draws: int = N_DRAWS,
    confidence: float = CONFIDENCE,
) -> HierarchicalInterval | NotComputed:
    """Mean of `second - first`: the same animals and units, each epoch with its own trials.

    Parameters, Returns and Notes are those of `hierarchical_mean`; animals, and units within
    them, stand in the same order in both epochs.

    >>> rng = np.random.default_rng(0)
    >>> first = [Trials(value=rng.normal(2.0, 1.0, (20, 30))) for _ in range(4)]
    >>> second = [Trials(value=trials.value + 1.0) for trials in first]
    >>> round(hierarchical_difference(first, second, rng).mean, 6)
    1.0
    """
    return _interval(
        [first, second],
        _second_minus_first,
        rng,
        trials_are_shared,
        n_draws=n_draws,
        confidence=confidence,
    )


def hierarchical_ratio(
    first: Sequence[Trials],
    second: Sequence[Trials],
    rng: np.random.Generator,
    *,
    trials_are_shared: bool = True,
    n_draws: int = N_DRAWS,
    confidence: float = CONFIDENCE,
) -> HierarchicalInterval | NotComputed:
    """Ratio of the means of two epochs, `second / first`; the interval is that of its logarithm.

    As `hierarchical_difference`; not computed where a mean is not above 0, in the data or in
    more than 1 % of the draws.

    >>> rng = np.random.default_rng(0)
    >>> first = [Trials(value=rng.gamma(2.0, 1.0, (20, 30))) for _ in range(4)]
    >>> second = [Trials(value=3.0 * trials.value) for trials in first]
    >>> round(hierarchical_ratio(first, second, rng).mean, 6)
    3.0
    """
    found = _interval(
        [first, second],
        _log_ratio,
        rng,
        trials_are_shared,
        n_draws=n_draws,
        confidence=confidence,
    )
    if isinstance(found, NotComputed):
        return found
    mean, low, high = (float(np.exp(x)) for x in (found.mean, found.low, found.high))
    return HierarchicalInterval(**{**vars(found), "mean": mean, "low": low, "high": high})


def _first(means: NDArray[np.float64]) -> NDArray[np.float64]:
    return means[0]


def _second_minus_first(means: NDArray[np.float64]) -> NDArray[np.float64]:
    return means[1] - means[0]


def _log_ratio(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of second over first; NaN where there is none."""
    logs = np.log(means, out=np.full_like(means, np.nan), where=means > 0.0)
    return logs[1] - logs[0]


def _interval(
    epochs: Sequence[Sequence[Trials]],
    statistic: Statistic,
    rng: np.random.Generator,
    trials_are_shared: bool,
    *,
    n_draws: int,
    confidence: float,
) -> HierarchicalInterval | NotComputed:
    if any(
        len({len(epoch[animal].value) for epoch in epochs}) > 1 for animal in range(len(epochs[0]))
    ):
        return NotComputed("the two epochs have different units.")
    animals = [
        measured_in_all([epoch[animal] for epoch in epochs]) for animal in range(len(epochs[0]))
    ]
    animals = [animal for animal in animals if len(animal[0].value)]
    n_units = [len(animal[0].value) for animal in animals]
    n_trials = min((trials.value.shape[1] for animal in animals for trials in animal), default=0)
    rule = replication(len(animals), sum(n_units), n_trials)
    if isinstance(rule, NotComputed):
        return rule
    few = _too_few(rule, animals, trials_are_shared)
    if few is not None:
        return few
    whole = np.stack([[unit_means(trials).mean() for trials in animal] for animal in animals], 1)
    value = statistic(whole.mean(axis=1))
    if not np.isfinite(value):
        return NotComputed("a ratio needs means above 0.")
    levels = [
        draws_of_animal(animal, rng, trials_are_shared=trials_are_shared, n_draws=n_draws)
        for animal in animals
    ]
    units, trials, both = (
        _variance(statistic(np.mean([level[kind] for level in levels], axis=0)))
        for kind in range(3)
    )
    if len(animals) > 1:
        weight = draw_weights(len(animals), n_draws, rng) / len(animals)
        variance = _variance(statistic(whole @ weight.T))
        freedom = len(animals) - 1.0
    elif trials_are_shared:
        variance = max(2.0 * (units + trials) - both, units, trials)
        freedom = _satterthwaite(units, n_units[0] - 1, trials, _trial_freedom(animals[0]))
    else:
        variance, freedom = units, n_units[0] - 1.0
    if not np.isfinite(variance):
        return NotComputed("in more than 1 % of the draws a mean is not above 0.")
    error = float(np.sqrt(variance))
    half = float(stats.t.ppf(0.5 + confidence / 2.0, freedom)) * error
    return HierarchicalInterval(
        mean=float(value), low=float(value) - half, high=float(value) + half,
        n=rule.n, label=rule.label, standard_error=error,
        unit_error=float(np.sqrt(units)), trial_error=float(np.sqrt(trials)),
    )  # fmt: skip


def _too_few(
    rule: Replication, animals: Sequence[Sequence[Trials]], trials_are_shared: bool
) -> NotComputed | None:
    if rule.level == "animals":
        if rule.n >= MIN_ANIMALS:
            return None
        return NotComputed(f"an interval over animals needs {MIN_ANIMALS}; there are {rule.n}.")
    n_units = len(animals[0][0].value)
    if n_units < MIN_UNITS:
        return NotComputed(f"one animal needs at least {MIN_UNITS} units; there are {n_units}.")
    smallest = min(int(trials_per_condition(trials).min()) for trials in animals[0])
    if trials_are_shared and smallest < MIN_TRIALS_PER_CONDITION:
        return NotComputed("shared trials need at least 2 trials in every condition.")
    return None


def _trial_freedom(epochs: Sequence[Trials]) -> int:
    """Degrees of freedom of the epoch that has fewer."""
    return min(int((trials_per_condition(trials) - 1).sum()) for trials in epochs)


def _satterthwaite(first: float, first_df: int, second: float, second_df: int) -> float:
    spread = first**2 / first_df + second**2 / second_df
    return (first + second) ** 2 / spread if spread > 0.0 else float(min(first_df, second_df))


def _variance(draws: NDArray[np.float64]) -> float:
    """Variance of draws; NaN where too many of them could not be computed."""
    is_finite = np.isfinite(draws)
    lost = 1.0 - is_finite.mean()
    return float(np.var(draws[is_finite])) if lost <= MAX_SHARE_OF_LOST_DRAWS else np.nan
