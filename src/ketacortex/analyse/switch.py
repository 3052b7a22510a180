"""Which units changed their rate between two epochs, fell silent or became active.

A unit near the border between silent and active crosses it by error alone. So units are classed
on one half of the first epoch and measured on the other half and on as much of the second, and
only crossings of the second in excess of the first are taken for switching.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ketacortex.analyse.responses import EpochResponses
from ketacortex.analyse.shares import wilson_bounds
from ketacortex.analyse.statistics import CONFIDENCE, Interval, NotComputed
from ketacortex.settings import Settings, sourced

MIN_SPIKES = 20
"""Spikes in both epochs together from which the t test of a rate change holds its size."""
MIN_TRIALS = 2
"""Trials of a condition in each epoch: one has no variance."""
MIN_SPIKES_AT_BORDER = 10.0
"""Spikes that a unit at the border fires in half an epoch: with fewer, most of what is silent and
active in one half is a matter of chance."""
MIN_UNITS = 15
"""Units of a class from which the interval of its share covers."""
MIN_CROSSINGS = 6
"""Units that crossed in either comparison, from which sign flips can reach a p value of 0.05."""
N_SPLITS = 16
N_FLIPS = 999


class SwitchRule(Settings):
    """What counts as active."""

    active_above_hz: Annotated[
        float,
        sourced(
            "Hz",
            "fitted: of the order that a session lets one see; no physiology draws this line",
            "mean rate over the conditions from which on a unit is active",
            gt=0,
        ),
    ] = 0.5


@dataclass(frozen=True, kw_only=True)
class RateChange:
    """Change of mean rate of every unit from one epoch to another.

    Parameters
    ----------
    change_hz : (n_unit,) Hz, NaN with fewer than 20 spikes in both epochs together
    low_hz, high_hz : (n_unit,) Hz, interval of 95 %
    p_value : (n_unit,)
    """

    change_hz: NDArray[np.float64]
    low_hz: NDArray[np.float64]
    high_hz: NDArray[np.float64]
    p_value: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Switching:
    """Shares of units of one animal that switched, in excess of crossings by error.

    Parameters
    ----------
    fell_silent, became_active : Interval over units of one animal, or the reason for none
        Of the units classed active, and silent; 0 without switching, and negative by chance.
    off_p_value, on_p_value : probability of so many crossings without any switching
        NaN where fewer than 6 units crossed.
    off_within, on_within : share that crosses by error alone, between the halves of one epoch
    """

    fell_silent: Interval | NotComputed
    became_active: Interval | NotComputed
    off_p_value: float
    on_p_value: float
    off_within: float
    on_within: float


def rate_change(first: EpochResponses, second: EpochResponses) -> RateChange:
    """Change of the mean rate over the conditions that both epochs show, unit by unit.

    Parameters
    ----------
    first, second : EpochResponses
        Conditions with at least 2 trials in each epoch are used, each with the same weight.

    Returns
    -------
    RateChange

    Notes
    -----
    ``D = mean_c (r_2c - r_1c)``; its variance is the mean of the variances of condition means,
    ``sum_c (s_1c^2 / n_1c + s_2c^2 / n_2c) / C^2``, with the degrees of freedom that Satterthwaite
    (1946) gives. Nothing is assumed about the distribution of counts: any Fano factor will do, in
    either epoch. Trials must be independent: what drifts over minutes is not seen as error.

    References
    ----------
    Welch (1947) 10.1093/biomet/34.1-2.28
    """
    shared = _shared_conditions(first, second)
    change_hz = np.zeros(len(first.counts))
    variance, squares = np.zeros_like(change_hz), np.zeros_like(change_hz)
    for responses, sign in ((first, -1.0), (second, 1.0)):
        for number in shared:
            rate_hz = _rates_hz(responses, number)
            n = rate_hz.shape[1]
            part = rate_hz.var(axis=1, ddof=1) / n
            change_hz += sign * rate_hz.mean(axis=1)
            variance += part
            squares += part**2 / (n - 1)
    spikes = sum(r.counts[:, np.isin(r.condition, shared)].sum(axis=1) for r in (first, second))
    is_measured = (spikes >= MIN_SPIKES) & (variance > 0)
    n_shared = max(len(shared), 1)
    change_hz = np.where(is_measured, change_hz / n_shared, np.nan)
    error_hz = np.where(is_measured, np.sqrt(variance) / n_shared, 1.0)
    degrees = np.divide(variance**2, squares, out=np.ones_like(squares), where=is_measured)
    half_hz = stats.t.ppf(0.5 + CONFIDENCE / 2.0, degrees) * error_hz
    return RateChange(
        change_hz=change_hz,
        low_hz=change_hz - half_hz,
        high_hz=change_hz + half_hz,
        p_value=np.asarray(2.0 * stats.t.sf(np.abs(change_hz) / error_hz, degrees)),
    )


def switching(
    first: EpochResponses,
    second: EpochResponses,
    rng: np.random.Generator,
    rule: SwitchRule | None = None,
) -> Switching | NotComputed:
    """Shares of active units that fell silent and of silent ones that became active.

    Parameters
    ----------
    first, second : EpochResponses
        Conditions with at least 4 trials in the first and 2 in the second epoch are used.
    rng : Generator of the halvings and sign flips
    rule : SwitchRule, the defaults without one

    Returns
    -------
    Switching or NotComputed
        Not computed where a unit at the border fires fewer than 10 spikes in half an epoch, and
        share by share with fewer than 15 units of a class.

    Notes
    -----
    With q(x | y) the share of units of class y in one half of the first epoch that are x in the
    other half, and q' the same measured on as many trials of the second epoch::

        share = (q' - q)(silent | active) / (1 - q(silent | active) - q(active | silent))

    The denominator is the share of units that a measurement classes right in excess of wrong, so
    that a unit that takes on the rate of the other class counts as one. The interval is
    Wilson's, wider by the errors of units near the border (without any switching it holds 0 in 99
    of 100 animals); it speaks of this animal alone. Without switching the two measured halves
    could be exchanged: the p value comes of exchanging them unit by unit.

    References
    ----------
    Wilson (1927) 10.1080/01621459.1927.10502953; Barnett, van der Pols and Dobson (2005)
    10.1093/ije/dyh299, for regression to the mean.
    """
    border_hz = (rule or SwitchRule()).active_above_hz
    halves = _crossings(first, second, border_hz, rng)
    if isinstance(halves, NotComputed):
        return halves
    weight, within, between = halves
    off_within, on_within = (_share(within[k], weight[k]) for k in range(2))
    right = 1.0 - off_within - on_within
    shares = [_corrected(weight[k], within[k], between[k], right, k) for k in range(2)]
    p_values = [_exchange_p_value(between[k] - within[k], rng) for k in range(2)]
    return Switching(
        fell_silent=shares[0],
        became_active=shares[1],
        off_p_value=p_values[0],
        on_p_value=p_values[1],
        off_within=off_within,
        on_within=on_within,
    )


def _shared_conditions(
    first: EpochResponses, second: EpochResponses, n_first: int = MIN_TRIALS
) -> NDArray[np.int64]:
    shared = [
        number
        for number in np.intersect1d(first.condition, second.condition)
        if (first.condition == number).sum() >= n_first
        and (second.condition == number).sum() >= MIN_TRIALS
    ]
    return np.array(shared, np.int64)


def _rates_hz(responses: EpochResponses, number: int) -> NDArray[np.float64]:
    here = responses.condition == number
    return responses.counts[:, here] / responses.duration_s[here]


def _crossings(
    first: EpochResponses, second: EpochResponses, border_hz: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | NotComputed:
    """Weight of each unit in each class, and crossings out of it in the two comparisons.

    Each (2, n_unit), active first; sums over splits, in units of splits.
    """
    shared = _shared_conditions(first, second, 2 * MIN_TRIALS)
    if not len(shared):
        return NotComputed("no condition has 4 trials in the first epoch and 2 in the second.")
    rates = [(_rates_hz(first, number), _rates_hz(second, number)) for number in shared]
    sizes = [min(a.shape[1] // 2, b.shape[1]) for a, b in rates]
    half_s = float(np.median(first.duration_s)) * sum(sizes)
    if border_hz * half_s < MIN_SPIKES_AT_BORDER:
        return NotComputed(
            f"a unit at {border_hz:g} Hz fires {border_hz * half_s:.1f} spikes in half an epoch; "
            f"{MIN_SPIKES_AT_BORDER:g} are needed to tell active from silent."
        )
    n_units = len(first.counts)
    weight, within, between = (np.zeros((2, n_units)) for _ in range(3))
    for _ in range(N_SPLITS):
        mean_hz = np.zeros((3, n_units))
        for (a, b), n in zip(rates, sizes, strict=True):
            order, other = rng.permutation(a.shape[1]), rng.permutation(b.shape[1])
            mean_hz[0] += a[:, order[:n]].mean(axis=1)
            mean_hz[1] += a[:, order[n : 2 * n]].mean(axis=1)
            mean_hz[2] += b[:, other[:n]].mean(axis=1)
        is_active = mean_hz / len(shared) >= border_hz
        is_known = np.isfinite(mean_hz).all(axis=0)
        for k, is_member in enumerate((is_active[0] & is_known, ~is_active[0] & is_known)):
            weight[k] += is_member / N_SPLITS
            within[k] += (is_member & (is_active[1] != is_active[0])) / N_SPLITS
            between[k] += (is_member & (is_active[2] != is_active[0])) / N_SPLITS
    return weight, within, between


def _share(crossed: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    return float(crossed.sum() / weight.sum()) if weight.sum() else 0.0


def _corrected(
    weight: NDArray[np.float64],
    within: NDArray[np.float64],
    between: NDArray[np.float64],
    right: float,
    which: int,
) -> Interval | NotComputed:
    n_units = weight.sum()
    if n_units < MIN_UNITS:
        kind = ("active", "silent")[which]
        return NotComputed(f"{n_units:.0f} units were {kind}; their share needs {MIN_UNITS}.")
    excess = (between - within) / right
    share = float(excess.sum() / n_units)
    # A unit that crossed in some halvings or within an epoch is near the border: its crossings are
    # errors, which vary whether or not anything switches.
    is_near = (within > 0) | (between < weight)
    added = float((excess[is_near] ** 2).sum() / n_units**2)
    low, high = wilson_bounds(share, n_units, added_variance=added)
    return Interval(mean=share, low=low, high=high, n=round(float(n_units)))


def _exchange_p_value(excess: NDArray[np.float64], rng: np.random.Generator) -> float:
    """Two-sided, from signs flipped unit by unit; NaN with fewer than 6 units that crossed."""
    crossed = excess[np.abs(excess) > 1e-9]
    if len(crossed) < MIN_CROSSINGS:
        return float("nan")
    sign = rng.choice([-1.0, 1.0], (N_FLIPS, len(crossed)))
    flipped = np.abs(sign @ crossed)
    return float((1 + (flipped >= abs(crossed.sum()) - 1e-9).sum()) / (1 + N_FLIPS))
