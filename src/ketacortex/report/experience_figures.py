"""What adapters and training did, by time and arm, and what became of shifts afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ketacortex.analyse.adaptation_values import ADAPTATION_CHANGES
from ketacortex.analyse.adapted_epochs import ADAPTER_KIND, adapters_of
from ketacortex.analyse.statistics import Interval, mean_interval
from ketacortex.analyse.trained_epochs import TRAINING_KIND
from ketacortex.recording.recording import Recording
from ketacortex.report.drawing import (
    BAND,
    EPOCH_COLOURS,
    FAINT,
    INK,
    MAX_VECTOR_MARKS,
    ReportFigure,
    finish,
    in_style,
    legend_of,
    new_figure,
)
from ketacortex.report.tables import Material
from ketacortex.report.wording import measure_in_words, population_in_words
from ketacortex.units import S_PER_MIN, orientation_difference_deg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BY_TIME = ("shift_towards_deg", "attractive_share", "repulsive_share")
THRESHOLDS = ("discrimination_threshold_deg", "discrimination_threshold_elsewhere_deg")
SLOPE = "recovery_slope"
CLASSES = {  # middle of the class of first shifts, deg
    "recovery_small_deg": 2.5,
    "recovery_5_to_10_deg": 7.5,
    "recovery_10_to_15_deg": 12.5,
    "recovery_large_deg": 22.5,
}
MOST_SHIFT_DEG = 45.0
TITLE_LETTERS = 32
BESIDE_MIN = 0.012
"""Of the time shown, how far arms stand beside each other."""
NO_TIMES = "Not computed: no recording of an example animal says when its epochs were."


def has_experience(material: Material) -> bool:
    """Whether anything was measured after an adapter or a training."""
    measures = set(material.pairs["measure"])
    return bool(measures & {*ADAPTATION_CHANGES, *THRESHOLDS})


def draw_by_time(material: Material) -> ReportFigure | str:
    """Shifts towards the adapter and shares of cells by time and arm, or why not."""
    return _by_time(
        material, BY_TIME,
        name="adaptation-by-time",
        title="Shifts towards the adapter by time",
        nothing="Not computed: too few cells near the adapter's orientation are tuned.",
        caption="Cells that prefer orientations 22.5 to 67.5 degrees from the adapter",
        more="Noise of measurement gives both shares something to count and the mean shift "
        "nothing: what an arm without the adapter shows is that noise.",
        start_at_baseline=False,
    )  # fmt: skip


def draw_training(material: Material) -> ReportFigure | str:
    """Discrimination thresholds by time and arm, or why not."""
    return _by_time(
        material, THRESHOLDS,
        name="training-by-time",
        title="Discrimination thresholds by time",
        nothing="Not computed: no epoch is called a training, or no threshold could be measured.",
        caption="Threshold of a linear reader of a few cells",
        more="The first point is the last measurement before training.",
        start_at_baseline=True,
    )  # fmt: skip


def draw_recovery(material: Material) -> ReportFigure | str:
    """Change after the last epoch against the shift that the adapter left, or why not."""
    slopes = _of(material, material.pairs, (SLOPE,))
    if not len(slopes):
        return (
            "Not computed: recovery needs a measurement later than the first after the adapter, "
            "and shifts that can be told from error."
        )
    last = [e for e in material.epochs if (slopes["epoch"] == e).any()][-1]
    slopes = slopes[slopes["epoch"] == last]
    arms = [arm for arm in material.arms if (slopes["arm"] == arm).any()][:4]
    classes = _of(material, material.pairs, tuple(CLASSES))
    classes = classes[classes["epoch"] == last]
    cells = _shifts_of_cells(material, last)
    with in_style():
        figure = new_figure(3.6, 1.0 + min(2.9 * len(arms), 8.6))
        axes = figure.subplots(1, len(arms), sharex=True, sharey=True, squeeze=False)[0]
        for place, arm in zip(axes, arms, strict=True):
            here = cells[cells["arm"] == arm]
            _draw_cells(place, here)
            _draw_classes(place, classes[classes["arm"] == arm])
            of_arm = slopes[slopes["arm"] == arm]["after"]
            place.set_title(f"{material.arm_in_words(arm)}\nslope {_told(of_arm)}", loc="left")
            place.set_xlabel("shift that the adapter left [deg]")
        axes[0].set_ylabel(f"further change until {last} [deg]")
        axes[0].set_xlim(-MOST_SHIFT_DEG, MOST_SHIFT_DEG)
        axes[0].set_ylim(-MOST_SHIFT_DEG, MOST_SHIFT_DEG)
        legend_of(axes[-1], {"cells": FAINT, "classes, animals": INK}, loc="upper right")
        population = population_in_words(material.main_population)
        return finish(
            figure,
            name="recovery",
            title="Change after adaptation against the shift that it left",
            caption=(
                f"Signed change until {last} of {population} against the shift in the first "
                "measurement after the adapter. Dots: cells of all animals, both axes from the "
                "same measurement, so they lie along a falling line (dashed: their regression) "
                "even where nothing changes; that is regression to the mean. Slope: of change on "
                "independently measured shift, free of that, mean over animals with its 95 % "
                "interval; -1 is full recovery. Squares: change along the shift by its size, "
                "measured on other trials, mean over animals with interval. Only the difference "
                "between arms is an effect of what was given."
            ),
            numbers=pd.concat([slopes, classes])[["animal", "arm", "epoch", "measure", "after"]],
        )


def _by_time(
    material: Material,
    measures: Sequence[str],
    *,
    name: str,
    title: str,
    nothing: str,
    caption: str,
    more: str,
    start_at_baseline: bool,
) -> ReportFigure | str:
    table = _of(material, material.pairs, measures)
    if not len(table):
        return nothing
    recordings = [e.recording for e in material.examples if e.recording is not None]
    if not recordings:
        return NO_TIMES
    shown = max(recordings, key=_shown_s)
    minutes = _minutes(shown)
    arms = [arm for arm in material.arms if (table["arm"] == arm).any()]
    colours = dict(zip(arms, EPOCH_COLOURS, strict=False))
    rows = []
    with in_style():
        figure = new_figure(3.1)
        axes = figure.subplots(1, len(measures), sharex=True)
        for place, measure in zip(axes, measures, strict=True):
            _shade(place, shown)
            place.set_title(fill(measure_in_words(measure), TITLE_LETTERS), loc="left")
            place.set_xlabel("time [min]")
            span_min = max(minutes.values()) - min(minutes.values())
            for beside, (arm, colour) in enumerate(colours.items()):
                here = table[(table["measure"] == measure) & (table["arm"] == arm)]
                points = _points(here, minutes, start_at_baseline=start_at_baseline)
                rows += [{"measure": measure, "arm": arm, **point} for point in points]
                _draw_points(place, points, colour, beside * BESIDE_MIN * span_min)
            if not start_at_baseline:
                place.axhline(0.0, color=INK, lw=0.6, ls=":")
        places = {material.arm_in_words(arm): colour for arm, colour in colours.items()}
        legend_of(axes[-1], places, loc="center left", bbox_to_anchor=(1.02, 0.5))
        n = material.n_animals
        return finish(
            figure,
            name=name,
            title=title,
            caption=(
                f"{caption}, {population_in_words(material.main_population)}: mean over {n} "
                "animals with the 95 % interval over animals, by time from the start of the "
                f"session; shaded: adapter or training on the screen, where an arm has it. {more}"
            ),
            numbers=pd.DataFrame(rows),
        )


def _of(material: Material, table: pd.DataFrame, measures: Sequence[str]) -> pd.DataFrame:
    chosen = table["measure"].isin(measures) & (table["population"] == material.main_population)
    return table[chosen]


def _shown_s(recording: Recording) -> float:
    epochs = recording.epochs
    return float(
        sum(epochs[name].fillna(0).sum() for name in ("adapter_s", "train_s") if name in epochs)
    )


def _minutes(recording: Recording) -> dict[str, float]:
    """Middle of each epoch."""
    epochs = recording.epochs
    middle = (epochs["start_s"] + epochs["stop_s"]) / 2 / S_PER_MIN
    return {str(name): float(t) for name, t in zip(epochs["name"], middle, strict=True)}


def _shade(place: Axes, recording: Recording) -> None:
    epochs = recording.epochs
    is_shown = epochs.get("kind", pd.Series("", index=epochs.index)).isin(
        [ADAPTER_KIND, TRAINING_KIND]
    )
    for _, epoch in epochs[is_shown].iterrows():
        place.axvspan(epoch["start_s"] / S_PER_MIN, epoch["stop_s"] / S_PER_MIN, color=BAND, lw=0)


def _points(
    table: pd.DataFrame, minutes: dict[str, float], *, start_at_baseline: bool
) -> list[dict[str, float | str]]:
    points: list[dict[str, float | str]] = []
    if start_at_baseline and len(table):
        reference = str(table["reference"].iloc[0])
        points.append(_point(minutes.get(reference, np.nan), reference, _first(table)))
    for epoch, rows in table.groupby("epoch", sort=False):
        points.append(_point(minutes.get(str(epoch), np.nan), str(epoch), rows["after"]))
    return points


def _first(table: pd.DataFrame) -> pd.Series:
    return table.groupby("animal", sort=False)["before"].first()


def _point(minute: float, epoch: str, values: pd.Series) -> dict[str, float | str]:
    found = mean_interval(values)
    if isinstance(found, Interval):
        return {"minute": minute, "epoch": epoch, "mean": found.mean, "low": found.low,
                "high": found.high}  # fmt: skip
    mean = float(values.mean())
    return {"minute": minute, "epoch": epoch, "mean": mean, "low": mean, "high": mean}


def _draw_points(
    place: Axes, points: list[dict[str, float | str]], colour: str, beside_min: float
) -> None:
    if not points:
        return
    x, mean, low, high = (
        np.array([float(point[key]) for point in points])
        for key in ("minute", "mean", "low", "high")
    )
    place.errorbar(
        x + beside_min, mean, yerr=[mean - low, high - mean], color=colour, marker="o", ms=4,
        lw=1.1, capsize=2,
    )  # fmt: skip


def _shifts_of_cells(material: Material, last: str) -> pd.DataFrame:
    """Shift in the first measurement after the adapter and change since, of cells tuned in both."""
    recordings = [e.recording for e in material.examples if e.recording is not None]
    shown = max(recordings, key=_shown_s, default=None)
    if shown is None or not adapters_of(shown):
        return pd.DataFrame(columns=["arm", "shift_deg", "change_deg"])
    end_s = adapters_of(shown)[-1].stop_s
    start_s = adapters_of(shown)[-1].start_s
    epochs = shown.epochs
    before = epochs[(epochs["stop_s"] <= start_s + 1e-6)]["name"].astype(str).tolist()
    after = epochs[epochs["start_s"] >= end_s - 1e-6]["name"].astype(str).tolist()
    first, second = ([e for e in names if e in material.epochs] for names in (before, after))
    units = material.units[material.is_main(material.units)]
    units = units[units["is_tuned"].eq(True)]
    three = [
        units[units["epoch"] == epoch].set_index(["animal", "arm", "unit"])[
            "preferred_orientation_deg"
        ]
        for epoch in (first[-1], second[0], last)
    ]
    joined = pd.concat(three, axis=1, keys=["first", "second", "third"]).dropna().reset_index()
    one, two, three_deg = (joined[name].to_numpy(float) for name in ("first", "second", "third"))
    return joined.assign(
        shift_deg=orientation_difference_deg(two, one),
        change_deg=orientation_difference_deg(three_deg, two),
    )


def _draw_cells(place: Axes, cells: pd.DataFrame) -> None:
    x, y = cells["shift_deg"].to_numpy(float), cells["change_deg"].to_numpy(float)
    place.axhline(0.0, color=INK, lw=0.6, ls=":")
    place.plot(x, y, ".", color=FAINT, ms=3, rasterized=len(x) > MAX_VECTOR_MARKS)
    inside = (np.abs(x) < MOST_SHIFT_DEG) & (np.abs(y) < MOST_SHIFT_DEG)
    if inside.sum() > 2:
        slope, level = np.polyfit(x[inside], y[inside], 1)
        ends = np.array([-MOST_SHIFT_DEG, MOST_SHIFT_DEG])
        place.plot(ends, level + slope * ends, color=INK, lw=0.9, ls="--")


def _draw_classes(place: Axes, classes: pd.DataFrame) -> None:
    for measure, middle_deg in CLASSES.items():
        point = _point(middle_deg, "", classes[classes["measure"] == measure]["after"])
        mean, low, high = (float(point[key]) for key in ("mean", "low", "high"))
        if np.isfinite(mean):
            place.errorbar(
                middle_deg, mean, yerr=[[mean - low], [high - mean]], color=INK, marker="s", ms=5,
                capsize=2, lw=1.2,
            )  # fmt: skip


def _told(values: pd.Series) -> str:
    point = _point(0.0, "", values)
    return f"{point['mean']:.2f} [{point['low']:.2f}, {point['high']:.2f}]"
