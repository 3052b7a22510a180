"""The same network gives the same bits: over threads, in pieces, saved and restored."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import grating, small_circuit, small_network

from ketacortex.errors import ConfigurationError
from ketacortex.model.v1_network import network_of
from ketacortex.simulate.engine import Cortex, ReceptorGains, run_together
from ketacortex.simulate.field import FieldSites

N_STEPS = 1200
CIRCUIT = small_circuit()
NETWORK = network_of(CIRCUIT)
EVENTS = grating(CIRCUIT, N_STEPS / 1e4)
FIELD = FieldSites(
    electrode_um=np.array([[750.0, 750.0, 300.0]]),
    compartment_um=np.random.default_rng(0).uniform(0, 1500, (NETWORK.n_compartments, 3)),
)
GAINS = ReceptorGains(**{name: np.random.default_rng(1).uniform(0.5, 1, 6 * 60 + 20)
                         for name in ("ampa", "nmda", "nmda_2d")})  # fmt: skip


def cortex() -> Cortex:
    made = Cortex(NETWORK, 3, looks=True, field=FIELD)
    made.set_gains(GAINS)
    return made


@pytest.fixture(scope="module")
def whole():
    made = cortex()
    return (
        made.run(N_STEPS, *EVENTS),
        made.take_openings().open_share,
        made.take_field(),
        made.voltage_mv,
    )


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_change_no_bit(threads):
    alone = [Cortex(NETWORK, seed).run(N_STEPS, *EVENTS) for seed in range(5)]
    together = run_together(
        [Cortex(NETWORK, seed) for seed in range(5)], N_STEPS, [EVENTS] * 5, threads=threads
    )
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.step, other.step)
        np.testing.assert_array_equal(one.cell, other.cell)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, N_STEPS - 1), max_size=4, unique=True).map(sorted))
def test_saved_and_restored_at_any_steps_it_goes_on_to_the_same_bits(tmp_path_factory, whole, cuts):
    path = tmp_path_factory.mktemp("state") / "cortex.npz"
    step, fibre = EVENTS
    now, parts, field = cortex(), [], []
    for first, last in zip([0, *cuts], [*cuts, N_STEPS], strict=True):
        here = (step >= first) & (step < last)
        parts.append(now.run(last - first, step[here] - first, fibre[here]))
        if last % 2:  # samples that nobody took are saved too
            field.append(now.take_field())
        now.save(path)
        now = cortex()
        now.restore(path)
    field.append(now.take_field())
    spikes, occupancy, whole_field, voltage = whole
    np.testing.assert_array_equal(np.concatenate([p.step for p in parts]), spikes.step)
    np.testing.assert_array_equal(np.concatenate([p.cell for p in parts]), spikes.cell)
    np.testing.assert_array_equal(now.voltage_mv, voltage)
    np.testing.assert_array_equal(now.take_openings().open_share, occupancy)
    np.testing.assert_array_equal(np.concatenate(field), whole_field)


def test_the_state_of_another_network_is_refused(tmp_path):
    path = tmp_path / "state.npz"
    Cortex(NETWORK, 1).save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["state.npz"]
    with pytest.raises(ConfigurationError, match="another network"):
        Cortex(small_network(animal=1), 1).restore(path)
    with pytest.raises(ConfigurationError, match="without looks"):
        Cortex(NETWORK, 1, looks=True).restore(path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ConfigurationError, match="no saved state"):
        Cortex(NETWORK, 1).restore(path)
