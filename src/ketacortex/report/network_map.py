"""The strongest links of the example animal where its cells lie in the cortex."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.analyse.links import link_graph
from ketacortex.report.drawing import FAINT, INK, ReportFigure, finish, in_style, new_figure
from ketacortex.report.network_example import NO_EXAMPLE, ExampleNetwork, ends_of_arms
from ketacortex.report.network_figures import MOST_STATES, state_in_words
from ketacortex.report.tables import Material

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LINKS = 400
"""Links drawn on all maps of a figure together."""
MAP_COLOURS = "hsv"


def draw_maps(material: Material, networks: list[ExampleNetwork]) -> ReportFigure | str:
    """The strongest links where the cells lie, cells coloured by preference, or why not."""
    if not networks:
        return NO_EXAMPLE
    states = ends_of_arms(networks)[:MOST_STATES]
    units = states[0].recording.units
    if not {"x_um", "y_um"} <= set(units) or units[["x_um", "y_um"]].isna().any(axis=None):
        return "Not drawn: the places of the units in the cortex are not known."
    most = MOST_LINKS // len(states)
    tables = []
    with in_style():
        figure = new_figure(0.9 + 8.2 / max(len(states), 3))
        axes = figure.subplots(1, len(states), squeeze=False, sharex=True, sharey=True)[0]
        for place, state in zip(axes, states, strict=True):
            links = strongest_links(link_graph(state.network.tests), most)
            _draw_map(place, state, links)
            place.set_title(state_in_words(material, state), loc="left")
            place.set_xlabel("x [µm]")
            names = state.recording.units.index.to_numpy()
            links = links.assign(pre=names[links["pre"]], post=names[links["post"]])
            tables.append(links.assign(arm=state.arm, epoch=state.epoch))
        axes[0].set_ylabel("y [µm]")
        _orientation_bar(figure, axes)
        return finish(
            figure,
            name="link-map",
            title="Links on the map",
            caption=(
                "Units of the first animal where they lie, coloured by preferred orientation in "
                f"the first epoch (grey: untuned). Lines: the {most} strongest links of each "
                "panel, the stronger the darker."
            ),
            numbers=pd.concat(tables, ignore_index=True),
        )


def strongest_links(weight: NDArray[np.float64], most: int) -> pd.DataFrame:
    """The strongest links of a graph, each pair once.

    Parameters
    ----------
    weight : (n, n) strength from row to column
    most : links to keep

    Returns
    -------
    DataFrame
        `pre, post, strength`, strongest first; rows of units.
    """
    both = np.maximum(weight, weight.T)
    first, second = np.nonzero(np.triu(both, 1))
    order = np.argsort(-both[first, second], kind="stable")[:most]
    first, second = first[order], second[order]
    is_back = weight[first, second] < weight[second, first]
    return pd.DataFrame(
        {
            "pre": np.where(is_back, second, first),
            "post": np.where(is_back, first, second),
            "strength": both[first, second],
        }
    )


def _draw_map(axes: Axes, state: ExampleNetwork, links: pd.DataFrame) -> None:
    from matplotlib.collections import LineCollection

    place_um = state.recording.units[["x_um", "y_um"]].to_numpy(float)
    ends = place_um[links[["pre", "post"]].to_numpy(int)]
    strength = links["strength"].to_numpy(float)
    # Weakest first, so that the strong ones lie on top.
    alpha = 0.12 + 0.6 * strength / strength.max(initial=1e-12)
    lines = LineCollection(list(ends[::-1]), colors=INK, linewidths=0.7, alpha=list(alpha[::-1]))
    axes.add_collection(lines)
    is_tuned = np.isfinite(state.preferred_deg)
    x_um, y_um = place_um.T
    axes.plot(x_um[~is_tuned], y_um[~is_tuned], "o", ms=2.5, mec="none", color=FAINT, zorder=3)
    axes.scatter(
        x_um[is_tuned], y_um[is_tuned], s=14.0, c=state.preferred_deg[is_tuned],
        cmap=MAP_COLOURS, vmin=0.0, vmax=180.0, lw=0, zorder=4,
    )  # fmt: skip
    axes.set_aspect("equal")


def _orientation_bar(figure: Figure, axes: Any) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    bar = figure.colorbar(
        ScalarMappable(Normalize(0.0, 180.0), MAP_COLOURS), ax=list(axes), shrink=0.8, aspect=25
    )
    bar.set_ticks([0, 45, 90, 135, 180])
    bar.set_label("preferred orientation [deg]")
