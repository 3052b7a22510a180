"""Tests of populations, switching and stability, on data in which there is nothing to find."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.planted.ensemble_data import (
    BORDER_HZ,
    ORIENTATION_DEG,
    alone,
    counts_of,
    design,
    drifting,
    loadings,
    responses_of,
    tuned_rates,
)
from benchmarks.planted.entry import NullTest
from ketacortex.analyse import decoding
from ketacortex.analyse.circular import circular_mean
from ketacortex.analyse.dimension import noise_dimension
from ketacortex.analyse.responsiveness import p_value_against_before, p_value_against_blanks
from ketacortex.analyse.stability import amplitude_trend, rate_trend
from ketacortex.analyse.statistics import NotComputed
from ketacortex.analyse.switch import rate_change, switching


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
    counts, onset_s, condition = drifting(rng, np.zeros(100))
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
