"""Whether the population's activity without a stimulus has one state or two.

Under deep anaesthesia cortex switches between up and down states, and then every measurement over
trials mixes the two. Blank trials tell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MIN_BLANKS = 20
"""Blank trials without which the shape of a distribution is not visible."""
N_RESAMPLES = 500
N_GRID = 256
BANDWIDTH_CALIBRATION = 1.13
"""Silverman's test rejects too seldom; this factor gives it its size at 5 % (Hall and York)."""
UP_STATE_SHARE_OF_EVOKED = 0.5


def unimodality_p_value(values: NDArray[np.float64], rng: np.random.Generator) -> float:
    """Probability of such a division into two modes if there were one: Silverman's test.

    The critical bandwidth is the narrowest Gaussian kernel with which the density of `values`
    has a single mode; samples from that density, which is unimodal, say how often so wide
    a kernel is needed by chance.

    Parameters
    ----------
    values : (n,) one value a trial
    rng : Generator of the resamples

    Returns
    -------
    float
        Calibrated at 0.05; 1 where all values are the same.

    Notes
    -----
    ``p = share of resamples with more than one mode at 1.13 h_crit``, the resamples having the
    variance of the data.

    References
    ----------
    Silverman (1981) 10.1111/j.2517-6161.1981.tb01155.x; Hall and York (2001), Statistica Sinica
    11:515-536, for the factor.
    """
    values = np.asarray(values, float)
    spread = values.std(ddof=1) if len(values) > 1 else 0.0
    if not spread > 0:
        return 1.0
    standard = (values - values.mean()) / spread
    bandwidth = critical_bandwidth(standard)
    drawn = rng.choice(standard, (N_RESAMPLES, len(standard)))
    smoothed = drawn + bandwidth * rng.standard_normal(drawn.shape)
    smoothed /= np.sqrt(1.0 + bandwidth**2)
    n_modes = _count_modes(smoothed, BANDWIDTH_CALIBRATION * bandwidth)
    return float((n_modes > 1).mean())


def critical_bandwidth(values: NDArray[np.float64]) -> float:
    """Narrowest Gaussian kernel with which the density of `values` has one mode.

    The number of modes never rises with the width, so halving the interval finds it.
    """
    row = np.asarray(values, float)[None, :]
    narrow, wide = 0.0, float(np.ptp(row))
    for _ in range(20):
        middle = (narrow + wide) / 2.0
        if _count_modes(row, middle)[0] > 1:
            narrow = middle
        else:
            wide = middle
    return wide


def _count_modes(samples: NDArray[np.float64], bandwidth: float) -> NDArray[np.int64]:
    """Modes of the kernel density of each row, (n_sample,)."""
    low, high = samples.min() - bandwidth, samples.max() + bandwidth
    step = (high - low) / (N_GRID - 1)
    # Every value is shared between its two nearest grid points, then the grid is smoothed.
    place = (samples - low) / step
    left = np.minimum(place.astype(np.int64), N_GRID - 2)
    flat = left + np.arange(len(samples))[:, None] * N_GRID
    upper = place - left
    n_cells = len(samples) * N_GRID
    mass = np.bincount(flat.ravel(), (1.0 - upper).ravel(), n_cells)
    mass += np.bincount(flat.ravel() + 1, upper.ravel(), n_cells)
    apart = (np.arange(N_GRID) - np.arange(N_GRID)[:, None]) * step
    density = mass.reshape(-1, N_GRID) @ np.exp(-0.5 * (apart / bandwidth) ** 2)
    # Ripples below rounding, in empty stretches between the modes, are not modes.
    density = np.round(density / density.max(axis=1, keepdims=True), 9)
    slope = np.sign(np.diff(density, axis=1, prepend=-1.0, append=-1.0))
    return _count_falls_after_rises(slope)


def _count_falls_after_rises(slope: NDArray[np.float64]) -> NDArray[np.int64]:
    """Turns from rising to falling in each row, level stretches counting once."""
    index = np.where(slope != 0, np.arange(slope.shape[1]), 0)
    last = np.take_along_axis(slope, np.maximum.accumulate(index, axis=1), axis=1)
    return ((last[:, :-1] > 0) & (last[:, 1:] < 0)).sum(axis=1)


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
