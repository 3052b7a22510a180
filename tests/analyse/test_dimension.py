import numpy as np
import pytest

from analyse.planted import ORIENTATION_DEG, gamma_poisson
from ketacortex.analyse.dimension import (
    _noise_ratio,
    noise_dimension,
    signal_participation_ratio,
)
from ketacortex.analyse.statistics import NotComputed

CONDITION = np.repeat(np.arange(12), 6)


def test_units_that_share_nothing_have_as_many_dimensions_even_with_few_trials():
    rng = np.random.default_rng(0)
    ratio = [
        _noise_ratio(gamma_poisson(np.full((80, 72), 4.0), rng, 0.2), CONDITION) for _ in range(40)
    ]
    assert np.mean(ratio) == pytest.approx(80.0, rel=0.05)
    residual = gamma_poisson(np.full((80, 72), 4.0), rng, 0.2)
    eigenvalues = np.linalg.eigvalsh(np.cov(residual))
    naive = eigenvalues.sum() ** 2 / (eigenvalues**2).sum()
    assert naive < 45.0


def test_traces_have_no_bias_whatever_the_distribution():
    """Four trials of skewed counts, in which the formula for normal samples is far off."""
    rng = np.random.default_rng(1)
    gain = rng.gamma(0.5, 2.0, (20000, 1, 4)) * rng.gamma(2.0, 0.5, (20000, 3, 4))
    x = np.array([1.0, 2.0, 4.0])[:, None] * gain
    shared, own = 2.0, 3.0 * 1.5 - 1.0
    rate = np.array([1.0, 2.0, 4.0])
    true = np.outer(rate, rate) * shared + np.diag(rate**2 * (own - shared))
    deviation = x - x.mean(axis=2, keepdims=True)
    product = np.einsum("rin,rim->rnm", deviation, deviation)
    square = (product**2).sum(axis=(1, 2)) / 9
    trace = np.trace(product, axis1=1, axis2=2) / 3
    fourth = (np.diagonal(product, axis1=1, axis2=2) ** 2).sum(axis=1) / 3
    scale = 3 / (4 * 2 * 1)
    unbiased = scale * (6 * square + trace**2 - 4 * fourth)
    unbiased_trace = scale * (2 * square + 5 * trace**2 - 4 * fourth)
    error = unbiased.std() / np.sqrt(20000)
    assert unbiased.mean() == pytest.approx(np.sum(true**2), abs=4 * error)
    error = unbiased_trace.std() / np.sqrt(20000)
    assert unbiased_trace.mean() == pytest.approx(np.trace(true) ** 2, abs=4 * error)
    # The function under test is the ratio of these two.
    one = x[0]
    if unbiased[0] > 0 and unbiased_trace[0] > 0:
        expected = unbiased_trace[0] / unbiased[0]
        assert _noise_ratio(one, np.zeros(4, int)) == pytest.approx(expected)


def test_the_ratio_of_one_condition_is_that_of_the_unbiased_traces():
    x = np.random.default_rng(2).poisson(5.0, (4, 40)).astype(float)
    deviation = x - x.mean(axis=1, keepdims=True)
    s, n = np.cov(x), 40
    q = (np.sum(deviation**2, axis=0) ** 2).sum() / (n - 1)
    k = (n - 1) / (n * (n - 2) * (n - 3))
    square = k * ((n - 1) * (n - 2) * np.trace(s @ s) + np.trace(s) ** 2 - n * q)
    trace = k * (2 * np.trace(s @ s) + (n**2 - 3 * n + 1) * np.trace(s) ** 2 - n * q)
    assert _noise_ratio(x, np.zeros(n, int)) == pytest.approx(trace / square)


def test_a_gain_that_units_share_lowers_the_dimension_and_shuffling_gives_it_back():
    rng = np.random.default_rng(3)
    gain = rng.gamma(8.0, 1 / 8.0, 144)
    counts = rng.poisson(5.0 * np.tile(gain, (40, 1))).astype(float)
    found = noise_dimension(counts, np.repeat(np.arange(12), 12), rng, n_shuffles=99)
    assert found.participation_ratio < 15.0
    assert found.low < found.participation_ratio < found.high
    assert found.shuffled == pytest.approx(40.0, rel=0.1)
    assert found.p_value == 0.01
    assert (found.n_units, found.n_trials) == (40, 144)


def test_the_dimension_does_not_depend_on_the_stimulus():
    rng = np.random.default_rng(4)
    counts = rng.poisson(3.0, (10, 72)).astype(float)
    moved = counts + 10.0 * rng.integers(0, 9, (10, 12))[:, CONDITION]
    assert _noise_ratio(counts, CONDITION) == pytest.approx(_noise_ratio(moved, CONDITION))


def test_cosine_tuning_spans_two_dimensions_and_noise_adds_none():
    rng = np.random.default_rng(5)
    preferred_deg = np.linspace(0.0, 180.0, 60, endpoint=False)[:, None]
    rate = 2.0 * (1.2 + np.cos(np.deg2rad(2 * (ORIENTATION_DEG - preferred_deg))))
    counts = gamma_poisson(np.repeat(rate, 6, axis=1), rng, 0.2)
    found = signal_participation_ratio(counts, CONDITION, rng)
    assert found == pytest.approx(2.0, abs=0.15)
    means = counts.reshape(60, 12, 6).mean(axis=2)
    eigenvalues = np.linalg.eigvalsh(np.cov(means))
    assert eigenvalues.sum() ** 2 / (eigenvalues**2).sum() > 2.3


@pytest.mark.parametrize(
    ("counts", "condition", "said"),
    [
        (np.ones((5, 12)), np.repeat([0, 1], 6), "0 units vary"),
        (np.arange(6.0)[None], np.zeros(6, int), "1 units vary"),
        (np.arange(9.0).reshape(3, 3), np.arange(3), "no condition has 4 trials"),
    ],
)
def test_what_has_no_dimension_says_why(counts, condition, said):
    found = noise_dimension(counts, condition, np.random.default_rng(0), n_shuffles=3)
    assert isinstance(found, NotComputed)
    assert said in found.reason


def test_few_trials_have_no_interval():
    rng = np.random.default_rng(6)
    counts = rng.poisson(5.0, (6, 72)).astype(float)
    found = noise_dimension(counts, CONDITION, rng, n_shuffles=3)
    assert np.isnan([found.low, found.high]).all()
    assert np.isfinite(found.participation_ratio)


def test_means_that_do_not_differ_have_no_signal_dimension():
    flat = np.tile([1.0, 2.0], 36)[None] * np.ones((4, 1))
    assert np.isnan(signal_participation_ratio(flat, CONDITION, np.random.default_rng(0)))
