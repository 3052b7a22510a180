r"""Outlines on the pia through which drug enters evenly, and how they blur as it spreads.

A pulse through the outline :math:`A` that has spread for a time :math:`s` with apparent diffusion
:math:`D` reaches a place :math:`x` with the share

.. math:: X(x, q) = \int_A \frac{e^{-|x - x'|^2 / q^2}}{\pi q^2} \, dx', \qquad q^2 = 4 D s

of what an endless outline would bring: 1 well inside, 1/2 at a straight edge, 0 far away. A square
is the product of two strips. Of a disk of radius :math:`R` the slope along the radius is known,

.. math:: \frac{\partial X}{\partial \rho} =
    -\frac{2 R}{q^2} e^{-(\rho^2 + R^2)/q^2} I_1\!\left(\frac{2 \rho R}{q^2}\right)

(:math:`X` itself is a noncentral chi-square distribution), and so is the mean over itself.

Carslaw & Jaeger 1959, Conduction of Heat in Solids; the mean over the disk is the solution of
Soumpasis 1983, 10.1016/S0006-3495(83)84410-5, for the recovery of a bleached disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline
from scipy.special import erf, i0e, i1e

N_RADIUS_STEPS = 200
BLURRED_REACHES = 6.0  # from the edge; beyond it the share is 0 or 1 to double precision
GAUSS_NODES, GAUSS_WEIGHTS = np.polynomial.legendre.leggauss(3)

Array = NDArray[np.float64]


class Footprint(Protocol):
    """What a reservoir on the pia has to know of its outline, whose centre is at 0."""

    @property
    def area_um2(self) -> float:
        """Area, µm²."""

    def share(self, x_um: Array, y_um: Array, reach_um: Array, of: Array) -> Array:
        """Give the share of `of` that is left at given places once a pulse has spread.

        Parameters
        ----------
        x_um, y_um : (n_point,) µm
        reach_um : (n_time, 1) µm, √(4Ds) after times s
        of : (n_time, n_point), what an endless outline would bring

        Returns
        -------
        (n_time, n_point), as `of`
        """

    def mean_share(self, reach_um: Array) -> Array:
        """Mean share over the outline itself, of the shape of `reach_um`, 0 to 1."""


@dataclass(frozen=True)
class Square:
    """A square with sides along x and y.

    Parameters
    ----------
    side_um : µm

    Examples
    --------
    >>> reach, one = np.array([[100.0]]), np.ones((1, 1))
    >>> Square(1000.0).share(np.array([0.0, 500.0, 800.0]), np.zeros(3), reach, one).round(3)
    array([[1. , 0.5, 0. ]])
    """

    side_um: float

    @property
    def area_um2(self) -> float:
        """Area, µm²."""
        return self.side_um**2

    def share(self, x_um: Array, y_um: Array, reach_um: Array, of: Array) -> Array:
        """Share of `of` at given places, (n_time, n_point); see `Footprint`."""
        return of * self._across(x_um, reach_um) * self._across(y_um, reach_um)

    def mean_share(self, reach_um: Array) -> Array:
        """Mean share over the square itself, 0 to 1."""
        widths = self.side_um / reach_um
        along: Array = erf(widths) + np.expm1(-(widths**2)) / (widths * np.sqrt(np.pi))
        return along**2

    def _across(self, offset_um: Array, reach_um: Array) -> Array:
        """Share of a strip as wide as the square, so far from its middle."""
        half_um = self.side_um / 2
        return 0.5 * (erf((offset_um + half_um) / reach_um) - erf((offset_um - half_um) / reach_um))


@dataclass(frozen=True)
class Disk:
    """A disk, as of a round well or a punched paper.

    Parameters
    ----------
    radius_um : µm

    Notes
    -----
    For every time the share is tabled over the radius, as the integral of its slope from outside
    in, and read with a cubic that has this slope; it is off by less than 1e-7.

    Examples
    --------
    >>> reach, one = np.array([[100.0]]), np.ones((1, 1))
    >>> Disk(500.0).share(np.array([0.0, 500.0, 800.0]), np.zeros(3), reach, one).round(3)
    array([[1.   , 0.472, 0.   ]])
    """

    radius_um: float

    @property
    def area_um2(self) -> float:
        """Area, µm²."""
        return np.pi * self.radius_um**2

    def share(self, x_um: Array, y_um: Array, reach_um: Array, of: Array) -> Array:
        """Share of `of` at given places, (n_time, n_point); see `Footprint`."""
        distance_um = np.hypot(x_um, y_um)
        inmost_um = np.maximum(self.radius_um - BLURRED_REACHES * reach_um, 0.0)
        outmost_um = self.radius_um + BLURRED_REACHES * reach_um
        step_um = (outmost_um - inmost_um) / N_RADIUS_STEPS
        table_um = inmost_um + step_um * np.arange(N_RADIUS_STEPS + 1)
        gained = np.zeros_like(table_um)  # from one radius of the table to the next one inwards
        for node, weight in zip(GAUSS_NODES, GAUSS_WEIGHTS, strict=True):
            between_um = table_um[:, :-1] + step_um * (node + 1) / 2
            gained[:, :-1] -= weight * step_um / 2 * self._slope(between_um, reach_um)
        tabled = np.cumsum(gained[:, ::-1], axis=1)[:, ::-1]
        slopes = self._slope(table_um, reach_um)
        read = [
            CubicHermiteSpline(radii, *row)(np.clip(distance_um, radii[0], radii[-1]))
            for radii, *row in zip(table_um, tabled, slopes, strict=True)
        ]
        return of * np.array(read)

    def mean_share(self, reach_um: Array) -> Array:
        """Mean share over the disk itself, 0 to 1."""
        squeezed = 2 * (self.radius_um / reach_um) ** 2
        return 1 - (i0e(squeezed) + i1e(squeezed))

    def _slope(self, distance_um: Array, reach_um: Array) -> Array:
        """Change of the share along the radius, 1/µm."""
        edge = np.exp(-(((distance_um - self.radius_um) / reach_um) ** 2))
        around = i1e(2 * distance_um * self.radius_um / reach_um**2)
        return -2 * self.radius_um / reach_um**2 * edge * around
