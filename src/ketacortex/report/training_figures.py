"""What training did: thresholds of discrimination by time and arm."""

from __future__ import annotations

import numpy as np

from ketacortex.analyse.trained_epochs import TRAINING_KIND
from ketacortex.analyse.training import THRESHOLD, THRESHOLD_ELSEWHERE, TRAINING_MEASURES
from ketacortex.report.adaptation_figures import of_main
from ketacortex.report.by_time import (
    NO_TIMES,
    draw_arms,
    legend_of_arms,
    points_by_time,
    shown_most,
    times_of,
)
from ketacortex.report.drawing import ReportFigure, finish, in_style, new_figure
from ketacortex.report.tables import Material
from ketacortex.report.wording import population_in_words

TITLES = {THRESHOLD: "At the trained orientation", THRESHOLD_ELSEWHERE: "Elsewhere"}
TICKS_DEG = tuple(
    step * decade for decade in (0.1, 1.0, 10.0) for step in (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
)
BEYOND = 1.12
"""Room above and below what is shown, as a factor."""
NOTHING = (
    "Not computed: no threshold could be measured both before and after training; the reasons are "
    "listed below."
)


def has_training(material: Material) -> bool:
    """Whether anything was measured after a training."""
    return bool(material.pairs["measure"].isin(TRAINING_MEASURES).any())


def draw_training(material: Material) -> ReportFigure | str:
    """Discrimination thresholds by time and arm, at the trained orientation and elsewhere."""
    table = of_main(material, tuple(TITLES))
    table = table[(table["before"] > 0) & (table["after"] > 0)]
    if not len(table):
        return NOTHING
    recording = shown_most(material, TRAINING_KIND)
    if recording is None:
        return NO_TIMES
    times = times_of(recording, TRAINING_KIND)
    points = points_by_time(table, times, with_before=True, logarithmic=True)
    if not len(points):
        return NO_TIMES
    with in_style():
        figure = new_figure(3.3, 8.4)
        axes = figure.subplots(1, len(TITLES), sharex=True, sharey=True)
        for place, (measure, title) in zip(axes, TITLES.items(), strict=True):
            draw_arms(place, material, points, times, measure)
            place.set_title(title, loc="left")
            place.set_xlabel("time from the first training [min]")
        shown_deg = points[["mean", "low", "high"]].to_numpy(float)
        low_deg, high_deg = np.nanmin(shown_deg) / BEYOND, np.nanmax(shown_deg) * BEYOND
        axes[0].set_yscale("log")
        axes[0].set_yticks(
            [deg for deg in TICKS_DEG if low_deg <= deg <= high_deg],
            [f"{deg:g}" for deg in TICKS_DEG if low_deg <= deg <= high_deg],
        )
        axes[0].minorticks_off()
        axes[0].set_ylim(low_deg, high_deg)
        axes[0].set_ylabel("threshold [deg], logarithmic")
        legend_of_arms(axes[-1], material, points)
        return finish(
            figure,
            name="training-by-time",
            title="Discrimination thresholds by time",
            caption=(
                "Difference of orientation that a linear reader of a few cells tells with a d' of "
                f"1 ({population_in_words(material.main_population)}), by time from the start of "
                "the first training; shaded: training, where an arm has it. The first point is the "
                "last measurement before it. Geometric mean over up to "
                f"{int(points['n_animals'].max())} animals with its 95 % interval. What an arm "
                "without training shows is what time and noise do."
            ),
            numbers=points,
        )
