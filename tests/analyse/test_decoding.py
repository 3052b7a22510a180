import numpy as np
import pytest
from scipy import stats

from analyse.planted import ORIENTATION_DEG, gamma_poisson, von_mises_rates
from ketacortex.analyse.decoding import (
    decode_linear,
    decode_poisson,
    predict_linear,
    predict_poisson,
    stratified_folds,
)
from ketacortex.analyse.statistics import NotComputed

WHICH = np.tile(np.arange(12), 10)
SHOWN_DEG = ORIENTATION_DEG[WHICH]
BOTH = pytest.mark.parametrize("decode", [decode_poisson, decode_linear])


def population(rng, n_units=30, mean_hz=4.0):
    rates = von_mises_rates(rng.uniform(0, 180, n_units), 2.0, 0.8, np.full(n_units, mean_hz))
    return rates, gamma_poisson(rates[:, WHICH], rng, 0.1)


def test_the_poisson_decoder_takes_the_largest_likelihood():
    rng = np.random.default_rng(0)
    _, counts = population(rng)
    asked = rng.poisson(3.0, (30, 20))
    rate = np.stack([(counts[:, c == WHICH].sum(axis=1) + 0.5) / 10.0 for c in range(12)], axis=1)
    likelihood = stats.poisson.logpmf(asked[:, :, None], rate[:, None]).sum(axis=0)
    assert (predict_poisson(counts, WHICH, asked) == likelihood.argmax(axis=1)).all()


def test_the_linear_decoder_is_ridge_regression_over_units():
    rng = np.random.default_rng(1)
    _, counts = population(rng, n_units=8)
    asked = rng.poisson(3.0, (8, 50)).astype(float)
    x = np.sqrt(counts).T
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    x = (x - mean) / deviation
    target = np.eye(12)[WHICH]
    penalty = (x**2).sum() / len(x)
    weight = np.linalg.solve(x.T @ x + penalty * np.eye(8), x.T @ (target - target.mean(axis=0)))
    score = (np.sqrt(asked).T - mean) / deviation @ weight
    assert (predict_linear(counts, WHICH, asked) == score.argmax(axis=1)).all()


@BOTH
def test_trials_are_decoded_as_well_as_new_ones(decode):
    rng = np.random.default_rng(2)
    rates, counts = population(rng)
    found = decode(counts, SHOWN_DEG, rng, n_permutations=19)
    predict = predict_poisson if decode is decode_poisson else predict_linear
    new = np.tile(np.arange(12), 100)
    decoded = predict(counts, WHICH, gamma_poisson(rates[:, new], rng, 0.1))
    assert found.percent_correct.low < 100.0 * np.mean(decoded == new) < found.percent_correct.high
    assert found.percent_correct.mean > 40.0
    assert found.mean_error_deg < 20.0
    assert found.p_value == 0.05
    assert found.chance_percent_correct == pytest.approx(100.0 / 12.0, abs=3.0)
    assert found.chance_error_deg == pytest.approx(45.0, abs=4.0)


@BOTH
def test_what_units_share_does_not_pass_for_orientation(decode):
    rng = np.random.default_rng(3)
    gain = rng.gamma(3.0, 1 / 3.0, len(WHICH))
    counts = rng.poisson(4.0 * np.tile(gain, (20, 1))).astype(float)
    found = decode(counts, SHOWN_DEG, rng, n_permutations=99)
    assert found.p_value > 0.05
    assert found.percent_correct.low < 100.0 / 12.0


def test_the_linear_decoder_uses_noise_that_units_share():
    rng = np.random.default_rng(4)
    noise = rng.normal(0.0, 2.5, 400)
    which = np.tile([0, 1], 200)
    signal = np.where(which == 1, 1.0, -1.0)
    counts = np.round(np.maximum(25.0 + np.stack([noise + signal, noise - signal]), 0.0))
    shown_deg = 90.0 * which
    linear = decode_linear(counts, shown_deg, rng, n_permutations=0)
    poisson = decode_poisson(counts, shown_deg, rng, n_permutations=0)
    assert linear.percent_correct.mean > 95.0
    assert poisson.percent_correct.mean == pytest.approx(linear.percent_correct.mean, abs=6.0)


def test_folds_hold_out_all_orientations_alike():
    which = np.repeat([0, 1, 2], [10, 13, 8])
    fold = stratified_folds(which, np.array([10, 13, 8]), np.random.default_rng(0))
    table = np.zeros((3, 8), int)
    np.add.at(table, (which, fold), 1)
    assert table.min() == 1
    assert table.max() == 2


@BOTH
def test_the_same_generator_gives_the_same_decoding(decode):
    _, counts = population(np.random.default_rng(5))
    first, second = (
        decode(counts, SHOWN_DEG, np.random.default_rng(6), n_permutations=9) for _ in range(2)
    )
    assert (first.decoded_deg == second.decoded_deg).all()
    assert (first.p_value, first.chance_error_deg) == (second.p_value, second.chance_error_deg)


@BOTH
def test_silent_and_steady_units_change_nothing(decode):
    _, counts = population(np.random.default_rng(7))
    more = np.concatenate([counts, np.zeros((3, 120)), np.full((2, 120), 4.0)])
    alone, padded = (
        decode(c, SHOWN_DEG, np.random.default_rng(8), n_permutations=0) for c in (counts, more)
    )
    assert (alone.decoded_deg == padded.decoded_deg).all()
    assert padded.n_units == 30
    assert np.isnan(alone.chance_error_deg)


@BOTH
@pytest.mark.parametrize(
    ("counts", "shown_deg", "said"),
    [
        (np.ones((2, 8)), np.zeros(8), "1 orientations were shown"),
        (np.arange(8.0)[None], np.array([0.0, 90.0] + [0.0] * 6), "an orientation has 1 trials"),
        (np.zeros((2, 8)), np.tile([0.0, 90.0], 4), "no unit fired"),
    ],
)
def test_what_cannot_be_decoded_says_why(decode, counts, shown_deg, said):
    found = decode(counts, shown_deg, np.random.default_rng(0))
    assert isinstance(found, NotComputed)
    assert said in found.reason


@BOTH
def test_few_trials_have_no_interval(decode):
    counts = np.random.default_rng(9).poisson(3.0, (4, 24)).astype(float)
    found = decode(counts, np.tile([0.0, 90.0], 12), np.random.default_rng(0), n_permutations=0)
    assert np.isnan([found.percent_correct.low, found.percent_correct.high]).all()
