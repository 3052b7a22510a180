"""What an experiment is: circuit, epochs, arms, animals; validated once, here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import combinations, pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ketacortex.drug.doses import NAME, Dose, HeldDose, SystemicDose, TopicalDose, WellDose
from ketacortex.drug.pharmacokinetics import Kinetics, require_route
from ketacortex.drug.receptor_block import BlockSettings
from ketacortex.drug.tissue_diffusion import Tissue
from ketacortex.errors import nearest
from ketacortex.model.plasticity import Plasticity
from ketacortex.model.settings import CircuitSettings
from ketacortex.recording.electrodes import Electrodes
from ketacortex.seeds import seed_of
from ketacortex.settings import Settings
from ketacortex.simulate.probes import Probes
from ketacortex.simulate.session import Treatment, epoch_starts_s
from ketacortex.simulate.slow_states import CLASSES, SlowSteps
from ketacortex.stimulus.day import Adapter, Training
from ketacortex.stimulus.epochs import Epoch as ShownEpoch
from ketacortex.stimulus.epochs import Passing
from ketacortex.stimulus.grating import GratingSequence

Name = Annotated[str, Field(pattern=NAME)]


class Epoch(Settings):
    """One named stretch of the day."""

    name: Annotated[str, Field(pattern=NAME, description="name of the epoch")]
    kind: Annotated[
        Literal["measure", "wait", "adapt", "recover", "train"],
        Field(
            description="measure: gratings and blanks are shown and recorded; wait, recover: a "
            "grey screen; adapt: one grating for long; train: gratings on both sides of a reference"
        ),
    ] = "measure"
    start_s: Annotated[
        float | None,
        Field(ge=0, description="start after the end of the first epoch [s]; default: at once"),
    ] = None
    stimulus: Annotated[
        GratingSequence | None, Field(description="what is shown; default: the experiment's own")
    ] = None
    duration_s: Annotated[
        float | None,
        Field(gt=0, le=1e6, description="how long an epoch lasts that is not measured [s]"),
    ] = None
    adapter: Annotated[Adapter | None, Field(description="what an epoch of kind adapt shows")] = (
        None
    )
    training: Annotated[Training | None, Field(description="what an epoch of kind train shows")] = (
        None
    )

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        where = f"epoch.{self.name}"
        has = {
            "stimulus": self.stimulus, "duration_s": self.duration_s, "adapter": self.adapter,
            "training": self.training,
        }  # fmt: skip
        needs = {"measure": (), "adapt": ("duration_s", "adapter"),
                 "train": ("duration_s", "training")}.get(self.kind, ("duration_s",))  # fmt: skip
        allowed = ("stimulus",) if self.kind == "measure" else needs
        for key, value in has.items():
            if key in needs and value is None:
                raise ValueError(
                    f'{where}.{key} is missing; an epoch of kind "{self.kind}" needs '
                    f"{' and '.join(needs)}. Add it"
                )
            if key not in allowed and value is not None:
                raise ValueError(
                    f'{where}.{key} has no meaning in an epoch of kind "{self.kind}". Leave it '
                    "out, or change the kind"
                )
        shown_s = None if self.adapter is None else self.adapter.duration_s
        if shown_s is not None and self.duration_s is not None and shown_s > self.duration_s:
            raise ValueError(
                f"{where}.adapter.duration_s is {shown_s:g} s, longer than its epoch of "
                f"{self.duration_s:g} s ({where}.duration_s). Shorten the adapter, or lengthen the "
                "epoch"
            )
        return self


class Arm(Settings):
    """One version of the experiment; arms of an animal share its wiring, map and noise."""

    doses: Annotated[tuple[str, ...], Field(description="names of the doses given in it")] = ()
    set: Annotated[
        dict[str, Any],
        Field(
            default_factory=dict,
            description="settings of this arm alone, under `circuit`, or from `block.` or "
            "`plasticity.` on",
        ),
    ]
    without: Annotated[
        tuple[str, ...],
        Field(description="epochs of kind adapt or train that pass with a grey screen in it"),
    ] = ()


POPULATIONS = (*CLASSES, "all")
"""Whose measures there are."""


class Row(Settings):
    """Rows of the table of effects that show one published phenomenon; what is left out is any."""

    measure: Annotated[str, Field(description="measure of the rows")]
    arm: Annotated[str | None, Field(description="arm or claim")] = None
    epoch: Annotated[str | None, Field(description="epoch")] = None
    population: Annotated[str | None, Field(description="population")] = None

    def is_in(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of effects is one of them."""
        asked = self.model_dump(exclude_none=True)
        return all(row[key] == value for key, value in asked.items())


class Analysis(Settings):
    """What is measured of each recording beside its cells and populations."""

    network: Annotated[
        bool, Field(description="links between all pairs of cells: some seconds a recording")
    ] = False


class Experiment(Settings):
    """A whole experiment, every setting resolved."""

    name: Annotated[str, Field(pattern=NAME, description="name of the experiment")]
    animals: Annotated[int, Field(ge=1, le=1000, description="animals, each its own cortex")] = 6
    seed: Annotated[int, Field(ge=0, description="seed from which the animals are drawn")] = 1
    circuit: CircuitSettings = CircuitSettings()
    tissue: Tissue = Tissue()
    kinetics: Kinetics = Kinetics()
    block: BlockSettings = BlockSettings()
    plasticity: Annotated[
        Plasticity | None,
        Field(description="what experience changes; none: a circuit that does not learn"),
    ] = None
    slow_steps: SlowSteps = SlowSteps()
    stimulus: GratingSequence = GratingSequence()
    record: Probes = Probes()
    electrodes: Annotated[
        Electrodes | None,
        Field(description="electrodes that units are seen through; none: every cell is known"),
    ] = None
    analysis: Analysis = Analysis()
    epoch: Annotated[tuple[Epoch, ...], Field(min_length=1, description="epochs, in order")]
    dose: Annotated[tuple[Dose, ...], Field(description="doses that arms can be given")] = ()
    arms: Annotated[dict[Name, Arm], Field(min_length=1, description="arms by name")]
    claims: Annotated[
        dict[Name, tuple[str, str]],
        Field(description="by name, an arm and the arm it is held against, animal by animal"),
    ] = {}  # noqa: RUF012 - pydantic copies it
    phenomena: Annotated[
        dict[Name, tuple[Row, ...]],
        Field(description="by its name on the scoreboard, the rows of effects that show it"),
    ] = {}  # noqa: RUF012 - pydantic copies it

    @model_validator(mode="after")
    def _names_are_unique_and_known(self) -> Self:
        for kind, names, why in (
            ("epochs", [epoch.name for epoch in self.epoch],
             "noise and results are kept by epoch name"),
            ("doses", [dose.name for dose in self.dose], "arms call doses by name"),
        ):  # fmt: skip
            double = {name for name in names if names.count(name) > 1}
            if double:
                raise ValueError(
                    f'two {kind} are called "{double.pop()}"; {why}. Give each its own name'
                )
        doses = [dose.name for dose in self.dose]
        for name, arm in self.arms.items():
            for dose in arm.doses:
                if arm.doses.count(dose) > 1:
                    raise ValueError(
                        f'arms.{name}.doses names "{dose}" twice; a dose is given once, at its own '
                        "time. Add a second [[dose]] for the second time"
                    )
                if dose not in doses:
                    known = nearest(dose, doses) if doses else "Add a [[dose]] table with that name"
                    raise ValueError(f'arms.{name}.doses names "{dose}", which is no dose. {known}')
        for name, pair in self.claims.items():
            if name in self.arms:
                raise ValueError(
                    f"claims.{name} has the name of an arm, and their results could not be told "
                    "apart. Rename the claim"
                )
            for arm_name in pair:
                if arm_name not in self.arms:
                    raise ValueError(
                        f'claims.{name} names "{arm_name}", which is no arm. '
                        f"{nearest(arm_name, self.arms)}"
                    )
        return self

    @model_validator(mode="after")
    def _days_make_sense(self) -> Self:
        for place in (0, -1):
            epoch = self.epoch[place]
            if epoch.kind != "measure":
                raise ValueError(
                    f'epoch.{epoch.name}.kind is "{epoch.kind}"; the first and the last epoch are '
                    "measured, or nothing says what was before or came of it. Add an epoch of kind "
                    '"measure" ' + ("before it" if place == 0 else "after it")
                )
        learnt_from: list[str] = []
        for epoch in self.epoch:
            if epoch.kind == "recover" and not learnt_from:
                raise ValueError(
                    f'epoch.{epoch.name}.kind is "recover", and no epoch of kind "adapt" or '
                    '"train" comes before it, so there is nothing to recover from. Use "wait", or '
                    "adapt first"
                )
            if epoch.kind in ("adapt", "train"):
                learnt_from.append(epoch.name)
        if learnt_from and self.plasticity is None:
            raise ValueError(
                f"epoch.{learnt_from[0]} shows an adapter or a training, and the circuit does not "
                "learn: there is no table plasticity, so nothing would come of it. Add [plasticity]"
            )
        for name, arm in self.arms.items():
            for place, epoch_name in enumerate(arm.without):
                if epoch_name in arm.without[:place]:
                    raise ValueError(
                        f'arms.{name}.without names "{epoch_name}" twice; once is enough'
                    )
                if epoch_name not in learnt_from:
                    known = (
                        nearest(epoch_name, learnt_from)
                        if learnt_from
                        else "There is none in this experiment: leave it out, or give arms of "
                        "your own"
                    )
                    raise ValueError(
                        f'arms.{name}.without names "{epoch_name}", which is no epoch of kind '
                        f"adapt or train. {known}"
                    )
        return self

    @model_validator(mode="after")
    def _phenomena_are_of_this_experiment(self) -> Self:
        if not self.phenomena:
            return self
        from ketacortex.analyse.measures import CHANGING_MEASURES  # half a second

        arms = [*self.arms, *self.claims]
        measured = [epoch.name for epoch in self.epoch if epoch.kind == "measure"]
        for name, rows in self.phenomena.items():
            for row in rows:
                for key, value, known in (
                    ("measure", row.measure, CHANGING_MEASURES),
                    ("arm", row.arm, arms),
                    ("epoch", row.epoch, measured),
                    ("population", row.population, POPULATIONS),
                ):
                    if value is not None and value not in known:
                        raise ValueError(
                            f'phenomena.{name} names the {key} "{value}", which is not measured '
                            f"in this experiment. {nearest(value, known)}"
                        )
        return self

    @model_validator(mode="after")
    def _epochs_follow_each_other(self) -> Self:
        if self.epoch[0].start_s is not None:
            raise ValueError(
                f"epoch.{self.epoch[0].name}.start_s is {self.epoch[0].start_s:g}; the first epoch "
                "ends where the clock begins, so it has no start of its own. Leave it out"
            )
        shown = self.shown()
        begins = epoch_starts_s(shown, self.starts_s())
        end_s = 0.0
        for name, sequence in shown[1:]:
            if begins[name] < end_s - 1e-9:
                raise ValueError(
                    f"epoch.{name}.start_s is {begins[name]:g} s, before the end of the epoch "
                    f"before it at {end_s:g} s; both cannot be on the screen. Start it later"
                )
            end_s = begins[name] + sequence.total_s
        for dose in self.dose:
            if dose.start_s >= max(end_s, 1e-9):
                raise ValueError(
                    f"dose.{dose.name}.start_s is {dose.start_s:g} s, outside the session, which "
                    f"ends {end_s:g} s after the first epoch; nothing would be seen of it. Start "
                    "it earlier, or add an epoch after it"
                )
        return self

    @model_validator(mode="after")
    def _papers_fit(self) -> Self:
        width_um = self.circuit.patch.width_um
        for dose in self.dose:
            if isinstance(dose, TopicalDose | WellDose) and dose.extent_um > width_um:
                raise ValueError(
                    f"dose.{dose.name}.{dose.extent_key} is {dose.extent_um:g} µm, and the cortex "
                    f"is {width_um:g} µm wide: {dose.too_large}, or a larger circuit.patch.width_um"
                )
        for name, arm in self.arms.items():
            lying = [d for d in self.dose
                     if d.name in arm.doses and isinstance(d, TopicalDose | WellDose)]  # fmt: skip
            for first, second in combinations(lying, 2):
                apart_um = max(abs(first.x_um - second.x_um), abs(first.y_um - second.y_um))
                at_once = (
                    first.start_s < second.start_s + second.duration_s
                    and second.start_s < first.start_s + first.duration_s
                )
                if at_once and apart_um < (first.extent_um + second.extent_um) / 2 - 1e-9:
                    raise ValueError(
                        f"arms.{name}: doses {first.name} and {second.name} lie on the same place "
                        "at the same time; two reservoirs cannot. Move one of them, or give it "
                        "later"
                    )
        return self

    @model_validator(mode="after")
    def _doses_can_be_given(self) -> Self:
        n_pyramids = self.circuit.pyr.n
        if self.kinetics.species is not None or self.kinetics.model is not None:
            _ = self.kinetics.disposition  # a name that is not known is an error, used or not
        for dose in self.dose:
            if isinstance(dose, SystemicDose):
                require_route(self.kinetics, dose.blocker, dose.route)
                if dose.dose_mg is not None and not self.kinetics.evidence.doses_in_mg:
                    raise ValueError(
                        f"dose.{dose.name}.dose_mg is {dose.dose_mg:g} mg, and doses for a "
                        f"{self.kinetics.species} go by body mass. Give dose_mg_per_kg"
                    )
            if isinstance(dose, HeldDose) and dose.cells and max(dose.cells) >= n_pyramids:
                raise ValueError(
                    f"dose.{dose.name}.cells names cell {max(dose.cells)}, and the circuit has "
                    f"{n_pyramids} pyramidal cells, counted from 0. Name smaller numbers"
                )
        for name, arm in self.arms.items():
            infusions = sorted(
                (dose for dose in self.dose
                 if dose.name in arm.doses and isinstance(dose, SystemicDose) and dose.duration_s),
                key=lambda dose: (dose.blocker, dose.start_s),
            )  # fmt: skip
            for first, second in pairwise(infusions):
                end_s = first.start_s + first.duration_s
                if second.blocker == first.blocker and second.start_s < end_s - 1e-9:
                    raise ValueError(
                        f"arms.{name}: infusion {second.name} starts at {second.start_s:g} s, "
                        f"before infusion {first.name} ends at {end_s:g} s; one line carries one "
                        "infusion of a drug. Start it later, or give one at a higher rate"
                    )
        return self

    @model_validator(mode="after")
    def _recorded_cells_exist(self) -> Self:
        self.record.require_cells(self.circuit.pyr.n)
        return self

    def shown(self, arm: str | None = None) -> list[tuple[str, ShownEpoch]]:
        """Name of each epoch and what it shows, in order; in one arm, or where all is shown."""
        left_out = () if arm is None else self.arms[arm].without
        return [
            (epoch.name, epoch.stimulus or self.stimulus)
            if epoch.kind == "measure"
            else (
                epoch.name,
                Passing(
                    kind=epoch.kind,
                    duration_s=epoch.duration_s or 0.0,
                    adapter=epoch.adapter,
                    training=epoch.training,
                    is_shown=epoch.name not in left_out,
                ),
            )
            for epoch in self.epoch
        ]

    def measured_s(self) -> float:
        """Time that is recorded in one arm of one animal, s."""
        return sum(e.total_s for _, e in self.shown() if isinstance(e, GratingSequence))

    def starts_s(self) -> dict[str, float]:
        """Start after the end of the first epoch, of those epochs that have one of their own."""
        return {e.name: e.start_s for e in self.epoch if e.start_s is not None}

    def treatment(self, arm: str) -> Treatment:
        """What is given in one arm; the arm's own settings are not applied."""
        given = self.arms[arm].doses
        return Treatment(
            doses=tuple(dose for dose in self.dose if dose.name in given),
            tissue=self.tissue,
            kinetics=self.kinetics,
            block=self.block,
            plasticity=self.plasticity,
            slow_steps=self.slow_steps,
        )

    def animal_seed(self, index: int) -> int:
        """Seed of animal `index` (from 1): hashed, so neighbouring seeds share no animal."""
        return seed_of("animal", self.seed, index)

    def animal_name(self, index: int) -> str:
        """Name of animal `index` (from 1): the same cortex has it whatever is done to it."""
        cortex = f"{self.circuit.model_dump_json(exclude_none=True)}|{self.animal_seed(index)}"
        mark = hashlib.blake2b(cortex.encode(), digest_size=4).hexdigest()
        return f"animal-{index:03d}-{mark}"

    @property
    def digest(self) -> str:
        """Eight characters that change with any setting."""
        # What is not there is not hashed, so that folders keep their names when settings are added.
        text = self.model_dump_json(exclude={"name"}, exclude_none=True)
        return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()

    @property
    def simulated_s(self) -> float:
        """Biological time of all animals, arms and epochs."""
        return self.measured_s() * len(self.arms) * self.animals
