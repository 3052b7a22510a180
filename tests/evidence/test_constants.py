"""Every number of the evidence can be traced and lies in its own range."""

import re

import pytest

from ketacortex.drug.receptor_block import BlockSettings
from ketacortex.drug.tissue_diffusion import Tissue
from ketacortex.evidence import nmda_receptors, tissue
from ketacortex.evidence.blockers import BLOCKERS
from ketacortex.evidence.constants import Constant
from ketacortex.evidence.off_targets import OFF_TARGETS

CONSTANTS = {
    **{f"tissue.{name}": value for name, value in vars(tissue).items()
       if isinstance(value, Constant)},
    **{f"open.{name}": value for name, value in nmda_receptors.PEAK_OPEN_PROBABILITY.items()},
    "magnesium slope": nmda_receptors.MAGNESIUM_SLOPE_PER_MV,
    **{f"{blocker}.{target.name}": target.onset_micromolar
       for blocker, targets in OFF_TARGETS.items() for target in targets},
    **{f"{name}.k_on": blocker.k_on for name, blocker in BLOCKERS.items()},
    **{f"{name}.distance": blocker.electrical_distance for name, blocker in BLOCKERS.items()},
    **{f"{name}.{kind}.{subunit}": value for name, blocker in BLOCKERS.items()
       for kind in ("ic50_without_magnesium", "ic50_with_magnesium", "molar_mass_g_per_mol")
       for subunit, value in getattr(blocker, kind).items()},
}  # fmt: skip


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_constant_has_a_range_a_unit_and_a_source(name):
    constant = CONSTANTS[name]
    assert constant.low <= constant.value <= constant.high
    assert constant.unit
    assert len(constant.source) > 8
    if constant.grade == "read":
        assert re.search(r"10\.\d{4}/|PMC\d+", constant.source)


def test_targets_outside_the_model_stand_in_order_of_concentration():
    for targets in OFF_TARGETS.values():
        onsets = [target.onset_micromolar.value for target in targets]
        assert onsets == sorted(onsets)


@pytest.mark.parametrize("settings", [Tissue, BlockSettings])
def test_settings_of_the_drug_say_where_they_come_from(settings):
    for name, field in settings.model_fields.items():
        extra = field.json_schema_extra
        assert extra["unit"], name
        assert re.match(r"derived|fitted|assumed|.*10\.\d{4}/", extra["source"]), name
