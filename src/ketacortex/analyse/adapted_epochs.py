"""Which epochs of a recording come before an adapter and which after, by which and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.analyse.responses import EpochResponses
from ketacortex.recording.recording import Recording
from ketacortex.units import S_PER_MIN, orientation_distance_deg

ADAPTER_KIND = "adapt"
"""What `kind` calls an epoch in which an adapter is shown."""
RECOVERED_S = 10 * S_PER_MIN
"""A measurement so long after an adapter is one of the state before the next."""
AT_ONCE_S = 2 * S_PER_MIN
"""Two measurements with less between them, and no dose, are of one state."""
SAME_ORIENTATION_DEG = 1.0


@dataclass(frozen=True, kw_only=True)
class AdaptedEpoch:
    """One measurement after an adapter, with what it is to be compared with.

    Parameters
    ----------
    epoch : its name
    before : one name or two
        Measurements before the bout, the last of them last; with two, of one state, the one tells
        on which side of the adapter a cell lies and the other how far it moved.
    adapter_deg : deg
    adapter_s : s, of the adapter in this bout until then; in a control, what passed in its place
    bout : from 1
    place : 0 for the first measurement after the latest adapter
    first : the first measurement of the bout
    first_since : the first measurements since the latest adapter, one name or two of one state
    same_state : a measurement directly before or after it, or None
    """

    epoch: str
    before: tuple[str, ...]
    adapter_deg: float
    adapter_s: float
    bout: int
    place: int
    first: str
    first_since: tuple[str, ...]
    same_state: str | None = None

    @property
    def reference(self) -> str:
        """The measurement that the shift is told from."""
        return self.before[-1]


@dataclass(frozen=True, kw_only=True)
class _Measured:
    name: str
    start_s: float
    stop_s: float


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """An orientation shown for a long time.

    Parameters
    ----------
    deg : deg
    shown_s : s, that it was shown; in a control, that passed in its place
    start_s, stop_s : s, of its epoch
    """

    deg: float
    shown_s: float
    start_s: float
    stop_s: float


def adapted_epochs(
    recording: Recording, responses: Sequence[EpochResponses]
) -> tuple[AdaptedEpoch, ...]:
    """Every measurement after an adapter, in order of time.

    A new bout begins with an adapter of another orientation, and with one before which something
    was measured at least 10 min after the end of the adapter before it. Without a measurement
    before the first adapter there are none: nothing says from where a cell moved.

    Parameters
    ----------
    recording : Recording
        Its epochs with `kind`, `adapter_deg` and `adapter_s`; without `adapter_deg` there is no
        adapter. Where all `adapter_s` are 0 it is a control: the epochs count for what they last.
    responses : EpochResponses of the epochs that were measured

    Returns
    -------
    tuple of AdaptedEpoch
    """
    shown_for_long = set(_adapter_rows(recording.epochs)["name"].astype(str))
    measured = [
        _measured(of) for of in responses if len(of.condition) and of.epoch not in shown_for_long
    ]
    doses_s = recording.doses["start_s"].to_numpy(float)
    before: tuple[str, ...] = ()
    bout, adapter_s, latest, first = 0, 0.0, None, None
    since: list[_Measured] = []
    found: list[AdaptedEpoch] = []
    for adapter, until_s in _with_next(adapters_of(recording)):
        recovered = _last_of_one_state(_recovered(since, latest), doses_s)
        ahead = recovered or before
        if latest is None:
            earlier = [m for m in measured if m.start_s < adapter.start_s]
            ahead = _last_of_one_state(earlier, doses_s)
        if latest is None or recovered or not is_same_orientation(adapter.deg, latest.deg):
            bout, adapter_s, before, first = bout + 1, 0.0, ahead, None
        adapter_s += adapter.shown_s
        since = [m for m in measured if adapter.start_s <= m.start_s < until_s]
        if since and before:
            first = first or since[0].name
            found += _of_adapter(doses_s, since, AdaptedEpoch(
                epoch="", before=before, adapter_deg=adapter.deg, adapter_s=adapter_s,
                bout=bout, place=0, first=first, first_since=(),
            ))  # fmt: skip
        latest = adapter
    return tuple(found)


def adapters_of(recording: Recording) -> list[Adapter]:
    """The adapters of a recording, in order of time."""
    table = _adapter_rows(recording.epochs)
    if table.empty:
        return []
    lasts_s = (table["stop_s"] - table["start_s"]).to_numpy(float)
    said_s = table["adapter_s"].to_numpy(float) if "adapter_s" in table else lasts_s
    shown_s = said_s if np.any(said_s > 0) else lasts_s
    return [
        Adapter(deg=float(d), shown_s=float(s), start_s=float(start_s), stop_s=float(stop_s))
        for d, s, start_s, stop_s in zip(
            table["adapter_deg"], shown_s, table["start_s"], table["stop_s"], strict=True
        )
    ]


def _adapter_rows(epochs: pd.DataFrame) -> pd.DataFrame:
    if not {"kind", "adapter_deg"} <= set(epochs):
        return epochs.iloc[:0]
    deg = pd.to_numeric(epochs["adapter_deg"], errors="coerce")
    return epochs[(epochs["kind"] == ADAPTER_KIND) & np.isfinite(deg)].sort_values("start_s")


def _measured(of: EpochResponses) -> _Measured:
    onset_s = np.concatenate([of.onset_s, of.blank_onset_s])
    offset_s = onset_s + np.concatenate([of.duration_s, of.blank_duration_s])
    return _Measured(name=of.epoch, start_s=float(onset_s.min()), stop_s=float(offset_s.max()))


def _with_next(adapters: list[Adapter]) -> list[tuple[Adapter, float]]:
    ends = [following.start_s for _, following in pairwise(adapters)] + [np.inf]
    return list(zip(adapters, ends, strict=False))


def _recovered(since: list[_Measured], latest: Adapter | None) -> list[_Measured]:
    """The measurements so long after an adapter that they are before the next."""
    if latest is None:
        return []
    return [m for m in since if m.start_s - latest.stop_s >= RECOVERED_S]


def _last_of_one_state(measured: list[_Measured], doses_s: NDArray[np.float64]) -> tuple[str, ...]:
    """The last measurement, with the one before it where both are of one state."""
    n_last = 2 if _at_once(measured, doses_s)[-1:] == [True] else 1
    return tuple(m.name for m in measured[-n_last:])


def _at_once(measured: list[_Measured], doses_s: NDArray[np.float64]) -> list[bool]:
    """Whether each measurement and the next are of one state."""
    return [
        later.start_s - one.stop_s < AT_ONCE_S
        and not np.any((doses_s >= one.start_s) & (doses_s < later.stop_s))
        for one, later in pairwise(measured)
    ]


def is_same_orientation(one_deg: float, other_deg: float) -> bool:
    """Whether two adapters are one, within a degree.

    >>> is_same_orientation(0.5, 179.9), is_same_orientation(0.0, 90.0)
    (True, False)
    """
    return float(orientation_distance_deg(one_deg, other_deg)) <= SAME_ORIENTATION_DEG


def _of_adapter(
    doses_s: NDArray[np.float64], since: list[_Measured], common: AdaptedEpoch
) -> list[AdaptedEpoch]:
    """The measurements since one adapter, with those that are of the same state."""
    at_once = _at_once(since, doses_s)
    names = [m.name for m in since]
    first_since = tuple(names[: 2 if at_once[:1] == [True] else 1])
    found = []
    for place, name in enumerate(names):
        same = names[place + 1] if at_once[place : place + 1] == [True] else None
        if same is None and place and at_once[place - 1]:
            same = names[place - 1]
        found.append(
            replace(common, epoch=name, place=place, first_since=first_since, same_state=same)
        )
    return found
