r"""From a dose that is swallowed, injected or infused to the free concentration in the brain.

A mammillary model in amounts (µmol), all of it linear: from a depot with absorption rate
:math:`k_a` a share :math:`F` reaches the blood, and what the liver turns over on the way becomes
metabolite or is lost; blood exchanges with up to two peripheral compartments and eliminates at
:math:`k_{10}`, a share of it into the metabolite, which has one compartment of its own. Free drug
in the brain follows that in plasma,

.. math:: \dot C_b = k_{e0} \left(K_{p,uu} f_u A_1 / V_1 - C_b\right)

and is too little of the body's drug to count in its balance. Sums over doses are exact.

Gabrielsson & Weiner 2016, Pharmacokinetic and Pharmacodynamic Data Analysis; effect compartment:
Sheiner et al. 1979, 10.1002/cpt1979253358.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ketacortex.drug.linear_course import LinearCourse
from ketacortex.errors import ConfigurationError, nearest
from ketacortex.evidence.blockers import BLOCKERS
from ketacortex.evidence.pharmacokinetics import INTRAVENOUS, SPECIES, Disposition, Species
from ketacortex.settings import Settings
from ketacortex.units import S_PER_MIN, UMOL_PER_MMOL

DEPOT, BLOOD, SHALLOW, DEEP, METABOLITE, LOST, METABOLITE_LOST = range(7)
BRAIN, METABOLITE_BRAIN = 7, 8  # free in the brain times the volume of the blood's compartment
N_STATES = 9

Array = NDArray[np.float64]


class Kinetics(Settings):
    """Whose body it is, and which published model of it."""

    species: Annotated[
        str | None, Field(description="human, macaque, cat, rat or mouse; systemic doses need it")
    ] = None
    model: Annotated[
        str | None, Field(description="name of a published set; default: the species' first")
    ] = None
    body_mass_kg: Annotated[
        float | None,
        Field(ge=0.005, le=1000, description="body mass [kg]; default: the species' own"),
    ] = None

    @property
    def evidence(self) -> Species:
        """What is known of the species.

        Raises
        ------
        ConfigurationError
            None is named, or one of which nothing is known.
        """
        if self.species is None:
            raise ConfigurationError(
                "kinetics.species is missing, and a dose into the body spreads differently in "
                f"each. {nearest('', SPECIES)} Write for example kinetics.species = "
                '"mouse".'
            )
        if self.species not in SPECIES:
            raise ConfigurationError(
                f'kinetics.species is "{self.species}", of which no kinetics are known. '
                f"{nearest(self.species, SPECIES)}"
            )
        return SPECIES[self.species]

    @property
    def disposition(self) -> Disposition:
        """The published set, the species' first unless one is named.

        Raises
        ------
        ConfigurationError
            The species has no set of that name.
        """
        sets = self.evidence.dispositions
        if self.model is None:
            return next(iter(sets.values()))
        if self.model not in sets:
            raise ConfigurationError(
                f'kinetics.model is "{self.model}", which is no set for {self.species}. '
                f"{nearest(self.model, sets)}"
            )
        return sets[self.model]

    @property
    def mass_kg(self) -> float:
        """Body mass, kg."""
        return self.body_mass_kg or self.evidence.body_mass_kg.value


class SystemicCourse:
    """Everything that comes of one dose into the body, from time 0 on.

    Parameters
    ----------
    kinetics : Kinetics
    blocker : name of what is given
    route : intravenous, or one of the species' own
    dose_umol : µmol
    infused_s : s that it takes to give; 0 at once
    horizon_s : s, the last time that will be asked for
    clearance_factor, volume_factor : this subject's over the model's

    Examples
    --------
    Half a milligram a kilogram over 40 minutes, in total plasma concentration at its end:

    >>> dose_umol = 0.5 * 70 / 237.7 * 1000
    >>> course = SystemicCourse(
    ...     Kinetics(species="human"), "ketamine", "intravenous", dose_umol, 2400.0, 7200.0
    ... )
    >>> round(float(course.plasma_micromolar(np.array([2400.0]))[0]) * 237.7)
    240
    """

    def __init__(
        self,
        kinetics: Kinetics,
        blocker: str,
        route: str,
        dose_umol: float,
        infused_s: float,
        horizon_s: float,
        *,
        clearance_factor: float = 1.0,
        volume_factor: float = 1.0,
    ) -> None:
        require_route(kinetics, blocker, route)
        self.blocker = blocker
        self._species, d = kinetics.evidence, kinetics.disposition
        mass = kinetics.mass_kg
        self._volume_l = d.volume_l_per_kg.value * mass * volume_factor
        self._metabolite_l = self._species.metabolite.volume_l_per_kg.value * mass
        rates = self._rates(d, route, clearance_factor, volume_factor)
        entry = BLOOD if route == INTRAVENOUS else DEPOT
        start, feed = np.zeros((2, N_STATES))
        (feed if infused_s else start)[entry] = dose_umol / (infused_s or 1.0)
        self._course = LinearCourse(rates, start, feed, infused_s, horizon_s)

    def _rates(
        self, d: Disposition, route: str, clearance_factor: float, volume_factor: float
    ) -> Array:
        """Rates between the states, 1/s."""
        s, m = self._species, self._species.metabolite
        flows: list[tuple[int, int, float]] = [
            (BLOOD, SHALLOW, d.k12_per_min.value / volume_factor),
            (SHALLOW, BLOOD, d.k21_per_min.value),
            (BLOOD, DEEP, d.k13_per_min.value / volume_factor),
            (DEEP, BLOOD, d.k31_per_min.value),
            (METABOLITE, METABOLITE_LOST, m.elimination_per_min.value),
        ]
        k10 = d.k10_per_min.value * clearance_factor / volume_factor
        flows += [
            (BLOOD, METABOLITE, k10 * m.formed_share.value),
            (BLOOD, LOST, k10 * (1 - m.formed_share.value)),
        ]
        if route != INTRAVENOUS:
            absorption = s.routes[route]
            ka, unchanged = absorption.rate_per_min.value, absorption.bioavailability.value
            formed = (1 - unchanged) * absorption.first_pass_share.value
            flows += [
                (DEPOT, BLOOD, ka * unchanged),
                (DEPOT, METABOLITE, ka * formed),
                (DEPOT, LOST, ka * (1 - unchanged - formed)),
            ]
        rates = np.zeros((N_STATES, N_STATES))
        for source, target, rate in flows:
            rates[source, source] -= rate
            rates[target, source] += rate
        ke0, ratio = s.brain_exchange_per_min.value, s.brain_over_plasma_free.value
        for brain, blood, free in (
            (BRAIN, BLOOD, s.free_in_plasma.value),
            (METABOLITE_BRAIN, METABOLITE, m.free_in_plasma.value),
        ):
            rates[brain, blood] = ke0 * ratio * free
            rates[brain, brain] = -ke0
        return rates / S_PER_MIN

    def plasma_micromolar(self, time_s: Array) -> Array:
        """Total concentration in plasma, (n_time,) µM."""
        return self._course.at(time_s)[BLOOD] / self._volume_l

    def metabolite_plasma_micromolar(self, time_s: Array) -> Array:
        """Total concentration of the metabolite in plasma, (n_time,) µM."""
        return self._course.at(time_s)[METABOLITE] / self._metabolite_l

    def free_brain_micromolar(self, time_s: Array) -> Array:
        """Free concentration in the brain, of the drug and of its metabolite, (2, n_time) µM."""
        volumes_l = np.array([[self._volume_l], [self._metabolite_l]])
        return self._course.at(time_s)[[BRAIN, METABOLITE_BRAIN]] / volumes_l

    def amounts_umol(self, time_s: Array) -> Array:
        """Where the dose is, (7, n_time) µmol: depot, blood, shallow and deep compartments,
        metabolite, lost otherwise, and metabolite that has been eliminated."""
        return self._course.at(time_s)[:BRAIN]


def require_route(kinetics: Kinetics, blocker: str, route: str) -> None:
    """Raise where the body's handling of this dose is not known."""
    species = kinetics.evidence
    _ = kinetics.disposition
    known = [name for name, b in BLOCKERS.items() if b.metabolite is not None]
    if blocker not in known:
        raise ConfigurationError(
            f'no kinetics are known for "{blocker}", so its way from the body to the brain cannot '
            f"be followed. Known for: {', '.join(known)}. Hold its free concentration instead: "
            'route = "held".'
        )
    if route != INTRAVENOUS and route not in species.routes:
        raise ConfigurationError(
            f'route "{route}" is not known for {kinetics.species}: nobody\'s bioavailability is in '
            f"the evidence. Known: {', '.join([INTRAVENOUS, *species.routes])}."
        )


def ng_per_ml(concentration_micromolar: Array, blocker: str) -> Array:
    """Mass of the base in a volume, ng/ml.

    >>> float(ng_per_ml(np.array(1.0), "ketamine"))
    237.7
    """
    return concentration_micromolar * BLOCKERS[blocker].molar_mass_g_per_mol["base"].value


def dose_umol(dose_mg: float, blocker: str, salt: str) -> float:
    """Amount of drug in a mass of one of its salts, µmol.

    >>> round(dose_umol(35.0, "ketamine", "base"), 1)
    147.2
    """
    return dose_mg / BLOCKERS[blocker].molar_mass_g_per_mol[salt].value * UMOL_PER_MMOL
