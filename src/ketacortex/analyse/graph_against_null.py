"""Measures of a graph beside those of graphs at random that keep some of its properties.

A measure that the random graphs have as well follows from what they keep. Whatever is compared with
the mean of the random graphs, as a rich club is, is in each of these compared with the mean of all
other graphs: the given graph has no advantage, and under chance any p value is as likely.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.analyse.communities import best_partition
from ketacortex.analyse.graph_measures import clustering, graph_measures, n_linked_pairs
from ketacortex.analyse.graph_nulls import latticised
from ketacortex.analyse.rich_club import RichClub, largest_ratios, rich_club

Null = Callable[[NDArray[np.float64], np.random.Generator], NDArray[np.float64]]
"""Draws a graph with the degrees of the given one."""

MIN_LINKED_PAIRS = 2
N_STARTS = 2
"""Searches for the best partition, as many in the graph as in those at random."""
TIE = 1e-9
"""Relative difference below which two values are one, computed in another order."""


def against_null(
    weight: NDArray[np.float64],
    null: Null,
    n_nulls: int,
    rng: np.random.Generator,
    preferred_deg: NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """Every measure of a graph with its distribution in graphs at random.

    Parameters
    ----------
    weight : (n, n), positive where there is a link from the row to the column
    null : a function of `graph_nulls`, or a `partial` of one
    n_nulls : graphs to draw
    rng : Generator
    preferred_deg : (n,) preferred orientation in degrees, NaN where it is unknown

    Returns
    -------
    DataFrame
        A row a `measure`: those of `graph_measures`, `modularity`, `small_world_sigma`,
        `small_world_omega`, `rich_club` and `weighted_rich_club`. Columns `value`, `null_mean`,
        `null_low`, `null_high` (2.5 and 97.5 % of the nulls), `z` and `ratio` to their mean,
        `p_value`, `null`, the name, and `n_nulls`, those in which the measure is defined. NaN for a
        graph of fewer than 2 linked pairs.

    Notes
    -----
    ``p = (1 + b) / (1 + n)``: b nulls are as far as the graph from the mean of all n + 1 graphs.
    With clustering C and path length L, ``sigma = (C / C_null) / (L / L_null)`` and
    ``omega = L_null / L - C / C_lattice``, which is near 0 in a small world, -1 in a lattice and 1
    at random. A rich club is the largest ratio to chance over all degrees that 10 units exceed.

    References
    ----------
    Humphries and Gurney (2008) 10.1371/journal.pone.0002051;
    Telesford et al. (2011) 10.1089/brain.2011.0038
    """
    is_enough = n_linked_pairs(weight) >= MIN_LINKED_PAIRS
    found = [_measured(weight, rng, preferred_deg)]
    for _ in range(n_nulls if is_enough else 0):
        found.append(_measured(null(weight, rng), rng, preferred_deg))
    value = {measure: np.array([one[measure] for one, _ in found]) for measure in found[0][0]}
    of_lattice = clustering(latticised(weight, rng))
    value |= _small_world(value["clustering"], value["path_length"], of_lattice)
    value |= _rich_clubs([club for _, club in found])
    drawn_by = null.func if isinstance(null, partial) else null
    name = getattr(drawn_by, "__name__", type(drawn_by).__name__)
    rows = [
        {"measure": measure, **_row(one if is_enough else one * np.nan), "null": name}
        for measure, one in value.items()
    ]
    return pd.DataFrame(rows)


def _measured(
    weight: NDArray[np.float64],
    rng: np.random.Generator,
    preferred_deg: NDArray[np.float64] | None,
) -> tuple[dict[str, float], RichClub]:
    """What can be said of one graph alone."""
    found = graph_measures(weight, preferred_deg)
    found["modularity"] = best_partition(weight, rng, N_STARTS).modularity
    return found, rich_club(weight)


def _rich_clubs(clubs: list[RichClub]) -> dict[str, NDArray[np.float64]]:
    n_units = clubs[0].n_units
    return {
        "rich_club": largest_ratios(np.array([club.density for club in clubs]), n_units),
        "weighted_rich_club": largest_ratios(np.array([club.strength for club in clubs]), n_units),
    }


def _small_world(
    clustered: NDArray[np.float64], length: NDArray[np.float64], of_lattice: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    is_known = np.isfinite(of_lattice)
    most = of_lattice[is_known].sum() / max(is_known.sum(), 1)
    relative = _over(length, _mean_of_others(length))
    return {
        "small_world_sigma": _over(_over(clustered, _mean_of_others(clustered)), relative),
        "small_world_omega": _over(np.ones(len(length)), relative)
        - _over(clustered, np.full(len(clustered), most)),
    }


def _mean_of_others(value: NDArray[np.float64]) -> NDArray[np.float64]:
    is_known = np.isfinite(value)
    kept = np.where(is_known, value, 0.0)
    return _over(kept.sum() - kept, is_known.sum() - is_known.astype(float))


def _over(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ratio, NaN where there is nothing to divide by."""
    return np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0.0)


def _row(found: NDArray[np.float64]) -> dict[str, float]:
    value, nulls = found[0], found[1:][np.isfinite(found[1:])]
    row = dict.fromkeys(("null_mean", "null_low", "null_high", "z", "p_value", "ratio"), np.nan)
    if len(nulls):
        mean, (low, high) = nulls.mean(), np.quantile(nulls, [0.025, 0.975])
        row |= {"null_mean": mean, "null_low": low, "null_high": high}
        tie = TIE * max(abs(value), abs(mean))
        if np.isfinite(value):
            middle = (value + nulls.sum()) / (1 + len(nulls))
            n_as_far = np.sum(abs(nulls - middle) >= abs(value - middle) - tie)
            row["p_value"] = (1 + n_as_far) / (1 + len(nulls))
        spread = nulls.std(ddof=1) if len(nulls) > 1 else 0.0
        row["z"] = (value - mean) / spread if spread > tie else np.nan
        row["ratio"] = value / mean if mean != 0.0 else np.nan
    return {"value": value, **row, "n_nulls": len(nulls)}
