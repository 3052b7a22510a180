"""Orientation read back from the counts of single trials, by a decoder that has not seen them.

Two decoders: naive Poisson maximum likelihood, which takes units for independent, and a
regularised linear one, which may use what units share. Both learn on most of the trials and are
asked about the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.shares import wilson_bounds
from ketacortex.analyse.statistics import Interval, NotComputed
from ketacortex.units import orientation_distance_deg

N_FOLDS = 10
"""Parts that each orientation's trials are dealt into; fewer where trials are fewer."""
MIN_TRIALS = 4
"""Trials of every orientation, so that three are always there to learn from."""
MIN_TRIALS_FOR_INTERVAL = 96
"""Decoded trials in all from which the interval of the share correct covers."""
WORTH_OF_A_TRIAL = 0.8
"""Independent trials that one decoded trial is worth: it is learnt from when the others are asked,
so the share correct varies more than a binomial (which covered 91 to 93 % on planted data; Nadeau
and Bengio (2003) 10.1023/A:1024068626366 on why no exact value exists)."""
N_PERMUTATIONS = 199
ADDED_SPIKES = 0.5
"""Spikes added to the sum of every unit and orientation, so that no rate is 0 for sure; half a
spike is the Jeffreys prior of a Poisson rate."""
RIDGE = 1.0
"""Penalty of the linear decoder, in units of the mean squared length of a trial."""

Reader = Callable[[NDArray[np.intp]], NDArray[np.intp]]
"""From the class of each trial: the class decoded by those who learnt from other folds."""


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How well one decoder read orientation, beside what it makes of orientations at random.

    Parameters
    ----------
    decoded_deg : (n_trial,) deg, by decoders that had not seen the trial
    percent_correct : Interval over trials, %; its bounds are NaN with fewer than 96 trials
    mean_error_deg : deg, mean axial distance of decoded from shown
    chance_percent_correct, chance_error_deg : means over permutations of the orientations
    p_value : probability of so many correct (of so small an error, where as many are correct)
    n_units : units that fired
    """

    decoded_deg: NDArray[np.float64]
    percent_correct: Interval
    mean_error_deg: float
    chance_percent_correct: float
    chance_error_deg: float
    p_value: float
    n_units: int


def decode_poisson(
    counts: NDArray[np.float64],
    orientation_deg: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    n_permutations: int = N_PERMUTATIONS,
) -> Decoding | NotComputed:
    """Orientation by naive Poisson maximum likelihood, cross-validated.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes in windows of one length
    orientation_deg : (n_trial,) deg, without NaN
    rng : Generator of the folds and permutations
    n_permutations : permutations of the orientations within folds, learnt and decoded anew each

    Returns
    -------
    Decoding or NotComputed
        Not computed with fewer than 2 orientations, fewer than 4 trials of one, or silence.

    Notes
    -----
    ``argmax_theta sum_i k_i log r_i(theta) - r_i(theta)``, with ``r = (spikes + 1/2) / trials``.

    References
    ----------
    Jazayeri and Movshon (2006) 10.1038/nn1691

    Examples
    --------
    >>> counts = np.tile([[9.0, 0.0], [0.0, 8.0]], 8)
    >>> found = decode_poisson(counts, np.tile([0.0, 90.0], 8), np.random.default_rng(0))
    >>> found.percent_correct.mean, found.mean_error_deg, found.p_value < 0.05
    (100.0, 0.0, True)
    """
    return _decode(_poisson_reader, counts, orientation_deg, rng, n_permutations)


def decode_linear(
    counts: NDArray[np.float64],
    orientation_deg: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    n_permutations: int = N_PERMUTATIONS,
) -> Decoding | NotComputed:
    """Orientation by ridge regression on indicators of the orientations, cross-validated.

    Square roots of the counts, in units of each unit's own deviation over trials, are
    regressed on the indicators, with a penalty of the mean squared length of a trial.

    Parameters
    ----------
    counts : (n_unit, n_trial) spikes in windows of one length
    orientation_deg : (n_trial,) deg, without NaN
    rng : Generator of the folds and permutations
    n_permutations : permutations of the orientations within folds, learnt and decoded anew each

    Returns
    -------
    Decoding or NotComputed
        As `decode_poisson`.

    Notes
    -----
    ``argmax_theta x' X (X'X + lambda)^-1 (Y_theta - mean Y_theta)``: solved over trials, so that
    a thousand units cost no more than ten.

    References
    ----------
    Hoerl and Kennard (1970) 10.1080/00401706.1970.10488634

    Examples
    --------
    >>> counts = np.tile([[9.0, 0.0], [0.0, 8.0]], 8)
    >>> found = decode_linear(counts, np.tile([0.0, 90.0], 8), np.random.default_rng(0))
    >>> found.percent_correct.mean, found.mean_error_deg, found.p_value < 0.05
    (100.0, 0.0, True)
    """
    return _decode(_linear_reader, counts, orientation_deg, rng, n_permutations)


def _decode(
    reader: Callable[[NDArray[np.float64], NDArray[np.intp]], Reader],
    counts: NDArray[np.float64],
    orientation_deg: NDArray[np.float64],
    rng: np.random.Generator,
    n_permutations: int,
) -> Decoding | NotComputed:
    shown_deg, which, n_each = np.unique(orientation_deg, return_inverse=True, return_counts=True)
    if len(shown_deg) < 2:
        return NotComputed(f"{len(shown_deg)} orientations were shown; decoding needs 2.")
    if n_each.min() < MIN_TRIALS:
        return NotComputed(
            f"an orientation has {n_each.min()} trials; decoding needs {MIN_TRIALS} of each."
        )
    counts = counts[np.isfinite(counts).all(axis=1)]
    counts = counts[np.ptp(counts, axis=1) > 0]
    if not len(counts):
        return NotComputed("no unit fired, or none varied from trial to trial.")
    fold = stratified_folds(which, n_each, rng)
    apart_deg = orientation_distance_deg(shown_deg[:, None], shown_deg)
    read = reader(counts, fold)
    decoded = read(which)
    n_correct, error_deg = _score(decoded, which, apart_deg)
    scores = []
    for _ in range(n_permutations):
        permuted = _permuted_within(which, fold, rng)
        scores.append(_score(read(permuted), permuted, apart_deg))
    chance = np.array(scores).reshape(-1, 2)
    is_as_good = (chance[:, 0] > n_correct) | (
        (chance[:, 0] == n_correct) & (chance[:, 1] <= error_deg)
    )
    return Decoding(
        decoded_deg=shown_deg[decoded],
        percent_correct=_percent_interval(int(n_correct), len(which)),
        mean_error_deg=error_deg,
        chance_percent_correct=100.0 * _mean(chance[:, 0]) / len(which),
        chance_error_deg=_mean(chance[:, 1]),
        p_value=float((1 + is_as_good.sum()) / (1 + n_permutations)),
        n_units=len(counts),
    )


def stratified_folds(
    which: NDArray[np.intp], n_each: NDArray[np.intp], rng: np.random.Generator
) -> NDArray[np.intp]:
    """Fold of each trial, with as nearly as can be equally many of every orientation in each.

    Where a fold held out trials of some orientations only, those would have been learnt less well
    than the others, and trials would be taken for the others.
    """
    n_folds = min(N_FOLDS, int(n_each.min()))
    fold = np.empty(len(which), np.intp)
    order = np.lexsort((rng.random(len(which)), which))
    rank = np.arange(len(which)) - np.repeat(np.cumsum(n_each) - n_each, n_each)
    fold[order] = rank % n_folds
    return fold


def _score(
    decoded: NDArray[np.intp], which: NDArray[np.intp], apart_deg: NDArray[np.float64]
) -> tuple[float, float]:
    return float((decoded == which).sum()), float(apart_deg[decoded, which].mean())


def _poisson_reader(counts: NDArray[np.float64], fold: NDArray[np.intp]) -> Reader:
    def read(which: NDArray[np.intp]) -> NDArray[np.intp]:
        decoded = np.empty(len(which), np.intp)
        for f in range(int(fold.max()) + 1):
            learnt, asked = fold != f, fold == f
            decoded[asked] = predict_poisson(counts[:, learnt], which[learnt], counts[:, asked])
        return decoded

    return read


def _linear_reader(counts: NDArray[np.float64], fold: NDArray[np.intp]) -> Reader:
    # What is costly does not depend on the orientations, so permutations of them come free.
    weights = []
    for f in range(int(fold.max()) + 1):
        own, across = _products(counts[:, fold != f], counts[:, fold == f])
        weights.append(np.linalg.solve(own, across.T).T)

    def read(which: NDArray[np.intp]) -> NDArray[np.intp]:
        decoded = np.empty(len(which), np.intp)
        for f, weight in enumerate(weights):
            decoded[fold == f] = (weight @ _indicators(which[fold != f])).argmax(axis=1)
        return decoded

    return read


def predict_poisson(
    counts: NDArray[np.float64], which: NDArray[np.intp], asked: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Class of each trial of `asked` (n_unit, n_asked), learnt from trials whose class is known."""
    member = (which[:, None] == np.arange(which.max() + 1)).astype(float)
    rate = (counts @ member + ADDED_SPIKES) / member.sum(axis=0)
    return np.asarray((asked.T @ np.log(rate) - rate.sum(axis=0)).argmax(axis=1))


def predict_linear(
    counts: NDArray[np.float64], which: NDArray[np.intp], asked: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Class of each trial of `asked` (n_unit, n_asked), learnt from trials whose class is known."""
    own, across = _products(counts, asked)
    return np.asarray((across @ np.linalg.solve(own, _indicators(which))).argmax(axis=1))


def _products(
    counts: NDArray[np.float64], asked: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Products of known trials with each other, the penalty added, and of those asked with them."""
    x = np.sqrt(counts)
    mean, deviation = x.mean(axis=1, keepdims=True), x.std(axis=1, keepdims=True)
    scale = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > 0)
    x, new = (x - mean) * scale, (np.sqrt(asked) - mean) * scale
    own = x.T @ x
    penalty = max(RIDGE * np.trace(own) / len(own), 1e-9)
    return own + penalty * np.eye(len(own)), new.T @ x


def _indicators(which: NDArray[np.intp]) -> NDArray[np.float64]:
    """Whether each trial is of each class, less the share of trials that are."""
    member = (which[:, None] == np.arange(which.max() + 1)).astype(float)
    return member - member.mean(axis=0)


def _permuted_within(
    which: NDArray[np.intp], fold: NDArray[np.intp], rng: np.random.Generator
) -> NDArray[np.intp]:
    """Classes dealt anew to the trials of each fold, which keeps the folds stratified."""
    by_fold = np.argsort(fold, kind="stable")
    permuted = np.empty_like(which)
    permuted[by_fold] = which[np.lexsort((rng.random(len(which)), fold))]
    return permuted


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _percent_interval(n_correct: int, n_trials: int) -> Interval:
    low = high = float("nan")
    if n_trials >= MIN_TRIALS_FOR_INTERVAL:
        low, high = wilson_bounds(n_correct / n_trials, WORTH_OF_A_TRIAL * n_trials)
    return Interval(
        mean=100.0 * n_correct / n_trials, low=100.0 * low, high=100.0 * high, n=n_trials
    )
