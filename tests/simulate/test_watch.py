"""Networks that left physiology stop early, with a sentence that names what to change."""

import re

import pytest
from small import grating, small_circuit

from ketacortex.errors import SimulationError
from ketacortex.model.v1_network import network_of
from ketacortex.recording.recording import Subject
from ketacortex.simulate.engine import Cortex
from ketacortex.simulate.session import simulate_session
from ketacortex.stimulus.grating import GratingSequence

LONG = GratingSequence(n_orientations=4, repeats=100, blanks=0, duration_s=0.5, gap_s=0.0)
NO_NOISE = {"branch_hz": 0.0, "pv_hz": 0.0, "sst_hz": 0.0}


def stopped(changes) -> tuple[str, float]:
    """What the session said, and the seconds it had simulated by then."""
    heard = []
    with pytest.raises(SimulationError) as caught:
        simulate_session(
            small_circuit(changes), [("control", LONG)], 1, Subject(identifier="a"),
            lambda s, _: heard.append(s),
        )  # fmt: skip
    return str(caught.value), sum(heard)


def test_a_silent_cortex_stops_after_two_seconds_of_gratings():
    said, simulated_s = stopped({"background": NO_NOISE, "afferents": {"pyr_nanosiemens": 0.0}})
    assert "not one pyr cell" in said
    assert "fired during 2.0 s of stimuli" in said
    assert "circuit.afferents.pyr_nanosiemens = 0.0 (preset 0.489)" in said
    assert simulated_s <= 2.0


def test_a_runaway_names_the_population_the_time_and_the_setting():
    said, simulated_s = stopped(
        {"wiring": {"ee_nanosiemens": 60.0, "pe_nanosiemens": 0.0, "se_nanosiemens": 0.0}}
    )
    assert re.search(r"runaway: pyr cells fired at \d{3} Hz on average around 1\.\d+ s", said)
    assert "excitation comes through circuit.wiring.ee_nanosiemens (60 nS)" in said
    assert "circuit.wiring.ee_nanosiemens = 60.0 (preset 0.6)" in said
    assert simulated_s <= 1.0


def test_a_voltage_that_is_no_number_names_the_largest_conductance():
    """A branch of 25 pF cannot be stepped by 0.1 ms under more than 500 nS."""
    circuit = small_circuit({"wiring": {"se_nanosiemens": 1e6}})
    cortex = Cortex(network_of(circuit), 1)
    with pytest.raises(SimulationError) as caught:
        cortex.run(20_000, *grating(circuit, 2.0))
    said = str(caught.value)
    assert re.search(r"a voltage of pyr cells stopped being a number before \d\.\d+ s", said)
    assert "the largest inhibitory one is" in said
    assert "circuit.wiring.se_nanosiemens (1e+06 nS)" in said


def test_silence_without_stimuli_is_no_error():
    cortex = Cortex(network_of(small_circuit({"background": NO_NOISE})), 1)
    assert len(cortex.run(30_000).step) == 0
