import numpy as np
import pytest
from scipy import stats

from analyse.planted import ORIENTATION_DEG, gamma_poisson, responses_from_counts, responses_to
from ketacortex.analyse.statistics import NotComputed
from ketacortex.analyse.switch import SwitchRule, rate_change, switching


def flat(mean_hz, rng, n_repeats=12):
    return responses_to(np.tile(np.asarray(mean_hz)[:, None], 12), rng, n_repeats=n_repeats)


def test_with_one_condition_it_is_welchs_test():
    rng = np.random.default_rng(0)
    a, b = rng.poisson(3.0, (20, 15)).astype(float), rng.poisson(4.0, (20, 9)).astype(float)
    found = rate_change(
        responses_from_counts(a, np.zeros(15)), responses_from_counts(b, np.zeros(9))
    )
    expected = stats.ttest_ind(b, a, axis=1, equal_var=False)
    np.testing.assert_allclose(found.p_value, expected.pvalue)
    interval = expected.confidence_interval(0.95)
    np.testing.assert_allclose(found.low_hz, interval.low)
    np.testing.assert_allclose(found.high_hz, interval.high)


def test_what_the_stimulus_sets_is_no_error():
    """Conditions far apart: the test of the pooled trials sees nothing of a doubling."""
    rate_hz = np.tile(np.linspace(0.5, 24.0, 12), (50, 1))
    rng = np.random.default_rng(1)
    found = rate_change(
        responses_to(rate_hz, rng, excess_fano=0.0), responses_to(1.2 * rate_hz, rng, excess_fano=0)
    )
    assert np.mean(found.p_value < 0.001) > 0.9
    assert np.mean(found.change_hz) == pytest.approx(0.2 * rate_hz.mean(), rel=0.1)


def test_unequally_many_trials_of_a_condition_make_no_change():
    """Preferred trials dominate the second epoch; the mean over conditions does not notice."""
    rng = np.random.default_rng(2)
    rate_hz = np.tile(np.linspace(1.0, 20.0, 12), (200, 1))
    n_repeats = np.arange(4, 28, 2)
    condition = np.repeat(np.arange(12), n_repeats)
    counts = gamma_poisson(rate_hz[:, condition], rng, 0.1)
    second = responses_from_counts(counts, ORIENTATION_DEG[condition])
    found = rate_change(responses_to(rate_hz, rng, excess_fano=0.1), second)
    assert np.mean(found.p_value < 0.05) == pytest.approx(0.05, abs=0.05)


def test_sparse_units_and_missing_conditions_are_not_measured():
    rng = np.random.default_rng(3)
    first = flat([0.0, 0.02, 5.0], rng)
    found = rate_change(first, flat([0.0, 0.02, 5.0], rng))
    assert np.isfinite(found.p_value).tolist() == [False, False, True]
    elsewhere = responses_from_counts(np.ones((3, 4)), np.full(4, 7.0))
    moved = np.full(4, 99)
    elsewhere = type(elsewhere)(**{**vars(elsewhere), "condition": moved})
    assert np.isnan(rate_change(first, elsewhere).change_hz).all()


def planted(rng, off, on, n_units=400):
    is_active = rng.random(n_units) < 0.6
    active_hz, silent_hz = 0.5 + rng.gamma(2.0, 1.5, n_units), 0.5 * rng.beta(1, 2, n_units)
    switches = rng.random(n_units) < np.where(is_active, off, on)
    now = is_active ^ switches
    rates = [np.where(a, active_hz, silent_hz) for a in (is_active, now)]
    return flat(rates[0], rng), flat(rates[1], rng), is_active, switches


def test_planted_shares_of_switching_units_are_recovered():
    shares = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        first, second, is_active, switches = planted(rng, 0.25, 0.1)
        found = switching(first, second, rng)
        shares.append(
            [
                found.fell_silent.mean - switches[is_active].mean(),
                found.became_active.mean - switches[~is_active].mean(),
            ]
        )
        assert found.off_p_value < 0.01
        assert found.fell_silent.low < found.fell_silent.mean < found.fell_silent.high
        assert found.fell_silent.n == pytest.approx(is_active.sum(), abs=20)
    assert np.mean(shares, axis=0) == pytest.approx([0.0, 0.0], abs=0.012)


def test_units_near_the_border_do_not_switch():
    """Classed and measured on the same trials, every sixth unit would seem to fall silent."""
    rng = np.random.default_rng(4)
    rate_hz = 0.5 * np.exp(rng.normal(0.0, 0.35, 600))
    first, second = flat(rate_hz, rng), flat(rate_hz, rng)
    found = switching(first, second, rng)
    naive = first.counts.mean(axis=1) >= 0.5
    assert np.mean(second.counts.mean(axis=1)[naive] < 0.5) > 0.1
    assert found.fell_silent.mean == pytest.approx(0.0, abs=0.06)
    assert found.became_active.mean == pytest.approx(0.0, abs=0.06)
    assert min(found.off_p_value, found.on_p_value) > 0.05
    assert found.off_within > 0.1


def test_without_any_crossing_there_is_no_p_value_and_an_interval_from_zero():
    rng = np.random.default_rng(5)
    rate_hz = np.repeat([0.0, 8.0], 30)
    found = switching(flat(rate_hz, rng), flat(rate_hz, rng), rng)
    assert np.isnan(found.off_p_value)
    assert found.fell_silent.mean == found.fell_silent.low == 0.0
    assert 0.0 < found.fell_silent.high < 0.2


def test_the_domain_is_enforced():
    rng = np.random.default_rng(6)
    few = switching(flat(np.full(40, 3.0), rng, 4), flat(np.full(40, 3.0), rng, 4), rng)
    assert isinstance(few, NotComputed) is False
    assert isinstance(few.became_active, NotComputed)
    assert "0 units were silent" in few.became_active.reason
    low = SwitchRule(active_above_hz=0.05)
    found = switching(flat(np.full(40, 3.0), rng), flat(np.full(40, 3.0), rng), rng, low)
    assert "fires 3.6 spikes in half an epoch" in found.reason
    short = flat(np.full(40, 3.0), rng, 3)
    assert "no condition has 4 trials" in switching(short, short, rng).reason


def test_a_unit_with_missing_counts_is_in_neither_class():
    rng = np.random.default_rng(7)
    first, second = (flat(np.repeat([0.0, 8.0], 30), rng) for _ in range(2))
    counts = np.where(np.arange(60)[:, None] % 6 == 0, np.nan, second.counts)
    second = type(second)(**{**vars(second), "counts": counts})
    found = switching(first, second, rng)
    assert (found.fell_silent.n, found.became_active.n) == (25, 25)
    assert found.fell_silent.mean == 0.0
