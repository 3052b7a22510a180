"""A recording of every cell, as electrodes would have seen it.

Each spike of a cell is detected or not, sorted or not; cells that look alike become one unit, noise
adds events, and events too close to another are lost. What happens to a spike is drawn by animal,
cell and epoch, so that epochs which are alike in two arms stay alike to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.errors import DataError
from ketacortex.recording.electrodes import Electrodes, Sampled, sample_cells
from ketacortex.recording.recording import BRANCHES, Channel, Recording
from ketacortex.seeds import generator
from ketacortex.units import MS_PER_S

PLACES = ("x_um", "y_um", "depth_um")
UNKNOWN = "unknown"
JOIN = "+"
"""Between the names of the cells of one unit."""


def view_through(recording: Recording, electrodes: Electrodes, seed: int) -> Recording:
    """The recording as electrodes see it: fewer units, fewer spikes, some of them wrong.

    A spike of amplitude A is detected where A + noise reaches the threshold. Of those detected it
    is sorted with probability (1 − m)(1 − v)^k, m being `sorting_misses`, v `overlap_misses` and k
    the number of spikes of other cells, large enough at that site, within `overlap_ms`.

    Parameters
    ----------
    recording : Recording
        Of every cell, its units with `x_um`, `y_um` and `depth_um`.
    electrodes : Electrodes
    seed : of the animal, the same in all its arms

    Returns
    -------
    Recording
        The same trials, epochs, doses and signals of the tissue. Units are numbered by site;
        their place is that of the site. Further columns of its units: `shank`, `site`,
        `amplitude_uv`, and what only a simulation knows: `n_cells` and `cells` (their names in the
        full recording, joined by +), `n_fired` (spikes they fired) and `n_noise` (events of the
        unit that none of them fired). Signals and events of one cell stay where the cell is a
        unit by itself. Cells that are silent are units too, so that all arms have the same. Where
        nothing is seen there are no units.

    Raises
    ------
    DataError
        A cell has no place.

    Sources
    -------
    Henze et al. (2000), doi:10.1152/jn.2000.84.1.390; Harris et al. (2000),
    doi:10.1152/jn.2000.84.1.401.

    Examples
    --------
    >>> from ketacortex.recording.recording import Subject
    >>> cell = pd.DataFrame({"cell_class": ["pyr"], "x_um": 0.0, "y_um": 0.0, "depth_um": 200.0})
    >>> full = Recording(
    ...     subject=Subject(identifier="a"), spike_samples=np.arange(0, 1000, 100),
    ...     spike_index=np.array([0, 10]), sample_rate_hz=1e4, units=cell,
    ...     trials=pd.DataFrame(columns=["onset_s", "offset_s", "orientation_deg", "epoch"]),
    ...     epochs=pd.DataFrame(columns=["name", "start_s", "stop_s"]), start_s=0.0, stop_s=1.0)
    >>> view = view_through(full, Electrodes(n_shanks=1, sites_per_shank=1), seed=1)
    >>> view.units["cell_class"].tolist(), int(view.units["n_fired"].iloc[0])
    (['unknown'], 10)
    """
    sampled = sample_cells(electrodes, _position_um(recording), seed)
    stretches = _stretches(recording)
    units = [
        _unit(recording, sampled, seed, stretches, cells, site)
        for cells, site in zip(sampled.cells_of_unit, sampled.site_of_unit.tolist(), strict=True)
    ]
    table = _units_table(recording, sampled, units)
    alone = {
        recording.units.index[cells[0]]: unit
        for unit, cells in enumerate(sampled.cells_of_unit)
        if len(cells) == 1
    }
    return replace(
        recording,
        spike_samples=np.concatenate([np.zeros(0, np.int64), *[u.samples for u in units]]),
        spike_index=np.cumsum([0, *[len(u.samples) for u in units]]).astype(np.int64),
        units=table,
        channels=tuple(_channels(recording, alone)),
        events=_events(recording.events, alone),
        source=_source(recording, sampled),
    )


def sampling_numbers(recording: Recording) -> dict[str, Any] | None:
    """How well electrodes saw the cells; None for a recording that is not of `view_through`.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    dict
        `n_units`, `n_merged` (units of several cells), `n_cells` (cells in units), `n_fired`
        (spikes of these cells), `missed_share` (of them, missing from the units) and
        `noise_share` (of the events in units, fired by none of their cells); None for a share of
        nothing.
    """
    units, n_events = recording.units, len(recording.spike_samples)
    if not {"n_cells", "n_fired", "n_noise"} <= set(units.columns):
        return None
    n_fired, n_noise = int(units["n_fired"].sum()), int(units["n_noise"].sum())
    n_missed = n_fired - (n_events - n_noise)
    return {
        "n_units": len(units),
        "n_merged": int((units["n_cells"] > 1).sum()),
        "n_cells": int(units["n_cells"].sum()),
        "n_fired": n_fired,
        "missed_share": n_missed / n_fired if n_fired else None,
        "noise_share": n_noise / n_events if n_events else None,
    }


@dataclass(frozen=True)
class _Unit:
    """Events of one unit, how many its cells fired, and how many of the events none of them did."""

    samples: NDArray[np.int64]
    n_fired: int
    n_noise: int


def _position_um(recording: Recording) -> NDArray[np.float64]:
    missing = [name for name in PLACES if name not in recording.units]
    if missing:
        raise DataError(
            f"the units have no column {missing[0]!r}, so it is not known how far they are from an "
            f"electrode. Give {', '.join(PLACES)} of every cell; simulated recordings have them."
        )
    position_um = recording.units[list(PLACES)].to_numpy(float)
    nowhere = np.flatnonzero(~np.isfinite(position_um).all(axis=1))
    if len(nowhere):
        raise DataError(
            f"unit {recording.units.index[nowhere[0]]!r} has no place ({', '.join(PLACES)} are "
            f"{position_um[nowhere[0]].tolist()}), so it is not known how far it is from an "
            "electrode. Give it one, or leave the unit out."
        )
    if not len(position_um):
        raise DataError("the recording has no units, so electrodes have nothing to see.")
    return position_um


def _stretches(recording: Recording) -> NDArray[np.int64]:
    """First and last sample of what was recorded, cut where an epoch begins, (n_stretch, 2)."""
    starts_s = recording.epochs["start_s"].to_numpy(float)
    cut_s = [
        [first_s, *np.unique(starts_s[(starts_s > first_s) & (starts_s < last_s)]), last_s]
        for first_s, last_s in recording.observed_s
    ]
    edges_s = np.array([pair for edges in cut_s for pair in pairwise(edges)])
    return np.ceil(edges_s * recording.sample_rate_hz - 0.5).astype(np.int64)


def _unit(
    recording: Recording, sampled: Sampled, seed: int, stretches: NDArray[np.int64],
    cells: NDArray[np.int64], site: int,
) -> _Unit:  # fmt: skip
    """What one unit holds."""
    audible = sampled.audible_at(site)
    fired = [_fired(recording, cell) for cell in cells]
    caught = [
        samples[_is_sorted(recording, sampled, seed, stretches, int(cell), site, audible)]
        for cell, samples in zip(cells, fired, strict=True)
    ]
    name = str(recording.units.index[cells[0]])
    noise = _noise(recording, sampled.electrodes, seed, stretches, name)
    samples = np.concatenate([*caught, noise])
    is_noise = np.arange(len(samples)) >= len(samples) - len(noise)
    order = np.lexsort((is_noise, samples))
    samples, is_noise = samples[order], is_noise[order]
    # One sample holds one event, whoever fired.
    apart = max(1, round(sampled.electrodes.censored_ms / MS_PER_S * recording.sample_rate_hz))
    is_kept = np.diff(samples, prepend=np.iinfo(np.int64).min // 2) >= apart
    return _Unit(samples[is_kept], sum(map(len, fired)), int(is_noise[is_kept].sum()))


def _fired(recording: Recording, cell: int) -> NDArray[np.int64]:
    return recording.spike_samples[recording.spike_index[cell] : recording.spike_index[cell + 1]]


def _is_sorted(
    recording: Recording, sampled: Sampled, seed: int, stretches: NDArray[np.int64], cell: int,
    site: int, audible: NDArray[np.int64],
) -> NDArray[np.bool_]:  # fmt: skip
    """Whether each spike of a cell is detected at a site and given to its unit, (n_spike,)."""
    e = sampled.electrodes
    samples = _fired(recording, cell)
    stretch = np.maximum(np.searchsorted(stretches[:, 0], samples, side="right") - 1, 0)
    noise, luck = np.empty(len(samples)), np.empty(len(samples))
    for k in range(len(stretches)):
        here = stretch == k
        rng = generator("spikes seen", seed, str(recording.units.index[cell]), k)
        noise[here] = rng.standard_normal(here.sum())
        luck[here] = rng.random(here.sum())
    time_s = samples / recording.sample_rate_hz - recording.start_s
    amplitude_uv = sampled.amplitude_at_uv(cell, site, time_s)
    others = [_fired(recording, other) for other in audible if other != cell]
    within = round(e.overlap_ms / MS_PER_S * recording.sample_rate_hz)
    n_overlaps = _count_near(samples, others, within, stretches[stretch])
    is_found = luck >= 1 - (1 - e.sorting_misses) * (1 - e.overlap_misses) ** n_overlaps
    return (amplitude_uv + e.noise_uv * noise >= e.threshold_uv) & is_found


def _count_near(
    samples: NDArray[np.int64],
    others: list[NDArray[np.int64]],
    within: int,
    bounds: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Spikes of others at most `within` samples from each spike, and in its stretch, (n_spike,)."""
    every = np.sort(np.concatenate([np.zeros(0, np.int64), *others]))
    first = np.maximum(samples - within, bounds[:, 0])
    last = np.minimum(samples + within, bounds[:, 1] - 1)
    return np.searchsorted(every, last, side="right") - np.searchsorted(every, first)


def _noise(
    recording: Recording,
    electrodes: Electrodes,
    seed: int,
    stretches: NDArray[np.int64],
    name: str,
) -> NDArray[np.int64]:
    """Events of a unit that no cell of it fired: Poisson, whatever is shown."""
    parts = [np.zeros(0, np.int64)]
    for k, (first, last) in enumerate(stretches):
        rng = generator("noise spikes", seed, name, k)
        expected = electrodes.noise_spikes_hz * (last - first) / recording.sample_rate_hz
        parts.append(rng.integers(first, last, rng.poisson(expected)))
    return np.concatenate(parts)


def _units_table(recording: Recording, sampled: Sampled, units: list[_Unit]) -> pd.DataFrame:
    full, per_shank = recording.units, sampled.electrodes.sites_per_shank
    groups, site = sampled.cells_of_unit, sampled.site_of_unit
    knows = sampled.electrodes.knows_classes
    mean_uv = [sampled.amplitude_uv[c, s].mean() for c, s in zip(groups, site, strict=True)]
    columns: dict[str, Any] = {
        "cell_class": [
            _class_of(full["cell_class"].iloc[c].tolist()) if knows else UNKNOWN for c in groups
        ],
        **dict(zip(PLACES, sampled.site_um[site].T, strict=True)),
        "shank": site // per_shank,
        "site": site,
        "amplitude_uv": np.array(mean_uv, float),
        "n_cells": np.array([len(c) for c in groups], np.int64),
        "cells": [JOIN.join(str(full.index[cell]) for cell in c) for c in groups],
        "n_fired": np.array([u.n_fired for u in units], np.int64),
        "n_noise": np.array([u.n_noise for u in units], np.int64),
    }
    if BRANCHES in full:
        n_branches = full[BRANCHES].to_numpy()
        columns[BRANCHES] = np.array(
            [n_branches[c[0]] if len(c) == 1 else 0 for c in groups], n_branches.dtype
        )
    return pd.DataFrame(columns, index=pd.RangeIndex(len(units)))


def _class_of(classes: list[str]) -> str:
    return classes[0] if len(set(classes)) == 1 else UNKNOWN


def _channels(recording: Recording, alone: dict[Any, int]) -> list[Channel]:
    """Signals of the tissue, and those of cells that are a unit by themselves, under its name."""
    return [
        channel if channel.of_unit is None else replace(channel, of_unit=alone[channel.of_unit])
        for channel in recording.channels
        if channel.of_unit is None or channel.of_unit in alone
    ]


def _events(events: pd.DataFrame, alone: dict[Any, int]) -> pd.DataFrame:
    kept = events[events["unit"].isin(list(alone))].reset_index(drop=True)
    return kept.assign(unit=[alone[unit] for unit in kept["unit"]]) if len(kept) else kept


def _source(recording: Recording, sampled: Sampled) -> str:
    e = sampled.electrodes
    return (
        f"{recording.source}{'; ' if recording.source else ''}seen through {e.n_sites} sites on "
        f"{e.n_shanks} shanks, {sampled.n_cells_in_units} of {recording.n_units} cells in "
        f"{len(sampled.cells_of_unit)} units"
    )
