"""One animal's recording, whether it was simulated or measured.

Spike times are held as integer samples, so that two spikes are simultaneous or they are not;
seconds are given at the door. Nothing here changes after it is made: a new `Recording` is made
instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.errors import DataError

UNIT_COLUMNS = ("cell_class",)
TRIAL_COLUMNS = ("onset_s", "offset_s", "orientation_deg", "epoch")
STIMULUS_COLUMNS = (
    "contrast", "temporal_frequency", "spatial_frequency", "phase", "size", "speed", "colour",
)  # fmt: skip
"""Columns of the trials table that tell of the stimulus beside its orientation and direction."""
EPOCH_COLUMNS = ("name", "start_s", "stop_s")
DOSE_COLUMNS = ("name", "blocker", "route", "start_s", "stop_s", "amount", "unit")
EVENT_COLUMNS = ("name", "onset_s", "duration_s", "unit")

MEMBRANE_POTENTIAL = "membrane potential"
"""Quantity of a channel: of the soma of one unit."""
DENDRITIC_INHIBITION = "mean GABA conductance of dendritic branches"
"""Quantity of a channel: over the branches of all units that have `BRANCHES`."""
PLATEAU = "dendritic plateau"
"""Name of an event: a branch stays depolarised."""
BRANCHES = "n_branches"
"""Column of the units table: branches of the unit that dendritic signals were taken from."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The animal: `identifier` is the unit of replication."""

    identifier: str
    species: str = "unknown"
    sex: str = "U"
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One continuous signal with its quantity, unit and place.

    Parameters
    ----------
    values : (n_sample,) in `unit`
    rate_hz : Hz
    start_s : s, time of the first sample
    depth_um : µm below the pia, NaN where unknown
    of_unit : name of the unit it was recorded from, None for a signal of the tissue or of many
    """

    name: str
    quantity: str
    unit: str
    values: NDArray[np.float32]
    rate_hz: float
    start_s: float = 0.0
    depth_um: float = float("nan")
    of_unit: int | str | None = None

    @property
    def stop_s(self) -> float:
        """End of the last sample, s."""
        return self.start_s + len(self.values) / self.rate_hz

    def between(self, start_s: float, stop_s: float) -> NDArray[np.float32]:
        """Samples with `start_s <= t < stop_s`; none unless the channel covers all of it."""
        # A touch earlier, so that rounding of the seconds cannot move a sample over an edge.
        first, last = np.ceil((np.array([start_s, stop_s]) - self.start_s) * self.rate_hz - 1e-3)
        covers = first >= 0 and last <= len(self.values)
        return self.values[int(first) : int(last)] if covers else self.values[:0]


@dataclass(frozen=True, kw_only=True)
class Recording:
    """Spikes of many units during many trials of one animal.

    Parameters
    ----------
    subject : Subject
    spike_samples : (n_spike,) samples
        Spike times of unit 0, then of unit 1 ..., each ascending, counted from session start.
    spike_index : (n_unit + 1,)
        Unit `i` owns `spike_samples[spike_index[i]:spike_index[i + 1]]`.
    sample_rate_hz : Hz
    units : one row a unit
        Column `cell_class` (`pyr`, `pv`, `sst`, `vip`, `unknown`, or the source's own word);
        index = the unit's name as the source gives it; optional `x_um`, `y_um`, `depth_um` and
        anything else.
    trials : one row a trial
        `onset_s`, `offset_s`, `orientation_deg` in [0, 180) (NaN on a blank trial), `epoch`;
        optional `direction_deg` in [0, 360) and the `STIMULUS_COLUMNS`, in numbers or in words.
    epochs : one row a named condition
        `name`, `start_s`, `stop_s`, in order of time.
    start_s, stop_s : s
        Time support: the units were observed from `start_s` to `stop_s`, but for the gaps.
    gaps_s : (n_gap, 2) s
        Stretches between in which nothing was recorded, in order.
    channels : continuous signals
        Each without gaps: what was recorded in several stretches is several channels.
    doses : one row a dose given
    events : one row an event that was seen in a unit
        `name` of its kind, `onset_s`, `duration_s`, `unit` (its name in `units`); optional
        `branch` (from 0) and anything else.
    source : where it came from, in words
    """

    subject: Subject
    spike_samples: NDArray[np.int64]
    spike_index: NDArray[np.int64]
    sample_rate_hz: float
    units: pd.DataFrame
    trials: pd.DataFrame
    epochs: pd.DataFrame
    start_s: float
    stop_s: float
    gaps_s: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))
    channels: tuple[Channel, ...] = ()
    doses: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(DOSE_COLUMNS)))
    events: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(EVENT_COLUMNS)))
    source: str = ""

    def __post_init__(self) -> None:
        if len(self.spike_index) != len(self.units) + 1:
            raise DataError(
                f"spike_index has {len(self.spike_index)} entries for {len(self.units)} units; "
                "it needs one more than there are units, the last being the number of spikes."
            )
        for table, name, needed in (
            (self.units, "units", UNIT_COLUMNS),
            (self.trials, "trials", TRIAL_COLUMNS),
            (self.epochs, "epochs", EPOCH_COLUMNS),
            (self.events, "events", EVENT_COLUMNS),
        ):
            missing = [column for column in needed if column not in table]
            if missing:
                raise DataError(
                    f"the {name} table has no column {missing[0]!r}; a recording needs "
                    f"{', '.join(needed)}. Add it or name the column that holds it."
                )
        self._check_events()
        edges_s = np.concatenate([[self.start_s], self.gaps_s.ravel(), [self.stop_s]])
        if len(self.gaps_s) and not np.all(np.diff(edges_s) > 0):
            raise DataError(
                f"the gaps {self.gaps_s.tolist()} are not in order of time between start_s = "
                f"{self.start_s:g} and stop_s = {self.stop_s:g}, so what was recorded cannot be "
                "told. Give each as [start, stop], one after the other."
            )
        self.spike_samples.flags.writeable = False
        self.spike_index.flags.writeable = False

    def _check_events(self) -> None:
        backwards = self.events[self.events["duration_s"].astype(float) < 0]
        if len(backwards):
            raise DataError(
                f"an event at {backwards['onset_s'].iloc[0]:g} s lasts "
                f"{backwards['duration_s'].iloc[0]:g} s; nothing ends before it begins. Give its "
                "duration in seconds."
            )
        strange = self.events[~self.events["unit"].isin(self.units.index)]
        if len(strange):
            raise DataError(
                f"an event is said to be of unit {strange['unit'].iloc[0]!r}, which is not in the "
                "units table, so its cell class is unknown. Add the unit, or leave the event out."
            )

    @property
    def observed_s(self) -> NDArray[np.float64]:
        """Start and stop of every stretch that was recorded, (n_interval, 2) s."""
        return np.concatenate([[self.start_s], self.gaps_s.ravel(), [self.stop_s]]).reshape(-1, 2)

    @property
    def observed_duration_s(self) -> float:
        """Time recorded, gaps left out, s."""
        return float(np.diff(self.observed_s, axis=1).sum())

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.units)

    @property
    def cell_classes(self) -> NDArray[np.str_]:
        """Cell class of each unit, (n_unit,)."""
        return self.units["cell_class"].to_numpy(dtype=str)

    def spike_times_s(self, unit: int) -> NDArray[np.float64]:
        """Spike times of the unit in row `unit`, in seconds from session start."""
        first, last = self.spike_index[unit], self.spike_index[unit + 1]
        return self.spike_samples[first:last] / self.sample_rate_hz

    def spike_counts(
        self, start_s: NDArray[np.float64], stop_s: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Spikes of every unit with `start_s <= t < stop_s`, (n_unit, n_window)."""
        # Half a sample earlier, so that rounding of the seconds cannot move a spike over an edge.
        edges = np.ceil(np.stack([start_s, stop_s]) * self.sample_rate_hz - 0.5)
        counts = np.empty((self.n_units, len(start_s)), np.int64)
        for unit in range(self.n_units):
            first, last = self.spike_index[unit], self.spike_index[unit + 1]
            rank = np.searchsorted(self.spike_samples[first:last], edges)
            counts[unit] = rank[1] - rank[0]
        return counts
