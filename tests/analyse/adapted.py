"""Recordings of animals that were shown an adapter, with planted shifts, for the tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analyse.planted import ORIENTATION_DEG, gamma_poisson, recording_of, von_mises_rates

TRIAL_S = 1.0
EPOCH_S = 2.0 * TRIAL_S * len(ORIENTATION_DEG)


def adapted_session(
    plan, rng, *, adapter_deg=90.0, mean_hz=8.0, n_repeats=10, kappa=2.0, excess_fano=0.1, **about
):
    """A recording after a plan: measurements `(name, preferred_deg)` and adapters of some seconds.

    A measurement may be `(name, preferred_deg, changes)` with `osi`, `kappa`, `gain` (n_unit, 1),
    `rate` (a function of the rates) or `wait_s` that passes before it; an adapter is its seconds,
    or a pair of what it was shown and what passed.
    """
    shown_deg = np.repeat(ORIENTATION_DEG, n_repeats)
    now_s, trials, epochs, expected = 0.0, [], [], []
    for step in plan:
        if not isinstance(step, tuple) or not isinstance(step[0], str):
            shown_s, passed_s = step if isinstance(step, tuple) else (step, step)
            name = f"adapter {len(epochs)}"
            epochs.append((name, now_s, now_s + passed_s, "adapt", adapter_deg, shown_s))
            now_s += passed_s
            continue
        name, preferred_deg, changes = (*step, {})[:3]
        now_s += changes.get("wait_s", 0.0)
        rate_hz = von_mises_rates(
            preferred_deg, changes.get("kappa", kappa), changes.get("osi", 0.9), mean_hz
        )
        rate_hz = changes.get("rate", lambda hz: hz)(rate_hz)
        expected.append(np.repeat(rate_hz, n_repeats, axis=1))
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
    recording = recording_of(counts, table, rng, cell_class="pyr", **about)
    columns = ["name", "start_s", "stop_s", "kind", "adapter_deg", "adapter_s"]
    return replace(recording, epochs=pd.DataFrame(epochs, columns=columns), stop_s=now_s + 1.0)


def at_places(recording, x_um, y_um):
    """The recording with its units at these places."""
    return replace(recording, units=recording.units.assign(x_um=x_um, y_um=y_um))


def value_of(findings, measure, epoch, population="pyr"):
    """The value after, of one measure."""
    pairs = findings.pairs
    chosen = pairs[
        (pairs["measure"] == measure)
        & (pairs["epoch"] == epoch)
        & (pairs["population"] == population)
    ]
    (value,) = chosen["after"]
    return value
