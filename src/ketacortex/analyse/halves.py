"""Measures of single units in random halves of the trials, kept for what is asked of them later.

Two halves of an epoch are independent measurements of the same thing. Whatever a comparison selects
on, or starts from, can then be taken from the one and measured on the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.responses import EpochResponses
from ketacortex.analyse.shift import split_halves
from ketacortex.analyse.tuning import MIN_ORIENTATIONS, fit_tuning, gosi

MIN_HALF_COUNT = 10
"""Spikes that a unit needs in a half, the same in every half."""
LOG_RATE, GOSI, PREFERRED = "log_evoked_rate", "gosi", "preferred_orientation_deg"
HALVED = (LOG_RATE, GOSI, PREFERRED)


def measures_of_halves(
    responses: EpochResponses, rng: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    """Measures of both halves of many random halvings, each (n_unit, 2, n_split).

    Parameters
    ----------
    responses : EpochResponses
    rng : Generator of the halvings

    Returns
    -------
    dict
        The logarithm of the mean rate, gOSI, and the preferred orientation in deg; the first two
        NaN where a half has fewer than 10 spikes, the last where a half is not tuned by itself.
        Empty where an orientation has a single trial, or there are fewer than 4.
    """
    shown, n_trials = np.unique(responses.tuning_orientation_deg, return_counts=True)
    if len(shown) < MIN_ORIENTATIONS or n_trials.min() < 2:
        return {}
    halves = split_halves(responses, rng)
    rate_hz = halves.rate_hz
    seconds = np.array(
        [
            responses.tuning_duration_s[responses.tuning_orientation_deg == angle_deg].mean()
            * (n // 2)
            for angle_deg, n in zip(shown, n_trials, strict=True)
        ]
    )
    is_counted = rate_hz @ seconds >= MIN_HALF_COUNT
    with np.errstate(divide="ignore", invalid="ignore"):
        log_rate = np.log(rate_hz.mean(axis=-1))
    flat = fit_tuning(rate_hz.reshape(-1, len(shown)), halves.orientations_deg)
    preferred = flat.preferred_orientation_deg.reshape(rate_hz.shape[:-1])
    return {
        LOG_RATE: np.where(is_counted, log_rate, np.nan),
        GOSI: np.where(is_counted, gosi(rate_hz, halves.orientations_deg), np.nan),
        PREFERRED: np.where(halves.is_tuned, preferred, np.nan),
    }
