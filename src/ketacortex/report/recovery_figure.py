"""What became of the shifts that an adapter left, beside what noise alone makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.analyse.adaptation_values import RECOVERY_MEASURES
from ketacortex.analyse.joined_ratio import is_told_alone
from ketacortex.analyse.signed_recovery import CLASS_EDGES_DEG
from ketacortex.report.adaptation_example import ExampleAdaptation
from ketacortex.report.adaptation_figures import of_main
from ketacortex.report.by_time import arm_colour, arms_of, draw_points, over_animals
from ketacortex.report.drawing import (
    INK,
    MAX_VECTOR_MARKS,
    ReportFigure,
    finish,
    in_style,
    new_figure,
    thinned,
)
from ketacortex.report.tables import Material
from ketacortex.report.wording import population_in_words, with_interval
from ketacortex.units import orientation_difference_deg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SLOPE = RECOVERY_MEASURES[0]
CLASSES = dict(zip(RECOVERY_MEASURES[1:], pairwise(CLASS_EDGES_DEG), strict=False))
"""Measure of each class of first shifts, and its edges, deg."""
NAIVE = "naive_slope"
LEAST_SHOWN_DEG = 20.0
SHOWN_QUANTILE = 0.99
MOST_CELLS_TOLD = 2000
NOTHING = (
    "Not computed: recovery needs a measurement later than the first after the adapter, and shifts "
    "that can be told from error."
)


@dataclass(frozen=True, kw_only=True)
class _Panel:
    """What one arm shows."""

    arm: str
    cells: pd.DataFrame
    summary: pd.DataFrame

    def of(self, measure: str) -> pd.DataFrame:
        return self.summary[self.summary["measure"] == measure]


def draw_recovery(material: Material, example: ExampleAdaptation | None) -> ReportFigure | str:
    """Later change against the shift that the adapter left, arms side by side, or why not."""
    table = _over_animals(material)
    slopes = table[table["measure"] == SLOPE]
    last = [epoch for epoch in material.epochs if (slopes["epoch"] == epoch).any()]
    if not last:
        return NOTHING
    table = table[table["epoch"] == last[-1]]
    with_slope = arms_of(material, table[table["measure"] == SLOPE])
    arms = [arm for arm in material.shown_arms if arm in with_slope] or with_slope[:1]
    cells = _cells(material, example, last[-1])
    panels = [_panel(arm, table, cells) for arm in arms]
    summary = pd.concat([panel.summary for panel in panels], ignore_index=True)
    most_deg = _most_deg(cells, summary)
    with in_style():
        figure = new_figure(3.9, 2.4 + min(2.9 * len(arms), 7.2))
        axes = figure.subplots(1, len(arms), sharex=True, sharey=True, squeeze=False)[0]
        for place, panel in zip(axes, panels, strict=True):
            _draw_panel(place, material, panel, most_deg)
        axes[0].set_xlim(0.0, most_deg)
        axes[0].set_ylim(-most_deg, most_deg)
        axes[0].set_ylabel(f"change along it until {last[-1]} [deg]")
        _legend(axes[-1])
        shown = pd.concat([panel.cells for panel in panels], ignore_index=True)
        numbers = [summary, thinned(shown, MOST_CELLS_TOLD)]
        return finish(
            figure,
            name="recovery",
            title="Change after adaptation against the shift that it left",
            caption=_caption(material, last[-1], shown, most_deg),
            numbers=pd.concat([part for part in numbers if len(part)], ignore_index=True),
        )


def cells_along(
    first_deg: NDArray[np.float64],
    second_deg: NDArray[np.float64],
    third_deg: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Size of a shift, and what was added to it later, both from the same measurement.

    Parameters
    ----------
    first_deg, second_deg, third_deg : (n_unit,) deg
        Preferred orientation before, after and later.

    Returns
    -------
    size_deg, change_deg : (n_unit,) deg
        The change is along the shift: below 0 it went back.

    >>> cells_along(np.array([10.0, 170.0]), np.array([20.0, 150.0]), np.array([15.0, 140.0]))
    (array([10., 20.]), array([-5., 10.]))
    """
    shift_deg = orientation_difference_deg(second_deg, first_deg)
    change_deg = orientation_difference_deg(third_deg, second_deg)
    return np.abs(shift_deg), np.where(shift_deg < 0, -1.0, 1.0) * change_deg


def naive_slopes(cells: pd.DataFrame) -> pd.DataFrame:
    """Slope of change on shift of each animal where one measurement is in both.

    Parameters
    ----------
    cells : `animal, arm, shift_deg, change_deg`

    Returns
    -------
    DataFrame
        `animal, arm, after`; animals in which nothing was measured to move are left out.

    Notes
    -----
    ``sum(change shift) / sum(shift^2)``: as the error-free slope, but without parting the trials.
    An error e of the measurement between adds e to the shift and takes it from the change, so the
    slope is below 0 where nothing changed.
    """
    products = cells.assign(
        top=cells["shift_deg"] * cells["change_deg"], bottom=cells["shift_deg"] ** 2
    )
    sums = products.groupby(["animal", "arm"], sort=False)[["top", "bottom"]].sum()
    sums = sums[sums["bottom"] > 0]
    return (sums["top"] / sums["bottom"]).rename("after").reset_index()


def _over_animals(material: Material) -> pd.DataFrame:
    """Slope and classes of each arm and epoch, as the table of effects has them.

    Of a single animal, which has no intervals, what can be told of it alone.
    """
    effects, measures = material.effects, (SLOPE, *CLASSES)
    told = effects[
        effects["measure"].isin(measures)
        & (effects["population"] == material.main_population)
        & ~effects["arm"].isin(list(material.claims))
    ].rename(columns={"change": "mean", "ci_low": "low", "ci_high": "high"})
    if not len(told) and len(set(material.pairs["animal"])) == 1:
        pairs = of_main(material, measures)
        alone = pairs[is_told_alone(pairs)]
        told = alone.assign(mean=alone["after"], low=np.nan, high=np.nan, n_animals=1)
    return told[["measure", "arm", "epoch", "mean", "low", "high", "n_animals"]]


def _panel(arm: str, table: pd.DataFrame, cells: pd.DataFrame) -> _Panel:
    mine = cells[cells["arm"] == arm]
    summary, naive = table[table["arm"] == arm].drop(columns="epoch"), naive_slopes(mine)
    if len(naive):
        of_naive = pd.DataFrame([{"measure": NAIVE, "arm": arm, **over_animals(naive)}])
        summary = pd.concat([summary, of_naive], ignore_index=True)
    return _Panel(arm=arm, cells=mine, summary=summary)


def _cells(material: Material, example: ExampleAdaptation | None, last: str) -> pd.DataFrame:
    """Shift and later change of the cells of all animals that are tuned in all three epochs."""
    columns = ["animal", "arm", "unit", "shift_deg", "change_deg"]
    adapted = example.of_epoch(last) if example is not None else None
    if adapted is None:
        return pd.DataFrame(columns=columns)
    units = material.units[material.is_main(material.units)]
    units = units[units["is_tuned"].eq(True)]
    epochs = (adapted.reference, adapted.first_since[0], last)
    key = ["session", "animal", "arm", "unit"]
    three = [
        units[units["epoch"] == epoch].set_index(key)["preferred_orientation_deg"]
        for epoch in epochs
    ]
    joined = pd.concat(three, axis=1, keys=["first", "second", "third"]).dropna().reset_index()
    shift_deg, change_deg = cells_along(
        *(joined[name].to_numpy(float) for name in ("first", "second", "third"))
    )
    return joined.assign(shift_deg=shift_deg, change_deg=change_deg)[columns]


def _most_deg(cells: pd.DataFrame, summary: pd.DataFrame) -> float:
    """Half the height of the panels, so that they show nearly all cells and every class."""
    sizes_deg = cells[["shift_deg", "change_deg"]].abs().to_numpy(float)
    shown = float(np.quantile(sizes_deg, SHOWN_QUANTILE)) if sizes_deg.size else 0.0
    of_classes = summary[summary["measure"].isin(CLASSES)][["mean"]].abs()
    largest = float(np.nanmax(of_classes.to_numpy(float), initial=0.0))
    return float(np.ceil(max(shown, largest, LEAST_SHOWN_DEG) / 5.0) * 5.0)


def _draw_panel(axes: Axes, material: Material, panel: _Panel, most_deg: float) -> None:
    colour = arm_colour(material, panel.arm)
    x, y = (panel.cells[name].to_numpy(float) for name in ("shift_deg", "change_deg"))
    axes.plot(
        x, y, "o", ms=2.2, mec="none", color=colour, alpha=0.35,
        rasterized=len(x) > MAX_VECTOR_MARKS,
    )  # fmt: skip
    axes.axhline(0.0, color=INK, lw=0.6, ls=":")
    ends = np.array([0.0, most_deg])
    slope, naive = panel.of(SLOPE).iloc[0], panel.of(NAIVE)
    axes.fill_between(ends, slope["low"] * ends, slope["high"] * ends, color=INK, alpha=0.12, lw=0)
    axes.plot(ends, slope["mean"] * ends, color=INK, lw=1.4)
    title = f"slope {_told(slope)}"
    if len(naive):
        axes.plot(ends, naive["mean"].iloc[0] * ends, color=INK, lw=1.1, ls="--")
        title += f"\nnaive {_told(naive.iloc[0])}"
    for measure, (low_deg, high_deg) in CLASSES.items():
        mean = panel.of(measure)
        if len(mean):
            right_deg = min(high_deg, most_deg)
            middle = (low_deg + right_deg) / 2.0
            axes.plot([low_deg, right_deg], [mean["mean"].iloc[0]] * 2, color=INK, lw=0.8)
            draw_points(axes, [middle], mean, colour=INK, marker="s")
    arm = material.arm_in_words(panel.arm)
    axes.set_title(f"{arm[:1].upper()}{arm[1:]}\n{title}" if arm else title, loc="left")
    axes.set_xlabel("shift that the adapter left [deg]")


def _told(row: pd.Series) -> str:
    return with_interval(row["mean"], row["low"], row["high"])


def _legend(axes: Axes) -> None:
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color=INK, lw=1.4, label="slope, free of error"),
        Line2D([], [], color=INK, lw=1.1, ls="--", label="naive slope"),
        Line2D([], [], color=INK, marker="s", ms=4, lw=0.8, label="classes of shifts"),
        Line2D([], [], color=INK, marker="o", ms=2.5, ls="", alpha=0.5, label="cells"),
    ]
    axes.legend(handles=lines, loc="center left", bbox_to_anchor=(1.02, 0.5), borderaxespad=0.0)


def _caption(material: Material, epoch: str, cells: pd.DataFrame, most_deg: float) -> str:
    n_beyond = int((cells[["shift_deg", "change_deg"]].abs().max(axis=1) > most_deg).sum())
    beyond = f" ({n_beyond} of {len(cells)} lie beyond the axes)" if n_beyond else ""
    dots = (
        "Dots: cells of all animals, the measurement after the adapter in both axes"
        f"{beyond}. Dashed: their slope, the naive one. An error in that measurement is added to "
        "the shift and comes off in the change, so cells that seem to have moved far seem to come "
        "back even where nothing changes: the dashed slope is regression to the mean. "
        if len(cells)
        else ""
    )
    return (
        f"Change until epoch {epoch} along the shift in the first measurement after the adapter, "
        f"of {population_in_words(material.main_population)}; below 0 the shift went back. {dots}"
        "Solid, with its 95 % interval over animals: the slope of change on a shift measured in "
        "other trials, free of that error, of all animals together; −1 is full recovery, 0 none. "
        "Squares: the change of shifts of each size, likewise, classed by other trials than "
        "measured, in the middle of their class. What happens by itself is in every arm: only the "
        f"difference between arms counts.{_differences(material, epoch)}"
    )


def _differences(material: Material, epoch: str) -> str:
    effects = material.effects
    rows = effects[
        (effects["measure"] == SLOPE)
        & (effects["epoch"] == epoch)
        & (effects["population"] == material.main_population)
        & effects["arm"].isin(list(material.claims))
    ]
    return "".join(
        f" {material.arm_in_words(row['arm'])}: slope more by {_difference(row)}."
        for row in rows.to_dict("records")
    )


def _difference(row: Mapping[Any, Any]) -> str:
    more = with_interval(row["change"], row["ci_low"], row["ci_high"])
    return f"{more} (n = {int(row['n_animals'])})"
