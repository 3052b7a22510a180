"""Recordings and NWB files for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from ketacortex.recording.recording import Channel, Recording, Subject


def full_recording() -> Recording:
    """One of everything: silent units, blanks, two epochs, channels, doses and events."""
    draw = np.random.default_rng(5)
    spikes = [np.sort(draw.integers(0, 2_400_000, n)) for n in (0, 500, 0, 800, 3)]
    onset_s = 0.5 + 2.0 * np.arange(40)
    trials = pd.DataFrame(
        {
            "onset_s": onset_s,
            "offset_s": onset_s + 1.0,
            "orientation_deg": np.tile([0.0, 45, 90, 135, np.nan], 8),
            "epoch": ["control"] * 20 + ["drug"] * 20,
            "contrast": np.tile([1.0, 1, 1, 1, 0], 8),
            "rewarded": [True, False] * 20,
        }
    )
    return Recording(
        subject=Subject(
            identifier="mouse-7", species="Mus musculus", sex="F", description="simulated"
        ),
        spike_samples=np.concatenate(spikes),
        spike_index=np.cumsum([0, *map(len, spikes)]),
        sample_rate_hz=30_000.0,
        units=pd.DataFrame(
            {
                "cell_class": ["pyr", "pv", "sst", "vip", "unknown"],
                "x_um": np.arange(5.0),
                "depth_um": [100.0, 200, 300, 400, np.nan],
                "layer": ["2/3", "2/3", "4", "5", ""],
            },
            index=["a", "b", "c", "d", "e"],
        ),
        trials=trials,
        epochs=pd.DataFrame(
            {"name": ["control", "drug"], "start_s": [0.0, 40.0], "stop_s": [40.0, 80.0]}
        ),
        start_s=0.0,
        stop_s=81.0,
        channels=tuple(
            Channel(
                name=name,
                quantity="local field potential",
                unit="mV",
                values=draw.normal(size=100).astype(np.float32),
                rate_hz=1000 / 3,
                start_s=0.25,
                depth_um=depth_um,
                of_unit=of_unit,
            )
            for name, depth_um, of_unit in (
                ("lfp_10", 123.4, None),
                ("lfp_9", float("nan"), None),
                ("cell_b", float("nan"), "b"),
            )
        ),
        doses=pd.DataFrame(
            {
                "name": ["paper"],
                "blocker": ["ketamine"],
                "route": ["topical"],
                "start_s": [40.0],
                "stop_s": [3640.0],
                "amount": [10.0],
                "unit": ["mg/mL"],
            }
        ),
        events=pd.DataFrame(
            {
                "name": ["dendritic plateau", "dendritic plateau", "burst"],
                "onset_s": [0.1, 3.0000001, 40.0],
                "duration_s": [0.02, 1 / 3, 0.0],
                "unit": ["b", "d", "d"],
                "branch": [5, 0, -1],
            }
        ),
        source="made for a test",
    )


def assert_same(read: Recording, written: Recording) -> None:
    np.testing.assert_array_equal(read.spike_samples, written.spike_samples)
    np.testing.assert_array_equal(read.spike_index, written.spike_index)
    for name in ("units", "trials", "epochs", "doses", "events"):
        pd.testing.assert_frame_equal(getattr(read, name), getattr(written, name), check_like=True)
    for name in ("sample_rate_hz", "start_s", "stop_s", "subject", "source"):
        assert getattr(read, name) == getattr(written, name), name
    assert len(read.channels) == len(written.channels)
    for one, other in zip(read.channels, written.channels, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
        for name in ("name", "quantity", "unit", "rate_hz", "start_s", "of_unit"):
            assert getattr(one, name) == getattr(other, name), name
        np.testing.assert_equal(one.depth_um, other.depth_um)


def foreign_file(
    path: Path,
    spikes_s: Sequence[Sequence[float]] | None = ((1.0, 2.0, 5.0), (3.0,)),
    *,
    unit_columns: Mapping[str, Sequence[object]] | None = None,
    intervals: Mapping[str, Mapping[str, Sequence[object]]] | None = None,
    resolution_s: float | None = None,
) -> Path:
    """The least that a file of another laboratory may hold."""
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.5.0"
        if spikes_s is not None:
            units = file.create_group("units")
            units["spike_times"] = np.concatenate([np.empty(0), *map(np.asarray, spikes_s)])
            units["spike_times_index"] = np.cumsum([len(times) for times in spikes_s], dtype="u4")
            if resolution_s is not None:
                units["spike_times"].attrs["resolution"] = resolution_s
            add_columns(units, {"id": np.arange(len(spikes_s)), **(unit_columns or {})})
        for name, columns in (intervals or {}).items():
            group = file.create_group(f"intervals/{name}")
            n_rows = len(next(iter(columns.values())))
            add_columns(group, {"id": np.arange(n_rows), **columns})
    return path


def add_columns(group: h5py.Group, columns: Mapping[str, Sequence[object]]) -> None:
    for name, values in columns.items():
        group[name] = values


def four_trials(**columns: Sequence[object]) -> dict[str, Sequence[object]]:
    """Four trials of 1 s, 2 s apart, with the columns given."""
    return {"start_time": [0.0, 2.0, 4.0, 6.0], "stop_time": [1.0, 3.0, 5.0, 7.0], **columns}
