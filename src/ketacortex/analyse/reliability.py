"""How well the responses of a unit would come out again in another set of trials."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from ketacortex.analyse.curve_errors import CONFIDENCE, UnitIntervals

MIN_CONDITIONS = 4
MIN_REPEATS = 3


def response_reliability(
    counts: NDArray[np.float64], condition: NDArray[np.int64]
) -> UnitIntervals:
    """Share of the variance of a unit's condition means that is response and not noise.

    It is the correlation to be expected between the means of these trials and those of as many
    others: what all ways to split the trials into halves give on average, carried from half the
    trials to all of them (Spearman-Brown), without the splitting.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes
    condition : (n_trial,)
        At least 4 conditions of at least 3 trials, as even in number as may be.

    Returns
    -------
    UnitIntervals
        From 0, for a unit that does not tell the conditions apart, to 1; `standard_error` is a
        quarter of the interval's width. NaN for units without variance within conditions.

    Notes
    -----
    ``reliability = L / (L + C - 1)``, where L is the non-centrality at which the ratio F of the
    mean squares between C conditions and within them would be as large in half of all repetitions;
    the limits are those for 2.5 and 97.5 % of them. Where conditions with strong responses vary
    more, as counts do, the error of L is larger by the mean of the variances weighted by squared
    responses over the plain mean, and the tails are taken further out by its root.

    References
    ----------
    Spearman (1910) 10.1111/j.2044-8295.1910.tb00206.x; Brown (1910)
    10.1111/j.2044-8295.1910.tb00207.x; Steiger (2004) 10.1037/1082-989X.9.2.164 for the limits

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> condition = np.repeat(np.arange(8), 10)
    >>> counts = rng.poisson(np.stack([condition * 2.0, np.full(80, 7.0)])).astype(float)
    >>> response_reliability(counts, condition).estimate.round(2).tolist()
    [0.97, 0.0]
    """
    numbers, which, n_trials = np.unique(condition, return_inverse=True, return_counts=True)
    n_units, n_conditions = len(counts), len(numbers)
    if n_conditions < MIN_CONDITIONS or n_trials.min() < MIN_REPEATS:
        nothing = np.full(n_units, np.nan)
        return UnitIntervals(estimate=nothing, standard_error=nothing, low=nothing, high=nothing)
    member = (which[:, None] == np.arange(n_conditions)).astype(float)
    mean = counts @ member / n_trials
    between, within = n_conditions - 1, len(condition) - n_conditions
    noise = ((counts - mean[:, which]) ** 2).sum(axis=1) / within
    spread = ((mean - counts.mean(axis=1, keepdims=True)) ** 2 @ n_trials) / between
    has_noise = noise > 0
    ratio = np.where(has_noise, spread / np.where(has_noise, noise, 1.0), 1.0)
    estimate = _limit(between, within, np.full(n_units, 0.5), ratio)
    inflation = _inflation(counts, which, mean, noise, estimate)
    tail = stats.norm.sf(stats.norm.ppf(0.5 + CONFIDENCE / 2.0) * np.sqrt(inflation))
    low = _limit(between, within, 1.0 - tail, ratio)
    high = _limit(between, within, tail, ratio)
    low, high, estimate = (x / (x + between) for x in (low, high, estimate))
    return UnitIntervals(
        estimate=estimate, standard_error=(high - low) / 4.0, low=low, high=high
    ).within(has_noise)


def _inflation(
    counts: NDArray[np.float64],
    which: NDArray[np.intp],
    mean: NDArray[np.float64],
    noise: NDArray[np.float64],
    non_centrality: NDArray[np.float64],
) -> NDArray[np.float64]:
    """How much larger the variance of F is than with one variance everywhere, (n_unit,)."""
    response = (mean - counts.mean(axis=1, keepdims=True))[:, which] ** 2
    squared = (counts - mean[:, which]) ** 2
    repeats = len(which) / mean.shape[1]
    variance = squared * repeats / (repeats - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        weighted = (response * variance).sum(axis=1) / response.sum(axis=1) / noise
    share = non_centrality / (non_centrality + mean.shape[1] - 1)
    return 1.0 + share * np.maximum(np.nan_to_num(weighted, nan=1.0) - 1.0, 0.0)


def _limit(
    between: int, within: int, probability: NDArray[np.float64], ratio: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Non-centrality at which a ratio below this one has that probability; 0 where none has."""
    reaches = special.fdtr(between, within, ratio) > probability
    found = special.ncfdtrinc(between, within, probability, np.where(reaches, ratio, 10.0))
    return np.where(reaches, found, 0.0)
