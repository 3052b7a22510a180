"""Rasters and peristimulus time histograms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from ketacortex.recording.recording import Recording

BIN_S = 0.01


def raster(
    recording: Recording, onset_s: NDArray[np.float64], *, start_s: float, stop_s: float
) -> pd.DataFrame:
    """Every spike around every onset.

    Parameters
    ----------
    recording : Recording
    onset_s : (n_trial,) s
    start_s, stop_s : s, window relative to the onset; windows of neighbours may overlap

    Returns
    -------
    one row a spike, unit by unit and trial by trial
        `unit` (name), `trial` (place in `onset_s`), `time_s` after onset
    """
    rate_hz = recording.sample_rate_hz
    # Half a sample earlier, as in `Recording.spike_counts`.
    edges = np.ceil(np.stack([onset_s + start_s, onset_s + stop_s]) * rate_hz - 0.5)
    units, trials, times_s = [], [], []
    for unit in range(recording.n_units):
        owned = slice(recording.spike_index[unit], recording.spike_index[unit + 1])
        samples = recording.spike_samples[owned]
        first, last = np.searchsorted(samples, edges)
        n_spikes = last - first
        trial = np.repeat(np.arange(len(onset_s)), n_spikes)
        place = np.arange(len(trial)) - np.repeat(np.cumsum(n_spikes) - n_spikes, n_spikes)
        times_s.append(samples[first[trial] + place] / rate_hz - onset_s[trial])
        trials.append(trial)
        units.append(np.full(len(trial), unit))
    row = np.concatenate(units) if units else np.zeros(0, np.int64)
    return pd.DataFrame(
        {
            "unit": recording.units.index.to_numpy()[row],
            "trial": np.concatenate(trials) if trials else np.zeros(0, np.int64),
            "time_s": np.concatenate(times_s) if times_s else np.zeros(0),
        }
    )


def peristimulus_histogram(
    recording: Recording,
    onset_s: NDArray[np.float64],
    condition: NDArray[np.int64],
    *,
    start_s: float,
    stop_s: float,
    bin_s: float = BIN_S,
) -> xr.Dataset:
    """Mean rate of every unit around onset in every condition, with its standard error.

    Parameters
    ----------
    recording : Recording
    onset_s : (n_trial,) s
    condition : (n_trial,)
    start_s, stop_s : s, window relative to the onset, cut to whole bins
    bin_s : s

    Returns
    -------
    Dataset over (unit, condition, time_s), `time_s` the middle of a bin
        `rate_hz`, Hz; `standard_error_hz`, Hz over trials, NaN with a single trial; `n_trials`
        over (condition,)
    """
    numbers, which, n_trials = np.unique(condition, return_inverse=True, return_counts=True)
    n_bins = max(int(np.floor((stop_s - start_s) / bin_s + 1e-6)), 0)
    left_s = start_s + bin_s * np.arange(n_bins)
    edge_s = (onset_s[:, None] + left_s).ravel()
    counts = recording.spike_counts(edge_s, edge_s + bin_s)
    counts = counts.reshape(recording.n_units, len(onset_s), n_bins)
    rate_hz = np.full((recording.n_units, len(numbers), n_bins), np.nan)
    error_hz = rate_hz.copy()
    for place in range(len(numbers)):
        of_trials_hz = counts[:, which == place] / bin_s
        rate_hz[:, place] = of_trials_hz.mean(axis=1)
        if n_trials[place] > 1:
            deviation_hz = of_trials_hz.std(axis=1, ddof=1)
            error_hz[:, place] = deviation_hz / np.sqrt(n_trials[place])
    axes = ("unit", "condition", "time_s")
    return xr.Dataset(
        {
            "rate_hz": (axes, rate_hz, {"units": "Hz"}),
            "standard_error_hz": (axes, error_hz, {"units": "Hz"}),
            "n_trials": (("condition",), n_trials),
        },
        coords={
            "unit": recording.units.index.to_numpy(),
            "condition": numbers,
            "time_s": ("time_s", left_s + bin_s / 2.0, {"units": "s"}),
        },
    )
