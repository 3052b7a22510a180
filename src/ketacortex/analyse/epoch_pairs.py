"""What changed between two epochs of one animal, over the same units in both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse import dendrites, membrane
from ketacortex.analyse.epoch_values import EpochMeasures, average
from ketacortex.analyse.shift import ExcessShift, excess_shift, signed_shift_deg
from ketacortex.analyse.tuning import MIN_ORIENTATIONS
from ketacortex.analyse.variability import (
    CountStatistics,
    mean_over_pairs,
    rate_matched_fano_factor,
)
from ketacortex.seeds import generator

SHIFT_MEASURES = (
    "preferred_orientation_shift_abs_deg",
    "preferred_orientation_shift_excess_deg",
)
"""Measures of the change itself: they have no value before."""
PAIR_MEASURES = (
    *SHIFT_MEASURES,
    "osi",
    "osi_rate_matched",
    "gosi",
    "gosi_rate_matched",
    "fano_factor",
    "fano_factor_rate_matched",
    "evoked_rate_hz",
    "spontaneous_rate_hz",
    "noise_correlation",
)
N_THINNINGS = 4
"""Random thinnings of the spikes whose selectivities are averaged."""
MIN_TUNED_UNITS = 5
"""Units of a population that must be tuned before its mean shift says anything."""
REASONS = {
    "preferred_orientation_shift_abs_deg": (
        f"fewer than {MIN_TUNED_UNITS} units are tuned (p < .05, gOSI > 0.2) in both"
    ),
    "preferred_orientation_shift_excess_deg": (
        f"it needs 2 trials of each of 4 orientations, and {MIN_TUNED_UNITS} units that are tuned "
        "in both halves of both"
    ),
    **dict.fromkeys(
        ("osi", "osi_rate_matched", "gosi", "gosi_rate_matched"),
        "no unit responds in both, or they do not show the same 4 or more orientations",
    ),
    "fano_factor": "no unit has a mean count above 0.5 for the same stimulus in both",
    "fano_factor_rate_matched": "their mean counts above 0.5 have no range in common",
    "evoked_rate_hz": "they have no trials with an orientation, or not of the same stimuli",
    "spontaneous_rate_hz": "one of them has no blank trials",
    "noise_correlation": "fewer than 2 units have a mean count above 0.5 in both",
    **{
        measure: "no unit has it in both, or they do not show the same stimuli"
        for measure in (*dendrites.REASONS, *membrane.REASONS)
    },
}
"""Why a comparison of two epochs is missing, as the end of a sentence about both."""


def unit_shift_deg(before: EpochMeasures, after: EpochMeasures) -> NDArray[np.float64]:
    """Signed shift of preferred orientation, (n_unit,) deg; NaN unless tuned in both epochs."""
    shift_deg = signed_shift_deg(
        before.fit.preferred_orientation_deg, after.fit.preferred_orientation_deg
    )
    return np.where(before.is_tuned & after.is_tuned, shift_deg, np.nan)


def unit_excess_shift(
    before: EpochMeasures, after: EpochMeasures, rng: np.random.Generator
) -> ExcessShift:
    """Shift in excess of error of every unit; nothing but NaN where an epoch has too few trials."""
    if can_be_halved(before) and can_be_halved(after):
        return excess_shift(before.responses, after.responses, rng)
    return no_excess_shift(len(before.gosi))


def no_excess_shift(n_units: int) -> ExcessShift:
    """Shifts of units none of which could be measured."""
    nothing = np.full(n_units, np.nan)
    return ExcessShift(between_deg=nothing, within_deg=nothing, weight=np.zeros(n_units))


def can_be_halved(measured: EpochMeasures) -> bool:
    """Whether there are two trials of each of enough orientations."""
    shown, n_trials = np.unique(measured.responses.tuning_orientation_deg, return_counts=True)
    return len(shown) >= MIN_ORIENTATIONS and bool((n_trials >= 2).all())


@dataclass(frozen=True)
class EpochPair:
    """Two epochs of one recording, and what tuning is compared on.

    Parameters
    ----------
    before, after : EpochMeasures
    tuning_before, tuning_after : EpochMeasures
        The same with equally many trials of each orientation: noise adds to selectivity, and adds
        more where there are fewer trials.
    matched_before, matched_after : EpochMeasures
        The latter with equally many spikes too, several random thinnings: noise adds more where
        there are fewer spikes.
    """

    before: EpochMeasures
    after: EpochMeasures
    tuning_before: EpochMeasures
    tuning_after: EpochMeasures
    matched_before: tuple[EpochMeasures, ...]
    matched_after: tuple[EpochMeasures, ...]

    def without(
        self, is_before: bool, shown: NDArray[np.bool_], blank: NDArray[np.bool_]
    ) -> EpochPair:
        """The pair with some of the trials of one of its epochs.

        Parameters
        ----------
        is_before : whether it is the epoch before
        shown, blank : (n_trial,), (n_blank,) trials to keep
        """

        def lessened(epoch: EpochMeasures) -> EpochMeasures:
            return EpochMeasures(epoch.recording, epoch.responses.restricted_to(shown, blank))

        if is_before:
            return replace(
                self,
                before=lessened(self.before),
                tuning_before=lessened(self.tuning_before),
                matched_before=tuple(map(lessened, self.matched_before)),
            )
        return replace(
            self,
            after=lessened(self.after),
            tuning_after=lessened(self.tuning_after),
            matched_after=tuple(map(lessened, self.matched_after)),
        )


def pair_epochs(before: EpochMeasures, after: EpochMeasures) -> EpochPair:
    """Two epochs, with trials beyond the common number set aside where tuning is compared.

    Those that stay are spread evenly over the epoch. Spikes are thinned at random, unit by unit,
    to the mean count of the epoch with fewer: that keeps the shape of a tuning curve and makes
    its noise that of the other.
    """
    first, second = equal_trials(before, after)
    mean = [_mean_tuning_count(epoch) for epoch in (first, second)]
    with np.errstate(invalid="ignore", divide="ignore"):
        kept = [np.nan_to_num(np.minimum(*mean) / m, nan=1.0) for m in mean]
    name = ("thinned spikes", before.recording.subject.identifier, before.epoch, after.epoch)
    rng = generator(*name)
    return EpochPair(
        before,
        after,
        first,
        second,
        tuple(_with_spikes(first, kept[0], rng) for _ in range(N_THINNINGS)),
        tuple(_with_spikes(second, kept[1], rng) for _ in range(N_THINNINGS)),
    )


def equal_trials(
    before: EpochMeasures, after: EpochMeasures
) -> tuple[EpochMeasures, EpochMeasures]:
    """Two epochs with equally many trials of each orientation; as they are if they show others."""
    shown, n_trials = zip(*(_tuning_trials(epoch) for epoch in (before, after)), strict=True)
    if not np.array_equal(*shown) or np.array_equal(*n_trials):
        return before, after
    common = np.minimum(*n_trials)
    return _with_trials(before, common), _with_trials(after, common)


def _mean_tuning_count(measured: EpochMeasures) -> NDArray[np.float64]:
    counts = measured.responses.tuning_counts
    return counts.mean(axis=1) if counts.shape[1] else np.zeros(len(counts))


def _with_spikes(
    measured: EpochMeasures, kept: NDArray[np.float64], rng: np.random.Generator
) -> EpochMeasures:
    """The epoch with a share of the spikes of each unit, (n_unit,), drawn spike by spike."""
    counts = rng.binomial(measured.responses.counts.astype(np.int64), kept[:, None]).astype(float)
    return EpochMeasures(measured.recording, replace(measured.responses, counts=counts))


def _tuning_trials(measured: EpochMeasures) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    return np.unique(measured.responses.tuning_orientation_deg, return_counts=True)


def _with_trials(measured: EpochMeasures, n_trials: NDArray[np.intp]) -> EpochMeasures:
    """The epoch with tuning measured on so many trials of each orientation."""
    responses = measured.responses
    kept = np.zeros(len(responses.condition), bool)
    for orientation_deg, n_kept in zip(measured.orientations_deg, n_trials, strict=True):
        is_it = responses.is_for_tuning & (responses.orientation_deg == orientation_deg)
        trials = np.flatnonzero(is_it)
        trials = trials[np.argsort(responses.onset_s[trials], kind="stable")]
        kept[trials[(np.arange(n_kept) * len(trials)) // n_kept]] = True
    return EpochMeasures(measured.recording, replace(responses, is_for_tuning=kept))


def paired_values(
    pair: EpochPair,
    shift_deg: NDArray[np.float64],
    excess: ExcessShift,
    is_member: NDArray[np.bool_],
) -> dict[str, tuple[float, float, int]]:
    """Value before and after of every measure over the units that have it in both epochs.

    Parameters
    ----------
    pair : EpochPair
    shift_deg : (n_unit,) deg, of `unit_shift_deg`
    excess : ExcessShift, of `unit_excess_shift`
    is_member : (n_unit,)

    Returns
    -------
    dict
        From measure to (before, after, n_units); a shift is NaN before.
    """
    before, after = pair.before, pair.after
    # Rates and selectivity depend on what is shown: other stimuli would pass for a change.
    same_tuning = np.array_equal(before.orientations_deg, after.orientations_deg)
    same_stimuli = np.array_equal(
        np.unique(before.responses.condition), np.unique(after.responses.condition)
    )
    responsive = is_member & before.is_responsive & after.is_responsive & same_tuning
    counted = is_member & before.is_counted & after.is_counted
    moved, n_moved = average(np.abs(shift_deg), is_member)
    if n_moved < MIN_TUNED_UNITS:
        moved, n_moved = float("nan"), 0
    return {
        "preferred_orientation_shift_abs_deg": (float("nan"), moved, n_moved),
        "preferred_orientation_shift_excess_deg": mean_excess(excess, is_member),
        "osi": _in_both(pair.tuning_before.fit.osi, pair.tuning_after.fit.osi, responsive),
        "gosi": _in_both(pair.tuning_before.gosi, pair.tuning_after.gosi, responsive),
        "osi_rate_matched": _in_both(
            _mean_of([epoch.fit.osi for epoch in pair.matched_before]),
            _mean_of([epoch.fit.osi for epoch in pair.matched_after]),
            responsive,
        ),
        "gosi_rate_matched": _in_both(
            _mean_of([epoch.gosi for epoch in pair.matched_before]),
            _mean_of([epoch.gosi for epoch in pair.matched_after]),
            responsive,
        ),
        "fano_factor": _paired_fano(before, after, is_member),
        "fano_factor_rate_matched": _matched_fano(before, after, is_member),
        "evoked_rate_hz": _in_both(
            before.mean_rate_hz, after.mean_rate_hz, is_member & same_stimuli
        ),
        "spontaneous_rate_hz": _in_both(
            before.spontaneous_rate_hz, after.spontaneous_rate_hz, is_member
        ),
        "noise_correlation": (
            mean_over_pairs(before.correlation, counted),
            mean_over_pairs(after.correlation, counted),
            int(counted.sum()),
        ),
        **{
            name: _in_both(value, after.intracellular[name], is_member & same_stimuli)
            for name, value in before.intracellular.items()
        },
    }


def _mean_of(thinnings: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Mean over thinnings, (n_unit,); NaN where one of them silenced the unit."""
    return np.mean(thinnings, axis=0)


def _in_both(
    before: NDArray[np.float64], after: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> tuple[float, float, int]:
    both = chosen & np.isfinite(before) & np.isfinite(after)
    return average(before, both)[0], average(after, both)[0], int(both.sum())


def mean_excess(excess: ExcessShift, is_member: NDArray[np.bool_]) -> tuple[float, float, int]:
    """NaN, the mean excess of the units of a population, and their number; NaN for fewer than 5."""
    chosen = is_member & (excess.weight > 0)
    if chosen.sum() < MIN_TUNED_UNITS:
        return float("nan"), float("nan"), 0
    mean = np.average(excess.excess_deg[chosen], weights=excess.weight[chosen])
    return float("nan"), float(mean), int(chosen.sum())


def _paired_fano(
    before: EpochMeasures, after: EpochMeasures, is_member: NDArray[np.bool_]
) -> tuple[float, float, int]:
    """Over the pairs of unit and condition that are valid in both epochs."""
    common = np.intersect1d(before.count_statistics.condition, after.count_statistics.condition)
    first, second = (
        epoch.count_statistics.restricted_to(common).fano_factor[is_member]
        for epoch in (before, after)
    )
    both = np.isfinite(first) & np.isfinite(second)
    if not both.any():
        return float("nan"), float("nan"), 0
    return float(first[both].mean()), float(second[both].mean()), int(both.any(axis=1).sum())


def _matched_fano(
    before: EpochMeasures, after: EpochMeasures, is_member: NDArray[np.bool_]
) -> tuple[float, float, int]:
    first, second = (
        CountStatistics(
            mean=epoch.count_statistics.mean[is_member],
            variance=epoch.count_statistics.variance[is_member],
            condition=epoch.count_statistics.condition,
        )
        for epoch in (before, after)
    )
    matched_before, matched_after, _ = rate_matched_fano_factor(first, second)
    contributes = np.isfinite(first.fano_factor).any(axis=1)
    contributes |= np.isfinite(second.fano_factor).any(axis=1)
    return matched_before, matched_after, int(contributes.sum())
