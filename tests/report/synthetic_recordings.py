"""Small recordings of tuned Poisson units, drawn from a seed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ketacortex.recording.recording import Recording, Subject

SAMPLE_RATE_HZ = 1e4
TRIAL_S, STEP_S = 0.5, 0.8
ORIENTATIONS_DEG = np.arange(8) * 22.5


def trials_of(epochs, n_repeats, n_blanks):
    one = np.concatenate([np.repeat(ORIENTATIONS_DEG, n_repeats), np.full(n_blanks, np.nan)])
    shown = [np.random.default_rng(i).permutation(one) for i in range(len(epochs))]
    onset_s = 0.3 + STEP_S * np.arange(len(one) * len(epochs))
    return pd.DataFrame(
        {
            "onset_s": onset_s,
            "offset_s": onset_s + TRIAL_S,
            "orientation_deg": np.concatenate(shown),
            "epoch": np.repeat(list(epochs), len(one)),
        }
    )


def recording_of(
    animal="animal-1",
    *,
    epochs=("control", "retest"),
    classes=("pyr",) * 12 + ("pv",) * 4 + ("sst",) * 3,
    n_repeats=6,
    n_blanks=20,
    n_silent=1,
    seed=0,
):
    """Units of the given classes with evenly spread preferences; the last `n_silent` never fire."""
    rng = np.random.default_rng(seed)
    n_units = len(classes)
    trials = trials_of(epochs, n_repeats, n_blanks)
    preferred_deg = np.linspace(0.0, 180.0, n_units, endpoint=False)
    turn = np.deg2rad(2.0 * (trials["orientation_deg"].to_numpy() - preferred_deg[:, None]))
    rate_hz = np.nan_to_num(2.0 + 14.0 * np.exp(2.0 * (np.cos(turn) - 1.0)), nan=1.5)
    rate_hz[n_units - n_silent :] = 0.0
    counts = rng.poisson(rate_hz * TRIAL_S)
    unit, trial = np.repeat(np.argwhere(counts >= 0), counts.ravel(), axis=0).T
    time_s = trials["onset_s"].to_numpy()[trial] + rng.random(len(trial)) * TRIAL_S
    samples = np.floor(time_s * SAMPLE_RATE_HZ).astype(np.int64)
    order = np.lexsort((samples, unit))
    spans = trials.groupby("epoch", sort=False).agg(
        start_s=("onset_s", "min"), stop_s=("offset_s", "max")
    )
    return Recording(
        subject=Subject(identifier=animal),
        spike_samples=samples[order],
        spike_index=np.searchsorted(unit[order], np.arange(n_units + 1)).astype(np.int64),
        sample_rate_hz=SAMPLE_RATE_HZ,
        units=pd.DataFrame({"cell_class": list(classes)}, index=[f"u{i}" for i in range(n_units)]),
        trials=trials,
        epochs=spans.reset_index().rename(columns={"epoch": "name"}),
        start_s=0.0,
        stop_s=float(trials["offset_s"].to_numpy().max(initial=0.0)) + 1.0,
    )
