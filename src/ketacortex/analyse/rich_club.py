"""Rich club: are the units with many links linked among each other more than their links imply?

Units with many links are so by chance alone. Only the ratio to graphs with the same degrees says
that there is a club, and as it is looked for at every degree, so must it be in those graphs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.graph_measures import is_linked

MIN_UNITS = 10
"""In a club whose ratio is looked at; of fewer, one link more or less is a large share."""


@dataclass(frozen=True, kw_only=True)
class RichClub:
    """How densely and strongly the units with more than k links are linked, for k = 0, 1, ...

    Parameters
    ----------
    n_units : (n_k,)
        With more than k links, to and from them together.
    density : (n_k,)
        Share of their ordered pairs that is linked, NaN for fewer than 2 units.
    strength : (n_k,)
        Weight among them over that of as many of the strongest links of the graph, NaN where they
        have no link.
    """

    n_units: NDArray[np.int64]
    density: NDArray[np.float64]
    strength: NDArray[np.float64]


def rich_club(weight: NDArray[np.float64]) -> RichClub:
    """Rich club coefficients of a graph, binary and weighted, at every degree.

    Parameters
    ----------
    weight : (n, n), positive where there is a link from the row to the column

    Notes
    -----
    With N units of more than k links and E links of weight W among them,
    ``density = E / (N (N - 1))`` and ``strength = W / (sum of the E largest weights)``. A link is
    in the club of every k below the smaller degree of its two ends.

    References
    ----------
    Colizza et al. (2006) 10.1038/nphys209; Opsahl et al. (2008) 10.1103/PhysRevLett.101.168702

    Examples
    --------
    >>> weight = np.zeros((4, 4))
    >>> weight[:2, :2] = 1.0 - np.eye(2)
    >>> weight[0, 2] = weight[1, 3] = 3.0
    >>> found = rich_club(weight)
    >>> found.n_units.tolist(), found.density.round(2).tolist(), found.strength.round(2).tolist()
    ([4, 2, 2], [0.33, 1.0, 1.0], [1.0, 0.33, 0.33])
    """
    is_link = is_linked(weight)
    degree = is_link.sum(axis=0) + is_link.sum(axis=1)
    source, target = np.nonzero(is_link)
    of_link = weight[source, target]
    lower = np.minimum(degree[source], degree[target])
    n = int(degree.max(initial=0)) + 1
    n_units, n_links = _above(degree, None, n).astype(int), _above(lower, None, n).astype(int)
    strongest = np.concatenate([[0.0], np.cumsum(np.sort(of_link)[::-1])])[n_links]
    n_pairs = n_units * (n_units - 1)
    missing = np.full(n - 1, np.nan)
    return RichClub(
        n_units=n_units,
        density=np.divide(n_links, n_pairs, out=missing.copy(), where=n_pairs > 0),
        strength=np.divide(_above(lower, of_link, n), strongest, out=missing, where=n_links > 0),
    )


def largest_ratios(
    coefficient: NDArray[np.float64], n_units: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Largest ratio over all k of the coefficient of each graph to the mean of the others.

    Parameters
    ----------
    coefficient : (n_graph, n_k)
        Of a graph and of graphs at random with its degrees.
    n_units : (n_k,)
        Only clubs of 10 or more count.

    Returns
    -------
    (n_graph,)
        NaN where there is no such club. All graphs are treated alike: that of the first can be held
        against those of the others, however many k there are.
    """
    found = coefficient[:, n_units >= MIN_UNITS]
    others = found.sum(axis=0) - found
    ratio = np.divide(
        found * (len(found) - 1), others, out=np.full(found.shape, -np.inf), where=others > 0.0
    )
    largest = ratio.max(axis=1, initial=-np.inf)
    return np.where(np.isfinite(largest), largest, np.nan)


def _above(level: NDArray[np.int64], weight: NDArray[np.float64] | None, n: int) -> NDArray:
    """Number, or weight, of those at a level above 0, 1, ... n - 2."""
    return np.bincount(level, weight, n)[::-1].cumsum()[::-1][1:]
