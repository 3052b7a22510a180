"""The engine: holds the state of one running network and turns stimuli into spikes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ketacortex.errors import ConfigurationError
from ketacortex.model.circuit import DT_MS, build_circuit
from ketacortex.model.network import Network
from ketacortex.model.settings import CircuitSettings
from ketacortex.model.v1_network import network_of
from ketacortex.simulate.field import Decimator, FieldSites, field_weight
from ketacortex.simulate.kernel import (
    OCCUPANCY_BIN_MV,
    OCCUPANCY_BINS,
    OCCUPANCY_FIRST_MV,
    advance,
)
from ketacortex.simulate.layout import (
    SMALLEST_GAIN,
    afferent_gains,
    baseline_nmda,
    baseline_shares,
    hcn_conductance,
    hcn_half,
    make_state,
    make_wires,
    receptor_gains,
    uses_shares,
)
from ketacortex.simulate.probes import Probe
from ketacortex.simulate.watch import Watch
from ketacortex.units import MS_PER_S

STEPS_PER_S = MS_PER_S / DT_MS
OCCUPANCY_VOLTAGE_MV = OCCUPANCY_FIRST_MV + OCCUPANCY_BIN_MV * (np.arange(OCCUPANCY_BINS) + 0.5)
CHUNK_S = 0.25  # between two looks at whether the network still behaves; buffers are that long
CHANGING = (
    "receptors",
    "share_2ab",
    "share_2d",
    "hcn_conductance",
    "hcn_half",
    "afferent_weight",
)  # of the wires
_NO_EVENTS = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Spikes:
    """Spikes in order of time: step and cell of each."""

    step: NDArray[np.int64]
    cell: NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class ReceptorGains:
    """What slow processes leave of, or add to, the receptors; 1 everywhere at baseline.

    Parameters
    ----------
    ampa, nmda : (n_site,) of the AMPA and NMDA conductance of each branch and point cell
    nmda_2d : (n_site,) of the GluN2D conductance, where a point cell has one
    hcn : (n_compartment,) of the HCN conductance; None leaves it as it is
    hcn_shift_mv : (n_compartment,) mV by which its half activation has moved
    afferents_onto_points : (n_afferent,) of the synapses of each fibre onto cells without branches;
        None leaves them as they are
    """

    ampa: NDArray[np.float64]
    nmda: NDArray[np.float64]
    nmda_2d: NDArray[np.float64]
    hcn: NDArray[np.float64] | None = None
    hcn_shift_mv: NDArray[np.float64] | None = None
    afferents_onto_points: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Openings:
    """How far NMDARs of each site were open, and at which voltage it was, over some time.

    Parameters
    ----------
    open_share : (n_site, n_bin)
        Branches and point cells in order; bins are centred on `OCCUPANCY_VOLTAGE_MV`. A row sums
        to the mean share of the site's NMDARs that are open, 1 when all hold glutamate at the peak.
    time_share : (n_site, n_bin) of the time, spent in each bin; a row sums to 1. None where it was
        not asked for
    """

    open_share: NDArray[np.float64]
    time_share: NDArray[np.float64] | None = None


class Cortex:
    """One running network: give it afferent spikes, get its spikes; state carries over.

    Parameters
    ----------
    network : Network
    seed : of its starting voltages and of its noise
    dt_ms : ms
    looks : collect how far NMDARs are open, and at which voltage
    times : and for how long each voltage was there, which only a leak of closed pores needs
    field : where to record the extracellular potential, None for nowhere
    exact : double precision and the exponential of the C library, many times slower
    chunk_s : s, longest stretch between two checks of its activity
    """

    def __init__(
        self,
        network: Network,
        seed: int,
        *,
        dt_ms: float = DT_MS,
        looks: bool = False,
        times: bool = False,
        field: FieldSites | None = None,
        exact: bool = False,
        chunk_s: float = CHUNK_S,
    ) -> None:
        self.network, self.dt_ms, self._exact = network, dt_ms, True if exact else None
        weight = None if field is None else field_weight(network, field)
        self._wires = make_wires(network, dt_ms, weight, np.float64 if exact else np.float32)
        self._rested_afferents = self._wires.afferent_weight.copy()
        self._state = make_state(network, self._wires, seed, looks=looks, times=times)
        self._decimator = None if weight is None else Decimator(len(weight), dt_ms)
        self._watch = Watch(network, dt_ms)
        self._looked_from = 0
        self._probe: Probe | None = None
        self._chunk_steps = max(round(chunk_s * MS_PER_S / dt_ms), 1)
        # The kernel stops before a step that could overflow it; every cell may fire in a step.
        self._out_step = np.empty(max(1 << 14, 2 * network.n_cells), np.int64)
        self._out_cell = np.empty(len(self._out_step), np.int32)

    @property
    def step(self) -> int:
        """Steps since the start."""
        return int(self._state.step[0])

    @property
    def voltage_mv(self) -> NDArray[np.float32]:
        """Voltage of every compartment now, (n_compartment,) mV."""
        return self._state.voltage.copy()

    @property
    def watch(self) -> Watch:
        """What it has fired so far, by population."""
        return self._watch

    def set_gains(self, gains: ReceptorGains) -> None:
        """Set what slow processes have left of the receptors, those open now included."""
        w, s, network = self._wires, self._state, self.network
        sites = network.receptor_compartments
        ampa, nmda = np.ones(network.n_compartments), baseline_nmda(network)
        ampa[sites] = gains.ampa
        by_compartment = np.ones((2, network.n_compartments))
        by_compartment[:, sites] = gains.nmda, gains.nmda_2d
        share_2ab, share_2d = baseline_shares(network)
        for p in network.populations:
            here = network.compartments(p.name)
            if uses_shares(p):
                cells = network.cells(p.name)
                w.share_2ab[cells] = share_2ab[cells] * by_compartment[0, here]
                w.share_2d[cells] = share_2d[cells] * by_compartment[1, here]
            else:
                nmda[here] *= by_compartment[0, here]
        new = receptor_gains(network, ampa, nmda, w.receptors.dtype.type)
        change_ampa, change_nmda = (new[:, :2] / w.receptors[:, :2]).T
        s.ampa[:] *= change_ampa
        s.nmda_decay[:] *= change_nmda
        s.nmda_rise[:] *= change_nmda
        w.receptors[:] = new
        if gains.hcn is not None and gains.hcn_shift_mv is not None:
            conductance = hcn_conductance(network) * np.maximum(gains.hcn, SMALLEST_GAIN)
            has_any = conductance > 0
            s.hcn[has_any] *= (conductance / np.where(has_any, w.hcn_conductance, 1))[has_any]
            w.hcn_conductance[:] = conductance
            w.hcn_half[:] = hcn_half(network) + gains.hcn_shift_mv
        if gains.afferents_onto_points is not None:
            w.afferent_weight[:] = self._rested_afferents * afferent_gains(
                network, gains.afferents_onto_points
            )

    def take_openings(self) -> Openings:
        """How far NMDARs were open, by voltage, since it was last taken."""
        every = self._wires.look_every
        n_looks = -(-self.step // every) + (-self._looked_from // every)
        sites = self.network.receptor_compartments
        mean = self._state.occupancy[sites].astype(float) / max(n_looks, 1)
        self._state.occupancy[:] = 0
        self._looked_from = self.step
        return Openings(mean[:, 0], mean[:, 1] if mean.shape[1] > 1 else None)

    def take_field(self) -> NDArray[np.float32]:
        """Extracellular potential since it was last taken, (n_sample, n_site) µV at 1 kHz.

        Samples come once their low-pass filter is complete: half its length after their time.
        """
        if self._decimator is None:
            raise ConfigurationError(
                "no field is recorded from this network; give `field` when it is made."
            )
        return self._decimator.take()

    def attach(self, probe: Probe) -> None:
        """Let a probe sample the state from now on; a saved state holds none of its samples."""
        self._probe = probe

    def run(
        self,
        n_steps: int,
        event_step: NDArray[np.int64] = _NO_EVENTS,
        event_afferent: NDArray[np.int64] = _NO_EVENTS,
    ) -> Spikes:
        """Advance by `n_steps` under afferent spikes at steps counted from now.

        Raises
        ------
        SimulationError
            A voltage that is no number, or a population beyond 100 Hz.
        """
        until, event, watched, n_watched = self.step + n_steps, 0, self.step, 0
        steps: list[NDArray[np.int64]] = []
        cells: list[NDArray[np.int32]] = []
        absolute = event_step + self.step
        n_site = len(self._wires.field_weight)
        field = np.empty((min(self._chunk_steps, n_steps) if n_site else 0, n_site), np.float32)
        while self.step < until:
            start = self.step
            stop = min(until, watched + self._chunk_steps)
            if self._probe is not None:
                if self._probe.is_due(start):
                    self._probe.sample(self._state)
                stop = min(stop, self._probe.next_due(start))
            n, event = advance(
                self._state, self._wires, stop, absolute, event_afferent, event,
                self._out_step, self._out_cell, field, self._exact,
            )  # fmt: skip
            steps.append(self._out_step[:n].copy())
            cells.append(self._out_cell[:n].copy())
            if self._decimator is not None:
                self._decimator.give(field[: self.step - start])
            if self.step in (until, watched + self._chunk_steps):
                fired = np.concatenate(cells[n_watched:])
                self._watch.look(self._state, self.step - watched, fired)
                watched, n_watched = self.step, len(cells)
        return Spikes(
            np.concatenate(steps) if steps else np.zeros(0, np.int64),
            np.concatenate(cells) if cells else np.zeros(0, np.int32),
        )

    def save(self, path: str | Path) -> None:
        """Write everything that the next step depends on; `restore` goes on to the same bits."""
        path = Path(path)
        parts = {f"state_{name}": value for name, value in self._state._asdict().items()}
        for name in CHANGING:
            parts[f"wires_{name}"] = getattr(self._wires, name)
        if self._decimator is not None:
            parts |= {"field": self._decimator.pending, "field_ready": self._decimator.ready}
        temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with temporary.open("wb") as file:
                np.savez(
                    file, looked_from=self._looked_from, dt_ms=self.dt_ms,
                    network=self._fingerprint(), **parts,
                )  # fmt: skip
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    def restore(self, path: str | Path) -> None:
        """Take over what `save` has written of the same network.

        Raises
        ------
        ConfigurationError
            The file holds no state, or that of another network, step, or with other looks.
        """
        try:
            held = dict(np.load(path))
            network, dt_ms = str(held["network"]), float(held["dt_ms"])
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise ConfigurationError(
                f'"{path}" is no saved state of a cortex ({error}). Give a file that `Cortex.save` '
                "has written; it never leaves half of one."
            ) from None
        if network != self._fingerprint() or dt_ms != self.dt_ms:
            raise ConfigurationError(
                f'"{path}" holds the state of another network or step; only the network it '
                "was saved from can go on. Build that one with the same settings and seed."
            )
        for name, value in self._state._asdict().items():
            if held[f"state_{name}"].shape != value.shape:
                raise ConfigurationError(
                    f'"{path}" was saved {"without" if value.size else "with"} looks at open '
                    "receptors. Make the network with the same `looks`."
                )
            value[...] = held[f"state_{name}"]
        for name in CHANGING:
            getattr(self._wires, name)[...] = held[f"wires_{name}"]
        if self._decimator is not None:
            self._decimator.pending, self._decimator.ready = held["field"], held["field_ready"]
        self._looked_from = int(held["looked_from"])

    def _fingerprint(self) -> str:
        """A digest of everything that does not change."""
        digest = blake2b(digest_size=16)
        for name, value in self._wires._asdict().items():
            if name not in CHANGING:
                digest.update(np.ascontiguousarray(value).tobytes())
        return digest.hexdigest()


def run_together(
    cortices: Sequence[Cortex],
    n_steps: int,
    events: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]] | None = None,
    *,
    threads: int | None = None,
) -> list[Spikes]:
    """Advance independent networks at the same time; the bits do not depend on `threads`.

    The compiled loop holds no lock, so threads share one copy of the synapses.

    Parameters
    ----------
    cortices : each with a state of its own
    n_steps : for every one of them
    events : afferent spikes of each, as in `Cortex.run`; none by default
    threads : default: one a core
    """
    given = events or [(_NO_EVENTS, _NO_EVENTS)] * len(cortices)
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        return list(
            pool.map(lambda pair: pair[0].run(n_steps, *pair[1]), zip(cortices, given, strict=True))
        )


def compile_kernel() -> None:
    """Compile the kernel, or load it from the cache, by advancing a small circuit by one step."""
    small = CircuitSettings.model_validate({"pyr": {"n": 40}})
    Cortex(network_of(build_circuit(small, 0)), 0).run(1)
