import numpy as np
from statsmodels.stats.multitest import multipletests

from ketacortex.analyse.false_discovery import q_values


def test_q_values_are_those_of_statsmodels_on_what_was_tested():
    p = np.random.default_rng(0).random((4, 10)) ** 2
    p[0, 3:6] = np.nan
    for method, name in (("bh", "fdr_bh"), ("by", "fdr_by")):
        found = q_values(p, method=method)
        assert np.isnan(found).sum() == 3
        expected = multipletests(p[np.isfinite(p)], method=name)[1]
        np.testing.assert_allclose(found[np.isfinite(p)], expected)


def test_nothing_tested_gives_nothing():
    assert np.isnan(q_values(np.full(3, np.nan))).all()
    assert q_values([]).shape == (0,)
