"""Search for the two parameters of a von Mises tuning curve that have no closed form.

Angles here are doubled and in radians. The linear parameters, baseline and amplitude, are
eliminated (variable projection), so that every search is over (mu, kappa) alone: a grid finds the
basin, damped Gauss-Newton steps finish it, unit by unit.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ketacortex.compiled import compiled

N_START_MU = 36
N_START_KAPPA = 6
N_STEPS = 100
SMALLEST_STEP = 1e-7
"""Radians of doubled angle and log kappa; 3e-6 degrees of orientation."""
LARGEST_STEP = 0.5
TIE_BREAK = 1e-9
"""Equal starts are settled by their place in the grid, never by rounding."""


def von_mises_curve(
    doubled: NDArray[np.float64], mu: NDArray[np.float64], kappa: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Curve of height 1 at `mu`, (n_curve, n_orientation)."""
    cosine = np.outer(np.cos(mu), np.cos(doubled)) + np.outer(np.sin(mu), np.sin(doubled))
    return np.exp(kappa[:, None] * (cosine - 1.0))


def best_curves(
    rate: NDArray[np.float64], doubled: NDArray[np.float64], kappa_min: float, kappa_max: float
) -> NDArray[np.float64]:
    """Least-squares baseline, amplitude, mu and kappa of every curve, (n_curve, 4).

    Parameters
    ----------
    rate : (n_curve, n_orientation), not negative, each of unit length, so that every tolerance is
        relative to it
    doubled : (n_orientation,) radians
    kappa_min, kappa_max : limits of kappa
    """
    mu = np.arange(N_START_MU) * (2.0 * np.pi / N_START_MU)
    kappa = np.geomspace(max(kappa_min, 0.3), 0.8 * kappa_max, N_START_KAPPA)
    grid_mu, grid_kappa = (g.ravel() for g in np.meshgrid(mu, kappa, indexing="ij"))
    grid = von_mises_curve(doubled, grid_mu, grid_kappa)
    found = np.empty((len(rate), 4))
    _fit_all(
        np.ascontiguousarray(rate), np.cos(doubled), np.sin(doubled), grid, grid_mu,
        np.log(grid_kappa), math.log(kappa_min), math.log(kappa_max), found,
    )  # fmt: skip
    return found


@compiled()
def _fit_all(  # type: ignore[no-untyped-def]
    rate, cos_shown, sin_shown, grid, grid_mu, grid_log_kappa, lowest, highest, found
):  # fmt: skip
    n = rate.shape[1]
    mean = np.empty(len(grid))
    squared = np.empty(len(grid))
    for g in range(len(grid)):
        mean[g] = grid[g].sum() / n
        squared[g] = (grid[g] ** 2).sum()
    curve, tried_curve = np.empty(n), np.empty(n)
    for i in range(len(rate)):
        start = _best_start(rate[i], grid, mean, squared)
        _refine(
            rate[i], cos_shown, sin_shown, grid_mu[start], grid_log_kappa[start], lowest, highest,
            curve, tried_curve, found[i],
        )  # fmt: skip


@compiled()
def _best_start(rate, grid, mean, squared):  # type: ignore[no-untyped-def]
    """Place in the grid that explains most; the linear part is solved for each."""
    n = len(rate)
    mean_rate = 0.0
    for k in range(n):
        mean_rate += rate[k] / n
    best, most = 0, -1.0
    for g in range(len(grid)):
        product = 0.0
        for k in range(n):
            product += rate[k] * grid[g, k]
        spread = squared[g] - n * mean[g] ** 2
        covariance = product - n * mean_rate * mean[g]
        if covariance * mean[g] > mean_rate * spread:
            explained = product**2 / squared[g]
        else:
            explained = n * mean_rate**2 + max(covariance, 0.0) ** 2 / spread
        explained -= TIE_BREAK * g
        if explained > most:
            best, most = g, explained
    return best


@compiled()
def _refine(  # type: ignore[no-untyped-def]
    rate, cos_shown, sin_shown, mu, log_kappa, lowest, highest, curve, tried_curve, found
):  # fmt: skip
    """Damped Gauss-Newton over (mu, log kappa) from a start to the least sum of squares."""
    damping = 1e-3
    baseline, amplitude, loss = solve(rate, cos_shown, sin_shown, mu, log_kappa, curve)
    for _ in range(N_STEPS):
        by_mu, by_kappa = _step(
            rate, cos_shown, sin_shown, mu, log_kappa, baseline, amplitude, curve, damping,
            lowest, highest,
        )  # fmt: skip
        tried_kappa = min(max(log_kappa + by_kappa, lowest), highest)
        tried_baseline, tried_amplitude, tried_loss = solve(
            rate, cos_shown, sin_shown, mu + by_mu, tried_kappa, tried_curve
        )
        if tried_loss <= loss:
            mu, log_kappa = mu + by_mu, tried_kappa
            baseline, amplitude, loss = tried_baseline, tried_amplitude, tried_loss
            curve[:] = tried_curve
            damping *= 0.1
        else:
            damping *= 8.0
        if abs(by_mu) <= SMALLEST_STEP and abs(by_kappa) <= SMALLEST_STEP:
            break
    found[0], found[1], found[2], found[3] = baseline, amplitude, mu, math.exp(log_kappa)


@compiled()
def solve(rate, cos_shown, sin_shown, mu, log_kappa, curve):  # type: ignore[no-untyped-def]
    """Best baseline and amplitude, neither negative, and what they leave of the squares.

    The curve itself is written into `curve`.
    """
    n = len(rate)
    kappa, cos_mu, sin_mu = math.exp(log_kappa), math.cos(mu), math.sin(mu)
    mean_rate = mean_curve = squared = product = 0.0
    for k in range(n):
        curve[k] = math.exp(kappa * (cos_mu * cos_shown[k] + sin_mu * sin_shown[k] - 1.0))
        mean_rate += rate[k]
        mean_curve += curve[k]
    mean_rate /= n
    mean_curve /= n
    spread = covariance = 0.0
    for k in range(n):
        centred = curve[k] - mean_curve
        spread += centred * centred
        covariance += centred * rate[k]
        squared += curve[k] * curve[k]
        product += curve[k] * rate[k]
    amplitude = max(covariance / spread, 0.0)
    baseline = mean_rate - amplitude * mean_curve
    if baseline < 0.0:
        baseline, amplitude = 0.0, product / squared
    loss = 0.0
    for k in range(n):
        residual = rate[k] - baseline - amplitude * curve[k]
        loss += residual * residual
    return baseline, amplitude, loss


@compiled()
def _step(  # type: ignore[no-untyped-def]
    rate, cos_shown, sin_shown, mu, log_kappa, baseline, amplitude, curve, damping, lowest, highest
):  # fmt: skip
    """Next step of (mu, log kappa).

    Of what moving them does to the curve, only the part that baseline and amplitude could not do
    as well counts. With the baseline held at 0 a shift of all rates is not free.
    """
    n = len(rate)
    kappa, cos_mu, sin_mu = math.exp(log_kappa), math.cos(mu), math.sin(mu)
    free = 1.0 if baseline > 0.0 else 0.0
    mean_curve = mean_mu = mean_kappa = 0.0
    for k in range(n):
        slope = amplitude * kappa * curve[k]
        mean_curve += curve[k]
        mean_mu += slope * (cos_mu * sin_shown[k] - sin_mu * cos_shown[k])
        mean_kappa += slope * (cos_mu * cos_shown[k] + sin_mu * sin_shown[k] - 1.0)
    mean_curve *= free / n
    mean_mu *= free / n
    mean_kappa *= free / n
    squared = with_mu = with_kappa = 0.0
    for k in range(n):
        slope = amplitude * kappa * curve[k]
        rest = curve[k] - mean_curve
        squared += rest * rest
        with_mu += rest * (slope * (cos_mu * sin_shown[k] - sin_mu * cos_shown[k]) - mean_mu)
        with_kappa += rest * (
            slope * (cos_mu * cos_shown[k] + sin_mu * sin_shown[k] - 1.0) - mean_kappa
        )
    mm = kk = mk = m = q = 0.0
    for k in range(n):
        slope = amplitude * kappa * curve[k]
        rest = (curve[k] - mean_curve) / squared
        along_mu = slope * (cos_mu * sin_shown[k] - sin_mu * cos_shown[k]) - mean_mu
        along_kappa = slope * (cos_mu * cos_shown[k] + sin_mu * sin_shown[k] - 1.0) - mean_kappa
        along_mu -= rest * with_mu
        along_kappa -= rest * with_kappa
        residual = rate[k] - baseline - amplitude * curve[k]
        mm += along_mu * along_mu
        kk += along_kappa * along_kappa
        mk += along_mu * along_kappa
        m += along_mu * residual
        q += along_kappa * residual
    mm = mm * (1.0 + damping) + 1e-12
    kk = kk * (1.0 + damping) + 1e-12
    determinant = mm * kk - mk * mk
    by_mu = (kk * m - mk * q) / determinant
    by_kappa = (mm * q - mk * m) / determinant
    # At a limit of kappa that the step would cross, only mu can still move.
    if (log_kappa >= highest and by_kappa > 0.0) or (log_kappa <= lowest and by_kappa < 0.0):
        by_mu, by_kappa = m / mm, 0.0
    by_mu = min(max(by_mu, -LARGEST_STEP), LARGEST_STEP)
    return by_mu, min(max(by_kappa, -LARGEST_STEP), LARGEST_STEP)
