"""The tuning of one measurement after an adapter beside that before it, and what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.adaptation_values import (
    NO_SUCH_MEASUREMENT,
    SECOND_BOUT_MEASURES,
)
from ketacortex.analyse.adapted_epochs import AdaptedEpoch
from ketacortex.analyse.epoch_pairs import equal_trials, mean_excess, no_excess_shift
from ketacortex.analyse.flanks_by_class import (
    FlanksBefore,
    flanks_by_class,
    flanks_of_epochs,
    flanks_of_thirds,
)
from ketacortex.analyse.independent_parts import Parts, parts_of_epochs
from ketacortex.analyse.neighbours import (
    DISCORDANT,
    discordant_half_width_difference_deg,
    neighbour_concordance,
    signed_parts,
)
from ketacortex.analyse.pair_convergence import convergence_deg, slope_of_pairs
from ketacortex.analyse.parted_epoch import PartedEpoch
from ketacortex.analyse.recovery_values import Ratio, growth_of_small, recovery_values
from ketacortex.analyse.shift import ExcessShift, excess_of_halves
from ketacortex.analyse.statistics import NotComputed
from ketacortex.analyse.towards_adapter import (
    Before,
    as_ways,
    before_of_epochs,
    before_of_halves,
    is_near,
    is_remote,
    mean_in,
    shift_values,
    since_first_values,
)
from ketacortex.units import orientation_difference_deg

Values = dict[str, tuple[float, int] | Ratio | NotComputed]
"""From measure to its value and the number of units, or why there is none."""


@dataclass(frozen=True)
class AdaptedTuning:
    """One measurement after an adapter with those that it is held against.

    Parameters
    ----------
    adapted : AdaptedEpoch
    epochs : PartedEpoch of every epoch of the recording, by name
    """

    adapted: AdaptedEpoch
    epochs: Mapping[str, PartedEpoch]

    @property
    def adapter_deg(self) -> float:
        """Orientation of the adapter, deg."""
        return self.adapted.adapter_deg

    @property
    def epoch(self) -> PartedEpoch:
        """The measurement."""
        return self.epochs[self.adapted.epoch]

    @property
    def reference(self) -> PartedEpoch:
        """The measurement before the adapter that shifts are told from."""
        return self.epochs[self.adapted.reference]

    @cached_property
    def side_deg(self) -> NDArray[np.float64]:
        """Preferred orientation in the first measurement before, NaN if untuned, (n_unit,) deg."""
        return self.epochs[self.adapted.before[0]].tuned_deg

    @cached_property
    def before(self) -> Before:
        """Preferred orientations that tell the side, and those that shifts are told from."""
        if len(self.adapted.before) > 1:
            return before_of_epochs(self.side_deg, self.reference.tuned_deg)
        halves = self.reference.halves
        nothing = np.full((len(self.side_deg), 2, 1), np.nan)
        return before_of_halves(nothing if halves is None else halves.preferred_deg)

    @cached_property
    def parts_before(self) -> Parts | None:
        """Two independent measurements before the adapter."""
        return self._parts(self.adapted.before)

    @cached_property
    def parts_after(self) -> Parts | None:
        """Two independent measurements of the state of this one."""
        same = self.adapted.same_state
        return self._parts((self.adapted.epoch, *((same,) if same else ())))

    @cached_property
    def flanks_before(self) -> list[FlanksBefore]:
        """Three independent measurements before the adapter, for class, middle and rates."""
        halves = [self.epochs[name].halves for name in self.adapted.before]
        both = [half for half in halves if half is not None]
        if len(both) > 1 and self.parts_before is not both[-1] and self.parts_before is not None:
            return flanks_of_epochs(self.parts_before, both)
        thirds = self.reference.thirds
        return [] if thirds is None else flanks_of_thirds(thirds)

    def _parts(self, names: tuple[str, ...]) -> Parts | None:
        if len(names) > 1:
            found = parts_of_epochs(*(self.epochs[name].measured for name in names))
            if found is not None:
                return found
        return self.epochs[names[-1] if names == self.adapted.before else names[0]].halves

    def towards_deg(self, epoch: str) -> NDArray[np.float64]:
        """Shift towards the adapter in an epoch, in each way, (n_unit, n_way) deg."""
        return self.before.towards_deg(self.epochs[epoch].tuned_deg, self.adapter_deg)

    def near_towards_deg(self, epoch: str, is_member: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The same, NaN for cells whose preference is not near the adapter or that do not count."""
        counts = self.before.is_near(self.adapter_deg) & is_member[:, None]
        return np.where(counts, self.towards_deg(epoch), np.nan)

    @cached_property
    def excess(self) -> ExcessShift:
        """Shift from the reference in excess of error."""
        before, after = self.reference.halves_for_excess, self.epoch.halves_for_excess
        if before is None or after is None:
            return no_excess_shift(len(self.side_deg))
        return excess_of_halves(before, after)

    @cached_property
    def pair_changes(self) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
        """Change of synchrony and of tuning difference of pairs, for each half of each parting.

        Tuning changes by one half before and after, along the difference that the other half shows,
        synchrony by that other half.
        """
        before, after = self.reference, self.epoch
        if before.halves is None or after.halves is None:
            return [], []
        synchrony, convergence = [], []
        both = zip(before.synchrony_of_halves, after.synchrony_of_halves, strict=True)
        for split, (first, second) in enumerate(both):
            for half in range(2):
                synchrony.append(second[1 - half] - first[1 - half])
                convergence.append(
                    convergence_deg(
                        before.halves.preferred_deg[:, 1 - half, split],
                        before.halves.preferred_deg[:, half, split],
                        after.halves.preferred_deg[:, half, split],
                    )
                )
        return synchrony, convergence


def adapted_values(
    of: AdaptedTuning, is_member: NDArray[np.bool_], distance_um: NDArray[np.float64]
) -> Values:
    """What every measurement after an adapter shows in a population.

    Parameters
    ----------
    of : AdaptedTuning
    is_member : (n_unit,)
    distance_um : (n_unit, n_unit) um, NaN without positions

    Returns
    -------
    dict
        Of `ADAPTED_MEASURES` those that can be had; NaN for too few cells.
    """
    near_deg = of.near_towards_deg(of.adapted.epoch, is_member)
    is_far = is_remote(of.side_deg, of.adapter_deg)
    _, excess_deg, n_remote = mean_excess(of.excess, is_member & is_far)
    synchrony, convergence = of.pair_changes
    pairs = is_member[:, None] & is_member
    return {
        **shift_values(near_deg),
        **_values_of_parts(of, is_member, distance_um),
        "synchrony_by_convergence": slope_of_pairs(
            [np.where(pairs, change, np.nan) for change in synchrony], convergence
        ),
        "remote_shift_excess_deg": (excess_deg, n_remote),
    }


def _values_of_parts(
    of: AdaptedTuning, is_member: NDArray[np.bool_], distance_um: NDArray[np.float64]
) -> Values:
    before, after = of.parts_before, of.parts_after
    if before is None or after is None:
        return {}
    towards_deg = signed_parts(before, after, of.adapter_deg, is_member)
    # A half of the trials has twice the variance of all of them.
    errors_deg = [
        parted.error_deg * (np.sqrt(2.0) if parts is parted.halves else 1.0)
        for parted, parts in ((of.reference, before), (of.epoch, after))
    ]
    return {
        **flanks_by_class(
            of.flanks_before, after, before.orientations_deg, of.adapter_deg, is_member
        ),
        **neighbour_concordance(towards_deg, distance_um),
        DISCORDANT: discordant_half_width_difference_deg(
            towards_deg, np.hypot(*errors_deg), before.half_width_deg, distance_um
        ),
    }


def later_values(of: AdaptedTuning, is_member: NDArray[np.bool_]) -> Values:
    """What changed since the first measurement of the bout; nothing for that one itself."""
    if of.adapted.epoch == of.adapted.first:
        return {}
    first, later = (
        of.near_towards_deg(epoch, is_member) for epoch in (of.adapted.first, of.adapted.epoch)
    )
    return dict(since_first_values(first, later))


def second_bout_values(
    first: AdaptedTuning | None, second: AdaptedTuning, is_member: NDArray[np.bool_]
) -> Values:
    """What a second bout of adaptation does beyond the first, each against what was before it.

    Parameters
    ----------
    first : of the measurement after as much of the adapter in the first bout, or None
    second : AdaptedTuning of the second bout
    is_member : (n_unit,)

    Returns
    -------
    dict
        Of `SECOND_BOUT_MEASURES`; the size is the mean square of the shift of the cells near the
        adapter, as the product of two measurements of it: error of neither adds to it.
    """
    if first is None:
        return dict.fromkeys(SECOND_BOUT_MEASURES, NotComputed(NO_SUCH_MEASUREMENT))
    found = []
    for of in (first, second):
        shifts = shift_values(of.near_towards_deg(of.adapted.epoch, is_member))
        is_counted = is_member & is_near(of.side_deg, of.adapter_deg)
        size = _mean_square_deg2(of, is_counted)
        found.append([shifts["attraction_balance"], shifts["shift_towards_deg"], size])
    return {
        measure: (after - before, min(n_before, n_after))
        for measure, (before, n_before), (after, n_after) in zip(
            SECOND_BOUT_MEASURES, *found, strict=True
        )
    }


def _mean_square_deg2(of: AdaptedTuning, is_in: NDArray[np.bool_]) -> tuple[float, int]:
    before, after = of.parts_before, of.parts_after
    if before is None or after is None:
        return float("nan"), 0
    shift_deg = orientation_difference_deg(after.preferred_deg, before.preferred_deg)
    square = shift_deg[:, 0] * shift_deg[:, 1]
    return mean_in(square, np.isfinite(square) & is_in[:, None])


def recovered_values(of: AdaptedTuning, is_member: NDArray[np.bool_]) -> Values:
    """What became of the shifts since the first measurement after the latest adapter.

    Nothing for that one itself. With a second measurement directly after it, the two are the
    independent measurements of the shift, else halves of the one.
    """
    if not of.adapted.place:
        return {}
    since = [of.epochs[name] for name in of.adapted.first_since]
    first, later = since[0].halves, of.epoch.halves
    if len(since) > 1 and of.adapted.epoch != of.adapted.first_since[1]:
        together = parts_of_epochs(*(parted.measured for parted in since))
        if together is not None:
            first, later = together, parts_of_epochs(of.epoch.measured, of.epoch.measured)
    found: Values = {}
    if of.parts_before is not None and first is not None and later is not None:
        states = (of.parts_before, first, later)
        found |= recovery_values(*(state.preferred_deg[is_member] for state in states))
    thirds = [parted.thirds for parted in (of.reference, since[0], of.epoch)]
    measured = [third.preferred_deg[is_member] for third in thirds if third is not None]
    if len(measured) == len(thirds):
        found |= growth_of_small(*measured)
    return found


def near_osi(of: AdaptedTuning, is_member: NDArray[np.bool_]) -> tuple[float, float, int]:
    """Mean OSI of the cells near the adapter before and after it, and their number.

    Which cells those are comes from the trials that tell the side. Both means are of equally many
    trials of each orientation, as noise adds to selectivity.
    """
    before, after = equal_trials(of.reference.measured, of.epoch.measured)
    if not np.array_equal(before.orientations_deg, after.orientations_deg):
        return float("nan"), float("nan"), 0
    if len(of.adapted.before) > 1:
        osi = [before.fit.osi[:, None], after.fit.osi[:, None]]
        near = is_near(of.side_deg, of.adapter_deg)[:, None]
    else:
        halves = [
            parted.halves if parted.measured is epoch else PartedEpoch(epoch).halves
            for parted, epoch in ((of.reference, before), (of.epoch, after))
        ]
        if halves[0] is None or halves[1] is None:
            return float("nan"), float("nan"), 0
        osi = [as_ways(half.osi[:, ::-1]) for half in halves if half]
        near = is_near(as_ways(halves[0].preferred_deg), of.adapter_deg)
    counts = near & is_member[:, None] & np.isfinite(osi[0]) & np.isfinite(osi[1])
    (first, n_units), (second, _) = (mean_in(values, counts) for values in osi)
    return first, second, n_units
