"""A visual cortex under ketamine, in silico and in vivo.

The verbs of the command line are calls of the same name in `ketacortex.verbs` (here they would
collide with the rooms called `analyse` and `report`). Names below are imported when they are first
used, so that `import ketacortex` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ketacortex.version import __version__ as __version__

_HOME_OF = {
    "Recording": "ketacortex.recording.recording",
    "Subject": "ketacortex.recording.recording",
    "from_tables": "ketacortex.recording.tables",
    "read_nwb": "ketacortex.recording.nwb",
    "write_nwb": "ketacortex.recording.nwb",
    "measure_session": "ketacortex.analyse.session",
    "measure_network": "ketacortex.analyse.network",
    "compare_animals": "ketacortex.analyse.population",
    "CircuitSettings": "ketacortex.model.settings",
    "build_circuit": "ketacortex.model.circuit",
    "simulate_session": "ketacortex.simulate.session",
    "Probes": "ketacortex.simulate.probes",
    "load_experiment": "ketacortex.experiment.load",
}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'ketacortex' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
