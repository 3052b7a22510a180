"""Block of HCN1: what slices show, and what follows in a branch."""

import numpy as np
import pytest

from ketacortex.drug.doses import HeldDose
from ketacortex.drug.exposure import Exposure
from ketacortex.drug.hcn_block import bound_share, conductance_left, half_activation_shift_mv
from ketacortex.drug.receptor_block import BlockSettings
from ketacortex.drug.tissue_diffusion import Tissue
from ketacortex.evidence.blockers import BLOCKERS
from ketacortex.model.circuit import build_circuit
from ketacortex.model.settings import CircuitSettings
from ketacortex.model.v1_network import network_of
from ketacortex.simulate.engine import Cortex
from ketacortex.simulate.slow_states import SlowStates, receptor_sites, soma_sites


def bound(name, concentration):
    return bound_share([BLOCKERS[name]], np.array([[concentration]]))


def test_at_20_micromolar_half_activation_lies_10_mv_lower():
    """Chen 2009."""
    assert half_activation_shift_mv(bound("ketamine", 20.0))[0] == pytest.approx(-10.0, rel=0.02)


def test_it_saturates_at_half_of_the_conductance_and_is_nothing_without_drug():
    assert conductance_left(bound("ketamine", 1e9))[0] == pytest.approx(0.5)
    assert conductance_left(bound("ketamine", 0.0))[0] == 1.0
    assert half_activation_shift_mv(bound("ketamine", 0.0))[0] == 0.0


def test_s_ketamine_is_twice_as_strong_and_mk_801_does_nothing():
    assert bound("s-ketamine", 4.0) == bound("ketamine", 8.0)
    assert bound("mk-801", 1e3)[0] == 0.0


def test_blockers_of_hcn_share_its_site():
    both = bound_share([BLOCKERS["ketamine"], BLOCKERS["s-ketamine"]], np.array([[8.0], [4.0]]))
    assert both[0] == pytest.approx(2 / 3)


SMALL = CircuitSettings.model_validate(
    {"pyr": {"n": 40, "hcn_soma_nanosiemens": 0.5}, "pv": {"n": 8}, "sst": {"n": 8}}
)


def states_under(affinity, concentration=8.0):
    circuit = build_circuit(SMALL, 1)
    bath = HeldDose(
        name="bath", blocker="ketamine", route="held", concentration_micromolar=concentration
    )
    here, somata = (
        Exposure([bath], Tissue(), sites, 1e4)
        for sites in (receptor_sites(circuit), soma_sites(circuit))
    )
    block = BlockSettings(affinity_hcn1=affinity)
    return circuit, SlowStates(circuit, here, block, somata if affinity else None)


def test_every_compartment_with_hcn_has_less_of_it_and_only_if_asked():
    circuit, states = states_under(1.0)
    states.advance(0.0, 1.0)
    gains = states.gains()
    n_compartments = network_of(circuit).n_compartments
    np.testing.assert_allclose(gains.hcn, np.full(n_compartments, 0.75))
    np.testing.assert_allclose(gains.hcn_shift_mv, np.full(n_compartments, -7.0))
    _, off = states_under(0.0)
    off.advance(0.0, 1.0)
    assert off.gains().hcn is None


def test_a_resting_branch_hyperpolarises_and_a_washed_one_is_as_it_was():
    """HCN carries an inward current at rest; without it the membrane comes to lie lower."""
    circuit, states = states_under(1.0, 1e5)
    quiet = SMALL.model_copy(
        update={"background": SMALL.background.model_copy(update={"branch_hz": 0.0})}
    )
    network = network_of(build_circuit(quiet, 1))
    states.advance(0.0, 1.0)
    blocked, free = Cortex(network, 1), Cortex(network, 1)
    blocked.set_gains(states.gains())
    for cortex in (blocked, free):
        cortex.run(5000)
    n = 40 * circuit.settings.pyr.n_branches
    lower = free.voltage_mv[:n] - blocked.voltage_mv[:n]
    assert lower.min() > 0.2
    washed = states_under(1.0, 0.0)[1]
    washed.advance(0.0, 1.0)
    blocked.set_gains(washed.gains())
    for cortex in (blocked, free):
        cortex.run(10_000)
    np.testing.assert_allclose(blocked.voltage_mv[:n], free.voltage_mv[:n], atol=0.02)


def test_hcn_grows_with_the_distance_from_the_soma_where_asked():
    """Kole 2006: e-fold in 323 µm; the mean over a cell's branches stays what was set."""
    flat = network_of(build_circuit(SMALL, 1)).populations[0].hcn.nanosiemens
    grown_settings = SMALL.model_copy(
        update={"pyr": SMALL.pyr.model_copy(update={"hcn_length_um": 323.0})}
    )
    circuit = build_circuit(grown_settings, 1)
    grown = network_of(circuit).populations[0].hcn.nanosiemens
    np.testing.assert_array_equal(flat[:-1], SMALL.pyr.hcn_nanosiemens)
    np.testing.assert_array_equal(flat[-1], 0.5)
    np.testing.assert_allclose(grown[:-1].mean(axis=0), SMALL.pyr.hcn_nanosiemens)
    distance = np.abs(circuit.branch_depth_um - circuit.depth_um[:40])
    slope = np.polyfit(distance.ravel(), np.log(grown[:-1] / grown[:-1].mean(axis=0)).ravel(), 1)[0]
    one = circuit.branch_depth_um[:, 0] - circuit.depth_um[0]
    ratio = np.log(grown[0, 0] / grown[1, 0])
    assert ratio == pytest.approx((abs(one[0]) - abs(one[1])) / 323.0, rel=1e-6)
    assert slope > 0
