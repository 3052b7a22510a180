"""What one epoch says about every unit, and about a population of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse import dendrites, membrane
from ketacortex.analyse.modality import MIN_BLANKS, spread_ties, unimodality_p_value, up_state_share
from ketacortex.analyse.reliability import response_reliability
from ketacortex.analyse.responses import EpochResponses
from ketacortex.analyse.shared_gain import gain_variance
from ketacortex.analyse.tuning import (
    MIN_ORIENTATIONS,
    TuningFit,
    fit_tuning,
    gosi,
    mean_rates,
    tuning_p_value,
)
from ketacortex.analyse.variability import (
    MIN_INTERVALS,
    MIN_MEAN_COUNT,
    CountStatistics,
    count_statistics,
    isi_cv,
    mean_of_finite,
    mean_over_pairs,
    noise_correlations,
)
from ketacortex.recording.recording import Recording

RESPONSIVE_COUNT = 0.5
"""Spikes a trial that a responsive unit exceeds at its best orientation."""
TUNED_GOSI = 0.2
TUNED_ALPHA = 0.05

NO_TUNING = f"fewer than {MIN_ORIENTATIONS} orientations, or no responsive unit among them"
NO_BLANKS = "no blank trials"
REASONS = {
    "evoked_rate_hz": "no trials with an orientation",
    "peak_rate_hz": "no trials with an orientation",
    "spontaneous_rate_hz": NO_BLANKS,
    "osi": NO_TUNING,
    "gosi": NO_TUNING,
    "gosi_median": NO_TUNING,
    "tuned_share": NO_TUNING,
    "half_width_deg": "no tuned unit whose curve falls to half its height",
    "fano_factor": "no unit with a mean count above 0.5 in 2 or more trials of one condition",
    "noise_correlation": (
        "fewer than 2 units with a mean count above 0.5, or fewer than 3 trials a condition"
    ),
    "isi_cv": f"no unit with {MIN_INTERVALS} intervals between spikes in one condition",
    "blank_unimodality_p": f"fewer than {MIN_BLANKS} blank trials",
    "up_state_share": "no blank trials or no evoked spikes",
    **dendrites.REASONS,
    **membrane.REASONS,
}
"""Why a measure of a population is missing, as the end of a sentence."""


@dataclass(frozen=True)
class EpochMeasures:
    """Everything measured of single units, and of pairs, in one epoch; NaN where it cannot tell.

    Each measure is taken when it is first asked for.

    Parameters
    ----------
    recording : Recording
    responses : EpochResponses of one of its epochs
    """

    recording: Recording
    responses: EpochResponses

    @property
    def epoch(self) -> str:
        """Name of the epoch."""
        return self.responses.epoch

    @cached_property
    def _curve(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        of = self.responses
        return mean_rates(of.tuning_counts, of.tuning_duration_s, of.tuning_orientation_deg)

    @property
    def rate_hz(self) -> NDArray[np.float64]:
        """Mean rate by orientation, (n_unit, n_orientation) Hz."""
        return self._curve[0]

    @property
    def standard_error_hz(self) -> NDArray[np.float64]:
        """Its standard error, (n_unit, n_orientation) Hz."""
        return self._curve[1]

    @property
    def orientations_deg(self) -> NDArray[np.float64]:
        """Orientations shown, (n_orientation,) deg."""
        return self._curve[2]

    @property
    def has_curve(self) -> bool:
        """Whether enough orientations were shown for a tuning curve."""
        return len(self.orientations_deg) >= MIN_ORIENTATIONS

    @cached_property
    def fit(self) -> TuningFit:
        """Fitted tuning curves."""
        if self.has_curve:
            return fit_tuning(self.rate_hz, self.orientations_deg)
        return TuningFit(**{field.name: self._nothing for field in fields(TuningFit)})

    @cached_property
    def mean_rate_hz(self) -> NDArray[np.float64]:
        """Mean over conditions, (n_unit,) Hz."""
        of = self.responses
        if not len(of.condition):
            return self._nothing
        rate_hz, _, _ = mean_rates(of.counts, of.duration_s, of.condition.astype(float))
        return rate_hz.mean(axis=1)

    @property
    def peak_rate_hz(self) -> NDArray[np.float64]:
        """Largest mean over orientations, (n_unit,) Hz."""
        return self.rate_hz.max(axis=1) if self.rate_hz.size else self._nothing

    @property
    def spontaneous_rate_hz(self) -> NDArray[np.float64]:
        """Mean over blanks, (n_unit,) Hz."""
        blank_s = self.responses.blank_duration_s.sum()
        return self.responses.blank_counts.sum(axis=1) / blank_s if blank_s else self._nothing

    @cached_property
    def gosi(self) -> NDArray[np.float64]:
        """1 - circular variance, (n_unit,)."""
        return gosi(self.rate_hz, self.orientations_deg) if self.has_curve else self._nothing

    @cached_property
    def tuning_p(self) -> NDArray[np.float64]:
        """Probability of so much modulation without any, (n_unit,)."""
        of = self.responses
        if not self.has_curve:
            return self._nothing
        return tuning_p_value(of.tuning_counts, of.tuning_orientation_deg)

    @property
    def mean_count(self) -> NDArray[np.float64]:
        """Spikes a trial, (n_unit,)."""
        has_trials = len(self.responses.condition) > 0
        return self.responses.counts.mean(axis=1) if has_trials else self._nothing

    @cached_property
    def count_statistics(self) -> CountStatistics:
        """Mean and variance of the counts by condition."""
        return count_statistics(self.responses.counts, self.responses.condition)

    @property
    def fano_factor(self) -> NDArray[np.float64]:
        """Mean Fano factor over the valid conditions of each unit, (n_unit,)."""
        return mean_of_finite(self.count_statistics.fano_factor)

    @cached_property
    def gain_variance(self) -> NDArray[np.float64]:
        """Variance of the gain beyond Poisson, (n_unit,)."""
        return gain_variance(self.responses.counts, self.responses.condition).estimate

    @cached_property
    def reliability(self) -> NDArray[np.float64]:
        """Share of the variance of condition means that is response, (n_unit,)."""
        return response_reliability(self.responses.counts, self.responses.condition).estimate

    @cached_property
    def isi_cv(self) -> NDArray[np.float64]:
        """Coefficient of variation of the intervals between spikes, (n_unit,)."""
        of = self.responses
        if not len(of.condition):
            return self._nothing
        return isi_cv(self.recording, of.onset_s, of.duration_s, of.condition)

    @cached_property
    def correlation(self) -> NDArray[np.float64]:
        """Noise correlations, (n_unit, n_unit)."""
        return noise_correlations(self.responses.counts, self.responses.condition)

    @cached_property
    def intracellular(self) -> dict[str, NDArray[np.float64]]:
        """Measures of dendrites and membrane potential, each (n_unit,).

        Only what the recording holds, the same measures in every epoch.
        """
        return {
            **dendrites.dendritic_values(self.recording, self.responses),
            **membrane.membrane_values(self.recording, self.responses),
        }

    @property
    def is_responsive(self) -> NDArray[np.bool_]:
        """Units with more than 0.5 spikes a trial at their best orientation, (n_unit,)."""
        duration_s = self.responses.tuning_duration_s
        return self.peak_rate_hz * (duration_s.mean() if len(duration_s) else 0) > RESPONSIVE_COUNT

    @property
    def is_significant(self) -> NDArray[np.bool_]:
        """Responsive units modulated by orientation beyond chance, (n_unit,)."""
        return self.is_responsive & (self.tuning_p < TUNED_ALPHA)

    @property
    def is_tuned(self) -> NDArray[np.bool_]:
        """Significantly modulated units with gOSI above 0.2, (n_unit,)."""
        return self.is_significant & (self.gosi > TUNED_GOSI)

    @property
    def is_counted(self) -> NDArray[np.bool_]:
        """Units with enough spikes for noise correlations, (n_unit,)."""
        return self.mean_count > MIN_MEAN_COUNT

    @property
    def _nothing(self) -> NDArray[np.float64]:
        return np.full(self.recording.n_units, np.nan)


def population_values(
    measured: EpochMeasures, is_member: NDArray[np.bool_]
) -> dict[str, tuple[float, int]]:
    """Value of every measure in a population, with the number of units behind it.

    Parameters
    ----------
    measured : EpochMeasures
    is_member : (n_unit,)

    Returns
    -------
    dict
        From measure to (value, n_units); NaN where it cannot be had, `REASONS` saying why.
    """
    responsive = is_member & measured.is_responsive & np.isfinite(measured.gosi)
    tuned = is_member & measured.is_tuned
    counted = is_member & measured.is_counted
    fano = measured.count_statistics.fano_factor[is_member]
    return {
        "evoked_rate_hz": average(measured.mean_rate_hz, is_member),
        "spontaneous_rate_hz": average(measured.spontaneous_rate_hz, is_member),
        "peak_rate_hz": average(measured.peak_rate_hz, is_member),
        "osi": average(measured.fit.osi, responsive),
        "gosi": average(measured.gosi, responsive),
        "gosi_median": _median(measured.gosi, responsive),
        "half_width_deg": _median(measured.fit.half_width_deg, tuned),
        "tuned_share": average(measured.is_tuned.astype(float), responsive),
        "fano_factor": (
            float(mean_of_finite(fano.ravel())),
            int(np.isfinite(fano).any(axis=1).sum()),
        ),
        "noise_correlation": (mean_over_pairs(measured.correlation, counted), int(counted.sum())),
        "isi_cv": average(measured.isi_cv, is_member),
        **_blank_values(measured, is_member),
        **{name: average(value, is_member) for name, value in measured.intracellular.items()},
    }


def average(values: NDArray[np.float64], chosen: NDArray[np.bool_]) -> tuple[float, int]:
    """Mean of the finite values of the chosen units, and how many there were."""
    finite = values[chosen & np.isfinite(values)]
    return (float(finite.mean()) if len(finite) else float("nan")), len(finite)


def _median(values: NDArray[np.float64], chosen: NDArray[np.bool_]) -> tuple[float, int]:
    finite = values[chosen & np.isfinite(values)]
    return (float(np.median(finite)) if len(finite) else float("nan")), len(finite)


def _blank_values(
    measured: EpochMeasures, is_member: NDArray[np.bool_]
) -> dict[str, tuple[float, int]]:
    n_units = int(is_member.sum())
    duration_s = measured.responses.blank_duration_s
    evoked_rate_hz, _ = average(measured.mean_rate_hz, is_member)
    spikes = measured.responses.blank_counts[is_member].sum(axis=0)
    p_value = share = float("nan")
    if len(spikes) >= MIN_BLANKS:
        p_value = unimodality_p_value(spread_ties(spikes) / duration_s)
    if len(spikes) and evoked_rate_hz > 0:
        share = up_state_share(spikes / duration_s / n_units, evoked_rate_hz)
    return {"blank_unimodality_p": (p_value, n_units), "up_state_share": (share, n_units)}
