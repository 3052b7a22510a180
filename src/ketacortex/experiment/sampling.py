"""Which cells of an animal the electrodes of an experiment see, before anything is simulated."""

from __future__ import annotations

from typing import Any

import numpy as np

from ketacortex.model.circuit import Circuit
from ketacortex.recording.electrodes import Electrodes, Sampled, sample_cells


def cells_sampled(electrodes: Electrodes, circuit: Circuit, seed: int) -> Sampled:
    """The cells of one animal that electrodes see, in every arm and epoch.

    Parameters
    ----------
    electrodes : Electrodes
    circuit : Circuit
    seed : of the animal

    Examples
    --------
    >>> from ketacortex.model.circuit import build_circuit
    >>> from ketacortex.model.settings import CircuitSettings
    >>> seen = cells_sampled(Electrodes(), build_circuit(CircuitSettings(), 1), 1)
    >>> 0 < seen.n_cells_in_units < 320
    True
    """
    return sample_cells(electrodes, np.column_stack([circuit.position_um, circuit.depth_um]), seed)


def sampling_in_numbers(sampled: Sampled) -> dict[str, Any]:
    """How many sites, and of how many cells how many make how many units, for an estimate."""
    return {
        "electrode_sites": len(sampled.site_um),
        "cells_seen": sampled.n_cells_in_units,
        "units": len(sampled.cells_of_unit),
        "units_merged": sampled.n_merged,
    }
