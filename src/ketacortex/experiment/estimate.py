"""What a run will cost, before it is started."""

from __future__ import annotations

import os
from typing import Any

from ketacortex.experiment.load import arm_circuit
from ketacortex.experiment.schema import Experiment
from ketacortex.model.circuit import build_circuit

# benchmarks/results.jsonl: one core of the reference machine, default circuit, gratings and blanks.
NANOSECONDS_PER_COMPARTMENT_STEP = 1.8
STEPS_PER_S = 10_000
START_S = 15.0  # imports, compilation, comparison and report
MB_PER_PROCESS = 320.0
BYTES_PER_SPIKE = 8
TYPICAL_RATE_HZ = 7.0


def estimate(experiment: Experiment, workers: int | None = None) -> dict[str, Any]:
    """Cells, synapses, simulated time, expected wall time, memory and disk.

    Examples
    --------
    >>> from ketacortex.experiment.load import load_experiment
    >>> estimate(load_experiment(animals=2), workers=1)["simulated_s"]
    691.2
    """
    n_tasks = experiment.animals * len(experiment.arms)
    n_workers = min(workers or os.cpu_count() or 1, n_tasks)
    circuit = build_circuit(
        arm_circuit(experiment, next(iter(experiment.arms))), experiment.animal_seed(1)
    )
    pyr = circuit.settings.pyr
    n_compartments = circuit.n_cells + pyr.n * pyr.n_branches
    per_task_s = experiment.simulated_s / n_tasks
    task_wall_s = (
        per_task_s * STEPS_PER_S * n_compartments * NANOSECONDS_PER_COMPARTMENT_STEP * 1e-9
    )
    rounds = -(-n_tasks // n_workers)
    spikes = experiment.simulated_s * circuit.n_cells * TYPICAL_RATE_HZ
    return {
        "animals": experiment.animals,
        "arms": list(experiment.arms),
        "cells": circuit.n_cells,
        "compartments": n_compartments,
        "synapses": len(circuit.source) + len(circuit.afferent_source),
        "simulated_s": round(experiment.simulated_s, 1),
        "workers": n_workers,
        "expected_wall_s": round(START_S + rounds * task_wall_s, 1),
        "expected_memory_mb": MB_PER_PROCESS * (n_workers + 1),
        "expected_disk_mb": round(spikes * BYTES_PER_SPIKE / 1e6, 1),
    }
