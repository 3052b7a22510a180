"""Every number of the evidence can be traced, lies in its own range, and is the only one used."""

import ast
import re
from pathlib import Path

import pytest

from ketacortex.drug.receptor_block import BlockSettings
from ketacortex.drug.tissue_diffusion import Tissue
from ketacortex.evidence.off_targets import OFF_TARGETS
from ketacortex.evidence.registry import registry

DRUG = Path(__file__).parents[2] / "src" / "ketacortex" / "drug"
CONSTANTS = registry()
METHOD = {
    # how finely something is computed, and the states' places in their arrays
    "N_FLUX_STEPS", "N_TABLE_STEPS", "N_TERMS", "N_STATES", "TRIFLE", "ROUNDING", "GAUSS_NODES",
    "N_RADIUS_STEPS", "BLURRED_REACHES",
    "DEPOT", "BRAIN",
    # what `show block` asks of the scheme
    "VOLTAGES_MV", "MAGNESIUM_MILLIMOLAR", "ONSET_MICROMOLAR", "ONSETS_P_OPEN", "IC50_P_OPEN",
    "CONCENTRATIONS_MICROMOLAR", "FIRST_STEP_S", "STILL",
}  # fmt: skip
TRACED = {
    "read": r"10\.\d{4}/|PMC\d+",
    "remembered": r"\b(19|20)\d\d\b|PM(C|ID)|confidence|IC50|Woodhull|label",
    "derived": r"\d",
    "assumed": r"\w+ \w+",
    "fitted": r"^fitted: \w+",
}
"""What the source of a constant of each grade has to hold."""
GEOMETRY = {0, 1, 2, 3, 4, 0.5}  # as in 4/3 pi r^3, a square, a half
LIMITS = {"ge", "gt", "le", "lt", "min_length", "max_length"}


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_constant_has_a_range_a_unit_and_a_source(name):
    constant = CONSTANTS[name]
    assert constant.low <= constant.value <= constant.high
    assert constant.unit
    assert re.search(TRACED[constant.grade], constant.source), constant.source


def numbers_of_its_own(text):
    """Number literals that are no constant of the evidence, no limit of a setting, no geometry."""
    tree = ast.parse(text)
    allowed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in LIMITS:
            allowed |= {id(inside) for inside in ast.walk(node)}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        names = {leaf.id for t in targets for leaf in ast.walk(t) if isinstance(leaf, ast.Name)}
        if names & METHOD:
            allowed |= {id(inside) for inside in ast.walk(node)}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and type(node.value) in (int, float)
        and id(node) not in allowed
        and abs(node.value) not in GEOMETRY
    ]


@pytest.mark.parametrize("file", sorted(DRUG.glob("*.py")), ids=lambda f: f.name)
def test_the_drug_has_no_number_that_is_not_in_the_evidence(file):
    assert numbers_of_its_own(file.read_text(encoding="utf-8")) == []


def test_a_number_that_was_slipped_in_is_found():
    assert numbers_of_its_own("def f(c):\n    return c / (c + 1.42)\n") == [(2, 1.42)]
    assert numbers_of_its_own("KETAMINE_IC50 = 0.33\n") == [(1, 0.33)]


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
