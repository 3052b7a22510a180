"""How small a difference of orientation a few cells could tell: the threshold of a linear reader.

With ten repeats of an orientation the information of a whole population cannot be had, but that of
a few cells can, without bias; the mean over many groups of so many cells is then a firm number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.epoch_values import EpochMeasures
from ketacortex.analyse.fisher_information import (
    MAX_UNITS_PER_DEGREE,
    neighbour_information,
    neighbours_deg,
)
from ketacortex.analyse.statistics import NotComputed
from ketacortex.units import orientation_distance_deg

GROUP_UNITS = 6
"""Units that are read together: a third of the degrees of freedom of ten repeats."""
MIN_TRIALS = 4
"""Trials of every orientation, so that three units can be read together."""
N_PARTITIONS = 8
"""Random ways to part the units into groups: with 48 units the error is then that of the trials
(7 %; it is 10 % with one way, and no smaller with 32)."""
SAME_ORIENTATION_DEG = 1.0
"""A reference so close to an orientation that was shown is that orientation."""

FEW_TRIALS = (
    f"an epoch has fewer than {MIN_TRIALS} trials of an orientation, too few for the covariance of "
    "three units; show more"
)
NO_INFORMATION = (
    "the information that is left after correction for the number of trials is not above 0, so no "
    "difference of orientation has a d' of 1; record more cells, or more trials"
)


@dataclass(frozen=True, kw_only=True)
class GroupInformation:
    """Linear Fisher information of a group of units, as a mean over groups.

    Parameters
    ----------
    first_deg, second_deg : (n_pair,) deg, neighbouring orientations
    information : (n_pair,) 1 / deg^2, bias-corrected
    n_units : units that the groups were drawn from
    group_units : units in a group
    """

    first_deg: NDArray[np.float64]
    second_deg: NDArray[np.float64]
    information: NDArray[np.float64]
    n_units: int
    group_units: int

    def threshold_deg(self, is_chosen: NDArray[np.bool_]) -> float:
        """Threshold over the chosen pairs, deg; NaN where their information is not above 0.

        Notes
        -----
        ``1 / sqrt(mean of I over the chosen pairs)``: a difference of so many degrees has a d' of 1
        for the best linear reader of one presentation.
        """
        chosen = self.information[is_chosen]
        chosen = chosen[np.isfinite(chosen)]
        mean = chosen.mean() if len(chosen) else 0.0
        return float(1.0 / np.sqrt(mean)) if mean > 0 else float("nan")

    def is_at(self, reference_deg: float) -> NDArray[np.bool_]:
        """Pairs with the reference between them or as one of them, (n_pair,)."""
        return pairs_at(reference_deg, self.first_deg, self.second_deg)


def pairs_at(
    reference_deg: float, first_deg: NDArray[np.float64], second_deg: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Pairs of neighbouring orientations with the reference between them or as one of them.

    Parameters
    ----------
    reference_deg : deg
        Both neighbours of an orientation that was shown count, to 1 degree.
    first_deg, second_deg : (n_pair,) deg, less than 90 degrees apart

    Returns
    -------
    (n_pair,)

    Examples
    --------
    >>> first_deg, second_deg = neighbours_deg(np.arange(4) * 45.0)
    >>> pairs_at(0.0, first_deg, second_deg).tolist()
    [True, False, False, True]
    >>> pairs_at(60.0, first_deg, second_deg).tolist()
    [False, True, False, False]
    """
    by_way_of_reference_deg = orientation_distance_deg(
        first_deg, reference_deg
    ) + orientation_distance_deg(second_deg, reference_deg)
    apart_deg = orientation_distance_deg(first_deg, second_deg)
    return np.asarray(by_way_of_reference_deg <= apart_deg + 2.0 * SAME_ORIENTATION_DEG)


def group_information(
    epochs: Sequence[EpochMeasures], is_member: NDArray[np.bool_], rng: np.random.Generator
) -> dict[str, GroupInformation | NotComputed]:
    """Information of groups of units of a population, the same groups in every epoch.

    Parameters
    ----------
    epochs : EpochMeasures
        Units that respond in some of them take part, which is asked of all epochs alike, so that
        no epoch is favoured. What they tell about orientation is not looked at.
    is_member : (n_unit,)
    rng : Generator of the groups

    Returns
    -------
    dict
        From the name of an epoch to GroupInformation, or to why there is none.

    Notes
    -----
    With I_g(p) the bias-corrected linear Fisher information of `fisher_information` of group g
    about the pair p of neighbouring orientations::

        I(p) = mean over g of I_g(p)

    which is unbiased, as a mean of what is. The groups are disjoint and of N units in each of 8
    random partitions; N is 6, or half of the degrees of freedom ``2 n - 2`` where these are fewer,
    n being the smallest number of trials of an orientation. The threshold is that of N cells; where
    noise is uncorrelated that of M cells is ``sqrt(N / M)`` of it.

    What units tell of a pair for which they hardly fired is left out. With 10 trials of each
    orientation the information is 4 % low for that where units fire 1 spike a trial on average, and
    12 % where they fire 0.3.

    References
    ----------
    Kanitscheider et al. (2015) 10.1371/journal.pcbi.1004218
    """
    n_trials = {epoch.epoch: _fewest_trials(epoch) for epoch in epochs}
    enough = [epoch for epoch in epochs if n_trials[epoch.epoch] >= MIN_TRIALS]
    found: dict[str, GroupInformation | NotComputed] = {
        epoch.epoch: NotComputed(FEW_TRIALS) for epoch in epochs
    }
    if not enough:
        return found
    degrees = 2 * min(n_trials[epoch.epoch] for epoch in enough) - 2
    group_units = min(GROUP_UNITS, int(MAX_UNITS_PER_DEGREE * degrees))
    responds = np.any([epoch.is_responsive for epoch in enough], axis=0)
    units = np.flatnonzero(is_member & responds)
    if len(units) < group_units:
        few = NotComputed(
            f"{len(units)} units respond and {group_units} are read together; record more cells"
        )
        return {**found, **{epoch.epoch: few for epoch in enough}}
    groups = _random_groups(units, group_units, rng)
    return {**found, **{epoch.epoch: _mean_of_groups(epoch, groups, units) for epoch in enough}}


def _fewest_trials(epoch: EpochMeasures) -> int:
    _, n_each = np.unique(epoch.responses.tuning_orientation_deg, return_counts=True)
    return int(n_each.min()) if epoch.has_curve else 0


def _random_groups(
    units: NDArray[np.intp], group_units: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Units of each group, (n_group, group_units), disjoint within each partition."""
    n_groups = len(units) // group_units
    return np.concatenate(
        [
            rng.permutation(units)[: n_groups * group_units].reshape(n_groups, group_units)
            for _ in range(N_PARTITIONS)
        ]
    )


def _mean_of_groups(
    epoch: EpochMeasures, groups: NDArray[np.intp], units: NDArray[np.intp]
) -> GroupInformation:
    counts = epoch.responses.tuning_counts
    shown_deg = epoch.responses.tuning_orientation_deg
    of_groups = np.array([neighbour_information(counts[group], shown_deg) for group in groups])
    is_known = np.isfinite(of_groups)
    total, n_known = np.where(is_known, of_groups, 0.0).sum(axis=0), is_known.sum(axis=0)
    first_deg, second_deg = neighbours_deg(np.unique(shown_deg))
    return GroupInformation(
        first_deg=first_deg,
        second_deg=second_deg,
        information=np.divide(total, n_known, out=np.full(len(total), np.nan), where=n_known > 0),
        n_units=len(units),
        group_units=groups.shape[1],
    )
