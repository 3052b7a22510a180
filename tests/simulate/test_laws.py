"""Laws that the kernel must keep: charge, delays, Poisson input, short-term plasticity."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketacortex.model.network import (
    Adaptation,
    Branches,
    Network,
    Noise,
    Pathway,
    Population,
    ShortTerm,
    Synapses,
    sort_synapses,
)
from ketacortex.simulate.engine import Cortex
from ketacortex.simulate.layout import event_jump, poisson_table

NONE = np.zeros(0, np.int64)
NO_SYNAPSES = sort_synapses(0, NONE, NONE, NONE, NONE, NONE)
FOREVER_MS = 1e12


def population(n=10, threshold_mv=1e3, **changes) -> Population:
    values = {
        "name": "p", "n": n, "threshold_mv": np.full(n, float(threshold_mv)),
        "capacitance_pf": 100.0, "leak_nanosiemens": 5.0, "leak_reversal_mv": -70.0,
        "reset_mv": -60.0, "refractory_ms": 2.0, "ampa_decay_ms": 2.0, "nmda_rise_ms": 3.0,
        "nmda_decay_ms": 60.0, "gaba_decay_ms": 6.0,
    }  # fmt: skip
    return Population(**{**values, **changes})


def network(*populations, **changes) -> Network:
    n_cells = sum(p.n for p in populations)
    values = {
        "pathways": (), "noise": (), "afferents": NO_SYNAPSES, "mg_ratio": 0.28,
        "synapses": sort_synapses(n_cells, NONE, NONE, NONE, NONE, NONE),
        "mg_slope_per_mv": 0.062, "gaba_reversal_mv": -75.0,
    }  # fmt: skip
    return Network(populations=populations, **{**values, **changes})


@pytest.mark.slow
def test_what_leaves_a_branch_arrives_in_the_soma():
    """Without leaks the charge of a cell, the sum of C V, never changes."""
    branches = Branches(n=5, capacitance_pf=25.0, leak_nanosiemens=0.0,
                        coupling_nanosiemens=3.0, gaba_decay_ms=6.0)  # fmt: skip
    cell = population(leak_nanosiemens=0.0, branches=branches)
    cortex = Cortex(network(cell), 1, exact=True)
    capacitance = np.repeat([25.0, 100.0], [50, 10])

    def charge():
        return (cortex.voltage_mv.astype(float) * capacitance).reshape(6, 10).sum(axis=0)

    before, spread = charge(), cortex.voltage_mv.reshape(6, 10).std(axis=0)
    cortex.run(5000)
    np.testing.assert_allclose(charge(), before, rtol=1e-12)
    assert cortex.voltage_mv.reshape(6, 10).std(axis=0).max() < 1e-3 * spread.max()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 255), min_size=1, max_size=12))
def test_every_spike_arrives_after_exactly_its_delay(delays):
    """One cell fires in the first step, and each of its targets hears it `delay` steps later."""
    n = len(delays)
    source = population(n=1, threshold_mv=-1e3, refractory_ms=1e6)
    target = population(n=n, name="target")
    made = network(
        source, target,
        pathways=(Pathway(source="p", target="target", sign="inhibitory", onto="somata"),),
        synapses=sort_synapses(
            1 + n, np.zeros(n, int), 1 + np.arange(n), np.array(delays), np.ones(n),
            np.zeros(n, int),
        ),
    )  # fmt: skip
    cortex = Cortex(made, 1)
    heard = np.full(n, -1)
    for step in range(260):
        cortex.run(1)
        arrived = (cortex._state.gaba[1:] > 1e-3) & (heard < 0)
        heard[arrived] = step
    np.testing.assert_array_equal(heard, delays)


@pytest.mark.parametrize("mean", [0.01, 0.3, 7.0, 1e3, 1e6])
def test_the_poisson_table_has_the_right_mean_and_variance(mean):
    first, cumulative = poisson_table(mean)
    p = np.diff(np.concatenate([[0.0], cumulative]))
    k = first + np.arange(len(p))
    assert p.sum() == pytest.approx(1, abs=1e-12)
    assert (p * k).sum() == pytest.approx(mean, rel=1e-9)
    assert (p * (k - mean) ** 2).sum() == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize(("mean", "n_steps"), [(0.01, 200_000), (1.0, 20_000), (1e3, 2000),
                                               (1e6, 100)])  # fmt: skip
def test_the_kernel_draws_poisson_numbers(mean, n_steps):
    """Counted as jumps of a conductance that never decays; mean and variance within 4 errors."""
    cell = population(n=10, ampa_decay_ms=FOREVER_MS, leak_nanosiemens=0.0)
    source = Noise(population="p", rate_hz=mean * 1e3, ampa_nanosiemens=1.0)
    cortex = Cortex(network(cell, noise=(source,)), 1)
    cortex._watch.look = lambda *_: None  # excitation that never ends is meant here
    counts = []
    for _ in range(n_steps):
        cortex._state.ampa[:] = 0
        cortex.run(1)
        counts.append(round(float(cortex._state.ampa.sum(dtype=float))))
    assert np.mean(counts) == pytest.approx(mean, abs=4 * np.sqrt(mean / n_steps))
    spread = np.sqrt((2 + 1 / mean) / n_steps)
    assert np.var(counts) == pytest.approx(mean, rel=4 * spread)


@pytest.mark.parametrize("dt_ms", [0.1, 0.05, 0.01])
@pytest.mark.parametrize("tau_ms", [0.5, 2.0, 14.0])
def test_an_event_brings_its_charge_whatever_the_step(tau_ms, dt_ms):
    steps = np.arange(round(60 * tau_ms / dt_ms))
    held = event_jump(tau_ms, dt_ms) * np.exp(-steps * dt_ms / tau_ms) * dt_ms
    assert held.sum() == pytest.approx(tau_ms, rel=1e-9)


@pytest.mark.parametrize(
    ("facilitation_ms", "depression_ms"), [(200.0, 0.0), (0.0, 300.0), (150.0, 250.0)]
)
def test_release_at_a_steady_rate_is_that_of_the_closed_form(facilitation_ms, depression_ms):
    """At an interval T: u = U / (1 - (1 - U) e_f), x = (1 - e_d) / (1 - (1 - u) e_d)."""
    rule = ShortTerm(release=0.3, facilitation_ms=facilitation_ms, depression_ms=depression_ms)
    source = population(n=1, threshold_mv=-65.0, reset_mv=-66.0, refractory_ms=19.9,
                        leak_reversal_mv=100.0, leak_nanosiemens=1000.0)  # fmt: skip
    target = population(n=1, name="target")
    made = network(
        source, target,
        pathways=(Pathway(source="p", target="target", sign="excitatory", onto="somata",
                          short_term=rule),),
        synapses=sort_synapses(2, np.zeros(1, int), np.ones(1, int), np.array([7]),
                               np.ones(1), np.zeros(1, int)),
    )  # fmt: skip
    cortex = Cortex(made, 1)
    spikes = cortex.run(20_000)
    interval_ms = np.diff(spikes.step)[-1] * 0.1
    assert np.ptp(np.diff(spikes.step)) == 0
    kept = [np.exp(-interval_ms / tau) if tau else 0.0 for tau in (facilitation_ms, depression_ms)]
    u = 0.3 / (1 - 0.7 * kept[0])
    x = (1 - kept[1]) / (1 - (1 - u) * kept[1]) if depression_ms else 1.0
    assert cortex._state.ring_release.max() >= 1.0
    slot = spikes.step[-1] % len(cortex._state.ring_count)
    assert cortex._state.ring_release[slot, 0, 0] == pytest.approx(u * x / 0.3, rel=1e-4)


def test_a_current_of_adaptation_does_not_depend_on_voltage():
    """20 pA a spike into 5 nS of leak lower the mean voltage by 4 mV a spike and time constant."""
    cell = population(n=1, adaptation=Adaptation(jump=20.0, decay_ms=FOREVER_MS, reversal_mv=None))
    cortex = Cortex(network(cell), 1)
    cortex._state.adaptation[:] = 20.0
    cortex.run(20_000)
    assert cortex.voltage_mv[0] == pytest.approx(-74.0, abs=1e-3)


@given(st.integers(1, 400), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_sorting_is_that_of_numpy(n, seed):
    rng = np.random.default_rng(seed)
    source, delay = rng.integers(0, 20, n), rng.integers(0, 256, n)
    target, weight, pathway = rng.integers(0, 99, n), rng.random(n), rng.integers(0, 9, n)
    found = sort_synapses(20, source, target, delay, weight, pathway)
    order = np.lexsort((delay, source))
    expected = Synapses(
        np.searchsorted(source[order], np.arange(21)), target[order], delay[order],
        weight[order].astype(np.float32), pathway[order],
    )  # fmt: skip
    for one, other in zip(vars(found).values(), vars(expected).values(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert found.n_bytes == 10 * n


def test_a_network_that_cannot_be_run_says_why():
    branches = Branches(n=2, capacitance_pf=25.0, leak_nanosiemens=1.0,
                        coupling_nanosiemens=3.0, gaba_decay_ms=6.0)  # fmt: skip
    point, branched = population(name="a"), population(name="b", branches=branches)
    onto = {"source": "a", "sign": "excitatory"}
    with pytest.raises(ValueError, match="a are point cells"):
        network(point, pathways=(Pathway(target="a", onto="branches", **onto),))
    with pytest.raises(ValueError, match="are excited there"):
        network(point, branched, pathways=(Pathway(target="b", onto="somata", **onto),))
    with pytest.raises(ValueError, match="second affinity"):
        network(dataclasses.replace(branched, glun2d_share=0.3))
    with pytest.raises(ValueError, match="0 to 255"):
        sort_synapses(1, *(np.array([0]),) * 2, np.array([300]), np.ones(1), np.array([0]))
