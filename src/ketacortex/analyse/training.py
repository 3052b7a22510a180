"""What training on an orientation did to how well the cells of an animal tell it from others.

A recording goes in, simulated or not. Each measurement after the first training is held against the
last before it. A control session, in which the same time passed without training, gives the same
measures: what they show there is their null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.analyse.discrimination import (
    NO_INFORMATION,
    GroupInformation,
    group_information,
)
from ketacortex.analyse.epoch_pairs import MIN_TUNED_UNITS
from ketacortex.analyse.epoch_values import EpochMeasures, average
from ketacortex.analyse.responses import collect_responses
from ketacortex.analyse.session import PAIR_COLUMNS, SessionFindings, tuned_populations
from ketacortex.analyse.statistics import NotComputed
from ketacortex.analyse.trained_epochs import Measurement, training_measurements, trainings_of
from ketacortex.analyse.tuning_slopes import (
    ALL_ORIENTATIONS_DEG,
    HalfCurves,
    half_curves,
    mean_slopes,
)
from ketacortex.recording.recording import Recording
from ketacortex.seeds import generator
from ketacortex.units import orientation_distance_deg

THRESHOLD = "discrimination_threshold_deg"
THRESHOLD_ELSEWHERE = "discrimination_threshold_elsewhere_deg"
SLOPE = "slope_at_reference_hz_per_deg"
SLOPE_ELSEWHERE = "slope_elsewhere_hz_per_deg"
REFERENCE_RATE = "reference_rate_hz"
TRAINING_MEASURES = (THRESHOLD, THRESHOLD_ELSEWHERE, SLOPE, SLOPE_ELSEWHERE, REFERENCE_RATE)
CURVE_COLUMNS = [
    "epoch", "start_s", "train_s", "reference_deg", "population", THRESHOLD, THRESHOLD_ELSEWHERE,
    "n_units", "group_units",
]  # fmt: skip
TIE_DEG = 1e-6
"""Orientations shown that are as near the reference as this are equally near."""

NOTHING_AFTER = (
    "there is training but no measurement both before and after it, so nothing says from where "
    "discrimination changed; show gratings on either side of it."
)
OTHER_ORIENTATIONS = (
    "not the same orientations are shown, or fewer than 4; show the same gratings in both"
)
FEW_TUNED = (
    f"fewer than {MIN_TUNED_UNITS} cells are tuned in half of the trials of both; record more "
    "cells, or more trials"
)
NO_UNITS = "the population has no units"

Value = tuple[float, float, int] | NotComputed


@dataclass(frozen=True, kw_only=True)
class TrainingFindings:
    """What training did in one animal.

    Parameters
    ----------
    animal : identifier of the subject
    pairs : `measure, epoch, reference, population, before, after, n_units`
        Each measurement after the first training against the last before it.
    curve : one row a measurement and population, also of those before training
        `epoch, start_s`, `train_s` of training until then, `reference_deg`, `population`, the
        threshold at the reference and elsewhere in deg (NaN where there is none), `n_units` that
        took part and `group_units` that were read together: the threshold is that of so many.
    not_computed : `measure, epoch, reference, population, reason`
    """

    animal: str
    pairs: pd.DataFrame
    curve: pd.DataFrame
    not_computed: list[dict[str, Any]]


def measure_training(recording: Recording) -> TrainingFindings:
    """Thresholds of discrimination at the trained orientation and elsewhere, and what goes with it.

    Parameters
    ----------
    recording : Recording
        Its epochs with `kind`, `reference_deg` and `train_s`.

    Returns
    -------
    TrainingFindings
        Without rows where no epoch has a reference. Too little data never raises: what is missing
        is listed.
    """
    responses = {of.epoch: of for of in collect_responses(recording)}
    measurements = training_measurements(recording, list(responses.values()))
    epochs = {
        of.epoch: _Epoch(of, EpochMeasures(recording, responses[of.epoch])) for of in measurements
    }
    is_tuned = [epoch.measured.is_tuned for epoch in epochs.values()]
    populations = tuned_populations(recording, is_tuned)
    information = {
        population: group_information(
            [epoch.measured for epoch in epochs.values()],
            is_member,
            generator("groups of units", recording.subject.identifier, population),
        )
        for population, is_member in populations.items()
    }
    rows, missing = _pair_rows(epochs, populations, information)
    if not rows and not missing and trainings_of(recording):
        missing = _nothing_after(list(epochs), populations)
    return TrainingFindings(
        animal=recording.subject.identifier,
        pairs=pd.DataFrame(rows, columns=PAIR_COLUMNS),
        curve=_curve(measurements, information),
        not_computed=missing,
    )


def with_training(findings: SessionFindings, training: TrainingFindings) -> SessionFindings:
    """Findings of a session with those of its training among them."""
    return replace(
        findings,
        pairs=pd.concat([findings.pairs, training.pairs], ignore_index=True),
        not_computed=[*findings.not_computed, *training.not_computed],
    )


@dataclass(frozen=True)
class _Epoch:
    """A measurement with its place in the training, and halves when they are asked for."""

    measurement: Measurement
    measured: EpochMeasures

    @property
    def name(self) -> str:
        return self.measured.epoch

    @cached_property
    def halves(self) -> HalfCurves | None:
        animal = self.measured.recording.subject.identifier
        return half_curves(self.measured, generator("training, halves", animal, self.name))


def _pair_rows(
    epochs: Mapping[str, _Epoch],
    populations: Mapping[str, NDArray[np.bool_]],
    information: Mapping[str, Mapping[str, GroupInformation | NotComputed]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = []
    earlier = [epoch for epoch in epochs.values() if not epoch.measurement.is_after]
    for after in (epoch for epoch in epochs.values() if epoch.measurement.is_after and earlier):
        before = earlier[-1]
        for population, is_member in populations.items():
            key = {"epoch": after.name, "reference": before.name, "population": population}
            values = _values(before, after, is_member, information[population])
            for measure, value in values.items():
                row = {"measure": measure, **key}
                if isinstance(value, NotComputed):
                    between = f"of epochs {before.name!r} and {after.name!r}"
                    missing.append({**row, "reason": f"{between}: {value.reason}."})
                else:
                    columns = ("before", "after", "n_units")
                    rows.append({**row, **dict(zip(columns, value, strict=True))})
    return rows, missing


def _values(
    before: _Epoch,
    after: _Epoch,
    is_member: NDArray[np.bool_],
    information: Mapping[str, GroupInformation | NotComputed],
) -> dict[str, Value]:
    shown_deg = before.measured.orientations_deg
    is_alike = np.array_equal(shown_deg, after.measured.orientations_deg)
    if not (before.measured.has_curve and is_alike):
        return dict.fromkeys(TRAINING_MEASURES, NotComputed(OTHER_ORIENTATIONS))
    reference_deg = after.measurement.reference_deg
    both = information[before.name], information[after.name]
    return {
        THRESHOLD: _thresholds(*both, reference_deg, is_at=True),
        THRESHOLD_ELSEWHERE: _thresholds(*both, reference_deg, is_at=False),
        SLOPE: _slopes(before, after, is_member, np.array([reference_deg])),
        SLOPE_ELSEWHERE: _slopes(before, after, is_member, ALL_ORIENTATIONS_DEG),
        REFERENCE_RATE: _rates(before.measured, after.measured, is_member, reference_deg),
    }


def _thresholds(
    before: GroupInformation | NotComputed,
    after: GroupInformation | NotComputed,
    reference_deg: float,
    *,
    is_at: bool,
) -> Value:
    if isinstance(before, NotComputed):
        return before
    if isinstance(after, NotComputed):
        return after
    chosen = before.is_at(reference_deg) == is_at
    values = before.threshold_deg(chosen), after.threshold_deg(chosen)
    return (*values, before.n_units) if np.isfinite(values).all() else NotComputed(NO_INFORMATION)


def _slopes(
    before: _Epoch,
    after: _Epoch,
    is_member: NDArray[np.bool_],
    orientation_deg: NDArray[np.float64],
) -> Value:
    if before.halves is None or after.halves is None:
        return NotComputed(FEW_TUNED)
    values = mean_slopes(before.halves, after.halves, is_member, orientation_deg)
    return values if np.isfinite(values).all() else NotComputed(FEW_TUNED)


def _rates(
    before: EpochMeasures, after: EpochMeasures, is_member: NDArray[np.bool_], reference_deg: float
) -> Value:
    distance_deg = orientation_distance_deg(before.orientations_deg, reference_deg)
    is_nearest = distance_deg <= distance_deg.min() + TIE_DEG
    (before_hz, n_units), (after_hz, _) = (
        average(epoch.rate_hz[:, is_nearest].mean(axis=1), is_member) for epoch in (before, after)
    )
    return (before_hz, after_hz, n_units) if n_units else NotComputed(NO_UNITS)


def _nothing_after(
    epochs: list[str], populations: Mapping[str, NDArray[np.bool_]]
) -> list[dict[str, Any]]:
    epoch = epochs[0] if epochs else None
    return [
        {
            "measure": measure,
            "epoch": epoch,
            "reference": epoch,
            "population": population,
            "reason": NOTHING_AFTER,
        }
        for population in populations
        for measure in TRAINING_MEASURES
    ]


def _curve(
    measurements: tuple[Measurement, ...],
    information: Mapping[str, Mapping[str, GroupInformation | NotComputed]],
) -> pd.DataFrame:
    rows = []
    for population, of_epochs in information.items():
        for of in measurements:
            found = of_epochs[of.epoch]
            row = {
                "epoch": of.epoch,
                "start_s": of.start_s,
                "train_s": of.train_s,
                "reference_deg": of.reference_deg,
                "population": population,
                THRESHOLD: np.nan,
                THRESHOLD_ELSEWHERE: np.nan,
                "n_units": 0,
                "group_units": 0,
            }
            if not isinstance(found, NotComputed):
                is_at = found.is_at(of.reference_deg)
                row[THRESHOLD] = found.threshold_deg(is_at)
                row[THRESHOLD_ELSEWHERE] = found.threshold_deg(~is_at)
                row["n_units"], row["group_units"] = found.n_units, found.group_units
            rows.append(row)
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)
