"""Rates, tuning and variability of each animal beside what anaesthetised visual cortex shows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ketacortex.evidence.physiology import ANAESTHETISED_V1, Range
from ketacortex.report.drawing import (
    BAND,
    FAINT,
    ReportFigure,
    epoch_colour,
    finish,
    in_style,
    new_figure,
)
from ketacortex.report.tables import Material

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 6
AFTER_DOSES = ("block.", "upregulation.")
"""Settings that change nothing before a dose."""


def ranges_apply(material: Material) -> bool:
    """Whether pyramidal cells are known, about which the ranges speak."""
    return "pyr" in material.cell_classes


def draw_physiology(material: Material) -> ReportFigure | str:
    """One small panel for each measure, one dot for each animal; or the reason for none."""
    panels = _panels(material)
    if not panels:
        return "No epoch has trials from which rates could be measured."
    rows, n_omitted = _rows(material)
    values = measured_values(material, panels)
    with in_style():
        n_lines = -(-len(panels) // 4)
        height_in = 0.4 + n_lines * (0.9 + 0.17 * len(rows))
        figure = new_figure(height_in)
        axes = figure.subplots(n_lines, 4, squeeze=False, sharey=True).ravel()
        for place, limits in zip(axes, panels, strict=False):
            is_here = (values["measure"] == limits.measure) & (values["cells"] == limits.population)
            _draw_panel(place, material, limits, rows, values[is_here])
        for place in axes[len(panels) :]:
            place.axis("off")
        return finish(
            figure,
            name="physiology",
            title="Rates, tuning and variability of each animal",
            caption=_caption(material, n_omitted),
            numbers=values,
        )


def judgement_table(material: Material) -> list[dict[str, Any]]:
    """For each range and arm how many animals are inside it in their first epoch."""
    if not ranges_apply(material):
        return []
    values = measured_values(material, ANAESTHETISED_V1)
    rows = []
    for limits in ANAESTHETISED_V1:
        is_mine = (values["measure"] == limits.measure) & (values["cells"] == limits.population)
        mine = values[is_mine]
        for arm in _arms_with_a_circuit_of_their_own(material):
            found = mine[(mine["arm"] == arm) & mine["is_first_epoch"]]["value"].to_numpy(float)
            n_inside = sum(limits.holds(value) for value in found)
            rows.append(
                {
                    "limits": limits,
                    "arm": arm,
                    "mean": float(found.mean()) if len(found) else None,
                    "n_inside": n_inside,
                    "n_animals": len(found),
                    "verdict": _verdict(n_inside, len(found)),
                }
            )
    return rows


def _arms_with_a_circuit_of_their_own(material: Material) -> list[str]:
    """The first arm of each circuit: others of the same circuit share its first epoch."""
    if material.experiment is None:
        return material.arms
    arms = material.experiment.arms
    first: dict[str, str] = {}
    for arm in material.arms:
        changes = sorted(arms[arm].set.items())
        first.setdefault(repr([c for c in changes if not c[0].startswith(AFTER_DOSES)]), arm)
    return list(first.values())


def measured_values(material: Material, panels: tuple[Range, ...] | list[Range]) -> pd.DataFrame:
    """`measure, cells, arm, epoch, animal, value, inside` behind the panels."""
    known = material.population_values
    values = pd.concat([known, _spontaneous_over_evoked(known)])
    first = material.first_epochs[["session", "epoch"]].drop_duplicates()
    first_of = dict(first.itertuples(index=False, name=None))
    claims = ranges_apply(material)
    rows = []
    for limits in panels:
        mine = values[
            (values["measure"] == limits.measure) & (values["population"] == limits.population)
        ]
        for entry in mine.to_dict("records"):
            value = float(entry["value"])
            rows.append(
                {
                    "measure": limits.measure,
                    "cells": limits.population,
                    "arm": entry["arm"],
                    "epoch": entry["epoch"],
                    "animal": entry["animal"],
                    "value": value,
                    "inside": limits.holds(value) if claims else None,
                    "is_first_epoch": first_of.get(entry["session"]) == entry["epoch"],
                }
            )
    columns = ["measure", "cells", "arm", "epoch", "animal", "value", "inside", "is_first_epoch"]
    return pd.DataFrame(rows, columns=columns)


def _spontaneous_over_evoked(values: pd.DataFrame) -> pd.DataFrame:
    key = ["session", "animal", "arm", "epoch", "population"]
    spontaneous = values[values["measure"] == "spontaneous_rate_hz"]
    evoked = values[(values["measure"] == "evoked_rate_hz") & (values["value"] > 0)]
    both = spontaneous.merge(evoked, on=key, suffixes=("", "_evoked"))
    share = both["value"] / both["value_evoked"]
    return both.assign(measure="spontaneous_over_evoked", value=share)[[*key, "measure", "value"]]


def _panels(material: Material) -> list[Range]:
    """The panels that have a value; all for the main population where classes are not known."""
    wanted = list(ANAESTHETISED_V1)
    if not ranges_apply(material):
        main = material.main_population
        wanted = [
            replace(r, population=main, low=None, high=None)
            for r in ANAESTHETISED_V1
            if r.population == "pyr"
        ]
    values = measured_values(material, wanted)
    present = set(zip(values["measure"], values["cells"], strict=True))
    return [limits for limits in wanted if (limits.measure, limits.population) in present]


def _rows(material: Material) -> tuple[list[tuple[str, str]], int]:
    """(arm, epoch) of each row of a panel, and how many more there are."""
    found = material.population_values[["arm", "epoch"]].drop_duplicates()
    rows = [(str(arm), str(epoch)) for arm, epoch in found.itertuples(index=False)]
    rows.sort(key=lambda row: row[0] not in material.shown_arms)  # those shown come first
    return rows[:MOST_ROWS], max(len(rows) - MOST_ROWS, 0)


def _draw_panel(
    axes: Axes,
    material: Material,
    limits: Range,
    rows: list[tuple[str, str]],
    values: pd.DataFrame,
) -> None:
    claims = ranges_apply(material)
    for height, (arm, epoch) in enumerate(rows):
        here = values[(values["arm"] == arm) & (values["epoch"] == epoch)]["value"].to_numpy(float)
        colour = epoch_colour(material.epochs, epoch)
        inside = np.array([limits.holds(value) for value in here], bool) | (not claims)
        level = np.full(len(here), float(height))
        axes.plot(here[inside], level[inside], "o", ms=5, color=colour, mec="none", alpha=0.85)
        axes.plot(here[~inside], level[~inside], "x", ms=6, mew=1.6, color=colour)
    axes.set_title(f"{limits.population}: {limits.label}", loc="left")
    axes.set_xlabel(f"[{limits.unit}]", labelpad=1)
    _set_limits(axes, limits, values["value"].to_numpy(float), claims)
    several_arms = len({arm for arm, _ in rows}) > 1
    axes.set_yticks(
        range(len(rows)), [f"{arm}: {epoch}" if several_arms else epoch for arm, epoch in rows]
    )
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="y", color=FAINT, lw=0.5)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _set_limits(axes: Axes, limits: Range, values: np.ndarray, claims: bool) -> None:
    """From zero to beyond the range and every value; the range as a band."""
    ends = [*values, 0.0, *(limit for limit in (limits.low, limits.high) if limit is not None)]
    low, high = min(ends), max(ends)
    is_share = limits.unit == "0 to 1"
    high = max(1.03, high) if is_share and limits.high is None else high + 0.12 * (high - low or 1)
    low -= 0.0 if low == 0.0 else 0.1 * (high - low)
    axes.set_xlim(low, high)
    axes.locator_params(axis="x", nbins=4)  # labels of small numbers are wide
    if claims:
        from_value = low if limits.low is None else limits.low
        to_value = high if limits.high is None else limits.high
        axes.axvspan(from_value, to_value, color=BAND, lw=0, zorder=0)


def _verdict(n_inside: int, n_animals: int) -> str:
    if not n_animals:
        return "not measured"
    if n_inside == n_animals:
        return "inside"
    return "outside" if not n_inside else "partly outside"


def _caption(material: Material, n_omitted: int) -> str:
    n = f"One mark per animal (n = {material.n_animals}), one row per epoch."
    if ranges_apply(material):
        use = "which the first epoch should meet" if material.experiment else "for comparison"
        n += f" Shaded: anaesthetised visual cortex, {use}. Dot: inside, cross: outside."
    else:
        n += (
            f" Cells: {material.main_population}. Physiological ranges are known for cell classes; "
            "the classes of these units are not known, so no range is claimed to apply."
        )
    return n + (f" {n_omitted} more rows are in the numbers." if n_omitted else "")
