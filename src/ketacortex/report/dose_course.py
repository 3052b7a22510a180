"""What comes of the doses of one arm before any network runs: body, tissue, receptors, by time.

Block is followed for the receptors of the first animal, opened as the undrugged cortex opens them
under the experiment's stimuli. In a run the openings change with the block; here they do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.drug.doses import SystemicDose
from ketacortex.drug.exposure import Exposure, Sites, systemic_course
from ketacortex.drug.pharmacokinetics import Kinetics, SystemicCourse, ng_per_ml
from ketacortex.errors import ConfigurationError, nearest
from ketacortex.evidence.blockers import BLOCKERS
from ketacortex.evidence.published_levels import PUBLISHED_LEVELS, Level
from ketacortex.experiment.load import of_arm
from ketacortex.experiment.schema import Experiment
from ketacortex.model.circuit import build_circuit
from ketacortex.report.dosing import given_in, last_epoch_end_s, treated_arms
from ketacortex.seeds import generator
from ketacortex.simulate.session import baseline_openings
from ketacortex.simulate.slow_states import SlowStates, receptor_sites, soma_sites

STEP_S = 60.0
AFTER_LOCAL_S, AFTER_SYSTEMIC_S = 3600.0, 4 * 3600.0  # shown after the last dose has been given
DEPTHS_UM = np.linspace(0.0, 700.0, 36)
N_SUBJECTS = 200
SUBJECTS = (0.05, 0.95)  # quantiles of the subjects that bound their band

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Body:
    """What systemic doses do in the body; every level is total in plasma, of the base.

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


@dataclass(frozen=True, kw_only=True)
class DoseCourse:
    """Everything about the doses of an arm, by time from the end of the first epoch.

    Parameters
    ----------
    arm : its name
    in_words : the doses
    time_s : (n_time,) s
    free_micromolar : (n_time,) µM by blocker, mean over the receptors of the patch
    in_vivo_occupancy : (n_time,) share, on the scale of displacement in a living rat; None where
        that was not measured
    course : DataFrame of `SlowStates.course`
    depth_um, by_depth_micromolar : (n_depth,) and (n_depth, n_time), below the middle of the patch
    body : None without a systemic dose
    cells : DataFrame, what every pyramidal cell sees: place, highest µM, when, highest block
    """

    arm: str
    in_words: list[str]
    time_s: Array
    free_micromolar: dict[str, Array]
    in_vivo_occupancy: Array | None
    course: pd.DataFrame
    depth_um: Array
    by_depth_micromolar: Array
    body: Body | None
    cells: pd.DataFrame


def course_of_doses(
    experiment: Experiment, arm: str | None = None, until_s: float | None = None
) -> DoseCourse:
    """Follow the doses of one arm from dose to receptor.

    Parameters
    ----------
    experiment : Experiment
    arm : default: the first in which anything is given
    until_s : s; default: the end of the session, and some hours after the last dose

    Raises
    ------
    ConfigurationError
        The arm is unknown, or nothing is given.
    """
    arm = _arm(experiment, arm)
    own = of_arm(experiment, arm)
    doses = given_in(own, arm)
    time_s = _times(own, arm, until_s)
    circuit = build_circuit(own.circuit, own.animal_seed(1))
    sites, end_s = receptor_sites(circuit), float(time_s[-1])
    given = doses, own.tissue
    exposure = Exposure(*given, sites, end_s, own.kinetics)
    at_sites = np.array([exposure.free_micromolar(t) for t in time_s])
    somata = Exposure(*given, soma_sites(circuit), end_s, own.kinetics)
    states = SlowStates(
        circuit, exposure, own.block, somata if own.block.affinity_hcn1 > 0 else None
    )
    states.see(baseline_openings(circuit, own.shown()[0][1], own.animal_seed(1), own.slow_steps))
    highest_block = _advance(states, time_s, own.slow_steps.largest_change)
    column = Sites(np.zeros((len(DEPTHS_UM), 2)), DEPTHS_UM)
    below = Exposure(*given, column, end_s, own.kinetics)
    free = {name: at_sites[:, place].mean(axis=1) for place, name in enumerate(exposure.blockers)}
    return DoseCourse(
        arm=arm,
        in_words=[dose.in_words for dose in doses],
        time_s=time_s,
        free_micromolar=free,
        in_vivo_occupancy=_in_vivo_occupancy(free),
        course=states.course(),
        depth_um=DEPTHS_UM,
        by_depth_micromolar=np.stack(
            [below.free_micromolar(t).sum(axis=0) for t in time_s], axis=1
        ),
        body=body_course([d for d in doses if isinstance(d, SystemicDose)], own.kinetics, time_s),
        cells=_cells(sites, at_sites.sum(axis=1), time_s, highest_block),
    )


def _arm(experiment: Experiment, arm: str | None) -> str:
    treated = treated_arms(experiment)
    if arm is not None and arm not in experiment.arms:
        raise ConfigurationError(f'"{arm}" is no arm. {nearest(arm, experiment.arms)}')
    if not treated or (arm is not None and arm not in treated):
        where = f'arm "{arm}"' if arm is not None else f'experiment "{experiment.name}"'
        raise ConfigurationError(
            f"nothing is given in {where}, so there is no dose to show. "
            + (
                f"Name an arm with a dose: {', '.join(treated)}."
                if treated
                else 'Add a [[dose]] and an arm that gives it, as preset "topical-v1" has them.'
            )
        )
    return arm or treated[0]


def _times(experiment: Experiment, arm: str, until_s: float | None) -> Array:
    """A minute apart, with the moments at which a dose starts or stops."""
    doses = given_in(experiment, arm)
    events = [t for dose in doses for t in (dose.start_s, dose.start_s + dose.duration_s)]
    if until_s is None:
        systemic = any(isinstance(dose, SystemicDose) for dose in doses)
        after_s = AFTER_SYSTEMIC_S if systemic else AFTER_LOCAL_S
        until_s = max(last_epoch_end_s(experiment), max(events) + after_s)
    regular = np.arange(0.0, until_s + STEP_S, STEP_S)
    return np.unique(np.concatenate([regular, [t for t in events if t <= regular[-1]]]))


def _advance(states: SlowStates, time_s: Array, largest_change: float) -> Array:
    """Step through all times; returns the highest block that each site reached."""
    highest = states.blocked_share
    states.note(float(time_s[0]))
    for now_s, next_s in pairwise(time_s.tolist()):
        here_s = now_s
        while next_s - here_s > 1e-6:
            step_s = states.step_s(here_s, next_s - here_s, largest_change)
            states.advance(here_s, step_s, silently=here_s + step_s < next_s - 1e-6)
            here_s += step_s
        highest = np.maximum(highest, states.blocked_share)
    return highest


def _in_vivo_occupancy(free: dict[str, Array]) -> Array | None:
    """Share of receptors occupied as displacement in vivo tells, several competing."""
    weighed = [
        concentration / half.value
        for name, concentration in free.items()
        if (half := BLOCKERS[name].half_occupancy_in_vivo) is not None
    ]
    if not weighed:
        return None
    total = np.sum(weighed, axis=0)
    return np.asarray(total / (1 + total), float)


def _cells(sites: Sites, at_sites: Array, time_s: Array, block: Array) -> pd.DataFrame:
    """What every pyramidal cell sees: mean over its branches."""
    cell = sites.cell if sites.cell is not None else np.full(len(block), -1)
    of_pyramid = np.flatnonzero(cell >= 0)
    frame = pd.DataFrame(
        {
            "cell": cell[of_pyramid],
            "x_um": sites.position_um[of_pyramid, 0],
            "y_um": sites.position_um[of_pyramid, 1],
            "branch_depth_um": sites.depth_um[of_pyramid],
            "highest_free_micromolar": at_sites[:, of_pyramid].max(axis=0),
            "highest_at_s": time_s[at_sites[:, of_pyramid].argmax(axis=0)],
            "highest_blocked_share": block[of_pyramid],
        }
    )
    return frame.groupby("cell", as_index=False).mean()


def body_course(doses: list[SystemicDose], kinetics: Kinetics, time_s: Array) -> Body | None:
    """What doses do in the body at given times on their clock; None without a dose."""
    if not doses:
        return None
    blocker = doses[0].blocker
    same = [dose for dose in doses if dose.blocker == blocker]
    metabolite = BLOCKERS[blocker].metabolite
    total = _plasma(same, kinetics, time_s)
    models = {
        name: ng_per_ml(_plasma(same, kinetics.model_copy(update={"model": name}), time_s), blocker)
        for name in kinetics.evidence.dispositions
    }
    made = sum(
        (
            course.metabolite_plasma_micromolar(time_s - dose.start_s)
            for dose, course in _courses(same, kinetics, float(time_s[-1]))
        ),
        np.zeros(len(time_s)),
    )
    return Body(
        kinetics=kinetics,
        blocker=blocker,
        metabolite=metabolite,
        plasma_ng_per_ml=ng_per_ml(total, blocker),
        plasma_free_micromolar=kinetics.evidence.free_in_plasma.value * total,
        metabolite_ng_per_ml=ng_per_ml(made, metabolite) if metabolite else made,
        by_model=models,
        subjects_ng_per_ml=ng_per_ml(_subjects(same, kinetics, time_s), blocker),
        published=_published(same, kinetics),
        beside=_beside(same, kinetics),
    )


def _courses(
    doses: list[SystemicDose], kinetics: Kinetics, until_s: float, **factors: float
) -> list[tuple[SystemicDose, SystemicCourse]]:
    return [
        (d, systemic_course(d, kinetics, max(until_s - d.start_s, 1.0), **factors)) for d in doses
    ]


def _plasma(
    doses: list[SystemicDose], kinetics: Kinetics, time_s: Array, **factors: float
) -> Array:
    """Total concentration in plasma, (n_time,) µM."""
    total = np.zeros(len(time_s))
    for dose, course in _courses(doses, kinetics, float(time_s[-1]), **factors):
        total += course.plasma_micromolar(time_s - dose.start_s)
    return total


def _subjects(doses: list[SystemicDose], kinetics: Kinetics, time_s: Array) -> Array:
    """Levels between which nine tenths of subjects lie, clearance and volume log-normal."""
    species, rng = kinetics.evidence, generator("subjects", str(kinetics.species))
    cv = np.array([species.clearance_cv.value, species.volume_cv.value])
    sd = np.sqrt(np.log1p(cv**2))
    factors = np.exp(sd * rng.standard_normal((N_SUBJECTS, 2)))
    every = np.array(
        [
            _plasma(doses, kinetics, time_s, clearance_factor=clearance, volume_factor=volume)
            for clearance, volume in factors
        ]
    )
    return np.asarray(np.quantile(every, SUBJECTS, axis=0), float)


def _published(doses: list[SystemicDose], kinetics: Kinetics) -> list[tuple[float, Level]]:
    """Levels measured after the same dose, each at its time on the clock of the doses."""
    return [
        (dose.start_s + level.time_s, level)
        for dose in doses
        for level in PUBLISHED_LEVELS
        if _is_of(level, dose, kinetics)
        and level.time_s is not None
        and level.infused_s == dose.duration_s
        and level.dose_mg_per_kg is not None
        and dose.dose_mg_per_kg is not None
        and np.isclose(level.dose_mg_per_kg, dose.dose_mg_per_kg)
    ]


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
        minutes = np.array([1.0, 5.0, 10.0])
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
