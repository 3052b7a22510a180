"""Estimates of populations, switching and stability, on data with a planted truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.planted.ensemble_data import (
    BORDER_HZ,
    ORIENTATION_DEG,
    alone,
    contains,
    counts_of,
    covariance_of,
    design,
    drifting,
    loadings,
    responses_of,
    tuned_rates,
)
from benchmarks.planted.ensemble_nulls import TESTS
from benchmarks.planted.entry import Estimator
from ketacortex.analyse import decoding
from ketacortex.analyse.dimension import noise_dimension
from ketacortex.analyse.fisher_information import fisher_information
from ketacortex.analyse.modulation import f1_f0
from ketacortex.analyse.responses import EpochResponses
from ketacortex.analyse.stability import rate_trend
from ketacortex.analyse.statistics import Interval, NotComputed
from ketacortex.analyse.switch import rate_change, switching
from ketacortex.recording.recording import Recording, Subject

__all__ = ["ESTIMATORS", "TESTS"]


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


def rate_trend_covers(rng: np.random.Generator) -> NDArray[np.bool_]:
    truth = rng.uniform(-10.0, 10.0, 100)
    counts, onset_s, condition = drifting(rng, truth)
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
        has_one_answer=True,
    ),
    Estimator(
        name="percent correct, linear decoder",
        domain=f"{REPEATS}, 4 to 40 units",
        covers=percent_correct_linear_covers,
        has_one_answer=True,
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
