"""The linear part of a response curve: baseline and amplitudes for given lobes.

None is below 0, save the baseline where it is left free. The few columns are solved in closed form,
bound by bound, which is exact: the problem is convex.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketacortex.compiled import compiled

Floats: TypeAlias = NDArray[np.float64]
Moments: TypeAlias = tuple[float, float, float, float, float]
"""Sums of first and second lobe, then of their products 11, 12, 22."""
Linear: TypeAlias = tuple[float, float, float]
"""Baseline, amplitude, amplitude of the second lobe."""


@compiled(error_model="numpy")
def lobe_moments(lobes: Floats, n_lobes: int) -> Moments:
    """Sums of first and second lobe, then of their products 11, 12, 22."""
    first, second = lobes[0, 0], lobes[1, 0]
    s_1 = s_2 = s_11 = s_12 = s_22 = 0.0
    for i in range(len(first)):
        s_1 += first[i]
        s_11 += first[i] * first[i]
    if n_lobes == 2:
        for i in range(len(first)):
            s_2 += second[i]
            s_12 += first[i] * second[i]
            s_22 += second[i] * second[i]
    return s_1, s_2, s_11, s_12, s_22


@compiled(error_model="numpy")
def solve_linear(
    n_x: int, moments: Moments, along: tuple[float, float, float], n_lobes: int, is_free: bool
) -> Linear:
    """Best baseline and amplitudes, none below 0 but perhaps the baseline.

    Parameters
    ----------
    moments : of the lobes, as `lobe_moments` gives them
    along : products of the rates with baseline, first and second lobe
    """
    s_1, s_2, s_11, s_12, s_22 = moments
    if n_lobes == 1:
        baseline, first = _solve_two(n_x, s_1, s_11, along[0], along[1], is_free)
        return baseline, first, 0.0
    c_11, c_12, c_22 = s_11 - s_1 * s_1 / n_x, s_12 - s_1 * s_2 / n_x, s_22 - s_2 * s_2 / n_x
    t_1, t_2 = along[1] - s_1 * along[0] / n_x, along[2] - s_2 * along[0] / n_x
    determinant = c_11 * c_22 - c_12 * c_12
    first = (c_22 * t_1 - c_12 * t_2) / determinant
    second = (c_11 * t_2 - c_12 * t_1) / determinant
    baseline = (along[0] - first * s_1 - second * s_2) / n_x
    if first >= 0 and second >= 0 and (is_free or baseline >= 0):
        return baseline, first, second
    # One of the three is 0: the best of the three pairs.
    baseline, first = _solve_two(n_x, s_1, s_11, along[0], along[1], is_free)
    best = (baseline, first, 0.0)
    most = baseline * along[0] + first * along[1]
    baseline, second = _solve_two(n_x, s_2, s_22, along[0], along[2], is_free)
    if baseline * along[0] + second * along[2] > most:
        best, most = (baseline, 0.0, second), baseline * along[0] + second * along[2]
    if not is_free:
        first, second = _solve_two(s_11, s_12, s_22, along[1], along[2], False)
        if first * along[1] + second * along[2] > most:
            best = (0.0, first, second)
    return best


@compiled(error_model="numpy")
def _solve_two(
    s_11: float, s_12: float, s_22: float, t_1: float, t_2: float, is_free: bool
) -> tuple[float, float]:
    """Least squares on two columns, neither coefficient below 0 but the first where free."""
    determinant = s_11 * s_22 - s_12 * s_12
    first = (s_22 * t_1 - s_12 * t_2) / determinant
    second = (s_11 * t_2 - s_12 * t_1) / determinant
    if second >= 0 and (is_free or first >= 0):
        return first, second
    if is_free:
        return t_1 / s_11, 0.0
    first, second = max(t_1, 0.0) / s_11, max(t_2, 0.0) / s_22
    return (first, 0.0) if first * t_1 >= second * t_2 else (0.0, second)
