"""The engine: holds the state of one running cortex and turns stimuli into spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from ketacortex.errors import SimulationError
from ketacortex.model.circuit import DT_MS, Circuit, build_circuit
from ketacortex.model.settings import CircuitSettings
from ketacortex.simulate.kernel import (
    HCN_EVERY,
    OCCUPANCY_BIN_MV,
    OCCUPANCY_BINS,
    OCCUPANCY_EVERY,
    OCCUPANCY_FIRST_MV,
    Constants,
    State,
    Wires,
    advance,
)
from ketacortex.units import MS_PER_S

STEPS_PER_S = MS_PER_S / DT_MS
OCCUPANCY_VOLTAGE_MV = OCCUPANCY_FIRST_MV + OCCUPANCY_BIN_MV * (np.arange(OCCUPANCY_BINS) + 0.5)
IMPLAUSIBLE_HZ = 150.0  # no cortex fires so fast on average for a whole trial


def make_constants(s: CircuitSettings, dt_ms: float = DT_MS) -> Constants:
    """Constants of the kernel for a step of `dt_ms`; every real number becomes a float32."""
    values: dict[str, Any] = {
        "n_pyr": s.pyr.n,
        "n_branch": s.pyr.n_branches,
        "n_pv": s.pv.n,
        "min_delay": max(round(s.wiring.delay_min_ms / dt_ms), 1),
        "max_delay": round(s.wiring.delay_max_ms / dt_ms),
        **_branch_constants(s, dt_ms),
        **_spike_constants(s, dt_ms),
        **_receptor_constants(s, dt_ms),
        **_background_constants(s, dt_ms),
    }
    reals = {name: np.float32(v) for name, v in values.items() if isinstance(v, float)}
    return Constants(**{**values, **reals})


def _branch_constants(s: CircuitSettings, dt_ms: float) -> dict[str, Any]:
    p = s.pyr
    return {
        "k_branch": dt_ms / p.branch_capacitance_pf,
        "leak_branch": p.branch_leak_nanosiemens,
        "coupling": p.coupling_nanosiemens,
        "rest": p.rest_mv,
        "hcn_conductance": p.hcn_nanosiemens,
        "hcn_reversal": p.hcn_reversal_mv,
        "hcn_half": p.hcn_half_mv,
        "hcn_slope": 1 / p.hcn_slope_mv,
        "hcn_relax": float(1 - np.exp(-HCN_EVERY * dt_ms / p.hcn_relaxation_ms)),
        "current_pyr": p.current_pa,
        "adaptation_reversal": p.adaptation_reversal_mv,
        "decay_adaptation": _decay(p.adaptation_decay_ms, dt_ms),
    }


def _spike_constants(s: CircuitSettings, dt_ms: float) -> dict[str, Any]:
    """What every class has: capacitance, leak, reset, refractory period, jump of adaptation."""
    values: dict[str, Any] = {}
    for name, suffix, cell in (("pyr", "soma", s.pyr), ("pv", "pv", s.pv), ("sst", "sst", s.sst)):
        values[f"k_{suffix}"] = dt_ms / cell.capacitance_pf
        values[f"leak_{suffix}"] = cell.leak_nanosiemens
        values[f"reset_{name}"] = cell.reset_mv
        values[f"refractory_{name}"] = float(round(cell.refractory_ms / dt_ms))
        values[f"jump_{name}"] = cell.adaptation_jump_nanosiemens
    return values


def _receptor_constants(s: CircuitSettings, dt_ms: float) -> dict[str, Any]:
    r = s.receptors
    mg_ratio = r.magnesium_millimolar / r.mg_affinity_millimolar
    peak = _peak_factor(r.nmda_rise_ms, r.nmda_decay_ms)
    peak_inter = _peak_factor(r.nmda_rise_ms, r.nmda_decay_interneuron_ms)
    return {
        "gaba_reversal": r.gaba_reversal_mv,
        "decay_ampa": _decay(r.ampa_decay_ms, dt_ms),
        "decay_nmda": _decay(r.nmda_decay_ms, dt_ms),
        "decay_nmda_inter": _decay(r.nmda_decay_interneuron_ms, dt_ms),
        "decay_rise": _decay(r.nmda_rise_ms, dt_ms),
        "decay_gaba_branch": _decay(r.gaba_branch_decay_ms, dt_ms),
        "decay_gaba_soma": _decay(r.gaba_soma_decay_ms, dt_ms),
        "decay_gaba_inter": _decay(r.gaba_interneuron_decay_ms, dt_ms),
        "nmda_peak": peak,
        "nmda_peak_inter": peak_inter,
        "nmda_ceiling": 1 / (r.nmda_ceiling_nanosiemens * peak),
        "nmda_ceiling_inter": 1 / (r.nmda_ceiling_interneuron_nanosiemens * peak_inter),
        "nmda_open": 1 / r.nmda_ceiling_nanosiemens,
        "nmda_open_inter": 1 / r.nmda_ceiling_interneuron_nanosiemens,
        "mg_slope": -r.mg_slope_per_mv,
        "mg_ratio_2ab": mg_ratio,
        "mg_ratio_2d": mg_ratio * r.mg_affinity_glun2d_ratio,
        "facilitation_keep": 1 - s.wiring.es_release,
        "facilitation_rate": dt_ms / s.wiring.es_facilitation_ms,
    }


def _background_constants(s: CircuitSettings, dt_ms: float) -> dict[str, Any]:
    b, n_branches = s.background, s.pyr.n * s.pyr.n_branches
    return {
        "background_pyr": b.branch_nanosiemens,
        "background_pv": b.pv_nanosiemens,
        "background_sst": b.sst_nanosiemens,
        "background_cumulative_pyr": _cumulative(b.branch_hz * n_branches * dt_ms / MS_PER_S),
        "background_cumulative_pv": _cumulative(b.pv_hz * s.pv.n * dt_ms / MS_PER_S),
        "background_cumulative_sst": _cumulative(b.sst_hz * s.sst.n * dt_ms / MS_PER_S),
    }


def _decay(tau_ms: float, dt_ms: float) -> float:
    """What is left of an exponential after one step."""
    return float(np.exp(-dt_ms / tau_ms))


def _peak_factor(rise_ms: float, decay_ms: float) -> float:
    """Factor that makes the peak of `exp(-t/decay) - exp(-t/rise)` equal 1."""
    at = rise_ms * decay_ms / (decay_ms - rise_ms) * np.log(decay_ms / rise_ms)
    return float(1 / (np.exp(-at / decay_ms) - np.exp(-at / rise_ms)))


def _cumulative(mean: float) -> NDArray[np.float64]:
    """Cumulative Poisson probabilities of the events in one step, to the last float64 digit."""
    last = int(mean + 10 * np.sqrt(mean)) + 25
    return poisson.cdf(np.arange(last + 1), mean)


@dataclass(frozen=True, kw_only=True)
class ReceptorGains:
    """What slow processes leave of, or add to, the receptors; 1 everywhere at baseline.

    Parameters
    ----------
    ampa_branch, nmda_branch : (n_branch * n_pyr,) of the AMPA and NMDA conductance of a branch
    nmda_2ab, nmda_2d : (n_pv + n_sst,) of the GluN2A/2B and the GluN2D conductance of a cell
    """

    ampa_branch: NDArray[np.float64]
    nmda_branch: NDArray[np.float64]
    nmda_2ab: NDArray[np.float64]
    nmda_2d: NDArray[np.float64]


def make_wires(circuit: Circuit, constants: Constants) -> Wires:
    """The circuit's connections in the kernel's order and precision, every gain at 1."""
    c, s = constants, circuit.settings
    n_delay = c.max_delay - c.min_delay + 1
    row = circuit.source * n_delay + circuit.delay - c.min_delay
    pointer = np.searchsorted(row, np.arange(circuit.n_cells * n_delay + 1))
    share_2d = np.repeat([0.0, s.pv.share_glun2d, s.sst.share_glun2d], [s.pyr.n, s.pv.n, s.sst.n])
    share_2ab = np.where(circuit.cell_class == "pyr", 0.0, 1 - share_2d)
    f = np.float32
    return Wires(
        pointer=pointer.astype(np.int64),
        target=circuit.target.astype(np.int32),
        ampa=circuit.ampa.astype(f),
        nmda=circuit.nmda.astype(f),
        afferent_pointer=np.searchsorted(
            circuit.afferent_source, np.arange(len(circuit.afferent_preferred_deg) + 1)
        ).astype(np.int64),
        afferent_target=circuit.afferent_target.astype(np.int32),
        afferent_ampa=circuit.afferent_ampa.astype(f),
        afferent_nmda=circuit.afferent_nmda.astype(f),
        ampa_gain=np.ones(circuit.branch_nmda_ratio.size, f),
        nmda_gain=circuit.branch_nmda_ratio.ravel().astype(f),
        share_2ab=share_2ab.astype(f),
        share_2d=share_2d.astype(f),
        threshold=circuit.threshold_mv.astype(f),
    )


def make_state(circuit: Circuit, constants: Constants, seed: int, *, looks: bool = False) -> State:
    """A cortex at rest, its voltages scattered, with a background generator of its own.

    With `looks` there is room to collect how far NMDARs are open, and at which voltage.
    """
    s, c = circuit.settings, constants
    n_branch_compartments = s.pyr.n * s.pyr.n_branches
    n_compartment = n_branch_compartments + circuit.n_cells
    rng = np.random.Generator(np.random.PCG64(seed))
    n_slot = c.max_delay + 1
    f = np.float32

    def zeros(n: int) -> NDArray[np.float32]:
        return np.zeros(n, f)

    return State(
        voltage=(s.pyr.rest_mv + 5 * rng.random(n_compartment)).astype(f),
        ampa=zeros(n_compartment),
        nmda_decay=zeros(n_compartment),
        nmda_rise=zeros(n_compartment),
        gaba=zeros(n_compartment),
        hcn_gate=np.full(n_branch_compartments, 0.2, f),
        adaptation=zeros(circuit.n_cells),
        refractory=zeros(circuit.n_cells),
        spiked=np.zeros(circuit.n_cells, np.int32),
        axial=zeros(s.pyr.n),
        facilitation=zeros(s.pyr.n),
        facilitation_step=np.zeros(s.pyr.n, np.int64),
        ring=np.zeros((n_slot, circuit.n_cells), np.int32),
        ring_count=np.zeros(n_slot, np.int64),
        occupancy=np.zeros(((n_compartment - s.pyr.n) if looks else 0, OCCUPANCY_BINS), f),
        random=rng.integers(0, 2**63, 1).astype(np.uint64),
        step=np.zeros(1, np.int64),
    )


def compile_kernel() -> None:
    """Compile the kernel, or load it from the cache, by advancing a small circuit by one step."""
    small = CircuitSettings.model_validate({"pyr": {"n": 40}})
    nothing = np.zeros(0, np.int64)
    Cortex(build_circuit(small, 0), 0).run(1, nothing, nothing)


@dataclass(frozen=True)
class Spikes:
    """Spikes in order of time: step and cell of each."""

    step: NDArray[np.int64]
    cell: NDArray[np.int64]


class Cortex:
    """One running cortex: give it afferent spikes, get its spikes; state carries over.

    With `looks` it also collects how far NMDARs are open, and at which voltage.
    """

    def __init__(
        self, circuit: Circuit, seed: int, spike_buffer: int = 1 << 16, *, looks: bool = False
    ) -> None:
        self.circuit = circuit
        self._constants = make_constants(circuit.settings)
        self._wires = make_wires(circuit, self._constants)
        self._baseline = self._wires._replace(
            nmda_gain=self._wires.nmda_gain.copy(),
            share_2ab=self._wires.share_2ab.copy(),
            share_2d=self._wires.share_2d.copy(),
        )
        self._state = make_state(circuit, self._constants, seed, looks=looks)
        self._looked_from = 0
        # The kernel stops before a step that could overflow it; every cell may fire in a step.
        self._out_step = np.empty(max(spike_buffer, circuit.n_cells), np.int64)
        self._out_cell = np.empty(len(self._out_step), np.int32)

    @property
    def step(self) -> int:
        """Steps since the start."""
        return int(self._state.step[0])

    @property
    def voltage_mv(self) -> NDArray[np.float32]:
        """Voltage of every compartment now, (n_compartment,) mV."""
        return self._state.voltage.copy()

    def set_gains(self, gains: ReceptorGains) -> None:
        """Set what slow processes have left of the receptors."""
        w, base, inter = self._wires, self._baseline, slice(self.circuit.settings.pyr.n, None)
        w.ampa_gain[:] = gains.ampa_branch
        w.nmda_gain[:] = base.nmda_gain * gains.nmda_branch
        w.share_2ab[inter] = base.share_2ab[inter] * gains.nmda_2ab
        w.share_2d[inter] = base.share_2d[inter] * gains.nmda_2d

    def take_occupancy(self) -> NDArray[np.float64]:
        """Mean open share of NMDARs, by voltage, since it was last taken.

        Returns
        -------
        (n_branch * n_pyr + n_pv + n_sst, n_bin)
            Bins are centred on `OCCUPANCY_VOLTAGE_MV`; a row sums to the mean share of the
            compartment's NMDARs that are open, 1 when all hold glutamate at the peak.
        """
        n_looks = -(-self.step // OCCUPANCY_EVERY) + (-self._looked_from // OCCUPANCY_EVERY)
        mean = self._state.occupancy.astype(float) / max(n_looks, 1)
        self._state.occupancy[:] = 0
        self._looked_from = self.step
        return mean

    def run(
        self, n_steps: int, event_step: NDArray[np.int64], event_afferent: NDArray[np.int64]
    ) -> Spikes:
        """Advance by `n_steps` under afferent spikes at steps counted from now."""
        first = self.step
        until, event = first + n_steps, 0
        steps: list[NDArray[np.int64]] = []
        cells: list[NDArray[np.int64]] = []
        absolute = event_step + first
        while self.step < until:
            n, event = advance(
                self._state, self._wires, self._constants, until, absolute, event_afferent,
                event, self._out_step, self._out_cell,
            )  # fmt: skip
            steps.append(self._out_step[:n].copy())
            cells.append(self._out_cell[:n].astype(np.int64))
        spikes = Spikes(np.concatenate(steps), np.concatenate(cells))
        self._check(spikes, n_steps)
        return spikes

    def _check(self, spikes: Spikes, n_steps: int) -> None:
        rate_hz = len(spikes.step) / self.circuit.n_cells / (n_steps / STEPS_PER_S)
        if not np.isfinite(self._state.voltage).all():
            raise SimulationError(
                f"a voltage stopped being a number before {self.step / STEPS_PER_S:.1f} s: the "
                f"step of {DT_MS} ms is too long for a conductance this strong. Lower the weights, "
                "rates or leaks that were changed, or raise the capacitances."
            )
        if rate_hz > IMPLAUSIBLE_HZ:
            raise SimulationError(
                f"the circuit fired at {rate_hz:.0f} Hz on average around "
                f"{self.step / STEPS_PER_S:.1f} s; no cortex does that for a whole trial. "
                "Lower the excitatory or raise the inhibitory weights that were changed."
            )
