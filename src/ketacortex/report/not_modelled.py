"""What the model leaves out, and whether this run reached it."""

from __future__ import annotations

from ketacortex.drug.doses import TopicalDose
from ketacortex.evidence.off_targets import OFF_TARGETS
from ketacortex.experiment.schema import Experiment
from ketacortex.report.dosing import treated_arms
from ketacortex.report.tables import Material
from ketacortex.report.wording import listed, number

ALWAYS = (
    "Block is by trapping alone: no drug leaves a closed pore, and none enters one.",
    "HCN channels are in the branches but are not blocked.",
    "AMPA receptors come up on pyramidal branches alone; synapses onto interneurons stay.",
    "Drug reaches the patch by the route given alone; none is carried there by blood, and no "
    "metabolite is followed.",
)


def not_modelled(material: Material) -> list[str]:
    """Sentences; none where no drug was given."""
    experiment = material.experiment
    if experiment is None or material.courses.empty:
        return []
    return [*_off_targets(material, experiment), *ALWAYS, *_fitted_transfer(experiment)]


def highest_micromolar(material: Material) -> float:
    """Concentration that a twentieth of the sites of a class exceeded at some time, µM."""
    free = material.courses[material.courses["quantity"] == "free_micromolar"]
    return float(free["high"].max())


def _off_targets(material: Material, experiment: Experiment) -> list[str]:
    highest = highest_micromolar(material)
    sentences = []
    for blocker in sorted({dose.blocker for dose in experiment.dose}):
        targets = OFF_TARGETS.get(blocker, ())
        reached = [t for t in targets if t.onset_micromolar.value <= highest]
        known = listed([f"{t.name} (from about {t.onset_micromolar.value:g} µM)" for t in targets])
        verdict = (
            f"{listed([t.name for t in reached])} would be affected too, so what is shown is "
            "NMDA block alone and not what an animal would do"
            if reached
            else "none of them was reached"
        )
        sentences.append(
            f"Of the targets of {blocker} only NMDA receptors are in the model. Others are "
            f"{known}. One site in twenty saw more than {number(highest)} µM at some time: "
            f"{verdict}."
        )
    return sentences


def _fitted_transfer(experiment: Experiment) -> list[str]:
    """What the surface transfer was fitted to, where a dose has the fitted value."""
    field = TopicalDose.model_fields["surface_transfer"]
    given = {name for arm in treated_arms(experiment) for name in experiment.arms[arm].doses}
    is_fitted = any(
        isinstance(dose, TopicalDose)
        and dose.name in given
        and dose.surface_transfer == field.default
        for dose in experiment.dose
    )
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return [f"Surface transfer {field.default:g} is {extra.get('source')}."] if is_fitted else []
