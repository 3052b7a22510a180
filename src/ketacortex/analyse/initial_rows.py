"""Change against initial value in recordings: what is regression to the mean, and what is not.

Rates and selectivity between the first epoch and each later one; shifts of preferred orientation
between the first two epochs and each third one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.analyse.halves import GOSI, LOG_RATE, PREFERRED
from ketacortex.analyse.initial_value import initial_value
from ketacortex.analyse.ratio_of_sums import Estimate
from ketacortex.analyse.session import ALL_UNITS, SessionFindings
from ketacortex.analyse.signed_recovery import Recovery, signed_recovery
from ketacortex.analyse.statistics import NotComputed

SHIFT = "preferred_orientation_shift_deg"
INITIAL_COLUMNS = [
    "measure", "arm", "reference", "epoch", "population", "slope", "slope_from_noise", "excess",
    "excess_ci_low", "excess_ci_high", "excess_p", "independent_slope", "independent_ci_low",
    "independent_ci_high", "independent_p", "reliability", "n", "replicates",
]  # fmt: skip


def initial_rows(
    sessions: Iterable[tuple[str, SessionFindings]],
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Slopes of change on initial value, those that noise alone gives, and what is left.

    Parameters
    ----------
    sessions : pairs of (arm, SessionFindings)
        Several animals of an arm are taken together: slopes within animals, intervals over them.

    Returns
    -------
    table : INITIAL_COLUMNS
        `slope` as people plot it; `slope_from_noise` from how the halves of the first epoch agree;
        `excess` what is left; `independent_slope` with the initial value from one half and the
        change from the other, 0 without a change whatever the noise. In rows of
        `preferred_orientation_shift_deg` the initial value is the shift from `reference` to the
        epoch after it, the change what `epoch` adds to it; they have no `excess`.
    not_computed : `measure, arm, epoch, population, reason`
    """
    rows: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = []
    by_arm: dict[str, list[SessionFindings]] = {}
    for arm, findings in sessions:
        by_arm.setdefault(arm, []).append(findings)
    for arm, of_arm in by_arm.items():
        epochs = [epoch for epoch in of_arm[0].halves if all(epoch in s.halves for s in of_arm)]
        for population in _populations(of_arm):
            for later in epochs[1:]:
                for measure in (LOG_RATE, GOSI):
                    key = _key(measure, arm, epochs[0], later, population)
                    _change(key, of_arm, rows, missing)
            for later in epochs[2:]:
                key = _key(SHIFT, arm, epochs[0], later, population)
                _recovery(key, of_arm, epochs[1], rows, missing)
    return pd.DataFrame(rows, columns=INITIAL_COLUMNS), missing


def _populations(sessions: list[SessionFindings]) -> list[str]:
    table = pd.concat([findings.pairs for findings in sessions])
    return [str(name) for name in pd.unique(table["population"])]


def _key(measure: str, arm: str, reference: str, epoch: str, population: str) -> dict[str, Any]:
    return {
        "measure": measure, "arm": arm, "reference": reference, "epoch": epoch,
        "population": population,
    }  # fmt: skip


def _change(
    key: dict[str, Any],
    sessions: list[SessionFindings],
    rows: list[dict[str, Any]],
    missing: list[dict[str, Any]],
) -> None:
    first, animal = pooled_halves(sessions, key["measure"], key["reference"], key["population"])
    later, _ = pooled_halves(sessions, key["measure"], key["epoch"], key["population"])
    found = initial_value(first, later, animal=animal if len(sessions) > 1 else None)
    if isinstance(found, NotComputed):
        missing.append(_missing(key, found.reason))
        return
    parts = (found.naive, found.excess, found.independent)
    reason = next((part.reason for part in parts if isinstance(part, NotComputed)), None)
    if reason is not None:
        missing.append(_missing(key, reason))
        return
    naive, excess, independent = (part for part in parts if isinstance(part, Estimate))
    rows.append(
        {
            **key,
            "slope": naive.value,
            "slope_from_noise": found.expected_from_halves,
            **_estimate("excess", excess),
            **_independent(independent),
            "reliability": found.reliability,
        }
    )


def _recovery(
    key: dict[str, Any],
    sessions: list[SessionFindings],
    second: str,
    rows: list[dict[str, Any]],
    missing: list[dict[str, Any]],
) -> None:
    halves = [
        pooled_halves(sessions, PREFERRED, epoch, key["population"])
        for epoch in (key["reference"], second, key["epoch"])
    ]
    animal = halves[0][1] if len(sessions) > 1 else None
    found: Recovery = signed_recovery(*(values for values, _ in halves), animal=animal)
    if isinstance(found.slope, NotComputed):
        missing.append(_missing(key, found.slope.reason))
        return
    naive = found.naive_slope
    rows.append(
        {
            **key,
            "slope": naive.value if isinstance(naive, Estimate) else np.nan,
            **_independent(found.slope),
        }
    )


def pooled_halves(
    sessions: list[SessionFindings], measure: str, epoch: str, population: str
) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Halves of the units of a population of several sessions, and the animal of each unit.

    Returns
    -------
    values : (n_unit, 2, n_split)
    animal : (n_unit,)
    """
    values, animals = [], []
    for findings in sessions:
        cell_class = findings.tuning["cell_class"].to_numpy()
        is_member = (cell_class == population) | (population == ALL_UNITS)
        values.append(findings.halves[epoch][measure][is_member])
        animals.append(np.full(int(is_member.sum()), findings.animal))
    return np.concatenate(values), np.concatenate(animals)


def _estimate(name: str, found: Estimate) -> dict[str, Any]:
    return {
        name: found.value,
        f"{name}_ci_low": found.low,
        f"{name}_ci_high": found.high,
        f"{name}_p": found.p_value,
    }


def _independent(found: Estimate) -> dict[str, Any]:
    return {
        "independent_slope": found.value,
        "independent_ci_low": found.low,
        "independent_ci_high": found.high,
        "independent_p": found.p_value,
        "n": found.n,
        "replicates": found.label,
    }


def _missing(key: dict[str, Any], reason: str) -> dict[str, Any]:
    shown = {name: key[name] for name in ("arm", "epoch", "population")}
    return {"measure": f"{key['measure']} against initial value", **shown, "reason": reason}
