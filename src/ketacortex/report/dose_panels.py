"""Panels about a dose, shared by the report's strip and by the picture of a dose alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.report.body_course import Body
from ketacortex.report.drawing import INK, class_colour, plain_logarithmic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOWEST_MICROMOLAR = 1e-3
DECADES = 1e-5  # of the highest concentration, down to which it is shown
DRUG, METABOLITE = "#2f7ed8", "#b0803a"
DASHES = ((6, 2), (3, 2), (1, 1.5))
LOWEST_NG_PER_ML = 1.0

Array = NDArray[np.float64]


def draw_plasma(axes: Axes, body: Body, minute: Array) -> None:
    """Total plasma levels: drug and metabolite, the spread of sets and subjects, published points.

    Parameters
    ----------
    axes : where
    body : Body
    minute : (n_time,) min, of its courses
    """
    low, high = np.maximum(body.subjects_ng_per_ml, LOWEST_NG_PER_ML / 10)
    axes.fill_between(minute, low, high, color=DRUG, alpha=0.18, lw=0, label="nine in ten subjects")
    own = body.kinetics.model or next(iter(body.by_model))
    others = [name for name in body.by_model if name != own]
    for name, dashes in zip(others, DASHES, strict=False):
        axes.plot(
            minute, body.by_model[name], color=DRUG, lw=0.8, ls=(0, dashes), label=f"set {name}"
        )
    kinetics = body.kinetics
    axes.plot(
        minute, body.plasma_ng_per_ml, color=DRUG, lw=1.6,
        label=f"{body.blocker}, {kinetics.species}, set {own}\n"
        f"(blood: {kinetics.disposition.sampling})",
    )  # fmt: skip
    if body.metabolite is not None:
        axes.plot(minute, body.metabolite_ng_per_ml, color=METABOLITE, lw=1.6, ls="-",
                  label=body.metabolite)  # fmt: skip
    for time_s, level in body.published:
        value = level.plasma_ng_per_ml
        axes.errorbar(
            time_s / 60, value.value, [[value.value - value.low], [value.high - value.value]],
            fmt="o", ms=4, color=INK, lw=0.8, capsize=2, zorder=4,
            label="measured" if level is body.published[0][1] else None,
        )  # fmt: skip
    highest = max(float(c.max()) for c in (body.plasma_ng_per_ml, body.metabolite_ng_per_ml, high))
    axes.set_yscale("log")
    plain_logarithmic(axes.yaxis)
    highest = max(highest, 10 * LOWEST_NG_PER_ML / 1e3)
    axes.set_ylim(max(highest * 1e-3, min(LOWEST_NG_PER_ML, highest / 10)), highest * 1.6)
    axes.set_ylabel("in plasma, total,\nas base [ng/ml]")


def draw_depth_map(
    axes: Axes, minute: Array, depth_um: Array, free: Array, soma_depth_um: Sequence[float]
) -> None:
    """Free concentration by depth and time, with the depths between which somata lie.

    Parameters
    ----------
    axes : where
    minute : (n_time,) min
    depth_um : (n_depth,) µm
    free : (n_depth, n_time) µM
    soma_depth_um : shallowest and deepest, µm
    """
    from matplotlib.colors import LogNorm

    highest = max(float(free.max()), 10 * LOWEST_MICROMOLAR)
    shown = axes.pcolormesh(
        minute, depth_um, np.maximum(free, LOWEST_MICROMOLAR), cmap="magma", rasterized=True,
        norm=LogNorm(max(DECADES * highest, LOWEST_MICROMOLAR), highest),
    )  # fmt: skip
    bar = axes.figure.colorbar(shown, ax=axes, label="free [µM]", pad=0.01, aspect=12)
    plain_logarithmic(bar.ax.yaxis)
    for depth in soma_depth_um:
        axes.axhline(depth, color="white", lw=0.7, ls="--")
    axes.set_ylim(depth_um[-1], 0.0)
    axes.set_ylabel("depth [µm]")


def draw_classes(axes: Axes, minute: str, course: pd.DataFrame) -> None:
    """Each class: its mean, and between which values nine tenths of its sites lie."""
    for name, rows in course.groupby("population", sort=False):
        colour = class_colour(str(name))
        axes.plot(rows[minute], rows["mean"], color=colour, lw=1.5)
        axes.fill_between(rows[minute], rows["low"], rows["high"], color=colour, alpha=0.15, lw=0)
