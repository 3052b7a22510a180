"""A small run of every arm of every preset, spike by spike as it was.

    python tests/frozen/test_presets.py     # writes the file anew, after a change that is meant

Spikes are compared bit by bit on the kind of machine and with the Numba that wrote them; elsewhere
the last digit of a sum may differ and chaos makes more of it, so only their number is compared.
"""

import hashlib
import json
import platform
from pathlib import Path

import numba
import numpy as np
import pytest

from ketacortex.experiment.load import load_experiment, of_arm, preset_names
from ketacortex.model.circuit import build_circuit
from ketacortex.recording.recording import Subject
from ketacortex.simulate.session import simulate_session
from ketacortex.simulate.slow_states import SlowSteps
from ketacortex.stimulus.grating import GratingSequence

FILE = Path(__file__).with_name("presets.json")
SMALL = ("circuit.pyr.n=60", "circuit.pv.n=12", "circuit.sst.n=8")
SHOWN = GratingSequence(n_orientations=4, repeats=2, blanks=1, duration_s=0.1, gap_s=0.05)
FEW_PIECES = SlowSteps(representative_trials=1)
ARMS = [(name, arm) for name in preset_names() for arm in load_experiment(name).arms]
# One arm of each preset in the default suite, the others and long days in the slow one.
FIRST = [
    (name, next(iter(load_experiment(name).arms)))
    for name in preset_names()
    if load_experiment(name).plasticity is None
]
CASES = [pytest.param(*arm, marks=[] if arm in FIRST else [pytest.mark.slow]) for arm in ARMS]


def machine() -> str:
    return f"{platform.machine()} {numba.config.CPU_NAME or numba_cpu()} numba {numba.__version__}"


def numba_cpu() -> str:
    import llvmlite.binding as llvm

    return llvm.get_host_cpu_name()


def spikes(preset: str, arm: str) -> dict:
    whole = load_experiment(preset, changes=SMALL)
    own = of_arm(whole, arm)
    day = [
        (name, SHOWN if isinstance(epoch, GratingSequence) else epoch)
        for name, epoch in own.shown(arm)
    ]
    treatment = own.treatment(arm)
    if treatment.plasticity is not None:  # hours of adapters and pauses, from few pieces
        treatment = treatment.model_copy(update={"slow_steps": FEW_PIECES})
    recording = simulate_session(
        build_circuit(own.circuit, 1), day, 1,
        Subject(identifier="frozen"), starts_s=own.starts_s(), treatment=treatment,
    ).recording  # fmt: skip
    digest = hashlib.blake2b(digest_size=16)
    for values in (recording.spike_samples, recording.spike_index):
        digest.update(np.ascontiguousarray(values, np.int64).tobytes())
    return {"n_spikes": len(recording.spike_samples), "digest": digest.hexdigest()}


@pytest.mark.parametrize(("preset", "arm"), CASES)
def test_an_arm_fires_as_it_did(preset, arm):
    held = json.loads(FILE.read_text())
    was, now = held["runs"][f"{preset}/{arm}"], spikes(preset, arm)
    if held["machine"] == machine():
        assert now == was
    assert now["n_spikes"] == pytest.approx(was["n_spikes"], rel=0.05)


if __name__ == "__main__":
    runs = {f"{preset}/{arm}": spikes(preset, arm) for preset, arm in ARMS}
    FILE.write_text(json.dumps({"machine": machine(), "runs": runs}, indent=1) + "\n")
