"""Bootstrap over trials of the signed shift of preferred orientation between two epochs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.adaptation_shift import MAX_ERROR_DEG
from ketacortex.analyse.angles import ORIENTATION_PERIOD_DEG, distinct_angles
from ketacortex.analyse.curve_errors import CONFIDENCE, UnitIntervals
from ketacortex.analyse.responses import EpochResponses
from ketacortex.analyse.tuning import fit_tuning
from ketacortex.analyse.tuning_errors import tuning_errors
from ketacortex.units import orientation_difference_deg

N_DRAWS = 1000
CHUNK_CURVES = 100_000
"""Curves fitted at once; with twelve orientations about 10 MB an array."""


def bootstrap_shift(
    before: EpochResponses,
    after: EpochResponses,
    rng: np.random.Generator,
    n_draws: int = N_DRAWS,
) -> UnitIntervals:
    """Signed shift of preferred orientation with a bootstrap interval over trials.

    Trials are drawn with replacement within each orientation of each epoch, the same ones for all
    units, so that what units share from trial to trial stays shared.

    Parameters
    ----------
    before, after : EpochResponses
    rng : Generator of the draws
    n_draws : number of draws

    Returns
    -------
    UnitIntervals
        Deg, in [-90, 90); the estimate is that of `fit_tuning` on all trials. NaN for a unit
        outside the domain of `tuning_errors` in either epoch, or with an error of 12 degrees or
        more.

    Notes
    -----
    A drawn mean varies by (n - 1) / n too little; each is stretched away from the mean by
    ``sqrt(n / (n - 1))``. The interval is the estimate plus the 2.5th and 97.5th percentile of the
    drawn shifts about it, the short way round.

    References
    ----------
    Efron and Tibshirani (1993) 10.1201/9780429246593
    """
    is_measured = np.asarray(_is_tuned(before) & _is_tuned(after))
    n_units = len(is_measured)
    shift_deg, error_deg, low, high = np.full((4, n_units), np.nan)
    members = np.flatnonzero(is_measured)
    if len(members):
        draws = [_draw(epoch, rng, n_draws) for epoch in (before, after)]
        size = max(CHUNK_CURVES // (n_draws + 1), 1)
        for first in range(0, len(members), size):
            chunk = members[first : first + size]
            preferred = [
                _preferred(epoch, weights, chunk)
                for epoch, weights in zip((before, after), draws, strict=True)
            ]
            drawn_deg = orientation_difference_deg(preferred[1], preferred[0])
            shift_deg[chunk] = drawn_deg[:, 0]
            away_deg = orientation_difference_deg(drawn_deg[:, 1:], drawn_deg[:, :1])
            error_deg[chunk] = np.nanstd(away_deg, axis=1)
            tail = (1.0 - CONFIDENCE) / 2.0
            low[chunk], high[chunk] = shift_deg[chunk] + np.nanquantile(
                away_deg, [tail, 1.0 - tail], axis=1
            )
    with np.errstate(invalid="ignore"):
        is_narrow = error_deg < MAX_ERROR_DEG
    return UnitIntervals(estimate=shift_deg, standard_error=error_deg, low=low, high=high).within(
        is_narrow
    )


def _is_tuned(responses: EpochResponses) -> NDArray[np.bool_]:
    return tuning_errors(
        responses.tuning_counts, responses.tuning_duration_s, responses.tuning_orientation_deg
    ).is_valid


def _draw(
    responses: EpochResponses, rng: np.random.Generator, n_draws: int
) -> list[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """For each orientation its trials and how often each draw has them, (n_trial, 1 + n_draw).

    The first column is the trials as they are.
    """
    _, which = distinct_angles(responses.tuning_orientation_deg, ORIENTATION_PERIOD_DEG)
    drawn = []
    for orientation in range(which.max() + 1):
        trials = np.flatnonzero(which == orientation)
        n = len(trials)
        times = rng.multinomial(n, np.full(n, 1.0 / n), n_draws).T
        drawn.append((trials, np.concatenate([np.ones((n, 1)), times], axis=1)))
    return drawn


def _preferred(
    responses: EpochResponses,
    draws: list[tuple[NDArray[np.intp], NDArray[np.float64]]],
    units: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Preferred orientation of the chosen units in each draw, (n_unit, 1 + n_draw) deg."""
    counts, duration_s = responses.tuning_counts[units], responses.tuning_duration_s
    orientation_deg = responses.tuning_orientation_deg
    n_draws = draws[0][1].shape[1]
    rate_hz = np.empty((len(units), n_draws, len(draws)))
    shown_deg = np.empty(len(draws))
    for place, (trials, times) in enumerate(draws):
        n = len(trials)
        drawn_hz = counts[:, trials] @ times / (duration_s[trials] @ times)
        mean_hz = drawn_hz[:, :1]
        rate_hz[:, :, place] = mean_hz + np.sqrt(n / (n - 1.0)) * (drawn_hz - mean_hz)
        shown_deg[place] = orientation_deg[trials[0]]
    fit = fit_tuning(rate_hz.reshape(-1, len(draws)), shown_deg)
    return fit.preferred_orientation_deg.reshape(len(units), n_draws)
