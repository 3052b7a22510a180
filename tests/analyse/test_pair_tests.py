"""Pairs of units: no more false links than promised, and planted couplings are seen."""

import warnings
from functools import cache

import numpy as np
import pytest
from benchmarks.planted import networks as planted
from scipy import stats

from ketacortex.analyse.interval_jitter import LagRange, jittered_mean, window_products
from ketacortex.analyse.pair_tests import NULL_NAMES, ask_pairs
from ketacortex.analyse.spike_stream import stream_of_trains

ARRAYS = (
    "p_value", "q_value", "lag", "is_excess", "observed", "expected", "variance", "hidden",
    "one_way_p",
)  # fmt: skip


@cache
def asked(kind, seed, null=None):
    stream = planted.NULLS[kind](np.random.default_rng(seed), 12, 200.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        return ask_pairs(stream, null, threads=1)


def below(tests, level):
    """Pairs that were asked with a p value of at most the level, and all that were asked."""
    return np.sum(tests.p_value[tests.is_asked] <= level), tests.is_asked.sum()


@pytest.mark.parametrize("kind", planted.NULLS)
def test_without_coupling_few_pairs_are_surprising(kind):
    n_below, n_asked = np.sum([below(asked(kind, seed), 0.05) for seed in range(20)], axis=0)
    assert n_asked > 1000
    assert n_below / n_asked == pytest.approx(0.05, abs=0.015)


def test_p_values_are_spread_evenly_without_coupling():
    p_value = np.concatenate([asked("co_modulated", seed).p_value for seed in range(20)])
    assert stats.kstest(p_value[np.isfinite(p_value)], "uniform").statistic < 0.05


def test_flat_windows_take_the_stimulus_for_coupling_and_shaped_ones_do_not():
    """Why there are two nulls."""
    found = {}
    for null in ("interval", "stimulus"):
        tests = [asked("stimulus_locked", seed, null) for seed in range(20)]
        n_below, n_asked = np.sum([below(one, 0.01) for one in tests], axis=0)
        found[null] = n_below / n_asked
    assert found["interval"] > 0.02
    assert found["stimulus"] < 0.015


def test_the_stimulus_null_is_taken_where_stimuli_were_repeated():
    assert asked("stimulus_locked", 0).null == NULL_NAMES["stimulus"]
    assert asked("independent", 0).null == NULL_NAMES["interval"]


def test_planted_couplings_are_the_surest_pairs():
    network = planted.planted(np.random.default_rng(0), 8.0, 600.0, 0.02)
    tests = ask_pairs(network.stream, threads=1)
    is_coupled = np.isin(tests.first, network.pre) & (tests.second == tests.first + 1)
    assert tests.p_value[is_coupled].max() < tests.p_value[~is_coupled].min()
    assert tests.q_value[is_coupled].max() < 0.01
    assert np.all(tests.lag[is_coupled] == 2)
    assert np.all(tests.is_excess[is_coupled])


def test_the_sides_are_sums_of_lags_and_their_null_is_interval_jitter():
    network = planted.planted(np.random.default_rng(1), 8.0, 60.0, 0.05, n_units=4)
    stream = network.stream
    tests = ask_pairs(stream, threads=1)
    lag = stream.sample[:, None] - stream.sample
    ms = stream.sample_rate_hz * 1e-3
    sides = ((-5.5, -0.5), (-2.5, 2.5), (0.5, 5.5))
    ranges = [LagRange(first=int(low * ms), stop=int(high * ms)) for low, high in sides]
    window, products = stream.window_samples, window_products(stream)
    expected = jittered_mean(products, ranges, window, tests.first, tests.second)
    np.testing.assert_allclose(tests.expected, expected, rtol=1e-5)
    for row, (first, second) in enumerate(zip(tests.first, tests.second, strict=True)):
        seen = lag[np.ix_(stream.unit == second, stream.unit == first)]
        counts = [np.sum((r.first <= seen) & (seen < r.stop)) for r in ranges]
        np.testing.assert_array_equal(tests.observed[row], counts)


@pytest.mark.parametrize("kind", ["co_modulated", "stimulus_locked"])
def test_neither_blocks_nor_threads_change_anything(kind):
    stream = planted.NULLS[kind](np.random.default_rng(2), 20, 60.0)
    whole = ask_pairs(stream, threads=1)
    order = np.lexsort((whole.second, whole.first))
    for block_units, threads in ((7, 1), (19, 2), (1100, 3)):
        parts = ask_pairs(stream, block_units=block_units, threads=threads)
        again = np.lexsort((parts.second, parts.first))
        np.testing.assert_array_equal(parts.first[again], whole.first[order])
        np.testing.assert_array_equal(parts.second[again], whole.second[order])
        for name in ARRAYS:
            np.testing.assert_array_equal(
                getattr(parts, name)[again], getattr(whole, name)[order], err_msg=name
            )


def test_excess_holds_what_the_null_hides():
    network = planted.planted(np.random.default_rng(3), 8.0, 600.0, 0.1, n_units=8)
    tests = ask_pairs(network.stream, threads=1)
    is_coupled = np.isin(tests.first, network.pre) & (tests.second == tests.first + 1)
    sent = 0.1 * tests.n_spikes[network.pre]
    plain = (tests.observed - tests.expected)[is_coupled, 2]
    assert np.mean(plain / sent) < 0.9
    assert np.mean(tests.excess[is_coupled, 2] / sent) == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize("null", ["interval", "stimulus"])
@pytest.mark.parametrize("n_units", [0, 1, 2, 3])
def test_silent_units_are_not_asked(n_units, null):
    tests = ask_pairs(stream_of_trains([np.zeros(0)] * n_units, 10.0), null, threads=1)
    assert len(tests.first) == n_units * (n_units - 1) // 2
    assert np.isnan(tests.p_value).all()
    assert np.isnan(tests.q_value).all()
    assert np.isnan(tests.normalised_excess).all()


def test_one_silent_unit_leaves_the_others_as_they_are():
    rng = np.random.default_rng(4)
    trains_s = [planted.train(rng, 8.0, 100.0) for _ in range(3)]
    alone = ask_pairs(stream_of_trains(trains_s, 100.0), threads=1)
    beside = ask_pairs(stream_of_trains([*trains_s, np.zeros(0)], 100.0), threads=1)
    is_new = beside.second == 3
    assert np.isnan(beside.p_value[is_new]).all()
    np.testing.assert_array_equal(beside.p_value[~is_new], alone.p_value)
    np.testing.assert_array_equal(beside.q_value[~is_new], alone.q_value)


@pytest.mark.parametrize("null", ["interval", "stimulus"])
def test_the_same_train_twice_is_synchrony(null):
    stream = planted.stimulus_locked(np.random.default_rng(5), 3, 120.0)
    is_first = stream.unit == 0
    twice = np.concatenate([np.flatnonzero(is_first), np.arange(len(stream.sample))])
    unit = np.concatenate([np.full(is_first.sum(), 1), 2 * stream.unit]).astype(np.int32)
    order = np.argsort(stream.sample[twice], kind="stable")
    doubled = stream._with(stream.sample[twice][order], unit[order])
    tests = ask_pairs(_with_units(doubled, 6), null, threads=1)
    (row,) = np.flatnonzero((tests.first == 0) & (tests.second == 1))
    assert tests.p_value[row] < 1e-6
    assert tests.lag[row] == 0
    assert tests.is_excess[row]
    assert tests.one_way_p[row] == 1.0


def test_spikes_at_one_sample_are_counted_once_for_each_pair_of_them():
    """Sorters may report a spike twice."""
    train_s = np.repeat(np.linspace(0.1, 99.9, 800), 2)
    tests = ask_pairs(stream_of_trains([train_s, train_s], 100.0), threads=1)
    assert tests.observed.tolist() == [[0.0, 4.0 * 800, 0.0]]


def test_pairs_with_too_few_spikes_are_not_asked():
    rng = np.random.default_rng(6)
    trains_s = [planted.train(rng, rate_hz, 60.0) for rate_hz in (0.3, 0.5, 20.0, 20.0)]
    tests = ask_pairs(stream_of_trains(trains_s, 60.0), threads=1)
    np.testing.assert_array_equal(tests.is_asked, tests.expected[:, 1] >= 1.0)
    assert 0 < tests.is_asked.sum() < 6
    assert np.all(tests.lag[~tests.is_asked] == 0)


def _with_units(stream, n_units):
    fields = {name: getattr(stream, name) for name in stream.__dataclass_fields__}
    return type(stream)(**{**fields, "n_units": n_units})
