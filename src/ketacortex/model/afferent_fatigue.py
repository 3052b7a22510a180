r"""Fatigue of afferent fibres that are driven more than they are used to.

With :math:`d` the excess of a fibre's drive, 0 as usual and 1 at its best stimulus all the time,

.. math:: \dot F = (F_{max}\, d - F)\,\left(\frac{d}{\tau_+} + \frac{1 - d}{\tau_-}\right)

and the fibre fires :math:`1 - F` of its spikes. It reaches excitatory and inhibitory cells alike,
so it lowers responses near the adapter and does not by itself repel.

Adaptation in part before the cortex: Solomon & Kohn 2014, 10.1016/j.cub.2014.09.001
(remembered).
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from ketacortex.settings import Settings, sourced

PROTOTYPE = (
    "fitted: on prototype circuits; its depth on seven animals of this one, with repulsion after 2 "
    "min of an adapter in view (C2)"
)


class AfferentFatigue(Settings):
    """How far fibres tire, and how fast they tire and recover."""

    deepest: Annotated[
        float, sourced("share", PROTOTYPE, "of its spikes that the most driven fibre loses",
                       ge=0, lt=1)
    ] = 0.2  # fmt: skip
    onset_s: Annotated[float, sourced("s", PROTOTYPE, "time constant under drive", gt=0)] = 480.0
    recovery_s: Annotated[float, sourced("s", PROTOTYPE, "time constant without drive", gt=0)] = (
        900.0
    )


def excess_drive(drive: NDArray[np.float64], usual: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much more than usual fibres are driven, 0 to 1.

    Parameters
    ----------
    drive, usual : (n_afferent,) mean share of the tuned drive at the best stimulus, 0 to 1

    Examples
    --------
    >>> excess_drive(np.array([1.0, 0.2, 0.1]), np.full(3, 0.2))
    array([1., 0., 0.])
    """
    room = np.maximum(1 - usual, 1e-9)
    return np.clip((drive - usual) / room, 0, 1)


def advance_fatigue(
    fatigue: NDArray[np.float64],
    excess: NDArray[np.float64],
    settings: AfferentFatigue,
    duration_s: float,
) -> NDArray[np.float64]:
    """Fatigue of each fibre after `duration_s` of constant drive, exactly.

    Parameters
    ----------
    fatigue : (n_afferent,) share of spikes lost
    excess : (n_afferent,) from `excess_drive`
    settings : AfferentFatigue
    duration_s : s

    Examples
    --------
    >>> advance_fatigue(np.zeros(2), np.array([0.0, 1.0]), AfferentFatigue(), 480.0).round(3)
    array([0.   , 0.126])
    """
    rate_per_s = excess / settings.onset_s + (1 - excess) / settings.recovery_s
    target = settings.deepest * excess
    return target + (fatigue - target) * np.exp(-rate_per_s * duration_s)
