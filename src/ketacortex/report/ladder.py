"""The ladder: what arms that hold different concentrations show, against free concentration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ketacortex.drug.doses import HeldDose
from ketacortex.evidence.off_targets import OFF_TARGETS
from ketacortex.experiment.schema import Experiment
from ketacortex.report.drawing import (
    BAND,
    FAINT,
    INK,
    ReportFigure,
    class_colour,
    finish,
    in_style,
    new_figure,
)
from ketacortex.report.tables import Material
from ketacortex.report.wording import measure_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST_STEPS = 3
PANELS = (
    ("evoked_rate_hz", "ratio", ("pyr", "pv", "sst")),
    ("spontaneous_rate_hz", "ratio", ("pyr", "pv", "sst")),
    ("osi", "ratio", ("pyr",)),
    ("fano_factor", "ratio", ("pyr",)),
    ("fano_factor_rate_matched", "ratio", ("pyr",)),
    ("preferred_orientation_shift_excess_deg", "change", ("pyr",)),
    ("noise_correlation", "change", ("pyr",)),
)
LINE_STYLES = ("-", "--", ":", "-.")
EDGE = {"ratio": ("ratio_ci_low", "ratio_ci_high"), "change": ("ci_low", "ci_high")}


def steps_of(experiment: Experiment | None) -> pd.DataFrame:
    """Arms that hold one concentration all along.

    Returns
    -------
    DataFrame
        `arm, free_micromolar, set`: `set` is what the arm sets otherwise, in words.
    """
    rows = []
    for arm in experiment.arms if experiment is not None else ():
        doses = experiment.treatment(arm).doses if experiment is not None else ()
        if len(doses) == 1 and isinstance(doses[0], HeldDose):
            changes = experiment.arms[arm].set.items() if experiment is not None else ()
            words = ", ".join(f"{path} = {value}" for path, value in changes)
            rows.append((arm, doses[0].concentration_micromolar, words))
    return pd.DataFrame(rows, columns=["arm", "free_micromolar", "set"])


def draw_ladder(material: Material) -> ReportFigure | str:
    """Block and every main measure against concentration, or why there is no ladder."""
    steps = steps_of(material.experiment)
    if steps["free_micromolar"].nunique() < FEWEST_STEPS:
        return "No ladder: fewer than three arms hold different free concentrations."
    epoch = material.epochs[-1]
    table = ladder_table(material, steps, epoch)
    with in_style():
        figure = new_figure(5.6)
        axes = figure.subplots(2, 4, squeeze=False, sharex=True).ravel()
        zero = _place_of_zero(steps)
        _draw_block(axes[0], table, zero)
        for place, (measure, column, classes) in zip(axes[1:], PANELS, strict=True):
            here = table[(table["measure"] == measure) & table["population"].isin(classes)]
            _draw_panel(place, here, column, zero)
            word = "ratio to control" if column == "ratio" else "change from control"
            place.set_title(measure_in_words(measure).split(" [")[0], loc="left")
            place.set_ylabel(word)
        for place in axes:
            _mark_off_targets(place, material.experiment, steps)
        for place in axes[4:]:
            place.set_xlabel("free [µM]")
        _legend(axes[1], table)
        return finish(
            figure,
            name="ladder",
            title="Block, rates, selectivity, variability and shift against free concentration",
            caption=_caption(material, epoch, steps),
            numbers=table,
        )


def ladder_table(material: Material, steps: pd.DataFrame, epoch: str) -> pd.DataFrame:
    """Effects of each step in the last epoch against its own first, and mean block."""
    effects = material.effects[material.effects["epoch"] == epoch]
    wanted = effects[effects["measure"].isin([measure for measure, _, _ in PANELS])]
    columns = ["arm", "measure", "population", "change", "ci_low", "ci_high", "ratio",
               "ratio_ci_low", "ratio_ci_high", "n_animals"]  # fmt: skip
    blocked = material.courses[material.courses["quantity"] == "blocked_share"]
    last = blocked.groupby(["arm", "animal", "population"], sort=False)["mean"].last()
    block = last.groupby(["arm", "population"], sort=False).mean().rename("change").reset_index()
    untreated = steps[steps["free_micromolar"] == 0]["arm"]
    zero = [
        {"arm": arm, "population": name, "change": 0.0}
        for arm in untreated
        for name in ("pyr", "pv", "sst")
    ]
    block = pd.concat([block, pd.DataFrame(zero)]).assign(measure="blocked_share")
    both = pd.concat([block, wanted[columns]], ignore_index=True)
    return both.merge(steps, on="arm").sort_values(["set", "free_micromolar"], kind="stable")


def _place_of_zero(steps: pd.DataFrame) -> float:
    """Where 0 stands on the logarithmic axis: a third of the lowest concentration."""
    above = steps[steps["free_micromolar"] > 0]["free_micromolar"]
    return float(above.min()) / 3.0


def _draw_block(axes: Axes, table: pd.DataFrame, zero: float) -> None:
    _draw_panel(axes, table[table["measure"] == "blocked_share"], "change", zero)
    axes.set_ylim(-0.02, 1.02)
    axes.set_title("block", loc="left")
    axes.set_ylabel("share of NMDA blocked")


def _draw_panel(axes: Axes, here: pd.DataFrame, column: str, zero: float) -> None:
    axes.set_xscale("log")
    baseline = here[(here["free_micromolar"] == 0) & (here["population"] == "pyr")]
    low, high = EDGE[column]
    if len(baseline) and low in baseline and baseline[low].notna().all():
        axes.axhspan(baseline[low].min(), baseline[high].max(), color=BAND, lw=0, zorder=0)
    axes.axhline(1.0 if column == "ratio" else 0.0, color=INK, lw=0.6, ls=":")
    for style, (_, of_set) in zip(LINE_STYLES, here.groupby("set", sort=False), strict=False):
        for name, rows in of_set.groupby("population", sort=False):
            colour = class_colour(str(name))
            x = rows["free_micromolar"].replace(0.0, zero).to_numpy(float)
            value = rows[column].to_numpy(float)
            axes.plot(x, value, style, marker="o", ms=3, lw=1.2, color=colour)
            if rows[low].notna().all():
                edges = np.abs(rows[[low, high]].to_numpy(float).T - value)
                axes.errorbar(x, value, edges, fmt="none", ecolor=colour, elinewidth=0.8)
    values = here[column].dropna().to_numpy(float)
    if len(values):
        # An interval over two animals may be far wider than the effect; it runs off the panel.
        middle = 1.0 if column == "ratio" else 0.0
        reach = 1.6 * max(np.abs(values - middle).max(), 0.05)
        axes.set_ylim(max(middle - reach, 0.0 if column == "ratio" else -np.inf), middle + reach)


def _mark_off_targets(axes: Axes, experiment: Experiment | None, steps: pd.DataFrame) -> None:
    highest = steps["free_micromolar"].max()
    for number, target in enumerate(_targets(experiment), start=1):
        at = target.onset_micromolar.value
        if at <= highest:
            axes.axvline(at, color=FAINT, lw=0.9, zorder=0)
            axes.text(at, 1.0, str(number), transform=axes.get_xaxis_transform(), fontsize=6.5,
                      ha="center", va="bottom")  # fmt: skip


def _targets(experiment: Experiment | None) -> tuple:
    blockers = {dose.blocker for dose in experiment.dose} if experiment is not None else set()
    return tuple(target for name in sorted(blockers) for target in OFF_TARGETS.get(name, ()))


def _legend(axes: Axes, table: pd.DataFrame) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker="o", linestyle="", markersize=4, color=class_colour(name), label=name)
        for name in ("pyr", "pv", "sst")
    ]
    sets = list(pd.unique(table["set"]))
    if len(sets) > 1:
        handles += [
            Line2D([], [], color=INK, lw=1.2, ls=style, label=words or "as it is")
            for style, words in zip(LINE_STYLES, sets, strict=False)
        ]
    axes.legend(handles=handles, fontsize=7, loc="best")


def _caption(material: Material, epoch: str, steps: pd.DataFrame) -> str:
    named = [
        f"{number} {target.name} ({target.onset_micromolar.value:g} µM)"
        for number, target in enumerate(_targets(material.experiment), start=1)
        if target.onset_micromolar.value <= steps["free_micromolar"].max()
    ]
    marks = f" Vertical marks: where targets outside the model begin: {', '.join(named)}." if (
        named
    ) else ""  # fmt: skip
    few = " Coarse: intervals over so few animals are wide." if material.n_animals < 4 else ""
    return (
        f"Epoch {epoch} against the first epoch of the same arm, free concentration held "
        f"everywhere; mean and 95 % interval over n = {material.n_animals} animals.{few} "
        f"Leftmost: no drug; band: its interval.{marks}"
    )
