import numpy as np
import pytest
from scipy import stats

from ketacortex.analyse.permutation import label_permutation_test, sign_flip_test
from ketacortex.analyse.permutation_family import label_permutation_family, sign_flip_family
from ketacortex.analyse.statistics import NotComputed


def mean_of(x, axis=-1):
    return np.mean(x, axis=axis)


def mean_difference(x, y, axis=-1):
    return np.mean(y, axis=axis) - np.mean(x, axis=axis)


def test_sign_flips_are_those_of_scipy():
    value = np.random.default_rng(0).normal(0.4, 1.0, 9)
    expected = stats.permutation_test((value,), mean_of, permutation_type="samples")
    found = sign_flip_test(value, np.random.default_rng(1))
    # scipy doubles the smaller tail; the null is symmetric, so that is the same.
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.is_exact
    assert found.n_distinct == 256


def test_labels_are_those_of_scipy():
    rng = np.random.default_rng(2)
    first, second = rng.normal(0, 1, 6), rng.normal(1, 1, 6)
    expected = stats.permutation_test((first, second), mean_difference, n_resamples=np.inf)
    found = label_permutation_test(np.r_[first, second], np.arange(12) > 5, rng)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.statistic == pytest.approx(expected.statistic)


def test_drawing_agrees_with_listing():
    value = np.random.default_rng(3).normal(0.5, 1.0, 16)
    drawn = sign_flip_test(value, np.random.default_rng(4))
    signs = 1.0 - 2.0 * ((np.arange(2**16)[:, None] >> np.arange(16)) & 1)
    exact = (np.abs(signs @ value) >= abs(value.sum()) - 1e-9).mean()
    assert not drawn.is_exact
    assert drawn.p_value == pytest.approx(exact, abs=0.01)
    assert drawn.p_value >= 1 / 10_000


def test_a_difference_between_strata_is_no_effect():
    """Trials of a strong stimulus fall into the second group more often."""
    rng = np.random.default_rng(5)
    stratum = np.repeat([0, 1], 30)
    is_second = np.r_[np.arange(30) < 8, np.arange(30) < 22]
    p = [
        [
            label_permutation_test(value, is_second, rng, stratum=s, n_draws=199).p_value
            for s in (stratum, None)
        ]
        for value in rng.normal(3.0 * stratum, 1.0, (150, 60))
    ]
    share = (np.array(p) <= 0.05).mean(axis=0)
    assert share[0] < 0.1
    assert share[1] > 0.9


def test_strata_are_listed_within_themselves():
    value = np.array([0.0, 1.0, 2.0, 3.0, 10.0, 11.0, 12.0, 13.0, 5.0])
    is_second = np.array([0, 0, 1, 1, 0, 0, 1, 1, 1], bool)
    stratum = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2])
    found = label_permutation_test(value, is_second, np.random.default_rng(0), stratum=stratum)
    # 6 x 6 labellings, the data and its mirror image as extreme; one stratum has one group only.
    assert isinstance(found, NotComputed)
    assert found.reason == "with 8 values the smallest possible p is 0.0556."


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([], "no values"),
        ([np.nan, np.nan], "no values"),
        ([1.0] * 5, "smallest possible p is 0.0625"),
        ([1.0, 1.0, 1.0, 0.0, 0.0, 0.0], "smallest possible p is 0.25"),
        ([0.0] * 8, "all values are 0"),
    ],
)
def test_a_test_that_cannot_reject_is_none(values, reason):
    assert reason in sign_flip_test(values, np.random.default_rng(0)).reason


def test_the_largest_of_many_measures_is_held_against_the_largest():
    rng = np.random.default_rng(6)
    shared = rng.normal(size=(200, 1, 10))
    values = 0.7 * shared + rng.normal(size=(200, 20, 10))
    found = [sign_flip_family(v, rng) for v in values]
    any_family = np.mean([f.family_p_value.min() <= 0.05 for f in found])
    any_alone = np.mean([f.p_value.min() <= 0.05 for f in found])
    assert any_family < 0.1
    assert any_alone > 0.3


def test_a_family_of_one_is_the_test_itself():
    rng = np.random.default_rng(7)
    value, is_second = rng.normal(0.3, 1.0, 10), np.arange(10) > 4
    for family, alone in (
        (sign_flip_family(value[None], rng), sign_flip_test(value, rng)),
        (
            label_permutation_family(value[None], is_second, rng),
            label_permutation_test(value, is_second, rng),
        ),
    ):
        assert family.family_p_value[0] == family.p_value[0] == pytest.approx(alone.p_value)
        assert family.statistic[0] == pytest.approx(alone.statistic)


def test_a_family_has_no_p_for_what_is_missing_or_does_not_vary():
    value = np.random.default_rng(8).normal(size=(4, 9))
    value[1], value[2], value[0, 3] = np.nan, 5.0, np.nan
    found = label_permutation_family(value, np.arange(9) > 4, np.random.default_rng(0))
    assert np.isnan(found.family_p_value).tolist() == [False, True, True, False]
    assert found.n == 8
    nothing = sign_flip_family(np.full((2, 5), np.nan), np.random.default_rng(0))
    assert isinstance(nothing, NotComputed)
