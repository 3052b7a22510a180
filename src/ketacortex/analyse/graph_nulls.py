"""Graphs at random that keep some properties of a given one, to see which others follow from them.

Links are moved by swaps: a to b and c to d become a to d and c to b, so that every unit keeps the
number of its links in each direction. A graph in which every link is returned is undirected, and
stays so: there both directions move together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.graph_measures import is_linked
from ketacortex.compiled import compiled

N_SWAPS = 10
"""Tried in a round, times the links."""
N_ROUNDS_BOUND = 50
"""Of swaps that must keep distances, of which about one in ten does."""
N_ROUNDS_LATTICE = 200
N_DISTANCE_BINS = 10
"""With as many links each."""
N_DEALS = 100
"""Steps in which weights are dealt by strength, between which the strengths left are ranked."""


def degree_preserving(weight: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """A graph at random in which every unit has as many links from it and to it.

    Parameters
    ----------
    weight : (n, n), positive where there is a link from the row to the column
    rng : Generator

    Returns
    -------
    (n, n)
        A link takes its weight along and keeps its source: in a directed graph the strengths from
        each unit stay too.

    Notes
    -----
    Ten swaps are tried a link; one that would double a link or link a unit to itself leaves the
    graph as it is. Swaps never turn a triangle round, which matters only for graphs of few links.

    References
    ----------
    Maslov and Sneppen (2002) 10.1126/science.1065103

    Examples
    --------
    >>> weight = np.triu(np.ones((6, 6)), 1)
    >>> drawn = degree_preserving(weight, np.random.default_rng(0))
    >>> drawn.sum(axis=1).tolist()
    [5.0, 4.0, 3.0, 2.0, 1.0, 0.0]
    """
    return _swapped(weight, rng, np.zeros(weight.shape, np.int32), False, 1)


def distance_preserving(
    weight: NDArray[np.float64], rng: np.random.Generator, distance_um: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A graph at random with the same degrees and as many links of each length.

    Parameters
    ----------
    weight : (n, n)
    rng : Generator
    distance_um : (n, n) µm, symmetric; pairs at an unknown distance, NaN, are a length of their own

    Returns
    -------
    (n, n)
        Links go with their weights, as in `degree_preserving`.

    Notes
    -----
    Lengths are binned, a tenth of the links in each. A swap is made only if the two new links lie
    in the same bins as the two old ones.
    """
    is_known = np.isfinite(distance_um)
    lengths = distance_um[is_linked(weight) & is_known]
    share = np.arange(1, N_DISTANCE_BINS) / N_DISTANCE_BINS
    edges = np.quantile(lengths, share) if len(lengths) else np.zeros(0)
    in_bin = np.where(is_known, np.digitize(distance_um, edges), N_DISTANCE_BINS)
    return _swapped(weight, rng, in_bin.astype(np.int32), False, N_ROUNDS_BOUND)


def latticised(weight: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """A graph with the same degrees whose links are near to as short as they can be on a ring.

    Parameters
    ----------
    weight : (n, n)
    rng : Generator
        Orders the units on the ring.

    Returns
    -------
    (n, n)
        As clustered as its degrees allow, or nearly.

    References
    ----------
    Sporns and Zwi (2004) 10.1385/NI:2:2:145
    """
    n = len(weight)
    place = rng.permutation(n)
    apart = np.abs(place[:, None] - place)
    around = np.minimum(apart, n - apart).astype(np.int32)
    return _swapped(weight, rng, around, True, N_ROUNDS_LATTICE)


def weight_shuffled(weight: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """A graph with the same links whose weights are dealt anew.

    Parameters
    ----------
    weight : (n, n)
        Where it is symmetric, both directions of a link get one weight.
    rng : Generator

    Returns
    -------
    (n, n)
    """
    is_symmetric = _is_symmetric(weight)
    source, target = _links(weight, is_symmetric)
    dealt = rng.permutation(weight[source, target])
    return _graph(len(weight), source, target, dealt, dealt if is_symmetric else None)


def strength_preserving(
    weight: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """A graph at random with the same degrees and weights, and about the same strengths.

    Parameters
    ----------
    weight : (n, n)
    rng : Generator

    Returns
    -------
    (n, n)

    Notes
    -----
    The links are those of `degree_preserving`. The expected weight of a link is the product of what
    its source has yet to give and its target to take. Links drawn at random get the weight of their
    own rank, in 100 steps between which the ranks are made anew.

    References
    ----------
    Rubinov and Sporns (2011) 10.1016/j.neuroimage.2011.03.069
    """
    is_symmetric = _is_symmetric(weight)
    kept = np.where(is_linked(weight), weight, 0.0)
    give, take = kept.sum(axis=1), kept.sum(axis=0)
    weights_left = np.sort(weight[_links(weight, is_symmetric)])
    source, target = _links(degree_preserving(weight, rng), is_symmetric)
    links_left = np.arange(len(source))
    dealt = np.zeros(len(source))
    for n_steps in range(N_DEALS, 0, -1):
        expected = give[source[links_left]] * take[target[links_left]]
        links_left = links_left[np.argsort(expected, kind="stable")]
        rank = rng.permutation(len(links_left))[: -(-len(links_left) // n_steps)]
        chosen = links_left[rank]
        dealt[chosen] = weights_left[rank]
        links_left, weights_left = np.delete(links_left, rank), np.delete(weights_left, rank)
        given = np.bincount(source[chosen], dealt[chosen], len(give))
        taken = np.bincount(target[chosen], dealt[chosen], len(take))
        if is_symmetric:
            given = taken = given + taken
        give, take = np.maximum(give - given, 0.0), np.maximum(take - taken, 0.0)
    return _graph(len(weight), source, target, dealt, dealt if is_symmetric else None)


def _is_symmetric(weight: NDArray[np.float64]) -> bool:
    kept = np.where(is_linked(weight), weight, 0.0)
    return bool((kept == kept.T).all())


def _links(
    weight: NDArray[np.float64], is_undirected: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sources and targets of the links, undirected ones once."""
    is_link = is_linked(weight)
    source, target = np.nonzero(np.triu(is_link) if is_undirected else is_link)
    return source, target


def _graph(
    n: int,
    source: NDArray[np.int64],
    target: NDArray[np.int64],
    weight: NDArray[np.float64],
    back: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    """Weights of links and, of undirected ones, of the way back."""
    found = np.zeros((n, n))
    found[source, target] = weight
    if back is not None:
        found[target, source] = back
    return found


def _swapped(
    weight: NDArray[np.float64],
    rng: np.random.Generator,
    length: NDArray[np.int32],
    is_to_shorten: bool,
    n_rounds: int,
) -> NDArray[np.float64]:
    """The graph after rounds of swaps that keep the two lengths, or do not add to their sum."""
    is_link = is_linked(weight)
    is_undirected = bool((is_link == is_link.T).all())
    source, target = _links(weight, is_undirected)
    there, back = weight[source, target], weight[target, source]
    for _ in range(n_rounds if len(source) else 0):
        pairs = rng.integers(len(source), size=(N_SWAPS * len(source), 2), dtype=np.int32)
        is_turned = is_undirected & (rng.random(len(pairs)) < 0.5)
        links = (source, target, there, back)
        _swap(is_link, links, pairs, is_turned, is_undirected, length, is_to_shorten)
    return _graph(len(weight), source, target, there, back if is_undirected else None)


@compiled()
def _swap(
    is_link: NDArray[np.bool_],
    links: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
    pairs: NDArray[np.int32],
    is_turned: NDArray[np.bool_],
    is_undirected: bool,
    length: NDArray[np.int32],
    is_to_shorten: bool,
) -> None:
    """Swap the targets of pairs of links, in place, where that is allowed."""
    source, target, there, back = links
    for k in range(len(pairs)):
        first, second = pairs[k]
        if is_turned[k]:
            source[second], target[second] = target[second], source[second]
            there[second], back[second] = back[second], there[second]
        a, b, c, d = source[first], target[first], source[second], target[second]
        if a == d or c == b or is_link[a, d] or is_link[c, b]:
            continue
        old, other_old, new, other_new = length[a, b], length[c, d], length[a, d], length[c, b]
        if is_to_shorten:
            if new + other_new > old + other_old:
                continue
        elif min(old, other_old) != min(new, other_new) or old + other_old != new + other_new:
            continue
        is_link[a, b] = is_link[c, d] = False
        is_link[a, d] = is_link[c, b] = True
        if is_undirected:
            is_link[b, a] = is_link[d, c] = False
            is_link[d, a] = is_link[b, c] = True
        target[first], target[second] = d, b
