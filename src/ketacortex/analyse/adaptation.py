"""What adaptation to an orientation did to the tuning of an animal, and what became of it.

A recording goes in, simulated or not. Each measurement after an adapter is held against those
before it; whatever puts a cell into a class comes from other trials than what is then compared. A
control session, in which the same time passed without the adapter, gives the same measures: what
they show there is their null.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.analyse.adaptation_shift import THRESHOLD_DEG
from ketacortex.analyse.adaptation_values import (
    ADAPTED_MEASURES,
    DIVIDED_BY,
    NEAR_OSI,
    NOTHING_AFTER,
    REASONS,
    measures_of,
)
from ketacortex.analyse.adapted_epochs import adapted_epochs, adapters_of, is_same_orientation
from ketacortex.analyse.adapted_tuning import (
    AdaptedTuning,
    adapted_values,
    later_values,
    near_osi,
    recovered_values,
    second_bout_values,
)
from ketacortex.analyse.count_correlations import distance_um
from ketacortex.analyse.epoch_values import EpochMeasures
from ketacortex.analyse.joined_ratio import DENOMINATOR, DENOMINATOR_ERROR, joined_ratio
from ketacortex.analyse.parted_epoch import PartedEpoch
from ketacortex.analyse.recovery_values import Ratio
from ketacortex.analyse.responses import collect_responses
from ketacortex.analyse.session import PAIR_COLUMNS, SessionFindings, tuned_populations
from ketacortex.analyse.statistics import NotComputed
from ketacortex.analyse.towards_adapter import NEAR_DEG
from ketacortex.recording.recording import Recording
from ketacortex.units import orientation_distance_deg

CELL_COLUMNS = [
    "unit", "cell_class", "epoch", "reference", "adapter_deg", "distance_deg", "shift_towards_deg",
    "error_deg", "group", "class",
]  # fmt: skip
ADAPTED_PAIR_COLUMNS = [*PAIR_COLUMNS, DENOMINATOR, DENOMINATOR_ERROR]
"""Those of all pairs, and what ratios divide by."""
SAME_TIME_S = 1.0
"""Bouts are compared after the same time with the adapter, to a second."""


@dataclass(frozen=True, kw_only=True)
class AdaptationFindings:
    """What adapters did in one animal.

    Parameters
    ----------
    animal : identifier of the subject
    pairs : `measure, epoch, reference, population, before, after, n_units, denominator,
        denominator_error`
        Each measurement after an adapter against the last before its bout. All but `near_osi` are
        changes themselves, NaN before. A ratio comes with what it divides by (`DIVIDED_BY`) and
        the standard error of that over units.
    cells : one row a unit and measurement after an adapter
        `unit, cell_class, epoch, reference, adapter_deg`; `distance_deg` of its preference before
        from the adapter; `shift_towards_deg` the adapter with its standard error `error_deg`;
        `group` (`near`, nearer: `driven`, further: `remote`, or `none` where it is not tuned in
        all that it takes) and `class` (`attractive`, `repulsive`, `refractory`, `none`).
    not_computed : `measure, epoch, reference, population, reason`
        Also of a ratio in `pairs` that counts over animals, but tells nothing of this one alone.
    """

    animal: str
    pairs: pd.DataFrame
    cells: pd.DataFrame
    not_computed: list[dict[str, Any]]


def measure_adaptation(recording: Recording) -> AdaptationFindings:
    """Shifts towards adapters and away, what goes with them, and what becomes of them.

    Parameters
    ----------
    recording : Recording
        Its epochs with `kind`, `adapter_deg` and `adapter_s`.

    Returns
    -------
    AdaptationFindings
        Without rows where no epoch has an adapter. Too little data never raises: what is missing is
        listed.
    """
    responses = collect_responses(recording)
    epochs = {of.epoch: PartedEpoch(EpochMeasures(recording, of)) for of in responses}
    found = [AdaptedTuning(a, epochs) for a in adapted_epochs(recording, responses)]
    is_tuned = [np.isfinite(epoch.tuned_deg) for epoch in epochs.values()]
    populations = tuned_populations(recording, is_tuned)
    rows: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = []
    for of in found:
        same = _same_of_first_bout(of, found)
        for population, is_member in populations.items():
            pairs, reasons = _pair_rows(recording, of, same, population, is_member)
            rows += pairs
            missing += reasons
    if not found and adapters_of(recording):
        missing = _nothing_after(list(epochs), populations)
    cells = [_cell_rows(recording, of) for of in found]
    return AdaptationFindings(
        animal=recording.subject.identifier,
        pairs=pd.DataFrame(rows, columns=ADAPTED_PAIR_COLUMNS),
        cells=pd.concat(cells, ignore_index=True) if cells else pd.DataFrame(columns=CELL_COLUMNS),
        not_computed=missing,
    )


def with_adaptation(findings: SessionFindings, adaptation: AdaptationFindings) -> SessionFindings:
    """Findings of a session with those of its adapters among them."""
    return replace(
        findings,
        pairs=pd.concat([findings.pairs, adaptation.pairs], ignore_index=True),
        not_computed=[*findings.not_computed, *adaptation.not_computed],
    )


def _same_of_first_bout(of: AdaptedTuning, found: list[AdaptedTuning]) -> AdaptedTuning | None:
    """The measurement of the first bout after as much of the same adapter."""
    for other in found:
        is_alike = (
            other.adapted.bout == 1
            and other.adapted.before != of.adapted.before  # it had recovered
            and is_same_orientation(other.adapter_deg, of.adapter_deg)
            and other.adapted.place == of.adapted.place
            and abs(other.adapted.adapter_s - of.adapted.adapter_s) <= SAME_TIME_S
        )
        if is_alike:
            return other
    return None


def _pair_rows(
    recording: Recording,
    of: AdaptedTuning,
    same: AdaptedTuning | None,
    population: str,
    is_member: NDArray[np.bool_],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    values = {
        **adapted_values(of, is_member, distance_um(recording)),
        **later_values(of, is_member),
        **(second_bout_values(same, of, is_member) if of.adapted.bout == 2 else {}),
        **recovered_values(of, is_member),
    }
    rows: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = []
    key = {
        "epoch": of.adapted.epoch,
        "reference": of.adapted.reference,
        "population": population,
    }
    for measure in measures_of(of.adapted):
        row = {"measure": measure, **key}
        value = values.get(measure, (float("nan"), 0))
        if isinstance(value, NotComputed):
            missing.append({**row, "reason": _reason(of, value.reason)})
        elif np.isfinite(value[0]):
            rows.append({**row, "before": np.nan, "after": value[0], "n_units": value[1]})
            if isinstance(value, Ratio):
                rows[-1] |= {
                    DENOMINATOR: value.denominator, DENOMINATOR_ERROR: value.denominator_error
                }  # fmt: skip
                alone = _alone(value, DIVIDED_BY[measure])
                if isinstance(alone, NotComputed):
                    missing.append({**row, "reason": _reason(of, alone.reason)})
        else:
            missing.append({**row, "reason": _reason(of, REASONS[measure])})
    before, after, n_units = near_osi(of, is_member)
    row = {"measure": NEAR_OSI, **key}
    if np.isfinite(before) and np.isfinite(after):
        rows.append({**row, "before": before, "after": after, "n_units": n_units})
    else:
        missing.append({**row, "reason": _reason(of, REASONS[NEAR_OSI])})
    return rows, missing


def _alone(ratio: Ratio, divided_by: str) -> float | NotComputed:
    """What a ratio tells of this animal by itself."""
    return joined_ratio(
        [ratio.numerator],
        [ratio.denominator],
        [ratio.denominator_error],
        f"in this animal {divided_by}",
    )


def _reason(of: AdaptedTuning, reason: str) -> str:
    between = f"of epochs {of.adapted.reference!r} and {of.adapted.epoch!r}"
    return f"{between}: {reason.removesuffix('.')}."


def _nothing_after(
    epochs: list[str], populations: dict[str, NDArray[np.bool_]]
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
        for measure in (*ADAPTED_MEASURES, NEAR_OSI)
    ]


def _cell_rows(recording: Recording, of: AdaptedTuning) -> pd.DataFrame:
    towards_deg = of.towards_deg(of.adapted.epoch)
    is_known = np.isfinite(towards_deg)
    distance_deg = _mean_of_ways(
        orientation_distance_deg(of.before.side_deg, of.adapter_deg), is_known
    )
    near_share = _mean_of_ways(of.before.is_near(of.adapter_deg).astype(float), is_known)
    shift_deg = _mean_of_ways(towards_deg, is_known)
    elsewhere = np.where(distance_deg > NEAR_DEG[1], "remote", "driven")
    group = np.where(near_share >= 0.5, "near", elsewhere)
    kind = np.where(shift_deg > THRESHOLD_DEG, "attractive", "refractory")
    kind = np.where(shift_deg < -THRESHOLD_DEG, "repulsive", kind)
    any_known = is_known.any(axis=1)
    return pd.DataFrame(
        {
            "unit": recording.units.index.to_numpy(),
            "cell_class": recording.cell_classes,
            "epoch": of.adapted.epoch,
            "reference": of.adapted.reference,
            "adapter_deg": of.adapter_deg,
            "distance_deg": distance_deg,
            "shift_towards_deg": shift_deg,
            "error_deg": np.hypot(of.reference.error_deg, of.epoch.error_deg),
            "group": np.where(any_known, group, "none"),
            "class": np.where(any_known, kind, "none"),
        },
        columns=CELL_COLUMNS,
    )


def _mean_of_ways(values: NDArray[np.float64], is_known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean over the ways in which it is known, (n_unit,), NaN where it is in none."""
    n_ways = is_known.sum(axis=1)
    total = np.where(is_known, values, 0.0).sum(axis=1)
    return np.divide(total, n_ways, out=np.full(len(values), np.nan), where=n_ways > 0)
