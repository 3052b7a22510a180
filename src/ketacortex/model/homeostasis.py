r"""Homeostasis of a cell: what some of its branches gain, the others lose.

The weights of a cell keep their sum. What is missing is given to every branch in proportion to its
distance from the upper bound, what is too much is taken in proportion to that from the lower one,

.. math::

    p_b \leftarrow p_b + \mu\,(p_{max} - p_b), \quad
    \mu = \frac{n - \sum p}{\sum (p_{max} - p)}, \qquad\text{or}\qquad
    p_b \leftarrow p_b - \mu\,(p_b - p_{min}),

so a weight that lies within the bounds stays there.

El-Boustani et al. 2018, 10.1126/science.aao0862 (potentiation of some synapses with depression of
their neighbours in visual cortex); Turrigiano 2008, 10.1016/j.cell.2008.10.008.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def keep_sum(weight: NDArray[np.float64], lowest: float, highest: float) -> NDArray[np.float64]:
    """Weights of every cell with a mean of 1 over its branches.

    Parameters
    ----------
    weight : (n_branch, n_cell) within the bounds
    lowest, highest : bounds on both sides of 1

    Returns
    -------
    (n_branch, n_cell) within the bounds

    Examples
    --------
    >>> keep_sum(np.array([[2.0], [1.0], [1.0]]), 0.2, 2.5).sum(axis=0).round(12)
    array([3.])
    """
    n = len(weight)
    missing = n - weight.sum(axis=0)
    to_give, to_take = highest - weight, weight - lowest
    room = np.where(missing > 0, to_give.sum(axis=0), to_take.sum(axis=0))
    share = np.divide(missing, room, out=np.zeros_like(room), where=room > 0)
    return np.clip(weight + share * np.where(missing > 0, to_give, to_take), lowest, highest)
