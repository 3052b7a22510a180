"""Which units are analysed: one declared rule, the same in every epoch and every recording.

The rule asks whether a unit was well isolated, held and worth measuring. It must not ask what the
experiment is about: a unit that falls silent in one epoch is a finding and no bad unit. So rate,
presence and answers are asked for in at least one epoch, steadiness in every one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.refractoriness import refractoriness
from ketacortex.analyse.responses import EpochResponses, collect_responses
from ketacortex.analyse.responsiveness import p_value_against_blanks
from ketacortex.analyse.stability import presence, rate_trend
from ketacortex.analyse.tuning import tuning_p_value
from ketacortex.errors import DataError
from ketacortex.recording.recording import Recording
from ketacortex.settings import Settings, sourced

KEPT = ""
"""Reason of a unit that is not excluded."""


class InclusionRule(Settings):
    """Thresholds of inclusion; each is off where it is None. What cannot be measured passes."""

    min_rate_hz: Annotated[
        float | None,
        sourced(
            "Hz",
            "usual threshold of spike-sorting quality metrics",
            "mean rate in the trials of at least one epoch; below it few spikes say nothing",
            ge=0,
        ),
    ] = 0.1
    min_presence: Annotated[
        float | None,
        sourced(
            "fraction",
            "fitted: a unit lost for a fifth of every epoch was not held",
            "share of minutes with a spike in at least one epoch, over that of a steady unit",
            ge=0,
            le=1,
        ),
    ] = 0.8
    max_contamination: Annotated[
        float | None,
        sourced(
            "fraction",
            "usual threshold of spike-sorting quality metrics",
            "share of spikes of other neurons, from refractory violations in the whole recording",
            ge=0,
            le=1,
        ),
    ] = 0.1
    max_drift_percent_per_min: Annotated[
        float | None,
        sourced(
            "% / min",
            "fitted: a unit beyond it doubles within twenty minutes; no standard exists",
            "trend of the rate within every epoch, excluded where also significant",
            gt=0,
        ),
    ] = 5.0
    must_respond: Annotated[
        bool,
        sourced(
            "yes or no",
            "off: a rule on the answer selects what is measured",
            "whether a unit must differ from blanks or be tuned in one epoch",
        ),
    ] = False
    alpha: Annotated[
        float,
        sourced(
            "probability",
            "convention",
            "level of the tests of drift and of answers, over all epochs together (Bonferroni)",
            gt=0,
            lt=1,
        ),
    ] = 0.01


@dataclass(frozen=True, kw_only=True)
class Inclusion:
    """Units that pass, why the others do not, and what each criterion costs.

    Parameters
    ----------
    is_included : (n_unit,)
    reason : (n_unit,) the criteria failed, joined with commas; empty where included
    n_failed : units that fail each criterion; a unit may fail several
    """

    is_included: NDArray[np.bool_]
    reason: NDArray[np.str_]
    n_failed: dict[str, int]


def included_units(recording: Recording, rule: InclusionRule | None = None) -> Inclusion:
    """Units of one recording that pass a rule.

    Parameters
    ----------
    recording : Recording
    rule : InclusionRule, the defaults without one

    Returns
    -------
    Inclusion
    """
    return _inclusion(_failures(recording, rule or InclusionRule()), recording.n_units)


def included_in_all(
    recordings: Sequence[Recording], rule: InclusionRule | None = None
) -> Inclusion:
    """Units that pass a rule in each of several recordings of the same units.

    Parameters
    ----------
    recordings : of the same units in the same order, such as the arms of an experiment
    rule : InclusionRule, the defaults without one

    Returns
    -------
    Inclusion

    Raises
    ------
    DataError
        Without recordings, or where their units differ.
    """
    if not recordings:
        raise DataError("there is no recording to take units from; give at least one.")
    first = recordings[0]
    for other in recordings[1:]:
        if list(other.units.index) != list(first.units.index):
            raise DataError(
                f"the recordings hold different units ({first.n_units} and {other.n_units}, or in "
                "another order), so none can be asked of in all. Give recordings of the same units."
            )
    failures: dict[str, NDArray[np.bool_]] = {}
    for recording in recordings:
        for criterion, failed in _failures(recording, rule or InclusionRule()).items():
            failures[criterion] = failures.get(criterion, np.zeros_like(failed)) | failed
    return _inclusion(failures, first.n_units)


def _inclusion(failures: dict[str, NDArray[np.bool_]], n_units: int) -> Inclusion:
    reasons = [
        ", ".join(criterion for criterion, failed in failures.items() if failed[unit]) or KEPT
        for unit in range(n_units)
    ]
    reason = np.array(reasons, dtype=str)
    return Inclusion(
        is_included=reason == KEPT,
        reason=reason,
        n_failed={criterion: int(failed.sum()) for criterion, failed in failures.items()},
    )


def _failures(recording: Recording, rule: InclusionRule) -> dict[str, NDArray[np.bool_]]:
    """Whether each unit fails each criterion that is on; comparisons with NaN are False."""
    epochs = collect_responses(recording)
    failures: dict[str, NDArray[np.bool_]] = {}
    if rule.min_rate_hz is not None and epochs:
        best_hz = _largest([_mean_rate_hz(epoch) for epoch in epochs])
        failures["rate"] = best_hz < rule.min_rate_hz
    if rule.min_presence is not None:
        failures["presence"] = _best_presence(recording) < rule.min_presence
    if rule.max_contamination is not None:
        contamination = refractoriness(recording).contamination
        failures["refractory violations"] = contamination > rule.max_contamination
    if rule.max_drift_percent_per_min is not None and epochs:
        failures["drift"] = np.any(
            [_drifts(epoch, rule, rule.max_drift_percent_per_min, len(epochs)) for epoch in epochs],
            axis=0,
        )
    if rule.must_respond and epochs:
        p_value = -_largest([-_p_value_of_answer(epoch) for epoch in epochs])
        failures["no response"] = p_value > rule.alpha / len(epochs)
    return failures


def _mean_rate_hz(epoch: EpochResponses) -> NDArray[np.float64]:
    spikes = epoch.counts.sum(axis=1) + epoch.blank_counts.sum(axis=1)
    return spikes / (epoch.duration_s.sum() + epoch.blank_duration_s.sum())


def _best_presence(recording: Recording) -> NDArray[np.float64]:
    """Largest ratio over the epochs of seen to expected presence; the whole where none is named."""
    spans = [
        (float(start_s), float(stop_s))
        for start_s, stop_s in zip(
            recording.epochs["start_s"], recording.epochs["stop_s"], strict=True
        )
    ] or [(recording.start_s, recording.stop_s)]
    ratios = []
    for start_s, stop_s in spans:
        found = presence(recording, start_s, stop_s)
        ratios.append(
            np.divide(
                found.share,
                found.expected,
                out=np.full_like(found.share, np.nan),
                where=found.expected > 0,
            )
        )
    return _largest(ratios)


def _drifts(
    epoch: EpochResponses, rule: InclusionRule, largest: float, n_epochs: int
) -> NDArray[np.bool_]:
    trend = rate_trend(epoch.counts, epoch.onset_s, epoch.duration_s, epoch.condition)
    is_large = np.abs(trend.percent_per_min) > largest
    return is_large & (trend.p_value < rule.alpha / n_epochs)


def _p_value_of_answer(epoch: EpochResponses) -> NDArray[np.float64]:
    """Smaller of two p values, doubled; of one where the other cannot be measured."""
    p_values = np.stack(
        [
            p_value_against_blanks(epoch),
            tuning_p_value(epoch.tuning_counts, epoch.tuning_orientation_deg),
        ]
    )
    n_measured = np.isfinite(p_values).sum(axis=0)
    return -_largest(list(-p_values)) * np.maximum(n_measured, 1)


def _largest(values: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Largest finite value of each unit; NaN where there is none."""
    largest = np.nanmax(np.where(np.isnan(values), -np.inf, values), axis=0)
    return np.where(np.isfinite(largest), largest, np.nan)
