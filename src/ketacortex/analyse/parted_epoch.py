"""One epoch in all the ways in which the analysis of adaptation takes it apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.epoch_values import EpochMeasures
from ketacortex.analyse.independent_parts import Parts, partings, parts_of_trials
from ketacortex.analyse.pair_convergence import WINDOW_S, pair_synchrony
from ketacortex.analyse.shift import Halves, halves_of
from ketacortex.analyse.synchrony import counts_in_windows
from ketacortex.analyse.tuning_errors import tuning_errors
from ketacortex.seeds import generator

N_PAIR_SPLITS = 4
"""Ways to part the trials in which pairs are looked at: each is a product over all windows."""


@dataclass(frozen=True)
class PartedEpoch:
    """Tuning of an epoch in whole, in halves and in thirds; each taken when it is asked for.

    Parameters
    ----------
    measured : EpochMeasures
    """

    measured: EpochMeasures

    @cached_property
    def tuned_deg(self) -> NDArray[np.float64]:
        """Preferred orientation in all trials, NaN where not tuned, (n_unit,) deg."""
        fit = self.measured.fit
        return np.where(self.measured.is_tuned, fit.preferred_orientation_deg, np.nan)

    @cached_property
    def error_deg(self) -> NDArray[np.float64]:
        """Its standard error, NaN outside the domain of `tuning_errors`, (n_unit,) deg."""
        of = self.measured.responses
        if not self.measured.has_curve:
            return np.full(len(of.counts), np.nan)
        found = tuning_errors(of.tuning_counts, of.tuning_duration_s, of.tuning_orientation_deg)
        return found.preferred_orientation_deg.standard_error

    @cached_property
    def in_half(self) -> NDArray[np.bool_] | None:
        """Membership of the trials in the halves; None with too few trials."""
        return partings(self.measured, self._generator("halves"))

    @cached_property
    def halves(self) -> Parts | None:
        """Tuning in halves of the trials; None with too few."""
        return None if self.in_half is None else parts_of_trials(self.measured, self.in_half)

    @cached_property
    def halves_for_excess(self) -> Halves | None:
        """The same halves, as the excess shift takes them."""
        return None if self.in_half is None else halves_of(self.measured.responses, self.in_half)

    @cached_property
    def thirds(self) -> Parts | None:
        """Tuning in thirds of the trials; None with too few."""
        in_third = partings(self.measured, self._generator("thirds"), 3)
        return None if in_third is None else parts_of_trials(self.measured, in_third)

    @cached_property
    def synchrony_of_halves(self) -> list[list[NDArray[np.float64]]]:
        """Synchrony of pairs in both halves of some partings, [split][half] (n_unit, n_unit)."""
        if self.in_half is None:
            return []
        of = self.measured.responses
        chosen = of.is_for_tuning
        onset_s, duration_s = of.onset_s[chosen], of.duration_s[chosen]
        counts = counts_in_windows(self.measured.recording, onset_s, duration_s, WINDOW_S)
        condition = of.condition[chosen]
        return [
            [
                pair_synchrony(counts[:, kept], condition[kept])
                for kept in self.in_half[:, :, split].T
            ]
            for split in range(N_PAIR_SPLITS)
        ]

    def _generator(self, what: str) -> np.random.Generator:
        animal = self.measured.recording.subject.identifier
        return generator(f"adaptation, {what}", animal, self.measured.epoch)
