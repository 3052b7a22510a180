"""How far preferred orientations moved between two epochs, beyond what error alone would show.

Two independent measurements of an unmoved preference differ, and they differ more when tuning is
broad or rates are low. The excess shift compares the two epochs with the two halves of each, in
such a way that error cancels, also where it is larger in one epoch than in the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.responses import EpochResponses
from ketacortex.analyse.tuning import fit_tuning, gosi, tuning_p_value
from ketacortex.units import orientation_difference_deg, orientation_distance_deg

N_SPLITS = 16
"""Random stratified halvings that are averaged."""
HALF_ALPHA = 0.05
HALF_GOSI = 0.2
"""Each half of each epoch must be tuned at this level, and this selectively, by itself."""


@dataclass(frozen=True, kw_only=True)
class ExcessShift:
    """Shift of preferred orientation of single units, corrected for error of measurement.

    Parameters
    ----------
    between_deg : (n_unit,) deg, distance between the epochs, NaN for units not measured
    within_deg : (n_unit,) deg, distance that error alone gives
    weight : (n_unit,)
        Share of the halvings in which all four halves were tuned. Means over units must be
        weighted with it: see `excess_shift`.
    """

    between_deg: NDArray[np.float64]
    within_deg: NDArray[np.float64]
    weight: NDArray[np.float64]

    @property
    def excess_deg(self) -> NDArray[np.float64]:
        """Distance between the epochs in excess of error, (n_unit,) deg."""
        return self.between_deg - self.within_deg


@dataclass(frozen=True, kw_only=True)
class Halves:
    """Random halves, or more parts, of the trials of one epoch, measured apart.

    Parameters
    ----------
    rate_hz : (n_unit, n_part, n_split, n_orientation) Hz
    is_tuned : (n_unit, n_part, n_split) whether the part is tuned by itself
    orientations_deg : (n_orientation,) deg
    """

    rate_hz: NDArray[np.float64]
    is_tuned: NDArray[np.bool_]
    orientations_deg: NDArray[np.float64]


def signed_shift_deg(
    before_deg: NDArray[np.float64], after_deg: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Signed shift of each preferred orientation, in [-90, 90) degrees.

    >>> signed_shift_deg(np.array([178.0]), np.array([3.0])).tolist()
    [5.0]
    """
    return orientation_difference_deg(after_deg, before_deg)


def excess_shift(
    before: EpochResponses, after: EpochResponses, rng: np.random.Generator
) -> ExcessShift:
    """Shift of preferred orientation of every unit in excess of error of measurement.

    Each epoch is cut at random into two halves with equal numbers of trials of each
    orientation, and a tuning curve is fitted to each of the four halves.

    Parameters
    ----------
    before, after : EpochResponses
        At least 2 trials of each of at least 4 orientations; not necessarily equally many.
    rng : Generator of the halvings

    Returns
    -------
    ExcessShift

    Notes
    -----
    With A1, A2 the preferred orientations of the halves of one epoch and B1, B2 of the other::

        between = |(A1 + A2) / 2 - (B1 + B2) / 2|
        within  = mean of |(A1 - A2) + (B1 - B2)| / 2 and |(A1 - A2) - (B1 - B2)| / 2

    with all differences, and the middle of two halves, taken the short way round. Let A1 = A + a1
    and so on. Without a shift the first sum is (a1 + a2 - b1 - b2) / 2, the others the same
    with some signs turned, and an error that is symmetric about zero does not notice that. So
    both distances have the same distribution in every single unit, whatever its error in either
    epoch: broader tuning or a lower rate after the drug, in all units or in some, gives an
    excess of 0. That holds while the halves of an epoch lie within 90 degrees of each other; of
    a unit without any tuning, whose halves lie anywhere, the excess would be 45 - 30, which is
    one reason to take only halves that are tuned. (Mean distances of halves combined in
    quadrature give 0 only where all units change alike, because a mean of root mean squares is
    not the root mean square of means.) Averaged over halves, the error that the shift stands
    against is that of the whole epoch.

    A distance is not additive. With `within` w, so that the error of the difference between whole
    epochs has standard deviation e = w sqrt(pi / 2), a common shift s adds about
    s^2 / (e sqrt(2 pi)) when small and s - w when large (with w = 3.9, planted 3, 10 and 20
    degrees read 0.8, 6.3 and 16.0); shifts of standard deviation d about 0 add
    sqrt(w^2 + 2 d^2 / pi) - w. Preferences drawn anew would read 45 - w.

    Units are taken, halving by halving, when each of the four halves is tuned by itself (p
    below 0.05 and gOSI above 0.2: a preference that is there to move), and means over units
    are weighted with the share of halvings taken. That treats the halves alike; a rule on the
    whole epoch would keep units whose halves happen to agree and make a shift of the
    agreement, and an unweighted mean is wrong by 0.1 to 0.4 degrees.
    """
    return excess_of_halves(split_halves(before, rng), split_halves(after, rng))


def excess_of_halves(first: Halves, second: Halves) -> ExcessShift:
    """The same from halves of both epochs that were made before."""
    is_tuned = np.asarray((first.is_tuned & second.is_tuned).all(axis=1))
    a, b = _preferred_of_halves(first, is_tuned), _preferred_of_halves(second, is_tuned)
    error = orientation_difference_deg(a[0], a[1]) / 2
    other_error = orientation_difference_deg(b[0], b[1]) / 2
    # The middle of two halves is half their difference away from the second, the short way round.
    between = orientation_distance_deg(a[1] + error, b[1] + other_error)
    within = np.abs(error + other_error) + np.abs(error - other_error)
    unit, n_units = np.nonzero(is_tuned)[0], len(is_tuned)
    # A half can be tuned by its test and yet be fitted best by a flat line.
    has_both = np.isfinite(between)
    unit, between, within = unit[has_both], between[has_both], within[has_both]
    n_halvings = np.bincount(unit, minlength=n_units)
    with np.errstate(invalid="ignore"):
        return ExcessShift(
            between_deg=np.bincount(unit, between, n_units) / n_halvings,
            within_deg=np.bincount(unit, within, n_units) / (2 * n_halvings),
            weight=n_halvings / N_SPLITS,
        )


def split_halves(
    responses: EpochResponses, rng: np.random.Generator, *, n_parts: int = 2
) -> Halves:
    """Tuning of random halves of an epoch, alike in their number of trials per orientation.

    Where the trials of an orientation do not divide, some of them, others in each halving, are
    left out. With `n_parts` it is thirds or smaller parts in the same way.
    """
    return halves_of(responses, halvings(responses, rng, n_parts=n_parts))


def halvings(
    responses: EpochResponses, rng: np.random.Generator, *, n_parts: int = 2
) -> NDArray[np.bool_]:
    """Which tuning trials are in which part of each parting, (n_tuning_trial, n_part, n_split)."""
    orientations_deg, which = np.unique(responses.tuning_orientation_deg, return_inverse=True)
    return _random_parts(which, len(orientations_deg), rng, n_parts)


def halves_of(responses: EpochResponses, in_half: NDArray[np.bool_]) -> Halves:
    """Tuning of halves of an epoch that are given, as `halvings` gives them.

    A half without any trial of an orientation is not tuned.
    """
    orientation_deg = responses.tuning_orientation_deg
    orientations_deg, which = np.unique(orientation_deg, return_inverse=True)
    member = (which[:, None] == np.arange(len(orientations_deg))).astype(float)
    n_trials = len(which)
    sums = (in_half[..., None] * member[:, None, None, :]).reshape(n_trials, -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate_hz = responses.tuning_counts @ sums / (responses.tuning_duration_s @ sums)
    p_value = tuning_p_value(
        responses.tuning_counts, orientation_deg, in_half.reshape(n_trials, -1)
    )
    n_units = len(responses.counts)
    rate_hz = rate_hz.reshape(n_units, *in_half.shape[1:], len(orientations_deg))
    is_tuned = p_value.reshape(n_units, *in_half.shape[1:]) < HALF_ALPHA
    is_tuned &= gosi(rate_hz, orientations_deg) > HALF_GOSI
    return Halves(rate_hz=rate_hz, is_tuned=is_tuned, orientations_deg=orientations_deg)


def _random_parts(
    which: NDArray[np.intp], n_orientations: int, rng: np.random.Generator, n_parts: int
) -> NDArray[np.bool_]:
    """Membership of the parts of each splitting, (n_trial, n_part, n_split)."""
    in_part = np.zeros((len(which), n_parts, N_SPLITS), bool)
    for orientation in range(n_orientations):
        trials = np.flatnonzero(which == orientation)
        order = np.argsort(rng.random((len(trials), N_SPLITS)), axis=0)
        size = len(trials) // n_parts
        for split in range(N_SPLITS):
            for part in range(n_parts):
                in_part[trials[order[part * size : (part + 1) * size, split]], part, split] = True
    return in_part


def _preferred_of_halves(halves: Halves, is_tuned: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Preferred orientation of both halves, (2, n_tuned) deg, in the order of `is_tuned`."""
    unit, split = np.nonzero(is_tuned)
    rate_hz = np.concatenate([halves.rate_hz[unit, half, split] for half in range(2)])
    return fit_tuning(rate_hz, halves.orientations_deg).preferred_orientation_deg.reshape(2, -1)
