r"""Concentration and amounts that come of an inflow which is constant within steps.

With :math:`g(s)` what a pulse of unit inflow has left at a place after :math:`s`, and an inflow
:math:`j_i` from :math:`t_i` to :math:`t_{i+1}`,

.. math:: C(t) = \sum_i (j_i - j_{i-1}) \, U(t - t_i), \qquad U(t) = \int_0^t g(s) \, ds

so that the integral :math:`U` is tabled once and combined for any time. Of each step's amount,
washout :math:`k` leaves :math:`e^{-kt}`, wherever it has spread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import exprel

from ketacortex.drug.linear_course import ROUNDING
from ketacortex.errors import ConfigurationError

N_TABLE_STEPS = 150
GAUSS_NODES, GAUSS_WEIGHTS = np.polynomial.legendre.leggauss(3)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SteppedInflow:
    """What enters the tissue, constant within steps and nothing outside them.

    Parameters
    ----------
    edges_s : (n_step + 1,) s, growing
    per_s : (n_step,) in any amount per s

    Examples
    --------
    >>> inflow = SteppedInflow(np.array([0.0, 10.0]), np.array([2.0]))
    >>> [inflow.entered(time_s) for time_s in (-1.0, 5.0, 60.0)]
    [0.0, 10.0, 20.0]
    """

    edges_s: Array
    per_s: Array

    def entered(self, time_s: float) -> float:
        """All that has entered until then, an amount."""
        until_s = np.minimum(self.edges_s, max(time_s, 0.0))
        return float(self.per_s @ np.diff(until_s))

    def remaining(self, time_s: float, washout_per_s: float) -> float:
        """What washout has left of it in the tissue, an amount."""
        until_s = np.minimum(self.edges_s, max(time_s, 0.0))
        lasted_s = np.diff(until_s)
        kept = np.exp(-washout_per_s * (time_s - until_s[1:])) * exprel(-washout_per_s * lasted_s)
        return float(self.per_s @ (lasted_s * kept))


class UptakeTable:
    """The integral of what a pulse of unit inflow leaves at given points.

    Parameters
    ----------
    left_by_pulse : gives (n_time, n_point) for (n_time, 1) s after the pulse
    n_points : how many points
    until_s : s, the last time that can be asked for

    Notes
    -----
    The table's times are even in the fourth root of time, dense at the start. Between them a cubic
    spline over the root of time is read.

    Examples
    --------
    A pulse that leaves 3 washes out with 1/s.

    >>> table = UptakeTable(lambda s: 3.0 * np.exp(-s), n_points=1, until_s=60.0)
    >>> table.of_steady_inflow(np.array([1.0, 60.0])).round(3)
    array([[1.896],
           [3.   ]])
    """

    def __init__(
        self, left_by_pulse: Callable[[Array], Array], n_points: int, until_s: float
    ) -> None:
        self._until_s = until_s
        self._root_s = np.sqrt(until_s) * np.linspace(0.0, 1.0, N_TABLE_STEPS + 1) ** 2
        steps = np.diff(self._root_s)
        grown = np.zeros((N_TABLE_STEPS, n_points))
        for node, weight in zip(GAUSS_NODES, GAUSS_WEIGHTS, strict=True):
            # ds = 2 r dr in the root of time r, which takes the singularity at 0 away.
            root = (self._root_s[:-1] + steps * (node + 1) / 2)[:, None]
            grown += weight * steps[:, None] * root * left_by_pulse(root**2)
        self._uptake = np.concatenate([np.zeros((1, n_points)), np.cumsum(grown, axis=0)])
        self._weights = CubicSpline(self._root_s, np.eye(N_TABLE_STEPS + 1))

    def of_steady_inflow(self, since_s: Array) -> Array:
        """What a unit inflow has brought since it began so long ago, (..., n_point)."""
        return CubicSpline(self._root_s, self._uptake)(np.sqrt(since_s))

    def of_steps(self, inflow: SteppedInflow, time_s: float) -> Array:
        """What an inflow has brought until `time_s`, (n_point,); 0 before its first step.

        Raises
        ------
        ConfigurationError
            After `until_s`, where the table ends.
        """
        if time_s > self._until_s * (1 + ROUNDING):
            raise ConfigurationError(
                f"the concentration at {time_s:g} s was asked for, but the field was computed to "
                f"{self._until_s:g} s. Give it a later horizon_s."
            )
        since_s = np.maximum(time_s - inflow.edges_s, 0.0)
        jumps = np.diff(inflow.per_s, prepend=0.0, append=0.0)
        weights = jumps @ self._weights(np.sqrt(since_s))
        return weights @ self._uptake
