"""Planted preferences and selectivities come back from spike counts."""

import numpy as np
import pytest

from analyse.planted import ORIENTATION_DEG, responses_to, von_mises_rates
from ketacortex.analyse.statistics import mean_interval
from ketacortex.analyse.tuning import fit_tuning, gosi, mean_rates
from ketacortex.units import orientation_difference_deg


def fit_of(responses):
    rate_hz, _, shown_deg = mean_rates(
        responses.counts, responses.duration_s, responses.orientation_deg
    )
    return fit_tuning(rate_hz, shown_deg), gosi(rate_hz, shown_deg)


def test_the_error_of_the_preferred_orientation_is_centred_on_the_truth():
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(100):
        preferred_deg = rng.uniform(0, 180, 40)
        fit, _ = fit_of(responses_to(von_mises_rates(preferred_deg, 2.0, 0.6, 5.0), rng))
        error_deg = orientation_difference_deg(fit.preferred_orientation_deg, preferred_deg)
        interval = mean_interval(error_deg)
        covered.append(interval.low <= 0 <= interval.high)
    # 100 intervals of 95 %: 90 or more with probability 0.99.
    assert np.mean(covered) >= 0.90


@pytest.mark.parametrize("planted_osi", [0.3, 0.6, 0.9])
def test_osi_is_recovered(planted_osi):
    rng = np.random.default_rng(1)
    fit, _ = fit_of(
        responses_to(von_mises_rates(rng.uniform(0, 180, 200), 2.0, planted_osi, 8.0), rng)
    )
    # Fitting noise lifts low selectivities a little.
    assert np.mean(fit.osi) == pytest.approx(planted_osi, abs=0.03)


def test_gosi_is_recovered_and_rises_with_noise_as_documented():
    rng = np.random.default_rng(2)
    rate_hz = von_mises_rates(rng.uniform(0, 180, 200), 2.0, 0.6, 8.0)
    planted = gosi(rate_hz, ORIENTATION_DEG)
    many = fit_of(responses_to(rate_hz, rng, n_repeats=100))[1]
    few = fit_of(responses_to(0.03 * rate_hz, rng, n_repeats=3))[1]
    assert many.mean() == pytest.approx(planted.mean(), abs=0.01)
    assert few.mean() > planted.mean() + 0.05


def test_half_width_is_recovered():
    rng = np.random.default_rng(3)
    fit, _ = fit_of(responses_to(von_mises_rates(rng.uniform(0, 180, 200), 2.5, 0.95, 8.0), rng))
    planted_deg = np.rad2deg(np.arccos(1 - np.log(2) / 2.5)) / 2
    assert np.nanmedian(fit.half_width_deg) == pytest.approx(planted_deg, rel=0.05)
