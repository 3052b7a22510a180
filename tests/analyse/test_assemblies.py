"""Cell assemblies: planted ones come back, also where they share units, and chance makes none."""

import numpy as np
import pytest

from ketacortex.analyse.assemblies import assemblies

GROUPS = [{0, 1, 2, 3, 4, 5}, {4, 5, 6, 7, 8, 9}, {20, 21, 22, 23}, {22, 23, 30, 31, 32, 33, 34}]


def planted(rng, groups, n_units=40, n_bins=3000, rate=0.5, extra=3.0):
    """Counts, and the bins in which each group is active, (n_group, n_bin)."""
    mean = np.full((n_units, n_bins), rate)
    is_active = rng.random((len(groups), n_bins)) < 0.03
    for group, active in zip(groups, is_active, strict=True):
        mean[np.ix_(sorted(group), np.flatnonzero(active))] += extra
    return rng.poisson(mean).astype(float), is_active


def members(found):
    return [set(np.flatnonzero(row).tolist()) for row in found.is_member]


@pytest.mark.parametrize("seed", range(4))
def test_planted_assemblies_that_share_units_come_back(seed):
    rng = np.random.default_rng(seed)
    counts, is_active = planted(rng, GROUPS)
    found = assemblies(counts, rng)
    assert len(found.weight) == len(GROUPS)
    for group, active in zip(GROUPS, is_active, strict=True):
        k = members(found).index(group)
        quiet = np.sort(found.activation[k][~is_active.any(axis=0)])
        # Of the bins in which it was active, by far most exceed 99 of 100 quiet ones.
        assert np.mean(found.activation[k][active] > quiet[int(0.99 * len(quiet))]) > 0.8


def test_principal_directions_alone_would_mix_those_that_share_units():
    """Why there are independent components: two groups with two units in common."""
    rng = np.random.default_rng(5)
    counts, _ = planted(rng, GROUPS[:2], n_units=20)
    direction = np.linalg.eigh(np.corrcoef(counts))[1][:, ::-1][:, :2].T
    mixed = [set(np.flatnonzero(np.abs(row) > 20**-0.5).tolist()) for row in direction]
    assert not any(group in mixed for group in GROUPS[:2])
    assert all(group in members(assemblies(counts, rng)) for group in GROUPS[:2])


@pytest.mark.parametrize("rate", [0.02, 0.1, 1.0, "mixed"])
def test_independent_units_have_none_in_95_of_100_sets(rate):
    n_found = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        mean = np.geomspace(0.01, 3.0, 20)[:, None] if rate == "mixed" else rate
        n_found += len(assemblies(rng.poisson(mean, (20, 400)).astype(float), rng).weight) > 0
    assert n_found <= 3


def test_units_that_wax_and_wane_each_by_itself_have_none():
    """The bound of Marchenko and Pastur alone would see assemblies."""
    n_found = n_above = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        slow = np.repeat(rng.gamma(2.0, 1.0, (20, 20)), 20, axis=1)
        slow = np.array([np.roll(row, rng.integers(400)) for row in slow])
        found = assemblies(rng.poisson(slow).astype(float), rng)
        n_found += len(found.weight) > 0
        n_above += found.eigenvalue[0] > (1.0 + np.sqrt(20 / 400)) ** 2
    assert n_found <= 2
    assert n_above > 25


def test_the_activation_is_the_sum_over_pairs_of_units():
    rng = np.random.default_rng(6)
    counts, _ = planted(rng, GROUPS[:2], n_units=12, n_bins=1000)
    found = assemblies(counts, rng)
    z = (counts - counts.mean(axis=1, keepdims=True)) / counts.std(axis=1, keepdims=True)
    expected = np.zeros((2, 1000))
    for i in range(12):
        for j in range(12):
            if i != j:
                pair = found.weight[:, i] * found.weight[:, j]
                expected += pair[:, None] * z[i] * z[j]
    np.testing.assert_allclose(found.activation, expected, atol=1e-9)


def test_a_unit_alone_activates_nothing():
    rng = np.random.default_rng(7)
    counts, _ = planted(rng, GROUPS)
    counts[12, 500] += 40.0
    found = assemblies(counts, rng)
    others = np.delete(np.arange(3000), 500)
    assert (np.abs(found.activation[:, 500]) < found.activation[:, others].max(axis=1)).all()


def test_eigenvalues_are_those_of_the_correlations_and_patterns_are_orthonormal():
    rng = np.random.default_rng(8)
    counts, _ = planted(rng, GROUPS)
    found = assemblies(counts, rng)
    np.testing.assert_allclose(
        found.eigenvalue, np.linalg.eigvalsh(np.corrcoef(counts))[::-1], rtol=1e-6
    )
    np.testing.assert_allclose(found.weight @ found.weight.T, np.eye(4), atol=1e-9)
    assert (np.abs(found.weight).max(axis=1) == found.weight.max(axis=1)).all()


def test_patterns_do_not_depend_on_the_start():
    counts, _ = planted(np.random.default_rng(9), GROUPS)
    one, again, other = (assemblies(counts, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.weight, again.weight)
    np.testing.assert_allclose(one.weight, other.weight, atol=1e-3)


def test_units_that_are_silent_or_unknown_belong_to_none():
    rng = np.random.default_rng(10)
    counts, _ = planted(rng, GROUPS)
    counts[15], counts[16] = 0.0, np.nan
    found = assemblies(counts, rng)
    assert sorted(map(sorted, members(found))) == sorted(map(sorted, GROUPS))
    assert not found.weight[:, 15:17].any()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shape", [(0, 0), (0, 50), (5, 0), (5, 1), (1, 50), (3, 2)])
def test_too_little_to_be_together_gives_none(shape):
    rng = np.random.default_rng(11)
    for counts in (np.zeros(shape), rng.poisson(1.0, shape).astype(float)):
        found = assemblies(counts, rng)
        assert found.weight.shape == (0, shape[0])
        assert found.activation.shape == (0, shape[1])
