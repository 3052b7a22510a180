"""The dose strip: tissue by depth, free drug, block and AMPA gain on one axis of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.drug.doses import SystemicDose
from ketacortex.drug.exposure import Exposure, Sites
from ketacortex.experiment.schema import Experiment
from ketacortex.report.body_course import bodies_of
from ketacortex.report.dose_panels import (
    DECADES,
    LOWEST_MICROMOLAR,
    METABOLITE,
    draw_classes,
    draw_depth_map,
    draw_plasma,
)
from ketacortex.report.dosing import (
    arm_in_short,
    first_epoch_s,
    given_in,
    is_local,
    last_epoch_end_s,
    treated_arms,
)
from ketacortex.report.drawing import (
    FAINT,
    INK,
    ReportFigure,
    class_colour,
    finish,
    in_style,
    legend_of,
    new_figure,
    plain_logarithmic,
)
from ketacortex.report.tables import Material
from ketacortex.simulate.session import epoch_starts_s
from ketacortex.stimulus.grating import GratingSequence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_COLUMNS = 2
DEPTHS_UM = np.linspace(0.0, 700.0, 71)
N_TIMES = 121
LETTER_SHARE = 0.009  # of the width of the figure, of a letter over an epoch
ROWS = (
    ("free_micromolar", "free at the\nreceptors [µM]"),
    ("blocked_share", "share of NMDA\nblocked"),
    ("ampa_gain", "AMPA gain of\nbranches"),
)


def draw_dose_strip(material: Material) -> ReportFigure | str:
    """The strip of every treated arm, or why there is none."""
    experiment, courses = material.experiment, material.courses
    if experiment is None or courses.empty:
        return "No drug was given."
    arms = [arm for arm in treated_arms(experiment) if (courses["arm"] == arm).any()]
    of_each = len(arms) <= MOST_COLUMNS
    columns = arms if of_each else arms[:1]
    given = [dose for arm in arms for dose in given_in(experiment, arm)]
    has_map = of_each and any(is_local(dose) for dose in given)
    has_plasma = of_each and any(isinstance(dose, SystemicDose) for dose in given)
    n_above = int(has_map) + int(has_plasma)
    with in_style():
        heights = [1.4] * has_plasma + [1.5] * has_map + [1.0, 1.2, 0.9]
        figure = new_figure(0.6 + 1.35 * sum(heights))
        axes = figure.subplots(
            len(heights), len(columns), squeeze=False, sharex=True, sharey="row",
            height_ratios=heights,
        )  # fmt: skip
        for column, arm in enumerate(columns):
            if has_plasma:
                _draw_plasma(axes[0, column], experiment, arm)
                _shade_epochs(axes[0, column], experiment)
            if has_map:
                _draw_map(axes[n_above - 1, column], experiment, arm)
            places = axes[n_above:, column]
            for place, (quantity, label) in zip(places, ROWS, strict=True):
                here = courses[courses["quantity"] == quantity]
                if of_each:
                    _draw_classes(place, here[here["arm"] == arm])
                    if quantity == ROWS[0][0]:
                        _draw_metabolites(place, courses[courses["arm"] == arm])
                else:
                    _draw_arms(place, here[here["population"] == "pyr"], arms)
                _shade_epochs(place, experiment)
                if column == 0:
                    place.set_ylabel(label)
            places[0].set_yscale("log")
            plain_logarithmic(places[0].yaxis)
            places[0].set_ylim(bottom=max(LOWEST_MICROMOLAR, DECADES * _highest(courses)))
            if of_each:
                title = f"{material.arm_in_words(arm)}: {arm_in_short(experiment, arm)}"
                axes[0, column].set_title(title, loc="left", pad=12)
            axes[-1, column].set_xlabel("minutes since the end of the first epoch")
        _legend(axes[1 + n_above, -1], experiment, arms, of_each)
        return finish(
            figure,
            name="dose-strip",
            title="Drug in the tissue and what follows from it, by time",
            caption=_caption(material, has_plasma, has_map, of_each),
            numbers=_numbers(courses),
        )


def concentration_by_depth(
    experiment: Experiment, arm: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Free concentration of the first blocker given, below the middle of the patch.

    Returns
    -------
    minute, free : (N_TIMES,) min, (n_depth, N_TIMES) µM
    """
    treatment = experiment.treatment(arm)
    first_s, last_s = -first_epoch_s(experiment), last_epoch_end_s(experiment)
    sites = Sites(np.zeros((len(DEPTHS_UM), 2)), DEPTHS_UM)
    exposure = Exposure(treatment.doses, treatment.tissue, sites, last_s, treatment.kinetics)
    times_s = np.linspace(first_s, last_s, N_TIMES)
    return times_s / 60.0, np.stack(
        [exposure.free_micromolar(t)[:1].sum(axis=0) for t in times_s], axis=1
    )


def _draw_map(axes: Axes, experiment: Experiment, arm: str) -> None:
    minute, free = concentration_by_depth(experiment, arm)
    patch = experiment.circuit.patch
    draw_depth_map(
        axes, minute, DEPTHS_UM, free, (patch.soma_depth_min_um, patch.soma_depth_max_um)
    )
    for start_min, stop_min, _ in _epochs_min(experiment):
        axes.vlines([start_min, stop_min], *DEPTHS_UM[[0, -1]], color="white", lw=0.7, ls=":")
    for dose in given_in(experiment, arm):
        from_min, to_min = dose.start_s / 60, (dose.start_s + dose.duration_s) / 60
        axes.plot([from_min, min(to_min, minute[-1])], [-25.0, -25.0], color=INK, lw=3.0,
                  clip_on=False, solid_capstyle="butt")  # fmt: skip
    axes.set_xlim(minute[0], minute[-1])


def _draw_plasma(axes: Axes, experiment: Experiment, arm: str) -> None:
    """What the arm's doses do in the body; empty without a systemic one."""
    first_s, last_s = -first_epoch_s(experiment), last_epoch_end_s(experiment)
    time_s = np.linspace(0.0, last_s, N_TIMES)
    systemic = [dose for dose in given_in(experiment, arm) if isinstance(dose, SystemicDose)]
    bodies = bodies_of(systemic, experiment.kinetics, time_s)
    if bodies:
        draw_plasma(axes, bodies[0], time_s / 60)
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    axes.set_xlim(first_s / 60, last_s / 60)


def _draw_classes(axes: Axes, course: pd.DataFrame) -> None:
    """Each class: mean over animals, and between which values nine tenths of its sites lie."""
    means = [
        over_animals(rows).assign(population=name)
        for name, rows in course.groupby("population", sort=False)
    ]
    if means:
        draw_classes(axes, "minute", pd.concat(means))


def _draw_metabolites(axes: Axes, course: pd.DataFrame) -> None:
    """What the body makes of the drug, the same at every site: one line each, named at its peak."""
    for quantity in sorted(set(course["quantity"])):
        name = quantity.removeprefix("free_").removesuffix("micromolar").strip("_")
        if quantity.startswith("free_") and name:
            mean = over_animals(course[(course["quantity"] == quantity)
                                       & (course["population"] == "pyr")])  # fmt: skip
            axes.plot(mean["minute"], mean["mean"], color=METABOLITE, lw=1.2)
            top = mean.iloc[int(mean["mean"].to_numpy().argmax())]
            axes.annotate(
                name, (top["minute"], top["mean"]), (12, -3), textcoords="offset points",
                color=METABOLITE, fontsize=7, va="top",
            )  # fmt: skip


def _draw_arms(axes: Axes, course: pd.DataFrame, arms: list[str]) -> None:
    for arm, colour in zip(arms, arm_colours(len(arms)), strict=True):
        mean = over_animals(course[course["arm"] == arm])
        axes.plot(mean["minute"], mean["mean"], color=colour, lw=1.5)


def arm_colours(n: int) -> list[Any]:
    """Colours in which a ladder can be read, light to dark."""
    from matplotlib import colormaps

    return [tuple(colour) for colour in colormaps["viridis"](np.linspace(0.95, 0.1, n))]


def over_animals(course: pd.DataFrame) -> pd.DataFrame:
    """Mean course of the animals of one arm and class at common times.

    Animals are stepped each at its own times, so they are first brought onto those of the first.
    """
    values = ["mean", "low", "high"]
    first = course[course["animal"] == course["animal"].iloc[0]]
    minute = first["minute"].to_numpy(float)
    at = {
        name: np.mean(
            [np.interp(minute, rows["minute"], rows[name]) for _, rows in course.groupby("animal")],
            axis=0,
        )
        for name in values
    }
    return pd.DataFrame({"minute": minute, **at})


def _epochs_min(experiment: Experiment) -> list[tuple[float, float, str]]:
    """Start, stop and name of every measured epoch, min on the clock of the doses."""
    shown = experiment.shown()
    begins = epoch_starts_s(shown, experiment.starts_s())
    return [
        (begins[name] / 60, (begins[name] + sequence.total_s) / 60, name)
        for name, sequence in shown
        if isinstance(sequence, GratingSequence)
    ]


def _shade_epochs(axes: Axes, experiment: Experiment) -> None:
    epochs = _epochs_min(experiment)
    letter_min = LETTER_SHARE * (epochs[-1][1] - epochs[0][0])
    free_from_min = -np.inf
    for from_min, to_min, name in epochs:
        axes.axvspan(from_min, to_min, color=FAINT, alpha=0.45, lw=0, zorder=0)
        if from_min < free_from_min:  # a name over the last one could not be read
            continue
        free_from_min = from_min + letter_min * len(name)
        axes.text(
            from_min, 1.0, name, transform=axes.get_xaxis_transform(), fontsize=7, va="bottom",
            color=INK,
        )  # fmt: skip


def _legend(axes: Axes, experiment: Experiment, arms: list[str], of_each: bool) -> None:
    if of_each:
        colours = {name: class_colour(name) for name in ("pyr", "pv", "sst")}
    else:
        names = [arm_in_short(experiment, arm) for arm in arms]
        colours = dict(zip(names, arm_colours(len(arms)), strict=True))
    legend_of(axes, colours, loc="center left", bbox_to_anchor=(1.02, 0.5))


def _highest(courses: pd.DataFrame) -> float:
    return float(courses[courses["quantity"] == "free_micromolar"]["high"].max())


def _caption(material: Material, has_plasma: bool, has_map: bool, of_each: bool) -> str:
    n = f"n = {material.courses['animal'].nunique()} animals"
    plasma = (
        "Top: in plasma, total, as base; band: between which levels nine in ten subjects lie; "
        "thin: other published sets; dots: measured after the same dose. "
        if has_plasma
        else ""
    )
    depth = (
        f"{'Below it' if has_plasma else 'Top'}: free concentration below the middle of the patch, "
        "black below the lowest of its scale; bar: while the drug is given; dashed: where somata "
        "lie; dotted: epochs. "
        if has_map
        else ""
    )
    what = (
        f"Below: mean over animals ({n}) of the mean over each class's sites; shaded: between "
        "which values nine tenths of the sites of an animal lie."
        if of_each
        else f"Mean over the branches of pyramidal cells and over animals ({n}), one line per arm."
    )
    return (
        f"{plasma}{depth}{what} Grey: epochs. Everything here is computed from the dose alone and "
        "the openings of the receptors; block is weighted by conductance."
    )


def _numbers(courses: pd.DataFrame) -> pd.DataFrame:
    names = ["arm", "quantity", "population"]
    tables = []
    for _, rows in courses.groupby(names, sort=False):
        table = over_animals(rows)
        for name in names:
            table.insert(0, name, rows[name].iloc[0])
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
