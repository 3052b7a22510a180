import numpy as np
import pytest
from statsmodels.stats.weightstats import DescrStatsW

from ketacortex.analyse.equivalence import equivalence_of_difference, equivalence_of_ratio
from ketacortex.analyse.statistics import NotComputed


def test_p_is_that_of_statsmodels():
    value = np.random.default_rng(0).normal(0.1, 0.5, 9)
    found = equivalence_of_difference(value, (-0.5, 0.4))
    assert found.p_value == pytest.approx(DescrStatsW(value).ttost_mean(-0.5, 0.4)[0])


def test_the_claim_is_made_when_the_90_percent_interval_is_within():
    rng = np.random.default_rng(1)
    for value in rng.normal(0.0, 0.5, (100, 6)):
        found = equivalence_of_difference(value, (-0.5, 0.5))
        within = found.interval_90.low > -0.5 and found.interval_90.high < 0.5
        assert (found.p_value < 0.05) == within


def test_all_four_verdicts_occur():
    offsets = np.array([-0.1, 0.0, 0.1, -0.05, 0.05, 0.0])
    verdicts = [
        equivalence_of_difference(mean + scale * offsets, (-1.0, 1.0)).verdict
        for mean, scale in ((0.0, 1.0), (0.5, 1.0), (3.0, 1.0), (0.0, 50.0))
    ]
    assert verdicts == ["equivalent", "different but within the margin", "different", "undecided"]


def test_a_ratio_and_its_inverse_give_one_verdict():
    before, factor = np.exp(np.random.default_rng(2).normal(0, [[1], [0.1]], (2, 8)))
    one, other = (
        equivalence_of_ratio(*pair)
        for pair in ((before, before * factor), (before * factor, before))
    )
    assert one.p_value == pytest.approx(other.p_value)
    assert one.verdict == other.verdict


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (equivalence_of_difference([1.0, 2.0], (0.5, 1.0)), "has to enclose 0"),
        (equivalence_of_difference([1.0], (-1.0, 1.0)), "at least 2 values"),
        (equivalence_of_ratio([1.0, 2.0], [1.0, 2.0], (1.1, 1.2)), "has to enclose 1"),
        (equivalence_of_ratio([0.0, 2.0], [1.0, 2.0]), "values above 0"),
        (equivalence_of_ratio([np.nan, 2.0], [1.0, 2.0]), "could not be measured"),
    ],
)
def test_what_cannot_be_computed_says_why(found, reason):
    assert isinstance(found, NotComputed)
    assert reason in found.reason
