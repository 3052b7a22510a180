"""The extracellular potential: what charge conservation and a filter must give."""

import numpy as np
import pytest
from small import small_network

from ketacortex.errors import ConfigurationError
from ketacortex.simulate.field import Decimator, FieldSites, field_weight

NETWORK = small_network()
RNG = np.random.default_rng(3)
PLACES = RNG.uniform(0, 500, (NETWORK.n_compartments, 3))


def weight(electrode_um):
    return field_weight(
        NETWORK, FieldSites(electrode_um=np.atleast_2d(electrode_um), compartment_um=PLACES)
    )[0]


def test_a_cell_at_one_voltage_has_no_field_and_point_cells_never_have_one():
    w = weight([250.0, 250.0, 100.0])
    here = NETWORK.compartments("pyr")
    by_cell = w[here].reshape(7, 60)
    np.testing.assert_allclose(by_cell.sum(axis=0), 0, atol=1e-12)
    assert np.all(w[here.stop :] == 0)
    assert np.abs(by_cell).min() > 0


def test_far_away_a_cell_is_a_dipole():
    """Twice as far, the field of currents that add up to zero is a quarter."""
    away = np.array([1.0, 0.7, 0.4]) * 1e5
    volts = RNG.normal(0, 5, NETWORK.n_compartments)
    assert weight(2 * away) @ volts == pytest.approx(weight(away) @ volts / 4, rel=0.02)


def test_two_point_sources_give_the_potential_of_the_textbook():
    """One branch 10 mV above its soma passes 20 pA at 2 nS."""
    w = weight([0.0, 0.0, 0.0])
    volts = np.zeros(NETWORK.n_compartments)
    volts[0] = 10.0
    r_branch, r_soma = np.linalg.norm(PLACES[0]), np.linalg.norm(PLACES[360])
    expected = 20e-12 / (4 * np.pi * 0.3) * (1 / r_soma - 1 / r_branch) * 1e6 * 1e6
    assert w @ volts == pytest.approx(expected, rel=1e-9)


def decimated(values, sizes):
    decimator = Decimator(1, 0.1)
    first = 0
    for size in sizes:
        decimator.give(values[first : first + size, None].astype(np.float32))
        first += size
    return decimator.take()[:, 0]


def test_slow_signals_pass_at_their_time_and_fast_ones_do_not_fold_back():
    t = np.arange(1, 20_001) * 1e-4
    slow = decimated(np.sin(2 * np.pi * 100 * t), [20_000])
    at = np.arange(len(slow)) * 1e-3 + 1e-4
    inside = slice(20, len(slow) - 5)
    np.testing.assert_allclose(slow[inside], np.sin(2 * np.pi * 100 * at)[inside], atol=2e-3)
    for hz in (600, 950, 1000, 3300):
        assert np.abs(decimated(np.sin(2 * np.pi * hz * t), [20_000])[inside]).max() < 2e-4


def test_the_samples_do_not_depend_on_how_the_steps_arrive():
    values = RNG.normal(size=5000)
    whole = decimated(values, [5000])
    np.testing.assert_array_equal(decimated(values, [1, 9, 700, 3, 4287]), whole)


def test_a_step_that_does_not_divide_a_millisecond_is_refused():
    with pytest.raises(ConfigurationError, match="divides 1 ms"):
        Decimator(1, 0.3)
