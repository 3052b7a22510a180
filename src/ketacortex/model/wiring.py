"""Drawing connections: fixed in-degree, probability by distance and by tuning."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ketacortex.units import orientation_difference_deg


class Connections(NamedTuple):
    """One pathway as a list of synapses."""

    source: NDArray[np.int64]
    target: NDArray[np.int64]


def distance_um(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance between every position of `first` and of `second`, (n_first, n_second) µm."""
    return np.linalg.norm(first[:, None] - second[None], axis=-1)


def reach_weight(distance: NDArray[np.float64], reach_um: float) -> NDArray[np.float64]:
    """Relative probability of a connection over a distance: Gaussian of the given reach."""
    return np.exp(-(distance**2) / (2 * reach_um**2))


def like_to_like_weight(
    first_deg: NDArray[np.float64], second_deg: NDArray[np.float64], concentration: float
) -> NDArray[np.float64]:
    """Relative probability by difference of preference: `exp(k (cos 2 d - 1))`."""
    difference = np.deg2rad(orientation_difference_deg(first_deg[:, None], second_deg[None]))
    return np.exp(concentration * (np.cos(2 * difference) - 1))


def connect(weight: NDArray[np.float64], share: float, rng: np.random.Generator) -> Connections:
    """Give every target the same number of distinct sources, drawn by `weight`.

    Parameters
    ----------
    weight : (n_target, n_source) relative probability; 0 forbids
    share : in-degree as a share of the sources
    """
    n_target, n_source = weight.shape
    n_in = min(round(share * n_source), int((weight > 0).sum(axis=1).min()))
    # The n smallest of exponential variates over weights are a draw without replacement.
    with np.errstate(divide="ignore"):
        key = rng.standard_exponential(weight.shape) / weight
    source = np.sort(np.argpartition(key, max(n_in - 1, 0), axis=1)[:, :n_in], axis=1)
    return Connections(source.ravel(), np.repeat(np.arange(n_target), n_in))


def delay_steps(
    distance: NDArray[np.float64], *, shortest_ms: float, longest_ms: float,
    conduction_um_per_ms: float, dt_ms: float,
) -> NDArray[np.int64]:  # fmt: skip
    """Delay of each connection in steps: synapse plus conduction, no longer than `longest_ms`."""
    delay_ms = np.minimum(shortest_ms + distance / conduction_um_per_ms, longest_ms)
    return np.maximum(np.rint(delay_ms / dt_ms), 1).astype(np.int64)
