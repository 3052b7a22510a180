"""Spikes of one example animal around gratings and a blank, in each epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.recording.recording import Recording
from ketacortex.report.drawing import (
    FAINT,
    INK,
    ReportFigure,
    class_colour,
    finish,
    in_style,
    new_figure,
)
from ketacortex.report.tables import Material

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WINDOW_S = 8.0
MOST_UNITS = 400
MOST_EPOCHS = 4
MOST_LABELS = 24
MARK_POINTS_OF_PANEL = 220.0


@dataclass(frozen=True)
class Window:
    """A stretch of one epoch: trials that are seen in it, start and stop in seconds."""

    epoch: str
    start_s: float
    stop_s: float
    trials: pd.DataFrame


def draw_raster(material: Material) -> ReportFigure | str:
    """The raster, or the reason why there is none."""
    examples = [(e.arm, e.recording) for e in material.examples if e.recording is not None]
    recording = material.example
    if recording is None:
        return "The recording of the example animal is not in the run folder."
    windows = choose_windows(recording)
    if not windows or not recording.n_units:
        return "The example recording has no trials to show spikes around."
    rows = ordered_units(material, recording)
    has_labels = sum(len(window.trials) for window in windows) <= MOST_LABELS
    with in_style():
        figure = new_figure(0.7 + (4.5 if len(examples) == 1 else 3.4 * len(examples)))
        axes = figure.subplots(
            1 + len(examples), len(windows), sharex="col", sharey="row", squeeze=False,
            height_ratios=[1, *[12] * len(examples)],
        )  # fmt: skip
        for column, window in enumerate(windows):
            _draw_strip(axes[0, column], window, has_labels)
            for place, (_, seen) in zip(axes[1:, column], examples, strict=True):
                _draw_spikes(place, seen, rows, window)
            axes[-1, column].set_xlabel("time in the session [s]")
        for place, (arm, _) in zip(axes[1:, 0], examples, strict=True):
            name = material.arm_in_words(arm) if len(examples) > 1 else ""
            _label_classes(place, recording.cell_classes[rows], name)
        tables = [_spike_table(seen, rows, windows).assign(arm=arm) for arm, seen in examples]
        return finish(
            figure,
            name="raster",
            title="Raster of spikes of the example animal",
            caption=_caption(recording, rows, windows, len(examples)),
            numbers=pd.concat(tables, ignore_index=True),
        )


def choose_windows(recording: Recording) -> list[Window]:
    """In each epoch the stretch of 8 s about its first blank, or its first 8 s without one."""
    trials = recording.trials.sort_values("onset_s", kind="stable")
    windows = []
    for epoch in list(pd.unique(trials["epoch"]))[:MOST_EPOCHS]:
        here = trials[trials["epoch"] == epoch]
        first_s, last_s = float(here["onset_s"].min()), float(here["offset_s"].max())
        blanks_s = here.loc[here["orientation_deg"].isna(), "onset_s"]
        start_s = float(blanks_s.iloc[0]) - WINDOW_S / 2 if len(blanks_s) else first_s
        # From the beginning of a trial, so that no grating is cut at the left.
        starts_s = here["onset_s"].to_numpy(float)
        start_s = float(starts_s[np.argmin(np.abs(starts_s - max(start_s, first_s)))]) - 0.2
        stop_s = min(start_s + WINDOW_S, last_s + 0.2)
        seen = here[(here["onset_s"] < stop_s) & (here["offset_s"] > start_s)]
        windows.append(Window(str(epoch), start_s, stop_s, seen))
    return windows


def ordered_units(material: Material, recording: Recording) -> NDArray[np.int64]:
    """Rows of units by class and, within it, preferred orientation in the first epoch."""
    first = material.first_epochs
    first = first[first["session"] == material.example_session]
    preferred_deg = first["preferred_orientation_deg"].to_numpy(float)
    if len(preferred_deg) != recording.n_units:
        preferred_deg = np.full(recording.n_units, np.nan)
    rank = {name: i for i, name in enumerate(material.cell_classes)}
    of_class = np.array([rank.get(name, len(rank)) for name in recording.cell_classes])
    order = np.lexsort((np.nan_to_num(preferred_deg, nan=np.inf), of_class))
    chosen = np.linspace(0, len(order) - 1, min(len(order), MOST_UNITS)).round().astype(int)
    return order[chosen].astype(np.int64)


def _draw_strip(axes: Axes, window: Window, has_labels: bool) -> None:
    """A bar for every trial, over it a line at the grating's own angle and the angle in words."""
    axes.set_title(window.epoch, loc="left", fontweight="bold", pad=12)
    axes.set_ylim(0.0, 1.0)
    axes.axis("off")
    for onset_s, offset_s, orientation_deg in window.trials[
        ["onset_s", "offset_s", "orientation_deg"]
    ].itertuples(index=False):
        onset_s, offset_s = max(onset_s, window.start_s), min(offset_s, window.stop_s)
        middle_s = (onset_s + offset_s) / 2
        is_blank = np.isnan(orientation_deg)
        axes.plot([onset_s, offset_s], [0.0, 0.0], color=INK, lw=0.8 if is_blank else 3.0)
        if not is_blank:
            line = [(-np.cos(np.deg2rad(orientation_deg)), -np.sin(np.deg2rad(orientation_deg)))]
            line.append((-line[0][0], -line[0][1]))
            axes.plot([middle_s], [0.42], marker=line, markersize=11, color=INK, mew=1.4)
        if has_labels:
            label = "blank" if is_blank else f"{round(orientation_deg, 1):g}°"
            axes.text(middle_s, 0.85, label, ha="center", va="bottom", fontsize=7)


def _draw_spikes(axes: Axes, recording: Recording, rows: NDArray[np.int64], window: Window) -> None:
    classes = recording.cell_classes[rows]
    mark_points = float(np.clip(MARK_POINTS_OF_PANEL / len(rows), 1.5, 12.0))
    for name in pd.unique(classes):
        places = np.flatnonzero(classes == name)
        times = [_times_s(recording, rows[place], window) for place in places]
        height = np.repeat(places, [len(t) for t in times])
        axes.scatter(
            np.concatenate(times), height, s=mark_points**2, marker="|", linewidths=0.7,
            color=class_colour(name), rasterized=True,
        )  # fmt: skip
    for onset_s, offset_s in window.trials.loc[
        window.trials["orientation_deg"].notna(), ["onset_s", "offset_s"]
    ].itertuples(index=False):
        axes.axvspan(onset_s, offset_s, color=FAINT, alpha=0.25, lw=0, zorder=0)
    axes.set_xlim(window.start_s, window.stop_s)
    axes.set_ylim(-1, len(rows))


def _label_classes(axes: Axes, classes: NDArray[np.str_], arm: str) -> None:
    """Names of the classes at the left, in their colours, and the arm."""
    names = list(pd.unique(classes))
    middles = [float(np.flatnonzero(classes == name).mean()) for name in names]
    axes.set_yticks(middles, [f"{name} ({(classes == name).sum()})" for name in names])
    axes.tick_params(axis="y", length=0)
    for label, name in zip(axes.get_yticklabels(), names, strict=True):
        label.set_color(class_colour(str(name)))
        label.set_fontweight("bold")
    what = "units, by class and preferred orientation"
    axes.set_ylabel(f"{arm}\n{what}" if arm else what)


def _times_s(recording: Recording, unit: int, window: Window) -> NDArray[np.float64]:
    times_s = recording.spike_times_s(int(unit))
    first, last = np.searchsorted(times_s, [window.start_s, window.stop_s])
    return times_s[first:last]


def _caption(
    recording: Recording, rows: NDArray[np.int64], windows: list[Window], n_arms: int
) -> str:
    n_epochs = recording.trials["epoch"].nunique()
    shown = f"All {len(rows)}" if len(rows) == recording.n_units else (
        f"{len(rows)} of {recording.n_units}, evenly chosen,"
    )  # fmt: skip
    several = f" The first {len(windows)} of {n_epochs} epochs." if n_epochs > len(windows) else ""
    beside = " One row of panels per arm, the same units and trials in each." * (n_arms > 1)
    return (
        f"Animal {recording.subject.identifier}, the first. {shown} units, one row each, ordered "
        "by class and by preferred orientation in the first epoch (upwards; untuned units last). "
        f"About {WINDOW_S:g} s around the first blank of each epoch, or its first {WINDOW_S:g} s "
        "where it has none; above, the orientation shown and grey bars where a grating was on."
        f"{several}{beside}"
    )


def _spike_table(
    recording: Recording, rows: NDArray[np.int64], windows: list[Window]
) -> pd.DataFrame:
    """One row a unit and window, the spike times in one field."""
    names = recording.units.index.to_numpy()
    return pd.DataFrame(
        [
            {
                "epoch": window.epoch,
                "unit": names[row],
                "cell_class": recording.cell_classes[row],
                "spike_times_s": " ".join(f"{t:.3f}" for t in _times_s(recording, row, window)),
            }
            for window in windows
            for row in rows
        ]
    )
