"""What one epoch says about every unit, and about a population of them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse import dendrites, membrane
from ketacortex.analyse.modality import MIN_BLANKS, spread_ties, unimodality_p_value, up_state_share
from ketacortex.analyse.responses import EpochResponses
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


@dataclass(frozen=True, kw_only=True)
class EpochMeasures:
    """Everything measured of single units, and of pairs, in one epoch.

    Parameters
    ----------
    responses : EpochResponses it was measured from
    rate_hz, standard_error_hz : (n_unit, n_orientation) Hz
    orientations_deg : (n_orientation,) deg
    fit : TuningFit
    mean_rate_hz, peak_rate_hz, spontaneous_rate_hz : (n_unit,) Hz
        Mean over conditions, largest mean over orientations, mean over blanks.
    gosi, tuning_p : (n_unit,)
    mean_count : (n_unit,) spikes a trial
    count_statistics : CountStatistics
    isi_cv : (n_unit,)
    correlation : (n_unit, n_unit) noise correlations
    intracellular : (n_unit,) of each measure of dendrites and membrane potential
        Only what the recording holds, the same measures in every epoch.
    """

    responses: EpochResponses
    rate_hz: NDArray[np.float64]
    standard_error_hz: NDArray[np.float64]
    orientations_deg: NDArray[np.float64]
    fit: TuningFit
    mean_rate_hz: NDArray[np.float64]
    peak_rate_hz: NDArray[np.float64]
    spontaneous_rate_hz: NDArray[np.float64]
    gosi: NDArray[np.float64]
    tuning_p: NDArray[np.float64]
    mean_count: NDArray[np.float64]
    count_statistics: CountStatistics
    isi_cv: NDArray[np.float64]
    correlation: NDArray[np.float64]
    intracellular: dict[str, NDArray[np.float64]]

    @property
    def epoch(self) -> str:
        """Name of the epoch."""
        return self.responses.epoch

    @property
    def fano_factor(self) -> NDArray[np.float64]:
        """Mean Fano factor over the valid conditions of each unit, (n_unit,)."""
        return mean_of_finite(self.count_statistics.fano_factor)

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


def measure_epoch(recording: Recording, responses: EpochResponses) -> EpochMeasures:
    """Measure every unit in one epoch; NaN wherever the epoch cannot tell."""
    nothing = np.full(recording.n_units, np.nan)
    counts, condition = responses.counts, responses.condition
    rate_hz, standard_error_hz, orientations_deg = mean_rates(
        responses.tuning_counts, responses.tuning_duration_s, responses.tuning_orientation_deg
    )
    has_trials, has_curve = len(condition) > 0, len(orientations_deg) >= MIN_ORIENTATIONS
    condition_rate_hz = mean_rates(counts, responses.duration_s, condition.astype(float))[0]
    blank_s = responses.blank_duration_s.sum()
    return EpochMeasures(
        responses=responses,
        rate_hz=rate_hz,
        standard_error_hz=standard_error_hz,
        orientations_deg=orientations_deg,
        fit=fit_tuning(rate_hz, orientations_deg) if has_curve else _no_fit(recording.n_units),
        mean_rate_hz=condition_rate_hz.mean(axis=1) if has_trials else nothing,
        peak_rate_hz=rate_hz.max(axis=1) if rate_hz.size else nothing,
        spontaneous_rate_hz=responses.blank_counts.sum(axis=1) / blank_s if blank_s else nothing,
        gosi=gosi(rate_hz, orientations_deg) if has_curve else nothing,
        tuning_p=tuning_p_value(responses.tuning_counts, responses.tuning_orientation_deg)
        if has_curve
        else nothing,
        mean_count=counts.mean(axis=1) if has_trials else nothing,
        count_statistics=count_statistics(counts, condition),
        isi_cv=isi_cv(recording, responses.onset_s, responses.duration_s, condition)
        if has_trials
        else nothing,
        correlation=noise_correlations(counts, condition),
        intracellular={
            **dendrites.dendritic_values(recording, responses),
            **membrane.membrane_values(recording, responses),
        },
    )


def _no_fit(n_units: int) -> TuningFit:
    nothing = np.full(n_units, np.nan)
    return TuningFit(**{field.name: nothing for field in fields(TuningFit)})


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
