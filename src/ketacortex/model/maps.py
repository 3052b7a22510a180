"""Where cells lie and which orientation each prefers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def scatter_cells(n: int, width_um: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Positions of `n` cells in a square patch, spread evenly: one in each cell of a jittered grid.

    Returns
    -------
    (n, 2) µm
    """
    side = int(np.ceil(np.sqrt(n)))
    corners = np.stack(np.divmod(np.arange(side * side), side), axis=1).astype(float)
    chosen = corners[np.sort(rng.choice(side * side, n, replace=False))]
    return (chosen + rng.random((n, 2))) * width_um / side


def orientation_map(
    position_um: NDArray[np.float64], period_um: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Preferred orientation of a smooth map with pinwheels, in [0, 180) degrees.

    The map is half the phase of a sum of plane waves of one wavelength, their directions evenly
    spread, signs and phases random, as in Kaschube et al. 2010, 10.1126/science.1194869.

    Parameters
    ----------
    position_um : (n, 2) µm
    period_um : µm
    """
    n_waves = 30
    angle = np.pi * (np.arange(n_waves) + rng.random()) / n_waves
    sign = rng.choice([-1.0, 1.0], n_waves)
    wave = 2 * np.pi / period_um * np.stack([np.cos(angle), np.sin(angle)]) * sign
    field = np.exp(1j * (position_um @ wave + rng.uniform(0, 2 * np.pi, n_waves))).sum(axis=1)
    return np.rad2deg(np.angle(field)) / 2 % 180.0
