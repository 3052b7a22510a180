"""Planted shifts of preferred orientation, and changes that are not shifts.

Every animal has 150 units with rates, widths and selectivities as wide as in cortex, 12
orientations x 12 trials an epoch, and counts of Fano factor above 1.
"""

import functools

import numpy as np
import pytest

from analyse.planted import heterogeneous_units, responses_to, von_mises_rates
from ketacortex.analyse.shift import excess_shift
from ketacortex.analyse.statistics import mean_interval
from ketacortex.seeds import generator

N_UNITS = 150
N_ANIMALS = 36


def unchanged(preferred_deg, kappa, osi, mean_hz, rng):
    return preferred_deg, kappa, osi, mean_hz


def broader(preferred_deg, kappa, osi, mean_hz, rng):
    return preferred_deg, kappa, 0.6 * osi, mean_hz


def each_unit_otherwise(preferred_deg, kappa, osi, mean_hz, rng):
    """Selectivity drawn anew and rates up or down, unit by unit: quadrature of means fails here."""
    return (
        preferred_deg,
        kappa,
        rng.beta(2, 2, len(osi)),
        mean_hz * np.exp(rng.normal(size=len(osi))),
    )


def turned_by(shift_deg):
    def change(preferred_deg, kappa, osi, mean_hz, rng):
        return preferred_deg + shift_deg, kappa, osi, mean_hz

    return change


def scattered_by(deviation_deg):
    def change(preferred_deg, kappa, osi, mean_hz, rng):
        return preferred_deg + rng.normal(0, deviation_deg, len(osi)), kappa, osi, mean_hz

    return change


@functools.cache
def excess_and_error(change, n_animals=N_ANIMALS):
    """Excess shift and error of measurement of each animal, (n_animals,) deg each."""
    excess, error = [], []
    for animal in range(n_animals):
        rng = generator("shift recovery", animal)
        unit = heterogeneous_units(rng, N_UNITS)
        before = responses_to(von_mises_rates(*unit), rng)
        after = responses_to(von_mises_rates(*change(*unit, rng)), rng)
        moved = excess_shift(before, after, rng)
        chosen = moved.weight > 0
        for kept, value in ((excess, moved.excess_deg), (error, moved.within_deg)):
            kept.append(np.average(value[chosen], weights=moved.weight[chosen]))
    return np.array(excess), np.array(error)


NO_SHIFT = [unchanged, broader, each_unit_otherwise]


@pytest.mark.parametrize("change", NO_SHIFT)
def test_error_of_measurement_is_not_a_shift(change):
    excess_deg, _ = excess_and_error(change)
    # Standard error over 36 animals about 0.07 degrees; over 300 they average within 0.07.
    assert abs(excess_deg.mean()) < 0.25


def test_intervals_over_six_animals_cover_zero():
    excess_deg = np.concatenate([excess_and_error(change)[0] for change in NO_SHIFT])
    intervals = [mean_interval(six) for six in excess_deg.reshape(-1, 6)]
    # 18 intervals of 95 %: 15 or more with probability 0.99.
    assert sum(i.low <= 0 <= i.high for i in intervals) >= 15


def test_broader_tuning_does_raise_the_raw_distance():
    assert excess_and_error(broader)[1].mean() > 1.1 * excess_and_error(unchanged)[1].mean()


@pytest.mark.parametrize("shift_deg", [10.0, 20.0])
def test_a_common_shift_exceeds_error_by_what_is_documented(shift_deg):
    excess_deg, error_deg = excess_and_error(turned_by(shift_deg), 6)
    assert excess_deg.mean() == pytest.approx(shift_deg - error_deg.mean(), abs=0.6)


def test_scattered_shifts_add_to_error_in_quadrature():
    excess_deg, error_deg = excess_and_error(scattered_by(8.0), 6)
    within = error_deg.mean()
    expected = np.sqrt(within**2 + 2 * 8.0**2 / np.pi) - within
    assert excess_deg.mean() == pytest.approx(expected, abs=0.6)


def test_the_excess_grows_with_the_shift():
    excess = [excess_and_error(turned_by(s), 4)[0].mean() for s in (3.0, 6.0, 12.0)]
    assert excess[0] > 0.4
    assert np.all(np.diff(excess) > 1.0)
