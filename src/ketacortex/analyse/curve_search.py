"""Search for the two parameters of a response curve that have no closed form, unit by unit.

Every curve here is a baseline plus one lobe, or two lobes half a turn apart, with a *place* (where
the lobe is) and a *sharpness* (how narrow, or how steep). Baseline and amplitudes, the linear part,
are eliminated (variable projection, Golub and Pereyra 1973, 10.1137/0710036), so that the search is
over place and log sharpness alone: a grid finds the basin and damped Gauss-Newton steps finish it.
Angles here are in radians of one full turn (orientations are doubled), contrasts are logarithms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.curve_linear import Floats, Linear, lobe_moments, solve_linear
from ketacortex.analyse.curve_shapes import CurveShape, fill_lobe, with_turns
from ketacortex.compiled import compiled

N_STEPS = 300
"""Most curves take ten; those that fit badly creep."""
SMALLEST_STEP = 1e-8
"""Radians and log sharpness; 3e-7 degrees of orientation."""
LARGEST_STEP = 0.5
LEAST_RAISED = 1e-3
"""Damping after a step that lost; less would not be felt."""
HALVING = 1.0
"""Damping that halves a step."""
TIE_BREAK = 1e-9
"""Equal starts are settled by their place in the grid, never by rounding."""


def search_curves(
    rate: Floats,
    x: Floats,
    shape: CurveShape,
    start: tuple[NDArray[Any], NDArray[Any]],
    limits: Floats,
    *,
    n_lobes: int = 1,
    is_baseline_free: bool = False,
) -> Floats:
    """Least-squares curves of many units, each on its own and the same in any company.

    Parameters
    ----------
    rate : (n_unit, n_x), finite
    x : (n_x,)
    shape : CurveShape
    start : places (n_place,) and sharpnesses (n_sharpness,) of the grid
    limits : (2, 2) lowest and highest place, lowest and highest sharpness
    n_lobes : 1 or 2, the second half a turn from the first
    is_baseline_free : whether the baseline may be negative

    Returns
    -------
    (n_unit, 5) baseline, amplitude, amplitude of the second lobe, place, sharpness
    """
    place, sharpness = (g.ravel() for g in np.meshgrid(*start, indexing="ij"))
    bounds = np.stack([limits[0], np.log(limits[1])])
    return _search(
        np.ascontiguousarray(rate, float),
        np.ascontiguousarray(x, float),
        int(shape),
        n_lobes,
        is_baseline_free,
        np.stack([place, np.log(sharpness)], axis=1),
        bounds,
    )


@compiled(error_model="numpy")
def _search(
    rate: Floats, x: Floats, shape: int, n_lobes: int, is_free: bool, grid: Floats, bounds: Floats
) -> Floats:
    n_units, n_x = rate.shape
    turns = with_turns(x)
    # The grid along the last axis, so that each x is one pass over contiguous memory.
    heights = np.zeros((n_lobes, n_x, len(grid)))
    moments = np.zeros((len(grid), 5))
    lobes, work, tried_work = np.zeros((2, 3, n_x)), np.zeros((3, n_x)), np.zeros((3, n_x))
    for i in range(len(grid)):
        for lobe in range(n_lobes):
            fill_lobe(turns, grid[i, 0] + lobe * np.pi, np.exp(grid[i, 1]), shape, lobes[lobe])
            heights[lobe, :, i] = lobes[lobe, 0]
        moments[i] = lobe_moments(lobes, n_lobes)
    products = np.zeros((2, len(grid)))
    over_spread = 1.0 / (moments[:, 2] - moments[:, 0] ** 2 / n_x)
    found = np.empty((n_units, 5))
    scaled = np.empty(n_x)
    for unit in range(n_units):
        # Scaled to unit length, so that every tolerance is relative to the unit's own rates.
        size = np.sqrt((rate[unit] ** 2).sum())
        scaled[:] = rate[unit] / size
        best = _scan(scaled, heights, moments, over_spread, n_lobes, is_free, products)
        found[unit] = _refine(
            scaled, turns, shape, n_lobes, is_free, grid[best], bounds, lobes, work, tried_work
        )
        found[unit, :3] *= size
    return found


@compiled(error_model="numpy")
def _scan(
    rate: Floats,
    heights: Floats,
    moments: Floats,
    over_spread: Floats,
    n_lobes: int,
    is_free: bool,
    products: Floats,
) -> int:
    """Place in the grid of the curve that explains most."""
    n_x, n_grid = heights.shape[1:]
    for lobe in range(n_lobes):
        row = products[lobe]
        row[:] = 0.0
        for i in range(n_x):
            weight, height = rate[i], heights[lobe, i]
            for j in range(n_grid):
                row[j] += weight * height[j]
    total = rate.sum()
    best, most = 0, -np.inf
    for j in range(n_grid):
        if n_lobes == 1:
            # Without bounds it would explain this much; most of the grid cannot win.
            apart = products[0, j] - total * moments[j, 0] / n_x
            if total * total / n_x + apart * apart * over_spread[j] - TIE_BREAK * j <= most:
                continue
        along = (total, products[0, j], products[1, j])
        linear = solve_linear(n_x, moments[j], along, n_lobes, is_free)
        explained = linear[0] * along[0] + linear[1] * along[1] + linear[2] * along[2]
        explained -= TIE_BREAK * j
        if explained > most:
            best, most = j, explained
    return best


@compiled(error_model="numpy")
def _refine(
    rate: Floats,
    x: Floats,
    shape: int,
    n_lobes: int,
    is_free: bool,
    begin: Floats,
    bounds: Floats,
    lobes: Floats,
    work: Floats,
    tried_work: Floats,
) -> Floats:
    """Damped Gauss-Newton to the least-squares place and sharpness, (5,) as in `search_curves`."""
    place, sharpness = begin[0], min(max(begin[1], bounds[1, 0]), bounds[1, 1])
    loss, linear = _project(rate, x, shape, n_lobes, is_free, place, sharpness, lobes, work)
    damping = 1e-3
    for _ in range(N_STEPS):
        along_place, along_sharpness, promised = _step(work, place, sharpness, damping, bounds)
        tried_place = min(max(place + along_place, bounds[0, 0]), bounds[0, 1])
        tried_sharpness = min(max(sharpness + along_sharpness, bounds[1, 0]), bounds[1, 1])
        tried_loss, tried_linear = _project(
            rate, x, shape, n_lobes, is_free, tried_place, tried_sharpness, lobes, tried_work
        )
        gained = loss - tried_loss
        if gained >= 0.0:
            place, sharpness, loss, linear = tried_place, tried_sharpness, tried_loss, tried_linear
            work, tried_work = tried_work, work
        # A step that gains little of what it promised overshot: where the curve fits badly it
        # would swing to and fro about the minimum for hundreds of steps.
        if gained < 0.0:
            damping = max(8.0 * damping, LEAST_RAISED)
        elif gained > 0.75 * promised:
            damping *= 0.1
        elif gained < 0.25 * promised:
            damping = max(damping, HALVING)
        if max(abs(along_place), abs(along_sharpness)) <= SMALLEST_STEP:
            break
    return np.array([linear[0], linear[1], linear[2], place, np.exp(sharpness)])


@compiled(error_model="numpy")
def _project(
    rate: Floats,
    x: Floats,
    shape: int,
    n_lobes: int,
    is_free: bool,
    place: float,
    log_sharpness: float,
    lobes: Floats,
    work: Floats,
) -> tuple[float, Linear]:
    """Loss and linear part at a place; into `work` the residual and what place and sharpness add.

    That is their slopes beyond what baseline and amplitudes could do. A linear part held at its
    bound can do nothing and stays out.
    """
    n_x = len(rate)
    t_0 = t_1 = t_2 = 0.0
    for lobe in range(n_lobes):
        fill_lobe(x, place + lobe * np.pi, np.exp(log_sharpness), shape, lobes[lobe])
    for i in range(n_x):
        t_0 += rate[i]
        t_1 += rate[i] * lobes[0, 0, i]
        t_2 += rate[i] * lobes[1, 0, i]
    linear = solve_linear(n_x, lobe_moments(lobes, n_lobes), (t_0, t_1, t_2), n_lobes, is_free)
    loss = 0.0
    for i in range(n_x):
        work[0, i] = rate[i] - linear[0] - linear[1] * lobes[0, 0, i] - linear[2] * lobes[1, 0, i]
        work[1, i] = linear[1] * lobes[0, 1, i] + linear[2] * lobes[1, 1, i]
        work[2, i] = linear[1] * lobes[0, 2, i] + linear[2] * lobes[1, 2, i]
        loss += work[0, i] * work[0, i]
    if linear[0] != 0.0:
        _centre(work[1])
        _centre(work[2])
        _centre(lobes[0, 0])
        _centre(lobes[1, 0])
    if linear[1] > 0.0:
        _remove(lobes[0, 0], work[1])
        _remove(lobes[0, 0], work[2])
    if linear[2] > 0.0:
        if linear[1] > 0.0:
            _remove(lobes[0, 0], lobes[1, 0])
        _remove(lobes[1, 0], work[1])
        _remove(lobes[1, 0], work[2])
    return loss, linear


@compiled(error_model="numpy")
def _dot(first: Floats, second: Floats) -> float:
    total = 0.0
    for i in range(len(first)):
        total += first[i] * second[i]
    return total


@compiled(error_model="numpy")
def _centre(row: Floats) -> None:
    mean = 0.0
    for i in range(len(row)):
        mean += row[i]
    mean /= len(row)
    for i in range(len(row)):
        row[i] -= mean


@compiled(error_model="numpy")
def _remove(direction: Floats, row: Floats) -> None:
    squared = _dot(direction, direction)
    if squared > 0.0:
        share = _dot(direction, row) / squared
        for i in range(len(row)):
            row[i] -= share * direction[i]


@compiled(error_model="numpy")
def _step(
    work: Floats, place: float, sharpness: float, damping: float, bounds: Floats
) -> tuple[float, float, float]:
    """Next step of place and log sharpness, and the loss it promises to take away."""
    steep_place, steep_sharpness = _dot(work[1], work[1]), _dot(work[2], work[2])
    pp = steep_place * (1.0 + damping) + 1e-12
    ss = steep_sharpness * (1.0 + damping) + 1e-12
    ps = _dot(work[1], work[2])
    p, s = _dot(work[1], work[0]), _dot(work[2], work[0])
    determinant = pp * ss - ps**2
    along_place = (ss * p - ps * s) / determinant
    along_sharpness = (pp * s - ps * p) / determinant
    # At a limit of one that the step would cross, only the other can still move.
    if _is_stuck(sharpness, along_sharpness, bounds[1]):
        along_place, along_sharpness = p / pp, 0.0
    elif _is_stuck(place, along_place, bounds[0]):
        along_place, along_sharpness = 0.0, s / ss
    along_place = _limited(along_place, bounds[0] - place)
    along_sharpness = _limited(along_sharpness, bounds[1] - sharpness)
    promised = (
        2.0 * (along_place * p + along_sharpness * s - along_place * along_sharpness * ps)
        - along_place**2 * steep_place
        - along_sharpness**2 * steep_sharpness
    )
    return along_place, along_sharpness, promised


@compiled(error_model="numpy")
def _limited(step: float, room: Floats) -> float:
    return min(max(step, -LARGEST_STEP, room[0]), LARGEST_STEP, room[1])


@compiled(error_model="numpy")
def _is_stuck(value: float, step: float, bound: Floats) -> bool:
    return (value >= bound[1] and step > 0.0) or (value <= bound[0] and step < 0.0)
