import warnings

import numpy as np
import pytest
from scipy import stats

from ketacortex.analyse.mixed_model import mixed_change
from ketacortex.analyse.statistics import NotComputed


@pytest.mark.parametrize("between", [0.0, 0.2, 2.0])
def test_with_equal_numbers_it_is_the_t_test_on_animal_means(between):
    rng = np.random.default_rng(0)
    value = rng.normal(0, between, (5, 1)) + rng.normal(0.3, 1.0, (5, 12))
    found = mixed_change(value.ravel(), np.repeat(np.arange(5), 12))
    expected = stats.ttest_1samp(value.mean(axis=1), 0.0)
    assert found.p_value == pytest.approx(expected.pvalue)
    np.testing.assert_allclose([found.low, found.high], expected.confidence_interval())


def test_variances_and_mean_are_those_of_statsmodels():
    from statsmodels.regression.mixed_linear_model import MixedLM

    rng = np.random.default_rng(1)
    which = np.repeat(np.arange(8), rng.integers(3, 40, 8))
    value = 0.5 + rng.normal(0, 0.8, 8)[which] + rng.normal(0, 1.0, len(which))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = MixedLM(value, np.ones((len(value), 1)), groups=which).fit(reml=True)
    found = mixed_change(value, which)
    assert found.mean == pytest.approx(fit.fe_params[0], rel=1e-4)
    assert found.between_sd == pytest.approx(np.sqrt(fit.cov_re[0, 0]), rel=1e-3)
    assert found.within_sd == pytest.approx(np.sqrt(fit.scale), rel=1e-4)


def test_units_of_few_animals_do_not_make_significance():
    """A t test over units would find an effect in most of these data sets."""
    rng = np.random.default_rng(2)
    which = np.repeat(np.arange(5), [5, 10, 20, 40, 80])
    p = []
    for _ in range(1500):
        value = rng.normal(0, 1.0, 5)[which] + rng.normal(0, 1.0, len(which))
        p.append([mixed_change(value, which).p_value, stats.ttest_1samp(value, 0).pvalue])
    share = (np.array(p) < 0.05).mean(axis=0)
    assert 0.03 < share[0] < 0.07
    assert share[1] > 0.5


def test_it_does_not_depend_on_scale_or_order():
    rng = np.random.default_rng(3)
    which = np.repeat(["x", "y", "z", "w"], [3, 8, 5, 20])
    value = rng.normal(0.2, 1.0, len(which))
    order = rng.permutation(len(which))
    one, other = mixed_change(value, which), mixed_change(1e-9 * value[order], which[order])
    assert one.p_value == pytest.approx(other.p_value, rel=1e-6)
    assert other.mean == pytest.approx(1e-9 * one.mean)


@pytest.mark.parametrize(
    ("change", "animal", "reason"),
    [
        ([1.0, 2.0, 3.0, np.nan], [1, 1, 2, 3], "at least 3 animals; there are 2"),
        ([1.0, 2.0, 3.0], [1, 2, 3], "no animal has two units"),
        ([1.0, 1.0, 3.0, 4.0], [1, 1, 2, 3], "units of each animal do not differ"),
        ([], [], "there are 0"),
    ],
)
def test_what_cannot_be_computed_says_why(change, animal, reason):
    found = mixed_change(change, animal)
    assert isinstance(found, NotComputed)
    assert reason in found.reason
