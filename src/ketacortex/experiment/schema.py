"""What an experiment is: circuit, epochs, arms, animals; validated once, here."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ketacortex.model.settings import CircuitSettings
from ketacortex.seeds import seed_of
from ketacortex.settings import Settings
from ketacortex.stimulus.grating import GratingSequence

NAME = r"^[A-Za-z][A-Za-z0-9_-]*$"


class Epoch(Settings):
    """One named stretch of the day."""

    name: Annotated[str, Field(pattern=NAME, description="name of the epoch")]
    kind: Annotated[
        Literal["measure"], Field(description="measure: gratings and blanks are shown")
    ] = "measure"
    stimulus: Annotated[
        GratingSequence | None, Field(description="what is shown; default: the experiment's own")
    ] = None


class Arm(Settings):
    """One version of the experiment; arms of an animal share its wiring, map and noise."""

    set: Annotated[
        dict[str, Any],
        Field(default_factory=dict, description="settings of this arm alone, under `circuit`"),
    ]


class Experiment(Settings):
    """A whole experiment, every setting resolved."""

    name: Annotated[str, Field(pattern=NAME, description="name of the experiment")]
    animals: Annotated[int, Field(ge=1, le=1000, description="animals, each its own cortex")] = 6
    seed: Annotated[int, Field(ge=0, description="seed from which the animals are drawn")] = 1
    circuit: CircuitSettings = CircuitSettings()
    stimulus: GratingSequence = GratingSequence()
    epoch: Annotated[tuple[Epoch, ...], Field(min_length=1, description="epochs, in order")]
    arms: Annotated[
        dict[Annotated[str, Field(pattern=NAME)], Arm],
        Field(min_length=1, description="arms by name"),
    ]

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [epoch.name for epoch in self.epoch]
        double = {name for name in names if names.count(name) > 1}
        if double:
            raise ValueError(
                f'two epochs are called "{double.pop()}"; noise and results are kept by epoch '
                "name. Give each epoch its own name"
            )
        return self

    def shown(self) -> list[tuple[str, GratingSequence]]:
        """Name and stimuli of each epoch, in order."""
        return [(epoch.name, epoch.stimulus or self.stimulus) for epoch in self.epoch]

    def animal_seed(self, index: int) -> int:
        """Seed of animal `index` (from 1): hashed, so neighbouring seeds share no animal."""
        return seed_of("animal", self.seed, index)

    @property
    def digest(self) -> str:
        """Eight characters that change with any setting."""
        text = self.model_dump_json(exclude={"name"})
        return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()

    @property
    def simulated_s(self) -> float:
        """Biological time of all animals, arms and epochs."""
        per_arm = sum(sequence.total_s for _, sequence in self.shown())
        return per_arm * len(self.arms) * self.animals
