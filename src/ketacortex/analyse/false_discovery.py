"""False discovery rate over many units, pairs or measures, some of which were not tested."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


def q_values(p_values: ArrayLike, *, method: Literal["bh", "by"] = "bh") -> NDArray[np.float64]:
    """Smallest false discovery rate at which each test would count as a discovery.

    Parameters
    ----------
    p_values : array of any shape, NaN where nothing was tested
        Untested entries do not count as tests.
    method : `bh` for independent or positively dependent tests, `by` for any dependence

    Returns
    -------
    array of the same shape, NaN where `p_values` is

    Notes
    -----
    ``q_(i) = min over j >= i of m p_(j) / j``, with `by` times ``sum 1 / k`` for k up to m.

    References
    ----------
    Benjamini and Hochberg (1995) 10.1111/j.2517-6161.1995.tb02031.x;
    Benjamini and Yekutieli (2001) 10.1214/aos/1013699998

    Examples
    --------
    >>> q_values([0.01, np.nan, 0.04, 0.03]).round(3).tolist()
    [0.03, nan, 0.04, 0.04]
    """
    p = np.asarray(p_values, float)
    found = np.full(p.shape, np.nan)
    is_tested = np.isfinite(p)
    if is_tested.any():
        found[is_tested] = stats.false_discovery_control(p[is_tested], method=method)
    return found
