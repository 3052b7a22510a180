"""What an adapter did: shifts towards it by time and arm, shares of cells, flanks of the curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ketacortex.analyse.adaptation_shift import FLANK_DEG, THRESHOLD_DEG
from ketacortex.analyse.flanks_by_class import FLANK_MEASURES
from ketacortex.report.adaptation_example import ExampleAdaptation
from ketacortex.report.by_time import (
    NO_TIMES,
    arm_colour,
    arms_of,
    draw_arms,
    draw_points,
    legend_of_arms,
    over_animals,
    points_by_time,
    shade,
)
from ketacortex.report.drawing import (
    INK,
    PAGE_WIDTH_IN,
    ReportFigure,
    finish,
    in_style,
    new_figure,
)
from ketacortex.report.tables import Material
from ketacortex.report.wording import population_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOWARDS = "shift_towards_deg"
SHARES = {
    "attractive_share": f"attracted by more than {THRESHOLD_DEG:g} deg",
    "repulsive_share": f"repelled by more than {THRESHOLD_DEG:g} deg",
}
FLANKS = ("adapted flank", "opposite flank")
OF_CLASSES = ("cells attracted", "cells repelled")
BESIDE = 0.17
"""Of the room of an arm, how far each flank stands from its middle."""
MOST_SHIFT_QUANTILE = 0.98
FEW_CELLS = (
    "Not computed: too few cells that prefer orientations 22.5 to 67.5 degrees from the adapter "
    "are tuned before and after it."
)
FEW_FLANKS = (
    "Not computed: in no animal did enough cells move one way by more than "
    f"{THRESHOLD_DEG:g} degrees."
)


def draw_shift_by_time(material: Material, example: ExampleAdaptation | None) -> ReportFigure | str:
    """Shift towards the adapter and shares of cells by time and arm, or why not."""
    table = of_main(material, (TOWARDS, *SHARES))
    if not len(table):
        return FEW_CELLS
    if example is None:
        return NO_TIMES
    points = points_by_time(table, example.times)
    if not len(points):
        return NO_TIMES
    cells = example.cells[example.cells["group"] == "near"]
    with in_style():
        figure = new_figure(5.4)
        axes = figure.subplots(2, 2, sharex=True)
        towards, of_cells, *shares = axes.ravel()
        draw_arms(towards, material, points, example.times, TOWARDS)
        towards.axhline(0.0, color=INK, lw=0.6, ls=":")
        towards.set_ylabel("mean shift towards\nthe adapter [deg]")
        towards.set_title("Over animals", loc="left")
        n_beyond = _draw_cells(of_cells, cells, example, arm_colour(material, example.arm))
        arm = material.arm_in_words(example.arm)
        of_cells.set_title("Cells of one animal" + (f", {arm}" if arm else ""), loc="left")
        for place, (measure, words) in zip(shares, SHARES.items(), strict=True):
            draw_arms(place, material, points, example.times, measure)
            place.set_title(words[:1].upper() + words[1:], loc="left")
            place.set_ylabel("share of cells")
            place.set_xlabel("time from the first adapter [min]")
        _alike_from_zero(shares, points[points["measure"].isin(SHARES)])
        legend_of_arms(shares[-1], material, points)
        return finish(
            figure,
            name="adaptation-by-time",
            title="Shift towards the adapter by time",
            caption=_caption(material, points, cells, n_beyond),
            numbers=points,
        )


def draw_flanks(material: Material, example: ExampleAdaptation | None) -> ReportFigure | str:
    """Relative change of both flanks in cells attracted and repelled, by arm, or why not."""
    table = of_main(material, FLANK_MEASURES)
    longest = example.longest if example is not None else None
    epochs = [longest.epoch] if longest is not None else list(material.epochs)
    shown = [epoch for epoch in epochs if (table["epoch"] == epoch).any()]
    if not shown:
        return FEW_FLANKS
    table = table[table["epoch"] == shown[0]]
    arms = arms_of(material, table)
    largest = float(table["after"].abs().max())
    rows = []
    with in_style():
        figure = new_figure(3.1, min(3.2 + 1.6 * len(arms), PAGE_WIDTH_IN))
        axes = figure.subplots(1, 2, sharey=True)
        for number, place in enumerate(axes):
            for of_flank, offset in enumerate((-BESIDE, BESIDE)):
                measure = FLANK_MEASURES[2 * number + of_flank]
                for x, arm in enumerate(arms):
                    here = table[(table["arm"] == arm) & (table["measure"] == measure)]
                    if not len(here):
                        continue
                    row = {"measure": measure, "arm": arm, "epoch": shown[0], **over_animals(here)}
                    rows.append(row)
                    largest = max(largest, *np.abs(np.nan_to_num([row["low"], row["high"]])))
                    _draw_flank(place, x + offset, here, row, arm_colour(material, arm), of_flank)
            place.axhline(0.0, color=INK, lw=0.6, ls=":")
            # On two lines: names of arms may be long.
            names = [material.arm_in_words(arm).replace(" ", "\n", 1) for arm in arms]
            place.set_xticks(range(len(arms)), names)
            place.set_xlim(-0.6, len(arms) - 0.4)
            place.set_title(OF_CLASSES[number][:1].upper() + OF_CLASSES[number][1:], loc="left")
        axes[0].set_ylim(-1.08 * largest, 1.08 * largest)
        axes[0].set_ylabel("relative change of the rate")
        _legend_of_flanks(axes[-1])
        return finish(
            figure,
            name="flanks",
            title="Change of the flanks of the tuning curve",
            caption=(
                f"Relative change of the rate up to {FLANK_DEG:g} degrees from the preferred "
                f"orientation, on the side of the adapter and on the other, in epoch {shown[0]} "
                f"({population_in_words(material.main_population)}); −0.5 is half the rate. Small "
                "circles: animals; large marks: mean over animals with its 95 % interval. Class, "
                "middle of the curve and rates of a cell come from three sets of trials, so that "
                "the error that calls a cell attracted is not that which raises its flank; still, "
                "what an arm without the adapter shows is to be taken off."
            ),
            numbers=pd.DataFrame(rows),
        )


def of_main(material: Material, measures: Sequence[str]) -> pd.DataFrame:
    """Rows of these measures in the main population, a row an animal, arm and epoch."""
    pairs = material.pairs
    is_shown = pairs["measure"].isin(measures) & (pairs["population"] == material.main_population)
    return pairs[is_shown]


def _draw_cells(axes: Axes, cells: pd.DataFrame, example: ExampleAdaptation, colour: str) -> int:
    """A thin line a cell, in the colour of its arm; how many cells lie beyond the axis."""
    shade(axes, example.times)
    axes.axhline(0.0, color=INK, lw=0.6, ls=":")
    axes.set_ylabel("shift towards\nthe adapter [deg]")
    if not len(cells):
        return 0
    size_deg = cells["shift_towards_deg"].abs()
    most_deg = 1.05 * max(float(size_deg.quantile(MOST_SHIFT_QUANTILE)), THRESHOLD_DEG)
    for _, cell in cells.groupby(["reference", "unit"], sort=False):
        minutes = [example.times.minutes[str(epoch)] for epoch in cell["epoch"]]
        shift_deg = cell["shift_towards_deg"].to_numpy(float)
        axes.plot(minutes, shift_deg, ".-", ms=2.5, lw=0.5, alpha=0.6, color=colour)
    axes.set_ylim(-most_deg, most_deg)
    return int(cells.loc[size_deg > most_deg, "unit"].nunique())


def _alike_from_zero(axes: Sequence[Axes], points: pd.DataFrame) -> None:
    """The same limits, so that both shares can be compared by eye."""
    highest = float(np.nanmax(points[["mean", "high"]].to_numpy(float), initial=0.0))
    for place in axes:
        place.set_ylim(0.0, min(1.0, 1.08 * highest) or 1.0)


def _draw_flank(
    axes: Axes,
    x: float,
    animals: pd.DataFrame,
    row: dict[str, object],
    colour: str,
    of_flank: int,
) -> None:
    values = animals["after"].to_numpy(float)
    axes.plot(
        np.full(len(values), x - BESIDE / 2.0), values, "o", ms=2.5, mfc="none", color=colour,
        mew=0.7, alpha=0.7,
    )  # fmt: skip
    face = colour if of_flank == 0 else "none"
    draw_points(axes, [x], pd.DataFrame([row]), colour=colour, marker="s", face=face)


def _legend_of_flanks(axes: Axes) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], marker="s", ls="", ms=5, color=INK, mfc=face, label=label)
        for label, face in zip(FLANKS, (INK, "none"), strict=True)
    ]
    axes.legend(
        handles=marks, handletextpad=0.1, borderaxespad=0.0, loc="center left",
        bbox_to_anchor=(1.03, 0.5),
    )  # fmt: skip


def _caption(material: Material, points: pd.DataFrame, cells: pd.DataFrame, n_beyond: int) -> str:
    beyond = f", {n_beyond} of them in part beyond the axis" if n_beyond else ""
    lines = (
        f" Thin lines: {cells['unit'].nunique()} cells of the first animal{beyond}."
        if len(cells)
        else ""
    )
    return (
        "Cells that prefer orientations 22.5 to 67.5 degrees from the adapter "
        f"({population_in_words(material.main_population)}), by time from the start of the first "
        f"adapter; shaded: adapter on the screen, where an arm has it. Mean over up to "
        f"{int(points['n_animals'].max())} animals with its 95 % interval; shifts are told from "
        f"the last measurement before the first adapter of their bout.{lines} Noise of measurement "
        "gives both shares something to count and the mean shift nothing: what an arm without the "
        "adapter shows is that noise."
    )
