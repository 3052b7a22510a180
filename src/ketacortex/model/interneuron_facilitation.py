r"""Afferent drive of PV and SST cells that rises within a minute of strong drive, then sags.

With :math:`d` the excess of a fibre's drive, its synapses onto interneurons gain :math:`1 + G`,

.. math::

    \tau_h \dot h = d - h, \qquad
    \dot G = \left(G_{max}\, d\,(1 - \sigma h) - G\right)\,
             \left(\frac{d}{\tau_+} + \frac{1 - d}{\tau_-}\right)

and :math:`h`, which recovers with :math:`\tau_-`, is how far the rise has sagged. Inhibition by the
adapted orientation then outgrows excitation by it, which repels preferences, for minutes only.

The mechanism is a hypothesis. That adaptation acts through PV and SST cells, in auditory cortex:
Natan et al. 2015, 10.7554/eLife.09868 (remembered).
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from ketacortex.settings import Settings, sourced

REPULSION = (
    "fitted: with repulsion after 2 min and attraction after 12 min of an adapter in view (C1, "
    "C2), first on prototype circuits, then on seven animals of this one; the same for every other "
    "row"
)


class InterneuronFacilitation(Settings):
    """How far the drive of interneurons rises, and for how long."""

    largest: Annotated[
        float, sourced("1", REPULSION, "rise of the most driven fibre's synapses; 0: none", ge=0)
    ] = 2.0
    onset_s: Annotated[float, sourced("s", REPULSION, "time constant under drive", gt=0)] = 60.0
    sag: Annotated[
        float, sourced("share", REPULSION, "of the rise that is lost under lasting drive",
                       ge=0, le=1)
    ] = 0.7  # fmt: skip
    sag_s: Annotated[float, sourced("s", REPULSION, "time constant of that loss", gt=0)] = 240.0
    recovery_s: Annotated[float, sourced("s", REPULSION, "time constant without drive", gt=0)] = (
        900.0
    )


def advance_sag(
    sagged: NDArray[np.float64],
    excess: NDArray[np.float64],
    settings: InterneuronFacilitation,
    duration_s: float,
) -> NDArray[np.float64]:
    """How far the rise of each fibre has sagged after `duration_s` of constant drive, exactly.

    Parameters
    ----------
    sagged, excess : (n_afferent,)
    settings : InterneuronFacilitation
    duration_s : s
    """
    tau_s = np.where(excess > sagged, settings.sag_s, settings.recovery_s)
    return excess + (sagged - excess) * np.exp(-duration_s / tau_s)


def advance_facilitation(
    facilitation: NDArray[np.float64],
    sagged: NDArray[np.float64],
    excess: NDArray[np.float64],
    settings: InterneuronFacilitation,
    duration_s: float,
) -> NDArray[np.float64]:
    """Rise of each fibre's synapses onto interneurons after `duration_s`, its sag standing still.

    Parameters
    ----------
    facilitation, sagged, excess : (n_afferent,)
    settings : InterneuronFacilitation
    duration_s : s

    Examples
    --------
    >>> driven, fresh = np.ones(1), np.zeros(1)
    >>> advance_facilitation(fresh, fresh, driven, InterneuronFacilitation(), 60.0).round(3)
    array([1.264])
    """
    rate_per_s = excess / settings.onset_s + (1 - excess) / settings.recovery_s
    target = settings.largest * excess * (1 - settings.sag * sagged)
    return target + (facilitation - target) * np.exp(-rate_per_s * duration_s)
