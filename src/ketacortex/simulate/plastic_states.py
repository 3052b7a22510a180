"""What experience changes in one cortex: weights of branches, and what fibres can still do.

Everything is measured against what the first epoch has shown: calcium and drive as they were then
change nothing. So there is no drift to be put right, and no stimulus that is written in as neutral.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.model.afferent_fatigue import advance_fatigue, excess_drive
from ketacortex.model.branch_plasticity import advance_weight, expressed, learning_signal
from ketacortex.model.circuit import Circuit
from ketacortex.model.homeostasis import keep_sum
from ketacortex.model.interneuron_facilitation import advance_facilitation, advance_sag
from ketacortex.model.latent_trace import advance_trace, relax
from ketacortex.model.plasticity import Plasticity
from ketacortex.simulate.engine import OCCUPANCY_VOLTAGE_MV, Openings

Array = NDArray[np.float64]

LARGEST_SHARE = 0.2  # of a weight's way that one step may go: a coarser one spreads weights wrongly
REMEMBERED = 4  # looks over which calcium, and openings, are averaged
CALCIUM_REVERSAL_MV = 130.0  # Shouval, Bear & Cooper 2002, 10.1073/pnas.152343099
CALCIUM_FLOOR = 0.2  # of the median branch: a silent branch has no history to compare with


@dataclass(frozen=True)
class Usual:
    """What the first epoch was like.

    Parameters
    ----------
    calcium : (n_branch, n_cell) through NMDARs
    drive : (n_afferent,) share of the tuned drive at the best stimulus
    """

    calcium: Array
    drive: Array


_STATES = ("weight", "tag", "trace", "fatigue", "facilitation", "sagged")


class PlasticStates:
    """Weights, tags, traces, fatigue and facilitation of one cortex through one session.

    Parameters
    ----------
    circuit : Circuit
    settings : Plasticity
    """

    def __init__(self, circuit: Circuit, settings: Plasticity) -> None:
        self.settings = settings
        p, r = circuit.settings.pyr, circuit.settings.receptors
        self._shape = (p.n_branches, p.n)
        mg = r.magnesium_millimolar / r.mg_affinity_millimolar
        v = OCCUPANCY_VOLTAGE_MV
        # Calcium flows in through what magnesium leaves open, driven to its own reversal potential.
        self._inflow = (CALCIUM_REVERSAL_MV - v) / (1 + mg * np.exp(-r.mg_slope_per_mv * v))
        n_afferent = len(circuit.afferent_preferred_deg)
        self.weight, self.tag, self.trace = (
            np.ones(self._shape), np.zeros(self._shape), np.zeros(self._shape)
        )  # fmt: skip
        self.fatigue, self.facilitation, self.sagged = np.zeros((3, n_afferent))
        self.usual: Usual | None = None
        self._first: list[tuple[Array, float]] = []
        self._n_seen = 0
        self._learning_gain = 1.0
        self._signal = np.zeros(self._shape)
        self._excess = np.zeros(n_afferent)
        self._calcium, self._drive = np.zeros(self._shape), np.zeros(n_afferent)

    def calcium(self, openings: Openings, left: Array) -> Array:
        """Calcium through the NMDARs of each branch, (n_branch, n_cell), in units that cancel.

        Parameters
        ----------
        openings : Openings
        left : (n_site,) share of the NMDA conductance that is not blocked
        """
        n = self._shape[0] * self._shape[1]
        inflow = openings.open_share[:n] @ self._inflow
        return (inflow * left[:n]).reshape(self._shape)

    def begin(self, drive: Array, learning_gain: float) -> None:
        """Another stimulus: what fibres are driven with from now on, as `Usual.drive`."""
        self._drive, self._learning_gain, self._n_seen = drive, learning_gain, 0
        if self.usual is not None:
            self._excess = excess_drive(drive, self.usual.drive)

    def see(self, openings: Openings, left: Array) -> None:
        """Take in the calcium of every branch; the last few looks at one stimulus are averaged."""
        seen = self.calcium(openings, left)
        if self.usual is None:
            self._calcium = seen
            return
        self._n_seen += 1
        share = 1 / min(self._n_seen, REMEMBERED)
        self._calcium = seen if share == 1 else self._calcium + share * (seen - self._calcium)
        relative = self._calcium / self.usual.calcium
        self._signal = learning_signal(relative, self.settings.branch)

    def get_used_to(self) -> None:
        """Take what has been seen since the beginning, and what drove it, as usual from now on."""
        total_s = sum(duration_s for _, duration_s in self._first)
        calcium = sum((c * (t / total_s) for c, t in self._first), np.zeros(self._shape))
        floor = CALCIUM_FLOOR * np.median(calcium)
        self.usual = Usual(np.maximum(calcium, floor), self._drive)
        self._first = []

    def longest_step_s(self) -> float:
        """Longest step over which the fastest weight goes a small part of its way, s."""
        strongest = max(np.abs(self.tag).max(), np.abs(self._signal).max())
        rate_per_s = self.settings.branch.learning_rate_per_s * self._learning_gain * strongest
        return LARGEST_SHARE / rate_per_s if rate_per_s > 0 else np.inf

    def advance(self, duration_s: float) -> None:
        """Advance everything by `duration_s` under what was seen and driven last.

        Before anything is usual it is only noted.
        """
        if self.usual is None:
            self._first.append((self._calcium, duration_s))
            return
        s = self.settings
        keep = np.exp(-duration_s / s.branch.tag_s)
        # Mean of the tag over the step, and its end.
        mean_share = s.branch.tag_s / duration_s * (1 - keep)
        mean_tag = self._signal + (self.tag - self._signal) * mean_share
        self.tag = self._signal + (self.tag - self._signal) * keep
        learnt = advance_weight(self.weight, self._learning_gain * mean_tag, s.branch, duration_s)
        relaxed = relax(learnt, self.trace, s.trace, s.branch.relaxation_s, duration_s)
        bounds = s.branch.lowest_weight, s.branch.highest_weight
        self.trace = advance_trace(self.trace, self.weight, s.trace, duration_s)
        self.weight = keep_sum(np.clip(relaxed, *bounds), *bounds)
        before = self.sagged
        self.sagged = advance_sag(before, self._excess, s.interneurons, duration_s)
        self.facilitation = advance_facilitation(
            self.facilitation, (before + self.sagged) / 2, self._excess, s.interneurons, duration_s
        )
        self.fatigue = advance_fatigue(self.fatigue, self._excess, s.fatigue, duration_s)

    def receptor_gains(self) -> tuple[Array, Array]:
        """Gain of AMPA and of NMDA of every branch, (n_branch * n_cell,) each."""
        ampa, nmda = expressed(self.weight, self.settings.branch)
        return ampa.ravel(), nmda.ravel()

    def arrays(self) -> dict[str, Array]:
        """Everything that later times depend on; `take` goes on from it."""
        usual = {} if self.usual is None else vars(self.usual)
        return {
            **{name: getattr(self, name) for name in _STATES},
            **{f"usual_{name}": values for name, values in usual.items()},
        }

    def take(self, arrays: Mapping[str, Array]) -> None:
        """Go on from what `arrays` gave at the end of an epoch."""
        for name in _STATES:
            setattr(self, name, arrays[name])
        if "usual_calcium" in arrays:
            self.usual = Usual(arrays["usual_calcium"], arrays["usual_drive"])
        self._signal = np.zeros(self._shape)

    def course(self) -> dict[tuple[str, str], Array]:
        """What to note down: values by (quantity, population)."""
        return {
            ("branch_weight", "pyr"): self.weight.ravel(),
            ("afferent_fatigue", "afferents"): self.fatigue,
            ("interneuron_facilitation", "afferents"): self.facilitation,
        }

    def departed(self) -> Array:
        """How far from baseline: weights, fatigue and facilitation, on the scale of 1."""
        return np.array(
            [np.abs(self.weight - 1).mean(), self.fatigue.mean(), self.facilitation.mean()]
        )
