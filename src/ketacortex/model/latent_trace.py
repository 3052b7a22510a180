r"""A slow trace that weights leave behind: what was once learned comes back faster.

The trace :math:`q` follows the departure of a weight slowly and the weight relaxes to where the
trace holds it, not to where it began:

.. math:: \tau_q \dot q = (p - 1) - q, \qquad \tau_p \dot p = (1 + k\,q) - p .

Of two equations one is solved exactly over a step in which the other stands still; steps are short
against both time constants. Benna & Fusi 2016, 10.1038/nn.4401 (chains of such variables).
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from ketacortex.settings import Settings, sourced

SAVINGS = (
    "fitted: its time with a larger second adaptation in view (C4), on prototype circuits; its "
    "strength to recovery of three quarters within 90 min (at 1 two fifths would stay for good), "
    "after C4 and D1 had been seen at 1 in the animals that are told of; the same for every other "
    "row"
)


class LatentTrace(Settings):
    """How long a trace lasts, and how much of a weight it holds."""

    strength: Annotated[
        float, sourced("1", SAVINGS, "part of the trace that the weight keeps; 0 for none",
                       ge=0, le=1)
    ] = 0.5  # fmt: skip
    relaxation_s: Annotated[float, sourced("s", SAVINGS, "time constant of the trace", gt=0)] = (
        2400.0
    )


def advance_trace(
    trace: NDArray[np.float64],
    weight: NDArray[np.float64],
    settings: LatentTrace,
    duration_s: float,
) -> NDArray[np.float64]:
    """Trace of each weight after `duration_s` in which the weight stood still.

    >>> advance_trace(np.zeros(1), np.full(1, 2.0), LatentTrace(), 2400.0).round(3)
    array([0.632])
    """
    away = weight - 1
    return away + (trace - away) * np.exp(-duration_s / settings.relaxation_s)


def relax(
    weight: NDArray[np.float64],
    trace: NDArray[np.float64],
    settings: LatentTrace,
    relaxation_s: float,
    duration_s: float,
) -> NDArray[np.float64]:
    """Weight after it has relaxed for `duration_s` to where its trace holds it.

    >>> relax(np.full(1, 2.0), np.zeros(1), LatentTrace(), 1800.0, 1800.0).round(3)
    array([1.368])
    """
    held = 1 + settings.strength * trace
    return weight - np.expm1(-duration_s / relaxation_s) * (held - weight)
