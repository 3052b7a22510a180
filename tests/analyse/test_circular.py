from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ketacortex.analyse.circular import circular_mean, v_test

KNOWN = Path(__file__).parents[2].parent / "shared" / "data" / "known_answers"
needs_answers = pytest.mark.skipif(not KNOWN.exists(), reason="known answers lie elsewhere")


def angles(name):
    return pd.read_csv(KNOWN / f"circ_zar_{name}.csv")


@needs_answers
def test_mean_and_rayleigh_z_of_zar_example_1():
    found = circular_mean(angles("D1")["θ"])
    assert found.mean_deg == pytest.approx(98.988, abs=5e-4)
    assert found.resultant_length == pytest.approx(0.825218, abs=5e-7)
    assert found.rayleigh_z == pytest.approx(5.44787, abs=5e-6)
    assert 0.001 < found.rayleigh_p_value < 0.002  # the table of Zar


@needs_answers
def test_grouped_angles_of_zar_example_2():
    table = angles("D2")
    found = circular_mean(table["θ"], table["w"])
    assert found.mean_deg == pytest.approx(162.0, abs=0.5)
    assert found.resultant_length == pytest.approx(0.55064, abs=5e-6)
    assert found.n == table["w"].sum()


@needs_answers
def test_v_test_of_zar_example_7():
    found = v_test(circular_mean(angles("D7")["θ"]), 90.0)
    assert found.v == pytest.approx(9.498, abs=5e-4)
    assert found.u == pytest.approx(4.248, abs=1e-3)  # from a V that was rounded
    assert found.p_value < 0.0005


def test_angles_turned_turn_the_mean_and_nothing_else():
    angle_deg = np.random.default_rng(0).normal(40.0, 30.0, 50)
    first, second = circular_mean(angle_deg), circular_mean(angle_deg + 350.0)
    assert (second.mean_deg - first.mean_deg) % 360.0 == pytest.approx(350.0)
    assert second.rayleigh_p_value == pytest.approx(first.rayleigh_p_value)


def test_a_weight_is_so_many_angles():
    weighed = circular_mean([10.0, 100.0], [3, 1])
    counted = circular_mean([10.0, 10.0, 10.0, 100.0])
    assert weighed.mean_deg == pytest.approx(counted.mean_deg)
    assert weighed.rayleigh_z == pytest.approx(counted.rayleigh_z)


def test_orientations_are_doubled_directions():
    orientation_deg = np.array([5.0, 175.0, 20.0])
    axial = circular_mean(orientation_deg, period_deg=180.0)
    doubled = circular_mean(2.0 * orientation_deg)
    assert axial.mean_deg == pytest.approx(doubled.mean_deg / 2.0)
    assert axial.resultant_length == pytest.approx(doubled.resultant_length)


def test_rayleigh_p_value_is_that_of_uniform_angles():
    rng = np.random.default_rng(1)
    z = np.array([circular_mean(rng.uniform(0, 360, 12)).rayleigh_z for _ in range(4000)])
    sample = circular_mean(np.repeat([0.0, 90.0], [8, 4]))
    assert sample.rayleigh_p_value == pytest.approx(np.mean(z >= sample.rayleigh_z), abs=0.005)


def test_without_angles_nothing_is_known():
    found = circular_mean([np.nan])
    assert np.isnan([found.mean_deg, found.rayleigh_z, found.rayleigh_p_value]).all()
    assert np.isnan(v_test(found, 0.0).p_value)
