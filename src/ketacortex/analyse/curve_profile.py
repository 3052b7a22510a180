"""How far one property of a fitted curve can move before the fit is too much worse.

One property is held (preferred orientation, log kappa or OSI), the others are fitted anew, and the
sum of squares is followed away from its minimum until it has risen by a threshold. Unlike a slope
at the minimum this knows that a curve which chance made narrow can be widened.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ketacortex.compiled import compiled

PREFERRED, KAPPA, OSI = 0, 1, 2
"""Property that is held."""
N_GRID = 10
N_GOLDEN = 10
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
N_HALVINGS = 14
"""Of the way from the estimate to the end of the range."""
WIDEST_TURN = 1.2
"""Radians of doubled angle that mu may move while kappa is held."""


def profile_limits(
    which: int,
    rate: NDArray[np.float64],
    doubled: NDArray[np.float64],
    mu: NDArray[np.float64],
    estimate: NDArray[np.float64],
    rise: NDArray[np.float64],
    ends: NDArray[np.float64],
    kappa_range: tuple[float, float],
) -> NDArray[np.float64]:
    """Where the least sum of squares has risen by `rise`, below and above the estimate.

    Parameters
    ----------
    which : PREFERRED, KAPPA or OSI
    rate : (n_curve, n_orientation)
    doubled : (n_orientation,) radians
    mu : (n_curve,) radians of doubled angle
    estimate : (n_curve,) of the property: radians of doubled angle, log kappa, or OSI
    rise : (n_curve,) in squares of `rate`; NaN where nothing is asked
    ends : (2, n_curve) lowest and highest value of the property
    kappa_range : of the fit

    Returns
    -------
    (2, n_curve)
        Infinite on a side where it does not rise so far within the range; NaN without `rise`.
    """
    found = np.full((2, len(rate)), np.nan)
    low, high = math.log(kappa_range[0]), math.log(kappa_range[1])
    _follow_all(
        which, np.ascontiguousarray(rate), np.cos(doubled), np.sin(doubled), mu, estimate, rise,
        ends, low, high, found,
    )  # fmt: skip
    return found


@compiled()
def _follow_all(which, rate, cos_shown, sin_shown, mu, estimate, rise, ends, low, high, found):  # type: ignore[no-untyped-def]
    curve = np.empty(rate.shape[1])
    for i in range(len(rate)):
        if not rise[i] >= 0.0:
            continue
        least = _least(which, rate[i], cos_shown, sin_shown, mu[i], estimate[i], low, high, curve)
        for side in range(2):
            far = ends[side, i]
            at_end = _least(which, rate[i], cos_shown, sin_shown, mu[i], far, low, high, curve)
            if at_end - least < rise[i]:
                found[side, i] = math.inf * (2 * side - 1)
                continue
            near = estimate[i]
            for _ in range(N_HALVINGS):
                middle = (near + far) / 2.0
                loss = _least(which, rate[i], cos_shown, sin_shown, mu[i], middle, low, high, curve)
                if loss - least < rise[i]:
                    near = middle
                else:
                    far = middle
            found[side, i] = (near + far) / 2.0


@compiled()
def _least(which, rate, cos_shown, sin_shown, mu, held, low, high, curve):  # type: ignore[no-untyped-def]
    """Least sum of squares with one property held: over what is free a grid, then golden."""
    first, last = low, high
    if which == KAPPA:
        first, last = mu - WIDEST_TURN, mu + WIDEST_TURN
    elif which == OSI:
        # A curve without baseline has an OSI of tanh(kappa): narrower ones can reach it.
        first = max(low, math.log(math.atanh(held)))
        if first >= last:
            return math.inf
    step = (last - first) / N_GRID
    best, place = math.inf, 0
    for k in range(N_GRID + 1):
        loss = _loss(which, rate, cos_shown, sin_shown, mu, held, first + k * step, curve)
        if loss < best:
            best, place = loss, k
    left = first + max(place - 1, 0) * step
    right = first + min(place + 1, N_GRID) * step
    inner, outer = right - GOLDEN * (right - left), left + GOLDEN * (right - left)
    loss_in = _loss(which, rate, cos_shown, sin_shown, mu, held, inner, curve)
    loss_out = _loss(which, rate, cos_shown, sin_shown, mu, held, outer, curve)
    for _ in range(N_GOLDEN):
        if loss_in < loss_out:
            right, outer, loss_out = outer, inner, loss_in
            inner = right - GOLDEN * (right - left)
            loss_in = _loss(which, rate, cos_shown, sin_shown, mu, held, inner, curve)
        else:
            left, inner, loss_in = inner, outer, loss_out
            outer = left + GOLDEN * (right - left)
            loss_out = _loss(which, rate, cos_shown, sin_shown, mu, held, outer, curve)
    return min(best, loss_in, loss_out)


@compiled()
def _loss(which, rate, cos_shown, sin_shown, mu, held, free, curve):  # type: ignore[no-untyped-def]
    if which == PREFERRED:
        return _solve(rate, cos_shown, sin_shown, held, free, curve)[2]
    if which == KAPPA:
        return _solve(rate, cos_shown, sin_shown, free, held, curve)[2]
    return _loss_of_osi(rate, cos_shown, sin_shown, mu, held, free)


@compiled()
def _loss_of_osi(rate, cos_shown, sin_shown, mu, osi, log_kappa):  # type: ignore[no-untyped-def]
    """Sum of squares of the best curve of that shape: its baseline follows from OSI and kappa."""
    kappa, cos_mu, sin_mu = math.exp(log_kappa), math.cos(mu), math.sin(mu)
    floor = math.exp(-2.0 * kappa)
    baseline = max(((1.0 - floor) / osi - (1.0 + floor)) / 2.0, 0.0)
    product = squared = total = 0.0
    for k in range(len(rate)):
        turn = cos_mu * cos_shown[k] + sin_mu * sin_shown[k] - 1.0
        value = baseline + math.exp(kappa * turn)
        product += value * rate[k]
        squared += value * value
        total += rate[k] * rate[k]
    return total - max(product, 0.0) ** 2 / squared


@compiled()
def _solve(rate, cos_shown, sin_shown, mu, log_kappa, curve):  # type: ignore[no-untyped-def]
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
