"""Whole recordings: two epochs of one animal, or of several, put through the comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.planted.entry import Estimator, NullTest
from ketacortex.analyse.compare import compare_sides
from ketacortex.recording.recording import Recording, Subject
from ketacortex.recording.selection import only_epoch

ORIENTATION_DEG = np.arange(12) * 15.0
DURATION_S = 0.5
EPOCHS = ("first", "second")
BLANKS_A_REPEAT = 2


@dataclass(frozen=True, kw_only=True)
class Planted:
    """An animal of two epochs.

    Parameters
    ----------
    n_units, n_repeats : units, and repeats of each orientation in each epoch
    gain_sd : standard deviation of the log of a gain that all units share from trial to trial
    rate_factor : rates of the second epoch over those of the first
    shift_deg : standard deviation of the true shifts of preferred orientation
    overdispersion : excess of the Fano factor per spike of a unit's own
    """

    n_units: int = 24
    n_repeats: tuple[int, int] = (10, 10)
    gain_sd: float = 0.3
    rate_factor: float = 1.0
    shift_deg: float = 0.0
    overdispersion: float = 0.1


def animal(rng: np.random.Generator, planted: Planted, name: str = "animal") -> Recording:
    """A recording of heterogeneous units; the same units in both epochs."""
    n = planted.n_units
    preferred_deg = rng.uniform(0.0, 180.0, n)
    kappa = np.exp(rng.normal(0.7, 0.6, n)).clip(0.3, 8.0)
    floor = rng.beta(2.0, 4.0, n)
    mean_hz = np.exp(rng.normal(1.8, 0.7, n))
    moved_deg = preferred_deg + planted.shift_deg * rng.standard_normal(n)
    counts, shown_deg, epoch = [], [], []
    for which, (name_of_epoch, mu_deg) in enumerate(
        zip(EPOCHS, (preferred_deg, moved_deg), strict=True)
    ):
        repeats = planted.n_repeats[which]
        order = rng.permutation(np.tile(np.arange(12), repeats))
        rate_hz = _curves(mu_deg, kappa, floor, mean_hz)
        blank_hz = np.repeat(0.3 * mean_hz[:, None], BLANKS_A_REPEAT * repeats, axis=1)
        expected = np.hstack([rate_hz[:, order], blank_hz]) * DURATION_S
        expected = expected * (planted.rate_factor if which else 1.0)
        gain = np.exp(rng.normal(-(planted.gain_sd**2) / 2, planted.gain_sd, expected.shape[1]))
        shape = 1.0 / planted.overdispersion
        counts.append(rng.poisson(expected * gain * rng.gamma(shape, 1.0 / shape, expected.shape)))
        shown_deg.append(np.append(ORIENTATION_DEG[order], np.full(len(blank_hz[0]), np.nan)))
        epoch += [name_of_epoch] * expected.shape[1]
    return _recording(np.hstack(counts), np.concatenate(shown_deg), epoch, rng, name)


def _curves(
    mu_deg: NDArray[np.float64],
    kappa: NDArray[np.float64],
    floor: NDArray[np.float64],
    mean_hz: NDArray[np.float64],
) -> NDArray[np.float64]:
    turn = np.cos(np.deg2rad(2.0 * (ORIENTATION_DEG - mu_deg[:, None]))) - 1.0
    curve = floor[:, None] + np.exp(kappa[:, None] * turn)
    return curve / curve.mean(axis=1, keepdims=True) * mean_hz[:, None]


def _recording(
    counts: NDArray[np.int64],
    shown_deg: NDArray[np.float64],
    epoch: list[str],
    rng: np.random.Generator,
    name: str,
) -> Recording:
    onset_s = np.arange(len(shown_deg), dtype=float)
    unit, trial = np.nonzero(counts)
    n_spikes = counts[unit, trial]
    unit, trial, of_trial = (np.repeat(v, n_spikes) for v in (unit, trial, n_spikes))
    # One spike in each of n parts of the trial, away from its ends: none in a refractory period.
    first = np.cumsum(n_spikes) - n_spikes
    part = np.arange(len(trial)) - np.repeat(first, n_spikes)
    place = (part + rng.uniform(0.3, 0.7, len(trial))) / of_trial
    samples = np.floor((onset_s[trial] + place * DURATION_S) * 1e4).astype(int)
    order = np.lexsort((samples, unit))
    return Recording(
        subject=Subject(identifier=name),
        spike_samples=samples[order],
        spike_index=np.append(0, np.cumsum(np.bincount(unit, minlength=len(counts)))),
        sample_rate_hz=1e4,
        units=pd.DataFrame({"cell_class": ["unknown"] * len(counts)}),
        trials=pd.DataFrame(
            {
                "onset_s": onset_s,
                "offset_s": onset_s + DURATION_S,
                "orientation_deg": shown_deg,
                "epoch": epoch,
            }
        ),
        epochs=pd.DataFrame({"name": [], "start_s": [], "stop_s": []}),
        start_s=0.0,
        stop_s=float(len(shown_deg)),
    )


def compared(recordings: list[Recording]) -> pd.DataFrame:
    """Rows of the comparison of the two epochs, by measure."""
    sides = [
        {one.subject.identifier: only_epoch(one, epoch) for one in recordings} for epoch in EPOCHS
    ]
    return compare_sides(sides[0], sides[1], EPOCHS).effects.set_index("measure")


def _p_values(planted: Planted, n_animals: int = 1) -> Callable:
    """p values of every measure of a comparison."""

    def of(rng: np.random.Generator) -> NDArray[np.float64]:
        rows = compared([animal(rng, planted, f"animal {i}") for i in range(n_animals)])
        return rows["p_value"].to_numpy()

    return of


def _covers_rate_ratio(rng: np.random.Generator) -> NDArray[np.bool_]:
    row = compared([animal(rng, Planted(rate_factor=1.4))]).loc["evoked_rate_hz"]
    return np.array([row["ratio_ci_low"] <= 1.4 <= row["ratio_ci_high"]])


def _covers_excess_shift(rng: np.random.Generator) -> NDArray[np.bool_]:
    """Of an unmoved population, whose excess is 0; weighted over units as a single animal is."""
    rows = compared([animal(rng, Planted(n_units=40))])
    if "preferred_orientation_shift_excess_deg" not in rows.index:
        return np.empty(0, bool)
    row = rows.loc["preferred_orientation_shift_excess_deg"]
    return np.array([row["ci_low"] <= 0 <= row["ci_high"]])


def _covers_animals(rng: np.random.Generator) -> NDArray[np.bool_]:
    rows = compared(
        [
            animal(rng, Planted(n_units=12, n_repeats=(5, 5), rate_factor=0.8), f"{i}")
            for i in range(4)
        ]
    )
    row = rows.loc["evoked_rate_hz"]
    return np.array([row["ratio_ci_low"] <= 0.8 <= row["ratio_ci_high"]])


ESTIMATORS = (
    Estimator(
        name="rate_ratio_one_animal",
        domain="one animal, 24 units that share a gain, 10 repeats of 12 orientations an epoch",
        covers=_covers_rate_ratio,
    ),
    Estimator(
        name="excess_shift_one_animal",
        domain="one animal, 40 units of which 5 or more are tuned in all halves, no shift",
        covers=_covers_excess_shift,
    ),
    Estimator(
        name="rate_ratio_over_animals",
        domain="4 animals of 12 units, 5 repeats of 12 orientations an epoch",
        covers=_covers_animals,
    ),
)
TESTS = (
    NullTest(
        name="compare_one_animal",
        null="every measure of one animal: 24 units that share a gain, 10 repeats an epoch",
        p_values=_p_values(Planted()),
    ),
    NullTest(
        name="compare_one_animal_uneven",
        null="the same with 6 repeats against 15",
        p_values=_p_values(Planted(n_repeats=(6, 15))),
    ),
    NullTest(
        name="compare_animals",
        null="every measure of 5 animals of 16 units, 6 repeats an epoch",
        p_values=_p_values(Planted(n_units=16, n_repeats=(6, 6)), n_animals=5),
    ),
)
