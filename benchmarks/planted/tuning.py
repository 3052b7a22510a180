"""Tuning: do the intervals of single units hold what was planted, and do the tests hold their size?

Units differ as in cortex (rates log-normal, OSI 0 to 1, kappa 0.3 to 8), counts are gamma-Poisson
with Fano factors of 1 to 2, and every other data set has as many trials of one orientation as
chance gave it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.planted.entry import Estimator, NullTest
from ketacortex.analyse.adaptation_shift import adaptation_class, shift_interval
from ketacortex.analyse.contrast_response import contrast_response
from ketacortex.analyse.curve_errors import UnitIntervals
from ketacortex.analyse.orientation_curve import half_width_deg
from ketacortex.analyse.responses import EpochResponses
from ketacortex.analyse.selectivity_errors import dsi_interval, gosi_interval
from ketacortex.analyse.shift_bootstrap import bootstrap_shift
from ketacortex.analyse.tuning import gosi, tuning_p_value
from ketacortex.analyse.tuning_errors import TuningErrors, tuning_errors
from ketacortex.units import orientation_difference_deg

ORIENTATION_DEG = np.arange(12) * 15.0
DIRECTION_DEG = np.arange(12) * 30.0
CONTRAST = np.array([0.0, 0.03, 0.06, 0.12, 0.25, 0.5, 1.0])
MIN_REPEATS, MAX_REPEATS = 6, 20
TRIALS = "12 orientations x 6-20 trials, Fano 1-2, modulation of 5 standard errors or more"
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class PlantedUnits:
    """Tuning curves with what is true of them."""

    preferred_deg: Floats
    kappa: Floats
    osi: Floats
    mean_hz: Floats
    fano: Floats

    def rates_hz(self, preferred_deg: Floats | None = None) -> Floats:
        """Rate at each orientation, (n_unit, 12) Hz, perhaps around another preference."""
        centre_deg = self.preferred_deg if preferred_deg is None else preferred_deg
        turn = np.cos(np.deg2rad(2.0 * (ORIENTATION_DEG - centre_deg[:, None]))) - 1.0
        floor = np.exp(-2.0 * self.kappa)
        baseline = ((1.0 - floor) / self.osi - (1.0 + floor)) / 2.0
        rate = baseline[:, None] + np.exp(self.kappa[:, None] * turn)
        return rate / rate.mean(axis=1, keepdims=True) * self.mean_hz[:, None]


def units(rng: np.random.Generator, n: int, lowest_osi: float = 0.3) -> PlantedUnits:
    kappa = np.exp(rng.uniform(np.log(0.3), np.log(8.0), n))
    # No curve of this kappa is more selective than with a baseline of 0.
    highest = np.tanh(kappa)
    osi = np.minimum(lowest_osi + (1.0 - lowest_osi) * rng.random(n), highest)
    return PlantedUnits(
        preferred_deg=rng.uniform(0.0, 180.0, n),
        kappa=kappa,
        osi=osi,
        mean_hz=rng.lognormal(1.2, 0.8, n),
        fano=rng.uniform(1.0, 2.0, n),
    )


def repeats(rng: np.random.Generator, n_conditions: int) -> NDArray[np.int64]:
    if rng.random() < 0.5:
        return np.full(n_conditions, rng.integers(MIN_REPEATS, MAX_REPEATS + 1))
    return rng.integers(MIN_REPEATS, MAX_REPEATS + 1, n_conditions)


def counts(rate_hz: Floats, fano: Floats, n: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Gamma-Poisson counts of 1 s trials, whose variance is Fano factor times mean."""
    expected = np.repeat(rate_hz, n, axis=1)
    scale = np.broadcast_to(np.maximum(fano - 1.0, 1e-3)[:, None], expected.shape)
    return rng.poisson(rng.gamma(expected / scale, scale)).astype(float)


def epoch(rate_hz: Floats, fano: Floats, rng: np.random.Generator) -> EpochResponses:
    n = repeats(rng, len(ORIENTATION_DEG))
    drawn = counts(rate_hz, fano, n, rng)
    condition = np.repeat(np.arange(len(n)), n)
    n_trials = len(condition)
    return EpochResponses(
        epoch="epoch",
        counts=drawn,
        onset_s=2.0 * np.arange(n_trials),
        duration_s=np.ones(n_trials),
        orientation_deg=ORIENTATION_DEG[condition],
        condition=condition,
        is_for_tuning=np.ones(n_trials, bool),
        blank_counts=np.zeros((len(drawn), 0)),
        blank_onset_s=np.zeros(0),
        blank_duration_s=np.zeros(0),
    )


def _errors(responses: EpochResponses) -> TuningErrors:
    return tuning_errors(responses.counts, responses.duration_s, responses.orientation_deg)


def _holds(found: UnitIntervals, truth: Floats) -> NDArray[np.bool_]:
    held = (found.low <= truth) & (truth <= found.high)
    return held[found.is_valid]


def _holds_angle(found: UnitIntervals, truth_deg: Floats) -> NDArray[np.bool_]:
    off_deg = orientation_difference_deg(truth_deg, found.estimate)
    held = (found.low - found.estimate <= off_deg) & (off_deg <= found.high - found.estimate)
    return held[found.is_valid]


def preferred_orientation(rng: np.random.Generator) -> NDArray[np.bool_]:
    planted = units(rng, 40)
    found = _errors(epoch(planted.rates_hz(), planted.fano, rng))
    return _holds_angle(found.preferred_orientation_deg, planted.preferred_deg)


def osi(rng: np.random.Generator) -> NDArray[np.bool_]:
    planted = units(rng, 40)
    return _holds(_errors(epoch(planted.rates_hz(), planted.fano, rng)).osi, planted.osi)


def half_width(rng: np.random.Generator) -> NDArray[np.bool_]:
    planted = units(rng, 40)
    found = _errors(epoch(planted.rates_hz(), planted.fano, rng)).half_width_deg
    # A curve that never falls to half its height is broader than any.
    return _holds(found, np.nan_to_num(half_width_deg(planted.kappa), nan=90.0))


def _gosi_holds(planted: PlantedUnits, rng: np.random.Generator) -> NDArray[np.bool_]:
    rate_hz = planted.rates_hz()
    shown = epoch(rate_hz, planted.fano, rng)
    found = gosi_interval(shown.counts, shown.duration_s, shown.orientation_deg)
    return _holds(found, gosi(rate_hz, ORIENTATION_DEG))


def gosi_of_all(rng: np.random.Generator) -> NDArray[np.bool_]:
    return _gosi_holds(units(rng, 40, lowest_osi=0.02), rng)


def gosi_near_zero(rng: np.random.Generator) -> NDArray[np.bool_]:
    planted = units(rng, 40)
    weak = PlantedUnits(
        preferred_deg=planted.preferred_deg,
        kappa=planted.kappa,
        osi=np.where(rng.random(40) < 0.3, 1e-9, rng.uniform(0.0, 0.2, 40)),
        mean_hz=planted.mean_hz,
        fano=planted.fano,
    )
    return _gosi_holds(weak, rng)


def dsi(rng: np.random.Generator) -> NDArray[np.bool_]:
    n = 40
    kappa, fano = np.exp(rng.uniform(np.log(0.5), np.log(8.0), n)), rng.uniform(1.0, 2.0, n)
    null, baseline = rng.beta(0.8, 0.8, n), rng.exponential(0.4, n) * rng.integers(0, 2, n)
    turn = np.cos(np.deg2rad(DIRECTION_DEG - rng.uniform(0.0, 360.0, (n, 1))))
    near, far = np.exp(kappa[:, None] * (turn - 1.0)), np.exp(-kappa[:, None] * (turn + 1.0))
    rate_hz = baseline[:, None] + near + null[:, None] * far
    rate_hz *= (rng.lognormal(1.2, 0.8, n) / rate_hz.mean(axis=1))[:, None]
    floor = np.exp(-2.0 * kappa)
    planted = (1.0 - null) * (1.0 - floor) / (2.0 * baseline + (1.0 + null) * (1.0 + floor))
    n_trials = repeats(rng, len(DIRECTION_DEG))
    drawn = counts(rate_hz, fano, n_trials, rng)
    shown_deg = np.repeat(DIRECTION_DEG, n_trials)
    return _holds(dsi_interval(drawn, np.ones(len(shown_deg)), shown_deg), planted)


def _two_epochs(
    rng: np.random.Generator, n: int, spread_deg: float
) -> tuple[EpochResponses, EpochResponses, Floats]:
    """Two epochs between which preferences moved and rates changed, with the shifts."""
    planted = units(rng, n)
    shift_deg = rng.normal(0.0, spread_deg, n)
    gain = rng.lognormal(-0.2, 0.2, n)[:, None]
    before = epoch(planted.rates_hz(), planted.fano, rng)
    moved_hz = gain * planted.rates_hz(planted.preferred_deg + shift_deg)
    return before, epoch(moved_hz, planted.fano, rng), shift_deg


def preferred_orientation_shift(rng: np.random.Generator) -> NDArray[np.bool_]:
    before, after, shift_deg = _two_epochs(rng, 40, 10.0)
    first, second = (_errors(e).preferred_orientation_deg for e in (before, after))
    return _holds_angle(shift_interval(first, second), shift_deg)


def preferred_orientation_shift_bootstrap(rng: np.random.Generator) -> NDArray[np.bool_]:
    before, after, shift_deg = _two_epochs(rng, 3, 10.0)
    return _holds_angle(bootstrap_shift(before, after, rng), shift_deg)


def c50(rng: np.random.Generator) -> NDArray[np.bool_]:
    n = 40
    planted = np.exp(rng.uniform(np.log(0.06), np.log(0.4), n))
    exponent = rng.uniform(2.0, 4.0, n)[:, None]
    shape = CONTRAST**exponent / (CONTRAST**exponent + planted[:, None] ** exponent)
    rate_hz = rng.lognormal(0.0, 1.0, (n, 1)) + rng.lognormal(2.3, 0.7, (n, 1)) * shape
    n_trials = repeats(rng, len(CONTRAST))
    drawn = counts(rate_hz, rng.uniform(1.0, 2.0, n), n_trials, rng)
    contrast = np.repeat(CONTRAST, n_trials)
    zeros = np.zeros(len(contrast))
    found = contrast_response(drawn, np.ones(len(contrast)), zeros, contrast, np.zeros(n))
    return _holds(found.c50_interval, planted)


def _untuned(rng: np.random.Generator, n: int) -> EpochResponses:
    rate_hz = np.repeat(rng.lognormal(1.2, 0.8, (n, 1)), len(ORIENTATION_DEG), axis=1)
    return epoch(rate_hz, rng.uniform(1.0, 2.0, n), rng)


def tuning_p(rng: np.random.Generator) -> Floats:
    shown = _untuned(rng, 40)
    p_values = tuning_p_value(shown.counts, shown.orientation_deg)
    return p_values[np.isfinite(p_values)]


def attraction_against_repulsion(rng: np.random.Generator) -> Floats:
    before, after, _ = _two_epochs(rng, 40, 0.0)
    first, second = (_errors(e).preferred_orientation_deg for e in (before, after))
    found = adaptation_class(first.estimate, shift_interval(first, second), rng.uniform(0, 180))
    towards_deg = found.towards_deg[np.isfinite(found.towards_deg)]
    return np.atleast_1d(stats.ttest_1samp(towards_deg, 0.0).pvalue)


ESTIMATORS: tuple[Estimator, ...] = (
    Estimator(name="preferred_orientation", domain=TRIALS, covers=preferred_orientation),
    Estimator(name="osi", domain=f"{TRIALS}, OSI 0.3-1", covers=osi),
    Estimator(
        name="half_width", domain=f"{TRIALS}, kappa known to a factor of e", covers=half_width
    ),
    Estimator(
        name="gosi",
        domain="12 orientations x 6-20 trials, Fano 1-2, 40 spikes or more, OSI 0-1",
        covers=gosi_of_all,
    ),
    Estimator(
        name="gosi_near_zero",
        domain="as gosi, a third of the units untuned and the others of OSI below 0.2",
        covers=gosi_near_zero,
    ),
    Estimator(
        name="dsi",
        domain="12 directions x 6-20 trials, Fano 1-2, axis of 5 standard errors or more",
        covers=dsi,
    ),
    Estimator(
        name="preferred_orientation_shift", domain=TRIALS, covers=preferred_orientation_shift
    ),
    Estimator(
        name="preferred_orientation_shift_bootstrap",
        domain=TRIALS,
        covers=preferred_orientation_shift_bootstrap,
    ),
    Estimator(
        name="c50",
        domain="6 contrasts and a grey screen x 6-20 trials, exponent 2-4, c50 0.06-0.4",
        covers=c50,
    ),
)
TESTS: tuple[NullTest, ...] = (
    NullTest(name="tuning_p", null="untuned units", p_values=tuning_p),
    NullTest(
        name="attraction_against_repulsion",
        null="preferences that did not move, any adapter",
        p_values=attraction_against_repulsion,
    ),
)
