"""Units before and after, one dot each: selectivity and variability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ketacortex.report.drawing import (
    INK,
    MAX_VECTOR_MARKS,
    ReportFigure,
    class_colour,
    finish,
    in_style,
    legend_of,
    new_figure,
)
from ketacortex.report.tables import Material
from ketacortex.report.tuning_figures import NO_SECOND_EPOCH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PANELS = 6
LEAST_QUANTILE_SHOWN = 0.995


def draw_osi(material: Material) -> ReportFigure | str:
    """OSI of responsive units before and after, or why not."""
    return _draw(
        material,
        column="osi",
        label="OSI",
        nothing="Not computed: no unit responds in both epochs with enough orientations.",
        what="orientation selectivity of the fitted curve, units that respond in both epochs",
        responsive_only=True,
        highest=1.02,
    )


def draw_fano(material: Material) -> ReportFigure | str:
    """Fano factor of units before and after, or why not."""
    return _draw(
        material,
        column="fano_factor",
        label="Fano factor",
        nothing="Not computed: no unit has a mean count above 0.5 in two trials of one stimulus "
        "in both epochs.",
        what="variance over mean of the spike count, mean over stimuli, without rate matching",
        responsive_only=False,
        highest=None,
    )


def _draw(
    material: Material,
    *,
    column: str,
    label: str,
    nothing: str,
    what: str,
    responsive_only: bool,
    highest: float | None,
) -> ReportFigure | str:
    if not material.comparisons:
        return NO_SECOND_EPOCH
    changes = material.changes
    has_both = changes[column].notna() & changes[f"{column}_before"].notna()
    if responsive_only:
        responds = changes[["is_responsive", "is_responsive_before"]].eq(True)
        has_both &= responds.all(axis=1)
    changes = changes[has_both]
    if not len(changes):
        return nothing
    panels = [
        pair
        for pair in material.comparisons
        if pair[0] in material.shown_arms and len(_of(changes, pair))
    ]
    if highest is None:
        both = changes[[column, f"{column}_before"]].to_numpy(float)
        highest = float(np.quantile(both, LEAST_QUANTILE_SHOWN)) * 1.05
    n_beyond = int((changes[[column, f"{column}_before"]].max(axis=1) > highest).sum())
    with in_style():
        n_panels = min(len(panels), MOST_PANELS)
        figure = new_figure(3.3 if n_panels < 3 else 2.8, 1.2 + min(2.9 * n_panels, 8.4))
        axes = figure.subplots(1, n_panels, squeeze=False, sharey=True)[0]
        for place, pair in zip(axes, panels, strict=False):
            here = _of(changes, pair)
            _draw_panel(place, material, here, column, label, highest, len(changes))
            arm = material.arm_in_words(pair[0])
            n = f"n = {len(here)} units"
            place.set_title(f"{arm}, {n}" if arm else n, loc="left")
        colours = {c: class_colour(c) for c in material.cell_classes}
        legend_of(axes[-1], colours, loc="center left", bbox_to_anchor=(1.03, 0.5))
        return finish(
            figure,
            name=column.replace("_", "-"),
            title=f"{label} before and after",
            caption=_caption(label, what, changes, n_beyond, len(panels)),
            numbers=_table(changes, column),
        )


def _of(changes: pd.DataFrame, pair: tuple[str, str]) -> pd.DataFrame:
    return changes[(changes["arm"] == pair[0]) & (changes["epoch"] == pair[1])]


def _draw_panel(
    axes: Axes,
    material: Material,
    here: pd.DataFrame,
    column: str,
    label: str,
    highest: float,
    n_marks: int,
) -> None:
    axes.plot([0, highest], [0, highest], color=INK, lw=0.6, ls=":")
    for cell_class in material.cell_classes:
        mine = here[here["cell_class"] == cell_class]
        axes.plot(
            mine[f"{column}_before"].to_numpy(float), mine[column].to_numpy(float), "o",
            ms=3.0, mec="none", color=class_colour(cell_class), alpha=0.55,
            rasterized=n_marks > MAX_VECTOR_MARKS,
        )  # fmt: skip
    axes.set_xlim(0, highest)
    axes.set_ylim(0, highest)
    axes.set_aspect("equal")
    axes.set_xlabel(f"{label}, {here['epoch_before'].iloc[0]}")
    axes.set_ylabel(f"{label}, {here['epoch'].iloc[0]}")


def _caption(label: str, what: str, changes: pd.DataFrame, n_beyond: int, n_panels: int) -> str:
    is_cut = n_panels > MOST_PANELS
    omitted = f" The first {MOST_PANELS} of {n_panels} comparisons." if is_cut else ""
    beyond = f" {n_beyond} units lie beyond the axes." if n_beyond else ""
    n_animals = changes["animal"].nunique()
    return (
        f"{label}: {what}; one dot per unit, {n_animals} animal{'s' if n_animals > 1 else ''} "
        f"together; dotted: no change.{beyond}{omitted}"
    )


def _table(changes: pd.DataFrame, column: str) -> pd.DataFrame:
    columns = {
        "animal": "animal",
        "arm": "arm",
        "unit": "unit",
        "cell_class": "cell_class",
        "epoch_before": "reference",
        "epoch": "epoch",
        f"{column}_before": "before",
        column: "after",
    }
    return changes[list(columns)].rename(columns=columns)
