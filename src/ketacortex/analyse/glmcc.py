"""Synaptic couplings from correlograms: a generalised linear model with a slow background.

A correlogram is taken for Poisson counts around the exponential of a course that changes slowly,
times what a synapse from the first unit to the second adds at positive lags and one the other way
round at negative lags. The synaptic part rises at once after a delay and decays within some
milliseconds; the course is as smooth as its prior says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ketacortex.compiled import compiled

DELAYS_MS = (1.0, 2.0, 3.0, 4.0)
DECAY_MS = 4.0
ROUGHNESS_PER_MS = (2e-4, 1e-3, 5e-3)
"""Variance that the logarithm of the background gains in a millisecond; the least is published."""
COUPLING_SD = 5.0
"""Of the prior of a coupling; so wide that only a coupling without any count is held by it."""
MAX_STEPS = 50
MIN_SIZE = 1e-6
"""Of a step, as a share of Newton's, until which it is halved."""
TOLERANCE = 1e-6
"""Gain in log posterior that a step promises, below which the search ends."""


@dataclass(frozen=True, kw_only=True)
class Couplings:
    """Couplings of pairs of units in both directions.

    Parameters
    ----------
    coupling : (n_pair, 2)
        From the first unit to the second, and back: logarithm of the factor by which a spike
        changes the other unit's rate just after the delay. Positive is excitation.
    standard_error : (n_pair, 2)
    p_value : (n_pair, 2) two-sided, for the best of all delays
    delay_ms : (n_pair, 2) ms
    background : (n_pair, n_bin) counts expected without couplings
    """

    coupling: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    p_value: NDArray[np.float64]
    delay_ms: NDArray[np.float64]
    background: NDArray[np.float64]


def glm_couplings(
    counts: NDArray[np.float64],
    *,
    bin_ms: float,
    delays_ms: Sequence[float] = DELAYS_MS,
    decay_ms: float = DECAY_MS,
    roughness_per_ms: Sequence[float] = ROUGHNESS_PER_MS,
) -> Couplings:
    """Couplings in both directions of the pair of each correlogram, with their errors.

    Parameters
    ----------
    counts : (n_pair, n_bin) correlograms, n_bin odd, the middle one at lag 0
        NaN where lags were not seen, such as those at which a sorter misses overlapping spikes.
    bin_ms : ms
    delays_ms : ms, in ascending order
        The most likely one is taken, for each direction.
    decay_ms : ms
    roughness_per_ms : 1 / ms
        The most likely one is taken.

    Returns
    -------
    Couplings
        NaN for correlograms without counts.

    Notes
    -----
    The expected count at lag t is ``exp(a(t) + J_ij f(t) + J_ji f(-t))`` with
    ``f(t) = exp(-(t - delay) / decay)`` after the delay and 0 before it, its mean over each bin;
    the prior of neighbouring bins is ``a_{k+1} - a_k ~ N(0, roughness bin)``, its roughness that
    of the largest evidence (Laplace). The posterior's maximum is found by Newton's method, whose
    matrix has three diagonals but for the couplings. Errors are those of the posterior's curvature
    there. The p value is that of twice the fall of the log posterior without the coupling, chi
    squared with one degree of freedom, for the largest of several delays: z at two delays
    correlates as ``exp(-difference / decay)``, and
    ``p = P(|z_1| > z) + sum_k P(|z_k| < z < |z_{k+1}|)`` bounds the whole from above.

    Errors allow for a background that is not flat, so tests hold back where it is. With less than
    some 20 counts a bin a common course faster than 40 ms cannot be told from two couplings of one
    sign: couplings of both directions alike are to be doubted.

    References
    ----------
    Kobayashi et al. (2019) 10.1038/s41467-019-12225-2;
    Worsley (1982) 10.1093/biomet/69.2.297, for the bound

    Examples
    --------
    >>> lag_ms = np.arange(-50, 51)
    >>> after = np.where(lag_ms > 2, np.exp(-(lag_ms - 2) / 4.0), 0.5 * (lag_ms == 2))
    >>> found = glm_couplings(np.round(500.0 * np.exp(0.5 * after))[None], bin_ms=1.0)
    >>> found.coupling[0, 0].round(2).tolist(), found.delay_ms[0, 0].tolist()
    (0.5, 2.0)
    """
    delays = np.asarray(delays_ms, float)
    n_bins = counts.shape[-1]
    lag_ms = bin_ms * (np.arange(n_bins) - n_bins // 2)
    shapes = np.array([_synaptic_shape(lag_ms, bin_ms, delay, decay_ms) for delay in delays])
    coupling, error, drop, chosen, background = _couplings(
        np.ascontiguousarray(counts, float),
        shapes,
        1.0 / (np.asarray(roughness_per_ms, float) * bin_ms),
        COUPLING_SD**-2,
    )
    z = np.sqrt(np.maximum(2.0 * drop, 0.0))
    delay_ms = np.where(np.isfinite(coupling), delays[chosen], np.nan)
    return Couplings(
        coupling=coupling,
        standard_error=error,
        p_value=_p_of_largest(z, np.exp(-np.diff(delays) / decay_ms)),
        delay_ms=delay_ms,
        background=background,
    )


def _synaptic_shape(
    lag_ms: NDArray[np.float64], bin_ms: float, delay_ms: float, decay_ms: float
) -> NDArray[np.float64]:
    """Mean over each bin of the decay after the delay, (n_bin,)."""
    low = np.maximum(lag_ms - bin_ms / 2.0 - delay_ms, 0.0)
    high = np.maximum(lag_ms + bin_ms / 2.0 - delay_ms, 0.0)
    return decay_ms / bin_ms * (np.exp(-low / decay_ms) - np.exp(-high / decay_ms))


def _p_of_largest(
    z: NDArray[np.float64], neighbour_correlation: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Probability that the largest of a chain of correlated normal |z| exceeds `z`."""
    node, weight = special.roots_legendre(80)
    x = z[..., None] * node
    p_value = 2.0 * special.ndtr(-z)
    for correlation in neighbour_correlation:
        sd = np.sqrt(1.0 - correlation**2)
        leaves = special.ndtr((correlation * x - z[..., None]) / sd)
        leaves += special.ndtr((-correlation * x - z[..., None]) / sd)
        density = np.exp(-0.5 * x**2) / np.sqrt(2.0 * np.pi)
        p_value = p_value + z * ((density * leaves) @ weight)
    return np.minimum(p_value, 1.0)


@compiled(error_model="numpy")
def _couplings(counts, shapes, stiffnesses, coupling_precision):  # type: ignore[no-untyped-def]
    """Couplings, their errors, falls of log posterior without, delays and backgrounds."""
    n_pairs, n_bins = counts.shape
    n_delays = len(shapes)
    turned = np.ascontiguousarray(shapes[:, ::-1])
    nothing = np.zeros(n_bins)
    coupling = np.full((n_pairs, 2), np.nan)
    error = np.full((n_pairs, 2), np.nan)
    drop = np.full((n_pairs, 2), np.nan)
    chosen = np.zeros((n_pairs, 2), np.int64)
    background = np.full((n_pairs, n_bins), np.nan)
    # Course, couplings, the variances of these and working space: every fit starts from the last.
    state = np.empty(n_bins), np.empty(2), np.empty(2), np.empty((8, n_bins))
    course, strength, variance, _ = state
    for pair in range(n_pairs):
        n = counts[pair]
        mean = np.nanmean(n)
        if not mean > 0.0:
            continue
        course[:] = np.log(mean)
        strength[:] = 0.0
        # The best delay common to both directions first, then that of each beside the other's.
        first = second = 0
        prior = stiffnesses[0], coupling_precision
        for stage in range(3):
            best, best_delay = -np.inf, 0
            for delay in range(n_delays):
                forward = first if stage == 2 else delay
                backward = second if stage == 1 else delay
                posterior = _climb(n, shapes[forward], turned[backward], prior, state)
                if posterior > best:
                    best, best_delay = posterior, delay
            if stage != 2:
                first = best_delay
            if stage != 1:
                second = best_delay
            if stage == 0:
                likely = _most_likely(
                    n, shapes[first], turned[second], stiffnesses, coupling_precision, state
                )
                prior = likely, coupling_precision
        full = _climb(n, shapes[first], turned[second], prior, state)
        coupling[pair] = strength
        error[pair] = np.sqrt(variance)
        chosen[pair, 0], chosen[pair, 1] = first, second
        background[pair] = np.exp(course)
        drop[pair, 0] = full - _climb(n, nothing, turned[second], prior, state)
        drop[pair, 1] = full - _climb(n, shapes[first], nothing, prior, state)
    return coupling, error, drop, chosen, background


@compiled(error_model="numpy")
def _most_likely(  # type: ignore[no-untyped-def]
    counts, forward, backward, stiffnesses, coupling_precision, state
):
    """Stiffness with the largest probability of the counts, by Laplace's approximation."""
    _, _, variance, work = state
    best, best_stiffness = -np.inf, stiffnesses[0]
    for stiffness in stiffnesses:
        evidence = _climb(counts, forward, backward, (stiffness, coupling_precision), state)
        evidence += 0.5 * (len(counts) - 1) * np.log(stiffness)
        # The pivots and the couplings' covariance hold the determinant of the curvature; the two
        # directions hardly covary.
        evidence += 0.5 * (np.log(variance[0]) + np.log(variance[1]))
        for pivot in work[1]:
            evidence -= 0.5 * np.log(pivot)
        if evidence > best:
            best, best_stiffness = evidence, stiffness
    return best_stiffness


@compiled(error_model="numpy")
def _climb(counts, forward, backward, prior, state):  # type: ignore[no-untyped-def]
    """Log posterior at its maximum, to which Newton's method takes course and couplings."""
    course, strength, _, work = state
    expected, step, trial_course, trial_expected = work[0], work[2], work[5], work[6]
    now = _log_posterior(counts, forward, backward, prior, course, strength, expected)
    for _ in range(MAX_STEPS):
        change, gain = _newton_step(counts, forward, backward, prior, state)
        if gain < TOLERANCE:
            break
        size, then = 2.0, -np.inf
        while not then > now and size > MIN_SIZE:
            size *= 0.5
            trial_course[:] = course + size * step
            trial_strength = strength + size * change
            then = _log_posterior(
                counts, forward, backward, prior, trial_course, trial_strength, trial_expected
            )
        if not then > now:
            break
        now = then
        course[:] = trial_course
        strength[:] = trial_strength
        expected[:] = trial_expected
    return now


@compiled(error_model="numpy")
def _log_posterior(  # type: ignore[no-untyped-def]
    counts, forward, backward, prior, course, strength, expected
):
    """Log posterior but for a constant; `expected` is filled with the counts of the model."""
    stiffness, coupling_precision = prior
    total = -0.5 * coupling_precision * (strength[0] ** 2 + strength[1] ** 2)
    for k in range(len(counts)):
        expected[k] = 0.0
        if not np.isnan(counts[k]):
            log_expected = course[k] + strength[0] * forward[k] + strength[1] * backward[k]
            expected[k] = np.exp(log_expected)
            total += counts[k] * log_expected - expected[k]
        if k > 0:
            total -= 0.5 * stiffness * (course[k] - course[k - 1]) ** 2
    return total


@compiled(error_model="numpy")
def _newton_step(counts, forward, backward, prior, state):  # type: ignore[no-untyped-def]
    """Change of the couplings and the gain it promises; that of the course is left in `work`.

    The course is eliminated first: its part of the curvature has three diagonals, which are solved
    for the gradient and for the columns of both couplings at once.
    """
    stiffness, coupling_precision = prior
    course, strength, variance, work = state
    expected, pivot, step = work[0], work[1], work[2]
    by_forward, by_backward, slope = work[3], work[4], work[7]
    n_bins = len(counts)
    g0, g1 = -coupling_precision * strength[0], -coupling_precision * strength[1]
    h00, h01, h11 = coupling_precision, 0.0, coupling_precision
    for k in range(n_bins):
        excess = 0.0 if np.isnan(counts[k]) else counts[k] - expected[k]
        column0, column1 = expected[k] * forward[k], expected[k] * backward[k]
        g0 += excess * forward[k]
        g1 += excess * backward[k]
        h00 += column0 * forward[k]
        h01 += column0 * backward[k]
        h11 += column1 * backward[k]
        slope[k], pivot[k] = excess, expected[k]
        if k < n_bins - 1:
            pivot[k] += stiffness
            slope[k] += stiffness * (course[k + 1] - course[k])
        step[k], by_forward[k], by_backward[k] = slope[k], column0, column1
        if k > 0:
            down = stiffness * (course[k] - course[k - 1])
            slope[k] -= down
            share = stiffness / pivot[k - 1]
            pivot[k] += stiffness * (1.0 - share)
            step[k] += share * step[k - 1] - down
            by_forward[k] += share * by_forward[k - 1]
            by_backward[k] += share * by_backward[k - 1]
    for k in range(n_bins - 1, -1, -1):
        if k < n_bins - 1:
            step[k] += stiffness * step[k + 1]
            by_forward[k] += stiffness * by_forward[k + 1]
            by_backward[k] += stiffness * by_backward[k + 1]
        step[k] /= pivot[k]
        by_forward[k] /= pivot[k]
        by_backward[k] /= pivot[k]
    r0, r1, s00, s01, s11 = g0, g1, h00, h01, h11
    for k in range(n_bins):
        column0, column1 = expected[k] * forward[k], expected[k] * backward[k]
        r0 -= column0 * step[k]
        r1 -= column1 * step[k]
        s00 -= column0 * by_forward[k]
        s01 -= column0 * by_backward[k]
        s11 -= column1 * by_backward[k]
    determinant = s00 * s11 - s01 * s01
    variance[0], variance[1] = s11 / determinant, s00 / determinant
    change = np.empty(2)
    change[0] = (s11 * r0 - s01 * r1) / determinant
    change[1] = (s00 * r1 - s01 * r0) / determinant
    gain = g0 * change[0] + g1 * change[1]
    for k in range(n_bins):
        step[k] -= change[0] * by_forward[k] + change[1] * by_backward[k]
        gain += slope[k] * step[k]
    return change, gain
