"""The interval of a share."""

from __future__ import annotations

import numpy as np
from scipy import stats

from ketacortex.analyse.statistics import CONFIDENCE


def wilson_bounds(share: float, n: float, *, added_variance: float = 0.0) -> tuple[float, float]:
    """Wilson's interval of 95 % of a share, within [0, 1] also where the share is 0 or 1.

    Parameters
    ----------
    share : in [0, 1]
    n : cases, or what they are worth
    added_variance : variance of the share beyond the binomial

    Returns
    -------
    low, high

    References
    ----------
    Wilson (1927) 10.1080/01621459.1927.10502953

    Examples
    --------
    >>> low, high = wilson_bounds(0.5, 100)
    >>> round(low, 4), round(high, 4)
    (0.4038, 0.5962)
    """
    z = stats.norm.ppf(0.5 + CONFIDENCE / 2.0)
    shrink = 1.0 + z**2 / n
    centre = (share + z**2 / (2.0 * n)) / shrink
    variance = share * (1.0 - share) / n + added_variance
    half = z / shrink * np.sqrt(variance + z**2 / (4.0 * n**2))
    return max(float(centre - half), 0.0), min(float(centre + half), 1.0)
