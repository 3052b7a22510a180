"""Two recordings of the same units as two epochs of one recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.errors import DataError
from ketacortex.recording.recording import (
    STIMULUS_COLUMNS,
    TRIAL_COLUMNS,
    Recording,
)

SHOWN_COLUMNS = (*TRIAL_COLUMNS, "direction_deg", *STIMULUS_COLUMNS)
PAUSE_S = 1.0
"""Set between the two, so that no trial spans both; nothing is measured in it."""


def join_epochs(first: Recording, second: Recording, names: tuple[str, str]) -> Recording:
    """One recording with two epochs, over the units that both recordings have.

    Units are the same when they have the same name. The clock of the second recording is set to
    begin where the first one ends. What only one trials table tells of a stimulus is dropped: it
    would make every stimulus of the one another than those of the other.

    Parameters
    ----------
    first, second : Recording
    names : of the two epochs, different

    Returns
    -------
    Recording
        Subject and units table are those of the first.

    Raises
    ------
    DataError
        No unit is in both.

    Examples
    --------
    >>> from ketacortex.recording.recording import Subject
    >>> from ketacortex.recording.tables import from_tables
    >>> trials = pd.DataFrame({"onset_s": [0.0], "offset_s": [1.0], "orientation_deg": [90.0]})
    >>> one, two = (
    ...     from_tables(spikes={"a": [0.5], other: [0.2]}, trials=trials, subject=Subject(
    ...     identifier="cat")) for other in ("b", "c"))
    >>> joined = join_epochs(one, two, ("day 1", "day 2"))
    >>> joined.units.index.tolist(), joined.trials["epoch"].tolist(), joined.spike_times_s(0)
    (['a'], ['day 1', 'day 2'], array([0.5, 2.5]))
    """
    rows = shared_units(first, second)
    rate_hz = max(first.sample_rate_hz, second.sample_rate_hz)
    # Whole samples, so that a spike keeps its place in its trial.
    moved_s = np.ceil((first.stop_s + PAUSE_S - second.start_s) * rate_hz) / rate_hz
    trains = [
        np.concatenate([_samples(first, i, rate_hz, 0.0), _samples(second, j, rate_hz, moved_s)])
        for i, j in rows
    ]
    units = first.units.iloc[rows[:, 0]]
    return Recording(
        subject=first.subject,
        spike_samples=np.concatenate(trains),
        spike_index=np.concatenate([[0], np.cumsum([len(train) for train in trains])]),
        sample_rate_hz=rate_hz,
        units=units,
        trials=_joined_trials(first, second, names, moved_s),
        epochs=pd.DataFrame(
            {
                "name": list(names),
                "start_s": [first.start_s, second.start_s + moved_s],
                "stop_s": [first.stop_s, second.stop_s + moved_s],
            }
        ),
        start_s=first.start_s,
        stop_s=second.stop_s + moved_s,
        gaps_s=np.concatenate(
            [
                first.gaps_s,
                [[first.stop_s, second.start_s + moved_s]],
                second.gaps_s + moved_s,
            ]
        ),
        channels=(
            *first.channels,
            *(replace(one, start_s=one.start_s + moved_s) for one in second.channels),
        ),
        events=_joined_events(first, second, units.index, moved_s),
        source=f"{first.source}; {second.source}",
    )


def shared_units(first: Recording, second: Recording) -> NDArray[np.intp]:
    """Rows of the units that both recordings have, (n_shared, 2).

    Raises
    ------
    DataError
        There is none.
    """
    names, other_names = (recording.units.index.astype(str) for recording in (first, second))
    place = other_names.get_indexer(names)
    found = np.flatnonzero(place >= 0)
    if not len(found):
        raise DataError(
            f"the two recordings of {first.subject.identifier!r} have no unit of the same name "
            f"({', '.join(names[:3])} ... against {', '.join(other_names[:3])} ...), so nothing "
            "can be compared cell by cell. Give the same units the same names."
        )
    return np.stack([found, place[found]], axis=1)


def _samples(recording: Recording, unit: int, rate_hz: float, moved_s: float) -> NDArray[np.int64]:
    return np.round((recording.spike_times_s(unit) + moved_s) * rate_hz).astype(np.int64)


def _joined_trials(
    first: Recording, second: Recording, names: tuple[str, str], moved_s: float
) -> pd.DataFrame:
    tables = [first.trials, second.trials]
    both = [name for name in SHOWN_COLUMNS if all(name in table for table in tables)]
    parts = [
        table[both].assign(
            onset_s=table["onset_s"] + by_s, offset_s=table["offset_s"] + by_s, epoch=name
        )
        for table, name, by_s in zip(tables, names, (0.0, moved_s), strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def _joined_events(
    first: Recording, second: Recording, names: pd.Index, moved_s: float
) -> pd.DataFrame:
    of_name = dict(zip(names.astype(str), names, strict=True))
    parts = []
    for recording, by_s in ((first, 0.0), (second, moved_s)):
        name = recording.events["unit"].astype(str).map(of_name)
        events = recording.events.assign(unit=name, onset_s=recording.events["onset_s"] + by_s)
        parts.append(events[name.notna()])
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else first.events.iloc[:0]
