"""Independent measurements of tuning in one state: of two epochs, or of parts of the trials of one.

What puts a unit into a class and what is then compared between classes must come from different
trials. Where a state was measured twice these are the two epochs, else random parts of the one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.epoch_values import EpochMeasures
from ketacortex.analyse.shift import halves_of, halvings
from ketacortex.analyse.tuning import MIN_ORIENTATIONS, fit_tuning


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Tuning in parts of what was measured of a state, in several ways to part it.

    Parameters
    ----------
    preferred_deg : (n_unit, n_part, n_split) deg, NaN where the part is not tuned by itself
    half_width_deg : (n_unit, n_part, n_split) deg, NaN where the part is not tuned by itself
    osi : (n_unit, n_part, n_split) of the fitted curve
    rate_hz : (n_unit, n_part, n_split, n_orientation) Hz
    orientations_deg : (n_orientation,) deg
    """

    preferred_deg: NDArray[np.float64]
    half_width_deg: NDArray[np.float64]
    osi: NDArray[np.float64]
    rate_hz: NDArray[np.float64]
    orientations_deg: NDArray[np.float64]


def parts_of_epochs(first: EpochMeasures, second: EpochMeasures) -> Parts | None:
    """Two epochs as the two parts; None where they show other orientations, or fewer than 4."""
    if not (first.has_curve and np.array_equal(first.orientations_deg, second.orientations_deg)):
        return None
    both = (first, second)
    return Parts(
        preferred_deg=_as_parts(
            [np.where(e.is_tuned, e.fit.preferred_orientation_deg, np.nan) for e in both]
        ),
        half_width_deg=_as_parts(
            [np.where(e.is_tuned, e.fit.half_width_deg, np.nan) for e in both]
        ),
        osi=_as_parts([e.fit.osi for e in both]),
        rate_hz=_as_parts([e.rate_hz for e in both]),
        orientations_deg=first.orientations_deg,
    )


def partings(
    measured: EpochMeasures, rng: np.random.Generator, n_parts: int = 2
) -> NDArray[np.bool_] | None:
    """Random parts of the trials of an epoch, alike in their trials of each orientation.

    Parameters
    ----------
    measured : EpochMeasures
    rng : Generator of the partings
    n_parts : 2 for halves

    Returns
    -------
    (n_tuning_trial, n_part, n_split) or None
        None with fewer trials of an orientation than parts, or fewer than 4 orientations.
    """
    shown, n_trials = np.unique(measured.responses.tuning_orientation_deg, return_counts=True)
    if len(shown) < MIN_ORIENTATIONS or n_trials.min() < n_parts:
        return None
    return halvings(measured.responses, rng, n_parts=n_parts)


def parts_of_trials(measured: EpochMeasures, in_part: NDArray[np.bool_]) -> Parts:
    """Tuning in parts of the trials of an epoch that `partings` gave."""
    halves = halves_of(measured.responses, in_part)
    shape = halves.rate_hz.shape
    fit = fit_tuning(halves.rate_hz.reshape(-1, shape[-1]), halves.orientations_deg)
    preferred_deg, half_width_deg, osi = (
        values.reshape(shape[:-1])
        for values in (fit.preferred_orientation_deg, fit.half_width_deg, fit.osi)
    )
    return Parts(
        preferred_deg=np.where(halves.is_tuned, preferred_deg, np.nan),
        half_width_deg=np.where(halves.is_tuned, half_width_deg, np.nan),
        osi=osi,
        rate_hz=halves.rate_hz,
        orientations_deg=halves.orientations_deg,
    )


def _as_parts(of_both: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.stack(of_both, axis=1)[:, :, None]
