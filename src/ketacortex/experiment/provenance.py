"""What a reader needs to repeat a run: versions, machine, seeds, command."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

from ketacortex.experiment.schema import Experiment
from ketacortex.version import __version__

LIBRARIES = ("numpy", "scipy", "numba", "pandas", "xarray", "pynwb", "h5py")
CITATIONS = {
    "dendritic model of ketamine in visual cortex": "10.1016/j.neuroscience.2024.09.010",
    "NMDA receptor and magnesium": "10.1523/JNEUROSCI.10-09-03178.1990",
    "mean-matched Fano factor": "10.1038/nn.2501",
    "orientation maps": "10.1126/science.1194869",
    "Neurodata Without Borders": "10.7554/eLife.78362",
}

WITH_DOSES = {
    "topical protocol": "10.1016/j.brainres.2019.146462",
    "affinity of the blocker with and without magnesium": "10.1523/JNEUROSCI.3703-08.2009",
    "voltage dependence of block": "10.1085/jgp.61.6.687",
    "diffusion in brain tissue": "10.1016/S0166-2236(98)01261-2",
    "resting NMDA current and translation": "10.1038/nature10130",
}

WITH_ELECTRODES = {
    "distance at which electrodes see cells": "10.1152/jn.2000.84.1.390",
    "errors of spike sorting": "10.1152/jn.2000.84.1.401",
}


def provenance(experiment: Experiment, command: str) -> dict[str, Any]:
    """Everything that the run depended on, ready for JSON."""
    return {
        "command": command,
        "ketacortex": __version__,
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "machine": f"{platform.system()} {platform.machine()}",
        "seed": experiment.seed,
        "animal_seeds": [experiment.animal_seed(i + 1) for i in range(experiment.animals)],
        "digest": experiment.digest,
        "citations_doi": {
            **CITATIONS,
            **(WITH_DOSES if experiment.dose else {}),
            **(WITH_ELECTRODES if experiment.electrodes is not None else {}),
        },
    }
