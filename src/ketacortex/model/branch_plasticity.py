r"""Calcium-dependent plasticity of the synapses of a branch, with a threshold that slides.

A branch compares the calcium that enters through its NMDARs with what it is used to, and the
threshold between depression and potentiation slides with what its whole cell receives. With
:math:`C_b` the calcium of branch :math:`b` over that of its history and :math:`\bar C` the mean
over the branches of its cell,

.. math::

    x_b = C_b / \bar C, \qquad
    \omega_b = \min(\bar C, 1)^2\, \min(x_b\, s(x_b - 1),\, \omega_{max})

where :math:`s` takes the width of the band in which calcium changes nothing off its argument, and
where little calcium in the whole cell changes little. A tag follows, :math:`\tau_e \dot e_b =
\omega_b - e_b`, and moves the weight :math:`p` towards a soft bound: :math:`\dot p = \eta e
(p_{max} - p)` where it is positive, :math:`\dot p = \eta e (p - p_{min})` where it is not.

Calcium is per receptor: potentiated synapses are more synapses, not more calcium in each. Without
that, and without the band, the rule feeds on its own noise and no weight stays where it was.

Bienenstock, Cooper & Munro 1982, 10.1523/JNEUROSCI.02-01-00032.1982 (sliding threshold); Shouval,
Bear & Cooper 2002, 10.1073/pnas.152343099 (calcium control); Frey & Morris 1997, 10.1038/385533a0
(tag).
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from ketacortex.settings import Settings, sourced

ATTRACTION = (
    "fitted: with repulsion after 2 min and attraction after 12 min of an adapter in view (C1, "
    "C2), first on prototype circuits, then on seven animals of this one; the same for every other "
    "row. Calcium had its reversal potential at 0 mV then; at its own the same animals give the "
    "same within their intervals"
)
QUIET = "fitted: no weight drifts while the stimuli of the first epoch go on for hours"

NO_CALCIUM = 1e-9  # of a cell that is silent: it changes nothing, and nothing is divided by 0


class BranchPlasticity(Settings):
    """How the weights of a branch follow its calcium."""

    learning_rate_per_s: Annotated[
        float,
        sourced("1/s", ATTRACTION, "rate of change at a tag of 1; 0 holds the weights", ge=0, le=1),
    ] = 1 / 120
    tag_s: Annotated[float, sourced("s", ATTRACTION, "time constant of the tag", gt=0)] = 480.0
    unchanged_band: Annotated[
        float, sourced("share", QUIET, "calcium this far from the threshold changes nothing", ge=0)
    ] = 0.1
    strongest_signal: Annotated[
        float, sourced("1", ATTRACTION, "largest signal for potentiation", gt=0)
    ] = 2.0
    lowest_weight: Annotated[
        float, sourced("1", ATTRACTION, "lower bound of a weight", ge=0, lt=1)
    ] = 0.2
    highest_weight: Annotated[float, sourced("1", ATTRACTION, "upper bound of a weight", gt=1)] = (
        2.5
    )
    ampa_share: Annotated[
        float, sourced("1", ATTRACTION, "change of AMPA conductance at a weight of 2", ge=0, le=1)
    ] = 0.1
    nmda_share: Annotated[
        float, sourced("1", ATTRACTION, "change of NMDA conductance at a weight of 2", ge=0)
    ] = 2.1
    relaxation_s: Annotated[
        float,
        sourced(
            "s",
            "fitted: recovery within 60-90 min, with the trace",
            "time constant of recovery",
            gt=0,
        ),
    ] = 1800.0


def learning_signal(
    calcium: NDArray[np.float64], settings: BranchPlasticity
) -> NDArray[np.float64]:
    """What calcium asks of every branch: potentiation above 0, depression below.

    Parameters
    ----------
    calcium : (n_branch, n_cell) over that of its history, 1 at baseline
    settings : BranchPlasticity

    Returns
    -------
    (n_branch, n_cell)

    Examples
    --------
    >>> both = np.array([[1.0, 2.0], [1.0, 0.5]])
    >>> learning_signal(both, BranchPlasticity()).round(2).tolist()
    [[0.0, 0.8], [0.0, -0.2]]
    """
    of_cell = calcium.mean(axis=0)
    x = calcium / np.maximum(of_cell, NO_CALCIUM)
    beyond = np.sign(x - 1) * np.maximum(np.abs(x - 1) - settings.unchanged_band, 0)
    return np.minimum(of_cell, 1) ** 2 * np.minimum(x * beyond, settings.strongest_signal)


def advance_weight(
    weight: NDArray[np.float64],
    tag: NDArray[np.float64],
    settings: BranchPlasticity,
    duration_s: float,
) -> NDArray[np.float64]:
    """Weight of each branch after `duration_s` of a constant tag, exactly; never beyond its bounds.

    Parameters
    ----------
    weight, tag : (n_branch, n_cell)
    settings : BranchPlasticity
    duration_s : s
    """
    bound = np.where(tag > 0, settings.highest_weight, settings.lowest_weight)
    way = -np.expm1(-settings.learning_rate_per_s * np.abs(tag) * duration_s)
    moved: NDArray[np.float64] = weight + way * (bound - weight)
    return moved


def expressed(
    weight: NDArray[np.float64], settings: BranchPlasticity
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gain of the AMPA and of the NMDA conductance of branches of these weights.

    >>> expressed(np.array([1.0, 2.0]), BranchPlasticity())
    (array([1. , 1.1]), array([1. , 3.1]))
    """
    away = weight - 1
    return 1 + settings.ampa_share * away, np.maximum(1 + settings.nmda_share * away, 0)
