"""How far firing follows the bars of a drifting grating: F1/F0, simple and complex cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.repeats import jackknife_bounds, repeat_of_trials
from ketacortex.recording.recording import Recording

MIN_REPEATS = 8
"""Trials of the rarest condition from which the interval covers."""
MIN_SPIKES = 100
"""Spikes of a unit: with fewer, the square of the ratio has no symmetric error."""
MIN_CYCLES = 1


@dataclass(frozen=True, kw_only=True)
class Modulation:
    """F1/F0 of every unit: 0 for a steady answer, 1 for half-wave and up to 2 for sharper.

    Parameters
    ----------
    f1_f0 : (n_unit,) NaN with fewer than 100 spikes or 8 trials of a condition
    low, high : (n_unit,) interval of 95 % over trials
    """

    f1_f0: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def f1_f0(
    recording: Recording,
    onset_s: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    temporal_frequency_hz: NDArray[np.float64],
    condition: NDArray[np.int64],
) -> Modulation:
    """Amplitude of the answer at the temporal frequency of the stimulus over its mean.

    A root mean square over conditions, so that the strong ones, preferred orientation and
    direction, decide and none has to be chosen. Windows are cut to whole cycles.

    Parameters
    ----------
    recording : Recording
    onset_s, duration_s : (n_trial,) s
        Trials that do not overlap.
    temporal_frequency_hz : (n_trial,) Hz; trials that last less than a cycle are left out
    condition : (n_trial,)
        Phase, direction and frequency held still within it.

    Returns
    -------
    Modulation

    Notes
    -----
    With Z_j the sum over the spikes of trial j of exp(-2 pi i f t) and N_j their number::

        F1^2 = sum_c 4 sum_{j != k} Z_j conj(Z_k) / (n (n - 1))
        F0^2 = sum_c   sum_{j != k} N_j N_k / (n (n - 1))

    Products of different trials only: the few spikes of one trial have a phase by chance, those of
    two trials agree only through the stimulus, so neither square has a bias, whatever the
    variability of counts. A square below 0 is given as 0. Jackknife over repeats on the square.

    References
    ----------
    Skottun et al. (1991) 10.1016/0042-6989(91)90033-2
    """
    n_cycles = np.floor(duration_s * temporal_frequency_hz + 1e-6)
    is_used = np.isfinite(n_cycles) & (n_cycles >= MIN_CYCLES)
    onset_s, condition = onset_s[is_used], condition[is_used]
    frequency_hz = temporal_frequency_hz[is_used]
    duration_s = n_cycles[is_used] / frequency_hz
    repeat, n_repeats = repeat_of_trials(condition)
    missing = np.full(recording.n_units, np.nan)
    if n_repeats < MIN_REPEATS:
        return Modulation(f1_f0=missing, low=missing.copy(), high=missing.copy())
    first, number = _first_harmonics(recording, onset_s, duration_s, frequency_hz)
    square = _squared_ratio(first, number, condition)
    without = np.array(
        [
            _squared_ratio(first[:, repeat != r], number[:, repeat != r], condition[repeat != r])
            for r in range(n_repeats)
        ]
    )
    low, high = jackknife_bounds(square, without)
    square, low, high = (
        np.where(number.sum(axis=1) >= MIN_SPIKES, s, np.nan) for s in (square, low, high)
    )
    ratio, low, high = (np.sqrt(np.maximum(s, 0.0)) for s in (square, low, high))
    return Modulation(f1_f0=ratio, low=low, high=high)


def _first_harmonics(
    recording: Recording,
    onset_s: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    frequency_hz: NDArray[np.float64],
) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """Sum over spikes of exp(-2 pi i f t), and spikes, of each unit and trial."""
    order = np.argsort(onset_s)
    rate_hz, n_trials = recording.sample_rate_hz, len(onset_s)
    # Half a sample earlier, as in `Recording.spike_counts`.
    onset = np.ceil(onset_s[order] * rate_hz - 0.5)
    offset = np.ceil((onset_s + duration_s)[order] * rate_hz - 0.5)
    samples = recording.spike_samples
    unit = np.repeat(np.arange(recording.n_units), np.diff(recording.spike_index))
    place = np.searchsorted(onset, samples, side="right") - 1
    inside = (place >= 0) & (samples < offset[place])
    trial = order[place[inside]]
    time_s = samples[inside] / rate_hz - onset_s[trial]
    angle = -2.0 * np.pi * frequency_hz[trial] * time_s
    cell, size = unit[inside] * n_trials + trial, recording.n_units * n_trials
    real = np.bincount(cell, np.cos(angle), size)
    imaginary = np.bincount(cell, np.sin(angle), size)
    number = np.bincount(cell, minlength=size).astype(float)
    shape = recording.n_units, n_trials
    return (real + 1j * imaginary).reshape(shape), number.reshape(shape)


def _squared_ratio(
    first: NDArray[np.complex128], number: NDArray[np.float64], condition: NDArray[np.int64]
) -> NDArray[np.float64]:
    _, which, n_trials = np.unique(condition, return_inverse=True, return_counts=True)
    member = (which[:, None] == np.arange(len(n_trials))).astype(float)
    pairs = n_trials * (n_trials - 1.0)
    f1 = 4.0 * (np.abs(first @ member) ** 2 - np.abs(first) ** 2 @ member) / pairs
    f0 = ((number @ member) ** 2 - number**2 @ member) / pairs
    numerator, denominator = f1.sum(axis=1), f0.sum(axis=1)
    return np.divide(
        numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator > 0
    )
