"""Measures by time and arm: means over animals with their intervals, beside what was shown when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ketacortex.analyse.adapted_epochs import ADAPTER_KIND
from ketacortex.analyse.statistics import Interval, mean_interval, ratio_from_logs
from ketacortex.analyse.trained_epochs import TRAINING_KIND
from ketacortex.recording.recording import Recording
from ketacortex.report.drawing import BAND, EPOCH_COLOURS, legend_of
from ketacortex.report.tables import Material
from ketacortex.units import S_PER_MIN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN_S = {ADAPTER_KIND: "adapter_s", TRAINING_KIND: "train_s"}
"""Column of epochs with the time that something was shown, by their kind."""
BESIDE = 0.007
"""Of the time shown, how far arms stand beside each other."""
NO_TIMES = (
    "Not computed: no recording of the first animal has an epoch with an adapter or a training "
    "that says when its epochs were."
)


@dataclass(frozen=True, kw_only=True)
class Times:
    """When epochs were, counted from the first adapter or training.

    Parameters
    ----------
    minutes : middle of each epoch, by name, min
    shown : start and stop of what was shown, min
    """

    minutes: Mapping[str, float]
    shown: tuple[tuple[float, float], ...]

    @property
    def span_min(self) -> float:
        """From the first epoch to the last, min."""
        return max(self.minutes.values()) - min(self.minutes.values())


def shown_most(material: Material, kind: str) -> Recording | None:
    """Recording of the first animal in the arm with most of an adapter or a training.

    Parameters
    ----------
    material : Material
    kind : of the epochs, one of `SHOWN_S`

    Returns
    -------
    Recording or None
        The first of equals; None where no recording has such an epoch.
    """
    found = [
        example.recording
        for example in material.examples
        if example.recording is not None and len(_of_kind(example.recording, kind))
    ]
    return max(found, key=lambda recording: _shown_s(recording, kind).sum(), default=None)


def times_of(recording: Recording, kind: str) -> Times:
    """When the epochs of a recording were, from the start of the first of a kind.

    Parameters
    ----------
    recording : Recording, with an epoch of the kind
    kind : one of `SHOWN_S`
    """
    epochs, of_kind = recording.epochs, _of_kind(recording, kind)
    zero_s = float(of_kind["start_s"].min())
    start_min, stop_min = ((epochs[name] - zero_s) / S_PER_MIN for name in ("start_s", "stop_s"))
    middle_min = (start_min + stop_min) / 2.0
    is_shown = of_kind.index[_shown_s(recording, kind) > 0]
    return Times(
        minutes={str(k): float(t) for k, t in zip(epochs["name"], middle_min, strict=True)},
        shown=tuple((float(start_min[row]), float(stop_min[row])) for row in is_shown),
    )


def _of_kind(recording: Recording, kind: str) -> pd.DataFrame:
    epochs = recording.epochs
    return epochs[epochs["kind"] == kind] if "kind" in epochs else epochs.iloc[:0]


def _shown_s(recording: Recording, kind: str) -> pd.Series:
    epochs = _of_kind(recording, kind)
    if SHOWN_S[kind] in epochs:
        return epochs[SHOWN_S[kind]].fillna(0.0)
    return epochs["stop_s"] - epochs["start_s"]


def over_animals(
    table: pd.DataFrame, column: str = "after", *, logarithmic: bool = False
) -> dict[str, float]:
    """Mean over animals of a column, with the 95 % interval that an effect of it has.

    Parameters
    ----------
    table : with `animal`; several rows of an animal are averaged first
    column : what is averaged
    logarithmic : the geometric mean, its interval that of the logarithms

    Returns
    -------
    dict
        `mean, low, high, n_animals`; `low` and `high` are NaN for a single animal.
    """
    values = table.groupby("animal", sort=False)[column].mean().dropna()
    found = ratio_from_logs(np.log(values)) if logarithmic else mean_interval(values)
    if isinstance(found, Interval):
        return {"mean": found.mean, "low": found.low, "high": found.high, "n_animals": found.n}
    return {"mean": float(values.mean()), "low": np.nan, "high": np.nan, "n_animals": len(values)}


def points_by_time(
    table: pd.DataFrame, times: Times, *, with_before: bool = False, logarithmic: bool = False
) -> pd.DataFrame:
    """Means over animals of each measure, arm and epoch, in order of time.

    Parameters
    ----------
    table : `measure, arm, animal, epoch, reference, before, after`
    times : Times; epochs that it does not know are left out
    with_before : also what was measured in the reference, at its time
    logarithmic : as of `over_animals`

    Returns
    -------
    DataFrame
        `measure, arm, reference, epoch, minute, mean, low, high, n_animals`.
    """
    keys = ["measure", "arm", "reference", "epoch"]
    after = table.assign(value=table["after"])
    before = table.assign(value=table["before"], epoch=table["reference"])
    # In the reference there is one value an animal, repeated in the rows of later epochs.
    told = pd.concat([before, after]) if with_before else after
    rows = [
        {**dict(zip(keys, map(str, key), strict=True)), "minute": times.minutes[str(key[-1])]}
        | over_animals(of, "value", logarithmic=logarithmic)
        for key, of in told.groupby(keys, sort=False)
        if str(key[-1]) in times.minutes
    ]
    columns = [*keys, "minute", "mean", "low", "high", "n_animals"]
    found = pd.DataFrame(rows, columns=columns)
    order = ["measure", "arm", "reference", "minute"]
    return found.sort_values(order, kind="stable", ignore_index=True)


def arms_of(material: Material, table: pd.DataFrame) -> list[str]:
    """Arms that have rows in a table, in their order."""
    return [arm for arm in material.arms if (table["arm"] == arm).any()]


def arm_colour(material: Material, arm: str) -> str:
    """Colour of an arm, the same in all figures by time."""
    return EPOCH_COLOURS[material.arms.index(arm) % len(EPOCH_COLOURS)]


def draw_arms(
    axes: Axes, material: Material, points: pd.DataFrame, times: Times, measure: str
) -> None:
    """A line for each arm through the means of a measure, over what was shown.

    What is told from another reference, after another bout, is another line.
    """
    shade(axes, times)
    arms = arms_of(material, points)
    for number, arm in enumerate(arms):
        beside_min = (number - (len(arms) - 1) / 2.0) * BESIDE * times.span_min
        here = points[(points["arm"] == arm) & (points["measure"] == measure)]
        for _, line in here.groupby("reference", sort=False):
            x = line["minute"].to_numpy(float) + beside_min
            draw_points(axes, x, line, colour=arm_colour(material, arm), line="-")


def draw_points(
    axes: Axes,
    x: ArrayLike,
    points: pd.DataFrame,
    *,
    colour: str,
    marker: str = "o",
    line: str = "",
    face: str | None = None,
) -> None:
    """Means at `x` with their intervals; without an interval the mean alone."""
    mean, low, high = (points[name].to_numpy(float) for name in ("mean", "low", "high"))
    axes.errorbar(
        x, mean, yerr=[mean - low, high - mean], color=colour, marker=marker, ms=4.0, mfc=face,
        ls=line, lw=1.2, elinewidth=1.0, capsize=2.0,
    )  # fmt: skip


def shade(axes: Axes, times: Times) -> None:
    """Bands where the adapter or the training was on the screen."""
    for start_min, stop_min in times.shown:
        axes.axvspan(start_min, stop_min, color=BAND, lw=0)


def legend_of_arms(axes: Axes, material: Material, table: pd.DataFrame) -> None:
    """A legend beside the axes; none for recordings that are of no arm."""
    colours = {
        material.arm_in_words(arm): arm_colour(material, arm) for arm in arms_of(material, table)
    }
    if any(colours):
        legend_of(axes, colours, loc="center left", bbox_to_anchor=(1.03, 0.5))
