"""The picture of a dose alone, before any network runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketacortex.evidence.blockers import BLOCKERS
from ketacortex.experiment.schema import Experiment
from ketacortex.report.dose_course import DoseCourse
from ketacortex.report.dose_numbers import CLASSES, few
from ketacortex.report.dose_panels import (
    DRUG,
    METABOLITE,
    draw_classes,
    draw_depth_map,
    draw_plasma,
)
from ketacortex.report.dosing import given_in, is_local
from ketacortex.report.drawing import (
    class_colour,
    in_style,
    legend_of,
    new_figure,
    plain_logarithmic,
)

COLOURS = dict(
    zip(
        BLOCKERS,
        (DRUG, "#1f9aa8", "#5a6fd0", METABOLITE, "#c98b1a", "#8f6b3f", "#9c5fb5", "#c0392b"),
        strict=True,
    )
)
"""Of every blocker, the same in all panels."""

Array = NDArray[np.float64]


def draw_dose(experiment: Experiment, course: DoseCourse, path: Path) -> None:
    """Write the picture; its ending says in which format."""
    local = any(is_local(dose) for dose in given_in(experiment, course.arm))
    rows = {"plasma": bool(course.bodies), "free": True, "depth": local, "block": True}
    shown = [name for name, has in rows.items() if has]
    minute = course.time_s / 60
    heights = [1.7 * len(shown)] + [2.6] * local
    with in_style():
        figure = new_figure(0.8 + sum(heights))
        parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        places = parts[0].subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        axes = dict(zip(shown, places, strict=True))
        if course.bodies:
            draw_plasma(axes["plasma"], course.bodies[0], minute)
            axes["plasma"].legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
        _draw_free(axes["free"], course, minute)
        if local:
            patch = experiment.circuit.patch
            draw_depth_map(
                axes["depth"], minute, course.depth_um, course.by_depth_micromolar,
                (patch.soma_depth_min_um, patch.soma_depth_max_um),
            )  # fmt: skip
            _draw_cells(parts[1].subplots(1, 2), course)
        _draw_block(axes["block"], course)
        axes[shown[0]].set_title("\n".join(few(course.in_words)), loc="left")
        axes["block"].set_xlabel("minutes since the end of the first epoch")
        axes["block"].set_xlim(minute[0], minute[-1])
        figure.savefig(path, dpi=150, facecolor="white")


def _draw_free(axes: Any, course: DoseCourse, minute: Array) -> None:
    colours = {name: COLOURS[name] for name in course.free_micromolar}
    for name, free in course.free_micromolar.items():
        axes.plot(minute, free, color=colours[name], lw=1.5)
    axes.set_ylabel("free in the brain,\nmean of patch [µM]")
    axes.set_ylim(bottom=0.0)
    legend_of(axes, colours, loc="center left", bbox_to_anchor=(1.01, 0.5))


def _draw_block(axes: Any, course: DoseCourse) -> None:
    block = course.course[course.course["quantity"] == "blocked_share"]
    draw_classes(axes, "minute", block.assign(minute=block["time_s"] / 60))
    colours = {name: class_colour(name) for name in CLASSES}
    if course.in_vivo_occupancy is not None:
        axes.plot(course.time_s / 60, course.in_vivo_occupancy, color="black", lw=0.9, ls=":")
        colours["occupancy,\nin vivo scale"] = "black"
    axes.set_ylabel("share of NMDA\nblocked, in the model")
    axes.set_ylim(bottom=0.0)
    legend_of(axes, colours, loc="center left", bbox_to_anchor=(1.01, 0.5))


def _draw_cells(axes: Any, course: DoseCourse) -> None:
    """Seen from above: the highest concentration at every pyramid, and its highest block."""
    from matplotlib.colors import LogNorm

    cells = course.cells
    free = np.maximum(cells["highest_free_micromolar"], 1e-4)
    norm = LogNorm(float(free.min()), max(float(free.max()), 2 * float(free.min())))
    panels = (
        (free, {"cmap": "magma", "norm": norm}, f"highest free {course.main} [µM]"),
        (cells["highest_blocked_share"], {"cmap": "viridis", "vmin": 0, "vmax": 1},
         "highest share of NMDA blocked"),
    )  # fmt: skip
    for place, (values, how, label) in zip(axes, panels, strict=True):
        dots = place.scatter(cells["x_um"], cells["y_um"], c=values, s=14, lw=0, **how)
        bar = place.figure.colorbar(dots, ax=place, label=label, aspect=14)
        if "norm" in how:
            plain_logarithmic(bar.ax.yaxis)
        place.set_aspect("equal")
        place.set_xlabel("µm from the centre of the patch")
    axes[0].set_ylabel("µm")
