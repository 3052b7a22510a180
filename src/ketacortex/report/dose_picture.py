"""The picture and the numbers of a dose alone, before any network runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.experiment.schema import Experiment
from ketacortex.report.dose_course import Body, DoseCourse
from ketacortex.report.dose_panels import METABOLITE, draw_classes, draw_depth_map, draw_plasma
from ketacortex.report.dosing import given_in, is_local
from ketacortex.report.drawing import (
    class_colour,
    in_style,
    legend_of,
    new_figure,
    plain_logarithmic,
)

FREE_COLOURS = ("#2f7ed8", METABOLITE, "#8a9a1b", "#9c5fb5")
CLASSES = ("pyr", "pv", "sst")
STEPS_MICROMOLAR = (0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
UNEVEN = 1.01  # of the highest over the lowest, from which cells are told apart

Array = NDArray[np.float64]


def draw_dose(experiment: Experiment, course: DoseCourse, path: Path) -> None:
    """Write the picture; its ending says in which format."""
    local = any(is_local(dose) for dose in given_in(experiment, course.arm))
    rows = {"plasma": course.body is not None, "free": True, "depth": local, "block": True}
    shown = [name for name, has in rows.items() if has]
    minute = course.time_s / 60
    heights = [1.7 * len(shown)] + [2.6] * local
    with in_style():
        figure = new_figure(0.8 + sum(heights))
        parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        places = parts[0].subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        axes = dict(zip(shown, places, strict=True))
        if course.body is not None:
            draw_plasma(axes["plasma"], course.body, minute)
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
        axes[shown[0]].set_title("\n".join(course.in_words), loc="left")
        axes["block"].set_xlabel("minutes since the end of the first epoch")
        axes["block"].set_xlim(minute[0], minute[-1])
        figure.savefig(path, dpi=150, facecolor="white")


def _draw_free(axes: Any, course: DoseCourse, minute: Array) -> None:
    colours = dict(zip(course.free_micromolar, FREE_COLOURS, strict=False))
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
        colours["occupancy, in vivo scale"] = "black"
    axes.set_ylabel("share of NMDA\nblocked")
    axes.set_ylim(bottom=0.0)
    legend_of(axes, colours, loc="center left", bbox_to_anchor=(1.01, 0.5))


def _draw_cells(axes: Any, course: DoseCourse) -> None:
    """Seen from above: the highest concentration at every pyramid, and its highest block."""
    from matplotlib.colors import LogNorm

    cells = course.cells
    free = np.maximum(cells["highest_free_micromolar"], 1e-4)
    norm = LogNorm(float(free.min()), max(float(free.max()), 2 * float(free.min())))
    panels = (
        (free, {"cmap": "magma", "norm": norm}, "highest free [µM]"),
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


def numbers_of(course: DoseCourse) -> dict[str, Any]:
    """Everything about the dose, ready for JSON; arrays are by `time_s`.

    A level that does not exist for this route is None.
    """
    body, names = course.body, list(course.free_micromolar)
    block = {name: _at(course, "blocked_share", name) for name in CLASSES}
    free = course.free_micromolar
    metabolite = names[1] if len(names) > 1 and body is not None else None
    return {
        "arm": course.arm,
        "doses": course.in_words,
        "time_s": course.time_s.tolist(),
        "plasma_total_ng_per_ml": None if body is None else body.plasma_ng_per_ml.tolist(),
        "plasma_free_micromolar": None if body is None else body.plasma_free_micromolar.tolist(),
        "free_brain_micromolar": free[names[0]].tolist(),
        "metabolite": None if body is None else body.metabolite,
        "metabolite_plasma_total_ng_per_ml": (
            None if body is None else body.metabolite_ng_per_ml.tolist()
        ),
        "metabolite_free_brain_micromolar": free[metabolite].tolist() if metabolite else None,
        "occupancy_in_vivo_scale": (
            None if course.in_vivo_occupancy is None else course.in_vivo_occupancy.tolist()
        ),
        "blocked_share": block,
        "ampa_gain": _at(course, "ampa_gain", "pyr"),
        "depth_um": course.depth_um.tolist(),
        "free_by_depth_micromolar": course.by_depth_micromolar.tolist(),
        "cells": course.cells.to_dict("records"),
        "kinetics": None if body is None else _kinetics(body),
        "axes": {
            "time_s": "from the end of the first epoch",
            "plasma_total_ng_per_ml": "bound and free, mass of the base",
            "free_brain_micromolar": f"{names[0]}, free, mean over the receptors of the patch",
            "occupancy_in_vivo_scale": "half at 1.42 µM of ketamine free, as [3H]MK-801 "
            "displacement in rats tells; recombinant receptors at -65 mV in 1 mM Mg need about "
            "four times as much",
            "blocked_share": "recombinant receptors, voltage and magnesium as in the model; mean "
            "over the sites of a class, opened as before the drug",
        },
    }  # fmt: skip


def _at(course: DoseCourse, quantity: str, population: str) -> list[float]:
    """Mean course of a slow state at the times of the dose."""
    table = course.course
    rows = table[(table["quantity"] == quantity) & (table["population"] == population)]
    return np.interp(course.time_s, rows["time_s"], rows["mean"]).tolist()


def _kinetics(body: Body) -> dict[str, Any]:
    kinetics, d = body.kinetics, body.kinetics.disposition
    name = kinetics.model or next(iter(body.by_model))
    at_peak = {model: float(level.max()) for model, level in body.by_model.items()}
    low, high = body.subjects_ng_per_ml
    return {
        "species": kinetics.species,
        "model": name,
        "source": d.source,
        "sampling": d.sampling,
        "drug_measured": d.drug,
        "body_mass_kg": kinetics.mass_kg,
        "clearance_l_per_h": d.clearance_l_per_h_per_kg * kinetics.mass_kg,
        "free_in_plasma": kinetics.evidence.free_in_plasma.value,
        "peak_plasma_total_ng_per_ml_by_model": at_peak,
        "plasma_total_ng_per_ml_by_model": {
            model: level.tolist() for model, level in body.by_model.items()
        },
        "subjects_low_ng_per_ml": low.tolist(),
        "subjects_high_ng_per_ml": high.tolist(),
        "published": [
            {"time_s": time_s, "what": level.what, "ng_per_ml": level.plasma_ng_per_ml.value,
             "low_ng_per_ml": level.plasma_ng_per_ml.low,
             "high_ng_per_ml": level.plasma_ng_per_ml.high,
             "source": level.plasma_ng_per_ml.source}
            for time_s, level in body.published
        ],
        "beside_the_model": body.beside,
    }  # fmt: skip


def in_text(course: DoseCourse) -> str:
    """The dose for a terminal: what was given, what of it is where, and how sure that is."""
    numbers, lines = numbers_of(course), list(course.in_words)
    body = course.body
    if body is not None:
        about = numbers["kinetics"]
        lines += [
            "",
            f"{about['species']}, {about['body_mass_kg']:g} kg, set {about['model']}: "
            f"{about['source']}; blood: {about['sampling']}; clearance "
            f"{about['clearance_l_per_h']:.3g} L/h",
            "highest by set: " + ", ".join(
                f"{name} {peak:.0f}"
                for name, peak in about["peak_plasma_total_ng_per_ml_by_model"].items()
            ) + " ng/ml; nine in ten subjects "
            f"{body.subjects_ng_per_ml[0].max():.0f}-{body.subjects_ng_per_ml[1].max():.0f}",
        ]  # fmt: skip
        lines += [
            f"measured: {row['ng_per_ml']:g} ng/ml ({row['low_ng_per_ml']:g}-"
            f"{row['high_ng_per_ml']:g}), {row['what']} ({row['source']})"
            for row in about["published"]
        ]
        lines += [
            f"beside the model: {row['published_ng_per_ml']:g} ng/ml, {row['what']} "
            f"({row['source']}); the model at 1, 5, 10 min after a bolus: "
            + ", ".join(f"{v:.0f}" for v in row["model_ng_per_ml_by_minute"].values())
            for row in about["beside_the_model"]
        ]
    columns = _columns(course, numbers)
    lines += ["", "".join(f"{name:>14}" for name in columns)]
    for k in _places(course.time_s):
        lines.append("".join(f"{values[k]:>14.3g}" for values in columns.values()))
    highest = course.cells["highest_free_micromolar"]
    if highest.max() > UNEVEN * highest.min():
        lines.append(_reached(highest))
    lines.append(
        "plasma: total, as base; free: in the brain, mean over the receptors of the patch; block: "
        "share of NMDA receptors, opened as before the drug"
    )
    return "\n".join(lines)


def _reached(highest: pd.Series) -> str:
    """How many pyramidal cells see how much at their highest."""
    steps = [step for step in STEPS_MICROMOLAR if (highest > step).any()]
    counts = [f"more than {step:g} µM: {(highest > step).sum()}" for step in steps]
    return f"of {len(highest)} pyramidal cells see, at their highest, " + ", ".join(counts)


def _columns(course: DoseCourse, numbers: dict[str, Any]) -> dict[str, Any]:
    columns: dict[str, Any] = {"min": course.time_s / 60}
    if course.body is not None:
        columns["plasma ng/ml"] = course.body.plasma_ng_per_ml
    columns["free µM"] = next(iter(course.free_micromolar.values()))
    if course.in_vivo_occupancy is not None:
        columns["in vivo scale"] = course.in_vivo_occupancy
    return columns | {f"block {name}": numbers["blocked_share"][name] for name in CLASSES}


def _places(time_s: Array) -> NDArray[np.int64]:
    """About a dozen times, dense where the dose is young."""
    wanted = np.array([0, 5, 10, 15, 20, 30, 40, 60, 90, 120, 180, 240, 360]) * 60.0
    wanted = wanted[wanted <= time_s[-1]]
    return np.unique(np.abs(time_s[:, None] - wanted).argmin(axis=0))
