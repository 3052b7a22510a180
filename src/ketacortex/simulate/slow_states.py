"""States that move in seconds to hours, between the stretches in which the network is simulated.

The network runs in milliseconds and tells, for every compartment with NMDARs, how far they were
open and at which voltage. Block and AMPA gain then advance over seconds under those averages, and
what they leave of the receptors goes back to the network. Averages are of products, opening times
a function of voltage: receptors are open when the voltage is high.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from ketacortex.drug.exposure import Exposure, Sites
from ketacortex.drug.hcn_block import bound_share, conductance_left, half_activation_shift_mv
from ketacortex.drug.receptor_block import (
    BlockSettings,
    advance_block,
    advance_mixture,
    free_of_magnesium,
    unbinding_per_s,
)
from ketacortex.drug.serotonin import SerotoninDose, release_left
from ketacortex.evidence.nmda_receptors import PEAK_OPEN_PROBABILITY
from ketacortex.model.circuit import Circuit
from ketacortex.model.plasticity import Plasticity
from ketacortex.model.upregulation import advance_gain
from ketacortex.settings import Settings
from ketacortex.simulate.engine import OCCUPANCY_VOLTAGE_MV, Openings, ReceptorGains
from ketacortex.simulate.plastic_states import PlasticStates
from ketacortex.stimulus.afferent_spikes import AfferentTuning
from ketacortex.stimulus.day import Screen

SUBUNITS = ("glun2a", "glun2b", "glun2d")  # those that cortical neurons have
CLASSES = ("pyr", "pv", "sst")
SHORTEST_S = 0.05
COURSE_COLUMNS = ["time_s", "quantity", "population", "mean", "low", "high"]
LOW_HIGH = (0.05, 0.95)


class SlowSteps(Settings):
    """How the slow states are stepped while nothing is measured."""

    representative_trials: Annotated[
        int, Field(ge=1, le=1000, description="trials that stand for the stimuli shown meanwhile")
    ] = 8
    largest_change: Annotated[
        float, Field(gt=0, le=0.2, description="of the mean block of a class in one step")
    ] = 0.02
    longest_s: Annotated[float, Field(gt=0, le=600, description="longest slow step [s]")] = 30.0
    refresh_s: Annotated[
        float, Field(gt=0, le=3600, description="new trials at the latest after so long [s]")
    ] = 300.0


def receptor_sites(circuit: Circuit) -> Sites:
    """Branches of all pyramids, branch by branch, then PV, then SST cells."""
    p = circuit.settings.pyr
    centre = circuit.settings.patch.width_um / 2
    position = circuit.position_um - centre
    return Sites(
        position_um=np.concatenate([np.tile(position[: p.n], (p.n_branches, 1)), position[p.n :]]),
        depth_um=np.concatenate([circuit.branch_depth_um.ravel(), circuit.depth_um[p.n :]]),
        cell=np.concatenate(
            [np.tile(np.arange(p.n), p.n_branches), np.full(circuit.n_cells - p.n, -1)]
        ),
    )


def soma_sites(circuit: Circuit) -> Sites:
    """Somata of all pyramids: HCN channels there, no NMDARs."""
    n = circuit.settings.pyr.n
    position = circuit.position_um[:n] - circuit.settings.patch.width_um / 2
    return Sites(position_um=position, depth_um=circuit.depth_um[:n], cell=np.arange(n))


def course_quantity(blocker: str, *, is_first: bool) -> str:
    """Name in a course of the free concentration of a blocker; the first given has the plain one.

    >>> course_quantity("memantine", is_first=False)
    'free_memantine_micromolar'
    """
    return "free_micromolar" if is_first else f"free_{blocker}_micromolar"


@dataclass(frozen=True)
class _Opening:
    """Means of products that drive block.

    Parameters
    ----------
    free : (n_subunit, n_site) of P m(V)
    unbinding_per_s : (n_blocker, n_subunit, n_site) of (P + leak) k_off(V)
    """

    free: NDArray[np.float64]
    unbinding_per_s: NDArray[np.float64]


class SlowStates:
    """Block of every receptor and AMPA gain of every branch of one cortex, through one session.

    Parameters
    ----------
    circuit : Circuit
    exposure : Exposure
        On the clock of the doses: seconds from the end of the first epoch.
    block : BlockSettings
    at_somata : Exposure of `soma_sites`, where HCN block is followed
    plasticity : what experience changes; None for a circuit that does not learn
    serotonin : doses of it
    """

    def __init__(
        self,
        circuit: Circuit,
        exposure: Exposure,
        block: BlockSettings,
        at_somata: Exposure | None = None,
        plasticity: Plasticity | None = None,
        serotonin: Sequence[SerotoninDose] = (),
    ) -> None:
        s = circuit.settings
        self._settings, self._exposure, self._block = s, exposure, block
        self._at_somata = at_somata
        sizes = [s.pyr.n * s.pyr.n_branches, s.pv.n, s.sst.n]
        self._n_branches = sizes[0]
        self.population = np.repeat(CLASSES, sizes)
        self._affinity = np.repeat(
            [block.affinity_pyr, block.affinity_pv, block.affinity_sst], sizes
        )
        shares = [(c.share_glun2b, getattr(c, "share_glun2d", 0.0)) for c in (s.pyr, s.pv, s.sst)]
        self._shares = np.array(
            [np.repeat([1 - b - d for b, d in shares], sizes),
             np.repeat([b for b, _ in shares], sizes),
             np.repeat([d for _, d in shares], sizes)]
        )  # fmt: skip
        self._blocked = np.zeros((len(exposure.blockers), *self._shares.shape))
        self._hcn_bound: NDArray[np.float64] | None = None
        self._ampa_gain = np.ones(self._n_branches)
        self._opening: _Opening | None = None
        self._plastic = None if plasticity is None else PlasticStates(circuit, plasticity)
        self._serotonin = tuple(serotonin)
        self.begins_s = min(
            [exposure.begins_s, *(d.start_s for d in serotonin if not d.is_nothing)]
        )
        """When the first of anything given can arrive, s; infinity when nothing is given."""
        self._course: list[tuple[float, str, str, float, float, float]] = []

    def is_stirred(self, time_s: float) -> bool:
        """Whether anything has left its baseline by `time_s`."""
        return bool(
            self._blocked.any() or (self._ampa_gain != 1).any() or self.departed(time_s).any()
        )

    def is_moving(self, from_s: float, until_s: float) -> bool:
        """Whether anything is away from its baseline at `from_s`, or pushed before `until_s`."""
        return self.is_stirred(from_s) or self.learns or self.begins_s < until_s

    def blockers_by(self, time_s: float) -> tuple[str, ...]:
        """Names of all that is given, in the order in which it is kept, once any of it is there."""
        return tuple(self._exposure.blockers) if self._exposure.begins_s < time_s else ()

    @property
    def learns(self) -> bool:
        """Whether experience changes anything: then every moment counts, drug or none."""
        return self._plastic is not None

    def afferent_gain(self, time_s: float) -> NDArray[np.float64] | float:
        """What fatigue and a cut of release at `time_s` leave of the spikes of each fibre."""
        left = release_left(self._serotonin, time_s)
        return left if self._plastic is None else left * (1 - self._plastic.fatigue)

    @property
    def needs_times(self) -> bool:
        """Whether it matters at which voltage receptors stay closed."""
        return self._block.leak > 0

    @property
    def blocked_share(self) -> NDArray[np.float64]:
        """Share of each site's NMDA conductance that is blocked, (n_site,)."""
        return (self._shares * self._blocked.sum(axis=0)).sum(axis=0)

    def _left_2ab(self) -> NDArray[np.float64]:
        """Share of each site's GluN2A/2B conductance that is not blocked, (n_site,)."""
        a, b, _ = self._shares
        blocked = self._blocked.sum(axis=0)
        taken = a * blocked[0] + b * blocked[1]
        left: NDArray[np.float64] = 1 - np.divide(
            taken, a + b, out=np.zeros(len(a)), where=a + b > 0
        )
        return left

    def gains(self) -> ReceptorGains:
        """What is left of the receptors for the network."""
        blocked = self._blocked.sum(axis=0)
        nmda = self._left_2ab()
        ampa = np.ones(len(nmda))
        ampa[: self._n_branches] = self._ampa_gain
        onto_points: NDArray[np.float64] | None = None
        if self._plastic is not None:
            learnt = self._plastic.receptor_gains()
            ampa[: self._n_branches] *= learnt[0]
            nmda[: self._n_branches] *= learnt[1]
            onto_points = 1 + self._plastic.facilitation
        return ReceptorGains(
            ampa=ampa,
            nmda=nmda,
            nmda_2d=1 - blocked[2],
            hcn=None if self._hcn_bound is None else conductance_left(self._hcn_bound),
            hcn_shift_mv=(
                None if self._hcn_bound is None else half_activation_shift_mv(self._hcn_bound)
            ),
            afferents_onto_points=onto_points,
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that later times depend on, and the course until now; `take` goes on.

        How far receptors were open is not among it: every epoch looks before it moves.
        """
        columns = zip(*self._course, strict=True) if self._course else ()
        kept: dict[str, NDArray[Any]] = {
            "blocked": self._blocked,
            "ampa_gain": self._ampa_gain,
            **{f"course_{k}": np.array(column) for k, column in enumerate(columns)},
        }
        if self._hcn_bound is not None:
            kept["hcn_bound"] = self._hcn_bound
        if self._plastic is not None:
            kept |= self._plastic.arrays()
        return kept

    def take(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `arrays` gave at the end of an epoch."""
        # Arms with other blockers share epochs until the first is given: nothing was bound then.
        if arrays["blocked"].shape == self._blocked.shape:
            self._blocked = arrays["blocked"]
        self._ampa_gain = arrays["ampa_gain"]
        self._hcn_bound = arrays.get("hcn_bound")
        columns = [arrays[f"course_{k}"].tolist() for k in range(len(COURSE_COLUMNS))
                   if "course_0" in arrays]  # fmt: skip
        self._course = list(zip(*columns, strict=True))
        if self._plastic is not None:
            self._plastic.take(arrays)

    def departed(self, time_s: float) -> NDArray[np.float64]:
        """How far from baseline at `time_s`, on the scale of 1.

        Mean block of each class, mean AMPA gain, HCN channels bound, release, what was learnt.
        """
        block = [self.blocked_share[self.population == name].mean() for name in CLASSES]
        hcn = 0.0 if self._hcn_bound is None else self._hcn_bound[: self._n_branches].mean()
        learnt = () if self._plastic is None else self._plastic.departed()
        released = 1 - release_left(self._serotonin, time_s)
        return np.array([*block, self._ampa_gain.mean() - 1, hcn, released, *learnt])

    def begin(self, screen: Screen, tuning: AfferentTuning) -> None:
        """Another stimulus is on the screen."""
        if self._plastic is not None:
            drive = np.zeros(len(tuning.preferred_deg))
            for orientation_deg, share in screen.shares():
                drive += share * tuning.tuned_share(orientation_deg)
            self._plastic.begin(drive, screen.learning_gain)

    def get_used_to(self) -> None:
        """What has been shown until now is from now on the usual."""
        if self._plastic is not None and self._plastic.usual is None:
            self._plastic.get_used_to()

    def see(self, openings: Openings, weight: float = 1.0) -> None:
        """Take in how far receptors were open, by voltage, with this weight against the past.

        Parameters
        ----------
        openings : from `Cortex.take_openings`
        weight : 1 forgets what was seen before
        """
        if self._plastic is not None:
            self._plastic.see(openings, self._left_2ab())
        blockers = self._exposure.blockers.values()
        if not blockers:
            return
        v, magnesium = OCCUPANCY_VOLTAGE_MV, self._settings.receptors.magnesium_millimolar
        peak = [PEAK_OPEN_PROBABILITY[subunit].value for subunit in SUBUNITS]
        opened, leak = openings.open_share, self._block.leak
        free = np.array(
            [p * (opened @ free_of_magnesium(subunit, v, magnesium))
             for p, subunit in zip(peak, SUBUNITS, strict=True)]
        )  # fmt: skip
        unbinding = np.array(
            [[p * (opened @ unbinding_per_s(blocker, subunit, v))
              for p, subunit in zip(peak, SUBUNITS, strict=True)] for blocker in blockers]
        )  # fmt: skip
        if leak > 0 and openings.time_share is not None:
            unbinding += leak * np.array(
                [[openings.time_share @ unbinding_per_s(blocker, subunit, v)
                  for subunit in SUBUNITS] for blocker in blockers]
            )  # fmt: skip
        old = self._opening
        if old is not None and weight < 1:
            free = old.free + weight * (free - old.free)
            unbinding = old.unbinding_per_s + weight * (unbinding - old.unbinding_per_s)
        self._opening = _Opening(free, unbinding)

    def advance(self, time_s: float, duration_s: float, *, silently: bool = False) -> None:
        """Advance from `time_s` by `duration_s` under what was seen last; note it unless silent."""
        concentration = self._exposure.free_micromolar(time_s + duration_s / 2)
        self._blocked = self._after(concentration, duration_s)
        self._ampa_gain = advance_gain(
            self._ampa_gain,
            self.blocked_share[: self._n_branches],
            self._settings.upregulation,
            duration_s,
        )
        if self._at_somata is not None:
            self._hcn_bound = self._bound_to_hcn(self._at_somata, time_s + duration_s)
        if self._plastic is not None:
            self._plastic.advance(duration_s)
        if not silently:
            self.note(time_s + duration_s)

    def _bound_to_hcn(self, at_somata: Exposure, time_s: float) -> NDArray[np.float64]:
        """Share of the HCN channels of every compartment that have bound a blocker.

        Compartments are branches, somata and interneurons in order; the last have no HCN.
        """
        here, somata = (e.free_micromolar(time_s) for e in (self._exposure, at_somata))
        n = self._n_branches
        concentration = np.concatenate([here[:, :n], somata, here[:, n:]], axis=1)
        return bound_share(
            list(self._exposure.blockers.values()), self._block.affinity_hcn1 * concentration
        )

    def _after(self, concentration: NDArray[np.float64], duration_s: float) -> NDArray[np.float64]:
        blockers, opening = list(self._exposure.blockers.values()), self._opening
        if not blockers or opening is None:
            return self._blocked
        bound = self._affinity * concentration
        if len(blockers) == 1:
            after = advance_block(
                self._blocked[0], bound[0], opening.free, opening.unbinding_per_s[0], duration_s,
                blockers[0].k_on.value,
            )  # fmt: skip
            return after[None]
        k_on = np.array([blocker.k_on.value for blocker in blockers])
        entry = (k_on[:, None] * bound)[:, None] * opening.free
        return advance_mixture(self._blocked, entry, opening.unbinding_per_s, duration_s)

    def longest_step_s(self) -> float:
        """Longest step that does not take a weight too far along its way, s."""
        return np.inf if self._plastic is None else self._plastic.longest_step_s()

    def step_s(self, time_s: float, at_most_s: float, largest_change: float) -> float:
        """Longest step, halved from `at_most_s`, that moves no class's mean block too far, s."""
        step = min(at_most_s, max(self.longest_step_s(), SHORTEST_S))
        while step > SHORTEST_S and self._change(time_s, step) > largest_change:
            step /= 2
        return step

    def _change(self, time_s: float, duration_s: float) -> float:
        concentration = self._exposure.free_micromolar(time_s + duration_s / 2)
        after = (self._shares * self._after(concentration, duration_s).sum(axis=0)).sum(axis=0)
        change = after - self.blocked_share
        return max(abs(change[self.population == name].mean()) for name in CLASSES)

    def note(self, time_s: float) -> None:
        """Note down where everything stands at `time_s`."""
        at_sites = self._exposure.free_micromolar(time_s)
        # Until something is given the course is that of an arm in which nothing ever is.
        is_given = time_s >= self._exposure.begins_s
        free = dict(zip(self._exposure.blockers, at_sites, strict=True)) if is_given else {}
        for name in CLASSES:
            here = self.population == name
            for place, (blocker, concentration) in enumerate(free.items()):
                quantity = course_quantity(blocker, is_first=place == 0)
                self._write(time_s, quantity, name, concentration[here])
            if free:
                self._write(time_s, "blocked_share", name, self.blocked_share[here])
        if free:
            self._write(time_s, "ampa_gain", "pyr", self._ampa_gain)
        if self._plastic is not None:
            for (quantity, population), values in self._plastic.course().items():
                self._write(time_s, quantity, population, values)
        if free and self._hcn_bound is not None:
            bound = self._hcn_bound[: self._n_branches]
            self._write(time_s, "hcn_conductance_left", "pyr", conductance_left(bound))

    def _write(
        self, time_s: float, quantity: str, population: str, values: NDArray[np.float64]
    ) -> None:
        low, high = np.quantile(values, LOW_HIGH)
        self._course.append((time_s, quantity, population, values.mean(), low, high))

    def course(self) -> pd.DataFrame:
        """Free concentration, block and AMPA gain through the session.

        Returns
        -------
        DataFrame
            `time_s, quantity, population, mean, low, high`: mean over the sites of a class, and
            the values between which nine tenths of them lie.
        """
        return pd.DataFrame(self._course, columns=COURSE_COLUMNS)
