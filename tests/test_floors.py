"""The house: imports go down, two rooms on one floor do not know each other."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1] / "src" / "ketacortex"
FLOORS = [
    {"errors", "units", "seeds", "settings", "version", "compiled"},
    {"evidence", "recording"},
    {"model", "drug", "stimulus", "analyse"},
    {"simulate"},
    {"experiment"},
    {"scoreboard"},
    {"report"},
    {"verbs"},
    {"app", "cli"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def rooms_imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("ketacortex.")}
    return found


def test_every_room_has_a_floor():
    rooms = {
        path.relative_to(ROOT).parts[0].removesuffix(".py")
        for path in ROOT.rglob("*.py")
        if path != ROOT / "__init__.py"
    }
    homeless = rooms - set(FLOOR_OF)
    assert not homeless, f"rooms on no floor, add them to FLOORS: {homeless}"


def test_imports_only_go_down():
    for path in ROOT.rglob("*.py"):
        if path == ROOT / "__init__.py":
            continue
        room = path.relative_to(ROOT).parts[0].removesuffix(".py")
        for other in rooms_imported(path):
            assert other == room or FLOOR_OF[other] < FLOOR_OF[room], (
                f"{path}: {room} may not import {other}"
            )


def test_the_floors_would_notice_an_import_upwards(tmp_path):
    peek = tmp_path / "peek.py"
    peek.write_text("from ketacortex.model.circuit import Circuit\n")
    (other,) = rooms_imported(peek)
    assert not FLOOR_OF[other] < FLOOR_OF["analyse"]


def words_of_code(path: Path) -> set[str]:
    """Names and whole string constants of a file; docstrings and sentences are no words."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value.lower())
        for field in ("id", "attr", "arg", "name"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                found |= set(value.lower().split("_"))
    return found


def test_only_the_drug_and_its_evidence_know_which_drug_it_is():
    known_in = {"drug", "evidence"}
    for path in ROOT.rglob("*.py"):
        if path.relative_to(ROOT).parts[0] not in known_in:
            assert "ketamine" not in words_of_code(path), path


def test_names_of_presets_epochs_arms_and_doses_are_data():
    """Code that asks for one of them by name would write an effect in."""
    from ketacortex.experiment.load import load_experiment, preset_names

    presets = [load_experiment(name) for name in preset_names()]
    names = {epoch.name for e in presets for epoch in e.epoch}
    names |= {name for e in presets for name in (*e.arms, *e.claims)}
    names |= {dose.name for e in presets for dose in e.dose}
    names -= {"drug"}  # also the name of a room
    assert {"control", "early", "late", "retest", "paper"} <= names
    for path in ROOT.rglob("*.py"):
        assert not names & strings_of_code(path), path


def strings_of_code(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
