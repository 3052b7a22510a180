"""A branch makes an NMDA spike when 8 to 20 clustered inputs arrive, and none without NMDA."""

import dataclasses

import numpy as np
import pytest

from ketacortex.model.circuit import build_circuit
from ketacortex.model.settings import CircuitSettings
from ketacortex.model.v1_network import network_of
from ketacortex.simulate.engine import Cortex

SPREAD_MS = 3.0
QUIET = {"background": {"branch_hz": 0.0, "pv_hz": 0.0, "sst_hz": 0.0}, "pyr": {"n": 20}}


def peak_and_plateau(n_inputs: int, nmda: bool) -> tuple[float, float, float]:
    """Peak of the branch in mV, time above -40 mV in ms, peak of the soma above rest in mV."""
    ratio = {"afferents": {"pyr_nmda_ratio": CircuitSettings().wiring.ee_nmda_ratio * nmda}}
    settings = CircuitSettings.model_validate({**QUIET, **ratio})
    circuit = build_circuit(settings, 1)
    w = settings.wiring
    circuit = dataclasses.replace(
        circuit,
        branch_nmda_ratio=np.ones_like(circuit.branch_nmda_ratio),
        threshold_mv=np.full(circuit.n_cells, 100.0),
        afferent_source=np.arange(n_inputs),
        afferent_target=np.zeros(n_inputs, np.int64),  # branch 0 of cell 0
        afferent_ampa=np.full(n_inputs, w.ee_nanosiemens),
    )
    cortex = Cortex(network_of(circuit), 1)
    nothing = np.zeros(0, np.int64)
    cortex.run(5000, nothing, nothing)
    soma = settings.pyr.n * settings.pyr.n_branches
    rest = cortex.voltage_mv[soma]
    arrival = np.rint(np.linspace(0, SPREAD_MS, n_inputs) * 10).astype(np.int64)
    branch, body = [], []
    for now in range(0, 2000, 5):
        here = (arrival >= now) & (arrival < now + 5)
        cortex.run(5, arrival[here] - now, np.flatnonzero(here))
        branch.append(cortex.voltage_mv[0])
        body.append(cortex.voltage_mv[soma])
    return max(branch), 0.5 * np.sum(np.array(branch) > -40), max(body) - rest


@pytest.fixture(scope="module")
def curve():
    n = [2, 4, 6, 8, 10, 12, 15, 20, 25]
    return n, [peak_and_plateau(k, True) for k in n], [peak_and_plateau(k, False) for k in n]


def test_a_plateau_appears_between_8_and_20_inputs(curve):
    n, with_nmda, _ = curve
    plateau_ms = np.array([found[1] for found in with_nmda])
    threshold = n[int(np.argmax(plateau_ms >= 20))]
    assert plateau_ms.max() >= 20
    assert 8 < threshold <= 20


def test_the_plateau_lasts_tens_of_milliseconds_near_minus_20_mv(curve):
    n, with_nmda, _ = curve
    peak_mv, plateau_ms, _ = with_nmda[n.index(15)]
    assert -35 < peak_mv < -5
    assert 20 <= plateau_ms <= 70


def test_without_nmda_there_is_no_plateau(curve):
    _, _, without = curve
    assert max(found[1] for found in without) < 10


def test_the_soma_sees_a_supralinear_step_that_needs_nmda(curve):
    """From 8 to 15 inputs the soma gains more than in proportion with NMDA, less without."""
    n, with_nmda, without = curve
    at = [n.index(8), n.index(15)]
    gain = with_nmda[at[1]][2] / with_nmda[at[0]][2]
    gain_without = without[at[1]][2] / without[at[0]][2]
    assert gain > 15 / 8
    assert gain_without < 15 / 8
