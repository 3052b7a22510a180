r"""Exact course of a linear system that is fed at a constant rate for a while.

.. math:: \dot x = A x + b\,[t < T], \qquad x(0) = x_0

A step :math:`h` with :math:`\lVert A \rVert h \le 1` is taken exactly, its power doubled until the
whole course is covered, and what lies between two steps is a short series. Eigenvectors would be
shorter to write, and fail where two rates agree, as an absorption and an exchange of 0.3/min do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from ketacortex.errors import ConfigurationError

ROUNDING = 1e-9  # by which times may pass the end of the table
N_TERMS = 18  # of the series: 1/18! is below the rounding of a double

Array = NDArray[np.float64]


class LinearCourse:
    """States of a linear system from time 0 on.

    Parameters
    ----------
    rates : (n, n) A, 1/s
    start : (n,) x0
    feed : (n,) b, per s
    fed_s : s, T
    horizon_s : s, the last time that will be asked for

    Examples
    --------
    >>> decay = LinearCourse(np.array([[-0.1]]), np.ones(1), np.zeros(1), 0.0, 100.0)
    >>> bool(np.isclose(decay.at(np.array([20.0]))[0, 0], np.exp(-2.0), rtol=1e-14))
    True
    """

    def __init__(
        self, rates: Array, start: Array, feed: Array, fed_s: float, horizon_s: float
    ) -> None:
        n = len(start)
        self._horizon_s = horizon_s
        driven = np.zeros((n + 1, n + 1))
        driven[:n, :n], driven[:n, n] = rates, feed
        self._fed_s = fed_s
        self._while_fed = _Stretch(driven, np.append(start, 1.0), min(fed_s, horizon_s))
        end_s = min(fed_s, horizon_s)
        after = start if fed_s == 0 else self._while_fed.at(np.array([end_s]))[:n, 0]
        self._after = _Stretch(rates, after, max(horizon_s - fed_s, 0.0))

    def at(self, time_s: Array) -> Array:
        """States at given times, (n, n_time); 0 before time 0.

        Raises
        ------
        ConfigurationError
            After `horizon_s`, where the tables end.
        """
        if len(time_s) and time_s.max() > self._horizon_s * (1 + ROUNDING):
            raise ConfigurationError(
                f"the course at {time_s.max():g} s was asked for, but it was computed to "
                f"{self._horizon_s:g} s. Give it a later horizon_s."
            )
        found = np.zeros((len(self._after.rates), len(time_s)))
        fed = (time_s >= 0) & (time_s < self._fed_s)
        found[:, fed] = self._while_fed.at(time_s[fed])[:-1]
        after = time_s >= self._fed_s
        found[:, after] = self._after.at(time_s[after] - self._fed_s)
        return found


class _Stretch:
    """x' = A x over one stretch, tabled at steps short enough for a series in between."""

    def __init__(self, rates: Array, start: Array, duration_s: float) -> None:
        self.rates = rates
        fastest = np.abs(rates).sum(axis=1).max()
        n_steps = max(int(np.ceil(fastest * duration_s)), 1)
        self._step_s = duration_s / n_steps
        table, power = start[:, None], expm(rates * self._step_s)
        while table.shape[1] <= n_steps:
            table = np.concatenate([table, _times(power, table)], axis=1)
            power = _times(power, power)
        self._table = table[:, : n_steps + 1]

    def at(self, time_s: Array) -> Array:
        """States at times from its start on, (n, n_time)."""
        last = self._table.shape[1] - 1
        if self._step_s == 0:
            return np.repeat(self._table[:, :1], len(time_s), axis=1)
        place = np.clip((time_s / self._step_s).astype(np.int64), 0, last)
        beyond_s = time_s - place * self._step_s
        term = self._table[:, place]
        total = term.copy()
        for k in range(1, N_TERMS + 1):
            term = _times(self.rates, term) * (beyond_s / k)
            total += term
        return total


def _times(left: Array, right: Array) -> Array:
    """Matrix product without the threads of BLAS, which cost more than these small ones take."""
    return np.einsum("ij,jk->ik", left, right)
