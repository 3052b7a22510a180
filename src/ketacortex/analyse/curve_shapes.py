"""Shapes of the lobes that response curves are made of, with their slopes.

A lobe has a *place* (where it is) and a *sharpness* (how narrow, or how steep). Angles are in
radians of one full turn (orientations are doubled), contrasts are logarithms.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ketacortex.compiled import compiled

N_IMAGES = 2
"""Images of the Gaussian on either side; the next adds less than 1e-9 at sharpness 0.3."""


class CurveShape(IntEnum):
    """Shape of a lobe, with the equation of its height h at x, place p, sharpness k.

    VON_MISES : h = exp(k (cos(x - p) - 1))
    WRAPPED_GAUSSIAN : h = sum over images m of exp(-k (x - p + 2 pi m)^2 / 2)
    NAKA_RUSHTON : h = 1 / (1 + exp(-k (x - p))), with x the log of contrast
    """

    VON_MISES = 0
    WRAPPED_GAUSSIAN = 1
    NAKA_RUSHTON = 2


_GAUSSIAN = int(CurveShape.WRAPPED_GAUSSIAN)
_SIGMOID = int(CurveShape.NAKA_RUSHTON)


@compiled(error_model="numpy")
def lobe_slopes(
    x: NDArray[np.float64], place: NDArray[np.float64], sharpness: NDArray[np.float64], shape: int
) -> NDArray[np.float64]:
    """Height of a lobe and its slopes along place and log sharpness, (3, n_unit, n_x).

    Parameters
    ----------
    x : (n_x,)
    place, sharpness : (n_unit,)
    shape : int of a CurveShape
    """
    out = np.empty((3, len(place), len(x)))
    turns = with_turns(x)
    for unit in range(len(place)):
        fill_lobe(turns, place[unit], sharpness[unit], shape, out[:, unit])
    return out


@compiled(error_model="numpy")
def with_turns(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """An x with its cosine and sine, (3, n_x), because a sum of angles is cheaper than they are."""
    return np.stack((x, np.cos(x), np.sin(x)))


@compiled(error_model="numpy")
def fill_lobe(
    x: NDArray[np.float64], place: float, sharpness: float, shape: int, out: NDArray[np.float64]
) -> None:
    """Height of a lobe and its slopes along place and log sharpness, into `out` (3, n_x).

    Parameters
    ----------
    x : (3, n_x) from `with_turns`
    """
    if shape == _SIGMOID:
        _fill_sigmoid(x[0], place, sharpness, out)
    elif shape == _GAUSSIAN:
        _fill_gaussian(x[0], place, sharpness, out)
    else:
        cosine, sine = np.cos(place), np.sin(place)
        for i in range(x.shape[1]):
            turn = x[1, i] * cosine + x[2, i] * sine - 1.0
            height = np.exp(sharpness * turn)
            out[0, i] = height
            out[1, i] = sharpness * (x[2, i] * cosine - x[1, i] * sine) * height
            out[2, i] = sharpness * turn * height


@compiled(error_model="numpy")
def _fill_sigmoid(
    x: NDArray[np.float64], place: float, sharpness: float, out: NDArray[np.float64]
) -> None:
    for i in range(len(x)):
        away = x[i] - place
        height = 1.0 / (1.0 + np.exp(-sharpness * away))
        steep = height * (1.0 - height)
        out[0, i] = height
        out[1, i] = -sharpness * steep
        # Contrast 0 lies at minus infinity, where nothing depends on either.
        out[2, i] = sharpness * away * steep if steep > 0 else 0.0


@compiled(error_model="numpy")
def _fill_gaussian(
    x: NDArray[np.float64], place: float, sharpness: float, out: NDArray[np.float64]
) -> None:
    for i in range(len(x)):
        away = (x[i] - place + np.pi) % (2.0 * np.pi) - np.pi
        out[0, i] = out[1, i] = out[2, i] = 0.0
        for image in range(-N_IMAGES, N_IMAGES + 1):
            apart = away + 2.0 * np.pi * image
            height = np.exp(-0.5 * sharpness * apart**2)
            out[0, i] += height
            out[1, i] += sharpness * apart * height
            out[2, i] -= 0.5 * sharpness * apart**2 * height
