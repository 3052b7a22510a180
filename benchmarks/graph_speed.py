"""Seconds of processor time to measure a graph and to hold it against graphs at random."""

from __future__ import annotations

import time

import numpy as np

from ketacortex.analyse.graph_against_null import against_null
from ketacortex.analyse.graph_measures import graph_measures
from ketacortex.analyse.graph_nulls import degree_preserving

LINKS_OF_A_NODE = 50


def graph_speed(n_nodes: int = 1000, n_nulls: int = 100) -> dict[str, float]:
    """A graph with 50 links a node at random: one null, one set of measures, and all of it."""
    rng = np.random.default_rng(0)
    weight = rng.lognormal(size=(n_nodes, n_nodes))
    weight *= rng.random((n_nodes, n_nodes)) < LINKS_OF_A_NODE / n_nodes
    np.fill_diagonal(weight, 0.0)
    against_null(weight[:60, :60], degree_preserving, 1, rng)  # compiles
    start = time.process_time()
    degree_preserving(weight, rng)
    null_s = time.process_time() - start
    start = time.process_time()
    graph_measures(weight)
    measures_s = time.process_time() - start
    start = time.process_time()
    against_null(weight, degree_preserving, n_nulls, rng)
    return {
        "null_s": null_s,
        "measures_s": measures_s,
        "against_null_s": time.process_time() - start,
    }
