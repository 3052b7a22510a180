"""What changes in the network between epochs: which links, how many, how strong, between whom."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ketacortex.analyse.network_values import MATCHED
from ketacortex.analyse.share_intervals import wilson_interval
from ketacortex.report.drawing import (
    INK,
    ReportFigure,
    epoch_colour,
    finish,
    in_style,
    legend_of,
    new_figure,
)
from ketacortex.report.network_example import NO_EXAMPLE, ExampleNetwork
from ketacortex.report.tables import Material
from ketacortex.report.tuning_figures import NO_SECOND_EPOCH
from ketacortex.report.wording import measure_in_words, population_in_words
from ketacortex.units import orientation_distance_deg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

APART_EDGES_DEG = np.arange(0.0, 105.0, 15.0)
COUNTINGS = {"": "as recorded", MATCHED: "at equal rates"}
"""Ending of a measure, and how its spikes were taken."""
TURNOVER = {
    "links_lost_share": "lost, share of links before",
    "links_gained_share": "gained, share of links after",
}
CHANGING = ("link_share", "link_strength", "zero_lag_synchrony")
MOST_CLAIMS = 2
BESIDE = 0.3
"""Of the room of an arm, how far apart its epochs stand together."""


def draw_turnover(material: Material) -> ReportFigure | str:
    """Links lost and gained between the first and each later epoch of every arm, or why not."""
    if not material.comparisons:
        return NO_SECOND_EPOCH
    table = _of_measures(material, material.pairs, tuple(TURNOVER))
    if not len(table):
        return "Not computed: no epoch of any animal has a link."
    arms = [arm for arm in material.shown_arms if (table["arm"] == arm).any()]
    population = population_in_words(material.main_population)
    with in_style():
        figure = new_figure(2.9)
        axes = figure.subplots(1, 4, sharey=True)
        panels = [(measure, suffix) for measure in TURNOVER for suffix in COUNTINGS]
        for place, (measure, suffix) in zip(axes, panels, strict=True):
            here = table[table["measure"] == measure + suffix]
            for x, epoch, of_epoch in _places(material, here, arms):
                share = of_epoch["after"].to_numpy(float)
                colour = epoch_colour(material.epochs, epoch)
                place.bar(x, share.mean(), _bar_width(material), color=colour, alpha=0.45)
                place.plot(
                    np.full(len(share), x), share, "o", ms=3.5, mfc="none", color=colour, mew=1.0
                )
            place.set_title(f"{TURNOVER[measure]},\n{COUNTINGS[suffix]}", loc="left")
            _name_arms(place, material, arms)
        axes[0].set_ylabel("share of links")
        axes[0].set_ylim(0.0, 1.0)
        _legend_of_epochs(axes[-1], material, table)
        shown = table[["animal", "arm", "reference", "epoch", "measure", "after"]]
        return finish(
            figure,
            name="link-turnover",
            title="Links lost and gained",
            caption=(
                f"Links ({population}) between the first and each later epoch, among "
                "pairs that could be asked in both: of the links before, the share that is gone "
                "(the rest is kept), and of those after, the share that is new. Bars: mean over "
                "animals; circles: animals. At equal rates: with as many trials and spikes of "
                "each unit in all epochs. Links that change by chance are in every bar: only the "
                "difference between arms is an effect."
            ),
            numbers=shown.rename(columns={"after": "share"}),
        )


def draw_network_changes(material: Material) -> ReportFigure | str:
    """Change of number and strength of links and of synchrony, as recorded and at equal rates."""
    if not material.comparisons:
        return NO_SECOND_EPOCH
    table = _of_measures(material, material.pairs, CHANGING)
    if not len(table):
        return "Not computed: too few pairs could be asked in two epochs of any animal."
    table = table.assign(change=table["after"] - table["before"])
    effects = _of_measures(material, material.effects, CHANGING)
    claims = [claim for claim in material.claims if (effects["arm"] == claim).any()][:MOST_CLAIMS]
    arms = [*(arm for arm in material.shown_arms if (table["arm"] == arm).any()), *claims]
    population = population_in_words(material.main_population)
    with in_style():
        figure = new_figure(4.9)
        axes = figure.subplots(2, len(CHANGING), sharex=True, sharey="col")
        for row, (suffix, counting) in zip(axes, COUNTINGS.items(), strict=True):
            for place, measure in zip(row, CHANGING, strict=True):
                name = measure + suffix
                _draw_animals(place, material, table[table["measure"] == name], arms)
                _draw_effects(place, material, effects[effects["measure"] == name], arms)
                place.axhline(0.0, color=INK, lw=0.6, ls=":")
                place.set_title(f"{measure_in_words(measure)}, {counting}", loc="left")
                _name_arms(place, material, arms)
            row[0].set_ylabel("change from the first epoch")
        _legend_of_epochs(axes[0][-1], material, table)
        squares = "; squares: mean over animals with its 95 % interval" if len(effects) else ""
        claimed = "; “A against B” is how much more A changed than B" if claims else ""
        columns = ["animal", "arm", "reference", "epoch", "measure", "before", "after", "change"]
        return finish(
            figure,
            name="network-change",
            title="Change of the network",
            caption=(
                f"Change of the network ({population}) from the first epoch: "
                "share of pairs that are linked, mean strength of links, and mean excess of "
                "coincidences within 2.5 ms over all pairs. More spikes show more links, so the "
                "lower row, with as many trials and spikes of each unit in all epochs, is the one "
                f"to read. Circles: animals{squares}{claimed}."
            ),
            numbers=table[columns],
        )


def draw_links_by_tuning(material: Material, networks: list[ExampleNetwork]) -> ReportFigure | str:
    """Probability of a link by difference of preferred orientation in each epoch, or why not."""
    if not networks:
        return NO_EXAMPLE
    table = pd.concat([links_by_tuning(network) for network in networks], ignore_index=True)
    if not table["n_pairs"].any():
        return "Not computed: no two units of the first animal have a preferred orientation."
    arms = list(dict.fromkeys(table["arm"]))
    with in_style():
        figure = new_figure(2.8, 5.4 if len(arms) == 1 else 9.6)
        axes = figure.subplots(1, len(arms), squeeze=False, sharey=True)[0]
        for place, arm in zip(axes, arms, strict=True):
            of_arm = table[table["arm"] == arm]
            for epoch in pd.unique(of_arm["epoch"]):
                here = of_arm[(of_arm["epoch"] == epoch) & (of_arm["n_pairs"] > 0)]
                colour = epoch_colour(material.epochs, str(epoch))
                x, share, low, high = (
                    here[c].to_numpy(float) for c in ("middle_deg", "link_share", "low", "high")
                )
                place.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
                place.plot(x, share, "o-", ms=3.0, color=colour, lw=1.2)
            place.set_title(material.arm_in_words(arm), loc="left")
            place.set_xlabel("difference of preferred orientation [deg]")
            place.set_xticks(APART_EDGES_DEG[::2])
        # Axes are shared: a limit set earlier would cut off what later panels show.
        axes[0].set_ylim(0.0, min(1.0, 1.05 * float(table["high"].max())))
        axes[0].set_ylabel("probability of a link")
        _legend_of_epochs(axes[-1], material, table)
        return finish(
            figure,
            name="link-tuning",
            title="Probability of a link by difference of preferred orientation",
            caption=(
                "Share of the pairs of tuned units of the first animal, among those that could be "
                "asked, that are linked, by the difference of their preferred orientations in the "
                "first epoch (bins of 15 deg), as recorded. Band: 95 % interval of a binomial, "
                "which takes pairs as independent and is too narrow."
            ),
            numbers=table,
        )


def links_by_tuning(network: ExampleNetwork) -> pd.DataFrame:
    """Pairs and links of one epoch in bins of the difference of preferred orientation.

    Parameters
    ----------
    network : ExampleNetwork

    Returns
    -------
    DataFrame
        `arm, epoch, low_deg, high_deg, middle_deg, n_pairs, n_links, link_share, low, high`.
    """
    tests, preferred_deg = network.network.tests, network.preferred_deg
    apart_deg = orientation_distance_deg(preferred_deg[tests.first], preferred_deg[tests.second])
    rows = []
    for low_deg, high_deg in pairwise(APART_EDGES_DEG):
        # Closed above in the last bin: 90 deg is as far as preferences can be.
        here = tests.is_asked & (apart_deg >= low_deg)
        here &= (apart_deg < high_deg) | (high_deg == APART_EDGES_DEG[-1])
        n_links, n_pairs = int((network.network.is_linked & here).sum()), int(here.sum())
        low, high = wilson_interval(n_links, n_pairs)
        rows.append(
            {
                "arm": network.arm,
                "epoch": network.epoch,
                "low_deg": low_deg,
                "high_deg": high_deg,
                "middle_deg": (low_deg + high_deg) / 2.0,
                "n_pairs": n_pairs,
                "n_links": n_links,
                "link_share": n_links / n_pairs if n_pairs else np.nan,
                "low": float(low),
                "high": float(high),
            }
        )
    return pd.DataFrame(rows)


def _of_measures(
    material: Material, table: pd.DataFrame, measures: tuple[str, ...]
) -> pd.DataFrame:
    names = [measure + suffix for measure in measures for suffix in COUNTINGS]
    return table[table["measure"].isin(names) & (table["population"] == material.main_population)]


def _places(
    material: Material, table: pd.DataFrame, arms: list[str]
) -> list[tuple[float, str, pd.DataFrame]]:
    """Where each epoch of each arm stands, which it is, and its rows."""
    later = material.epochs[1:]
    found = []
    for number, arm in enumerate(arms):
        for k, epoch in enumerate(later):
            rows = table[(table["arm"] == arm) & (table["epoch"] == epoch)]
            if len(rows):
                offset = (k - (len(later) - 1) / 2.0) * 2.0 * BESIDE / max(len(later), 2)
                found.append((number + 1.2 * offset, epoch, rows))
    return found


def _bar_width(material: Material) -> float:
    return 2.0 * BESIDE / max(len(material.epochs) - 1, 2)


def _draw_animals(axes: Axes, material: Material, table: pd.DataFrame, arms: list[str]) -> None:
    for x, epoch, rows in _places(material, table, arms):
        colour = epoch_colour(material.epochs, epoch)
        axes.plot(
            np.full(len(rows), x), rows["change"].to_numpy(float), "o", ms=3.0, mfc="none",
            color=colour, mew=0.9, alpha=0.8,
        )  # fmt: skip


def _draw_effects(axes: Axes, material: Material, effects: pd.DataFrame, arms: list[str]) -> None:
    for x, epoch, rows in _places(material, effects, arms):
        row = rows.iloc[0]
        colour = epoch_colour(material.epochs, epoch)
        axes.plot([x + 0.06] * 2, [row["ci_low"], row["ci_high"]], color=colour, lw=1.3)
        axes.plot(x + 0.06, row["change"], "s", ms=4.5, color=colour)


def _name_arms(axes: Axes, material: Material, arms: list[str]) -> None:
    # Against another arm on a second line: names of arms may be long.
    names = [material.arm_in_words(arm).replace(" against ", "\nagainst ") for arm in arms]
    axes.set_xticks(range(len(arms)), names)
    axes.set_xlim(-0.6, len(arms) - 0.4)


def _legend_of_epochs(axes: Axes, material: Material, table: pd.DataFrame) -> None:
    shown = [epoch for epoch in material.epochs if (table["epoch"] == epoch).any()]
    colours = {epoch: epoch_colour(material.epochs, epoch) for epoch in shown}
    legend_of(axes, colours, loc="best")
