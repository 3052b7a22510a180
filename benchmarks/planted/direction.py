"""Adaptation: do the flanks' intervals hold what was planted, and is a shift that is none fair?

Units and counts are those of `benchmarks.planted.tuning`. In the second epoch the rate of each
flank is multiplied by a factor of its own and that of the whole unit by another, and preferred
orientations are as measured before adaptation, on the same trials as the flanks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.planted.entry import Estimator, NullTest
from benchmarks.planted.tuning import ORIENTATION_DEG, Floats, epoch, units
from ketacortex.analyse.adaptation_shift import (
    FLANK_DEG,
    adaptation_class,
    shift_interval,
    side_of_adapter,
)
from ketacortex.analyse.curve_errors import UnitIntervals
from ketacortex.analyse.flank_ratio import flank_ratio
from ketacortex.analyse.responses import EpochResponses
from ketacortex.analyse.tuning_errors import tuning_errors
from ketacortex.units import orientation_difference_deg

N_UNITS = 40


def _preferred(shown: EpochResponses) -> UnitIntervals:
    return tuning_errors(
        shown.counts, shown.duration_s, shown.orientation_deg
    ).preferred_orientation_deg


def flank_change(rng: np.random.Generator) -> NDArray[np.bool_]:
    planted = units(rng, N_UNITS)
    adapter_deg = rng.uniform(0.0, 180.0)
    offset_deg = orientation_difference_deg(ORIENTATION_DEG, planted.preferred_deg[:, None])
    factor = rng.lognormal(-0.2, 0.4, (N_UNITS, 3))
    gain = np.where(offset_deg > 0, factor[:, :1], factor[:, 1:2]) * factor[:, 2:]
    first_hz = planted.rates_hz()
    second_hz = gain * first_hz
    before, after = epoch(first_hz, planted.fano, rng), epoch(second_hz, planted.fano, rng)
    preferred_deg = _preferred(before).estimate
    found = flank_ratio(before, after, preferred_deg, adapter_deg)
    side = side_of_adapter(preferred_deg, adapter_deg)[:, None]
    towards_deg = side * orientation_difference_deg(ORIENTATION_DEG, preferred_deg[:, None])
    held = []
    for interval, away_deg in ((found.adapted, towards_deg), (found.opposite, -towards_deg)):
        is_in = (away_deg > 0) & (away_deg <= FLANK_DEG)
        sums = [np.where(is_in, rate_hz, 0.0).sum(axis=1) for rate_hz in (second_hz, first_hz)]
        change = sums[0][interval.is_valid] / sums[1][interval.is_valid] - 1.0
        held.append(
            (interval.low[interval.is_valid] <= change)
            & (change <= interval.high[interval.is_valid])
        )
    return np.concatenate(held)


def attraction_sign(rng: np.random.Generator) -> Floats:
    planted = units(rng, 2 * N_UNITS)
    first, second = (_preferred(epoch(planted.rates_hz(), planted.fano, rng)) for _ in range(2))
    shift = shift_interval(first, second)
    towards_deg = adaptation_class(first.estimate, shift, rng.uniform(0.0, 180.0)).towards_deg
    n_towards, n_away = int((towards_deg > 0).sum()), int((towards_deg < 0).sum())
    # Half the probability of the count itself: the exact test of so few signs is too careful.
    ends = stats.binom(n_towards + n_away, 0.5)
    fewer = min(n_towards, n_away)
    return np.atleast_1d(min(2.0 * float(ends.cdf(fewer)) - float(ends.pmf(fewer)), 1.0))


ESTIMATORS: tuple[Estimator, ...] = (
    Estimator(
        name="flank_change",
        domain="12 orientations x 6-20 trials, Fano 1-2, 30 spikes on a flank in each epoch",
        covers=flank_change,
    ),
)
TESTS: tuple[NullTest, ...] = (
    NullTest(
        name="attraction_sign",
        null="signs of shifts of preferences that did not move, any adapter",
        p_values=attraction_sign,
    ),
)
