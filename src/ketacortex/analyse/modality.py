"""Whether the population's activity without a stimulus has one state or two.

Under deep anaesthesia cortex switches between up and down states, and then every measurement over
trials mixes the two. Blank trials tell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MIN_BLANKS = 20
"""Blank trials without which the shape of a distribution is not visible."""
UP_STATE_SHARE_OF_EVOKED = 0.5
NULL_N = np.array([20, 40, 80, 160, 400])
NULL_UPPER_TAIL = np.array([1.0, 0.75, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.005, 0.001])
NULL_QUANTILES = np.array(
    [
        [0.1786, 0.2868, 0.3286, 0.3820, 0.4357, 0.4711, 0.5117, 0.5392, 0.5637, 0.6214],
        [0.1808, 0.2971, 0.3418, 0.3952, 0.4524, 0.4883, 0.5320, 0.5616, 0.5896, 0.6497],
        [0.1813, 0.3060, 0.3517, 0.4084, 0.4680, 0.5051, 0.5493, 0.5820, 0.6139, 0.6800],
        [0.1945, 0.3134, 0.3611, 0.4173, 0.4799, 0.5194, 0.5668, 0.5989, 0.6239, 0.6867],
        [0.1953, 0.3196, 0.3670, 0.4258, 0.4874, 0.5280, 0.5779, 0.6086, 0.6370, 0.7107],
    ]
)
"""Quantiles of sqrt(n) dip of n uniform values, (n, tail); 12000 to 40000 samples of `dip` each."""


def unimodality_p_value(values: NDArray[np.float64]) -> float:
    """Probability of so large a dip if the values came from a single mode: Hartigan's test.

    The uniform is the unimodal distribution with the largest dips, and the reference here; skewed
    or heavy-tailed activity with one mode is therefore rejected less often than the level says,
    unlike by a test on the modes of a smoothed density, which finds modes in the tail. The
    price is power: two states 5 standard deviations apart are found in 3 of 4 sessions of 60
    trials, and hardly ever when one of them takes a fifth of the trials or less. Read it
    beside `up_state_share`.

    Parameters
    ----------
    values : (n,) one value a trial, no two alike

    Returns
    -------
    float
        Between 0.001 and 1: the tabulated probabilities go no further.

    References
    ----------
    Hartigan and Hartigan (1985) 10.1214/aos/1176346577
    """
    scaled = np.sqrt(len(values)) * dip(values)
    log_n = np.log(np.clip(len(values), NULL_N[0], NULL_N[-1]))
    quantiles = [np.interp(log_n, np.log(NULL_N), column) for column in NULL_QUANTILES.T]
    return float(np.exp(np.interp(scaled, quantiles, np.log(NULL_UPPER_TAIL))))


def dip(values: NDArray[np.float64]) -> float:
    """Distance of a sample from the nearest unimodal distribution.

    Parameters
    ----------
    values : (n,) no two alike; lay counts out with `spread_ties`

    Returns
    -------
    float
        Largest difference between the two distribution functions, 1 / (2 n) to 1 / 4.

    Notes
    -----
    A unimodal distribution function is convex up to its mode and concave after it. Within the
    present modal interval the greatest convex minorant and the least concave majorant of the
    sample's function are drawn; where they are furthest apart the interval is narrowed, and
    what they miss of the sample outside it is the dip so far.

    Examples
    --------
    >>> dip(np.array([1.0, 2.0, 3.0, 4.0]))
    0.125
    >>> round(dip(np.array([0.0, 0.01, 0.02, 0.03, 9.0, 9.01, 9.02, 9.03])), 3)
    0.249
    """
    place, n_here = np.unique(np.asarray(values, float), return_counts=True)
    above: NDArray[np.float64] = np.cumsum(n_here, dtype=np.float64)
    below: NDArray[np.float64] = above - n_here
    first, last, largest = 0, len(place) - 1, 1.0
    while True:
        here = slice(first, last + 1)
        x, low, high = place[here], below[here], above[here]
        convex, concave = _lower_hull(x, low), _lower_hull(x, -high)
        minorant = np.interp(x, x[convex], low[convex])
        majorant = np.interp(x, x[concave], high[concave])
        apart = majorant - minorant
        gap = max(apart[convex].max(), apart[concave].max())
        if gap <= largest:
            break
        left, right = _narrowed(apart, convex, concave)
        largest = max(
            largest,
            (high - minorant)[: left + 1].max(),
            (majorant - low)[right:].max(),
        )
        if (left, right) == (0, len(x) - 1):
            break
        first, last = first + left, first + right
    return float(largest / (2.0 * len(values)))


def _narrowed(
    apart: NDArray[np.float64], convex: NDArray[np.intp], concave: NDArray[np.intp]
) -> tuple[int, int]:
    """Modal interval around the place where the two hulls are furthest apart."""
    on_convex, on_concave = convex[apart[convex].argmax()], concave[apart[concave].argmax()]
    if apart[on_convex] > apart[on_concave]:
        return int(on_convex), int(concave[np.searchsorted(concave, on_convex)])
    return int(convex[np.searchsorted(convex, on_concave, side="right") - 1]), int(on_concave)


def _lower_hull(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.intp]:
    """Places where the greatest convex minorant touches the points, x ascending."""
    hull: list[int] = []
    x_list, y_list = x.tolist(), y.tolist()
    for i, (xi, yi) in enumerate(zip(x_list, y_list, strict=True)):
        while len(hull) > 1:
            a, b = hull[-2], hull[-1]
            rise, run = y_list[b] - y_list[a], x_list[b] - x_list[a]
            if rise * (xi - x_list[a]) < (yi - y_list[a]) * run:
                break
            hull.pop()
        hull.append(i)
    return np.array(hull)


def spread_ties(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts with equal ones laid out evenly over the width of one count.

    Whole numbers stand in heaps with gaps between them, which a test of modes would take for
    modes; spread out they are a histogram.

    >>> spread_ties(np.array([3.0, 2.0, 3.0])).tolist()
    [2.75, 2.0, 3.25]
    """
    _, which, n_here = np.unique(counts, return_inverse=True, return_counts=True)
    order = np.argsort(which, kind="stable")
    rank = np.empty(len(counts))
    rank[order] = np.arange(len(counts)) - (np.cumsum(n_here) - n_here)[which[order]]
    return counts + (rank + 0.5) / n_here[which] - 0.5


def up_state_share(blank_rate_hz: NDArray[np.float64], evoked_rate_hz: float) -> float:
    """Share of blank trials in which the population fired more than half its evoked rate.

    Parameters
    ----------
    blank_rate_hz : (n_blank,) Hz, mean rate of the population in each blank trial
    evoked_rate_hz : Hz, its mean rate under stimulation

    Examples
    --------
    >>> up_state_share(np.array([0.1, 0.3, 3.0, 0.2]), 4.0)
    0.25
    """
    return float(np.mean(blank_rate_hz > UP_STATE_SHARE_OF_EVOKED * evoked_rate_hz))
