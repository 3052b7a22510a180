"""Variability through the course of a trial, at matched mean counts.

A stimulus raises rates, and the Fano factor depends on rate. At each time only as many pairs of
unit and condition of each mean count are used as there are at every time.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ketacortex.analyse.one_animal import keep_all_but_one_group, number_of_groups
from ketacortex.analyse.responses import EpochResponses
from ketacortex.analyse.statistics import Interval, interval_of_difference
from ketacortex.analyse.variability import BINS_PER_DOUBLING, mean_of_finite
from ketacortex.recording.recording import Recording

WINDOW_S = 0.1
STEP_S = 0.05
BEFORE_S = 0.2
"""How far before the onset it begins, where trials are that far apart."""
MIN_MEAN_COUNT = 0.05
"""Spikes a window; with fewer the ratio is of two numbers near 0."""
MIN_MATCHED = 10
"""Pairs of unit and condition that must be common to all times."""
FEWEST_GROUPS = 3


def fano_through_trial(
    recording: Recording,
    responses: EpochResponses,
    is_member: NDArray[np.bool_],
    rng: np.random.Generator,
) -> xr.Dataset:
    """Fano factor in sliding windows from before the onset to the end of the trials.

    Parameters
    ----------
    recording : Recording
    responses : EpochResponses of one of its epochs
    is_member : (n_unit,) units to take
    rng : Generator that deals the trials

    Returns
    -------
    Dataset over `time_s`, the middle of each window from onset
        `fano_factor` of all pairs of unit and condition; `matched` at a distribution of mean counts
        common to all times, with `matched_low` and `matched_high`, its 95 % interval over trials;
        `mean_count`, spikes a window; attributes `n_matched`, `window_s`. Empty where trials are
        shorter than a window; NaN where too little is common.

    Notes
    -----
    Windows of 0.1 s, 0.05 s apart. Pairs are put into bins of mean count (a quarter of a doubling);
    what is given is the expectation over all random choices of the common number from each bin
    (Churchland et al. 2010, 10.1038/nn.2501), so nothing about it is random.
    """
    time_s = _times_s(responses) if is_member.any() else np.zeros(0)
    if not len(time_s):
        return _nothing()
    number, which = np.unique(responses.condition, return_inverse=True)
    shape = (len(time_s), int(is_member.sum()), len(responses.condition))
    counts = np.zeros(shape)
    for k, middle_s in enumerate(time_s):
        first_s = responses.onset_s + middle_s - WINDOW_S / 2.0
        counts[k] = recording.spike_counts(first_s, first_s + WINDOW_S)[is_member]
    everything = np.ones(len(responses.condition), bool)
    raw, matched, n_matched, mean = _fano(counts, which, len(number), everything)
    n_groups = number_of_groups(responses)
    kept = keep_all_but_one_group(responses, n_groups, rng) if n_groups >= FEWEST_GROUPS else []
    without = np.array([_fano(counts, which, len(number), shown)[1] for shown, _ in kept])
    limits = [
        _limits(float(value), without[:, k] if len(kept) else np.zeros(0))
        for k, value in enumerate(matched)
    ]
    return xr.Dataset(
        {
            "fano_factor": ("time_s", raw, {"units": "1"}),
            "matched": ("time_s", matched, {"units": "1"}),
            "matched_low": ("time_s", np.array([one.low for one in limits]), {"units": "1"}),
            "matched_high": ("time_s", np.array([one.high for one in limits]), {"units": "1"}),
            "mean_count": ("time_s", mean, {"units": "spikes"}),
        },
        coords={"time_s": ("time_s", time_s, {"units": "s"})},
        attrs={"n_matched": n_matched, "window_s": WINDOW_S},
    )


def _nothing() -> xr.Dataset:
    names = ("fano_factor", "matched", "matched_low", "matched_high", "mean_count")
    return xr.Dataset(
        {name: ("time_s", np.zeros(0)) for name in names},
        coords={"time_s": ("time_s", np.zeros(0), {"units": "s"})},
        attrs={"n_matched": 0, "window_s": WINDOW_S},
    )


def _times_s(responses: EpochResponses) -> NDArray[np.float64]:
    """Middles of the windows, from before the onset as far as the pause goes."""
    if not len(responses.onset_s):
        return np.zeros(0)
    order = np.argsort(responses.onset_s)
    onset_s, stop_s = responses.onset_s[order], (responses.onset_s + responses.duration_s)[order]
    pause_s = float(np.min(onset_s[1:] - stop_s[:-1])) if len(onset_s) > 1 else 0.0
    before_s = STEP_S * np.floor(max(min(pause_s, BEFORE_S), 0.0) / STEP_S + 1e-9)
    last_s = responses.duration_s.min() - WINDOW_S / 2.0
    return np.arange(WINDOW_S / 2.0 - before_s, last_s + 1e-9, STEP_S)


def _fano(
    counts: NDArray[np.float64],
    which: NDArray[np.intp],
    n_conditions: int,
    kept: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64], int, NDArray[np.float64]]:
    """Raw and matched Fano factor by time, pairs in common, and mean count by time."""
    member = (which[kept][:, None] == np.arange(n_conditions)).astype(float)
    n_trials = member.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = counts[..., kept] @ member / n_trials
        squares = counts[..., kept] ** 2 @ member
        variance = (squares - n_trials * mean**2) / (n_trials - 1)
        fano = np.where(mean >= MIN_MEAN_COUNT, variance / mean, np.nan)
    fano, flat = fano.reshape(len(counts), -1), mean.reshape(len(counts), -1)
    matched, n_matched = _matched(fano, flat)
    return mean_of_finite(fano), matched, n_matched, mean_of_finite(flat)


def _matched(
    fano: NDArray[np.float64], mean: NDArray[np.float64]
) -> tuple[NDArray[np.float64], int]:
    """Mean Fano factor by time over the distribution of means that all times have in common."""
    time, pair = np.nonzero(np.isfinite(fano))
    if not len(time):
        return np.full(len(fano), np.nan), 0
    number = np.floor(np.log2(mean[time, pair]) * BINS_PER_DOUBLING).astype(int)
    number -= number.min()
    n_bins = int(number.max()) + 1
    cell = time * n_bins + number
    size = len(fano) * n_bins
    n_pairs = np.bincount(cell, minlength=size).reshape(-1, n_bins)
    total = np.bincount(cell, fano[time, pair], size).reshape(-1, n_bins)
    common = n_pairs.min(axis=0)
    if common.sum() < MIN_MATCHED:
        return np.full(len(fano), np.nan), int(common.sum())
    matched = (common * total / np.maximum(n_pairs, 1)).sum(axis=1) / common.sum()
    return matched, int(common.sum())


def _limits(value: float, without: NDArray[np.float64]) -> Interval:
    n_groups = len(without)
    if n_groups < FEWEST_GROUPS or not np.isfinite(without).all() or not np.isfinite(value):
        return Interval(mean=value, low=float("nan"), high=float("nan"), n=n_groups)
    variance = float((n_groups - 1) * np.var(without))
    return interval_of_difference(value, [variance], [n_groups - 1])
