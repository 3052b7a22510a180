"""How steep the tuning curves of a population are at an orientation, in two epochs alike.

An absolute slope is never below 0, so noise alone makes curves look steep, and it makes those look
steepest that noise also made look tuned. Which cells are tuned, and in which direction a curve
rises, therefore comes from one half of the trials and how steeply it rises from the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.curve_shapes import CurveShape, lobe_slopes
from ketacortex.analyse.epoch_pairs import MIN_TUNED_UNITS
from ketacortex.analyse.epoch_values import EpochMeasures
from ketacortex.analyse.independent_parts import partings
from ketacortex.analyse.shift import halves_of
from ketacortex.analyse.tuning import fit_tuning

ALL_ORIENTATIONS_DEG = np.arange(0.0, 180.0, 5.0)
"""Where slopes are taken for their mean over all orientations: finer than any fitted curve."""


@dataclass(frozen=True, kw_only=True)
class HalfCurves:
    """Fitted curves in random halves of the trials of an epoch.

    Parameters
    ----------
    amplitude_hz, preferred_deg, kappa : (n_unit, 2, n_split), NaN for a silent or flat half
    is_tuned : (n_unit, 2, n_split) whether the half is tuned by itself
    """

    amplitude_hz: NDArray[np.float64]
    preferred_deg: NDArray[np.float64]
    kappa: NDArray[np.float64]
    is_tuned: NDArray[np.bool_]

    def slope_hz_per_deg(self, orientation_deg: NDArray[np.float64]) -> NDArray[np.float64]:
        """Slope of the curves, (n_unit, 2, n_split, n_orientation) Hz / deg; 0 where it is flat.

        Notes
        -----
        ``r'(theta) = -2 a kappa sin 2(theta - mu) exp(kappa (cos 2(theta - mu) - 1)) pi / 180``
        """
        doubled = np.deg2rad(2.0 * np.asarray(orientation_deg, float))
        place = np.deg2rad(2.0 * self.preferred_deg.ravel())
        along_place = lobe_slopes(doubled, place, self.kappa.ravel(), int(CurveShape.VON_MISES))[1]
        slope = -np.deg2rad(2.0) * self.amplitude_hz.ravel()[:, None] * along_place
        return np.nan_to_num(slope).reshape(*self.kappa.shape, len(doubled))


def half_curves(measured: EpochMeasures, rng: np.random.Generator) -> HalfCurves | None:
    """Curves in halves of the trials; None with fewer than 2 trials of an orientation or 4 of them.

    Parameters
    ----------
    measured : EpochMeasures
    rng : Generator of the halvings
    """
    in_half = partings(measured, rng)
    if in_half is None:
        return None
    halves = halves_of(measured.responses, in_half)
    shape = halves.rate_hz.shape
    fit = fit_tuning(halves.rate_hz.reshape(-1, shape[-1]), halves.orientations_deg)
    return HalfCurves(
        amplitude_hz=fit.amplitude_hz.reshape(shape[:-1]),
        preferred_deg=fit.preferred_orientation_deg.reshape(shape[:-1]),
        kappa=fit.kappa.reshape(shape[:-1]),
        is_tuned=halves.is_tuned,
    )


def mean_slopes(
    before: HalfCurves,
    after: HalfCurves,
    is_member: NDArray[np.bool_],
    orientation_deg: NDArray[np.float64],
) -> tuple[float, float, int]:
    """Mean absolute slope at some orientations over cells tuned in both epochs.

    Parameters
    ----------
    before, after : HalfCurves
    is_member : (n_unit,)
    orientation_deg : (n_orientation,) deg, over which the mean is taken

    Returns
    -------
    before, after : Hz / deg, NaN with fewer than 5 cells
    n_units : cells tuned in one half of both, in some halving

    Notes
    -----
    ``mean over cells and halvings of sign(r'_A) r'_B``, A and B the two halves either way round,
    over the cells tuned in A of both epochs. Without tuning it is 0. Where noise turns the sign of
    a shallow slope it is below the absolute slope. The curves are von Mises curves: a bend that
    these cannot take, such as a stretch of 20 degrees that is steeper, is mostly smoothed away.
    """
    chooses = (before.is_tuned & after.is_tuned)[is_member]
    n_units = int(chooses.any(axis=(1, 2)).sum())
    if n_units < MIN_TUNED_UNITS:
        return float("nan"), float("nan"), n_units
    values = []
    for epoch in (before, after):
        slope = epoch.slope_hz_per_deg(orientation_deg)[is_member]
        steepness = (np.sign(slope) * slope[:, ::-1]).mean(axis=-1)
        values.append(float(steepness[chooses].mean()))
    return values[0], values[1], n_units
