"""Correlograms of example pairs, and all links sorted by module, of the example animal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.analyse.communities import consensus_communities
from ketacortex.analyse.correlograms import lag_bins
from ketacortex.analyse.links import is_sure, link_graph, sides_of_links
from ketacortex.analyse.pair_tests import PairTests
from ketacortex.analyse.simultaneous_band import simultaneous_band
from ketacortex.report.drawing import (
    BAND,
    INK,
    ReportFigure,
    epoch_colour,
    finish,
    in_style,
    new_figure,
)
from ketacortex.report.network_example import NO_EXAMPLE, ExampleNetwork, ends_of_arms
from ketacortex.report.tables import Material
from ketacortex.seeds import generator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_STATES = 4
"""Epochs that a figure shows, of all arms together."""
N_STARTS = 20
STRONGEST = 0.98
"""Quantile of link strengths at which the colour of a matrix is full."""
N_SHADES = 5
NO_LINKS = "Not computed: no pair of units of the first animal is linked in its first epoch."


def draw_correlograms(material: Material, networks: list[ExampleNetwork]) -> ReportFigure | str:
    """Correlograms of three pairs in the first and last epoch of each arm, or why not."""
    if not networks:
        return NO_EXAMPLE
    states = ends_of_arms(networks)[:MOST_STATES]
    pairs = example_pairs(states[0].network.tests)
    if not pairs:
        return "Not computed: no two units of the first animal fire enough together."
    tables = []
    with in_style():
        figure = new_figure(0.7 + 1.55 * len(states))
        axes = figure.subplots(len(states), len(pairs), squeeze=False, sharex=True)
        for row, state in zip(axes, states, strict=True):
            for place, (kind, pair) in zip(row, pairs.items(), strict=True):
                table = _correlogram_table(state, pair)
                _draw_correlogram(place, table, epoch_colour(material.epochs, state.epoch))
                tables.append(table.assign(arm=state.arm, epoch=state.epoch, pair=kind))
            row[0].set_ylabel(f"{state_in_words(material, state)}\ncoincidences / ms")
        names = states[0].recording.units.index
        classes = states[0].recording.cell_classes
        for place, (kind, (first, second)) in zip(axes[0], pairs.items(), strict=True):
            place.set_title(
                f"{kind}: {classes[first]} {names[first]}, {classes[second]} {names[second]}",
                loc="left",
            )
        for place in axes[-1]:
            place.set_xlabel("lag of the second unit [ms]")
        return finish(
            figure,
            name="correlograms",
            title="Correlograms of example pairs",
            caption=(
                f"{len(pairs)} pairs of the first animal: the surest link by synchrony and by a "
                "delay in the first epoch and, among pairs that are not linked there, the one with "
                "most coincidences, not by eye. "
                "Bars: as observed, bins of 1 ms; line: exact mean if every spike were thrown anew "
                "within its window of 25 ms; band: where 95 % of such correlograms lie at all lags "
                "at once. The tests behind the links ask lags up to 5 ms and, where stimuli are "
                "repeated, expect locking to them as well."
            ),
            numbers=pd.concat(tables, ignore_index=True),
        )


def example_pairs(tests: PairTests) -> dict[str, tuple[int, int]]:
    """The surest synchrony link, the surest delayed link and a busy pair without a link.

    Parameters
    ----------
    tests : PairTests

    Returns
    -------
    dict
        From what the pair shows to its units; without what there is not.
    """
    is_linked = is_sure(tests)
    is_linked &= tests.is_excess
    is_delayed = sides_of_links(tests) != 1
    # Many p values are 0 in floating point; among them the excess in standard errors decides.
    with np.errstate(invalid="ignore", divide="ignore"):
        surprise = (tests.observed - tests.expected) / np.sqrt(tests.variance)
    beyond = np.nan_to_num(surprise[np.arange(len(tests.first)), sides_of_links(tests)])
    quiet = tests.is_asked & (np.nan_to_num(tests.p_value, nan=0.0) > 0.5)
    found = {}
    for name, of_kind, key in (
        ("synchrony", is_linked & ~is_delayed, beyond),
        ("delayed", is_linked & is_delayed, beyond),
        ("no link", quiet, tests.observed[:, 1]),
    ):
        if of_kind.any():
            chosen = int(np.where(of_kind, key, -np.inf).argmax())
            found[name] = (int(tests.first[chosen]), int(tests.second[chosen]))
    return found


def _correlogram_table(state: ExampleNetwork, pair: tuple[int, int]) -> pd.DataFrame:
    stream = state.network.stream
    bins = lag_bins(stream)
    animal = state.recording.subject.identifier
    rng = generator("band of a correlogram", animal, state.arm, state.epoch, *pair)
    band = simultaneous_band(stream, *pair, bins, rng)
    names = state.recording.units.index
    return pd.DataFrame(
        {
            "first": names[pair[0]],
            "second": names[pair[1]],
            "lag_ms": bins.centres_ms(stream.sample_rate_hz),
            "count": band.counts,
            "expected": band.expected,
            "low": band.low,
            "high": band.high,
        }
    )


def _draw_correlogram(axes: Axes, table: pd.DataFrame, colour: str) -> None:
    lag_ms = table["lag_ms"].to_numpy(float)
    edges_ms = np.append(lag_ms - 0.5, lag_ms[-1] + 0.5)
    axes.stairs(table["high"], edges_ms, baseline=table["low"], color=BAND, fill=True, lw=0)
    axes.stairs(table["count"], edges_ms, color=colour, fill=True, alpha=0.75, lw=0)
    axes.plot(lag_ms, table["expected"].to_numpy(float), color=INK, lw=1.0)
    axes.plot(lag_ms, table["high"].to_numpy(float), color=INK, lw=0.6, ls=":")
    axes.plot(lag_ms, table["low"].to_numpy(float), color=INK, lw=0.6, ls=":")
    axes.set_xlim(edges_ms[0], edges_ms[-1])
    axes.set_xticks([-50, -25, 0, 25, 50])
    axes.set_ylim(bottom=0)


def draw_matrices(material: Material, networks: list[ExampleNetwork]) -> ReportFigure | str:
    """Strength of all links in the first and last epochs, units sorted by module, or why not."""
    if not networks:
        return NO_EXAMPLE
    states = ends_of_arms(networks)[:MOST_STATES]
    weights = [link_graph(state.network.tests) for state in states]
    if not weights[0].any():
        return NO_LINKS
    animal = states[0].recording.subject.identifier
    label = consensus_communities(weights[0], generator("modules", animal), N_STARTS).label
    order = np.lexsort((np.arange(len(label)), label))
    is_alone = ~(weights[0] > 0).any(axis=0) & ~(weights[0] > 0).any(axis=1)
    sizes = np.bincount(label[~is_alone])
    full = float(np.quantile(weights[0][weights[0] > 0], STRONGEST))
    with in_style():
        figure = new_figure(0.7 + 8.6 / max(len(states), 3))
        axes = figure.subplots(1, len(states), squeeze=False, sharey=True)[0]
        for place, state, weight in zip(axes, states, weights, strict=True):
            colour = epoch_colour(material.epochs, state.epoch)
            _draw_matrix(place, weight[np.ix_(order, order)], colour, full, np.cumsum(sizes))
            place.set_title(state_in_words(material, state), loc="left")
            place.set_xlabel("to unit, by module")
        axes[0].set_ylabel("from unit, by module")
        n_modules = int((sizes > 1).sum())
        return finish(
            figure,
            name="link-matrix",
            title="Links by module",
            caption=(
                f"Strength of the links of the first animal (excess of coincidences over the "
                f"geometric mean of both spike counts), full colour from {full:.2g}; both "
                "triangles hold a link by synchrony, one a delayed link. Units are in the order of "
                f"the {n_modules} modules of the first epoch (dotted), the largest first, in all "
                f"panels; {int(is_alone.sum())} units without a link come last."
            ),
            numbers=_module_table(states, weights, label),
        )


def _draw_matrix(
    axes: Axes, weight: NDArray[np.float64], colour: str, full: float, ends: NDArray[np.int64]
) -> None:
    from matplotlib.colors import LinearSegmentedColormap, to_rgba

    red, green, blue, _ = to_rgba(colour)
    shades = LinearSegmentedColormap.from_list(
        "strength", [(red, green, blue, 0.0), (red, green, blue, 1.0)]
    )
    # Rounded up, weak links stay visible; few shades, as pictures of noise do not compress.
    shown = np.ceil(N_SHADES * np.clip(weight / full, 0.0, 1.0)) / N_SHADES
    axes.imshow(shown, cmap=shades, vmin=0.0, vmax=1.0, interpolation="nearest")
    for end in ends[ends < len(weight)]:
        axes.axvline(end - 0.5, color=INK, lw=0.4, ls=":")
        axes.axhline(end - 0.5, color=INK, lw=0.4, ls=":")


def _module_table(
    states: list[ExampleNetwork], weights: list[NDArray[np.float64]], label: NDArray[np.int64]
) -> pd.DataFrame:
    """Module, links and their mean strength of every unit in each epoch that is shown."""
    tables = []
    for state, weight in zip(states, weights, strict=True):
        both = np.maximum(weight, weight.T)
        n_links = (both > 0).sum(axis=1)
        strength = both.sum(axis=1) / np.maximum(n_links, 1)
        tables.append(
            pd.DataFrame(
                {
                    "arm": state.arm,
                    "epoch": state.epoch,
                    "unit": state.recording.units.index,
                    "cell_class": state.recording.cell_classes,
                    "module": label,
                    "n_linked_units": n_links,
                    "mean_strength": np.where(n_links > 0, strength, np.nan),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def state_in_words(material: Material, state: ExampleNetwork) -> str:
    """The arm, where there are arms, and the epoch."""
    arm = material.arm_in_words(state.arm)
    return f"{arm}, {state.epoch}" if arm else state.epoch
