"""What changed in each single unit between two epochs, with an interval for each."""

from __future__ import annotations

import pandas as pd

from ketacortex.analyse.adaptation_shift import shift_interval
from ketacortex.analyse.curve_errors import UnitIntervals
from ketacortex.analyse.epoch_values import EpochMeasures
from ketacortex.analyse.false_discovery import q_values
from ketacortex.analyse.inclusion import Inclusion
from ketacortex.analyse.switch import rate_change
from ketacortex.analyse.tuning_errors import tuning_errors

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
    shift = shift_interval(preferred_orientations(before), preferred_orientations(after))
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
        "preferred_orientation_before_deg": before.fit.preferred_orientation_deg,
        "preferred_orientation_after_deg": after.fit.preferred_orientation_deg,
        "shift_deg": shift.estimate,
        "shift_ci_low": shift.low,
        "shift_ci_high": shift.high,
        "excluded": inclusion.reason,
    }
    return pd.DataFrame(table, columns=UNIT_CHANGE_COLUMNS)


def preferred_orientations(measured: EpochMeasures) -> UnitIntervals:
    """Preferred orientation of every unit in an epoch with its interval, deg."""
    responses = measured.responses
    return tuning_errors(
        responses.tuning_counts, responses.tuning_duration_s, responses.tuning_orientation_deg
    ).preferred_orientation_deg
