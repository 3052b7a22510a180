"""Recordings of animals that were trained to tell orientations apart, for the tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analyse.planted import ORIENTATION_DEG, gamma_poisson, recording_of

TRIAL_S = 1.0
N_BLANKS = 10
BLANK_HZ = 0.5


def trained_session(
    plan,
    rng,
    *,
    reference_deg=90.0,
    n_repeats=10,
    excess_fano=0.0,
    orientation_deg=ORIENTATION_DEG,
    **about,
):
    """A recording after a plan: measurements `(name, rate_hz)` and trainings `(shown_s, passed_s)`.

    Rates are (n_unit, n_orientation) Hz; a training may be `(shown_s, passed_s, reference_deg)`.
    """
    shown_deg = np.concatenate([np.repeat(orientation_deg, n_repeats), np.full(N_BLANKS, np.nan)])
    now_s, trials, epochs, expected = 0.0, [], [], []
    for step in plan:
        if not isinstance(step[0], str):
            shown_s, passed_s, around_deg = (*step, reference_deg)[:3]
            name = f"training {len(epochs)}"
            epochs.append((name, now_s, now_s + passed_s, "train", around_deg, shown_s))
            now_s += passed_s
            continue
        name, rate_hz = step
        blanks = np.full((len(rate_hz), N_BLANKS), BLANK_HZ)
        expected.append(np.hstack([np.repeat(rate_hz, n_repeats, axis=1), blanks]))
        onset_s = now_s + 2.0 * TRIAL_S * np.arange(len(shown_deg))
        stop_s = now_s + 2.0 * TRIAL_S * len(shown_deg)
        epochs.append((name, now_s, stop_s, "gratings", np.nan, np.nan))
        trials.append(
            pd.DataFrame(
                {
                    "onset_s": onset_s,
                    "offset_s": onset_s + TRIAL_S,
                    "orientation_deg": shown_deg,
                    "epoch": name,
                }
            )
        )
        now_s = stop_s
    counts = gamma_poisson(np.hstack(expected), rng, excess_fano)
    table = pd.concat(trials, ignore_index=True)
    recording = recording_of(counts, table, rng, **{"cell_class": "pyr", **about})
    columns = ["name", "start_s", "stop_s", "kind", "reference_deg", "train_s"]
    return replace(recording, epochs=pd.DataFrame(epochs, columns=columns), stop_s=now_s + 1.0)


def pair_of(findings, measure, epoch="after", population="pyr"):
    """Values before and after of one measure."""
    pairs = findings.pairs
    chosen = pairs[
        (pairs["measure"] == measure)
        & (pairs["epoch"] == epoch)
        & (pairs["population"] == population)
    ]
    ((before, after),) = chosen[["before", "after"]].to_numpy()
    return before, after
