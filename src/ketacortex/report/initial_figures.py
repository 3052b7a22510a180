"""Change of single units against where they began, beside what noise alone would show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ketacortex.analyse.halves import GOSI, LOG_RATE
from ketacortex.report.drawing import (
    INK,
    MAX_VECTOR_MARKS,
    ReportFigure,
    epoch_colour,
    finish,
    in_style,
    new_figure,
)
from ketacortex.report.tables import Material
from ketacortex.report.tuning_figures import NO_SECOND_EPOCH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = {LOG_RATE: ("mean_rate_hz", "log10 of evoked rate [Hz]"), GOSI: ("gosi", "gOSI")}
"""Column of the units table and label of each measure."""
NOTHING = (
    "Not computed: it needs two epochs, each with two trials of every orientation, and 40 units of "
    "one animal or three animals with ten spikes in every half of the trials."
)


def draw_initial(material: Material) -> ReportFigure | str:
    """Change against initial value in each arm, with both lines, or why not."""
    if not material.comparisons:
        return NO_SECOND_EPOCH
    rows = material.initial[material.initial["population"] == material.main_population]
    rows = rows[rows["measure"].isin(SHOWN)]
    last = [arms_last(material, arm) for arm in material.shown_arms]
    rows = rows[
        [(arm, epoch) in last for arm, epoch in zip(rows["arm"], rows["epoch"], strict=True)]
    ]
    if not len(rows):
        return NOTHING
    arms = [arm for arm in material.shown_arms if (rows["arm"] == arm).any()]
    tables = []
    with in_style():
        figure = new_figure(0.4 + 2.7 * len(SHOWN), 3.2 * max(len(arms), 2))
        axes = figure.subplots(len(SHOWN), len(arms), squeeze=False, sharex="row", sharey="row")
        for i, measure in enumerate(SHOWN):
            for place, arm in zip(axes[i], arms, strict=True):
                row = rows[(rows["measure"] == measure) & (rows["arm"] == arm)]
                if not len(row):
                    place.axis("off")
                    continue
                units = _units(material, measure, arm, str(row["epoch"].iloc[0]))
                _draw_panel(place, material, units, row.iloc[0], measure)
                tables.append(units.assign(measure=measure, arm=arm))
            axes[i][0].set_ylabel(f"change of {SHOWN[measure][1]}")
        return finish(
            figure,
            name="initial",
            title="Change against initial value",
            caption=_caption(material),
            numbers=pd.concat(tables, ignore_index=True),
        )


def arms_last(material: Material, arm: str) -> tuple[str, str]:
    """An arm and its last epoch."""
    epochs = material.units.loc[material.units["arm"] == arm, "epoch"]
    return arm, str(epochs.iloc[-1]) if len(epochs) else ""


def initial_sentences(material: Material) -> list[str]:
    """What is left of the slopes in the last epoch of each arm once noise has had its share."""
    sentences = []
    rows = material.initial[material.initial["population"] == material.main_population]
    for row in rows[rows["measure"].isin(SHOWN)].to_dict("records"):
        if (row["arm"], row["epoch"]) != arms_last(material, str(row["arm"])):
            continue
        who = material.arm_in_words(str(row["arm"]))
        sentences.append(
            f"{f'{who}, ' if who else ''}{SHOWN[row['measure']][1]}: slope {row['slope']:+.2f}, "
            f"from noise alone {row['slope_from_noise']:+.2f}; with initial value and change from "
            f"different halves of the trials {row['independent_slope']:+.2f} "
            f"[{row['independent_ci_low']:+.2f}, {row['independent_ci_high']:+.2f}] "
            f"({row['replicates']})."
        )
    return sentences


def _units(material: Material, measure: str, arm: str, epoch: str) -> pd.DataFrame:
    """Initial value and change of the units of the main population."""
    changes = material.changes
    here = changes[
        material.is_main(changes) & (changes["arm"] == arm) & (changes["epoch"] == epoch)
    ]
    column = SHOWN[measure][0]
    before, after = (here[name].to_numpy(float) for name in (f"{column}_before", column))
    if measure == LOG_RATE:
        with np.errstate(divide="ignore"):
            before, after = np.log10(before), np.log10(after)
    is_known = np.isfinite(before) & np.isfinite(after)
    return pd.DataFrame(
        {
            "animal": here["animal"].to_numpy()[is_known],
            "unit": here["unit"].to_numpy()[is_known],
            "initial": before[is_known],
            "change": (after - before)[is_known],
        }
    )


def _draw_panel(
    axes: Axes, material: Material, units: pd.DataFrame, row: pd.Series, measure: str
) -> None:
    colour = epoch_colour(material.epochs, str(row["epoch"]))
    x, y = units["initial"].to_numpy(), units["change"].to_numpy()
    axes.plot(
        x, y, "o", ms=2.5, mec="none", color=colour, alpha=0.45,
        rasterized=len(x) > MAX_VECTOR_MARKS,
    )  # fmt: skip
    ends = np.quantile(x, [0.01, 0.99]) if len(x) else np.zeros(2)
    middle_x, middle_y = (float(np.mean(v)) if len(x) else 0.0 for v in (x, y))
    for slope, style, label in (
        (row["slope"], "-", "found"),
        (row["slope_from_noise"], "--", "from noise alone"),
    ):
        axes.plot(ends, middle_y + slope * (ends - middle_x), style, color=INK, lw=1.2, label=label)
    axes.axhline(0.0, color=INK, lw=0.6, ls=":")
    axes.set_xlabel(f"{SHOWN[measure][1]}, {row['reference']}")
    arm = material.arm_in_words(str(row["arm"]))
    axes.set_title(f"{arm}, {row['epoch']}" if arm else str(row["epoch"]), loc="left")
    axes.legend(loc="best", fontsize=7.5)


def _caption(material: Material) -> str:
    return (
        f"Change of each unit ({material.main_population}) from the first to the last epoch "
        f"against its value in the first, {material.n_animals} "
        f"animal{'s' if material.n_animals > 1 else ''} together. Solid: the slope that is found; "
        "dashed: the slope that noise alone gives, from how the halves of the trials of the first "
        "epoch agree. Only what lies between the two lines is a change."
    )
