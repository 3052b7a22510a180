"""A small circuit that every test of the simulator shares."""

import numpy as np

from ketacortex.model.circuit import Circuit, build_circuit
from ketacortex.model.network import Network
from ketacortex.model.settings import CircuitSettings
from ketacortex.model.v1_network import network_of
from ketacortex.seeds import generator
from ketacortex.simulate.engine import STEPS_PER_S
from ketacortex.simulate.show import afferent_tuning
from ketacortex.stimulus.afferent_spikes import AfferentSpikes

NOTHING = np.zeros(0, np.int64)


def small_circuit(changes: dict | None = None, animal: int = 0) -> Circuit:
    """60 pyramids, 12 PV and 8 SST cells with recurrent weights scaled to the smaller in-degree."""
    table = {"pyr": {"n": 60}, "pv": {"n": 12}, "sst": {"n": 8}}
    for room, settings in (changes or {}).items():
        table[room] = {**table.get(room, {}), **settings}
    return build_circuit(CircuitSettings.model_validate(table), animal)


def small_network(changes: dict | None = None, animal: int = 0) -> Network:
    """The same, as the kernel runs it."""
    return network_of(small_circuit(changes, animal))


def grating(circuit: Circuit, duration_s: float, name: str = "test") -> tuple:
    """Afferent spikes of one grating."""
    return AfferentSpikes(afferent_tuning(circuit), generator(name)).stretch(
        0.0, duration_s, STEPS_PER_S
    )
