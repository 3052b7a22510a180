r"""Trapping block of the open NMDA receptor.

A blocker enters an open pore that magnesium has left, and leaves through the open pore; when the
pore closes it stays inside. For a share :math:`B` of receptors blocked,

.. math:: \frac{dB}{dt} = k_{on}\,C\,P\,m(V)\,(1-B) - k_{off}(V)\,P\,B

with the free concentration :math:`C`, the probability :math:`P` that the pore is open, magnesium or
not, and the share :math:`m(V) = 1/(1 + [Mg]/K_{Mg}(V))` of open pores that are free of magnesium.
Magnesium slows entry alone. So at a clamped voltage

.. math:: B_\infty = \frac{C}{C + IC_{50}}, \quad
          IC_{50} = \frac{k_{off}(V)}{k_{on}} \left(1 + \frac{[Mg]}{K_{Mg}(V)}\right)

whatever :math:`P` is: use sets how fast block comes and goes, not how far. A silent synapse
(:math:`P = 0`) neither gains nor loses any; trapping is complete.

Woodhull 1973, 10.1085/jgp.61.6.687; Kotermanski & Johnson 2009, 10.1523/JNEUROSCI.3703-08.2009.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketacortex.evidence.blockers import Blocker
from ketacortex.evidence.nmda_receptors import MAGNESIUM_SLOPE_PER_MV
from ketacortex.settings import Settings, sourced

THERMAL_MV = 8.31446 * 310.15 / 96.4853  # RT/F at 37 C
NO_BASIS = "assumed: 1; no measurement supports another value, so any other is a declared variant"


class BlockSettings(Settings):
    """How much more tightly than measured a class of cells binds a blocker; 0 switches it off."""

    affinity_pyr: Annotated[float, sourced("factor", NO_BASIS, "on pyramidal cells", ge=0)] = 1.0
    affinity_pv: Annotated[float, sourced("factor", NO_BASIS, "on PV cells", ge=0)] = 1.0
    affinity_sst: Annotated[float, sourced("factor", NO_BASIS, "on SST cells", ge=0)] = 1.0


def magnesium_affinity_millimolar(
    blocker: Blocker, subunit: str, voltage_mv: ArrayLike
) -> NDArray[np.float64]:
    """Concentration of magnesium that holds half of the open pores, mM.

    At -65 mV it is what the IC50 without and with 1 mM Mg imply; it grows e-fold in 16 mV.

    >>> from ketacortex.evidence.blockers import BLOCKERS
    >>> affinity = magnesium_affinity_millimolar(BLOCKERS["ketamine"], "glun2a", -65.0)
    >>> round(float(affinity), 4)
    0.0657
    """
    without = blocker.ic50_without_magnesium[subunit].value
    at_reference = without / (blocker.ic50_with_magnesium[subunit].value - without)
    distance_mv = np.asarray(voltage_mv, float) - blocker.reference_mv
    return at_reference * np.exp(MAGNESIUM_SLOPE_PER_MV.value * distance_mv)


def free_of_magnesium(
    blocker: Blocker, subunit: str, voltage_mv: ArrayLike, magnesium_millimolar: float
) -> NDArray[np.float64]:
    """Share of open pores that magnesium has left, same shape as `voltage_mv`."""
    affinity = magnesium_affinity_millimolar(blocker, subunit, voltage_mv)
    return 1.0 / (1.0 + magnesium_millimolar / affinity)


def unbinding_per_s(blocker: Blocker, subunit: str, voltage_mv: ArrayLike) -> NDArray[np.float64]:
    """Rate at which the blocker leaves an open pore, 1/s; depolarisation drives it out."""
    at_reference = blocker.k_on.value * blocker.ic50_without_magnesium[subunit].value
    distance_mv = np.asarray(voltage_mv, float) - blocker.reference_mv
    return at_reference * np.exp(blocker.electrical_distance.value * distance_mv / THERMAL_MV)


def advance_block(
    blocked: ArrayLike,
    concentration_micromolar: ArrayLike,
    open_free: ArrayLike,
    open_unbinding_per_s: ArrayLike,
    duration_s: float,
    k_on: float,
) -> NDArray[np.float64]:
    """Share of receptors blocked after `duration_s` of constant conditions, exactly.

    Parameters
    ----------
    blocked : share blocked now
    concentration_micromolar : free, µM
    open_free : mean of P m(V); opening and voltage go together, so the product is averaged
    open_unbinding_per_s : mean of P k_off(V), 1/s
    duration_s : s
    k_on : 1/(µM s)

    Examples
    --------
    Two half steps are one step, and a silent synapse keeps its block.

    >>> half = advance_block(0.0, 1.0, 0.05, 0.07, 5.0, 2.0)
    >>> twice = advance_block(half, 1.0, 0.05, 0.07, 5.0, 2.0)
    >>> bool(np.isclose(twice, advance_block(0.0, 1.0, 0.05, 0.07, 10.0, 2.0)))
    True
    >>> float(advance_block(0.3, 0.0, 0.0, 0.0, 1e6, 2.0))
    0.3
    """
    on = k_on * np.asarray(concentration_micromolar, float) * np.asarray(open_free, float)
    total = on + np.asarray(open_unbinding_per_s, float)
    start = np.broadcast_to(np.asarray(blocked, float), total.shape)
    steady = np.divide(on, total, out=start.copy(), where=total > 0)
    return steady + (start - steady) * np.exp(-total * duration_s)
