"""Doses as they are given, and the free concentration that comes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from ketacortex.drug.footprints import Square
from ketacortex.drug.tissue_diffusion import ReservoirField, Tissue
from ketacortex.errors import nearest
from ketacortex.evidence.blockers import BLOCKERS, Blocker
from ketacortex.settings import Settings, sourced

NAME = r"^[A-Za-z][A-Za-z0-9_-]*$"
PROTOCOL = "Ouelhazi et al. 2019, 10.1016/j.brainres.2019.146462: paper of 1 x 1 mm, 10 mg/ml"
TRANSFER = (
    "fitted: a peak of 1 µM, averaged over the branches and interneurons of the patch, because "
    "prototype circuits showed A2-A4 at 0.3-3 µM; at this value A2-A4 are no predictions. Unknown "
    "over orders of magnitude"
)


class _Dose(Settings):
    """What every dose has."""

    name: Annotated[str, Field(pattern=NAME, description="name that arms call it by")]
    blocker: Annotated[str, Field(description="what is given, a name in the evidence")]
    start_s: Annotated[
        float, Field(ge=0, description="given so long after the end of the first epoch [s]")
    ] = 0.0
    duration_s: Annotated[float, Field(gt=0, description="and left for so long [s]")] = 3600.0

    @field_validator("blocker")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in BLOCKERS:
            raise ValueError(f"no constants are known for it. {nearest(name, BLOCKERS)}")
        return name


class TopicalDose(_Dose):
    """A square of filter paper, soaked and laid on the pia."""

    route: Literal["topical"]
    concentration_mg_per_ml: Annotated[
        float, sourced("mg/ml", PROTOCOL, "of the solution in the paper", ge=0, le=1000)
    ] = 10.0
    salt: Annotated[str, Field(description="form in which the mass was weighed")] = "hydrochloride"
    side_um: Annotated[float, sourced("µm", PROTOCOL, "side of the paper", gt=0)] = 1000.0
    x_um: Annotated[float, Field(description="its centre from the centre of the patch [µm]")] = (
        500.0
    )
    y_um: Annotated[float, Field(description="the same, across [µm]")] = 0.0
    surface_transfer: Annotated[
        float,
        sourced("ratio", TRANSFER,
                "concentration at the top of the tissue over that in the paper; "
                "1 holds nothing back", ge=0, le=1),
    ] = 3.5e-4  # fmt: skip

    @model_validator(mode="after")
    def _salt_is_known(self) -> Self:
        known = BLOCKERS[self.blocker].molar_mass_g_per_mol
        if self.salt not in known:
            raise ValueError(
                f'salt is "{self.salt}", of which no molar mass is known, so mg/ml cannot become '
                f"µM. {nearest(self.salt, known)}"
            )
        return self

    @property
    def paper_micromolar(self) -> float:
        """Concentration in the fresh paper, µM."""
        mass = BLOCKERS[self.blocker].molar_mass_g_per_mol[self.salt].value
        return self.concentration_mg_per_ml / mass * 1e6

    @property
    def is_nothing(self) -> bool:
        """Whether no drug can come of it."""
        return self.paper_micromolar == 0 or self.surface_transfer == 0

    @property
    def amount(self) -> tuple[float, str]:
        """What was given, and its unit, for the log of doses."""
        return self.concentration_mg_per_ml, f"mg/ml {self.salt}, {self.side_um:g} µm paper"


class HeldDose(_Dose):
    """The same free concentration at every receptor, as in a bath, from one moment to another."""

    route: Literal["held"]
    concentration_micromolar: Annotated[
        float, Field(ge=0, le=1e5, description="free, everywhere [µM]")
    ]

    @property
    def is_nothing(self) -> bool:
        """Whether no drug can come of it."""
        return self.concentration_micromolar == 0

    @property
    def amount(self) -> tuple[float, str]:
        """What was given, and its unit, for the log of doses."""
        return self.concentration_micromolar, "µM free"


Dose = Annotated[TopicalDose | HeldDose, Field(discriminator="route")]


@dataclass(frozen=True)
class Sites:
    """Where the receptors of interest lie.

    Parameters
    ----------
    position_um : (n_site, 2) µm from the centre of the patch
    depth_um : (n_site,) µm below the pia
    """

    position_um: NDArray[np.float64]
    depth_um: NDArray[np.float64]


class Exposure:
    """Free concentration at every site through a session, from all doses of an arm.

    Time is counted from the end of the first epoch, as doses count it.

    Parameters
    ----------
    doses : of one blocker; those of which no drug can come are left out
    tissue : Tissue
    sites : Sites
    until_s : end of the session, s

    Examples
    --------
    >>> bath = HeldDose(name="bath", blocker="ketamine", route="held", concentration_micromolar=3)
    >>> here = Sites(np.zeros((1, 2)), np.full(1, 300.0))
    >>> Exposure([bath], Tissue(), here, 100.0).free_micromolar(10.0)
    array([3.])
    """

    def __init__(self, doses: Sequence[Dose], tissue: Tissue, sites: Sites, until_s: float) -> None:
        self._n_sites = len(sites.depth_um)
        self._doses = [dose for dose in doses if not dose.is_nothing]
        self._fields = [_field(dose, tissue, sites, until_s) for dose in self._doses]

    @property
    def blocker(self) -> Blocker | None:
        """What is given; None when nothing is."""
        return BLOCKERS[self._doses[0].blocker] if self._doses else None

    @property
    def begins_s(self) -> float:
        """When the first of it can arrive, s; infinity when nothing is given."""
        return min((dose.start_s for dose in self._doses), default=np.inf)

    def free_micromolar(self, time_s: float) -> NDArray[np.float64]:
        """Free concentration at every site at `time_s`, (n_site,) µM."""
        total = np.zeros(self._n_sites)
        for dose, field in zip(self._doses, self._fields, strict=True):
            since_s = time_s - dose.start_s
            if isinstance(field, ReservoirField):
                total += np.maximum(field.at(since_s), 0.0)  # interpolation may ripple below 0
            elif 0 <= since_s < dose.duration_s:
                total += field
        return total


def _field(dose: Any, tissue: Tissue, sites: Sites, until_s: float) -> ReservoirField | float:
    if isinstance(dose, HeldDose):
        return dose.concentration_micromolar
    return ReservoirField(
        tissue,
        Square(dose.side_um),
        reservoir_um=tissue.paper_um,
        reservoir_micromolar=dose.paper_micromolar,
        x_um=dose.x_um,
        y_um=dose.y_um,
        duration_s=dose.duration_s,
        surface_transfer=dose.surface_transfer,
        position_um=sites.position_um,
        depth_um=sites.depth_um,
        horizon_s=max(until_s - dose.start_s, 1.0),
    )
