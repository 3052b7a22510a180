import re

import numpy as np
import pytest

from ketacortex.model.circuit import build_circuit
from ketacortex.model.settings import CircuitSettings
from ketacortex.model.wiring import connect, delay_steps

CIRCUIT = build_circuit(CircuitSettings(), 7)
N_PYR, N_BRANCH = CIRCUIT.settings.pyr.n, CIRCUIT.settings.pyr.n_branches


def test_one_seed_is_one_animal_and_another_seed_another():
    again, other = build_circuit(CircuitSettings(), 7), build_circuit(CircuitSettings(), 8)
    np.testing.assert_array_equal(again.target, CIRCUIT.target)
    np.testing.assert_array_equal(again.branch_nmda_ratio, CIRCUIT.branch_nmda_ratio)
    assert not np.array_equal(other.preferred_deg, CIRCUIT.preferred_deg)


def test_the_preference_of_a_cell_is_that_of_its_branches_together():
    together = np.angle(np.exp(2j * np.deg2rad(CIRCUIT.branch_preferred_deg)).sum(axis=0))
    difference = np.angle(np.exp(1j * (together - 2 * np.deg2rad(CIRCUIT.preferred_deg))))
    np.testing.assert_allclose(difference, 0, atol=1e-9)


def test_branches_are_scattered_widely_about_the_cell():
    off = (CIRCUIT.branch_preferred_deg - CIRCUIT.preferred_deg + 90) % 180 - 90
    assert 35 < off.std() < 55  # 52 is uniform


def test_branches_of_a_cell_differ_in_nmda_and_cells_do_not():
    ratio = CIRCUIT.branch_nmda_ratio
    np.testing.assert_allclose(ratio.mean(axis=0), 1.0)
    assert ratio.std(axis=0).mean() > 0.5


def test_every_cell_of_a_class_hears_equally_many():
    w = CIRCUIT.settings.wiring
    soma = N_BRANCH * N_PYR
    on_branch = CIRCUIT.target < soma
    from_pyr = CIRCUIT.source < N_PYR
    ee = np.bincount(CIRCUIT.target[on_branch & from_pyr] % N_PYR, minlength=N_PYR)
    np.testing.assert_array_equal(ee, round(w.ee_share * N_PYR))
    pv = np.bincount(
        CIRCUIT.target[(CIRCUIT.target >= soma) & (CIRCUIT.target < soma + N_PYR)] - soma,
        minlength=N_PYR,
    )
    np.testing.assert_array_equal(pv, round(w.pe_share * CIRCUIT.settings.pv.n))


def test_no_pyramid_contacts_itself():
    ee = (CIRCUIT.source < N_PYR) & (CIRCUIT.target < N_BRANCH * N_PYR)
    assert not np.any(CIRCUIT.source[ee] == CIRCUIT.target[ee] % N_PYR)


def test_synapses_come_sorted_by_source_and_delay():
    key = CIRCUIT.source * 1000 + CIRCUIT.delay
    assert np.all(np.diff(key) >= 0)


def test_apical_branches_lie_above_the_soma_and_basal_ones_below():
    soma = CIRCUIT.depth_um[:N_PYR]
    assert np.all(CIRCUIT.branch_depth_um[:3] >= soma)
    assert np.all(CIRCUIT.branch_depth_um[3:] <= soma)
    assert CIRCUIT.branch_depth_um.min() > 0


def test_connections_follow_their_weights():
    weight = np.tile([3.0, 1.0, 1.0, 0.0], (4000, 1))
    drawn = connect(weight, 0.25, np.random.default_rng(0)).source
    share = np.bincount(drawn, minlength=4) / len(drawn)
    np.testing.assert_allclose(share, [0.6, 0.2, 0.2, 0.0], atol=0.03)


def test_sources_of_one_target_are_distinct():
    drawn = connect(np.ones((50, 20)), 0.5, np.random.default_rng(0))
    per_target = drawn.source.reshape(50, 10)
    assert all(len(set(row)) == 10 for row in per_target)


def test_delays_grow_with_distance_up_to_the_longest():
    delay = delay_steps(
        np.array([0.0, 300.0, 1e6]), shortest_ms=0.8, longest_ms=2.5, conduction_um_per_ms=300.0,
        dt_ms=0.1,
    )  # fmt: skip
    assert delay.tolist() == [8, 18, 25]


def test_a_delay_longer_than_the_refractory_period_is_refused():
    with pytest.raises(ValueError, match="delay_max_ms"):
        CircuitSettings.model_validate({"wiring": {"delay_max_ms": 5.0}})


def test_a_threshold_at_the_reset_is_refused():
    with pytest.raises(ValueError, match="threshold"):
        CircuitSettings.model_validate({"pyr": {"reset_mv": -54.0}})


def test_every_number_has_a_unit_and_a_source():
    def walk(model, path=""):
        for name, field in model.model_fields.items():
            annotation = field.annotation
            if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
                walk(annotation, f"{path}{name}.")
            elif path:
                extra = field.json_schema_extra or {}
                assert extra.get("unit"), f"{path}{name} has no unit"
                source = extra.get("source", "")
                assert re.match(r"fitted: |assumed: |derived: ", source) or re.search(
                    r"10\.\d{4,}/|PMC\d+", source
                ), f"{path}{name}: {source!r} is no source"

    walk(CircuitSettings)
