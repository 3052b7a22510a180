"""What the model leaves out, and whether this run reached it."""

from __future__ import annotations

from ketacortex.drug.doses import SystemicDose, TopicalDose, WellDose
from ketacortex.evidence.off_targets import OFF_TARGETS
from ketacortex.experiment.load import of_arm
from ketacortex.experiment.schema import Experiment
from ketacortex.report.dosing import given_in, treated_arms
from ketacortex.report.tables import Material
from ketacortex.report.wording import listed, number
from ketacortex.simulate.slow_states import course_quantity

TRAPPED = "Block is by trapping alone: no drug leaves a closed pore, and none enters one."
HCN = "HCN channels are in the branches but are not blocked."
AMPA = "AMPA receptors come up on pyramidal branches alone; synapses onto interneurons stay."
LOCAL = (
    "What is given to the cortex reaches the patch from there alone; none is carried there by "
    "blood, and no metabolite is followed."
)
IN_BLOOD = (
    "What is given to the body is at one free concentration in the whole patch; kinetics are those "
    "of a typical subject, and no metabolite is followed beyond norketamine."
)


def not_modelled(material: Material) -> list[str]:
    """Sentences; none where no drug was given."""
    experiment = material.experiment
    if experiment is None or material.courses.empty:
        return []
    own = [of_arm(experiment, arm) for arm in treated_arms(experiment)]
    doses = [dose for arm in treated_arms(experiment) for dose in given_in(experiment, arm)]
    has_hcn = any(arm.block.affinity_hcn1 > 0 for arm in own)
    left_out = [
        (any(arm.block.leak == 0 for arm in own), TRAPPED),
        (not has_hcn, HCN),
        (True, AMPA),
        (any(not isinstance(dose, SystemicDose) for dose in doses), LOCAL),
        (any(isinstance(dose, SystemicDose) for dose in doses), IN_BLOOD),
    ]
    return [
        *_off_targets(material, experiment, has_hcn),
        *[sentence for applies, sentence in left_out if applies],
        *_fitted_transfer(experiment),
    ]


def highest_micromolar(material: Material, experiment: Experiment, blocker: str) -> float:
    """Concentration of a blocker that a twentieth of the sites of a class exceeded, µM."""
    highest = 0.0
    for arm in treated_arms(experiment):
        given = [dose.blocker for dose in given_in(experiment, arm)]
        if blocker in given:
            quantity = course_quantity(blocker, is_first=given[0] == blocker)
            here = (material.courses["arm"] == arm) & (material.courses["quantity"] == quantity)
            highest = max(highest, float(material.courses[here]["high"].max()))
    return highest


def _off_targets(material: Material, experiment: Experiment, has_hcn: bool) -> list[str]:
    sentences = []
    given = {d.blocker for arm in treated_arms(experiment) for d in given_in(experiment, arm)}
    for blocker in sorted(given):
        highest = highest_micromolar(material, experiment, blocker)
        targets = [t for t in OFF_TARGETS.get(blocker, ()) if not (has_hcn and t.is_hcn)]
        if not targets:
            continue
        reached = [t for t in targets if t.onset_micromolar.value <= highest]
        known = listed([f"{t.name} (from about {t.onset_micromolar.value:g} µM)" for t in targets])
        verdict = (
            f"{listed([t.name for t in reached])} would be affected too, so what is shown is "
            "NMDA block alone and not what an animal would do"
            if reached
            else "none of them was reached"
        )
        sentences.append(
            f"Of the targets of {blocker} only NMDA receptors{' and HCN1 channels' * has_hcn} are "
            "in the model. Others are "
            f"{known}. One site in twenty saw more than {number(highest)} µM at some time: "
            f"{verdict}."
        )
    return sentences


def _fitted_transfer(experiment: Experiment) -> list[str]:
    """What the surface transfer was fitted to, where a dose has the fitted value."""
    field = TopicalDose.model_fields["surface_transfer"]
    given = {name for arm in treated_arms(experiment) for name in experiment.arms[arm].doses}
    is_fitted = any(
        isinstance(dose, TopicalDose | WellDose)
        and dose.name in given
        and dose.surface_transfer == field.default
        for dose in experiment.dose
    )
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return [f"Surface transfer {field.default:g} is {extra.get('source')}."] if is_fitted else []
