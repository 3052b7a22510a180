r"""How a drug spreads into cortex from a reservoir on the pia: soaked paper or a well of fluid.

Free concentration :math:`C` in the tissue :math:`z > 0`, and what passes its surface,

.. math:: \partial_t C = D \nabla^2 C - k C, \qquad J = -V D \, \partial_z C |_{z=0}

with apparent diffusion :math:`D`, washout :math:`k` and storage :math:`V` (all drug over free).
Beside the reservoir nothing passes. Under it the flux is spread evenly, and its sum is such that
the mean concentration at the top of the tissue is a share `surface_transfer` of that in the
reservoir, which is stirred and holds :math:`L` of solution per area (without end if it is held):

.. math:: \langle C \rangle_{z=0} = f C_p, \qquad L \, dC_p/dt = -J

until it is taken away; then :math:`J = 0`. An even flux makes Green's function a product,

.. math:: g = \frac{e^{-z^2/q^2 - ks}}{V \sqrt{\pi D s}} X(x, y, q), \qquad q^2 = 4 D s

with :math:`X` the blurred footprint (`footprints.py`), so that the flux alone is unknown and needs
no grid in space.

Where it ends: the real flux is larger at the rim than in the middle, so that within about a
diffusion length of the rim the top of the tissue is only right in the mean; the cortex is a half
space, without curvature, white matter or vessels one by one; reservoirs do not see each other's
drug, and give it and take it back as if alone; binding is instant and far from saturation.

Nicholson & Sykova 1998, 10.1016/S0166-2236(98)01261-2; Carslaw & Jaeger 1959, Conduction of Heat
in Solids; product integration as in Linz 1985, 10.1137/1.9781611970852.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from ketacortex.drug.footprints import Footprint
from ketacortex.drug.uptake_table import SteppedInflow, UptakeTable
from ketacortex.evidence.tissue import APPARENT_DIFFUSION, PAPER_CAPACITY, STORAGE, WASHOUT
from ketacortex.settings import Settings, sourced
from ketacortex.units import NMOL_PER_MICROMOLAR_UM3, S_PER_MIN, UM2_PER_CM2, UM_PER_MM

N_FLUX_STEPS = 300

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

    @property
    def diffusion_um2_per_s(self) -> float:
        """Apparent diffusion, µm²/s."""
        return self.diffusion_cm2_per_s * UM2_PER_CM2

    @property
    def washout_per_s(self) -> float:
        """Share that blood carries off, 1/s."""
        return self.washout_per_min / S_PER_MIN

    @property
    def paper_um(self) -> float:
        """Solution in paper per area, which is a depth, µm."""
        return self.paper_ul_per_mm2 * UM_PER_MM


class ReservoirField:
    """Free concentration at given points of the cortex, from one reservoir laid on at time 0.

    Parameters
    ----------
    tissue : Tissue
    footprint : Square or Disk, through which drug enters
    reservoir_um : µm of solution over the footprint: `tissue.paper_um` for paper, the depth of
        fluid in a well, infinity where its concentration is held, as in a superfused well
    reservoir_micromolar : µM in it when fresh; everything is proportional to it
    x_um, y_um : µm, centre of the footprint
    duration_s : s until it is taken away
    surface_transfer : mean concentration at the top of the tissue under the reservoir over that in
        it, 0 to 1; what pia and fluid hold back. 1 holds nothing back
    position_um : (n, 2) µm, the points
    depth_um : (n,) µm below the pia, 0 or more
    horizon_s : s, until when concentrations are asked for

    Notes
    -----
    The flux is constant within steps that grow from the start, where it falls with the root of
    time; at the end of each step the mean under the reservoir and what is left in it agree. Uptake
    integrals of the points are tabled once, over the root of time, and combined at each call.

    Examples
    --------
    300 µm under the middle of a soaked paper, before, during and after an hour of it.

    >>> from ketacortex.drug.footprints import Square
    >>> below = ReservoirField(
    ...     Tissue(), Square(1000.0), reservoir_um=Tissue().paper_um, reservoir_micromolar=100.0,
    ...     x_um=0.0, y_um=0.0, duration_s=3600.0, surface_transfer=0.01,
    ...     position_um=np.zeros((1, 2)), depth_um=np.array([300.0]), horizon_s=7200.0,
    ... )
    >>> [round(float(below.at(minutes * 60.0)[0]), 3) for minutes in (0, 10, 60, 75)]
    [0.0, 0.076, 0.048, 0.004]
    """

    def __init__(
        self,
        tissue: Tissue,
        footprint: Footprint,
        *,
        reservoir_um: float,
        reservoir_micromolar: float,
        x_um: float,
        y_um: float,
        duration_s: float,
        surface_transfer: float,
        position_um: Array,
        depth_um: Array,
        horizon_s: float,
    ) -> None:
        self._tissue = tissue
        self._footprint = footprint
        self._reservoir_um = reservoir_um
        self._reservoir_micromolar = reservoir_micromolar
        longest_s = max(duration_s, horizon_s)
        self._flux = self._solve_flux(surface_transfer, duration_s, longest_s)
        x, y = position_um[:, 0] - x_um, position_um[:, 1] - y_um
        self._uptake = UptakeTable(
            lambda s: footprint.share(x, y, self._reach_um(s), of=self._over_depth(depth_um, s)),
            len(depth_um),
            longest_s,
        )

    def at(self, time_s: float) -> Array:
        """Free concentration at every point, (n,) µM; 0 until the reservoir is laid on.

        Raises
        ------
        ConfigurationError
            After `horizon_s`, where the tables end.
        """
        return self._reservoir_micromolar * self._uptake.of_steps(self._flux, time_s)

    def entered_nmol(self, time_s: float) -> float:
        """What has entered the tissue and not gone back to the reservoir, nmol."""
        return self._nmol(self._flux.entered(time_s))

    def reservoir_nmol(self, time_s: float) -> float:
        """What is in the reservoir, on the cortex or taken away, nmol; infinity if it is held."""
        return self._nmol(self._reservoir_um) - self.entered_nmol(time_s)

    def tissue_nmol(self, time_s: float) -> float:
        """All that is in the tissue, free and stored, nmol."""
        return self._nmol(self._flux.remaining(time_s, self._tissue.washout_per_s))

    def washed_out_nmol(self, time_s: float) -> float:
        """What blood has carried off, nmol."""
        return self.entered_nmol(time_s) - self.tissue_nmol(time_s)

    def _nmol(self, solution_um: float) -> float:
        """Amount in a layer of the fresh solution, as wide as the footprint."""
        volume_um3 = self._footprint.area_um2 * solution_um
        return self._reservoir_micromolar * volume_um3 * NMOL_PER_MICROMOLAR_UM3

    def _solve_flux(
        self, surface_transfer: float, duration_s: float, longest_s: float
    ) -> SteppedInflow:
        """Flux in every step per concentration of the fresh solution, µm/s."""
        edges_s = duration_s * np.linspace(0.0, 1.0, N_FLUX_STEPS + 1) ** 4
        at_top = np.zeros(1)
        surface = UptakeTable(
            lambda s: self._over_depth(at_top, s) * self._footprint.mean_share(self._reach_um(s)),
            1,
            longest_s,
        )
        ago_s = np.maximum(edges_s[1:, None] - edges_s, 0.0)
        from_each_step = -np.diff(surface.of_steady_inflow(ago_s)[..., 0], axis=1)
        lost = np.tril(np.broadcast_to(np.diff(edges_s), from_each_step.shape))
        flux_um_per_s = solve_triangular(
            from_each_step + surface_transfer / self._reservoir_um * lost,
            np.full(N_FLUX_STEPS, surface_transfer),
            lower=True,
        )
        return SteppedInflow(edges_s, flux_um_per_s)

    def _over_depth(self, depth_um: Array, s: Array) -> Array:
        """Washed and diluted along the depth, 1/µm."""
        diffusion, washout = self._tissue.diffusion_um2_per_s, self._tissue.washout_per_s
        spread = np.exp(-(depth_um**2) / (4 * diffusion * s) - washout * s)
        return spread / (self._tissue.storage * np.sqrt(np.pi * diffusion * s))

    def _reach_um(self, s: Array) -> Array:
        return np.sqrt(4 * self._tissue.diffusion_um2_per_s * s)
