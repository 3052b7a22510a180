"""The extracellular potential (LFP) of branched cells, from their own axial currents.

A branch that passes a current into its soma takes it up from outside; the soma gives it back. Each
is a point source in an even conductor, so that a pair adds

    phi = I_axial (1 / r_soma - 1 / r_branch) / (4 pi sigma),   I_axial = g (V_branch - V_soma)

and the potential is a fixed weighted sum of voltages. Every cell's weights add up to zero: charge
is conserved, a point cell has no field (method: Ness et al. 2022, 10.1007/978-3-030-89439-9_8).
Assumed: a conductivity of 0.3 S/m, the usual value of such models; a source no nearer than its own
size, 10 µm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.errors import ConfigurationError
from ketacortex.model.network import Network
from ketacortex.units import MS_PER_S

CONDUCTIVITY_S_PER_M = 0.3
NEAREST_UM = 10.0
FIELD_RATE_HZ = 1000.0
PASS_HZ, STOP_HZ, STOP_DB = 300.0, 500.0, 80.0


@dataclass(frozen=True, kw_only=True)
class FieldSites:
    """Electrodes, and where the compartments lie.

    Parameters
    ----------
    electrode_um : (n_site, 3) x, y and depth, µm
    compartment_um : (n_compartment, 3) x, y and depth, µm
    """

    electrode_um: NDArray[np.float64]
    compartment_um: NDArray[np.float64]


def field_weight(network: Network, sites: FieldSites) -> NDArray[np.float64]:
    """Potential at each electrode for 1 mV in each compartment, (n_site, n_compartment) µV / mV."""
    distance_um = np.linalg.norm(sites.electrode_um[:, None] - sites.compartment_um[None], axis=-1)
    # pA / (S/m µm) is µV.
    per_pa = 1 / (4 * np.pi * CONDUCTIVITY_S_PER_M * np.maximum(distance_um, NEAREST_UM))
    weight = np.zeros_like(per_pa)
    for p in network.populations:
        if p.branches is None:
            continue
        first, soma = network.compartments(p.name).start, network.compartments(p.name).stop - p.n
        for b in range(p.n_branches):
            branch = slice(first + b * p.n, first + (b + 1) * p.n)
            pair = p.branches.coupling_nanosiemens * (
                per_pa[:, soma : soma + p.n] - per_pa[:, branch]
            )
            weight[:, branch] += pair
            weight[:, soma : soma + p.n] -= pair
    return weight


class Decimator:
    """From one value a step to 1 kHz: a linear-phase low-pass, then every so many values.

    Flat to 300 Hz, 80 dB down from 500 Hz on, so nothing folds back; its delay is taken out, so
    sample `k` is centred on the first step after `k` ms. However the steps arrive, the samples are
    the same bits.

    Parameters
    ----------
    n_site : electrodes
    dt_ms : ms
    """

    def __init__(self, n_site: int, dt_ms: float) -> None:
        from scipy.signal import firwin, kaiserord  # slow to import, and seldom needed

        rate_hz = MS_PER_S / dt_ms
        self.every = round(rate_hz / FIELD_RATE_HZ)
        if abs(self.every * FIELD_RATE_HZ - rate_hz) > 1e-6 * rate_hz:
            raise ConfigurationError(
                f"steps of {dt_ms:g} ms do not make up whole samples of 1 ms. Take a step that "
                "divides 1 ms, such as 0.1."
            )
        n_tap, beta = kaiserord(STOP_DB, (STOP_HZ - PASS_HZ) / (rate_hz / 2))
        self.taps = firwin(n_tap | 1, (PASS_HZ + STOP_HZ) / 2, window=("kaiser", beta), fs=rate_hz)
        # Before the start the potential is held at zero, half a filter long.
        self.pending: NDArray[np.float64] = np.zeros((len(self.taps) // 2, n_site))
        self._ready: list[NDArray[np.float32]] = [np.zeros((0, n_site), np.float32)]

    def give(self, values: NDArray[np.float32]) -> None:
        """Take in values of further steps, (n_step, n_site)."""
        self.pending = np.concatenate([self.pending, values])
        n_ready = (len(self.pending) - len(self.taps)) // self.every + 1
        if n_ready > 0:
            windows = np.lib.stride_tricks.sliding_window_view(
                self.pending, len(self.taps), axis=0
            )[:: self.every][:n_ready]
            self._ready.append((windows @ self.taps).astype(np.float32))
            self.pending = self.pending[n_ready * self.every :]

    @property
    def ready(self) -> NDArray[np.float32]:
        """Samples that are complete and were not taken yet, (n_sample, n_site)."""
        return np.concatenate(self._ready)

    @ready.setter
    def ready(self, samples: NDArray[np.float32]) -> None:
        self._ready = [samples]

    def take(self) -> NDArray[np.float32]:
        """The samples that are ready, which are then not ready any more."""
        taken = self.ready
        self.ready = taken[:0]
        return taken
