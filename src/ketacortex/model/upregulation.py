r"""Slow up-regulation of AMPA receptors on branches that have lost resting NMDA current.

Calcium through NMDARs at rest keeps eEF2 kinase active and translation down; without it BDNF and
then AMPA receptors come up. For the AMPA gain :math:`a` of a branch that has lost the share
:math:`L` of its resting NMDA current,

.. math:: \tau \frac{da}{dt} = 1 + A\,L - a

with one time constant on the way up and another on the way down. Whatever takes the current away
does this; nothing here knows of a drug.

Autry et al. 2011, 10.1038/nature10130; Nosyreva et al. 2013, J Neurosci 33:6990.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from ketacortex.settings import Settings, sourced

AUTRY = "Autry et al. 2011, 10.1038/nature10130 (direction; times remembered)"


class AmpaUpregulation(Settings):
    """How far AMPA conductance rises without resting NMDA current, and how fast."""

    amplitude: Annotated[
        float,
        sourced(
            "share",
            "derived: x1.3 (1.2-1.6) in slices under a saturating block at rest (Nosyreva et al. "
            "2013, J Neurosci 33:6990; Suzuki et al. 2017; remembered); linear in the current lost "
            "by assumption",
            "rise of AMPA conductance when all resting NMDA current is lost; 0 switches it off",
            ge=0,
        ),
    ] = 0.3
    onset_s: Annotated[float, sourced("s", AUTRY, "time constant of the rise", gt=0)] = 900.0
    decay_s: Annotated[
        float, sourced("s", "2-4 h: " + AUTRY, "time constant of the fall", gt=0)
    ] = 10800.0


def advance_gain(
    gain: NDArray[np.float64],
    lost: NDArray[np.float64],
    settings: AmpaUpregulation,
    duration_s: float,
) -> NDArray[np.float64]:
    """AMPA gain of each branch after `duration_s` of constant loss, exactly.

    Parameters
    ----------
    gain : (n_branch,) now, 1 at baseline
    lost : (n_branch,) share of the resting NMDA current lost
    settings : AmpaUpregulation
    duration_s : s

    Examples
    --------
    >>> half_lost = np.full(1, 0.5)
    >>> advance_gain(np.ones(1), half_lost, AmpaUpregulation(), 900.0).round(3)
    array([1.095])
    """
    target = 1.0 + settings.amplitude * lost
    tau_s = np.where(target > gain, settings.onset_s, settings.decay_s)
    return target + (gain - target) * np.exp(-duration_s / tau_s)
