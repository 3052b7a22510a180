"""Slopes of recovery over animals in some of which hardly anything moved, an arm and its control.

Both arms share what was before and directly after the adapter, as arms of one simulated animal do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.planted.entry import Estimator, NullTest
from ketacortex.analyse.adaptation import ADAPTED_PAIR_COLUMNS
from ketacortex.analyse.population import compare_animals
from ketacortex.analyse.recovery_values import recovery_values

SLOPES = {"arm": -0.4, "control": -0.15}
N_SPLITS = 4
CLAIM = "arm_minus_control"


@dataclass(frozen=True)
class PlantedAnimal:
    """Findings that hold the measures of recovery of one animal."""

    animal: str
    pairs: pd.DataFrame
    not_computed: list[dict[str, Any]] = field(default_factory=list)


def animal(
    rng: np.random.Generator, name: str, slopes: dict[str, float]
) -> list[tuple[str, PlantedAnimal]]:
    """One animal in both arms: cells that moved by 2 to 12 degrees, measured to 3 to 8.

    Parameters
    ----------
    slopes : of each arm, what of a shift is added to it later; animals differ by 0.1
    """
    n_units = int(rng.integers(40, 120))
    error_deg = np.exp(rng.normal(1.5, 0.3, n_units)).clip(3.0, 8.0)
    before_deg = rng.uniform(0.0, 180.0, n_units)
    shift_deg = rng.normal(0.0, rng.uniform(2.0, 12.0), n_units)
    at_first = [_halves(deg, error_deg, rng) for deg in (before_deg, before_deg + shift_deg)]
    found = []
    for arm, slope in slopes.items():
        kept_deg = shift_deg * (1.0 + slope + rng.normal(0.0, 0.1))
        values = recovery_values(*at_first, _halves(before_deg + kept_deg, error_deg, rng))
        rows = [
            dict(zip(ADAPTED_PAIR_COLUMNS, row, strict=True))
            for measure, v in values.items()
            if isinstance(v, tuple)
            for row in [(measure, "later", "before", "pyr", np.nan, *v)]
        ]
        found.append((arm, PlantedAnimal(name, pd.DataFrame(rows, columns=ADAPTED_PAIR_COLUMNS))))
    return found


def rows_of_arms(rng: np.random.Generator, slopes: dict[str, float]) -> pd.DataFrame:
    """Effects in 4 to 8 animals, on slope and classes; none of what is not told."""
    sessions = [
        session
        for number in range(int(rng.integers(4, 9)))
        for session in animal(rng, f"animal {number}", slopes)
    ]
    return compare_animals(sessions, {CLAIM: ("arm", "control")}).effects


def _halves(
    preferred_deg: NDArray[np.float64], error_deg: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Preference in the halves of several halvings of the same trials, (n_unit, 2, n_split) deg."""
    half = rng.normal(size=(len(preferred_deg), 2, N_SPLITS)) * error_deg[:, None, None]
    return np.asarray((preferred_deg[:, None, None] + half) % 180.0)


def _covers_slopes(rng: np.random.Generator) -> NDArray[np.bool_]:
    effects = rows_of_arms(rng, SLOPES)
    rows = effects[effects["measure"] == "recovery_slope"]
    truth = {**SLOPES, CLAIM: SLOPES["arm"] - SLOPES["control"]}
    return np.array([row.ci_low <= truth[str(row.arm)] <= row.ci_high for row in rows.itertuples()])


def _p_values(slope: float, *arms: str) -> Callable:
    """p values of slope and classes where both arms recover by as much."""

    def of(rng: np.random.Generator) -> NDArray[np.float64]:
        effects = rows_of_arms(rng, dict.fromkeys(SLOPES, slope))
        return effects.loc[effects["arm"].isin(arms), "p_value"].to_numpy(float)

    return of


ESTIMATORS = (
    Estimator(
        name="recovery_slope_over_animals",
        domain="4 to 8 animals of 40 to 120 units that moved by 2 to 12 degrees, in two arms",
        covers=_covers_slopes,
    ),
)
TESTS = (
    NullTest(
        name="recovery_of_arms",
        null="4 to 8 animals in two arms that recover alike: slope and classes",
        p_values=_p_values(-0.3, CLAIM),
    ),
    NullTest(
        name="recovery_over_animals",
        null="4 to 8 animals whose shifts stay: slope and classes",
        p_values=_p_values(0.0, *SLOPES),
    ),
)
