"""Doses as they are given."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from ketacortex.drug.pharmacokinetics import dose_umol
from ketacortex.drug.serotonin import SerotoninDose
from ketacortex.errors import nearest
from ketacortex.evidence.blockers import BLOCKERS
from ketacortex.evidence.protocols import (
    PAPER_CONCENTRATION,
    PAPER_OFFSET,
    PAPER_SIDE,
    PAPER_TRANSFER,
)
from ketacortex.settings import Settings, sourced
from ketacortex.units import (
    MICROMOLAR_PER_MILLIMOLAR,
    MICROMOLAR_PER_MOLAR,
    NMOL_PER_MICROMOLAR_NL,
    S_PER_H,
    S_PER_MIN,
    UM_PER_MM,
)

NAME = r"^[A-Za-z][A-Za-z0-9_-]*$"


class _Dose(Settings):
    """What every dose has."""

    name: Annotated[str, Field(pattern=NAME, description="name that arms call it by")]
    blocker: Annotated[str, Field(description="what is given, a name in the evidence")]
    start_s: Annotated[
        float, Field(ge=0, description="given so long after the end of the first epoch [s]")
    ] = 0.0

    @field_validator("blocker")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in BLOCKERS:
            raise ValueError(f"no constants are known for it. {nearest(name, BLOCKERS)}")
        return name


class _Weighed(_Dose):
    """A dose whose mass was weighed as some salt."""

    salt: Annotated[str, Field(description="form in which the mass was weighed")] = "hydrochloride"

    @model_validator(mode="before")
    @classmethod
    def _salt_is_the_usual_one(cls, given: Any) -> Any:
        """Unless one is named it is the blocker's own: maleate where there is no hydrochloride."""
        if not isinstance(given, dict) or "salt" in given or given.get("blocker") not in BLOCKERS:
            return given
        known = BLOCKERS[given["blocker"]].molar_mass_g_per_mol
        default = cls.model_fields["salt"].default
        return given | {"salt": default if default in known else next(iter(known))}

    @model_validator(mode="after")
    def _salt_is_known(self) -> Self:
        known = BLOCKERS[self.blocker].molar_mass_g_per_mol
        if self.salt not in known:
            raise ValueError(
                f'salt is "{self.salt}", of which no molar mass is known, so a mass cannot become '
                f"µM. {nearest(self.salt, known)}"
            )
        return self

    @property
    def _g_per_mol(self) -> float:
        return BLOCKERS[self.blocker].molar_mass_g_per_mol[self.salt].value


def _when(dose: Dose) -> str:
    return f"{dose.start_s / S_PER_MIN:g} to {(dose.start_s + dose.duration_s) / S_PER_MIN:g} min"


class _Solution(_Weighed):
    """A dose that is dissolved and brought to the cortex itself."""

    concentration_mg_per_ml: Annotated[
        float, sourced("mg/ml", PAPER_CONCENTRATION.source, "of the solution", ge=0, le=1000)
    ] = PAPER_CONCENTRATION.value  # fmt: skip

    @property
    def solution_micromolar(self) -> float:
        """Concentration of the fresh solution, µM."""
        return self.concentration_mg_per_ml / self._g_per_mol * MICROMOLAR_PER_MOLAR

    def _dissolved(self) -> str:
        return (
            f"{self.concentration_mg_per_ml:g} mg/ml {self.salt} "
            f"({self.solution_micromolar / MICROMOLAR_PER_MILLIMOLAR:.3g} mM)"
        )


class _OnPia(_Solution):
    """A reservoir of solution that lies on the pia."""

    surface_transfer: Annotated[
        float,
        sourced("ratio", PAPER_TRANSFER.source,
                "concentration at the top of the tissue over that in the reservoir; "
                "1 holds nothing back", ge=0, le=1),
    ] = PAPER_TRANSFER.value  # fmt: skip

    @property
    def is_nothing(self) -> bool:
        """Whether no drug can come of it."""
        return self.solution_micromolar == 0 or self.surface_transfer == 0


class TopicalDose(_OnPia):
    """A square of filter paper, soaked and laid on the pia."""

    too_large: ClassVar[str] = (
        "a paper larger than the cortex cannot lie on it. Take a smaller paper"
    )
    extent_key: ClassVar[str] = "side_um"
    route: Literal["topical"]
    duration_s: Annotated[float, Field(ge=1e-3, description="and left for so long [s]")] = S_PER_H
    side_um: Annotated[
        float, sourced("µm", PAPER_SIDE.source, "side of the paper", gt=0)
    ] = PAPER_SIDE.value  # fmt: skip
    x_um: Annotated[float, Field(description="its centre from the centre of the patch [µm]")] = (
        PAPER_OFFSET.value
    )
    y_um: Annotated[float, Field(description="the same, across [µm]")] = 0.0

    @property
    def extent_um(self) -> float:
        """How wide it is, µm."""
        return self.side_um

    @property
    def amount(self) -> tuple[float, str]:
        """What was given, and its unit, for the log of doses."""
        return self.concentration_mg_per_ml, f"mg/ml {self.salt}, {self.side_um:g} µm paper"

    @property
    def in_short(self) -> str:
        """The dose in a few words."""
        return f"{self.blocker} in filter paper"

    @property
    def in_words(self) -> str:
        """The dose as a reader says it."""
        side = f"{self.side_um / UM_PER_MM:g}"
        return (
            f"{self.blocker}, filter paper of {side} × {side} mm with {self._dissolved()}, "
            f"{_when(self)}, surface transfer {self.surface_transfer:g}"
        )


class WellDose(_OnPia):
    """A round well on the pia, filled with solution or perfused with it."""

    too_large: ClassVar[str] = (
        "a well larger than the cortex cannot stand on it. Take a smaller well"
    )
    extent_key: ClassVar[str] = "diameter_um"
    route: Literal["well"]
    duration_s: Annotated[float, Field(ge=1e-3, description="until it is rinsed [s]")] = S_PER_H
    diameter_um: Annotated[float, Field(gt=0, description="of the well [µm]")]
    fluid_depth_um: Annotated[
        float | None,
        Field(gt=0, description="depth of the fluid [µm]; default: perfused, so it never thins"),
    ] = None
    x_um: Annotated[float, Field(description="its centre from the centre of the patch [µm]")] = 0.0
    y_um: Annotated[float, Field(description="the same, across [µm]")] = 0.0

    @property
    def extent_um(self) -> float:
        """How wide it is, µm."""
        return self.diameter_um

    @property
    def amount(self) -> tuple[float, str]:
        """What was given, and its unit, for the log of doses."""
        return self.concentration_mg_per_ml, f"mg/ml {self.salt}, {self.diameter_um:g} µm well"

    @property
    def in_short(self) -> str:
        """The dose in a few words."""
        return f"{self.blocker} in a well"

    @property
    def in_words(self) -> str:
        """The dose as a reader says it."""
        fluid = (
            "perfused"
            if self.fluid_depth_um is None
            else f"{self.fluid_depth_um / UM_PER_MM:g} mm deep"
        )
        return (
            f"{self.blocker}, a well of {self.diameter_um / UM_PER_MM:g} mm at ({self.x_um:g}, "
            f"{self.y_um:g}) µm, {fluid}, "
            f"with {self._dissolved()}, {_when(self)}, surface transfer {self.surface_transfer:g}"
        )


class InjectionDose(_Solution):
    """Solution pressed out of a pipette into the cortex."""

    route: Literal["injection"]
    duration_s: Annotated[float, Field(ge=1e-3, description="pressed out over so long [s]")] = (
        S_PER_MIN
    )
    volume_nl: Annotated[float, Field(gt=0, le=1e5, description="of the solution [nl]")]
    x_um: Annotated[float, Field(description="the tip from the centre of the patch [µm]")] = 0.0
    y_um: Annotated[float, Field(description="the same, across [µm]")] = 0.0
    tip_depth_um: Annotated[float, Field(ge=0, description="of the tip below the pia [µm]")]

    @property
    def amount_nmol(self) -> float:
        """Drug in the volume, nmol."""
        return self.solution_micromolar * self.volume_nl * NMOL_PER_MICROMOLAR_NL

    @property
    def is_nothing(self) -> bool:
        """Whether no drug can come of it."""
        return self.solution_micromolar == 0

    @property
    def amount(self) -> tuple[float, str]:
        """What was given, and its unit, for the log of doses."""
        return self.volume_nl, f"nl of {self.concentration_mg_per_ml:g} mg/ml {self.salt}"

    @property
    def in_short(self) -> str:
        """The dose in a few words."""
        return f"{self.volume_nl:g} nl {self.blocker} injected"

    @property
    def in_words(self) -> str:
        """The dose as a reader says it."""
        return (
            f"{self.blocker}, {self.volume_nl:g} nl of {self._dissolved()} injected "
            f"{self.tip_depth_um:g} µm below the pia at ({self.x_um:g}, {self.y_um:g}) µm, "
            f"{_when(self)}"
        )


class HeldDose(_Dose):
    """The same free concentration at every receptor, as in a bath, from one moment to another.

    With `cells` it is inside those pyramidal cells alone, as from a patch pipette.
    """

    route: Literal["held"]
    duration_s: Annotated[float, Field(gt=0, description="and held for so long [s]")] = S_PER_H
    concentration_micromolar: Annotated[
        float, Field(ge=0, le=1e5, description="free, everywhere [µM]")
    ]
    cells: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...] | None,
        Field(min_length=1, description="numbers of the pyramidal cells it is confined to"),
    ] = None

    @property
    def is_nothing(self) -> bool:
        """Whether no drug can come of it."""
        return self.concentration_micromolar == 0

    @property
    def amount(self) -> tuple[float, str]:
        """What was given, and its unit, for the log of doses."""
        where = "" if self.cells is None else f" inside {len(self.cells)} cells"
        return self.concentration_micromolar, f"µM free{where}"

    @property
    def in_short(self) -> str:
        """The dose in a few words."""
        where = "" if self.cells is None else f" inside {len(self.cells)} cells"
        return f"{self.concentration_micromolar:g} µM {self.blocker}{where}"

    @property
    def in_words(self) -> str:
        """The dose as a reader says it."""
        where = "everywhere" if self.cells is None else f"inside cells {self.cells} alone"
        return (
            f"{self.blocker} held at {self.concentration_micromolar:g} µM free {where}, "
            f"{_when(self)}"
        )


class SystemicDose(_Weighed):
    """A dose into the body: at once, or infused into a vein for a while."""

    route: Literal[
        "intravenous", "intraperitoneal", "intramuscular", "subcutaneous", "intranasal", "oral"
    ]
    dose_mg_per_kg: Annotated[
        float | None, Field(ge=0, le=1000, description="mass over body mass [mg/kg]")
    ] = None
    dose_mg: Annotated[
        float | None, Field(ge=0, le=1e5, description="mass, for a human alone [mg]")
    ] = None
    salt: Annotated[
        str, Field(description="form in which the mass was weighed; ampoules are labelled as base")
    ] = "base"
    duration_s: Annotated[
        float, Field(ge=0, le=1e6, description="infused for so long; 0: given at once [s]")
    ] = 0.0

    @model_validator(mode="after")
    def _is_one_dose(self) -> Self:
        if (self.dose_mg_per_kg is None) == (self.dose_mg is None):
            found = "neither is given" if self.dose_mg is None else "both are given"
            raise ValueError(
                f"a dose is dose_mg_per_kg, or dose_mg for a human; {found}. Give one of them"
            )
        if self.duration_s > 0 and self.route != "intravenous":
            raise ValueError(
                f'duration_s is {self.duration_s:g}, and a dose of route "{self.route}" is given '
                "at once; its absorption takes the time it takes. Leave duration_s out"
            )
        return self

    def dose_umol(self, mass_kg: float) -> float:
        """Amount of drug for a body of this mass, µmol."""
        mass_mg = self.dose_mg if self.dose_mg is not None else (self.dose_mg_per_kg or 0) * mass_kg
        return dose_umol(mass_mg, self.blocker, self.salt)

    @property
    def is_nothing(self) -> bool:
        """Whether no drug can come of it."""
        return not (self.dose_mg or self.dose_mg_per_kg)

    @property
    def amount(self) -> tuple[float, str]:
        """What was given, and its unit, for the log of doses."""
        if self.dose_mg is not None:
            return self.dose_mg, f"mg {self.salt}"
        return self.dose_mg_per_kg or 0.0, f"mg/kg {self.salt}"

    @property
    def in_short(self) -> str:
        """The dose in a few words."""
        value, unit = self.amount
        return f"{value:g} {unit.split()[0]} {self.blocker}, {self.route}"

    @property
    def in_words(self) -> str:
        """The dose as a reader says it."""
        value, unit = self.amount
        when = f"at {self.start_s / S_PER_MIN:g} min" if self.duration_s == 0 else _when(self)
        return f"{self.blocker}, {value:g} {unit}, {self.route}, {when}"


BlockerDose = TopicalDose | WellDose | InjectionDose | HeldDose | SystemicDose
"""A dose of something that blocks NMDA receptors."""
Dose = Annotated[BlockerDose | SerotoninDose, Field(discriminator="route")]
