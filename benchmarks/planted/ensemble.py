"""Populations with planted correlations, switching, drift and modulation.

Rates are log-normal, selectivity anything from 0 to 1, tuning broad and sharp, counts more
variable than Poisson (Fano factors of 1 to 2 at usual counts); half of the data sets have
unequally many trials of each orientation.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.planted.entry import Estimator, NullTest
from ketacortex.analyse import decoding
from ketacortex.analyse.circular import circular_mean
from ketacortex.analyse.dimension import noise_dimension
from ketacortex.analyse.fisher_information import fisher_information
from ketacortex.analyse.modulation import f1_f0
from ketacortex.analyse.responses import EpochResponses
from ketacortex.analyse.responsiveness import p_value_against_before, p_value_against_blanks
from ketacortex.analyse.stability import amplitude_trend, rate_trend
from ketacortex.analyse.statistics import Interval, NotComputed
from ketacortex.analyse.switch import SwitchRule, rate_change, switching
from ketacortex.recording.recording import Recording, Subject

ORIENTATION_DEG = np.arange(12) * 15.0
OWN_EXCESS = 0.1
"""Squared variation of the gain of one unit alone."""
BORDER_HZ = SwitchRule().active_above_hz


def tuned_rates(rng: np.random.Generator, n_units: int) -> NDArray[np.float64]:
    """Mean counts in a second, (n_unit, n_orientation)."""
    preferred_deg = rng.uniform(0.0, 180.0, (n_units, 1))
    kappa = np.exp(rng.uniform(np.log(0.3), np.log(8.0), (n_units, 1)))
    osi = rng.beta(2.0, 2.0, (n_units, 1))
    mean_hz = np.exp(rng.normal(1.0, 0.9, (n_units, 1)))
    floor = np.exp(-2.0 * kappa)
    baseline = np.maximum(((1.0 - floor) / osi - (1.0 + floor)) / 2.0, 0.0)
    turn = np.cos(np.deg2rad(2.0 * (ORIENTATION_DEG - preferred_deg))) - 1.0
    rate_hz = baseline + np.exp(kappa * turn)
    return rate_hz / rate_hz.mean(axis=1, keepdims=True) * mean_hz


def design(rng: np.random.Generator, fewest: int, most: int) -> NDArray[np.int64]:
    """Condition of each trial in random order, balanced in half of the calls."""
    n_trials = np.full(12, rng.integers(fewest, most + 1))
    if rng.random() < 0.5:
        n_trials = rng.integers(fewest, most + 1, 12)
    return rng.permutation(np.repeat(np.arange(12), n_trials))


def counts_of(
    rng: np.random.Generator, expected: NDArray[np.float64], loading: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Poisson counts with a gain of each unit and gains that units share, mean 1 each.

    `loading` is (n_unit, n_shared): standard deviation of the logarithm of each shared gain.
    """
    shared = rng.normal(size=(loading.shape[1], expected.shape[1]))
    gain = np.exp(loading @ shared - 0.5 * (loading**2).sum(axis=1, keepdims=True))
    own = rng.gamma(1.0 / OWN_EXCESS, OWN_EXCESS, expected.shape)
    return rng.poisson(expected * gain * own).astype(float)


def covariance_of(mean: NDArray[np.float64], loading: NDArray[np.float64]) -> NDArray[np.float64]:
    """Covariance of `counts_of` with these means, (n_unit, n_unit)."""
    square = np.exp(loading @ loading.T)
    own = np.diag(mean + OWN_EXCESS * mean**2 * np.diag(square))
    return np.outer(mean, mean) * (square - 1.0) + own


def loadings(rng: np.random.Generator, n_units: int, size: float) -> NDArray[np.float64]:
    return np.abs(rng.normal(0.0, size, (n_units, 2)))


def alone(n_units: int) -> NDArray[np.float64]:
    return np.zeros((n_units, 1))


def responses_of(
    counts: NDArray[np.float64],
    condition: NDArray[np.int64],
    blank_counts: NDArray[np.float64] | None = None,
) -> EpochResponses:
    blank_counts = np.zeros((len(counts), 0)) if blank_counts is None else blank_counts
    n_trials, n_blanks = len(condition), blank_counts.shape[1]
    return EpochResponses(
        epoch="epoch",
        counts=counts,
        onset_s=2.0 * np.arange(n_trials),
        duration_s=np.ones(n_trials),
        orientation_deg=ORIENTATION_DEG[condition],
        condition=condition,
        is_strongest=np.ones(n_trials, bool),
        blank_counts=blank_counts,
        blank_onset_s=2.0 * np.arange(n_blanks),
        blank_duration_s=np.ones(n_blanks),
    )


def contains(
    low: NDArray[np.float64], truth: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.bool_]:
    is_measured = np.isfinite(low)
    return ((low <= truth) & (truth <= high))[is_measured]


def _of_interval(found: Interval | NotComputed, truth: float) -> NDArray[np.bool_]:
    if isinstance(found, NotComputed):
        return np.zeros(0, bool)
    return contains(np.array([found.low]), np.array([truth]), np.array([found.high]))


def participation_ratio_covers(rng: np.random.Generator) -> NDArray[np.bool_]:
    n_units = int(rng.integers(10, 60))
    loading, rates = loadings(rng, n_units, rng.uniform(0.05, 0.3)), tuned_rates(rng, n_units)
    condition = design(rng, 8, 20)
    mean = np.mean([covariance_of(rate, loading) for rate in rates.T], axis=0)
    truth = np.trace(mean) ** 2 / np.sum(mean**2)
    counts = counts_of(rng, rates[:, condition], loading)
    found = noise_dimension(counts, condition, rng, n_shuffles=1)
    if isinstance(found, NotComputed):
        return np.zeros(0, bool)
    return contains(np.array([found.low]), np.array([truth]), np.array([found.high]))


def fisher_information_covers(rng: np.random.Generator) -> NDArray[np.bool_]:
    n_units = int(rng.integers(2, 9))
    loading, rates = loadings(rng, n_units, 0.2), tuned_rates(rng, n_units)
    condition = design(rng, 10, 20)
    n_each = np.bincount(condition)
    truth = np.empty(12)
    for place in range(12):
        pair = [place, (place + 1) % 12]
        weight = (n_each[pair] - 1.0) / (n_each[pair].sum() - 2.0)
        pooled = sum(
            w * covariance_of(rates[:, c], loading) for w, c in zip(weight, pair, strict=True)
        )
        difference = rates[:, pair[0]] - rates[:, pair[1]]
        truth[place] = difference @ np.linalg.solve(pooled, difference) / 15.0**2
    counts = counts_of(rng, rates[:, condition], loading)
    found = fisher_information(counts, ORIENTATION_DEG[condition])
    return contains(found.low, truth, found.high)


def _percent_correct_covers(rng: np.random.Generator, *, is_linear: bool) -> NDArray[np.bool_]:
    """The truth is what the very decoders that were fitted make of new trials."""
    n_units = int(rng.integers(4, 40))
    loading, rates = loadings(rng, n_units, 0.1), tuned_rates(rng, n_units)
    condition = design(rng, 8, 20)
    counts = counts_of(rng, rates[:, condition], loading)
    seed = int(rng.integers(2**32))
    decode = decoding.decode_linear if is_linear else decoding.decode_poisson
    found = decode(
        counts, ORIENTATION_DEG[condition], np.random.default_rng(seed), n_permutations=0
    )
    if isinstance(found, NotComputed):
        return np.zeros(0, bool)
    n_each = np.bincount(condition)
    fold = decoding.stratified_folds(condition, n_each, np.random.default_rng(seed))
    new = np.repeat(np.arange(12), 300)
    new_counts = counts_of(rng, rates[:, new], loading)
    predict = decoding.predict_linear if is_linear else decoding.predict_poisson
    expected = 0.0
    varies = np.ptp(counts, axis=1) > 0
    for f in np.unique(fold):
        learnt = fold != f
        decoded = predict(counts[varies][:, learnt], condition[learnt], new_counts[varies])
        accuracy = (decoded == new).reshape(12, -1).mean(axis=1)
        expected += accuracy @ np.bincount(condition[~learnt], minlength=12)
    return _of_interval(found.percent_correct, 100.0 * expected / len(condition))


def percent_correct_poisson_covers(rng: np.random.Generator) -> NDArray[np.bool_]:
    return _percent_correct_covers(rng, is_linear=False)


def percent_correct_linear_covers(rng: np.random.Generator) -> NDArray[np.bool_]:
    return _percent_correct_covers(rng, is_linear=True)


def _switching_epochs(
    rng: np.random.Generator, off: float, on: float
) -> tuple[EpochResponses, EpochResponses, NDArray[np.bool_]]:
    """Two epochs; a unit that switches takes on a rate of the other class."""
    n_units = int(rng.integers(60, 250))
    is_active = rng.random(n_units) < rng.uniform(0.5, 0.7)
    active_hz = BORDER_HZ + np.exp(rng.normal(0.7, 0.9, n_units))
    silent_hz = BORDER_HZ * rng.beta(1.0, 2.0, n_units)
    switches = rng.random(n_units) < np.where(is_active, off, on)
    shape = tuned_rates(rng, n_units)
    shape /= shape.mean(axis=1, keepdims=True)
    epochs = []
    for is_now in (is_active, is_active ^ switches):
        rate_hz = shape * np.where(is_now, active_hz, silent_hz)[:, None]
        condition = design(rng, 8, 16)
        counts = counts_of(rng, rate_hz[:, condition], alone(n_units))
        epochs.append(responses_of(counts, condition))
    return epochs[0], epochs[1], is_active


def switch_off_share_covers(rng: np.random.Generator) -> NDArray[np.bool_]:
    off, on = rng.uniform(0.0, 0.5, 2)
    first, second, _ = _switching_epochs(rng, off, on)
    found = switching(first, second, rng)
    if isinstance(found, NotComputed):
        return np.zeros(0, bool)
    return _of_interval(found.fell_silent, off)


def switch_on_share_covers(rng: np.random.Generator) -> NDArray[np.bool_]:
    off, on = rng.uniform(0.0, 0.5, 2)
    first, second, _ = _switching_epochs(rng, off, on)
    found = switching(first, second, rng)
    if isinstance(found, NotComputed):
        return np.zeros(0, bool)
    return _of_interval(found.became_active, on)


def rate_change_covers(rng: np.random.Generator) -> NDArray[np.bool_]:
    rates = tuned_rates(rng, 100)
    factor = np.exp(rng.normal(0.0, 0.4, (100, 1)))
    epochs = []
    for rate_hz in (rates, rates * factor):
        condition = design(rng, 8, 20)
        epochs.append(responses_of(counts_of(rng, rate_hz[:, condition], alone(100)), condition))
    found = rate_change(*epochs)
    truth = (rates * (factor - 1.0)).mean(axis=1)
    return contains(found.low_hz, truth, found.high_hz)


def _drifting(
    rng: np.random.Generator, percent_per_min: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    rates = tuned_rates(rng, len(percent_per_min))
    condition = design(rng, 8, 20)
    onset_s = 2.0 * np.arange(len(condition))
    time_min = (onset_s - onset_s.mean()) / 60.0
    drift = np.maximum(1.0 + percent_per_min[:, None] / 100.0 * time_min, 0.0)
    counts = counts_of(rng, rates[:, condition] * drift, alone(len(rates)))
    return counts, onset_s, condition


def rate_trend_covers(rng: np.random.Generator) -> NDArray[np.bool_]:
    truth = rng.uniform(-10.0, 10.0, 100)
    counts, onset_s, condition = _drifting(rng, truth)
    found = rate_trend(counts, onset_s, np.ones(len(onset_s)), condition)
    return contains(found.low, truth, found.high)


def f1_f0_covers(rng: np.random.Generator) -> NDArray[np.bool_]:
    """Rates ``r (1 + m cos)``, of which m is F1/F0, m from 0 to 1, at 4 Hz."""
    n_units, frequency_hz = 30, 4.0
    depth = rng.uniform(0.0, 1.0, n_units) * (rng.random(n_units) < 0.8)
    rates, condition = tuned_rates(rng, n_units), design(rng, 8, 20)
    counts = counts_of(rng, rates[:, condition], alone(n_units)).astype(int)
    unit, trial = (
        index.repeat(counts.ravel()) for index in np.indices(counts.shape).reshape(2, -1)
    )
    onset_s = 2.0 * np.arange(len(condition))
    # A phase of density 1 + m cos: drawn flat, and turned by half a cycle where too unlikely.
    phase = rng.uniform(0.0, 2.0 * np.pi, len(unit))
    turns = rng.random(len(unit)) < (1.0 - depth[unit] * np.cos(phase)) / 2.0
    phase = (phase + np.pi * turns) % (2.0 * np.pi)
    cycle = rng.integers(0, 4, len(unit))
    time_s = onset_s[trial] + (cycle + phase / (2.0 * np.pi)) / frequency_hz
    samples = np.floor(time_s * 2e4).astype(np.int64)
    order = np.lexsort((samples, unit))
    recording = Recording(
        subject=Subject(identifier="animal"),
        spike_samples=samples[order],
        spike_index=np.concatenate([[0], np.cumsum(np.bincount(unit, minlength=n_units))]),
        sample_rate_hz=2e4,
        units=pd.DataFrame({"cell_class": ["unknown"] * n_units}),
        trials=pd.DataFrame(columns=["onset_s", "offset_s", "orientation_deg", "epoch"]),
        epochs=pd.DataFrame(columns=["name", "start_s", "stop_s"]),
        start_s=0.0,
        stop_s=float(onset_s[-1]) + 2.0,
    )
    same = np.ones(len(condition))
    found = f1_f0(recording, onset_s, same, frequency_hz * same, condition)
    return contains(found.low, depth, found.high)


def measured(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    return p_values[np.isfinite(p_values)]


def rate_change_p_values(rng: np.random.Generator) -> NDArray[np.float64]:
    rates = tuned_rates(rng, 100)
    epochs = []
    for _ in range(2):
        condition = design(rng, 8, 20)
        epochs.append(responses_of(counts_of(rng, rates[:, condition], alone(100)), condition))
    return measured(rate_change(*epochs).p_value)


def switching_p_values(rng: np.random.Generator) -> NDArray[np.float64]:
    n_units = int(rng.integers(60, 250))
    shape = tuned_rates(rng, n_units)
    mean_hz = BORDER_HZ * np.exp(rng.normal(0.0, 0.7, (n_units, 1)))
    rate_hz = shape / shape.mean(axis=1, keepdims=True) * mean_hz
    epochs = []
    for _ in range(2):
        condition = design(rng, 8, 16)
        counts = counts_of(rng, rate_hz[:, condition], alone(n_units))
        epochs.append(responses_of(counts, condition))
    found = switching(*epochs, rng)
    if isinstance(found, NotComputed):
        return np.zeros(0)
    return measured(np.array([found.off_p_value, found.on_p_value]))


def rate_trend_p_values(rng: np.random.Generator) -> NDArray[np.float64]:
    counts, onset_s, condition = _drifting(rng, np.zeros(100))
    return measured(rate_trend(counts, onset_s, np.ones(len(onset_s)), condition).p_value)


def amplitude_trend_p_values(rng: np.random.Generator) -> NDArray[np.float64]:
    n_spikes = rng.poisson(np.exp(rng.normal(5.0, 1.0, 50)))
    unit = np.repeat(np.arange(50), n_spikes)
    height = 80.0 * np.exp(rng.normal(0.0, 0.2, len(unit)))
    return measured(amplitude_trend(rng.uniform(0, 1200, len(unit)), height, unit, 50).p_value)


def blank_p_values(rng: np.random.Generator) -> NDArray[np.float64]:
    rate_hz = np.exp(rng.normal(0.5, 1.0, (100, 1)))
    condition, n_blanks = design(rng, 8, 20), int(rng.integers(8, 30))
    expected = np.repeat(rate_hz, len(condition) + n_blanks, axis=1)
    counts = counts_of(rng, expected, alone(100))
    n = len(condition)
    return measured(p_value_against_blanks(responses_of(counts[:, :n], condition, counts[:, n:])))


def before_p_values(rng: np.random.Generator) -> NDArray[np.float64]:
    rate_hz, condition = np.exp(rng.normal(0.5, 1.0, (100, 1))), design(rng, 8, 20)
    same = np.ones(len(condition))
    counts = counts_of(rng, rate_hz * same, alone(100))
    earlier = counts_of(rng, 0.5 * rate_hz * same, alone(100))
    return measured(p_value_against_before(counts, same, earlier, 0.5 * same, condition))


def _decoding_p_values(rng: np.random.Generator, *, is_linear: bool) -> NDArray[np.float64]:
    n_units, condition = int(rng.integers(4, 30)), design(rng, 6, 12)
    rate_hz = np.exp(rng.normal(1.0, 0.9, (n_units, 1)))
    expected = np.repeat(rate_hz, len(condition), axis=1)
    counts = counts_of(rng, expected, loadings(rng, n_units, 0.2))
    decode = decoding.decode_linear if is_linear else decoding.decode_poisson
    found = decode(counts, ORIENTATION_DEG[condition], rng, n_permutations=19)
    return np.zeros(0) if isinstance(found, NotComputed) else np.array([found.p_value])


def decoding_poisson_p_values(rng: np.random.Generator) -> NDArray[np.float64]:
    return _decoding_p_values(rng, is_linear=False)


def decoding_linear_p_values(rng: np.random.Generator) -> NDArray[np.float64]:
    return _decoding_p_values(rng, is_linear=True)


def dimension_p_values(rng: np.random.Generator) -> NDArray[np.float64]:
    n_units, condition = int(rng.integers(10, 40)), design(rng, 6, 16)
    counts = counts_of(rng, tuned_rates(rng, n_units)[:, condition], alone(n_units))
    found = noise_dimension(counts, condition, rng, n_shuffles=39)
    return np.zeros(0) if isinstance(found, NotComputed) else np.array([found.p_value])


def rayleigh_p_values(rng: np.random.Generator) -> NDArray[np.float64]:
    sizes = rng.integers(8, 60, 50)
    angles_deg = [rng.uniform(0.0, 180.0, n) for n in sizes]
    return np.array([circular_mean(a, period_deg=180.0).rayleigh_p_value for a in angles_deg])


REPEATS = "12 orientations of 8 to 20 trials"

ESTIMATORS: tuple[Estimator, ...] = (
    Estimator(
        name="noise participation ratio",
        domain=f"{REPEATS}, 10 to 60 units",
        covers=participation_ratio_covers,
    ),
    Estimator(
        name="linear Fisher information of a pair",
        domain="12 orientations of 10 to 20 trials, at most 1 unit for 2 degrees of freedom",
        covers=fisher_information_covers,
    ),
    Estimator(
        name="percent correct, Poisson decoder",
        domain=f"{REPEATS}, 4 to 40 units",
        covers=percent_correct_poisson_covers,
    ),
    Estimator(
        name="percent correct, linear decoder",
        domain=f"{REPEATS}, 4 to 40 units",
        covers=percent_correct_linear_covers,
    ),
    Estimator(
        name="share of active units that fell silent",
        domain="12 orientations of 8 to 16 trials, 15 units or more of the class",
        covers=switch_off_share_covers,
    ),
    Estimator(
        name="share of silent units that became active",
        domain="12 orientations of 8 to 16 trials, 15 units or more of the class",
        covers=switch_on_share_covers,
    ),
    Estimator(
        name="change of mean rate",
        domain=f"{REPEATS}, 20 spikes in both epochs together",
        covers=rate_change_covers,
    ),
    Estimator(name="trend of rate", domain=f"{REPEATS}, 30 spikes", covers=rate_trend_covers),
    Estimator(name="F1/F0", domain=f"{REPEATS}, 100 spikes", covers=f1_f0_covers),
)

TESTS: tuple[NullTest, ...] = (
    NullTest(
        name="change of mean rate",
        null="two epochs of the same rates, Fano factors of 1 to 2",
        p_values=rate_change_p_values,
    ),
    NullTest(
        name="switching",
        null="two epochs of the same rates, many of them near the border",
        p_values=switching_p_values,
    ),
    NullTest(name="trend of rate", null="steady rates", p_values=rate_trend_p_values),
    NullTest(
        name="trend of spike height", null="steady heights", p_values=amplitude_trend_p_values
    ),
    NullTest(
        name="response against blanks",
        null="blanks of the same rate, 12 spikes or more expected in them",
        p_values=blank_p_values,
    ),
    NullTest(
        name="response against the time before",
        null="the same rate before, in half the time",
        p_values=before_p_values,
    ),
    NullTest(
        name="decoding, Poisson",
        null="untuned units that share their gain",
        p_values=decoding_poisson_p_values,
    ),
    NullTest(
        name="decoding, linear",
        null="untuned units that share their gain",
        p_values=decoding_linear_p_values,
    ),
    NullTest(
        name="noise dimension against shuffled trials",
        null="units that share nothing from trial to trial",
        p_values=dimension_p_values,
    ),
    NullTest(name="Rayleigh", null="8 to 60 angles without preference", p_values=rayleigh_p_values),
)
