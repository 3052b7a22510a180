import numpy as np
from scipy import stats

from analyse.planted import responses_from_counts
from ketacortex.analyse.responses import EpochResponses
from ketacortex.analyse.responsiveness import p_value_against_before, p_value_against_blanks


def epoch_of(counts, orientation_deg, blank_counts):
    shown = responses_from_counts(counts, orientation_deg)
    n_blanks = blank_counts.shape[1]
    blanks = {
        "blank_counts": blank_counts,
        "blank_onset_s": np.arange(n_blanks),
        "blank_duration_s": np.ones(n_blanks),
    }
    return EpochResponses(**{**vars(shown), **blanks})


def test_with_one_stimulus_it_is_welchs_test():
    rng = np.random.default_rng(0)
    counts, blanks = (
        rng.poisson(4.0, (9, 30)).astype(float),
        rng.poisson(3.0, (9, 14)).astype(float),
    )
    found = p_value_against_blanks(epoch_of(counts, np.zeros(30), blanks))
    expected = stats.ttest_ind(counts, blanks, axis=1, equal_var=False).pvalue
    np.testing.assert_allclose(found, expected)


def test_suppression_is_an_answer():
    rng = np.random.default_rng(1)
    counts, blanks = rng.poisson(1.0, (50, 60)).astype(float), rng.poisson(4.0, (50, 20))
    found = p_value_against_blanks(epoch_of(counts, np.tile([0.0, 90.0], 30), blanks.astype(float)))
    assert np.mean(found < 0.001) > 0.9


def test_what_cannot_be_compared_is_missing():
    counts = np.stack([np.zeros(40), np.tile([2.0, 3.0], 20)])
    few, many = np.ones((2, 7)), np.stack([np.zeros(20), np.tile([0.0, 1.0], 10)])
    assert np.isnan(p_value_against_blanks(epoch_of(counts, np.zeros(40), few))).all()
    found = p_value_against_blanks(epoch_of(counts, np.zeros(40), many))
    assert np.isnan(found).tolist() == [True, False]
    same = np.zeros(12)
    assert np.isnan(
        p_value_against_before(counts[:, :12], same + 1, counts[:, :12], same + 1, same)
    ).all()


def test_with_one_stimulus_it_is_the_paired_test():
    rng = np.random.default_rng(2)
    counts, before = rng.poisson(4.0, (9, 40)), rng.poisson(2.0, (9, 40))
    duration_s, before_s = np.full(40, 1.0), np.full(40, 0.5)
    found = p_value_against_before(
        counts.astype(float), duration_s, before.astype(float), before_s, np.zeros(40)
    )
    expected = stats.ttest_1samp(counts - before / 0.5, 0.0, axis=1).pvalue
    np.testing.assert_allclose(found, expected)


def test_tuning_is_no_error_of_the_answer():
    rng = np.random.default_rng(3)
    condition = np.tile(np.arange(6), 10)
    rate_hz = np.array([0.0, 2.0, 4.0, 8.0, 16.0, 30.0])[condition]
    counts = rng.poisson(np.tile(rate_hz, (100, 1))).astype(float)
    before = rng.poisson(8.0, (100, 60)).astype(float)
    one = np.ones(60)
    held = p_value_against_before(counts, one, before, one, condition)
    pooled = p_value_against_before(counts, one, before, one, np.zeros(60))
    assert np.mean(held < 0.05) > np.mean(pooled < 0.05) + 0.3
