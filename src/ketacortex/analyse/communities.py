"""Communities: groups of units with more or stronger links inside than their strengths imply.

A search for the best partition ends somewhere else from every start. What many searches agree on
is clustered again until they all agree: the consensus.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ketacortex.analyse.graph_measures import is_linked
from ketacortex.compiled import compiled

MAX_ROUNDS = 20
"""Of clustering what the last round agrees on; two or three are usual."""
SMALLEST_GAIN = 1e-12
"""Of modularity, for which a unit is moved; less is rounding."""


@dataclass(frozen=True, kw_only=True)
class Communities:
    """A partition of the units of a graph.

    Parameters
    ----------
    label : (n_unit,)
        Community of each unit, from 0, the largest. A unit without links is one of its own.
    modularity : of the partition, NaN in a graph without links
    """

    label: NDArray[np.int64]
    modularity: float


def modularity(weight: NDArray[np.float64], label: NDArray[np.int64]) -> float:
    """Weight of the links inside communities beyond what strengths imply, over all weight.

    Parameters
    ----------
    weight : (n, n), positive where there is a link from the row to the column
    label : (n,) community of each unit

    Notes
    -----
    ``Q = sum_c (w_c / m - o_c i_c / m^2)``: w_c is the weight inside community c, o_c and i_c what
    its units give and take, m all weight. Of an undirected graph this is Newman's modularity.

    References
    ----------
    Leicht and Newman (2008) 10.1103/PhysRevLett.100.118703

    Examples
    --------
    >>> weight = np.kron(np.eye(2), 1.0 - np.eye(3))
    >>> modularity(weight, np.array([0, 0, 0, 1, 1, 1]))
    0.5
    """
    kept = np.where(is_linked(weight), weight, 0.0)
    total = kept.sum()
    if total == 0.0:
        return math.nan
    community = np.unique(label, return_inverse=True)[1]
    source, target = np.nonzero(kept)
    is_inside = community[source] == community[target]
    given = np.bincount(community, kept.sum(axis=1)) / total
    taken = np.bincount(community, kept.sum(axis=0)) / total
    return float(kept[source, target][is_inside].sum() / total - given @ taken)


def best_partition(
    weight: NDArray[np.float64], rng: np.random.Generator, n_starts: int
) -> Communities:
    """The partition with the highest modularity of several searches.

    Parameters
    ----------
    weight : (n, n)
    rng : Generator
        Orders the units in each search.
    n_starts : 1 or more

    Notes
    -----
    Each search moves units one by one to the community that gains most, splits the communities into
    parts that hold together, moves the parts as wholes, and starts again with the units, until
    nothing moves.

    References
    ----------
    Traag, Waltman and van Eck (2019) 10.1038/s41598-019-41695-z
    """
    found = [(modularity(weight, label), label) for label in _searches(weight, rng, n_starts)]
    highest, label = max(found, key=lambda one: one[0])
    return Communities(label=_by_size(label), modularity=highest)


def consensus_communities(
    weight: NDArray[np.float64], rng: np.random.Generator, n_starts: int
) -> Communities:
    """The partition that several searches agree on.

    Parameters
    ----------
    weight : (n, n)
    rng : Generator
    n_starts : 2 or more

    Notes
    -----
    The agreement of two units is the share of searches that put them together. What is not above
    chance, ``mean over searches of sum_c n_c (n_c - 1) / (n (n - 1))`` with n_c units in community
    c, is set to 0, and the agreement is searched as a graph, until all searches give one partition.

    References
    ----------
    Lancichinetti and Fortunato (2012) 10.1038/srep00336
    """
    labels = _searches(weight, rng, n_starts)
    for _ in range(MAX_ROUNDS):
        agreement, by_chance = _agreement(labels)
        if (agreement % 1.0 == 0.0).all():
            break
        labels = _searches(np.where(agreement > by_chance, agreement, 0.0), rng, n_starts)
    return Communities(label=_by_size(labels[0]), modularity=modularity(weight, labels[0]))


def _searches(
    weight: NDArray[np.float64], rng: np.random.Generator, n_starts: int
) -> list[NDArray[np.int64]]:
    """Community of each unit, numbered in any order, found from each start."""
    kept = np.where(is_linked(weight), weight, 0.0)
    total = kept.sum()
    if total == 0.0:
        return [np.arange(len(weight))] * n_starts
    kept = kept / total
    graph = _Graph(
        links=sparse.csr_array(kept + kept.T), given=kept.sum(axis=1), taken=kept.sum(axis=0)
    )
    return [_search(graph, rng) for _ in range(n_starts)]


@dataclass(frozen=True, kw_only=True)
class _Graph:
    """Units, or parts of communities, with links of both directions and what they give and take.

    All as shares of the weight of the graph.
    """

    links: sparse.csr_array
    given: NDArray[np.float64]
    taken: NDArray[np.float64]


def _search(graph: _Graph, rng: np.random.Generator) -> NDArray[np.int64]:
    label, previous = np.arange(len(graph.given)), None
    while previous is None or (label != previous).any():
        previous, label = label, _by_size(_improved(graph, label, rng))
    return label


def _improved(
    graph: _Graph, start: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """A partition at least as good: single moves, then those of ever larger parts."""
    n = len(start)
    label = _moved(graph, start, np.zeros(n, np.int64), rng)
    part = np.unique(_moved(graph, np.arange(n), label, rng), return_inverse=True)[1]
    n_parts = int(part.max()) + 1
    if n_parts == n:
        return label
    of_part = np.empty(n_parts, np.int64)
    of_part[part] = np.unique(label, return_inverse=True)[1]
    member = sparse.csr_array((np.ones(n), (np.arange(n), part)), shape=(n, n_parts))
    parts = _Graph(
        links=sparse.csr_array(member.T @ graph.links @ member),
        given=np.asarray(member.T @ graph.given),
        taken=np.asarray(member.T @ graph.taken),
    )
    return _improved(parts, of_part, rng)[part]


def _moved(
    graph: _Graph,
    start: NDArray[np.int64],
    bound: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """The partition after units were moved, among those of the same bound, until none gains."""
    label = start.copy()
    links = (graph.links.indptr, graph.links.indices, graph.links.data)
    _move(links, graph.given, graph.taken, label, bound, rng.permutation(len(label)))
    return label


@compiled()
def _move(
    links: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]],
    given: NDArray[np.float64],
    taken: NDArray[np.float64],
    label: NDArray[np.int64],
    bound: NDArray[np.int64],
    order: NDArray[np.int64],
) -> None:
    """Move units, in place, to where modularity gains most; labels are below their number."""
    first, target, share = links
    n = len(label)
    size, gives, takes = np.zeros(n, np.int64), np.zeros(n), np.zeros(n)
    for unit in range(n):
        size[label[unit]] += 1
        gives[label[unit]] += given[unit]
        takes[label[unit]] += taken[unit]
    shared = np.zeros(n)
    near = np.empty(n, np.int64)
    has_moved = True
    while has_moved:
        has_moved = False
        for unit in order:
            own = label[unit]
            size[own] -= 1
            gives[own] -= given[unit]
            takes[own] -= taken[unit]
            n_near = 0
            for k in range(first[unit], first[unit + 1]):
                other = target[k]
                if other != unit and bound[other] == bound[unit]:
                    if shared[label[other]] == 0.0:
                        near[n_near] = label[other]
                        n_near += 1
                    shared[label[other]] += share[k]
            best = own
            highest = shared[own] - given[unit] * takes[own] - taken[unit] * gives[own]
            if highest < -SMALLEST_GAIN and size[own] > 0:
                # Alone it would be better off: the first label that nobody has.
                best, highest = np.argmin(size), 0.0
            for k in range(n_near):
                there = near[k]
                gain = shared[there] - given[unit] * takes[there] - taken[unit] * gives[there]
                if gain > highest + SMALLEST_GAIN:
                    best, highest = there, gain
                shared[there] = 0.0
            has_moved |= best != own
            label[unit] = best
            size[best] += 1
            gives[best] += given[unit]
            takes[best] += taken[unit]


def _agreement(labels: list[NDArray[np.int64]]) -> tuple[NDArray[np.float64], float]:
    """Share of partitions that put two units together, (n, n), and the same by chance."""
    n = len(labels[0])
    total = np.zeros((n, n))
    for label in labels:
        total += label[:, None] == label
    np.fill_diagonal(total, 0.0)
    return total / len(labels), float(total.sum() / len(labels) / max(n * (n - 1), 1))


def _by_size(label: NDArray[np.int64]) -> NDArray[np.int64]:
    """Labels from 0, the largest; of two as large, that of the earlier unit comes first."""
    _, first, number, size = np.unique(
        label, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(size), np.int64)
    rank[np.lexsort((first, -size))] = np.arange(len(size))
    return rank[number]
