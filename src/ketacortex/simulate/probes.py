"""What is recorded beside spikes: inhibition of dendrites, their plateaus, somatic voltages.

A probe looks at the state between two calls of the compiled loop, once a millisecond, and changes
nothing in it: spikes are the same bits with a probe and without. Samples are only copied then; what
is made of them comes a block at a time, so that the cost is that of returning every millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from ketacortex.errors import ConfigurationError
from ketacortex.model.network import Network
from ketacortex.recording.recording import (
    DENDRITIC_INHIBITION,
    EVENT_COLUMNS,
    MEMBRANE_POTENTIAL,
    PLATEAU,
    Channel,
)
from ketacortex.settings import Settings, sourced
from ketacortex.simulate.kernel import State
from ketacortex.simulate.plateaus import (
    Stretches,
    cut_stretches,
    ended_stretches,
    joined,
    none_open,
)
from ketacortex.units import MS_PER_S

PROBE_RATE_HZ = 1000.0
BLOCK = 250  # samples; with 1440 branches a block of voltages is 1.4 MB
NMDA_SPIKE = (
    "assumed: an NMDA spike is a plateau at -20 to -10 mV for 20-50 ms, up to 100; its foot lies "
    "10 mV lower (dendritic spikes of V1 in vivo: Smith et al. 2013, 10.1038/nature12600)"
)


class Probes(Settings):
    """What is recorded beside spikes; nothing by default."""

    dendritic_inhibition: Annotated[
        bool, Field(description="mean GABA conductance of the dendritic branches, at 1 kHz")
    ] = False
    plateaus: Annotated[bool, Field(description="plateaus of every dendritic branch")] = False
    membrane_cells: Annotated[
        int, Field(ge=0, description="pyramidal cells with a somatic voltage at 1 kHz, the first")
    ] = 0
    plateau_above_mv: Annotated[
        float, sourced("mV", NMDA_SPIKE, "a plateau lies above", ge=-100, le=0)
    ] = -30.0
    plateau_lasts_ms: Annotated[
        float, sourced("ms", NMDA_SPIKE, "a plateau lasts at least", ge=1)
    ] = 20.0

    @property
    def is_any(self) -> bool:
        """Whether anything is recorded beside spikes."""
        return self.sees_dendrites or self.membrane_cells > 0

    @property
    def sees_dendrites(self) -> bool:
        """Whether anything is recorded of dendrites."""
        return self.dendritic_inhibition or self.plateaus

    def require_cells(self, n_cells: int) -> None:
        """Stop if more cells are asked for than there are.

        Raises
        ------
        ConfigurationError
            There are fewer.
        """
        if self.membrane_cells > n_cells:
            raise ConfigurationError(
                f"record.membrane_cells is {self.membrane_cells}, and the circuit has {n_cells} "
                "pyramidal cells. Record fewer, or make the circuit larger."
            )


@dataclass(frozen=True, kw_only=True)
class Probed:
    """What a probe saw of one continuous stretch; nothing by default.

    Samples are counted from its start, and sample `k` shows the state `k` ms after it.

    Parameters
    ----------
    inhibition_nanosiemens : (n_sample,) nS, GABA conductance, mean over branches
    membrane_mv : (n_cell, n_sample) mV
    plateau_first, plateau_samples : (n_plateau,) first sample and number of samples
        One that was under way at the start or the end of the stretch is cut there.
    plateau_cell, plateau_branch : (n_plateau,) cell within the population, and its branch
    """

    inhibition_nanosiemens: NDArray[np.float32] = field(
        default_factory=lambda: np.zeros(0, np.float32)
    )
    membrane_mv: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    plateau_first: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    plateau_samples: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    plateau_cell: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    plateau_branch: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


class Probe:
    """Looks at one branched population of a running network once a millisecond.

    Parameters
    ----------
    network : Network
    population : its name
    record : what to keep
    dt_ms : ms
    step : of the network at which it begins
    """

    def __init__(
        self, network: Network, population: str, record: Probes, dt_ms: float, step: int
    ) -> None:
        p = next(p for p in network.populations if p.name == population)
        record.require_cells(p.n)
        self._record, self._n_cells, self._step = record, p.n, step
        self._every = round(MS_PER_S / PROBE_RATE_HZ / dt_ms)
        if abs(self._every * dt_ms * PROBE_RATE_HZ - MS_PER_S) > 1e-6 * MS_PER_S:
            raise ConfigurationError(
                f"steps of {dt_ms:g} ms do not make up whole samples of 1 ms. Take a step that "
                "divides 1 ms, such as 0.1."
            )
        first, n_branches = network.compartments(population).start, p.n * p.n_branches
        self._branches = slice(first, first + n_branches)
        self._somata = slice(first + n_branches, first + n_branches + record.membrane_cells)
        self._gaba = np.empty((BLOCK, n_branches if record.dendritic_inhibition else 0), np.float32)
        self._voltage = np.empty((BLOCK, n_branches if record.plateaus else 0), np.float32)
        self._soma = np.empty((BLOCK, record.membrane_cells), np.float32)
        self._n_waiting = self._n_digested = 0
        self._inhibition: list[NDArray[np.float32]] = []
        self._membrane: list[NDArray[np.float32]] = []
        self._plateaus: list[Stretches] = []
        self._open_since = none_open(self._voltage.shape[1])

    def is_due(self, step: int) -> bool:
        """Whether a sample shows the state before this step."""
        return (step - self._step) % self._every == 0

    def next_due(self, step: int) -> int:
        """The first step after this one that has a sample before it."""
        return step + self._every - (step - self._step) % self._every

    def sample(self, state: State) -> None:
        """Take one sample of the state as it is now."""
        row = self._n_waiting
        if self._gaba.size:
            self._gaba[row] = state.gaba[self._branches]
        if self._voltage.size:
            self._voltage[row] = state.voltage[self._branches]
        if self._soma.size:
            self._soma[row] = state.voltage[self._somata]
        self._n_waiting += 1
        if self._n_waiting == BLOCK:
            self._digest()

    def take(self) -> Probed:
        """All that was seen, from the start on."""
        self._digest()
        record, stop = self._record, self._n_digested
        parts = [*self._plateaus, cut_stretches(self._open_since, stop)]
        at_least = int(np.ceil(record.plateau_lasts_ms / MS_PER_S * PROBE_RATE_HZ - 1e-9))
        plateaus = joined(parts, at_least)
        return Probed(
            inhibition_nanosiemens=np.concatenate([np.zeros(0, np.float32), *self._inhibition]),
            membrane_mv=np.concatenate(
                [np.zeros((record.membrane_cells, 0), np.float32), *self._membrane], axis=1
            ),
            plateau_first=plateaus.first,
            plateau_samples=plateaus.n_samples,
            plateau_cell=plateaus.branch % self._n_cells,
            plateau_branch=plateaus.branch // self._n_cells,
        )

    def _digest(self) -> None:
        n = self._n_waiting
        if n == 0:
            return
        if self._gaba.size:
            # In double precision, as a sum of many small terms.
            mean = self._gaba[:n].astype(float).mean(axis=1)
            self._inhibition.append(mean.astype(np.float32))
        if self._soma.size:
            self._membrane.append(self._soma[:n].T.copy())
        if self._voltage.size:
            is_above = self._voltage[:n] > self._record.plateau_above_mv
            ended, self._open_since = ended_stretches(is_above, self._open_since, self._n_digested)
            self._plateaus.append(ended)
        self._n_digested += n
        self._n_waiting = 0


def channels_of(
    probed: Probed, epoch: str, start_s: float, depth_um: NDArray[np.float64]
) -> list[Channel]:
    """What a probe saw of one epoch as channels of a recording.

    Each epoch has channels of its own: between epochs hours may pass in which nothing is recorded,
    and a regularly sampled series cannot leave them out.

    Parameters
    ----------
    probed : Probed
    epoch : its name, the end of the name of every channel
    start_s : s, its start on the clock of the recording
    depth_um : (n_cell,) µm, of the somata
    """
    channels = []
    if len(probed.inhibition_nanosiemens):
        channels.append(
            Channel(
                name=f"dendritic_inhibition_{epoch}",
                quantity=DENDRITIC_INHIBITION,
                unit="nS",
                values=probed.inhibition_nanosiemens,
                rate_hz=PROBE_RATE_HZ,
                start_s=start_s,
            )
        )
    for cell, voltage_mv in enumerate(probed.membrane_mv):
        channels.append(
            Channel(
                name=f"membrane_potential_{cell}_{epoch}",
                quantity=MEMBRANE_POTENTIAL,
                unit="mV",
                values=voltage_mv,
                depth_um=float(depth_um[cell]),
                of_unit=cell,
                rate_hz=PROBE_RATE_HZ,
                start_s=start_s,
            )
        )
    return channels


def plateau_events(probed: Probed, start_s: float) -> pd.DataFrame:
    """Plateaus of one epoch as events of a recording, on whose clock the epoch begins at `start_s`.

    Returns
    -------
    DataFrame
        `name, onset_s, duration_s, unit, branch`
    """
    # A microsecond is finer than the samples; it rids the seconds of the rounding of the sum.
    return pd.DataFrame(
        {
            "name": PLATEAU,
            "onset_s": np.round(start_s + probed.plateau_first / PROBE_RATE_HZ, 6),
            "duration_s": np.round(probed.plateau_samples / PROBE_RATE_HZ, 6),
            "unit": probed.plateau_cell,
            "branch": probed.plateau_branch.astype(np.int16),  # there may be many rows
        },
        columns=[*EVENT_COLUMNS, "branch"],
    )
