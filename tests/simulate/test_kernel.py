"""The compiled kernel against its reference, against theory and against itself."""

import dataclasses

import numpy as np
import pytest
from small import NOTHING, grating, small_circuit, small_network

from ketacortex.errors import SimulationError
from ketacortex.model.v1_network import network_of
from ketacortex.simulate.engine import Cortex
from ketacortex.simulate.kernel import exponential
from ketacortex.simulate.reference import ReferenceCortex, SplitMix

SILENT = {
    "background": {"branch_hz": 0.0, "pv_hz": 0.0, "sst_hz": 0.0},
    "afferents": {"shared_gain_sd": 0.0, "private_gain_sd": 0.0},
}


def spikes_before(spikes, step):
    early = spikes.step < step
    return set(zip(spikes.step[early].tolist(), spikes.cell[early].tolist(), strict=True))


def run_both(changes, n_steps):
    circuit = small_circuit(changes)
    events = grating(circuit, n_steps / 1e4)
    return Cortex(network_of(circuit), 5).run(n_steps, *events), ReferenceCortex(
        network_of(circuit), 5
    ).run(n_steps, *events)


def test_kernel_and_reference_fire_the_same_spikes_until_chaos_parts_them():
    kernel, reference = run_both({}, 1000)
    first = list(zip(reference.step.tolist(), reference.cell.tolist(), strict=True))[:40]
    assert len(first) == 40
    assert len(spikes_before(kernel, 1000) & set(first)) >= 38


def test_with_weak_recurrence_kernel_and_reference_stay_together():
    """Weights a hundredth as strong do not amplify rounding: spikes agree within 0.3 ms
    over half a second."""
    names = ("ee", "ep", "es", "pe", "pp", "se")
    weak = {f"{name}_nanosiemens": 0.01 for name in names}
    kernel, reference = run_both(
        {"wiring": weak, "background": {"branch_hz": 20.0}, "afferents": {"pyr_nanosiemens": 0.3}},
        5000,
    )
    near = spikes_before(kernel, 5000)
    near |= {(step + late, cell) for step, cell in near for late in (-3, -2, -1, 1, 2, 3)}
    found = spikes_before(reference, 5000)
    assert len(found) > 300
    assert len(found & near) >= 0.97 * len(found)


def test_kernel_and_reference_fire_equally_often():
    kernel, reference = (len(spikes.step) for spikes in run_both({}, 5000))
    assert kernel == pytest.approx(reference, rel=0.05)


def test_kernel_and_reference_agree_on_every_voltage_below_threshold():
    circuit = small_circuit({"background": {"branch_hz": 40.0, "pv_hz": 300.0, "sst_hz": 300.0}})
    kernel, reference = Cortex(network_of(circuit), 3), ReferenceCortex(network_of(circuit), 3)
    assert len(kernel.run(1500, NOTHING, NOTHING).step) == 0
    reference.run(1500, NOTHING, NOTHING)
    assert reference.voltage.std() > 0.5
    np.testing.assert_allclose(kernel.voltage_mv, reference.voltage, atol=0.02)


def test_moving_the_hcn_gate_every_millisecond_is_as_good_as_every_step():
    network = small_network({"background": {"branch_hz": 40.0, "pv_hz": 300.0, "sst_hz": 300.0}})
    coarse, fine = ReferenceCortex(network, 3), ReferenceCortex(network, 3, hcn_every_ms=0.1)
    for reference in (coarse, fine):
        reference.run(1500, NOTHING, NOTHING)
    np.testing.assert_allclose(coarse.voltage, fine.voltage, atol=0.05)
    assert np.abs(coarse.voltage - fine.voltage).max() > 0


@pytest.mark.parametrize(("reach", "tolerance"), [(4.5, 5e-5), (6.0, 5e-4)])
def test_the_exponential_is_as_good_as_its_file_says(reach, tolerance):
    x = np.linspace(-reach, reach, 2001, dtype=np.float32)
    ours = np.array([exponential(value) for value in x])
    np.testing.assert_allclose(ours, np.exp(x.astype(float)), rtol=tolerance)


def test_the_generator_is_splitmix64():
    generator = SplitMix(1234567)
    assert [generator.bits() for _ in range(3)] == [
        6457827717110365317, 3203168211198807973, 9817491932198370423,
    ]  # fmt: skip


def test_a_cortex_without_input_comes_to_rest_where_the_currents_balance():
    circuit = small_circuit(SILENT)
    s = circuit.settings.pyr
    cortex = Cortex(network_of(circuit), 1)
    assert len(cortex.run(15_000, NOTHING, NOTHING).step) == 0
    voltage = cortex.voltage_mv.astype(float)
    branch = voltage[: s.n * s.n_branches].reshape(s.n_branches, s.n)
    soma = voltage[s.n * s.n_branches : s.n * (s.n_branches + 1)]
    gate = 1 / (1 + np.exp((branch - s.hcn_half_mv) / s.hcn_slope_mv))
    through = s.coupling_nanosiemens * (branch - soma)
    into_branch = (
        s.branch_leak_nanosiemens * (s.rest_mv - branch)
        - through
        + s.hcn_nanosiemens * gate * (s.hcn_reversal_mv - branch)
    )
    into_soma = s.leak_nanosiemens * (s.rest_mv - soma) + through.sum(axis=0) + s.current_pa
    np.testing.assert_allclose(into_branch, 0, atol=0.01)
    np.testing.assert_allclose(into_soma, 0, atol=0.05)
    inter = voltage[s.n * (s.n_branches + 1) :]
    np.testing.assert_allclose(inter, s.rest_mv, atol=0.01)


def test_no_conductance_ever_becomes_denormal():
    cortex = Cortex(small_network(SILENT), 1)
    cortex.run(60_000, NOTHING, NOTHING)
    smallest = np.finfo(np.float32).tiny
    for name in ("ampa", "nmda_decay", "nmda_rise", "gaba", "adaptation"):
        values = getattr(cortex._state, name)
        assert not np.any((values > 0) & (values < smallest)), name


def test_a_tiny_spike_buffer_loses_no_spike_and_changes_no_bit():
    circuit = small_circuit()
    events = grating(circuit, 0.3)
    large = Cortex(network_of(circuit), 2).run(3000, *events)
    cortex = Cortex(network_of(circuit), 2)
    cortex._out_step, cortex._out_cell = cortex._out_step[:80], cortex._out_cell[:80]
    small = cortex.run(3000, *events)
    assert len(large.step) > 10 * circuit.n_cells
    np.testing.assert_array_equal(small.step, large.step)
    np.testing.assert_array_equal(small.cell, large.cell)


def test_running_in_pieces_changes_no_bit():
    circuit = small_circuit()
    step, fibre = grating(circuit, 0.2)
    whole = Cortex(network_of(circuit), 2).run(2000, step, fibre)
    cortex = Cortex(network_of(circuit), 2)
    early = step < 731
    first = cortex.run(731, step[early], fibre[early])
    second = cortex.run(2000 - 731, step[~early] - 731, fibre[~early])
    np.testing.assert_array_equal(np.concatenate([first.step, second.step]), whole.step)
    np.testing.assert_array_equal(np.concatenate([first.cell, second.cell]), whole.cell)


def test_cells_respect_their_refractory_period():
    circuit = small_circuit()
    spikes = Cortex(network_of(circuit), 2).run(5000, *grating(circuit, 0.5))
    s = circuit.settings
    for cells, shortest_ms in (
        (range(s.pyr.n), s.pyr.refractory_ms),
        (range(s.pyr.n, s.pyr.n + s.pv.n), s.pv.refractory_ms),
    ):
        gaps = [np.diff(spikes.step[spikes.cell == cell]) for cell in cells]
        assert np.concatenate(gaps).min() > shortest_ms / 0.1


def test_background_arrives_at_its_rate():
    """With leaks that forget nothing of it, the mean AMPA conductance is rate x weight x decay."""
    changes = {"background": {"branch_hz": 200.0, "branch_nanosiemens": 0.01, "pv_hz": 0.0,
                              "sst_hz": 0.0}}  # fmt: skip
    circuit = small_circuit(changes)
    cortex = Cortex(network_of(circuit), 4)
    found = []
    for _ in range(200):
        cortex.run(100, NOTHING, NOTHING)
        found.append(cortex._state.ampa[: circuit.settings.pyr.n * 6].mean())
    # 0.1 ms of the decay has passed by the end of a step
    expected = 0.2 * 0.01 * circuit.settings.receptors.ampa_decay_ms * np.exp(-0.05 / 2)
    assert np.mean(found[5:]) == pytest.approx(expected, rel=0.03)


def test_runaway_activity_is_an_error_that_says_so():
    circuit = small_circuit({"wiring": {"ee_nanosiemens": 60.0, "pe_nanosiemens": 0.0,
                                        "se_nanosiemens": 0.0}})  # fmt: skip
    with pytest.raises(
        SimulationError, match=r"runaway: \w+ cells fired at \d+ Hz on average around \d\.\d+ s"
    ):
        Cortex(network_of(circuit), 1).run(10_000, *grating(circuit, 1.0))


@pytest.mark.parametrize("cortex_class", [Cortex, ReferenceCortex])
def test_no_volley_opens_more_nmda_receptors_than_a_branch_has(cortex_class):
    """80 inputs at once, each worth 1 nS, open what 25 nS of receptors can give: 25 nS at most."""
    circuit = small_circuit({**SILENT, "afferents": {"pyr_nmda_ratio": 1e6}})
    circuit = dataclasses.replace(
        circuit,
        threshold_mv=np.full(circuit.n_cells, 1e3),
        branch_nmda_ratio=np.ones_like(circuit.branch_nmda_ratio),
        afferent_source=np.arange(80),
        afferent_target=np.zeros(80, np.int64),
        afferent_ampa=np.full(80, 1e-6),
    )
    cortex = cortex_class(network_of(circuit), 1)
    ceiling = circuit.settings.receptors.nmda_ceiling_nanosiemens
    open_nanosiemens = []
    for first in range(0, 600, 5):
        volley = np.arange(80) if first == 0 else NOTHING
        cortex.run(5, np.zeros(len(volley), np.int64), volley)
        state = getattr(cortex, "_state", cortex)
        open_nanosiemens.append(float(state.nmda_decay[0] - state.nmda_rise[0]))
    assert 0.9 * ceiling < max(open_nanosiemens) <= ceiling * 1.001
