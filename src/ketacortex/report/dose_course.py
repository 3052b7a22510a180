"""What comes of the doses of one arm before any network runs: body, tissue, receptors, by time.

Block is followed for the receptors of the first animal, opened as the undrugged cortex opens them
under the experiment's stimuli. In a run the openings change with the block; here they do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.drug.doses import SystemicDose
from ketacortex.drug.exposure import Exposure, Sites
from ketacortex.errors import ConfigurationError, nearest
from ketacortex.evidence.blockers import BLOCKERS
from ketacortex.experiment.load import of_arm
from ketacortex.experiment.schema import Experiment
from ketacortex.model.circuit import build_circuit
from ketacortex.report.body_course import Body, bodies_of
from ketacortex.report.dosing import all_given_in, given_in, last_epoch_end_s, treated_arms
from ketacortex.simulate.session import baseline_openings
from ketacortex.simulate.slow_states import SlowStates, receptor_sites, soma_sites

STEP_S = 60.0
AFTER_LOCAL_S, AFTER_SYSTEMIC_S = 3600.0, 4 * 3600.0  # shown after the last dose has been given
MOST_S = 30 * 86_400.0  # a month; memory grows with it
DEPTHS_UM = np.linspace(0.0, 700.0, 36)

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class DoseCourse:
    """Everything about the doses of an arm, by time from the end of the first epoch.

    Parameters
    ----------
    arm : its name
    in_words : the doses
    time_s : (n_time,) s
    edges_s : (n_edge,) s, starts and ends of doses
    main : the blocker that places are told of: that of the first dose
    free_micromolar : (n_time,) µM by blocker, mean over the receptors of the patch
    in_vivo_occupancy : (n_time,) share, on the scale of displacement in a living rat, mean over the
        receptors of the patch; None where a blocker's was not measured
    course : DataFrame of `SlowStates.course`
    depth_um, by_depth_micromolar : (n_depth,) and (n_depth, n_time) of `main`, below the middle of
        the patch
    bodies : one of each drug that was given to the body
    cells : DataFrame, what every pyramidal cell sees: place, highest µM of `main`, when, highest
        block
    """

    arm: str
    in_words: list[str]
    main: str
    time_s: Array
    edges_s: Array
    free_micromolar: dict[str, Array]
    in_vivo_occupancy: Array | None
    course: pd.DataFrame
    depth_um: Array
    by_depth_micromolar: Array
    bodies: list[Body]
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
    main = doses[0].blocker
    circuit = build_circuit(own.circuit, own.animal_seed(1))
    sites, end_s = receptor_sites(circuit), float(time_s[-1])
    given = doses, own.tissue
    exposure = Exposure(*given, sites, end_s, own.kinetics)
    at_sites = np.array([exposure.free_micromolar(t) for t in time_s])
    somata = Exposure(*given, soma_sites(circuit), end_s, own.kinetics)
    states = SlowStates(
        circuit, exposure, own.block, somata if own.block.affinity_hcn1 > 0 else None
    )
    shown = own.epoch[0].stimulus or own.stimulus
    states.see(baseline_openings(circuit, shown, own.animal_seed(1), own.slow_steps))
    highest_block = _advance(states, time_s, own.slow_steps.largest_change)
    column = Sites(np.zeros((len(DEPTHS_UM), 2)), DEPTHS_UM)
    below = Exposure(*given, column, end_s, own.kinetics)
    free = {name: at_sites[:, place].mean(axis=1) for place, name in enumerate(exposure.blockers)}
    return DoseCourse(
        arm=arm,
        main=main,
        in_words=[dose.in_words for dose in doses],
        time_s=time_s,
        edges_s=np.unique([t for d in doses for t in (d.start_s, d.start_s + d.duration_s)]),
        free_micromolar=free,
        in_vivo_occupancy=_in_vivo_occupancy(list(exposure.blockers), at_sites),
        course=states.course(),
        depth_um=DEPTHS_UM,
        by_depth_micromolar=np.stack([below.free_micromolar(t)[0] for t in time_s], axis=1),
        bodies=bodies_of([d for d in doses if isinstance(d, SystemicDose)], own.kinetics, time_s),
        cells=_cells(sites, at_sites[:, 0], time_s, highest_block),
    )


def _arm(experiment: Experiment, arm: str | None) -> str:
    treated = treated_arms(experiment)
    if arm is not None and arm not in experiment.arms:
        raise ConfigurationError(f'"{arm}" is no arm. {nearest(arm, experiment.arms)}')
    if not treated or (arm is not None and arm not in treated):
        where = f'arm "{arm}"' if arm is not None else f'experiment "{experiment.name}"'
        raise ConfigurationError(
            f"no blocker is given in {where}, so there is no course of a dose to show. "
            + _where_doses_are(experiment, treated)
        )
    return arm or treated[0]


def _where_doses_are(experiment: Experiment, treated: list[str]) -> str:
    """What to do about an arm without a dose."""
    if treated:
        return f"Name an arm with a dose: {', '.join(treated)}."
    if any(all_given_in(experiment, arm) for arm in experiment.arms):
        return "What is given blocks no receptor and spreads nowhere."
    if any(arm.doses for arm in experiment.arms.values()):
        return "Its doses are of nothing: raise the concentration, the mass or the transfer."
    if experiment.dose:
        unused = ", ".join(dose.name for dose in experiment.dose)
        return f"No arm gives {unused}: write its name into doses of an arm."
    return 'Add a [[dose]] and an arm that gives it, as preset "topical-v1" has them.'


def _times(experiment: Experiment, arm: str, until_s: float | None) -> Array:
    """A minute apart, with the moments at which a dose starts or stops."""
    doses = given_in(experiment, arm)
    events = [t for dose in doses for t in (dose.start_s, dose.start_s + dose.duration_s)]
    if until_s is not None and not STEP_S <= until_s <= MOST_S:
        raise ConfigurationError(
            f"until_s is {until_s:g}; a course is followed for {STEP_S:g} to {MOST_S:g} s. Choose "
            "a time between"
        )
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


def _in_vivo_occupancy(names: list[str], at_sites: Array) -> Array | None:
    """Share of receptors occupied as displacement in vivo tells, several competing, mean of sites.

    Parameters
    ----------
    names : n_blocker
    at_sites : (n_time, n_blocker, n_site) µM
    """
    halves = [BLOCKERS[name].half_occupancy_in_vivo for name in names]
    known = [half.value for half in halves if half is not None]
    if len(known) < len(halves):
        return None
    weighed = (at_sites / np.array(known)[:, None]).sum(axis=1)
    return np.asarray((weighed / (1 + weighed)).mean(axis=1), float)


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
