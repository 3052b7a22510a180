import numpy as np
import pytest

from ketacortex.analyse.initial_value import initial_value
from ketacortex.analyse.ratio_of_sums import difference_of, ratio_of_sums
from ketacortex.analyse.statistics import NotComputed


def halves(true, error, rng, n_split=6, n_trials=16):
    """Random halves of trials; `error` is that of all trials together."""
    noise = rng.normal(0, 1, (len(true), n_trials)) * (error * np.sqrt(n_trials))[:, None]
    order = np.argsort(rng.random((n_split, n_trials)), axis=1).reshape(n_split, 2, -1)
    return true[:, None, None] + noise[:, order].mean(axis=3).transpose(0, 2, 1)


def epochs(rng, slope=0.0, n=100, worse=1.0):
    true, error = rng.normal(0, 1, n), rng.uniform(0.2, 1.0, n)
    later = true + slope * true + rng.normal(0, 0.2, n)
    return halves(true, error, rng), halves(later, worse * error, rng), error


def test_the_naive_slope_is_significant_without_a_change_and_the_others_are_not():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(400):
        first, later, error = epochs(rng, worse=1.5)
        found.append(initial_value(first, later, first_error=error))
    share = {
        name: np.mean([getattr(f, name).p_value < 0.05 for f in found])
        for name in ("naive", "excess", "excess_over_errors", "independent")
    }
    assert share["naive"] > 0.7
    # Binomial standard error 0.011.
    assert max(share["excess"], share["independent"], share["excess_over_errors"]) < 0.085
    assert np.mean([f.independent.value for f in found]) == pytest.approx(0.0, abs=0.02)


def test_error_alone_gives_the_slope_that_was_expected():
    rng = np.random.default_rng(1)
    first, later, error = epochs(rng, n=20_000)
    found = initial_value(first, later, first_error=error)
    reliability = 1.0 / (1.0 + np.mean(error**2))
    assert found.reliability == pytest.approx(reliability, abs=0.02)
    for slope in (found.naive.value, found.expected_from_halves, found.expected_from_errors):
        assert slope == pytest.approx(reliability - 1.0, abs=0.03)


def test_the_planted_slope_is_recovered_whatever_the_error():
    rng = np.random.default_rng(2)
    first, later, _ = epochs(rng, slope=-0.4, n=20_000, worse=2.0)
    found = initial_value(first, later)
    assert found.independent.value == pytest.approx(-0.4, abs=0.03)
    assert found.excess.value == pytest.approx(-0.4 * found.reliability, abs=0.02)
    assert found.naive.value < -0.5


def test_over_animals_their_means_and_numbers_of_units_do_not_matter():
    rng = np.random.default_rng(3)
    animal = np.repeat(np.arange(5), [10, 20, 40, 60, 80])
    first, later, _ = epochs(rng, slope=-0.3, n=210)
    plain = initial_value(first, later, animal=animal)
    moved = 10.0 * animal[:, None, None]
    again = initial_value(first + moved, later - 2.0 * moved, animal=animal)
    assert again.independent.value == pytest.approx(plain.independent.value)
    assert plain.independent.label == "over 5 animals"
    assert plain.independent.freedom == 4


def test_angles_are_axial():
    """Offsets from the reference shrink by a third, some of them across 180 degrees."""
    rng = np.random.default_rng(4)
    offset = rng.uniform(-60, 60, 400)
    error = rng.uniform(1, 5, 400)
    first = halves(175.0 + offset, error, rng) % 180.0
    later = halves(175.0 + offset * 2 / 3, error, rng) % 180.0
    found = initial_value(first, later, reference_deg=175.0)
    assert found.independent.value == pytest.approx(-1 / 3, abs=0.02)
    nothing = initial_value(first, halves(175.0 + offset, error, rng) % 180.0, reference_deg=175.0)
    assert nothing.independent.low < 0.0 < nothing.independent.high


def test_missing_halves_are_left_out():
    rng = np.random.default_rng(5)
    first, later, _ = epochs(rng, n=80)
    first[:10], later[10:20, 1] = np.nan, np.nan
    found = initial_value(first, later).independent
    expected = initial_value(first[20:], later[20:]).independent
    assert found == expected
    assert found.n == 60


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (np.full((9, 2, 4), np.nan), "fewer than 3 units"),
        (np.zeros((0, 2, 4)), "fewer than 3 units"),
        (np.ones((50, 2, 4)), "do not differ in their initial value"),
    ],
)
def test_nothing_to_tell_says_why(first, reason):
    assert reason in initial_value(first, first).reason


def test_few_units_of_one_animal_give_no_interval():
    first, later, _ = epochs(np.random.default_rng(6), n=20)
    found = initial_value(first, later).independent
    assert isinstance(found, NotComputed)
    assert "at least 40 units are needed; there are 20" in found.reason


def test_a_slope_on_pure_error_has_no_interval():
    rng = np.random.default_rng(7)
    first, later = (halves(np.zeros(100), np.ones(100), rng) for _ in range(2))
    assert "cannot be told from error" in initial_value(first, later).independent.reason


def test_a_ratio_with_a_constant_denominator_is_a_t_interval():
    from scipy import stats

    value = np.random.default_rng(8).normal(1.0, 2.0, 30)
    found = ratio_of_sums(value, np.full(30, 2.0), np.ones(30))
    expected = stats.ttest_1samp(value, 0.0)
    np.testing.assert_allclose(
        [found.low, found.high], np.array(expected.confidence_interval()) / 2.0
    )
    assert found.p_value == pytest.approx(expected.pvalue)


def test_a_difference_of_estimates_is_that_of_welch():
    from scipy import stats

    rng = np.random.default_rng(9)
    first, second = rng.normal(0, 1, 20), rng.normal(1, 3, 40)
    one, other = (
        ratio_of_sums(v, *np.ones((2, len(v))), animal=np.arange(len(v))) for v in (first, second)
    )
    expected = stats.ttest_ind(second, first, equal_var=False)
    found = difference_of(one, other)
    assert found.p_value == pytest.approx(expected.pvalue)
    np.testing.assert_allclose([found.low, found.high], expected.confidence_interval())
