"""Recordings and responses with planted truth, for the tests of `analyse`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ketacortex.analyse.responses import EpochResponses
from ketacortex.recording.recording import Recording, Subject

ORIENTATION_DEG = np.arange(12) * 15.0


def von_mises_rates(preferred_deg, kappa, osi, mean_hz, orientation_deg=ORIENTATION_DEG):
    """Curves with the given OSI and mean rate, (n_unit, n_orientation) Hz.

    An OSI beyond what `kappa` allows with a baseline of 0 is lowered to that.
    """
    preferred_deg, kappa, osi, mean_hz = (
        np.atleast_1d(np.asarray(a, float))[:, None] for a in (preferred_deg, kappa, osi, mean_hz)
    )
    turn = np.cos(np.deg2rad(2.0 * (orientation_deg - preferred_deg))) - 1.0
    floor = np.exp(-2.0 * kappa)
    baseline = ((1.0 - floor) / np.maximum(osi, 1e-6) - (1.0 + floor)) / 2.0
    rate = np.maximum(baseline, 0.0) + np.exp(kappa * turn)
    return rate / rate.mean(axis=1, keepdims=True) * mean_hz


def heterogeneous_units(rng, n_units):
    """Preferred orientation, kappa, OSI and mean rate as wide as in cortex."""
    return (
        rng.uniform(0.0, 180.0, n_units),
        np.exp(rng.normal(0.7, 0.7, n_units)).clip(0.2, 12.0),
        rng.beta(2.0, 2.0, n_units),
        np.exp(rng.normal(1.0, 0.9, n_units)),
    )


def gamma_poisson(rate, rng, excess_fano):
    """Counts whose Fano factor is `1 + excess_fano * rate`."""
    gain = rng.gamma(1.0 / excess_fano, excess_fano, rate.shape) if excess_fano else 1.0
    return rng.poisson(rate * gain).astype(float)


def responses_to(rate_hz, rng, *, n_repeats=12, excess_fano=0.15, orientation_deg=ORIENTATION_DEG):
    """One epoch of 1 s trials at the given mean rates."""
    counts = gamma_poisson(np.repeat(rate_hz, n_repeats, axis=1), rng, excess_fano)
    return responses_from_counts(counts, np.repeat(orientation_deg, n_repeats))


def responses_from_counts(counts, orientation_deg):
    n_units, n_trials = counts.shape
    return EpochResponses(
        epoch="epoch",
        counts=counts,
        onset_s=2.0 * np.arange(n_trials),
        duration_s=np.ones(n_trials),
        orientation_deg=orientation_deg,
        condition=np.unique(orientation_deg, return_inverse=True)[1],
        is_for_tuning=np.ones(n_trials, bool),
        blank_counts=np.zeros((n_units, 0)),
        blank_onset_s=np.zeros(0),
        blank_duration_s=np.zeros(0),
    )


def recording_of(counts, trials, rng, *, cell_class="unknown", animal="animal"):
    """A recording with these counts (n_unit, n_trial), spikes placed at random in each trial."""
    n_units = len(counts)
    unit, trial = np.nonzero(counts)
    n_spikes = counts[unit, trial].astype(int)
    unit, trial = np.repeat(unit, n_spikes), np.repeat(trial, n_spikes)
    onset_s, offset_s = trials["onset_s"].to_numpy(), trials["offset_s"].to_numpy()
    time_s = onset_s[trial] + rng.random(len(trial)) * (offset_s - onset_s)[trial]
    samples = np.floor(time_s * 1e4).astype(np.int64)
    order = np.lexsort((samples, unit))
    return Recording(
        subject=Subject(identifier=animal),
        spike_samples=samples[order],
        spike_index=np.concatenate([[0], np.cumsum(np.bincount(unit, minlength=n_units))]),
        sample_rate_hz=1e4,
        units=pd.DataFrame({"cell_class": np.broadcast_to(cell_class, n_units)}),
        trials=trials,
        epochs=pd.DataFrame({"name": [], "start_s": [], "stop_s": []}),
        start_s=0.0,
        stop_s=float(offset_s.max(initial=0.0)) + 1.0,
    )


def trials_of(orientation_deg, epochs, *, duration_s=1.0):
    """The same stimuli in each of the epochs, one after another."""
    n_trials = len(orientation_deg)
    onset_s = 2.0 * np.arange(n_trials * len(epochs))
    return pd.DataFrame(
        {
            "onset_s": onset_s,
            "offset_s": onset_s + duration_s,
            "orientation_deg": np.tile(orientation_deg, len(epochs)),
            "epoch": np.repeat(list(epochs), n_trials),
        }
    )


def session_of(rates_hz, rng, *, n_repeats=6, n_blanks=24, spontaneous_hz=0.6, **about):
    """A recording with one epoch for each table of rates, and blanks in each."""
    shown_deg = np.concatenate([np.repeat(ORIENTATION_DEG, n_repeats), np.full(n_blanks, np.nan)])
    names = ["control", "early", "late"][: len(rates_hz)]
    expected = [
        np.hstack(
            [
                np.repeat(rate_hz, n_repeats, axis=1),
                np.full((len(rate_hz), n_blanks), spontaneous_hz),
            ]
        )
        for rate_hz in rates_hz
    ]
    counts = gamma_poisson(np.hstack(expected), rng, 0.1)
    return recording_of(counts, trials_of(shown_deg, names), rng, **about)
