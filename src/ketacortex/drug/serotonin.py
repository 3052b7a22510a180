r"""Serotonin: less release from the afferents of the cortex, by a presynaptic receptor.

A second substance, with nothing to block: at a free concentration :math:`C` the afferent synapses
of every cell keep the share

.. math:: 1 - \alpha\, \frac{C}{C + K}

of their spikes, each as strong as before: release fails more often, at no orientation less than at
another. Nothing else of what serotonin does is here.

Presynaptic 5-HT1B receptors on thalamocortical terminals cut their release: Laurent et al. 2002,
10.1046/j.0953-816x.2001.01889.x (remembered). Responses in visual cortex are divided, the ongoing
rate apart from the evoked one: Azimi et al. 2020, 10.7554/eLife.53552.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from ketacortex.evidence.serotonin import DEEPEST_CUT, HALF_CUT
from ketacortex.settings import Settings
from ketacortex.units import S_PER_H, S_PER_MIN

NAME = r"^[A-Za-z][A-Za-z0-9_-]*$"


class SerotoninDose(Settings):
    """Serotonin at the same free concentration at every afferent, for a while."""

    name: Annotated[str, Field(pattern=NAME, description="name that arms call it by")]
    route: Literal["iontophoresis"]
    blocker: Annotated[
        Literal["serotonin"], Field(description="what is given; it blocks no channel")
    ] = "serotonin"
    start_s: Annotated[
        float, Field(ge=0, description="given so long after the end of the first epoch [s]")
    ] = 0.0
    duration_s: Annotated[float, Field(gt=0, description="and held for so long [s]")] = S_PER_H
    concentration_micromolar: Annotated[
        float, Field(ge=0, le=1e4, description="free, at the afferents' terminals [µM]")
    ]

    @property
    def is_nothing(self) -> bool:
        """Whether nothing can come of it."""
        return self.concentration_micromolar == 0

    @property
    def amount(self) -> tuple[float, str]:
        """What was given, and its unit, for the log of doses."""
        return self.concentration_micromolar, "µM free"

    @property
    def in_short(self) -> str:
        """The dose in a few words."""
        return f"{self.concentration_micromolar:g} µM serotonin"

    @property
    def in_words(self) -> str:
        """The dose as a reader says it."""
        begin, end = (t / S_PER_MIN for t in (self.start_s, self.start_s + self.duration_s))
        return (
            f"serotonin held at {self.concentration_micromolar:g} µM free, {begin:g} to {end:g} min"
        )


def release_left(doses: Sequence[SerotoninDose], time_s: float) -> float:
    """Share of the spikes of afferents that still release at `time_s`.

    Parameters
    ----------
    doses : SerotoninDose of one session
    time_s : s, on the clock of the doses

    Examples
    --------
    >>> dose = SerotoninDose(name="pipette", route="iontophoresis", concentration_micromolar=1.0)
    >>> release_left([dose], 60.0), release_left([dose], 7200.0)
    (0.85, 1.0)
    """
    free = sum(
        d.concentration_micromolar for d in doses if d.start_s <= time_s < d.start_s + d.duration_s
    )
    return 1.0 - DEEPEST_CUT.value * free / (free + HALF_CUT.value)
