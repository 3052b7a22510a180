r"""How a drug spreads into cortex from a square of soaked filter paper on the pia.

Free concentration :math:`C` in the tissue :math:`z > 0`, and what passes its surface,

.. math:: \partial_t C = D \nabla^2 C - k C, \qquad J = -V D \, \partial_z C |_{z=0}

with apparent diffusion :math:`D`, washout :math:`k` and storage :math:`V` (all drug over free).
Beside the paper nothing passes. Under it the flux is spread evenly, and its sum is such that the
mean concentration at the top of the tissue is a share `surface_transfer` of that in the paper,
which is stirred and holds :math:`L` of solution per area:

.. math:: \langle C \rangle_{z=0} = f C_p, \qquad L \, dC_p/dt = -J

until it is lifted off; then :math:`J = 0`. An even flux makes Green's function a product,

.. math:: g = \frac{e^{-z^2/q^2 - ks}}{V \sqrt{\pi D s}} X(x, s) X(y, s), \qquad
    X = \tfrac12 \operatorname{erf}\frac{x + w/2}{q} - \tfrac12 \operatorname{erf}\frac{x - w/2}{q},
    \qquad q^2 = 4 D s

for a paper of side :math:`w`, so that the flux alone is unknown and needs no grid in space.

Nicholson & Sykova 1998, 10.1016/S0166-2236(98)01261-2; Carslaw & Jaeger 1959, Conduction of Heat
in Solids; product integration as in Linz 1985, 10.1137/1.9781611970852.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.linalg import solve_triangular
from scipy.special import erf, exprel

from ketacortex.errors import ConfigurationError
from ketacortex.evidence.tissue import APPARENT_DIFFUSION, PAPER_CAPACITY, STORAGE, WASHOUT
from ketacortex.settings import Settings, sourced

N_FLUX_STEPS = 300
N_TABLE_STEPS = 150
UM2_PER_CM2 = 1e8
UM_PER_MM = 1e3
S_PER_MIN = 60.0
NMOL_PER_MICROMOLAR_UM3 = 1e-12
GAUSS_NODES, GAUSS_WEIGHTS = np.polynomial.legendre.leggauss(3)

Array = NDArray[np.float64]


class Tissue(Settings):
    """What the cortex does with a drug, and what filter paper holds."""

    diffusion_cm2_per_s: Annotated[
        float,
        sourced(APPARENT_DIFFUSION.unit, APPARENT_DIFFUSION.source, "apparent diffusion", gt=0),
    ] = APPARENT_DIFFUSION.value
    washout_per_min: Annotated[
        float, sourced(WASHOUT.unit, WASHOUT.source, "share that blood carries off", ge=0)
    ] = WASHOUT.value
    storage: Annotated[
        float, sourced(STORAGE.unit, STORAGE.source, "all drug in tissue over free", gt=0)
    ] = STORAGE.value
    paper_ul_per_mm2: Annotated[
        float, sourced(PAPER_CAPACITY.unit, PAPER_CAPACITY.source, "solution in paper", gt=0)
    ] = PAPER_CAPACITY.value


class PaperField:
    """Free concentration at given points of the cortex, from one paper laid on at time 0.

    Parameters
    ----------
    tissue : Tissue
    paper_micromolar : µM in the fresh paper; everything is proportional to it
    side_um : µm, of the square paper
    x_um, y_um : µm, its centre
    duration_s : s until it is lifted off
    surface_transfer : mean concentration at the top of the tissue under the paper over that in it,
        0 to 1; what pia and fluid hold back. 1 holds nothing back
    position_um : (n, 2) µm, the points
    depth_um : (n,) µm below the pia, 0 or more
    horizon_s : s, the last time that can be asked for

    Notes
    -----
    The flux is constant within steps that grow from the start, where it falls with the root of
    time; at the end of each step the mean under the paper and what is left in it agree. Uptake
    integrals of the points are tabled once, over the root of time, and combined at each call.

    Examples
    --------
    300 µm under the middle of the paper, before, during and after an hour of it.

    >>> below = PaperField(
    ...     Tissue(), paper_micromolar=100.0, side_um=1000.0, x_um=0.0, y_um=0.0,
    ...     duration_s=3600.0, surface_transfer=0.01, position_um=np.zeros((1, 2)),
    ...     depth_um=np.array([300.0]), horizon_s=7200.0,
    ... )
    >>> [round(float(below.at(minutes * 60.0)[0]), 3) for minutes in (0, 10, 60, 75)]
    [0.0, 0.076, 0.048, 0.004]
    """

    def __init__(
        self,
        tissue: Tissue,
        *,
        paper_micromolar: float,
        side_um: float,
        x_um: float,
        y_um: float,
        duration_s: float,
        surface_transfer: float,
        position_um: Array,
        depth_um: Array,
        horizon_s: float,
    ) -> None:
        self._diffusion = tissue.diffusion_cm2_per_s * UM2_PER_CM2
        self._washout = tissue.washout_per_min / S_PER_MIN
        self._storage = tissue.storage
        self._side_um = side_um
        self._paper_um = tissue.paper_ul_per_mm2 * UM_PER_MM
        self._paper_micromolar = paper_micromolar
        self._horizon_s = horizon_s
        self._edges_s = duration_s * np.linspace(0.0, 1.0, N_FLUX_STEPS + 1) ** 4
        longest_s = max(duration_s, horizon_s)
        self._root_s = np.sqrt(longest_s) * np.linspace(0.0, 1.0, N_TABLE_STEPS + 1) ** 2
        self._flux_um_per_s = self._solve_flux(surface_transfer)
        x, y = position_um[:, 0] - x_um, position_um[:, 1] - y_um
        self._uptake = self._integrate(
            lambda s: self._over_depth(depth_um, s) * self._across(x, s) * self._across(y, s),
            len(depth_um),
        )
        self._weights = CubicSpline(self._root_s, np.eye(N_TABLE_STEPS + 1))

    def at(self, time_s: float) -> Array:
        """Free concentration at every point, (n,) µM; 0 until the paper is laid on.

        Raises
        ------
        ConfigurationError
            After `horizon_s`, where the tables end.
        """
        if time_s > self._horizon_s:
            raise ConfigurationError(
                f"the concentration at {time_s:g} s was asked for, but the field was computed to "
                f"{self._horizon_s:g} s. Give it a later horizon_s."
            )
        since_s = np.maximum(time_s - self._edges_s, 0.0)
        jumps = np.diff(self._flux_um_per_s, prepend=0.0, append=0.0)
        weights = jumps @ self._weights(np.sqrt(since_s))
        return self._paper_micromolar * (weights @ self._uptake)

    def entered_nmol(self, time_s: float) -> float:
        """What has entered the tissue and not gone back to the paper, nmol."""
        until_s = np.minimum(self._edges_s, max(time_s, 0.0))
        return self._nmol(float(self._flux_um_per_s @ np.diff(until_s)))

    def paper_nmol(self, time_s: float) -> float:
        """What is in the paper, on the cortex or lifted off, nmol."""
        return self._nmol(self._paper_um) - self.entered_nmol(time_s)

    def tissue_nmol(self, time_s: float) -> float:
        """All that is in the tissue, free and stored, nmol."""
        until_s = np.minimum(self._edges_s, max(time_s, 0.0))
        lasted_s = np.diff(until_s)
        kept = np.exp(-self._washout * (time_s - until_s[1:])) * exprel(-self._washout * lasted_s)
        return self._nmol(float(self._flux_um_per_s @ (lasted_s * kept)))

    def washed_out_nmol(self, time_s: float) -> float:
        """What blood has carried off, nmol."""
        return self.entered_nmol(time_s) - self.tissue_nmol(time_s)

    def _nmol(self, paper_depth_um: float) -> float:
        """Amount in a layer of the fresh paper's solution, as wide as the paper."""
        volume_um3 = self._side_um**2 * paper_depth_um
        return self._paper_micromolar * volume_um3 * NMOL_PER_MICROMOLAR_UM3

    def _solve_flux(self, surface_transfer: float) -> Array:
        """Flux in every step per concentration of the fresh paper, (N_FLUX_STEPS,) µm/s."""
        at_top = np.zeros(1)
        surface = CubicSpline(
            self._root_s,
            self._integrate(lambda s: self._over_depth(at_top, s) * self._under_paper(s) ** 2, 1),
        )
        ago_s = np.maximum(self._edges_s[1:, None] - self._edges_s, 0.0)
        from_each_step = -np.diff(surface(np.sqrt(ago_s))[..., 0], axis=1)
        lost = np.tril(np.broadcast_to(np.diff(self._edges_s), from_each_step.shape))
        return solve_triangular(
            from_each_step + surface_transfer / self._paper_um * lost,
            np.full(N_FLUX_STEPS, surface_transfer),
            lower=True,
        )

    def _integrate(self, response: Callable[[Array], Array], n_points: int) -> Array:
        """Concentration under a steady unit flux by the table's times, (n_time, n_points) s/µm.

        `response` is to a unit pulse of flux, (n_time, n_points) for (n_time, 1) s.
        """
        steps = np.diff(self._root_s)
        grown = np.zeros((N_TABLE_STEPS, n_points))
        for node, weight in zip(GAUSS_NODES, GAUSS_WEIGHTS, strict=True):
            # ds = 2 r dr in the root of time r, which takes the singularity at 0 away.
            root = (self._root_s[:-1] + steps * (node + 1) / 2)[:, None]
            grown += weight * steps[:, None] * root * response(root**2)
        return np.concatenate([np.zeros((1, n_points)), np.cumsum(grown, axis=0)])

    def _over_depth(self, depth_um: Array, s: Array) -> Array:
        """Washed and diluted along the depth, 1/µm."""
        spread = np.exp(-(depth_um**2) / (4 * self._diffusion * s) - self._washout * s)
        return spread / (self._storage * np.sqrt(np.pi * self._diffusion * s))

    def _across(self, offset_um: Array, s: Array) -> Array:
        """Share of a strip as wide as the paper that reaches a place so far from its middle."""
        reach_um = np.sqrt(4 * self._diffusion * s)
        half_um = self._side_um / 2
        return 0.5 * (erf((offset_um + half_um) / reach_um) - erf((offset_um - half_um) / reach_um))

    def _under_paper(self, s: Array) -> Array:
        """Mean of the same over the strip."""
        widths = self._side_um / np.sqrt(4 * self._diffusion * s)
        return erf(widths) + np.expm1(-(widths**2)) / (widths * np.sqrt(np.pi))
