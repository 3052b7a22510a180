"""The free concentration that comes of the doses of an arm, at every receptor and any time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.drug.doses import (
    Dose,
    HeldDose,
    InjectionDose,
    SystemicDose,
    TopicalDose,
    WellDose,
)
from ketacortex.drug.footprints import Disk, Footprint, Square
from ketacortex.drug.injection import InjectionField, filled_sphere_radius_um
from ketacortex.drug.pharmacokinetics import Kinetics, SystemicCourse
from ketacortex.drug.serotonin import SerotoninDose
from ketacortex.drug.tissue_diffusion import ReservoirField, Tissue
from ketacortex.evidence.blockers import BLOCKERS, Blocker

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sites:
    """Where the receptors of interest lie.

    Parameters
    ----------
    position_um : (n_site, 2) µm from the centre of the patch
    depth_um : (n_site,) µm below the pia
    cell : (n_site,) number of the pyramidal cell that it belongs to, -1 for none; default: none
    """

    position_um: Array
    depth_um: Array
    cell: NDArray[np.int64] | None = None


class Exposure:
    """Free concentration at every site through a session, from all doses of an arm.

    Time is counted from the end of the first epoch, as doses count it.

    Parameters
    ----------
    doses : those of which no blocker can come are left out
    tissue : Tissue
    sites : Sites
    until_s : end of the session, s
    kinetics : Kinetics, for doses into the body

    Examples
    --------
    >>> bath = HeldDose(name="bath", blocker="ketamine", route="held", concentration_micromolar=3)
    >>> here = Sites(np.zeros((1, 2)), np.full(1, 300.0))
    >>> Exposure([bath], Tissue(), here, 100.0).free_micromolar(10.0)
    array([[3.]])
    """

    def __init__(
        self,
        doses: Sequence[Dose],
        tissue: Tissue,
        sites: Sites,
        until_s: float,
        kinetics: Kinetics | None = None,
    ) -> None:
        self._n_sites = len(sites.depth_um)
        given = [d for d in doses if not (d.is_nothing or isinstance(d, SerotoninDose))]
        self.begins_s = min((dose.start_s for dose in given), default=np.inf)
        """When the first of it can arrive, s; infinity when nothing is given."""
        self._sources = [
            *_systemic_sources(given, kinetics or Kinetics(), until_s),
            *(
                _source(dose, tissue, sites, until_s)
                for dose in given
                if not isinstance(dose, SystemicDose)
            ),
        ]
        names = dict.fromkeys(dose.blocker for dose in given)
        names |= dict.fromkeys(name for source in self._sources for name in source.names)
        self.blockers: dict[str, Blocker] = {name: BLOCKERS[name] for name in names}
        """What reaches the receptors, what is given before what the body makes of it."""

    def free_micromolar(self, time_s: float) -> Array:
        """Free concentration of every blocker at every site at `time_s`, (n_blocker, n_site) µM."""
        place = {name: row for row, name in enumerate(self.blockers)}
        total = np.zeros((len(place), self._n_sites))
        for source in self._sources:
            for name, concentration in zip(source.names, source.at(time_s), strict=True):
                total[place[name]] += concentration
        return total


@dataclass(frozen=True)
class _Source:
    """What comes of a dose, or of several alike, and how much of each at the sites, by time."""

    names: tuple[str, ...]
    at: Callable[[float], Sequence[Array | float]]


def _systemic_sources(doses: Sequence[Dose], kinetics: Kinetics, until_s: float) -> list[_Source]:
    """The brain's free concentration is taken to be the same at every receptor."""
    systemic = [dose for dose in doses if isinstance(dose, SystemicDose)]
    return [
        _Source(
            (group.blocker,) if group.metabolite is None else (group.blocker, group.metabolite),
            lambda time_s, group=group: (  # type: ignore[misc]
                group.free_brain_micromolar(np.array([time_s]))[:, 0].tolist()
            ),
        )
        for group in group_alike(systemic, kinetics, until_s)
    ]


def _source(
    dose: TopicalDose | WellDose | InjectionDose | HeldDose, tissue: Tissue, sites: Sites,
    until_s: float,
) -> _Source:  # fmt: skip
    if isinstance(dose, HeldDose):
        where = _inside(dose.cells, sites)
        return _Source((dose.blocker,), lambda time_s: [where * _held(dose, time_s)])
    field = local_field(dose, tissue, sites, max(until_s - dose.start_s, 1.0))
    # interpolation may ripple below 0
    return _Source(
        (dose.blocker,), lambda time_s: [np.maximum(field.at(time_s - dose.start_s), 0.0)]
    )


def _inside(cells: tuple[int, ...] | None, sites: Sites) -> Array | float:
    """1 at the sites of the cells named, 0 elsewhere; 1 everywhere if none are."""
    if cells is None:
        return 1.0
    of = np.full(len(sites.depth_um), -1) if sites.cell is None else sites.cell
    return np.isin(of, cells).astype(float)


def _held(dose: HeldDose, time_s: float) -> float:
    since_s = time_s - dose.start_s
    return dose.concentration_micromolar if 0 <= since_s < dose.duration_s else 0.0


class AlikeDoses:
    """Doses into the body that differ in their time alone: one course, summed over their starts.

    Parameters
    ----------
    course : SystemicCourse of one of them
    starts_s : (n_dose,) s
    """

    def __init__(self, course: SystemicCourse, starts_s: Array) -> None:
        self.blocker, self.metabolite = course.blocker, BLOCKERS[course.blocker].metabolite
        self._course, self._starts_s = course, starts_s

    def _summed(self, quantity: Callable[[Array], Array], time_s: Array) -> Array:
        """A quantity, (..., n_time), summed over the doses that have been given by then."""
        since_s = time_s[None, :] - self._starts_s[:, None]
        given = since_s >= 0
        found = quantity(since_s[given])
        total = np.zeros((*found.shape[:-1], len(self._starts_s), len(time_s)))
        total[..., given] = found
        return np.asarray(total.sum(axis=-2), float)

    def free_brain_micromolar(self, time_s: Array) -> Array:
        """Free in the brain, drug and metabolite, (2, n_time) µM."""
        return self._summed(self._course.free_brain_micromolar, time_s)

    def plasma_micromolar(self, time_s: Array) -> Array:
        """Total in plasma, (n_time,) µM."""
        return self._summed(self._course.plasma_micromolar, time_s)

    def metabolite_plasma_micromolar(self, time_s: Array) -> Array:
        """Total metabolite in plasma, (n_time,) µM."""
        return self._summed(self._course.metabolite_plasma_micromolar, time_s)


def group_alike(
    doses: Sequence[SystemicDose],
    kinetics: Kinetics,
    until_s: float,
    *,
    clearance_factor: float = 1.0,
    volume_factor: float = 1.0,
) -> list[AlikeDoses]:
    """Doses into the body on their own clock, those that are alike together.

    Parameters
    ----------
    doses : in any order
    kinetics : Kinetics
    until_s : s, the last time that will be asked for
    clearance_factor, volume_factor : this subject's over the model's
    """
    starts: dict[tuple[str, str, float, float], list[float]] = {}
    for dose in doses:
        same = dose.blocker, dose.route, dose.dose_umol(kinetics.mass_kg), dose.duration_s
        starts.setdefault(same, []).append(dose.start_s)
    return [
        AlikeDoses(
            SystemicCourse(
                kinetics, *same, max(until_s - min(starts_s), 1.0),
                clearance_factor=clearance_factor, volume_factor=volume_factor,
            ),
            np.array(starts_s),
        )
        for same, starts_s in starts.items()
    ]  # fmt: skip


def local_field(
    dose: TopicalDose | WellDose | InjectionDose, tissue: Tissue, sites: Sites, horizon_s: float
) -> ReservoirField | InjectionField:
    """How the drug of one dose spreads in the cortex, its time counted from the dose."""
    if isinstance(dose, InjectionDose):
        return InjectionField(
            tissue,
            amount_nmol=dose.amount_nmol,
            sphere_radius_um=filled_sphere_radius_um(dose.volume_nl),
            x_um=dose.x_um,
            y_um=dose.y_um,
            tip_depth_um=dose.tip_depth_um,
            duration_s=dose.duration_s,
            position_um=sites.position_um,
            depth_um=sites.depth_um,
            horizon_s=horizon_s,
        )
    footprint: Footprint
    if isinstance(dose, TopicalDose):
        footprint, reservoir_um = Square(dose.side_um), tissue.paper_um
    else:
        footprint, reservoir_um = Disk(dose.diameter_um / 2), dose.fluid_depth_um or np.inf
    return ReservoirField(
        tissue,
        footprint,
        reservoir_um=reservoir_um,
        reservoir_micromolar=dose.solution_micromolar,
        x_um=dose.x_um,
        y_um=dose.y_um,
        duration_s=dose.duration_s,
        surface_transfer=dose.surface_transfer,
        position_um=sites.position_um,
        depth_um=sites.depth_um,
        horizon_s=horizon_s,
    )
