"""What a run will cost, before it is started."""

from __future__ import annotations

import os
from math import inf
from typing import Any

from ketacortex.experiment.load import of_arm
from ketacortex.experiment.sampling import cells_sampled, sampling_in_numbers
from ketacortex.experiment.schema import Experiment
from ketacortex.model.circuit import build_circuit
from ketacortex.simulate.probes import PROBE_RATE_HZ
from ketacortex.simulate.session import epoch_starts_s
from ketacortex.stimulus.day import PIECE_S
from ketacortex.stimulus.epochs import Passing

# benchmarks/results.jsonl: one core of the reference machine, default circuit, gratings and blanks.
NANOSECONDS_PER_COMPARTMENT_STEP = 1.5
STEPS_PER_S = 10_000
START_S = 25.0  # imports, compilation, comparison and report
MB_PER_PROCESS = 380.0
BYTES_PER_SPIKE = 8
PROBES_TAKE = 1.7  # times as long: the compiled loop returns every millisecond
BYTES_PER_SAMPLE = 4
BYTES_PER_PLATEAU = 90
PLATEAUS_PER_S = 0.55  # of a branch, over gratings and blanks of the default circuit
BATCHES_A_PAUSE = 25  # of representative trials, typically, while block builds up or decays
BATCHES_AN_EPOCH = 12  # of pieces, typically, while an adapter or a grey screen is shown
TYPICAL_RATE_HZ = 7.0


def estimate(experiment: Experiment, workers: int | None = None) -> dict[str, Any]:
    """Cells, synapses, simulated time, expected wall time, memory and disk.

    With electrodes also what they see of the first animal.

    Examples
    --------
    >>> from ketacortex.experiment.load import load_experiment
    >>> estimate(load_experiment("baseline-v1", animals=2), workers=1)["simulated_s"]
    691.2
    """
    n_tasks = experiment.animals * len(experiment.arms)
    n_workers = min(workers or os.cpu_count() or 1, n_tasks)
    first = of_arm(experiment, next(iter(experiment.arms)))
    seed = experiment.animal_seed(1)
    circuit = build_circuit(first.circuit, seed)
    n_recorded, sampling = circuit.n_cells, {}
    if first.electrodes is not None:
        sampled = cells_sampled(first.electrodes, circuit, seed)
        sampled.require_units()
        n_recorded, sampling = sampled.n_cells_in_units, sampling_in_numbers(sampled)
    pyr = circuit.settings.pyr
    n_compartments = circuit.n_cells + pyr.n * pyr.n_branches
    simulated_s = experiment.animals * _simulated_s_of_an_animal(experiment)
    wall_s = simulated_s * STEPS_PER_S * n_compartments * NANOSECONDS_PER_COMPARTMENT_STEP * 1e-9
    wall_s *= PROBES_TAKE if experiment.record.is_any else 1.0
    spikes = experiment.simulated_s * n_recorded * TYPICAL_RATE_HZ
    return {
        "animals": experiment.animals,
        "arms": list(experiment.arms),
        "cells": circuit.n_cells,
        "compartments": n_compartments,
        "synapses": len(circuit.source) + len(circuit.afferent_source),
        **sampling,
        "simulated_s": round(simulated_s, 1),
        "workers": n_workers,
        "expected_wall_s": round(START_S + wall_s / n_workers, 1),
        "expected_memory_mb": MB_PER_PROCESS * (n_workers + 1),
        "expected_disk_mb": round((spikes * BYTES_PER_SPIKE + _probe_bytes(experiment)) / 1e6, 1),
    }


def _probe_bytes(experiment: Experiment) -> float:
    record, pyr = experiment.record, experiment.circuit.pyr
    n_channels = record.membrane_cells + record.dendritic_inhibition
    plateaus_per_s = PLATEAUS_PER_S * pyr.n * pyr.n_branches if record.plateaus else 0.0
    per_s = n_channels * PROBE_RATE_HZ * BYTES_PER_SAMPLE + plateaus_per_s * BYTES_PER_PLATEAU
    return experiment.simulated_s * per_s


def _simulated_s_of_an_animal(experiment: Experiment) -> float:
    """Network time of one animal: what arms share counts once, pauses by their typical batches."""
    shown = experiment.shown()
    n_pieces = experiment.slow_steps.representative_trials
    begins = epoch_starts_s(shown, experiment.starts_s())
    total_s, shared = 0.0, set()
    for arm in experiment.arms:
        own = of_arm(experiment, arm)
        given_s = min(
            (d.start_s for d in own.treatment(arm).doses if not d.is_nothing), default=inf
        )
        end_s = -inf
        history = [own.circuit.model_dump_json()]
        for name, epoch in own.shown(arm):
            history.append(f"{name} {epoch.model_dump_json()}")
            paused = begins[name] > max(end_s, given_s)
            looked_s = n_pieces * PIECE_S * (BATCHES_A_PAUSE if paused else 0)
            if isinstance(epoch, Passing):
                looked_s += n_pieces * PIECE_S * BATCHES_AN_EPOCH
                epoch_s = 0.0
            else:
                epoch_s = epoch.total_s
            if begins[name] + epoch.total_s > given_s:
                total_s += epoch_s + looked_s
            elif (key := tuple(history)) not in shared:
                total_s += epoch_s + looked_s
                shared.add(key)
            end_s = begins[name] + epoch.total_s
    return total_s
