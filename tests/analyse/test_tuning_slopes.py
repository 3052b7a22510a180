"""Slopes of tuning curves: noise alone makes none, though it makes every fitted curve steep."""

from dataclasses import replace

import numpy as np
import pytest

from analyse.planted import von_mises_rates
from analyse.trained import trained_session
from ketacortex.analyse.epoch_values import EpochMeasures
from ketacortex.analyse.responses import collect_responses
from ketacortex.analyse.tuning_slopes import ALL_ORIENTATIONS_DEG, half_curves, mean_slopes


def curves_of(rate_hz, seed, **about):
    rng = np.random.default_rng(seed)
    one = trained_session([("epoch", rate_hz)], rng, **about)
    return half_curves(EpochMeasures(one, *collect_responses(one)), rng)


def test_cells_without_tuning_have_no_slope_even_if_all_of_them_are_taken_for_tuned():
    curves = [curves_of(np.full((60, 12), 6.0), seed) for seed in (0, 1)]
    for of in curves:
        assert np.abs(of.slope_hz_per_deg(ALL_ORIENTATIONS_DEG)).mean() > 0.03
    taken = [replace(of, is_tuned=np.ones_like(of.is_tuned)) for of in curves]
    before, after, n_units = mean_slopes(*taken, np.ones(60, bool), ALL_ORIENTATIONS_DEG)
    assert before == pytest.approx(0.0, abs=0.004)
    assert after == pytest.approx(0.0, abs=0.004)
    assert n_units == 60


def test_cells_chosen_for_an_epoch_are_no_steeper_in_it_by_chance():
    """Weakly tuned cells, of which some pass: on the same trials these seem to fall back later."""
    rate_hz = von_mises_rates(np.arange(120) * 1.5, 0.8, 0.35, 3.0)
    ratio, ratio_on_same_trials = [], []
    for seed in range(0, 12, 2):
        first, second = curves_of(rate_hz, seed), curves_of(rate_hz, seed + 1)
        assert first.is_tuned.mean() < 0.5
        not_asked = replace(second, is_tuned=np.ones_like(second.is_tuned))
        everyone = np.ones(120, bool)
        before, after, _ = mean_slopes(first, not_asked, everyone, ALL_ORIENTATIONS_DEG)
        ratio.append(before / after)
        steep = [
            np.abs(of.slope_hz_per_deg(ALL_ORIENTATIONS_DEG))[first.is_tuned].mean()
            for of in (first, second)
        ]
        ratio_on_same_trials.append(steep[0] / steep[1])
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.06)
    assert np.mean(ratio_on_same_trials) > 1.07


def test_slopes_are_differences_of_the_curve():
    of = curves_of(von_mises_rates(np.arange(10) * 18.0, 2.0, 0.9, 8.0), 4)
    step_deg = 1e-4

    def rate_hz(orientation_deg):
        doubled = np.deg2rad(2.0 * (orientation_deg - of.preferred_deg))
        return of.amplitude_hz * np.exp(of.kappa * (np.cos(doubled) - 1.0))

    expected = (rate_hz(37.0 + step_deg) - rate_hz(37.0 - step_deg)) / (2.0 * step_deg)
    np.testing.assert_allclose(of.slope_hz_per_deg(np.array([37.0]))[..., 0], expected, rtol=1e-5)


def test_too_few_tuned_cells_have_no_slope_and_one_trial_no_halves():
    rate_hz = von_mises_rates(np.arange(4) * 45.0, 2.0, 0.9, 8.0)
    of = curves_of(rate_hz, 5)
    before, after, n_units = mean_slopes(of, of, np.ones(4, bool), np.array([90.0]))
    assert np.isnan([before, after]).all()
    assert n_units == 4
    assert curves_of(rate_hz, 6, n_repeats=1) is None
