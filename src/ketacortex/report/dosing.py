"""What was given in which arm, for the figures and sentences about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ketacortex.drug.doses import BlockerDose, Dose, InjectionDose, TopicalDose, WellDose
from ketacortex.drug.serotonin import SerotoninDose
from ketacortex.experiment.folder import RunFolder
from ketacortex.experiment.schema import Experiment
from ketacortex.report.wording import listed
from ketacortex.simulate.session import epoch_starts_s
from ketacortex.simulate.slow_states import COURSE_COLUMNS

COURSE_KEYS = ["arm", "animal"]


def all_given_in(experiment: Experiment, arm: str) -> list[Dose]:
    """Doses of an arm of which anything can come."""
    return [dose for dose in experiment.treatment(arm).doses if not dose.is_nothing]


def given_in(experiment: Experiment, arm: str) -> list[BlockerDose]:
    """Doses of an arm of which a blocker of NMDA receptors can come."""
    return [d for d in all_given_in(experiment, arm) if not isinstance(d, SerotoninDose)]


def treated_arms(experiment: Experiment | None) -> list[str]:
    """Arms in which drug is given, in order."""
    if experiment is None:
        return []
    return [arm for arm in experiment.arms if given_in(experiment, arm)]


def first_epoch_s(experiment: Experiment) -> float:
    """End of the first epoch on the recording's clock, where that of the doses begins, s."""
    return experiment.shown()[0][1].total_s


def last_epoch_end_s(experiment: Experiment) -> float:
    """End of the last epoch on the clock of the doses, s."""
    shown = experiment.shown()
    begins = epoch_starts_s(shown, experiment.starts_s())
    return max(begins[name] + sequence.total_s for name, sequence in shown)


def read_courses(folder: RunFolder, experiment: Experiment) -> pd.DataFrame:
    """Slow states of all treated arms and animals, time in minutes on the clock of the doses.

    Returns
    -------
    DataFrame
        `arm, animal, minute, quantity, population, mean, low, high`
    """
    tables = []
    for arm in treated_arms(experiment):
        for animal in range(1, experiment.animals + 1):
            path: Path = folder.course(animal, arm)
            if path.is_file():
                tables.append(pd.read_csv(path).assign(arm=arm, animal=animal))
    filled = [table for table in tables if len(table)]
    if not filled:
        return pd.DataFrame(columns=[*COURSE_KEYS, "minute", *COURSE_COLUMNS])
    course = pd.concat(filled, ignore_index=True)
    return course.assign(minute=(course["time_s"] - first_epoch_s(experiment)) / 60.0)


def arm_in_short(experiment: Experiment, arm: str) -> str:
    """What is done in an arm in a few words: what is given, and what is set otherwise."""
    doses = all_given_in(experiment, arm)
    done = [dose.in_short for dose in doses] or ["no drug"]
    changes: dict[str, Any] = experiment.arms[arm].set
    return listed([*done, *(f"{path} = {value}" for path, value in changes.items())])


def is_local(dose: Dose) -> bool:
    """Whether it spreads from one place in the cortex."""
    return isinstance(dose, TopicalDose | WellDose | InjectionDose)
