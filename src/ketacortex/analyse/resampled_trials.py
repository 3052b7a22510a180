"""Units and trials of one animal drawn anew, and what their mean then is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.compiled import compiled


@dataclass(frozen=True, kw_only=True)
class Trials:
    """One measure of the units of one animal, trial by trial.

    Parameters
    ----------
    value : (n_unit, n_trial), NaN where a unit was not measured in a trial
    condition : (n_trial,), optional
        Trials are only exchanged within a condition, so that what the stimulus does is no error.
    """

    value: NDArray[np.float64]
    condition: NDArray[np.int64] | None = None


def measured_in_all(epochs: Sequence[Trials]) -> list[Trials]:
    """The units with a measurement in every epoch, and trials in the order of conditions."""
    has_value = np.all([np.isfinite(trials.value).any(axis=1) for trials in epochs], axis=0)
    found = []
    for trials in epochs:
        n_trials = trials.value.shape[1]
        condition = np.zeros(n_trials, int) if trials.condition is None else trials.condition
        order = np.argsort(condition, kind="stable")
        value = np.ascontiguousarray(trials.value[has_value][:, order], dtype=float)
        found.append(Trials(value=value, condition=np.asarray(condition)[order]))
    return found


def trials_per_condition(trials: Trials) -> NDArray[np.int64]:
    """Number of trials of each condition, (n_condition,).

    >>> trials = Trials(value=np.ones((1, 3)), condition=np.array([0, 0, 4]))
    >>> trials_per_condition(trials).tolist()
    [2, 1]
    """
    if trials.condition is None:
        return np.array([trials.value.shape[1]])
    return np.unique(trials.condition, return_counts=True)[1]


def unit_means(trials: Trials) -> NDArray[np.float64]:
    """Mean of each unit over the trials it was measured in, (n_unit,).

    >>> unit_means(Trials(value=np.array([[1.0, np.nan, 3.0]]))).tolist()
    [2.0]
    """
    is_present = np.isfinite(trials.value)
    return np.where(is_present, trials.value, 0.0).sum(axis=1) / is_present.sum(axis=1)


def draws_of_animal(
    epochs: Sequence[Trials], rng: np.random.Generator, *, trials_are_shared: bool, n_draws: int
) -> NDArray[np.float64]:
    """Mean of one animal with its units, its trials, and both drawn anew, (3, n_epoch, n_draw)."""
    weight = draw_weights(len(epochs[0].value), n_draws, rng)
    found = np.empty((3, len(epochs), n_draws))
    for epoch, trials in enumerate(epochs):
        means = unit_means(trials)
        draw = _shared_draws if trials_are_shared else _own_draws
        drawn = draw(trials, n_draws, rng)
        found[0, epoch] = weight @ means / len(means)
        found[1, epoch] = drawn.mean(axis=0)
        found[2, epoch] = np.einsum("du,ud->d", weight, drawn) / len(means)
    return found


def draw_weights(n: int, n_draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Weights of n replicates in each draw of n - 1 of them, (n_draw, n), with mean 1."""
    if n == 1:
        return np.ones((n_draws, 1))
    drawn = rng.integers(n, size=(n_draws, n - 1)) + n * np.arange(n_draws)[:, None]
    count = np.bincount(drawn.ravel(), minlength=n * n_draws).reshape(n_draws, n)
    return np.asarray(count * (n / (n - 1.0)), float)


def _shared_draws(trials: Trials, n_draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Mean of each unit when trials are drawn for all units together, (n_unit, n_draw)."""
    weight = np.hstack([draw_weights(n, n_draws, rng) for n in trials_per_condition(trials)])
    is_present = np.isfinite(trials.value)
    total = np.where(is_present, trials.value, 0.0) @ weight.T
    if is_present.all():
        return total / trials.value.shape[1]
    number = is_present.astype(float) @ weight.T
    # A draw can miss the few trials of a unit: it then keeps its mean.
    kept = np.repeat(unit_means(trials)[:, None], n_draws, axis=1)
    return np.divide(total, number, out=kept, where=number > 0.0)


def _own_draws(trials: Trials, n_draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """The same when every unit has trials of its own, (n_unit, n_draw)."""
    number = trials_per_condition(trials)
    return _own_draws_kernel(trials.value, unit_means(trials), number, n_draws, rng)


@compiled()
def _own_draws_kernel(value, mean, number, n_draws, rng):  # type: ignore[no-untyped-def]
    found = np.empty((len(value), n_draws))
    for unit in range(len(value)):
        for draw in range(n_draws):
            total, weights, start = 0.0, 0.0, 0
            for n in number:
                n_drawn = max(n - 1, 1)
                weight = n / n_drawn
                for _ in range(n_drawn):
                    x = value[unit, start + int(rng.random() * n)]
                    if not np.isnan(x):
                        total += weight * x
                        weights += weight
                start += n
            found[unit, draw] = total / weights if weights > 0.0 else mean[unit]
    return found
