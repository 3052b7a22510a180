"""Synchrony of pairs whose tuning converged: a planted slope, and what only looks like one."""

import numpy as np
import pytest

from ketacortex.analyse.pair_convergence import (
    MIN_SPIKES,
    convergence_deg,
    pair_synchrony,
    slope_of_pairs,
)
from ketacortex.units import orientation_distance_deg

N_UNITS, N_TRIALS, N_WINDOWS = 30, 48, 50
CONDITION = np.arange(N_TRIALS) % 12


def counts_with(rng, shared_hz, own=0.05):
    """Each unit its own spikes, and each of the first two those of a common source."""
    counts = rng.poisson(own, (N_UNITS, N_TRIALS, N_WINDOWS)).astype(float)
    counts[:2] += rng.poisson(shared_hz, (N_TRIALS, N_WINDOWS))
    return counts


def test_synchrony_is_the_share_of_spikes_that_are_common():
    rng = np.random.default_rng(0)
    found = np.array([pair_synchrony(counts_with(rng, 0.02), CONDITION)[0, 1] for _ in range(30)])
    assert found.mean() == pytest.approx(0.02 / 0.07, abs=3.5 * found.std() / np.sqrt(30))


def test_what_the_stimulus_does_to_both_is_no_synchrony():
    rng = np.random.default_rng(1)
    drive = rng.gamma(0.3, 0.3, (12, N_WINDOWS))[CONDITION]
    counts = rng.poisson(np.broadcast_to(drive, (N_UNITS, N_TRIALS, N_WINDOWS))).astype(float)
    found = pair_synchrony(counts, CONDITION)[np.triu_indices(N_UNITS, 1)]
    assert abs(found.mean()) < 3.5 * found.std() / np.sqrt(N_UNITS)
    pooled = pair_synchrony(counts, np.zeros(N_TRIALS, int))[np.triu_indices(N_UNITS, 1)]
    assert pooled.mean() > 0.1


def test_rate_does_not_change_it_and_too_few_spikes_have_none():
    rng = np.random.default_rng(2)
    few, many = (
        np.mean([pair_synchrony(counts_with(rng, 0.3 * own, own), CONDITION)[0, 1]
                 for _ in range(10)])
        for own in (0.04, 0.16)
    )  # fmt: skip
    assert few == pytest.approx(many, rel=0.15)
    silent = counts_with(rng, 0.02)
    silent[5] = 0.0
    silent[5, 0, : MIN_SPIKES - 1] = 1.0
    assert np.isnan(pair_synchrony(silent, CONDITION)[5]).all()


def preferences(rng, *, errors_deg, moved_deg=0.0, n=120):
    """Preferred orientations in two halves before and after, each (n, 2) deg, and the true ones."""
    preferred_deg = rng.uniform(0.0, 180.0, n)
    states = [preferred_deg, preferred_deg + moved_deg * rng.choice([-1.0, 1.0], n)]
    measured = [
        state[:, None] + rng.normal(0.0, error_deg, (n, 2))
        for state, error_deg in zip(states, errors_deg, strict=True)
    ]
    return measured, states


def test_the_slope_that_was_planted_is_found():
    rng = np.random.default_rng(3)
    (before, after), (was_deg, is_deg) = preferences(rng, errors_deg=(0.5, 0.5), moved_deg=8.0)
    apart = [orientation_distance_deg(deg[:, None], deg) for deg in (was_deg, is_deg)]
    # Nearer or further ones may pass each other, and then be apart the other way round.
    is_clear = (apart[0] > 20.0) & (apart[0] < 70.0)
    change = np.where(is_clear, -0.01 * (apart[1] - apart[0]) + 0.2, np.nan)
    slope, n_units = slope_of_pairs(
        [change], [convergence_deg(before[:, 0], before[:, 1], after[:, 1])]
    )
    assert slope == pytest.approx(-0.01, rel=0.1)
    assert n_units == 120


def test_synchrony_lost_by_pairs_that_are_alike_is_no_convergence():
    """Where errors grew their distances rise by that alone, so that change would have a slope."""
    rng = np.random.default_rng(4)
    found, naive = [], []
    for _ in range(40):
        (before, after), (was_deg, _) = preferences(rng, errors_deg=(4.0, 14.0))
        alike = orientation_distance_deg(was_deg[:, None], was_deg) < 15.0
        change = np.where(alike, -0.2, 0.0) + rng.normal(0.0, 0.05, alike.shape)
        found.append(
            slope_of_pairs([change], [convergence_deg(before[:, 0], before[:, 1], after[:, 1])])[0]
        )
        apart = [orientation_distance_deg(deg[:, 1, None], deg[:, 1]) for deg in (before, after)]
        naive.append(slope_of_pairs([change], [apart[1] - apart[0]])[0])
    z = [np.mean(values) / np.std(values) * np.sqrt(40) for values in (found, naive)]
    assert abs(z[0]) < 3.5
    assert abs(z[1]) > 5.0


def test_turning_or_mirroring_all_angles_changes_no_convergence():
    rng = np.random.default_rng(5)
    (before, after), _ = preferences(rng, errors_deg=(4.0, 4.0), moved_deg=10.0, n=20)
    plain = convergence_deg(before[:, 0], before[:, 1], after[:, 1])
    np.testing.assert_allclose(plain, plain.T, atol=1e-9)
    for turn in (lambda x: (x + 77.0) % 180.0, lambda x: (-x) % 180.0):
        turned = convergence_deg(turn(before[:, 0]), turn(before[:, 1]), turn(after[:, 1]))
        np.testing.assert_allclose(turned, plain, atol=1e-9)


def test_fewer_than_10_pairs_have_no_slope():
    assert np.isnan(slope_of_pairs([np.zeros((4, 4))], [np.ones((4, 4))])[0])
    assert np.isnan(slope_of_pairs([], [])[0])
