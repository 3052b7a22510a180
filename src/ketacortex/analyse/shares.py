"""The interval of a share."""

from __future__ import annotations

import numpy as np
from scipy import stats

from ketacortex.analyse.statistics import CONFIDENCE


def wilson_bounds(share: float, n: float, *, added_variance: float = 0.0) -> tuple[float, float]:
    """Wilson's interval of 95 % of a share, within [0, 1] also where the share is 0 or 1.

    Parameters
    ----------
    share : as measured; with error beside that of a binomial, it may lie outside [0, 1]
    n : cases, or what they are worth
    added_variance : variance of the share as measured beyond the binomial, whatever the share

    Returns
    -------
    low, high

    Notes
    -----
    The shares p with ``(share - p)^2 <= z^2 (p (1 - p) / n + added_variance)``.

    References
    ----------
    Wilson (1927) 10.1080/01621459.1927.10502953

    Examples
    --------
    >>> low, high = wilson_bounds(0.5, 100)
    >>> round(low, 4), round(high, 4)
    (0.4038, 0.5962)
    """
    z2 = stats.norm.ppf(0.5 + CONFIDENCE / 2.0) ** 2
    shrink = 1.0 + z2 / n
    centre = (share + z2 / (2.0 * n)) / shrink
    excess = (share**2 - z2 * added_variance) / shrink
    half = np.sqrt(max(centre**2 - excess, 0.0))
    low, high = np.clip([centre - half, centre + half], 0.0, 1.0)
    return float(low), float(high)
