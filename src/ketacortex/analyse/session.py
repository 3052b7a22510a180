"""Everything that is measured of one animal, as tables.

A recording goes in, simulated or not: nothing here can tell which.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from ketacortex.analyse import epoch_pairs, epoch_values
from ketacortex.analyse.epoch_pairs import (
    MIN_TUNED_UNITS,
    PAIR_MEASURES,
    SHIFT_MEASURES,
    pair_epochs,
    paired_values,
    unit_excess_shift,
    unit_shift_deg,
)
from ketacortex.analyse.epoch_values import EpochMeasures, population_values
from ketacortex.analyse.halves import measures_of_halves
from ketacortex.analyse.responses import collect_responses
from ketacortex.analyse.shift import ExcessShift
from ketacortex.recording.recording import Recording
from ketacortex.seeds import generator

ALL_UNITS = "all"
UNKNOWN_CLASS = "unknown"
VALUE_COLUMNS = ["measure", "epoch", "population", "value", "n_units"]
PAIR_COLUMNS = ["measure", "epoch", "reference", "population", "before", "after", "n_units"]


@dataclass(frozen=True, kw_only=True)
class SessionFindings:
    """Findings of one animal.

    Parameters
    ----------
    animal : identifier of the subject
    units : one row a unit and epoch
        Rates in Hz, angles in deg, NaN where a unit does not tell. The shift columns hold the
        change from the first epoch: signed, in excess of error, the distance that error alone
        gives, and the weight of the two latter in a mean over units. Measures of dendrites and
        membrane potential where they were recorded.
    values : `measure, epoch, population, value, n_units`
    pairs : `measure, epoch, reference, population, before, after, n_units`
        Each later epoch against the first, over the same units; shifts are NaN before.
    halves : of each epoch, measures of single units in random halves of its trials
        From `measures_of_halves`; epochs without enough trials are left out.
    tuning : (epoch, unit, orientation) rates, standard errors and fitted curves, with units
    not_computed : `measure, epoch, reference, population, reason` of all that is missing
        `reference` is None where a value of one epoch is missing.
    """

    animal: str
    units: pd.DataFrame
    values: pd.DataFrame
    pairs: pd.DataFrame
    halves: dict[str, dict[str, NDArray[np.float64]]]
    tuning: xr.Dataset
    not_computed: list[dict[str, Any]]


def measure_session(recording: Recording) -> SessionFindings:
    """Measure every unit and population of a recording, in each epoch and between epochs.

    The first epoch in time that has trials is the reference of all others. Tuning uses trials of
    the highest contrast; rates, Fano factors and correlations use every condition.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    SessionFindings
        What the data cannot support is listed in `not_computed`; too little data never raises.
    """
    measured = [EpochMeasures(recording, responses) for responses in collect_responses(recording)]
    shifts = [_shifts(recording, measured[0], later) for later in measured[1:]]
    populations = populations_of(recording)
    values, no_values = _value_rows(measured, populations)
    pairs, no_pairs = _pair_rows(measured, shifts, populations)
    return SessionFindings(
        animal=recording.subject.identifier,
        units=_unit_rows(recording, measured, shifts),
        values=pd.DataFrame(values, columns=VALUE_COLUMNS),
        pairs=pd.DataFrame(pairs, columns=PAIR_COLUMNS),
        halves=_halves(recording, measured),
        tuning=_tuning_dataset(recording, measured),
        not_computed=no_values + no_pairs,
    )


def populations_of(recording: Recording) -> dict[str, NDArray[np.bool_]]:
    """Members of each population: every known cell class, and all units.

    `all` is left out when there is one class and it is known; `unknown` is never a population.
    """
    cell_class = recording.cell_classes
    known = [str(name) for name in np.unique(cell_class) if name != UNKNOWN_CLASS]
    populations = {name: cell_class == name for name in known}
    if len(known) != 1 or (cell_class == UNKNOWN_CLASS).any():
        populations[ALL_UNITS] = np.ones(recording.n_units, bool)
    return populations


def tuned_populations(
    recording: Recording, is_tuned: Iterable[NDArray[np.bool_]]
) -> dict[str, NDArray[np.bool_]]:
    """Those with enough tuned units in some epoch; all of them where none has.

    Parameters
    ----------
    recording : Recording
    is_tuned : of each epoch, (n_unit,)
    """
    populations = populations_of(recording)
    of_epochs = list(is_tuned)
    tuned = {
        name: is_member
        for name, is_member in populations.items()
        if any((is_member & units).sum() >= MIN_TUNED_UNITS for units in of_epochs)
    }
    return tuned or populations


def _shifts(
    recording: Recording, before: EpochMeasures, after: EpochMeasures
) -> tuple[NDArray[np.float64], ExcessShift]:
    rng = generator_of_halves(recording, before, after)
    return unit_shift_deg(before, after), unit_excess_shift(before, after, rng)


def generator_of_halves(
    recording: Recording, before: EpochMeasures, after: EpochMeasures
) -> np.random.Generator:
    """What draws the halvings of two epochs of an animal."""
    return generator("halves of trials", recording.subject.identifier, before.epoch, after.epoch)


def _halves(
    recording: Recording, measured: list[EpochMeasures]
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Measures of the halves of every epoch that has enough trials; nothing for a single epoch."""
    if len(measured) < 2:
        return {}
    found = {}
    for epoch in measured:
        rng = generator("halves of an epoch", recording.subject.identifier, epoch.epoch)
        halves = measures_of_halves(epoch.responses, rng)
        if halves:
            found[epoch.epoch] = halves
    return found


def _unit_rows(
    recording: Recording,
    measured: Iterable[EpochMeasures],
    shifts: list[tuple[NDArray[np.float64], ExcessShift]],
) -> pd.DataFrame:
    nothing = np.full(recording.n_units, np.nan)
    none_yet = ExcessShift(between_deg=nothing, within_deg=nothing, weight=nothing)
    tables = []
    for epoch, (shift_deg, excess) in zip(measured, [(nothing, none_yet), *shifts], strict=False):
        tables.append(
            pd.DataFrame(
                {
                    "unit": recording.units.index.to_numpy(),
                    "cell_class": recording.cell_classes,
                    "epoch": epoch.epoch,
                    "mean_rate_hz": epoch.mean_rate_hz,
                    "peak_rate_hz": epoch.peak_rate_hz,
                    "spontaneous_rate_hz": epoch.spontaneous_rate_hz,
                    "preferred_orientation_deg": epoch.fit.preferred_orientation_deg,
                    "osi": epoch.fit.osi,
                    "gosi": epoch.gosi,
                    "half_width_deg": epoch.fit.half_width_deg,
                    "tuning_p": epoch.tuning_p,
                    "fano_factor": epoch.fano_factor,
                    "gain_variance": epoch.gain_variance,
                    "response_reliability": epoch.reliability,
                    "isi_cv": epoch.isi_cv,
                    "is_responsive": epoch.is_responsive,
                    "is_tuned": epoch.is_tuned,
                    "preferred_orientation_shift_deg": shift_deg,
                    "preferred_orientation_shift_excess_deg": excess.excess_deg,
                    "shift_within_deg": excess.within_deg,
                    "shift_excess_weight": excess.weight,
                    **epoch.intracellular,
                }
            )
        )
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _value_rows(
    measured: Iterable[EpochMeasures], populations: dict[str, NDArray[np.bool_]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    found, missing = [], []
    for epoch in measured:
        for population, is_member in populations.items():
            for measure, (value, n_units) in population_values(epoch, is_member).items():
                row = {"measure": measure, "epoch": epoch.epoch, "population": population}
                if np.isfinite(value):
                    found.append({**row, "value": value, "n_units": n_units})
                else:
                    reason = f"epoch {epoch.epoch!r} has {epoch_values.REASONS[measure]}."
                    missing.append({**row, "reference": None, "reason": reason})
    return found, missing


def _pair_rows(
    measured: list[EpochMeasures],
    shifts: list[tuple[NDArray[np.float64], ExcessShift]],
    populations: dict[str, NDArray[np.bool_]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    if len(measured) < 2:
        return [], _no_second_epoch(measured, populations)
    found, missing = [], []
    before = measured[0]
    for after, (shift_deg, excess) in zip(measured[1:], shifts, strict=True):
        pair = pair_epochs(before, after)
        for population, is_member in populations.items():
            values = paired_values(pair, shift_deg, excess, is_member)
            for measure, (value_before, value_after, n_units) in values.items():
                row = {
                    "measure": measure,
                    "epoch": after.epoch,
                    "reference": before.epoch,
                    "population": population,
                }
                has_before = np.isfinite(value_before) or measure in SHIFT_MEASURES
                if has_before and np.isfinite(value_after):
                    result = {"before": value_before, "after": value_after, "n_units": n_units}
                    found.append({**row, **result})
                else:
                    reason = epoch_pairs.REASONS[measure]
                    between = f"of epochs {before.epoch!r} and {after.epoch!r}"
                    missing.append({**row, "reason": f"{between}: {reason}."})
    return found, missing


def _no_second_epoch(
    measured: list[EpochMeasures], populations: dict[str, NDArray[np.bool_]]
) -> list[dict[str, Any]]:
    epoch = measured[0].epoch if measured else None
    measures = (*PAIR_MEASURES, *(measured[0].intracellular if measured else ()))
    there = f"only epoch {epoch!r} has trials" if measured else "no epoch has trials"
    return [
        {
            "measure": measure,
            "epoch": epoch,
            "reference": epoch,
            "population": population,
            "reason": f"a change needs two epochs and {there}.",
        }
        for population in populations
        for measure in measures
    ]


def _tuning_dataset(recording: Recording, measured: list[EpochMeasures]) -> xr.Dataset:
    shown_deg = [epoch.orientations_deg for epoch in measured]
    orientation_deg = np.unique(np.concatenate([np.zeros(0), *shown_deg]))
    shape = (len(measured), recording.n_units, len(orientation_deg))
    rate_hz, standard_error_hz = np.full(shape, np.nan), np.full(shape, np.nan)
    for i, epoch in enumerate(measured):
        place = np.searchsorted(orientation_deg, epoch.orientations_deg)
        rate_hz[i][:, place] = epoch.rate_hz
        standard_error_hz[i][:, place] = epoch.standard_error_hz
    per_orientation, per_unit = ("epoch", "unit", "orientation"), ("epoch", "unit")
    variables: dict[str, Any] = {
        "rate_hz": (per_orientation, rate_hz, {"units": "Hz"}),
        "standard_error_hz": (per_orientation, standard_error_hz, {"units": "Hz"}),
    }
    for name, unit in CURVE_UNITS.items():
        curve = np.array([getattr(epoch.fit, name) for epoch in measured])
        variables[name] = (per_unit, curve.reshape(shape[:2]), {"units": unit})
    return xr.Dataset(
        variables,
        coords={
            "epoch": [epoch.epoch for epoch in measured],
            "unit": recording.units.index.to_numpy(),
            "orientation": ("orientation", orientation_deg, {"units": "deg"}),
            "cell_class": ("unit", recording.cell_classes),
        },
        attrs={"curve": "b + a exp(kappa (cos 2(theta - mu) - 1))"},
    )


CURVE_UNITS = {
    "baseline_hz": "Hz",
    "amplitude_hz": "Hz",
    "kappa": "1",
    "preferred_orientation_deg": "deg",
    "r_squared": "1",
}
"""Parameters of the fitted curve that the tuning dataset carries, with their units."""
