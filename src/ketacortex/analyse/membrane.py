"""Subthreshold orientation tuning: what gratings do to the membrane potential of a soma.

A trial counts by its median voltage. Spikes, and the resets and after-hyperpolarisations that
follow them, take up a small part of a trial and move its mean, not its median. They need not be cut
out, and a cell that fires more does not look tuned below threshold for that.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.analyse.responses import EpochResponses
from ketacortex.analyse.tuning import MIN_ORIENTATIONS, fit_tuning, gosi
from ketacortex.analyse.variability import mean_of_finite
from ketacortex.recording.recording import MEMBRANE_POTENTIAL, Channel, Recording

NOT_RECORDED = (
    f"no unit whose membrane potential was recorded during {MIN_ORIENTATIONS} or more orientations"
)
NO_BLANKS = f"{NOT_RECORDED} and during blanks"
REASONS = {
    "subthreshold_modulation_mv": NOT_RECORDED,
    "depolarisation_mv": NO_BLANKS,
    "subthreshold_osi": f"{NO_BLANKS}, and that any of them depolarised",
    "subthreshold_gosi": f"{NO_BLANKS}, and that any of them depolarised",
}
"""Why a measure of a population is missing, as the end of a sentence."""


def membrane_values(
    recording: Recording, responses: EpochResponses
) -> dict[str, NDArray[np.float64]]:
    """Subthreshold tuning of every unit in one epoch; no measure where nothing was recorded.

    Parameters
    ----------
    recording : Recording
    responses : of the epoch

    Returns
    -------
    dict
        `subthreshold_modulation_mv` (amplitude of the tuning in mV), `depolarisation_mv` (the
        largest over orientations), `subthreshold_osi` and `subthreshold_gosi`, each (n_unit,);
        NaN for units without a membrane potential.

    Notes
    -----
    Both indices are those of spikes (`fit_tuning`, `gosi`) on the depolarisation from blanks, set
    to 0 where a grating hyperpolarises: an index of selectivity needs a curve that is nowhere
    negative. Where inhibition makes it so at many orientations the indices are near their ceiling
    and hardly change; `subthreshold_modulation_mv` has neither ceiling nor need of blanks. Noise
    of the means adds to it and to `subthreshold_gosi`, as it does to the gOSI of few spikes.
    """
    channels = membrane_channels(recording)
    if not channels:
        return {}
    voltage_mv, blank_mv, orientations_deg = voltage_curves_mv(recording, responses)
    if len(orientations_deg) < MIN_ORIENTATIONS:
        nothing = np.full(recording.n_units, np.nan)
        return dict.fromkeys(REASONS, nothing)
    depolarisation_mv = voltage_mv - blank_mv[:, None]
    curve = np.maximum(depolarisation_mv, 0.0)
    return {
        "subthreshold_modulation_mv": modulation_mv(voltage_mv, orientations_deg),
        "depolarisation_mv": depolarisation_mv.max(axis=1),
        "subthreshold_osi": fit_tuning(curve, orientations_deg).osi,
        "subthreshold_gosi": gosi(curve, orientations_deg),
    }


def membrane_channels(recording: Recording) -> dict[int, list[Channel]]:
    """Channels with the membrane potential of a unit, in mV, by the unit's row."""
    found: dict[int, list[Channel]] = {}
    for channel in recording.channels:
        is_one = channel.quantity == MEMBRANE_POTENTIAL and channel.unit == "mV"
        if is_one and channel.of_unit in recording.units.index:
            row = int(recording.units.index.get_indexer(pd.Index([channel.of_unit]))[0])
            found.setdefault(row, []).append(channel)
    return found


def voltage_curves_mv(
    recording: Recording, responses: EpochResponses
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean voltage of every unit at every orientation and over blanks, a trial by its median.

    Trials of the highest contrast count, as in the tuning of spikes.

    Returns
    -------
    voltage_mv : (n_unit, n_orientation) mV, NaN where it was not recorded
    blank_mv : (n_unit,) mV
    orientations_deg : (n_orientation,) deg, ascending
    """
    onset_s = responses.onset_s[responses.is_for_tuning]
    shown = _windows(onset_s, responses.tuning_duration_s)
    blank = _windows(responses.blank_onset_s, responses.blank_duration_s)
    orientations_deg, which = np.unique(responses.tuning_orientation_deg, return_inverse=True)
    voltage_mv = np.full((recording.n_units, len(orientations_deg)), np.nan)
    blank_mv = np.full(recording.n_units, np.nan)
    for row, channels in membrane_channels(recording).items():
        median_mv = median_voltage_mv(channels, shown)
        for k in range(len(orientations_deg)):
            voltage_mv[row, k] = mean_of_finite(median_mv[which == k])
        blank_mv[row] = mean_of_finite(median_voltage_mv(channels, blank))
    return voltage_mv, blank_mv, orientations_deg


def modulation_mv(
    voltage_mv: NDArray[np.float64], orientation_deg: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Amplitude of the part of a tuning curve that goes with the cosine of twice the orientation.

    Parameters
    ----------
    voltage_mv : (..., n_orientation) mV
    orientation_deg : (n_orientation,) deg, equally spaced

    Returns
    -------
    (...) mV, half of what lies between the preferred and the orthogonal orientation

    Examples
    --------
    >>> round(float(modulation_mv(np.array([-58.0, -60, -62, -60]), np.arange(4) * 45.0)), 9)
    2.0
    """
    doubled = np.exp(2j * np.deg2rad(orientation_deg))
    from_mean_mv = voltage_mv - voltage_mv.mean(axis=-1, keepdims=True)
    return 2.0 * np.abs(from_mean_mv @ doubled) / len(orientation_deg)


def median_voltage_mv(
    channels: Iterable[Channel], windows: Iterable[tuple[float, float]]
) -> NDArray[np.float64]:
    """Median voltage in each window, (n_window,) mV; NaN where no channel covers all of it."""
    medians = []
    for start_s, stop_s in windows:
        parts = [channel.between(start_s, stop_s) for channel in channels]
        covered = next((part for part in parts if len(part)), None)
        medians.append(np.nan if covered is None else float(np.median(covered)))
    return np.array(medians)


def _windows(
    onset_s: NDArray[np.float64], duration_s: NDArray[np.float64]
) -> list[tuple[float, float]]:
    return list(zip(onset_s, onset_s + duration_s, strict=True))
