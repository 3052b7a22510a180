"""The compiled kernel against the reference stepper, from a warm state, on any network."""

from functools import cache
from itertools import count

import numpy as np
import pytest
from random_networks import random_events, random_network

from ketacortex.simulate.engine import Cortex
from ketacortex.simulate.reference import ReferenceCortex

WARM_STEPS, LONGEST = 5000, 12_000


def take_over(reference: ReferenceCortex, cortex: Cortex) -> None:
    """Put the reference into the state of the kernel, spikes in flight included."""
    s, w = cortex._state, cortex._wires
    gain = w.receptors[:, 1].astype(float)
    reference.voltage[:], reference.ampa[:], reference.gaba[:] = s.voltage, s.ampa, s.gaba
    reference.nmda_decay[:], reference.nmda_rise[:] = s.nmda_decay / gain, s.nmda_rise / gain
    if len(s.hcn):
        reference.hcn[:] = s.hcn
    reference.adaptation[:], reference.last_spike[:] = s.adaptation, s.last_spike
    reference.now, reference.random.state = cortex.step, int(s.random[0])
    reference.refractory_until[:] = cortex.step + s.refractory.astype(int)
    plastic = list(reference.utilisation)
    for q, k in enumerate(plastic):
        reference.utilisation[k][:], reference.resources[k][:] = s.utilisation[q], s.resources[q]
    synapses = cortex.network.synapses
    for then in range(cortex.step - w.max_delay, cortex.step):
        slot = then % len(s.ring_count)
        for place in range(s.ring_count[slot]):
            cell = s.ring[slot, place]
            release = dict(zip(plastic, s.ring_release[slot, place], strict=True))
            for j in range(synapses.pointer[cell], synapses.pointer[cell + 1]):
                at = then + int(synapses.delay[j])
                if at >= cortex.step:
                    factor = np.array([release.get(synapses.pathway[j], 1.0)])
                    reference.pending.setdefault(at, []).append((np.array([j]), factor))


@cache
def compared(rank: int):
    """Spikes of reference, exact and fast kernel on the `rank`-th network that is neither silent
    nor runs away, so that there is something to compare."""
    found = -1
    for seed in count():
        network = random_network(seed)
        exact = Cortex(network, seed, exact=True)
        exact.run(WARM_STEPS, *random_events(WARM_STEPS, seed))
        sizes = [p.n for p in network.populations]
        if (exact.watch.counts / sizes / WARM_STEPS * 1e4).max() > 90:
            continue
        per_step = exact.watch.counts.sum() / WARM_STEPS
        n_steps = round(1500 / max(per_step, 1e-3))
        found += n_steps <= LONGEST
        if found == rank and n_steps <= LONGEST:
            break
    fast, reference = Cortex(network, seed), ReferenceCortex(network, seed)
    for mine, warm in zip(fast._state, exact._state, strict=True):
        mine[...] = warm
    take_over(reference, exact)
    events = random_events(n_steps, seed + 1000)
    return network, n_steps, *(c.run(n_steps, *events) for c in (reference, exact, fast))


def first_apart(reference, other) -> int:
    """Spikes of the reference before the first that has no partner within one step."""
    have = set(zip(other.step.tolist(), other.cell.tolist(), strict=True))
    for i, (step, cell) in enumerate(
        zip(reference.step.tolist(), reference.cell.tolist(), strict=True)
    ):
        if not any((step + late, cell) in have for late in (0, 1, -1)):
            return i
    return len(reference.step)


@pytest.mark.parametrize("rank", [*range(4), *(pytest.param(k, marks=pytest.mark.slow)
                                               for k in range(4, 20))])  # fmt: skip
def test_with_the_exact_exponential_the_first_thousand_spikes_agree(rank):
    _, _, reference, exact, _ = compared(rank)
    assert len(reference.step) > 1000
    assert first_apart(reference, exact) >= 1000


@pytest.mark.slow
def test_in_single_precision_with_the_cheap_exponential_the_first_hundred_agree():
    """Rounding alone decides now and then whether a cell just fires: it may do so once in 20."""
    together = np.array([first_apart(reference, fast)
                         for _, _, reference, _, fast in map(compared, range(20))])  # fmt: skip
    assert np.sum(together < 100) <= 1, together
    assert np.median(together) > 300


def test_below_threshold_every_voltage_agrees_within_a_twentieth_of_a_millivolt():
    """Over 200 ms, with thresholds out of reach, in single precision."""
    for seed in (2, 4, 18):
        network = random_network(seed)
        for p in network.populations:
            p.threshold_mv[:] = 1e3
        cortex, reference = Cortex(network, seed), ReferenceCortex(network, seed)
        step, fibre = random_events(2000, seed)
        for first in range(0, 2000, 100):
            here = (step >= first) & (step < first + 100)
            for each in (cortex, reference):
                assert len(each.run(100, step[here] - first, fibre[here]).step) == 0
            np.testing.assert_allclose(cortex.voltage_mv, reference.voltage, atol=0.05)
        assert reference.voltage.std() > 1.0


@pytest.mark.slow
def test_after_chaos_has_parted_them_rates_variability_and_correlations_agree():
    """Over 20 networks the mean difference to the reference lies within its 95 % interval of 0."""
    differences = []
    for network, n_steps, reference, _, fast in map(compared, range(20)):
        pair = [summary(spikes, network.n_cells, n_steps) for spikes in (fast, reference)]
        differences.append(np.array(pair[0]) - pair[1])
    mean = np.mean(differences, axis=0)
    half_width = 2.09 * np.std(differences, axis=0, ddof=1) / np.sqrt(len(differences))
    assert np.all(np.abs(mean) < half_width + 1e-3), (mean, half_width)


def summary(spikes, n_cells: int, n_steps: int) -> tuple[float, float, float]:
    """Log rate, mean CV of the intervals, mean correlation of counts in 20 ms."""
    cvs = []
    for cell in range(n_cells):
        gaps = np.diff(spikes.step[spikes.cell == cell])
        if len(gaps) > 4:
            cvs.append(gaps.std() / gaps.mean())
    first = spikes.step.min() - spikes.step.min() % 200
    counts = np.histogram2d(
        spikes.cell, spikes.step - first, [np.arange(n_cells + 1), np.arange(0, n_steps, 200)]
    )[0]
    active = counts[counts.std(axis=1) > 0]
    together = np.corrcoef(active)[np.triu_indices(len(active), 1)]
    return np.log(len(spikes.step)), np.mean(cvs), together.mean()
