"""Numbers that describe a directed, weighted graph of units as a whole.

A link from i to j is a positive `weight[i, j]`; anything else, and the diagonal, is none. An
undirected link stands in both directions. What a number means is seen only beside graphs at
random, which `graph_nulls.py` makes.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ketacortex.compiled import compiled


def graph_measures(
    weight: NDArray[np.float64], preferred_deg: NDArray[np.float64] | None = None
) -> dict[str, float]:
    """All measures of a graph, by name.

    Parameters
    ----------
    weight : (n, n), positive where there is a link from the row to the column
    preferred_deg : (n,) preferred orientation in degrees, 180 as 0; NaN where it is unknown
        Without it `tuning_assortativity` is left out.

    Returns
    -------
    dict
        NaN where a measure has nothing to stand on.

    Notes
    -----
    ``clustering`` and ``weighted_clustering`` are means over units whose links could close a
    triangle, ``path_length`` and ``efficiency`` count each link as 1.

    Examples
    --------
    >>> ring = np.roll(np.eye(4), 1, axis=1)
    >>> found = graph_measures(ring)
    >>> found["path_length"], found["reciprocity"], round(found["density"], 3)
    (2.0, 0.0, 0.333)
    """
    found = {
        "density": density(weight),
        "mean_link_strength": mean_link_strength(weight),
        "reciprocity": reciprocity(weight),
        "reciprocity_rho": reciprocity_rho(weight),
        "clustering": _mean_known(clustering(weight)),
        "weighted_clustering": _mean_known(weighted_clustering(weight)),
        **path_measures(weight),
        "degree_assortativity": degree_assortativity(weight),
    }
    if preferred_deg is not None:
        found["tuning_assortativity"] = tuning_assortativity(weight, preferred_deg)
    return found


def is_linked(weight: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether there is a link from the row to the column, (n, n).

    >>> is_linked(np.array([[1.0, 0.5], [np.nan, 0.0]])).tolist()
    [[False, True], [False, False]]
    """
    found = np.asarray(weight) > 0.0
    np.fill_diagonal(found, False)
    return found


def n_linked_pairs(weight: NDArray[np.float64]) -> int:
    """Pairs of nodes with a link one way or both.

    >>> n_linked_pairs(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 2.0], [0.0, 0.0, 0.0]]))
    2
    """
    link = is_linked(weight)
    return int(np.triu(link | link.T).sum())


def density(weight: NDArray[np.float64]) -> float:
    """Share of ordered pairs of units that are linked."""
    n = len(weight)
    return float(is_linked(weight).sum() / (n * (n - 1))) if n > 1 else math.nan


def mean_link_strength(weight: NDArray[np.float64]) -> float:
    """Mean weight of the links, in the unit of the weights."""
    is_link = is_linked(weight)
    return float(weight[is_link].mean()) if is_link.any() else math.nan


def reciprocity(weight: NDArray[np.float64]) -> float:
    """Share of links that are returned."""
    is_link = is_linked(weight)
    return float(is_link.T[is_link].mean()) if is_link.any() else math.nan


def reciprocity_rho(weight: NDArray[np.float64]) -> float:
    """Reciprocity beyond that of a random graph as dense: 0 by chance, 1 where all are returned.

    Notes
    -----
    ``rho = (r - a) / (1 - a)`` with reciprocity r and density a; NaN where all pairs are linked.

    References
    ----------
    Garlaschelli and Loffredo (2004) 10.1103/PhysRevLett.93.268701
    """
    by_chance = density(weight)
    return (reciprocity(weight) - by_chance) / (1.0 - by_chance) if by_chance < 1.0 else math.nan


def clustering(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Clustering of each unit: closed directed triangles over those its links could be part of.

    Returns
    -------
    (n,), NaN for units whose links can be part of none

    Notes
    -----
    With links A, ``C = diag((A + A')^3) / (2 (d (d - 1) - 2 b))``: d counts the links of a unit to
    and from it, b its returned ones.

    References
    ----------
    Fagiolo (2007) 10.1103/PhysRevE.76.026107
    """
    # Sums of small integers are exact in single precision, which is twice as fast.
    is_link = is_linked(weight)
    return _over_possible(_triangles(is_link.astype(np.float32)), is_link)


def weighted_clustering(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Clustering in which a triangle counts as the geometric mean of its weights over the largest.

    Returns
    -------
    (n,), NaN for units whose links can be part of no triangle

    References
    ----------
    Onnela et al. (2005) 10.1103/PhysRevE.71.065103, for undirected graphs; Fagiolo (2007)
    10.1103/PhysRevE.76.026107
    """
    is_link = is_linked(weight)
    kept = np.where(is_link, weight, 0.0)
    return _over_possible(_triangles(np.cbrt(kept / (kept.max(initial=0.0) or 1.0))), is_link)


def path_measures(weight: NDArray[np.float64]) -> dict[str, float]:
    """Mean length of the shortest paths, global efficiency and share of pairs that have a path.

    Parameters
    ----------
    weight : (n, n)

    Returns
    -------
    dict
        ``path_length`` in links, over ordered pairs that have a path; ``efficiency``, the mean of
        1 / length over all ordered pairs, 0 for those without; ``reachable_share``.

    References
    ----------
    Latora and Marchiori (2001) 10.1103/PhysRevLett.87.198701
    """
    n = len(weight)
    source, target = np.nonzero(is_linked(weight))
    first = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=n))])
    n_reached, total, inverse = _path_sums(first, target)
    n_pairs = n * (n - 1)
    return {
        "path_length": total / n_reached if n_reached else math.nan,
        "efficiency": inverse / n_pairs if n_pairs else math.nan,
        "reachable_share": n_reached / n_pairs if n_pairs else math.nan,
    }


def degree_assortativity(weight: NDArray[np.float64]) -> float:
    """Correlation over links of the links from their source with the links to their target.

    NaN where either is the same for all links.

    References
    ----------
    Newman (2002) 10.1103/PhysRevLett.89.208701
    """
    is_link = is_linked(weight)
    source, target = np.nonzero(is_link)
    from_source, to_target = is_link.sum(axis=1)[source], is_link.sum(axis=0)[target]
    if not len(source) or not np.ptp(from_source) or not np.ptp(to_target):
        return math.nan
    return float(np.corrcoef(from_source, to_target)[0, 1])


def tuning_assortativity(weight: NDArray[np.float64], preferred_deg: NDArray[np.float64]) -> float:
    """How much nearer in preferred orientation linked units are than all units, from -2 to 2.

    Parameters
    ----------
    weight : (n, n)
    preferred_deg : (n,), NaN where it is unknown

    Notes
    -----
    ``sum w_ij cos 2 (p_i - p_j) / sum w_ij`` over links less the mean of the cosine over all pairs,
    each of units with known preference.

    Examples
    --------
    >>> preferred_deg = np.array([10.0, 190.0, 100.0, 280.0])
    >>> weight = np.kron(np.eye(2), 1.0 - np.eye(2))
    >>> round(tuning_assortativity(weight, preferred_deg), 3)
    1.333
    """
    is_known = np.isfinite(preferred_deg)
    n = int(is_known.sum())
    is_link = is_linked(weight) & is_known[:, None] & is_known
    if not is_link.any():
        return math.nan
    axis = np.exp(2j * np.deg2rad(preferred_deg))
    source, target = np.nonzero(is_link)
    likeness = (axis[source] * axis[target].conj()).real
    of_pairs = (abs(axis[is_known].sum()) ** 2 - n) / (n * (n - 1))
    return float(np.average(likeness, weights=weight[is_link]) - of_pairs)


def _mean_known(value: NDArray[np.float64]) -> float:
    is_known = np.isfinite(value)
    return float(value[is_known].mean()) if is_known.any() else math.nan


def _triangles(link: NDArray) -> NDArray[np.float64]:
    """Diagonal of the cube of links in either direction, (n,)."""
    either = link + link.T
    return (either @ either * either).sum(axis=1, dtype=np.float64)


def _over_possible(
    triangles: NDArray[np.float64], is_link: NDArray[np.bool_]
) -> NDArray[np.float64]:
    degree = is_link.sum(axis=0) + is_link.sum(axis=1)
    possible = 2 * (degree * (degree - 1) - 2 * (is_link & is_link.T).sum(axis=1))
    return np.divide(triangles, possible, out=np.full(len(degree), np.nan), where=possible > 0)


@compiled()
def _path_sums(first: NDArray[np.int64], target: NDArray[np.int64]) -> tuple[int, int, float]:
    """Pairs with a path, the sum of their lengths, and that of 1 / length.

    The search runs from 64 sources at once, each a bit of a word.
    """
    n = len(first) - 1
    n_reached, total, inverse = 0, 0, 0.0
    for begin in range(0, n, 64):
        seen = np.zeros(n, np.uint64)
        for bit in range(min(64, n - begin)):
            seen[begin + bit] = np.uint64(1) << np.uint64(bit)
        front = seen.copy()
        length = 0
        while True:
            length += 1
            reached = np.zeros(n, np.uint64)
            for unit in range(n):
                if front[unit]:
                    for k in range(first[unit], first[unit + 1]):
                        reached[target[k]] |= front[unit]
            count = 0
            for unit in range(n):
                new = reached[unit] & ~seen[unit]
                seen[unit] |= new
                front[unit] = new
                while new:
                    new &= new - np.uint64(1)
                    count += 1
            if count == 0:
                break
            n_reached += count
            total += count * length
            inverse += count / length
    return n_reached, total, inverse
