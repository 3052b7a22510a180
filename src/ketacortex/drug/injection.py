r"""How a drug spreads from a pipette in the cortex that ejects it by pressure.

Free concentration :math:`C` in the tissue :math:`z > 0` with apparent diffusion :math:`D`, washout
:math:`k` and storage :math:`V` (all drug over free), and nothing through the pia,

.. math:: \partial_t C = D \nabla^2 C - k C + \frac{Q}{V} \frac{1_{r < a}}{\tfrac43 \pi a^3},
    \qquad \partial_z C |_{z=0} = 0

where an amount :math:`Q` per time enters while it is ejected, evenly in a sphere of radius
:math:`a` about the tip: the ejected volume over the extracellular volume fraction. A unit pulse,
spread for :math:`s`, has at the distance :math:`r` become

.. math:: g = \frac{e^{-ks}}{\tfrac43 \pi a^3 V} \left[ \tfrac12 \operatorname{erf} \frac{a - r}{q}
    + \tfrac12 \operatorname{erf} \frac{a + r}{q}
    - \frac{q}{2 r \sqrt\pi} \left( e^{-(a - r)^2/q^2} - e^{-(a + r)^2/q^2} \right) \right],
    \qquad q^2 = 4 D s

and the same of the tip's mirror image above the pia.

Where it ends: the fluid takes its place at once and pushes nothing further; a sphere that reaches
above the pia is folded back; the cortex is a half space, without curvature, white matter or vessels
one by one, and fluid on the pia takes up nothing; no other drug is seen; binding is instant and far
from saturation, also in the sphere, where concentrations are highest.

Carslaw & Jaeger 1959, Conduction of Heat in Solids.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, exprel

from ketacortex.drug.tissue_diffusion import Tissue
from ketacortex.drug.uptake_table import SteppedInflow, UptakeTable
from ketacortex.evidence.tissue import EXTRACELLULAR_VOLUME_FRACTION
from ketacortex.units import NMOL_PER_MICROMOLAR_UM3, UM3_PER_NL

Array = NDArray[np.float64]


def filled_sphere_radius_um(
    volume_nl: float, extracellular_fraction: float = EXTRACELLULAR_VOLUME_FRACTION.value
) -> float:
    """Radius of the sphere whose extracellular space an ejected volume fills, µm.

    Parameters
    ----------
    volume_nl : nl
    extracellular_fraction : of the tissue's volume, 0 to 1

    Examples
    --------
    >>> round(filled_sphere_radius_um(1.0), 1)
    106.1
    """
    tissue_um3 = volume_nl * UM3_PER_NL / extracellular_fraction
    return float(np.cbrt(tissue_um3 / (4 / 3 * np.pi)))


class InjectionField:
    """Free concentration at given points of the cortex, from one injection that begins at time 0.

    Parameters
    ----------
    tissue : Tissue
    amount_nmol : nmol ejected in all; everything is proportional to it
    sphere_radius_um : µm, of the sphere that the drug enters, as `filled_sphere_radius_um`
    x_um, y_um : µm, the tip
    tip_depth_um : µm below the pia, the tip
    duration_s : s, during which it is ejected at a constant rate
    position_um : (n, 2) µm, the points
    depth_um : (n,) µm below the pia, 0 or more
    horizon_s : s, until when concentrations are asked for

    Examples
    --------
    A picomole in ten seconds, 400 µm deep: 100 µm beside the tip after 10 s, 1 and 5 minutes.

    >>> beside = InjectionField(
    ...     Tissue(), amount_nmol=1e-3, sphere_radius_um=filled_sphere_radius_um(0.1), x_um=0.0,
    ...     y_um=0.0, tip_depth_um=400.0, duration_s=10.0, position_um=np.array([[100.0, 0.0]]),
    ...     depth_um=np.array([400.0]), horizon_s=600.0,
    ... )
    >>> [round(float(beside.at(time_s)[0]), 2) for time_s in (0.0, 10.0, 60.0, 300.0)]
    [0.0, 2.16, 8.26, 0.65]
    """

    def __init__(
        self,
        tissue: Tissue,
        *,
        amount_nmol: float,
        sphere_radius_um: float,
        x_um: float,
        y_um: float,
        tip_depth_um: float,
        duration_s: float,
        position_um: Array,
        depth_um: Array,
        horizon_s: float,
    ) -> None:
        self._tissue = tissue
        self._sphere_radius_um = sphere_radius_um
        self._ejected = SteppedInflow(
            np.array([0.0, duration_s]), np.array([amount_nmol / duration_s])
        )
        aside_um = np.hypot(position_um[:, 0] - x_um, position_um[:, 1] - y_um)
        to_tip_um = np.hypot(aside_um, depth_um - tip_depth_um)
        to_image_um = np.hypot(aside_um, depth_um + tip_depth_um)
        self._uptake = UptakeTable(
            lambda s: self._left_by_pulse(to_tip_um, s) + self._left_by_pulse(to_image_um, s),
            len(depth_um),
            horizon_s,
        )

    def at(self, time_s: float) -> Array:
        """Free concentration at every point, (n,) µM; 0 until the injection begins.

        Raises
        ------
        ConfigurationError
            After `horizon_s`, where the tables end.
        """
        return self._uptake.of_steps(self._ejected, time_s)

    def injected_nmol(self, time_s: float) -> float:
        """What has been ejected, nmol."""
        return self._ejected.entered(time_s)

    def tissue_nmol(self, time_s: float) -> float:
        """All that is in the tissue, free and stored, nmol."""
        return self._ejected.remaining(time_s, self._tissue.washout_per_s)

    def washed_out_nmol(self, time_s: float) -> float:
        """What blood has carried off, nmol."""
        return self.injected_nmol(time_s) - self.tissue_nmol(time_s)

    def _left_by_pulse(self, distance_um: Array, s: Array) -> Array:
        """Free concentration after 1 nmol at once without a pia, µM/nmol."""
        reach_um = np.sqrt(4 * self._tissue.diffusion_um2_per_s * s)
        within = (self._sphere_radius_um - distance_um) / reach_um
        beyond = (self._sphere_radius_um + distance_um) / reach_um
        # The difference of both exponentials over r, without its 0/0 in the middle.
        across = 4 * self._sphere_radius_um * distance_um / reach_um**2
        lost = 2 * self._sphere_radius_um / reach_um * np.exp(-(within**2)) * exprel(-across)
        share = 0.5 * (erf(within) + erf(beyond)) - lost / np.sqrt(np.pi)
        held_um3 = self._tissue.storage * 4 / 3 * np.pi * self._sphere_radius_um**3
        washed = np.exp(-self._tissue.washout_per_s * s)
        return washed * share / (held_um3 * NMOL_PER_MICROMOLAR_UM3)
