"""What doses into the body do in its blood: a course, its spread, and what others have measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketacortex.drug.doses import SystemicDose
from ketacortex.drug.exposure import group_alike
from ketacortex.drug.pharmacokinetics import Kinetics, dose_umol, ng_per_ml
from ketacortex.evidence.blockers import BLOCKERS
from ketacortex.evidence.published_levels import PUBLISHED_LEVELS, Level
from ketacortex.seeds import generator

N_SUBJECTS = 200
MOST_TIMES = 300  # at which each of them is computed
SUBJECTS = (0.05, 0.95)  # quantiles of the subjects that bound their band

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Body:
    """What systemic doses of one drug do in the body; levels are total in plasma, of the base.

    Parameters
    ----------
    blocker, metabolite : names
    plasma_ng_per_ml, metabolite_ng_per_ml : (n_time,)
    plasma_free_micromolar : (n_time,) µM not bound
    by_model : (n_time,) ng/ml by every published set of the species
    subjects_ng_per_ml : (2, n_time) between which nine tenths of subjects lie
    published : levels measured after the same dose
    beside : the same species and drug after other doses, with what the model gives for them
    """

    kinetics: Kinetics
    blocker: str
    metabolite: str | None
    plasma_ng_per_ml: Array
    plasma_free_micromolar: Array
    metabolite_ng_per_ml: Array
    by_model: dict[str, Array]
    subjects_ng_per_ml: Array
    published: list[tuple[float, Level]]
    beside: list[dict[str, Any]]


def bodies_of(doses: list[SystemicDose], kinetics: Kinetics, time_s: Array) -> list[Body]:
    """What doses do in the body at given times on their clock, drug by drug."""
    names = dict.fromkeys(dose.blocker for dose in doses)
    return [
        _body(name, [dose for dose in doses if dose.blocker == name], kinetics, time_s)
        for name in names
    ]


def _body(blocker: str, doses: list[SystemicDose], kinetics: Kinetics, time_s: Array) -> Body:
    metabolite = BLOCKERS[blocker].metabolite
    total = _plasma(doses, kinetics, time_s)
    models = {
        name: ng_per_ml(
            _plasma(doses, kinetics.model_copy(update={"model": name}), time_s), blocker
        )
        for name in kinetics.evidence.dispositions
    }
    made = np.zeros(len(time_s))
    for group in group_alike(doses, kinetics, float(time_s[-1])):
        made += group.metabolite_plasma_micromolar(time_s)
    return Body(
        kinetics=kinetics,
        blocker=blocker,
        metabolite=metabolite,
        plasma_ng_per_ml=ng_per_ml(total, blocker),
        plasma_free_micromolar=kinetics.evidence.free_in_plasma.value * total,
        metabolite_ng_per_ml=ng_per_ml(made, metabolite) if metabolite else made,
        by_model=models,
        subjects_ng_per_ml=ng_per_ml(_subjects(doses, kinetics, time_s), blocker),
        published=_published(doses, kinetics),
        beside=_beside(doses, kinetics),
    )


def _plasma(
    doses: list[SystemicDose], kinetics: Kinetics, time_s: Array, **factors: float
) -> Array:
    """Total concentration in plasma, (n_time,) µM."""
    total = np.zeros(len(time_s))
    for group in group_alike(doses, kinetics, float(time_s[-1]), **factors):
        total += group.plasma_micromolar(time_s)
    return total


def _subjects(doses: list[SystemicDose], kinetics: Kinetics, time_s: Array) -> Array:
    """Levels between which nine tenths of subjects lie, clearance and volume log-normal.

    Long courses are computed at fewer times and read between them.
    """
    species, rng = kinetics.evidence, generator("subjects", str(kinetics.species))
    cv = np.array([species.clearance_cv.value, species.volume_cv.value])
    sd = np.sqrt(np.log1p(cv**2))
    factors = np.exp(sd * rng.standard_normal((N_SUBJECTS, 2)))
    edges = {t for d in doses for t in (d.start_s, d.start_s + d.duration_s)}
    kept = np.isin(time_s, list(edges))
    kept[:: max(len(time_s) // MOST_TIMES, 1)] = True
    kept[-1] = True
    every = np.array(
        [
            _plasma(doses, kinetics, time_s[kept], clearance_factor=clearance, volume_factor=volume)
            for clearance, volume in factors
        ]
    )
    bounds = np.quantile(every, SUBJECTS, axis=0)
    return np.array([np.interp(time_s, time_s[kept], bound) for bound in bounds])


def _published(doses: list[SystemicDose], kinetics: Kinetics) -> list[tuple[float, Level]]:
    """Levels measured after the same first dose, each at its time on the clock of the doses."""
    first = min(doses, key=lambda dose: dose.start_s)
    given = first.dose_umol(kinetics.mass_kg)
    return [
        (first.start_s + level.time_s, level)
        for level in PUBLISHED_LEVELS
        if _is_of(level, first, kinetics)
        and level.time_s is not None
        and level.infused_s == first.duration_s
        and np.isclose(_umol(level, kinetics.mass_kg), given)
    ]


def _umol(level: Level, mass_kg: float) -> float:
    """The dose of a published level, which is a mass of base, for a body of this mass, µmol."""
    mass_mg = level.dose_mg if level.dose_mg is not None else (level.dose_mg_per_kg or 0) * mass_kg
    return dose_umol(mass_mg, level.blocker, "base")


def _is_of(level: Level, dose: SystemicDose, kinetics: Kinetics) -> bool:
    return (level.species, level.blocker, level.route) == (
        kinetics.species, dose.blocker, dose.route
    )  # fmt: skip


def _beside(doses: list[SystemicDose], kinetics: Kinetics) -> list[dict[str, Any]]:
    """Published levels whose protocol is not known well enough to test the model with them."""
    rows = []
    for level in PUBLISHED_LEVELS:
        if level.infused_s is not None or not any(_is_of(level, d, kinetics) for d in doses):
            continue
        dose = doses[0].model_copy(
            update={"dose_mg": level.dose_mg, "dose_mg_per_kg": level.dose_mg_per_kg,
                    "start_s": 0.0, "duration_s": 0.0, "salt": "base"}
        )  # fmt: skip
        minutes = np.array([1.0, 2.0, 5.0, 10.0])
        model = ng_per_ml(_plasma([dose], kinetics, 60 * minutes), level.blocker)
        rows.append(
            {
                "what": level.what,
                "published_ng_per_ml": level.plasma_ng_per_ml.value,
                "low_ng_per_ml": level.plasma_ng_per_ml.low,
                "high_ng_per_ml": level.plasma_ng_per_ml.high,
                "source": level.plasma_ng_per_ml.source,
                "model_ng_per_ml_by_minute": dict(
                    zip(minutes.astype(int).astype(str), model.tolist(), strict=True)
                ),
            }
        )
    return rows
