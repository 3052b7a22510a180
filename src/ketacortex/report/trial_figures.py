"""Variability through a trial, and noise correlation by tuning difference, of one animal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ketacortex.analyse.count_correlations import (
    TUNING_EDGES_DEG,
    correlations_in_bins,
    tuning_difference_deg,
)
from ketacortex.analyse.epoch_values import EpochMeasures
from ketacortex.analyse.fano_time import fano_through_trial
from ketacortex.analyse.responses import EpochResponses, collect_responses
from ketacortex.recording.recording import Recording
from ketacortex.report.drawing import (
    INK,
    ReportFigure,
    epoch_colour,
    finish,
    in_style,
    legend_of,
    new_figure,
)
from ketacortex.report.tables import Example, Material
from ketacortex.seeds import generator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PANELS = 3


def draw_fano_through_trial(material: Material) -> ReportFigure | str:
    """Mean-matched Fano factor from before the onset to the end of a trial, or why not."""
    tables = [(example, _fano_table(material, example)) for example in _readable(material)]
    tables = [
        (example, table)
        for example, table in tables
        if len(table) and table["matched"].notna().any()
    ]
    if not tables:
        return (
            "Not computed: the first animal has too few trials, or too few spikes in windows of "
            "0.1 s."
        )
    return _draw(
        material,
        tables,
        name="fano-time",
        title="Variability through the trial",
        x="time_s",
        y="matched",
        limits=("matched_low", "matched_high"),
        labels=("time from onset [s]", "Fano factor,\nmean-matched"),
        line=1.0,
        caption=(
            "Fano factor of counts in windows of 0.1 s at mean counts that all times have in "
            f"common ({material.main_population} of the first animal); band: 95 % interval over "
            "its trials; dotted: Poisson."
        ),
    )


def draw_correlation_by_tuning(material: Material) -> ReportFigure | str:
    """Mean noise correlation by difference of preferred orientation, or why not."""
    tables = [(example, _correlation_table(material, example)) for example in _readable(material)]
    tables = [(example, table) for example, table in tables if len(table)]
    if not tables:
        return "Not computed: fewer than 5 pairs of tuned units of the first animal."
    return _draw(
        material,
        tables,
        name="correlation-tuning",
        title="Noise correlation by difference of preferred orientation",
        x="middle",
        y="correlation",
        limits=("ci_low", "ci_high"),
        labels=("difference of preferred orientation [deg]", "noise correlation"),
        line=0.0,
        caption=(
            "Mean correlation of counts around the mean of each stimulus, pairs of significantly "
            f"tuned units ({material.main_population} of the first animal); band: 95 % interval "
            "over its trials."
        ),
    )


def _readable(material: Material) -> list[Example]:
    return [example for example in material.examples if example.recording is not None]


def _members(material: Material, recording: Recording) -> np.ndarray:
    return material.is_main(pd.DataFrame({"cell_class": recording.cell_classes})).to_numpy(bool)


def _epochs(recording: Recording | None) -> list[tuple[Recording, EpochResponses]]:
    if recording is None:
        return []
    return [(recording, responses) for responses in collect_responses(recording)]


def _fano_table(material: Material, example: Example) -> pd.DataFrame:
    parts = []
    for recording, responses in _epochs(example.recording):
        rng = generator("fano through trial", recording.subject.identifier, responses.epoch)
        found = fano_through_trial(recording, responses, _members(material, recording), rng)
        parts.append(found.to_dataframe().reset_index().assign(epoch=responses.epoch))
    return _joined(parts, example)


def _correlation_table(material: Material, example: Example) -> pd.DataFrame:
    parts = []
    for recording, responses in _epochs(example.recording):
        measured = EpochMeasures(recording, responses)
        chosen = _members(material, recording) & measured.is_tuned & measured.is_counted
        apart_deg = tuning_difference_deg(measured.fit.preferred_orientation_deg[chosen])
        rng = generator("correlation by tuning", recording.subject.identifier, responses.epoch)
        table = correlations_in_bins(
            responses.counts[chosen], responses.condition, apart_deg, TUNING_EDGES_DEG, "deg", rng
        )
        middle = (table["low"] + table["high"]) / 2.0
        parts.append(table.assign(middle=middle, epoch=responses.epoch))
    return _joined(parts, example)


def _joined(parts: list[pd.DataFrame], example: Example) -> pd.DataFrame:
    """Tables of the epochs of an example, those without a row left out."""
    filled = [part for part in parts if len(part)]
    table = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()
    return table.assign(arm=example.arm)


def _draw(
    material: Material,
    tables: list[tuple[Example, pd.DataFrame]],
    *,
    name: str,
    title: str,
    x: str,
    y: str,
    limits: tuple[str, str],
    labels: tuple[str, str],
    line: float,
    caption: str,
) -> ReportFigure:
    tables = tables[:MOST_PANELS]
    with in_style():
        figure = new_figure(2.7, 5.4 if len(tables) == 1 else 9.6)
        axes = figure.subplots(1, len(tables), squeeze=False, sharey=True)[0]
        for place, (example, table) in zip(axes, tables, strict=True):
            _draw_panel(place, material, table, x, y, limits)
            place.axhline(line, color=INK, lw=0.6, ls=":")
            place.set_title(material.arm_in_words(example.arm), loc="left")
            place.set_xlabel(labels[0])
        axes[0].set_ylabel(labels[1])
        shown = pd.unique(pd.concat([table["epoch"] for _, table in tables]))
        colours = {epoch: epoch_colour(material.epochs, epoch) for epoch in map(str, shown)}
        legend_of(axes[-1], colours, loc="best")
        return finish(
            figure,
            name=name,
            title=title,
            caption=caption,
            numbers=pd.concat([table for _, table in tables], ignore_index=True),
        )


def _draw_panel(
    axes: Axes, material: Material, table: pd.DataFrame, x: str, y: str, limits: tuple[str, str]
) -> None:
    for epoch in pd.unique(table["epoch"]):
        here = table[table["epoch"] == epoch]
        colour = epoch_colour(material.epochs, str(epoch))
        place, low, high = (here[column].to_numpy(float) for column in (x, *limits))
        axes.fill_between(place, low, high, color=colour, alpha=0.18, lw=0)
        axes.plot(place, here[y].to_numpy(float), "o-", ms=3.0, color=colour, lw=1.2)
