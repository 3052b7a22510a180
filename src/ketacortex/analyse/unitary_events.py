"""Unitary events: windows of a trial in which a small group fires together more than by chance.

The number of bins in which all units of the group have a spike is compared, window by window, with
the number that their rates in that window of each trial predict. Elephant computes it; here are its
arguments and its answer in this package's words.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.errors import ConfigurationError, DataError
from ketacortex.units import MS_PER_S

MIN_UNITS, MAX_UNITS = 2, 10
"""Coincidences of more units than 10 are so rare that no window has any."""
BIN_S = 0.005
WINDOW_S = 0.1
STEP_S = 0.005


def unitary_events(
    spike_samples: NDArray[np.int64],
    spike_index: NDArray[np.int64],
    spike_trial: NDArray[np.int64],
    *,
    n_trials: int,
    duration_s: float,
    sample_rate_hz: float,
    bin_s: float = BIN_S,
    window_s: float = WINDOW_S,
    step_s: float = STEP_S,
) -> pd.DataFrame:
    """Coincidences of all units of a group in sliding windows, seen and expected.

    Parameters
    ----------
    spike_samples : (n_spike,) samples after the onset of the spike's trial
        Spikes of unit 0, then of unit 1 ...; those before 0 or from `duration_s` on are left out.
    spike_index : (n_unit + 1,)
        Unit `i` owns `spike_samples[spike_index[i]:spike_index[i + 1]]`; 2 to 10 units.
    spike_trial : (n_spike,) from 0 to `n_trials` - 1
    n_trials : of one condition
    duration_s : s, of each trial
    sample_rate_hz : Hz
    bin_s : s
        A spike of each unit in the same bin is one coincidence.
    window_s, step_s : s, whole numbers of bins

    Returns
    -------
    DataFrame
        One row a window: `centre_s` after onset, `observed`, `expected` coincidences of all trials,
        `joint_surprise`, and `p_value` of so many or more; these two are NaN where a unit of the
        group is silent, so that none are expected. No rows where trials are shorter than a window
        or there are no trials.

    Notes
    -----
    With p_ij the share of bins of the window in which unit i has a spike in trial j, the expected
    number is ``n_bin sum_j prod_i p_ij`` and the observed one Poisson around it; the joint surprise
    is ``log10((1 - p) / p)``. Neighbouring windows share bins, so their p values are not
    independent, and rates that change within a window raise the number of coincidences.

    References
    ----------
    Grün, Diesmann and Aertsen (2002) 10.1162/089976602753284455 and 10.1162/089976602753284464
    """
    n_units = len(spike_index) - 1
    if not MIN_UNITS <= n_units <= MAX_UNITS:
        raise DataError(
            f"Unitary events were asked of {n_units} units; coincidences of all units of a group "
            f"are counted, which makes sense for {MIN_UNITS} to {MAX_UNITS}. Choose a group."
        )
    try:
        import neo
        import quantities as pq
        from elephant.unitary_event_analysis import jointJ_window_analysis
    except ImportError:
        raise ConfigurationError(
            "Unitary events are computed by Elephant, which is not installed. "
            'Install it with: pip install "ketacortex[patterns]".'
        ) from None
    n_windows = int(np.floor((duration_s - window_s) / step_s + 1e-6)) + 1
    if n_trials == 0 or n_windows < 1:
        names = ["centre_s", "observed", "expected", "joint_surprise", "p_value"]
        return pd.DataFrame({name: np.zeros(0) for name in names})
    end_s = (n_windows - 1) * step_s + window_s
    unit = np.repeat(np.arange(n_units), np.diff(spike_index))
    time_s = spike_samples / sample_rate_hz
    is_inside = (time_s >= 0.0) & (time_s < end_s)
    trains = [
        [
            neo.SpikeTrain(
                np.sort(time_s[is_inside & (unit == i) & (spike_trial == j)]) * MS_PER_S,
                units="ms",
                t_stop=end_s * MS_PER_S,
            )
            for i in range(n_units)
        ]
        for j in range(n_trials)
    ]
    found = jointJ_window_analysis(
        trains,
        bin_size=bin_s * MS_PER_S * pq.ms,
        win_size=window_s * MS_PER_S * pq.ms,
        win_step=step_s * MS_PER_S * pq.ms,
    )
    # Elephant's last window may begin a rounding error before the end.
    observed, expected, surprise = (
        np.asarray(found[name], float)[:n_windows, 0] for name in ("n_emp", "n_exp", "Js")
    )
    return pd.DataFrame(
        {
            "centre_s": step_s * np.arange(n_windows) + window_s / 2.0,
            "observed": observed,
            "expected": expected,
            "joint_surprise": surprise,
            "p_value": 1.0 / (1.0 + 10.0**surprise),
        }
    )
