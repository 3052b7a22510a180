"""GLMCC: planted couplings and delays come back, what is slow is none, the maximum is one."""

import numpy as np
import pytest
from scipy import optimize, stats

from ketacortex.analyse.glmcc import COUPLING_SD, _p_of_largest, glm_couplings

LAG_MS = np.arange(-50.0, 51.0)


def shape(delay_ms, decay_ms=4.0):
    """Mean of the synaptic course in each bin, by summing it up finely."""
    fine = (LAG_MS[:, None] + (np.arange(1000) + 0.5) / 1000.0 - 0.5) - delay_ms
    return np.where(fine > 0, np.exp(-np.maximum(fine, 0.0) / decay_ms), 0.0).mean(axis=1)


def slow(level, sd_ms=40.0, size=0.5):
    return level * (1.0 + size * np.exp(-0.5 * (LAG_MS / sd_ms) ** 2))


def drawn(rng, expected, n_pairs=1500):
    return rng.poisson(expected, (n_pairs, len(LAG_MS))).astype(float)


@pytest.mark.parametrize("forward", [-0.8, -0.3, 0.3, 0.6])
@pytest.mark.parametrize("level", [100.0, 400.0])
def test_planted_couplings_come_back_with_their_error(forward, level):
    rng = np.random.default_rng(0)
    expected = slow(level, size=0.3) * np.exp(forward * shape(2.0) - 0.6 * shape(3.0)[::-1])
    found = glm_couplings(drawn(rng, expected), bin_ms=1.0)
    wrong = found.coupling - [forward, -0.6]
    assert np.abs(wrong.mean(axis=0) / found.standard_error.mean(axis=0)).max() < 0.5
    covers = np.abs(wrong) < 1.96 * found.standard_error
    assert (covers.mean(axis=0) > 0.94).all()
    assert np.median(found.delay_ms, axis=0).tolist() == [2.0, 3.0]
    assert np.mean(found.p_value < 0.05) > 0.8


def test_delays_are_recovered():
    rng = np.random.default_rng(1)
    for delay in (1.0, 2.0, 3.0, 4.0):
        expected = 400.0 * np.exp(0.5 * shape(delay) + 0.5 * shape(5.0 - delay)[::-1])
        found = glm_couplings(drawn(rng, expected, 200), bin_ms=1.0)
        assert np.mean(found.delay_ms == [delay, 5.0 - delay]) > 0.97


@pytest.mark.parametrize("level", [2.0, 20.0, 400.0])
def test_independent_units_are_coupled_no_more_often_than_the_level_says(level):
    found = glm_couplings(drawn(np.random.default_rng(2), np.full(101, level)), bin_ms=1.0)
    assert 0.005 < np.mean(found.p_value < 0.05) < 0.055
    assert np.mean(found.p_value < 0.001) < 0.003
    assert np.abs(np.mean(found.coupling / found.standard_error)) < 0.1


@pytest.mark.parametrize("level", [20.0, 400.0])
def test_units_that_wax_and_wane_together_are_not_coupled(level):
    found = glm_couplings(drawn(np.random.default_rng(3), slow(level)), bin_ms=1.0)
    assert np.mean(found.p_value < 0.05) < 0.075
    expected = glm_couplings(drawn(np.random.default_rng(4), slow(level)), bin_ms=1.0)
    np.testing.assert_allclose(expected.background.mean(axis=0), slow(level), rtol=0.1)


def test_it_finds_the_maximum_that_a_general_optimiser_finds():
    rng = np.random.default_rng(5)
    counts = drawn(rng, slow(30.0) * np.exp(0.5 * shape(2.0)), 1)
    counts[0, 50] = np.nan
    roughness, bins = 1e-3, np.isfinite(counts[0])
    found = glm_couplings(counts, bin_ms=1.0, delays_ms=(2.0,), roughness_per_ms=(roughness,))
    shapes = np.array([shape(2.0), shape(2.0)[::-1]])

    def descent(parameters, fixed):
        course, strength = parameters[:101], parameters[101:] * ~fixed
        log_expected = course + strength @ shapes
        value = (np.exp(log_expected) - np.nan_to_num(counts[0]) * log_expected)[bins].sum()
        value += 0.5 * (np.diff(course) ** 2).sum() / roughness
        excess = np.where(bins, np.exp(log_expected) - np.nan_to_num(counts[0]), 0.0)
        rough = -np.diff(np.diff(course), prepend=0.0, append=0.0) / roughness
        rough[0], rough[-1] = -(course[1] - course[0]) / roughness, np.diff(course)[-1] / roughness
        slope = shapes @ excess + strength / COUPLING_SD**2
        value += 0.5 * (strength**2).sum() / COUPLING_SD**2
        return value, np.concatenate([excess + rough, slope * ~fixed])

    start = np.concatenate([np.full(101, 3.0), np.zeros(2)])
    lowest = {}
    for name, fixed in (("full", [False, False]), ("without", [True, False])):
        lowest[name] = optimize.minimize(
            descent, start, (np.array(fixed),), jac=True, tol=1e-12, options={"maxiter": 20_000}
        )
    np.testing.assert_allclose(found.coupling[0], lowest["full"].x[101:], atol=2e-3)
    drop = lowest["without"].fun - lowest["full"].fun
    assert found.p_value[0, 0] == pytest.approx(stats.chi2.sf(2.0 * drop, 1), rel=0.01)


def test_the_bound_over_delays_is_hardly_above_what_a_chain_of_normals_does():
    rng = np.random.default_rng(6)
    correlation = np.exp(-np.ones(3) / 4.0)
    chain = [rng.standard_normal(400_000)]
    for r in correlation:
        noise = rng.standard_normal(400_000)
        chain.append(r * chain[-1] + np.sqrt(1.0 - r**2) * noise)
    largest = np.abs(chain).max(axis=0)
    z = np.array([1.5, 2.0, 2.5, 3.0])
    seen = (largest[:, None] > z).mean(axis=0)
    bound = _p_of_largest(z, correlation)
    assert (bound > seen - 3.0 * np.sqrt(seen / 400_000)).all()
    np.testing.assert_allclose(bound, seen, rtol=0.1)
    np.testing.assert_allclose(_p_of_largest(z, correlation[:0]), 2.0 * stats.norm.sf(z))
    assert 0.0 < _p_of_largest(np.array([12.0]), correlation)[0] < 8.0 * stats.norm.sf(12.0)


def test_turned_round_the_directions_change_places():
    counts = drawn(np.random.default_rng(7), 60.0 * np.exp(0.5 * shape(3.0)), 20)
    found = glm_couplings(counts, bin_ms=1.0)
    turned = glm_couplings(counts[:, ::-1], bin_ms=1.0)
    np.testing.assert_allclose(found.coupling, turned.coupling[:, ::-1], atol=0.02)
    np.testing.assert_allclose(found.p_value, turned.p_value[:, ::-1], atol=0.02)


def test_lags_that_were_not_seen_are_left_out():
    rng = np.random.default_rng(8)
    counts = drawn(rng, 100.0 * np.exp(0.5 * shape(2.0)))
    counts[:, 50] = 0.0
    blind = counts.copy()
    blind[:, 50] = np.nan
    assert np.abs(glm_couplings(counts, bin_ms=1.0).coupling.mean(axis=0) - [0.5, 0.0]).max() > 0.1
    found = glm_couplings(blind, bin_ms=1.0).coupling.mean(axis=0)
    np.testing.assert_allclose(found, [0.5, 0.0], atol=0.03)


def test_no_counts_give_nothing_and_an_empty_window_a_finite_inhibition():
    counts = np.full((3, 101), 20.0)
    counts[0] = 0.0
    counts[1, 52:65] = 0.0
    counts[2] = np.nan
    found = glm_couplings(counts, bin_ms=1.0)
    for values in (found.coupling, found.standard_error, found.p_value, found.delay_ms):
        assert np.isfinite(values).tolist() == [[False] * 2, [True] * 2, [False] * 2]
    assert -30.0 < found.coupling[1, 0] < -3.0
    assert found.p_value[1, 0] < 1e-6
    assert glm_couplings(np.zeros((0, 101)), bin_ms=1.0).coupling.shape == (0, 2)
