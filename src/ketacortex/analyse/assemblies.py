"""Cell assemblies: groups of units that are active together, and when they are.

Correlations of independent units have eigenvalues up to a known bound; each one above it is a
direction in which units vary together. Independent components turn these directions into patterns,
which may share units, and a pattern has an activation in every bin of time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_SHIFTS = 99
"""A set of independent units exceeds the largest of so many by chance in 1 of 100."""
MAX_STEPS = 500
CONVERGED = 1e-8
"""Largest change of direction, as 1 - cosine, at which components stay as they are."""


@dataclass(frozen=True, kw_only=True)
class Assemblies:
    """Patterns of units that are active together, that with most variance first.

    Parameters
    ----------
    weight : (n_assembly, n_unit)
        Of unit length, the largest positive; 0 for units that never change.
    is_member : (n_assembly, n_unit)
        Units whose weight is above that of a pattern in which all units weigh the same.
    activation : (n_assembly, n_bin)
        Strength of each pattern in time, of no unit and about 0 on average for independent units.
    eigenvalue : (n_unit,)
        Of the correlations, the largest first; fewer where units never change.
    bound : largest eigenvalue that independent units would have
    """

    weight: NDArray[np.float64]
    is_member: NDArray[np.bool_]
    activation: NDArray[np.float64]
    eigenvalue: NDArray[np.float64]
    bound: float


def assemblies(counts: NDArray[np.float64], rng: np.random.Generator) -> Assemblies:
    """Cell assemblies in binned spike counts.

    Parameters
    ----------
    counts : (n_unit, n_bin) spikes
    rng : Generator
        Shifts the units in time and starts the components.

    Returns
    -------
    Assemblies
        None of them where fewer than 2 units change, or in fewer than 2 bins.

    Notes
    -----
    Counts are z-scored. The number of assemblies is that of eigenvalues above the bound of
    Marchenko and Pastur, ``(1 + sqrt(n_unit / n_bin))^2``, and above the largest eigenvalue of 99
    copies in which each unit is shifted in time by itself, end to start: few bins, sparse counts
    and slow changes push it beyond the former. The activation of pattern w at z-scores z is
    ``(w . z)^2 - sum_i w_i^2 z_i^2``, to which a unit alone adds nothing.

    References
    ----------
    Lopes-dos-Santos, Ribeiro and Tort (2013) 10.1016/j.jneumeth.2013.04.010
    """
    n_units, n_bins = counts.shape
    does_change = np.ptp(counts, axis=1) > 0.0 if n_bins else np.zeros(n_units, bool)
    z = _z_scores(counts[does_change])
    eigenvalue, direction = _principal(z)
    bound = _bound(z, rng)
    n_found = int((eigenvalue > bound).sum())
    within = _patterns(z, eigenvalue[:n_found], direction[:, :n_found], rng)
    weight = np.zeros((n_found, n_units))
    weight[:, does_change] = within
    return Assemblies(
        weight=weight,
        is_member=weight > 1.0 / np.sqrt(max(len(z), 1)),
        activation=(within @ z) ** 2 - within**2 @ z**2,
        eigenvalue=eigenvalue,
        bound=bound,
    )


def _z_scores(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    if counts.size == 0:
        return counts
    centred = counts - counts.mean(axis=1, keepdims=True)
    return centred / centred.std(axis=1, keepdims=True)


def _principal(z: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvalues of the correlations, largest first, and their directions, (n_unit, n_unit)."""
    eigenvalue, direction = np.linalg.eigh(z @ z.T / max(z.shape[1], 1))
    return eigenvalue[::-1], direction[:, ::-1]


def _bound(z: NDArray[np.float64], rng: np.random.Generator) -> float:
    n_units, n_bins = z.shape
    if n_units < 2:
        return np.inf
    largest = (1.0 + np.sqrt(n_units / n_bins)) ** 2
    for _ in range(N_SHIFTS):
        late = (np.arange(n_bins) + rng.integers(n_bins, size=(n_units, 1))) % n_bins
        shifted = np.take_along_axis(z, late, axis=1)
        largest = max(largest, np.linalg.eigvalsh(shifted @ shifted.T / n_bins)[-1])
    return float(largest)


def _patterns(
    z: NDArray[np.float64],
    eigenvalue: NDArray[np.float64],
    direction: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Independent components in the space of the directions, (n_assembly, n_unit)."""
    if not len(eigenvalue):
        return np.zeros((0, len(z)))
    white = (direction / np.sqrt(eigenvalue)).T @ z
    pattern = _unmixing(white, rng) @ direction.T
    peak = pattern[np.arange(len(pattern)), np.argmax(np.abs(pattern), axis=1)]
    pattern = pattern * np.sign(peak)[:, None]
    return pattern[np.argsort(-((pattern @ z) ** 2).sum(axis=1), kind="stable")]


def _unmixing(white: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Rotation that makes the rows of white data as independent as can be, (n, n).

    Fixed-point iteration on all components at once with the hyperbolic tangent.

    References
    ----------
    Hyvärinen (1999) 10.1109/72.761722
    """
    rotation = _orthogonal(rng.standard_normal((len(white), len(white))))
    for _ in range(MAX_STEPS):
        shaped = np.tanh(rotation @ white)
        slope = (1.0 - shaped**2).mean(axis=1, keepdims=True)
        new = _orthogonal(shaped @ white.T / white.shape[1] - slope * rotation)
        turned = np.abs(1.0 - np.abs((new * rotation).sum(axis=1))).max()
        rotation = new
        if turned < CONVERGED:
            break
    return rotation


def _orthogonal(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The orthogonal matrix nearest to it."""
    left, _, right = np.linalg.svd(matrix)
    return left @ right
