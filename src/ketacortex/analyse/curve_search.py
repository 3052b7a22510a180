"""Search for the two parameters of a von Mises tuning curve that have no closed form.

Angles here are doubled and in radians. The linear parameters, baseline and amplitude, are
eliminated (variable projection), so that every search is over (mu, kappa) alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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


def solve_linear(
    rate: NDArray[np.float64], curve: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Baseline and amplitude, neither negative, that fit best with the given curves.

    Parameters
    ----------
    rate : (n_curve, n_orientation), not negative
    curve : (n_curve, n_orientation)

    Returns
    -------
    baseline, amplitude : (n_curve,)
    """
    mean_rate, mean_curve = rate.mean(axis=1), curve.mean(axis=1)
    centred = curve - mean_curve[:, None]
    amplitude = np.maximum(_dot(centred, rate) / _dot(centred, centred), 0.0)
    baseline = mean_rate - amplitude * mean_curve
    is_bound = baseline < 0
    amplitude = np.where(is_bound, _dot(curve, rate) / _dot(curve, curve), amplitude)
    return np.where(is_bound, 0.0, baseline), amplitude


def best_start(
    rate: NDArray[np.float64], doubled: NDArray[np.float64], kappa_min: float, kappa_max: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Best (mu, kappa) of a grid, for rates of unit length.

    The grid is one matrix product: with the linear part solved, what a curve explains depends
    on the rates only through their product with it.
    """
    mu = np.arange(N_START_MU) * (2.0 * np.pi / N_START_MU)
    kappa = np.geomspace(max(kappa_min, 0.3), 0.8 * kappa_max, N_START_KAPPA)
    grid_mu, grid_kappa = (g.ravel() for g in np.meshgrid(mu, kappa, indexing="ij"))
    curve = von_mises_curve(doubled, grid_mu, grid_kappa)
    mean_curve, squared = curve.mean(axis=1), _dot(curve, curve)
    spread = squared - curve.shape[1] * mean_curve**2
    mean_rate = rate.mean(axis=1)[:, None]
    product = rate @ curve.T
    covariance = product - rate.shape[1] * mean_rate * mean_curve
    explained = rate.shape[1] * mean_rate**2 + np.maximum(covariance, 0.0) ** 2 / spread
    is_bound = covariance * mean_curve > mean_rate * spread
    explained = np.where(is_bound, product**2 / squared, explained)
    best = np.argmax(explained - TIE_BREAK * np.arange(len(grid_mu)), axis=1)
    return grid_mu[best], grid_kappa[best]


def refine(
    rate: NDArray[np.float64],
    doubled: NDArray[np.float64],
    mu: NDArray[np.float64],
    kappa: NDArray[np.float64],
    kappa_min: float,
    kappa_max: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Damped Gauss-Newton from the start to the least-squares (mu, kappa) of each curve.

    Every curve has its own damping and leaves the search when its steps become negligible.
    """
    place = np.stack([mu, np.log(kappa)])
    bounds = np.log([kappa_min, kappa_max])
    damping = np.full(len(rate), 1e-3)
    loss = _loss(rate, doubled, place)
    active = np.arange(len(rate))
    for _ in range(N_STEPS):
        step = _step(rate[active], doubled, place[:, active], damping[active], bounds)
        tried = place[:, active] + step
        tried[1] = np.clip(tried[1], *bounds)
        tried_loss = _loss(rate[active], doubled, tried)
        is_better = tried_loss <= loss[active]
        won = active[is_better]
        place[:, won], loss[won] = tried[:, is_better], tried_loss[is_better]
        damping[active] *= np.where(is_better, 0.1, 8.0)
        active = active[(np.abs(step) > SMALLEST_STEP).any(axis=0)]
        if not len(active):
            break
    return place[0], np.exp(place[1])


def _loss(
    rate: NDArray[np.float64], doubled: NDArray[np.float64], place: NDArray[np.float64]
) -> NDArray[np.float64]:
    curve = von_mises_curve(doubled, place[0], np.exp(place[1]))
    baseline, amplitude = solve_linear(rate, curve)
    residual = rate - baseline[:, None] - amplitude[:, None] * curve
    return _dot(residual, residual)


def _step(
    rate: NDArray[np.float64],
    doubled: NDArray[np.float64],
    place: NDArray[np.float64],
    damping: NDArray[np.float64],
    bounds: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Next step of (mu, log kappa), (2, n_curve)."""
    residual, along_mu, along_kappa = _projected(rate, doubled, place)
    mm = _dot(along_mu, along_mu) * (1.0 + damping) + 1e-12
    kk = _dot(along_kappa, along_kappa) * (1.0 + damping) + 1e-12
    mk = _dot(along_mu, along_kappa)
    m, k = _dot(along_mu, residual), _dot(along_kappa, residual)
    determinant = mm * kk - mk**2
    step = np.stack([kk * m - mk * k, mm * k - mk * m]) / determinant
    # At a limit of kappa that the step would cross, only mu can still move.
    is_stuck = ((place[1] >= bounds[1]) & (step[1] > 0)) | ((place[1] <= bounds[0]) & (step[1] < 0))
    step = np.where(is_stuck, np.stack([m / mm, np.zeros_like(m)]), step)
    return np.clip(step, -LARGEST_STEP, LARGEST_STEP)


def _projected(
    rate: NDArray[np.float64], doubled: NDArray[np.float64], place: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Residual, and what moving mu and log kappa adds beyond what b and a could do."""
    mu, kappa = place[0][:, None], np.exp(place[1])[:, None]
    curve = von_mises_curve(doubled, place[0], kappa[:, 0])
    baseline, amplitude = solve_linear(rate, curve)
    residual = rate - baseline[:, None] - amplitude[:, None] * curve
    slope = amplitude[:, None] * kappa * curve
    along_mu = slope * (np.outer(np.cos(place[0]), np.sin(doubled)) - np.sin(mu) * np.cos(doubled))
    along_kappa = slope * (np.cos(mu) * np.cos(doubled) + np.sin(mu) * np.sin(doubled) - 1.0)
    # With b held at 0 a shift of all rates is not free, so the mean stays in.
    is_free = (baseline > 0)[:, None]
    curve = curve - is_free * curve.mean(axis=1, keepdims=True)
    squared = _dot(curve, curve)[:, None]
    rest = []
    for direction in (along_mu, along_kappa):
        direction = direction - is_free * direction.mean(axis=1, keepdims=True)
        rest.append(direction - curve * (_dot(curve, direction)[:, None] / squared))
    return residual, rest[0], rest[1]


def _dot(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.einsum("ij,ij->i", first, second)
