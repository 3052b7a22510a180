"""What changed in each single unit between two epochs, with an interval for each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ketacortex.analyse.epoch_values import EpochMeasures
from ketacortex.analyse.false_discovery import q_values
from ketacortex.analyse.inclusion import Inclusion
from ketacortex.analyse.switch import rate_change
from ketacortex.analyse.tuning_errors import Limits, tuning_intervals
from ketacortex.units import orientation_difference_deg

UNIT_CHANGE_COLUMNS = [
    "animal", "unit", "cell_class", "rate_before_hz", "rate_after_hz", "rate_change_hz",
    "rate_ci_low", "rate_ci_high", "rate_p", "rate_q", "preferred_orientation_before_deg",
    "preferred_orientation_after_deg", "shift_deg", "shift_ci_low", "shift_ci_high", "excluded",
]  # fmt: skip


def unit_changes(before: EpochMeasures, after: EpochMeasures, inclusion: Inclusion) -> pd.DataFrame:
    """Rates and preferred orientations of every unit in both epochs, and how far they moved.

    Parameters
    ----------
    before, after : EpochMeasures of two epochs of one recording
    inclusion : Inclusion of its units, whose reasons are told; no unit is left out

    Returns
    -------
    DataFrame
        UNIT_CHANGE_COLUMNS; NaN where a unit does not tell. q is over the units of the animal.
    """
    recording = before.recording
    rate = rate_change(before.responses, after.responses)
    first, second = preferred_limits(before), preferred_limits(after)
    shift_deg = orientation_difference_deg(second.value, first.value)
    half_deg = np.hypot((first.high - first.low) / 2.0, (second.high - second.low) / 2.0)
    table = {
        "animal": recording.subject.identifier,
        "unit": recording.units.index.to_numpy(),
        "cell_class": recording.cell_classes,
        "rate_before_hz": before.mean_rate_hz,
        "rate_after_hz": after.mean_rate_hz,
        "rate_change_hz": rate.change_hz,
        "rate_ci_low": rate.low_hz,
        "rate_ci_high": rate.high_hz,
        "rate_p": rate.p_value,
        "rate_q": q_values(rate.p_value),
        "preferred_orientation_before_deg": first.value,
        "preferred_orientation_after_deg": second.value,
        "shift_deg": np.where(np.isfinite(half_deg), shift_deg, np.nan),
        "shift_ci_low": shift_deg - half_deg,
        "shift_ci_high": shift_deg + half_deg,
        "excluded": inclusion.reason,
    }
    return pd.DataFrame(table, columns=UNIT_CHANGE_COLUMNS)


def preferred_limits(measured: EpochMeasures) -> Limits:
    """Preferred orientation of every unit in an epoch with its interval."""
    nothing = np.full(measured.recording.n_units, np.nan)
    if not measured.has_curve:
        return Limits(value=nothing, low=nothing, high=nothing, standard_error=nothing)
    responses = measured.responses
    _, n_trials = np.unique(responses.tuning_orientation_deg, return_counts=True)
    return tuning_intervals(
        measured.fit,
        measured.rate_hz,
        measured.standard_error_hz,
        measured.orientations_deg,
        n_trials,
        responses.tuning_counts.sum(axis=1),
    ).preferred_orientation_deg
