"""The numbers of a dose alone, for other programs and for a terminal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.evidence.blockers import BLOCKERS, DEFAULT_BLOCKER
from ketacortex.report.body_course import Body
from ketacortex.report.dose_course import DoseCourse
from ketacortex.units import S_PER_MIN

CLASSES = ("pyr", "pv", "sst")
STEPS_MICROMOLAR = (0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
MOST_NAMED = 6  # doses that are each told of
MOST_EDGES = 12  # starts and ends of doses that each get a row
UNEVEN = 1.01  # of the highest over the lowest, from which cells are told apart


def numbers_of(course: DoseCourse) -> dict[str, Any]:
    """Everything about the dose, ready for JSON; arrays are by `time_s`.

    A level that does not exist for this route is None.
    """
    body = course.bodies[0] if course.bodies else None
    free = {name: level.tolist() for name, level in course.free_micromolar.items()}
    main = body.blocker if body is not None else course.main
    made = body.metabolite if body is not None else None
    return {
        "arm": course.arm,
        "doses": course.in_words,
        "time_s": course.time_s.tolist(),
        "plasma_total_ng_per_ml": None if body is None else body.plasma_ng_per_ml.tolist(),
        "plasma_free_micromolar": None if body is None else body.plasma_free_micromolar.tolist(),
        "free_brain_micromolar": free[main],
        "metabolite_plasma_total_ng_per_ml": (
            None if body is None else body.metabolite_ng_per_ml.tolist()
        ),
        "metabolite_free_brain_micromolar": free[made] if made is not None else None,
        "blocker": main,
        "metabolite": made,
        "free_by_blocker_micromolar": free,
        "occupancy_in_vivo_scale": (
            None if course.in_vivo_occupancy is None else course.in_vivo_occupancy.tolist()
        ),
        "blocked_share": {name: _at(course, "blocked_share", name) for name in CLASSES},
        "ampa_gain": _at(course, "ampa_gain", "pyr"),
        "local_blocker": course.main,
        "depth_um": course.depth_um.tolist(),
        "free_by_depth_micromolar": course.by_depth_micromolar.tolist(),
        "cells": course.cells.to_dict("records"),
        "kinetics": None if body is None else _kinetics(body),
        "other_bodies": [
            {"blocker": b.blocker, "plasma_total_ng_per_ml": b.plasma_ng_per_ml.tolist()}
            for b in course.bodies[1:]
        ],
        "axes": _axes(course, body, main),
    }  # fmt: skip


def _axes(course: DoseCourse, body: Body | None, main: str) -> dict[str, str]:
    """What every array is of."""
    blood = "" if body is None else f", blood: {body.kinetics.disposition.sampling}"
    halves = {
        name: half.value for name in course.free_micromolar
        if (half := BLOCKERS[name].half_occupancy_in_vivo) is not None
    }  # fmt: skip
    told = ", ".join(f"{value:g} µM of {name}" for name, value in halves.items())
    of_patch = "free in the extracellular space, mean over the receptors of the patch"
    return {
        "time_s": "from the end of the first epoch",
        "plasma_total_ng_per_ml": f"{main}, bound and free, mass of the base{blood}",
        "plasma_free_micromolar": f"{main}, not bound{blood}",
        "free_brain_micromolar": f"{main}, {of_patch}",
        "metabolite_plasma_total_ng_per_ml": f"bound and free, mass of the base{blood}",
        "metabolite_free_brain_micromolar": of_patch,
        "free_by_blocker_micromolar": f"{of_patch}; made in the body or given, together",
        "occupancy_in_vivo_scale": (
            f"half at {told} free, as [3H]MK-801 displacement in rats tells; mean over receptors"
            if halves else "not known for these blockers"
        ),
        "blocked_share": "scale of recombinant receptors, at the voltage and magnesium of the "
        "model and opened as before the drug; mean over the sites of a class",
        "ampa_gain": "over baseline, mean over branches of pyramidal cells",
        "depth_um": "below the pia, under the middle of the patch",
        "free_by_depth_micromolar": f"{course.main}, free; depth by time",
        "cells": f"pyramidal cells, means over their branches: place from the centre of the patch, "
        f"highest free {course.main} and when, highest blocked share",
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
    lines = few(course.in_words)
    for body in course.bodies:
        lines += ["", *_about_the_body(body)]
    numbers = numbers_of(course)
    columns = _columns(course, numbers)
    wide = [max(len(name) + 2, 11) for name in columns]
    lines += ["", "".join(f"{name:>{w}}" for name, w in zip(columns, wide, strict=True))]
    for k in _places(course):
        lines.append(
            "".join(f"{v[k]:>{w}.4g}" for v, w in zip(columns.values(), wide, strict=True))
        )
    highest = course.cells["highest_free_micromolar"]
    if highest.max() > UNEVEN * highest.min():
        lines.append(_reached(course.main, highest))
    lines.append(
        "ng/ml: in plasma, total, as base; µM: free in the brain, mean over the receptors of the "
        "patch; block: share of NMDA receptors, opened as before the drug"
    )
    return "\n".join(lines)


def _about_the_body(body: Body) -> list[str]:
    """Whose kinetics, how far sets and subjects lie apart, and what others measured."""
    about = _kinetics(body)
    is_own = body.blocker == DEFAULT_BLOCKER and about["drug_measured"] == "racemic"
    measured = "" if is_own else f" (measured with the {about['drug_measured']} drug)"
    peaks = about["peak_plasma_total_ng_per_ml_by_model"]
    lines = [
        f"{body.blocker} in a {about['species']}, {about['body_mass_kg']:g} kg, set "
        f"{about['model']}{measured}: {about['source']}; blood: {about['sampling']}; clearance "
        f"{about['clearance_l_per_h']:.3g} L/h",
        "highest in plasma by set: "
        + ", ".join(f"{name} {peak:.4g}" for name, peak in peaks.items())
        + " ng/ml; nine in ten subjects "
        f"{body.subjects_ng_per_ml[0].max():.4g}-{body.subjects_ng_per_ml[1].max():.4g} (what is "
        "given at once into a vein is highest before it has mixed)",
    ]
    lines += [
        f"measured: {row['ng_per_ml']:g} ng/ml ({row['low_ng_per_ml']:g}-"
        f"{row['high_ng_per_ml']:g}), {row['what']} ({row['source']})"
        for row in about["published"]
    ]
    for row in about["beside_the_model"]:
        at = row["model_ng_per_ml_by_minute"]
        lines.append(
            f"beside the model: {row['published_ng_per_ml']:g} ng/ml, {row['what']} "
            f"({row['source']}); the model {', '.join(at)} min after a bolus: "
            + ", ".join(f"{level:.0f}" for level in at.values())
        )
    return lines


def few(doses: list[str]) -> list[str]:
    """All of a few doses, the first and the last of many."""
    if len(doses) <= MOST_NAMED:
        return doses
    return [*doses[: MOST_NAMED - 2], f"... {len(doses) - MOST_NAMED + 1} more ...", doses[-1]]


def _reached(blocker: str, highest: pd.Series) -> str:
    """How many pyramidal cells see how much of a blocker at their highest."""
    steps = [step for step in STEPS_MICROMOLAR if (highest > step).any()]
    counts = [f"more than {step:g} µM: {(highest > step).sum()}" for step in steps]
    return f"of {len(highest)} pyramidal cells see, at their highest, of {blocker}: " + (
        ", ".join(counts) or f"none more than {STEPS_MICROMOLAR[0]:g} µM"
    )


def _columns(course: DoseCourse, numbers: dict[str, Any]) -> dict[str, Any]:
    columns: dict[str, Any] = {"min": course.time_s / 60}
    for body in course.bodies:
        columns[f"{body.blocker} ng/ml"] = body.plasma_ng_per_ml
    for name, free in course.free_micromolar.items():
        columns[f"{name} µM"] = free
    if course.in_vivo_occupancy is not None:
        columns["in vivo scale"] = course.in_vivo_occupancy
    return columns | {f"block {name}": numbers["blocked_share"][name] for name in CLASSES}


def _places(course: DoseCourse) -> NDArray[np.int64]:
    """Rows of the table: starts, ends and peaks of doses, and some times after the first."""
    time_s, begins_s = course.time_s, course.edges_s[0]
    after = begins_s + S_PER_MIN * np.array([0, 5, 10, 15, 20, 30, 40, 60, 90, 120, 180, 240, 360])
    peaks = [time_s[free.argmax()] for free in course.free_micromolar.values()]
    edges = course.edges_s if len(course.edges_s) <= MOST_EDGES else course.edges_s[[0, -1]]
    wanted = np.unique(np.concatenate([after, peaks, edges, time_s[[-1]]]))
    wanted = wanted[wanted <= time_s[-1]]
    return np.unique(np.abs(time_s[:, None] - wanted).argmin(axis=0))
