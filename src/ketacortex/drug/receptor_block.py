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
(:math:`P = 0`) neither gains nor loses any; trapping is complete. With a `leak` :math:`l` a closed
pore keeps that share of the open one's exit, :math:`k_{off}(V) (P + l)` in place of
:math:`k_{off}(V) P`; then seldom used synapses are blocked less.

Several blockers compete for the one site: each enters what all of them leave free, so

.. math:: \frac{dB_i}{dt} = a_i \Bigl(1 - \sum_j B_j\Bigr) - b_i B_i

and together they never block more than everything.

Woodhull 1973, 10.1085/jgp.61.6.687; Kotermanski & Johnson 2009, 10.1523/JNEUROSCI.3703-08.2009.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import exprel

from ketacortex.evidence.blockers import Blocker
from ketacortex.evidence.nmda_receptors import (
    MAGNESIUM_AFFINITY,
    MAGNESIUM_REFERENCE_MV,
    MAGNESIUM_SLOPE_PER_MV,
)
from ketacortex.evidence.physics import THERMAL_MV
from ketacortex.settings import Settings, sourced

TRIFLE = 1e-12  # of a rate, below anything that matters and above what rounding makes of it
HYPOTHESIS = "assumed: 0, switched off; whether it matters in visual cortex is a hypothesis"
NO_LEAK = "assumed: 0, complete trapping (0.86-1 measured, remembered); any other value is fitted"
NO_BASIS = "assumed: 1; no measurement supports another value, so any other is a declared variant"


class BlockSettings(Settings):
    """How much more tightly than measured a class of cells binds a blocker; 0 switches it off."""

    affinity_pyr: Annotated[
        float, sourced("factor", NO_BASIS, "on pyramidal cells", ge=0, le=1e3)
    ] = 1.0
    affinity_pv: Annotated[float, sourced("factor", NO_BASIS, "on PV cells", ge=0, le=1e3)] = 1.0
    affinity_sst: Annotated[float, sourced("factor", NO_BASIS, "on SST cells", ge=0, le=1e3)] = 1.0
    affinity_hcn1: Annotated[
        float, sourced("factor", HYPOTHESIS, "on HCN1 channels; 1 as measured", ge=0, le=1e3)
    ] = 0.0
    leak: Annotated[
        float,
        sourced("share", NO_LEAK, "of its exit from an open pore that a closed one keeps", ge=0,
                le=1),
    ] = 0.0  # fmt: skip


def magnesium_affinity_millimolar(subunit: str, voltage_mv: ArrayLike) -> NDArray[np.float64]:
    """Concentration of magnesium that holds half of the open pores, mM; e-fold in 16 mV.

    >>> round(float(magnesium_affinity_millimolar("glun2a", -65.0)), 4)
    0.0657
    """
    distance_mv = np.asarray(voltage_mv, float) - MAGNESIUM_REFERENCE_MV
    return MAGNESIUM_AFFINITY[subunit].value * np.exp(MAGNESIUM_SLOPE_PER_MV.value * distance_mv)


def free_of_magnesium(
    subunit: str, voltage_mv: ArrayLike, magnesium_millimolar: float
) -> NDArray[np.float64]:
    """Share of open pores that magnesium has left, same shape as `voltage_mv`."""
    affinity = magnesium_affinity_millimolar(subunit, voltage_mv)
    return 1.0 / (1.0 + magnesium_millimolar / affinity)


def unbinding_per_s(blocker: Blocker, subunit: str, voltage_mv: ArrayLike) -> NDArray[np.float64]:
    """Rate at which the blocker leaves an open pore, 1/s; depolarisation drives it out."""
    at_reference = blocker.k_on.value * blocker.ic50_without_magnesium[subunit].value
    distance_mv = np.asarray(voltage_mv, float) - blocker.reference_mv
    return at_reference * np.exp(blocker.electrical_distance.value * distance_mv / THERMAL_MV.value)


def advance_block(
    blocked: ArrayLike,
    concentration_micromolar: ArrayLike,
    open_free: ArrayLike,
    unbinding_per_s: ArrayLike,
    duration_s: float,
    k_on: float,
) -> NDArray[np.float64]:
    """Share of receptors blocked after `duration_s` of constant conditions, exactly.

    Parameters
    ----------
    blocked : share blocked now
    concentration_micromolar : free, µM
    open_free : mean of P m(V); opening and voltage go together, so the product is averaged
    unbinding_per_s : mean of (P + leak) k_off(V), 1/s
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
    total = on + np.asarray(unbinding_per_s, float)
    start = np.broadcast_to(np.asarray(blocked, float), total.shape)
    steady = np.divide(on, total, out=start.copy(), where=total > 0)
    return steady + (start - steady) * np.exp(-total * duration_s)


def advance_mixture(
    blocked: NDArray[np.float64],
    entry_per_s: NDArray[np.float64],
    exit_per_s: NDArray[np.float64],
    duration_s: float,
) -> NDArray[np.float64]:
    """Shares that each of several blockers holds after `duration_s`, exactly.

    Parameters
    ----------
    blocked : (n_blocker, ...) share held by each now
    entry_per_s : (n_blocker, ...) k_on C <P m(V)>, 1/s
    exit_per_s : (n_blocker, ...) <(P + leak) k_off(V)>, 1/s
    duration_s : s

    Returns
    -------
    (n_blocker, ...)

    Notes
    -----
    Detailed balance holds, so scaling by the root of the entries makes the rates symmetric and
    their eigenvalues real. An entry of nothing is held at a trifle of the fastest rate.

    Examples
    --------
    Equal parts of two that do not differ are one.

    >>> both = advance_mixture(np.zeros((2, 1)), np.full((2, 1), 0.1), np.full((2, 1), 0.3), 5.0)
    >>> one = advance_mixture(np.zeros((1, 1)), np.full((1, 1), 0.2), np.full((1, 1), 0.3), 5.0)
    >>> bool(np.isclose(both.sum(), one.sum()))
    True
    """
    fastest = np.maximum((entry_per_s + exit_per_s).max(axis=0), TRIFLE)
    entry = np.maximum(entry_per_s, TRIFLE * fastest)
    root = np.moveaxis(np.sqrt(entry), 0, -1)
    rates = root[..., :, None] * root[..., None, :]
    diagonal = np.arange(len(blocked))
    rates[..., diagonal, diagonal] += np.moveaxis(exit_per_s, 0, -1)
    rate, mode = np.linalg.eigh(rates)
    into = np.swapaxes(mode, -1, -2)
    start = (into @ (np.moveaxis(blocked, 0, -1) / root)[..., None])[..., 0]
    drive = (into @ root[..., None])[..., 0]
    elapsed = np.maximum(rate, 0.0) * duration_s  # rounding may leave a rate just below 0
    # (1 - exp(-r t)) / r, which is t for a rate of nothing: a silent synapse
    now = start * np.exp(-elapsed) + drive * duration_s * exprel(-elapsed)
    after = root * (mode @ now[..., None])[..., 0]
    found = np.clip(np.moveaxis(after, -1, 0), 0.0, 1.0)
    found[(entry_per_s == 0) & (blocked == 0)] = 0.0  # what is not there blocks nothing
    return found / np.maximum(found.sum(axis=0), 1.0)
