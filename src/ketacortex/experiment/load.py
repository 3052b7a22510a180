"""From a preset's name or a file to an `Experiment`, with errors that say what to type instead."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ketacortex.errors import ConfigurationError, nearest
from ketacortex.experiment.schema import Experiment

DEFAULT_PRESET = "topical-v1"
WHOLE = ("arms", "phenomena")
"""Tables that whoever extends an experiment replaces."""
OWN_ROOMS = ("block.", "plasticity.")
"""Settings of an arm that are not under `circuit`."""


def preset_names() -> list[str]:
    """Names of the experiments that are shipped."""
    folder = resources.files("ketacortex.experiment") / "presets"
    return sorted(
        f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")
    )


def load_experiment(
    source: str | Path = DEFAULT_PRESET,
    *,
    changes: Iterable[str] = (),
    seed: int | None = None,
    animals: int | None = None,
) -> Experiment:
    """An experiment from a preset's name or a TOML file.

    Parameters
    ----------
    source : name of a preset, or path of a file that ends in .toml
    changes : "path=value", as in `stimulus.repeats=4`; the value is written as in TOML
    seed, animals : replace those of the experiment

    Examples
    --------
    >>> load_experiment("baseline-v1", changes=["stimulus.repeats=4"]).stimulus.repeats
    4
    """
    table, where = _read(source)
    for change in changes:
        _apply(table, change)
    for key, value in (("seed", seed), ("animals", animals)):
        if value is not None:
            table[key] = value
    experiment = validate(table, where)
    for name in experiment.arms:
        of_arm(experiment, name, where=f"{where}: arms.{name}.set")
    return experiment


def validate(table: Mapping[str, Any], where: str) -> Experiment:
    """The experiment that a resolved table describes."""
    try:
        return Experiment.model_validate(table)
    except ValidationError as error:
        raise ConfigurationError(_explain(error, Experiment, where)) from None


def of_arm(experiment: Experiment, arm: str, where: str = "arms") -> Experiment:
    """The experiment as one arm has it: with the arm's own `set` on top."""
    table = experiment.model_dump()
    for path, value in experiment.arms[arm].set.items():
        full = path if path.startswith(OWN_ROOMS) else "circuit." + path
        _put(table, full.split("."), value, where)
    return validate(table, where)


def _read(source: str | Path) -> tuple[dict[str, Any], str]:
    """The table of a preset or a file, everything it extends merged in."""
    path = Path(source)
    if path.suffix == ".toml" or path.is_file():
        text, where = _read_file(path), str(path)
    elif str(source) in preset_names():
        where = f"preset {source}"
        text = (resources.files("ketacortex.experiment") / "presets" / f"{source}.toml").read_text(
            encoding="utf-8"
        )
    else:
        raise ConfigurationError(
            f'unknown preset "{source}". {nearest(str(source), preset_names())} '
            "A file of your own must end in .toml."
        )
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"{where}: not valid TOML: {error}. Correct that place; text values need quotes."
        ) from None
    base = table.pop("extends", None)
    if base is not None:
        if base not in preset_names():
            raise ConfigurationError(
                f'{where}: extends is "{base}", which is no preset. '
                f"{nearest(str(base), preset_names())}"
            )
        table = _merge(_read(base)[0], table)
    return table, where


def _read_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            f'there is no file "{path}". Give the path of an experiment file or a preset: '
            f"{', '.join(preset_names())}."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f'"{path}" cannot be read as text: {error}. Give a TOML file.'
        ) from None


def _merge(base: dict[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """Tables are merged key by key; arms, phenomena and lists are replaced as a whole."""
    merged = dict(base)
    if isinstance(top.get("arms"), Mapping):
        _keep_claims_about(top["arms"], merged)
    for key, value in top.items():
        if key not in WHOLE and isinstance(value, Mapping) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    if "phenomena" in base and "phenomena" not in top and {"epoch", "arms", "claims"} & set(top):
        merged["phenomena"] = _phenomena_seen_in(merged)
    return merged


def _phenomena_seen_in(table: Mapping[str, Any]) -> dict[str, Any]:
    """Inherited phenomena, without rows of epochs or arms that a file has replaced."""
    there = {
        "epoch": [None, *(e.get("name") for e in table["epoch"] if isinstance(e, Mapping))],
        "arm": [None, *table["arms"], *table.get("claims", {})],
    }
    seen = {
        name: [row for row in rows if all(row.get(key) in known for key, known in there.items())]
        for name, rows in table["phenomena"].items()
    }
    return {name: rows for name, rows in seen.items() if rows}


def _keep_claims_about(arms: Mapping[str, Any], table: dict[str, Any]) -> None:
    """Whoever replaces the arms is not asked for claims that were made about the old ones."""
    if isinstance(table.get("claims"), Mapping):
        held = table["claims"].items()
        table["claims"] = {name: pair for name, pair in held if set(pair) <= set(arms)}


def _apply(table: dict[str, Any], change: str) -> None:
    """One `path=value` from the command line."""
    path, equals, text = change.partition("=")
    if not equals or not path.strip():
        raise ConfigurationError(
            f'--set "{change}" has no "path=value"; nothing can be changed by it. '
            "Write for example --set stimulus.repeats=4."
        )
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    _put(table, path.strip().split("."), value, f"--set {change}")
    if path.strip() == "arms" and isinstance(value, Mapping):
        _keep_claims_about(value, table)


def _put(table: dict[str, Any], path: list[str], value: Any, where: str) -> None:
    """Set a value deep in a table; a list of named tables is entered by name or number."""
    here: Any = table
    for step, key in enumerate(path[:-1]):
        if isinstance(here, list):
            names = [str(item.get("name")) for item in here]
            if key not in names and not (key.isdecimal() and int(key) < len(here)):
                raise ConfigurationError(
                    f'{where}: there is no {".".join(path[:step])} called "{key}". '
                    f"{nearest(key, names)}"
                )
            here = here[names.index(key) if key in names else int(key)]
        else:
            here = here.setdefault(key, {})
        if here is None:
            there = ".".join(path[: step + 1])
            raise ConfigurationError(
                f"{where}: there is no table {there} to set {path[step + 1]} in. Add [{there}]."
            )
        if not isinstance(here, dict | list):
            raise ConfigurationError(
                f"{where}: {'.'.join(path[: step + 1])} is a single value and holds no "
                f'"{path[step + 1]}". Shorten the path.'
            )
    if isinstance(here, list):
        raise ConfigurationError(
            f"{where}: {'.'.join(path[:-1])} is a list; name the entry and the key, "
            f"as in {path[0]}.control.kind."
        )
    here[path[-1]] = value


def _explain(error: ValidationError, model: type[BaseModel], where: str) -> str:
    """All complaints of a validation, a sentence each, the path first."""
    sentences = []
    for entry in error.errors():
        raw = [str(part) for part in entry["loc"]]
        path = _without_tags(model, raw)
        dotted = ".".join(path)
        context = entry.get("ctx", {})
        if entry["type"] == "extra_forbidden":
            known = _known_keys(model, raw[:-1])
            sentences.append(f"{where}: {dotted} is not a setting. {nearest(path[-1], known)}")
        elif entry["type"] == "missing":
            sentences.append(f"{where}: {dotted} is missing; add it.")
        elif entry["type"] == "union_tag_not_found":
            key = str(context["discriminator"]).strip("'")
            sentences.append(f"{where}: {dotted}.{key} is missing; add it.")
        elif entry["type"] == "union_tag_invalid":
            key = str(context["discriminator"]).strip("'")
            known = [tag.strip(" '") for tag in str(context["expected_tags"]).split(",")]
            sentences.append(
                f'{where}: {dotted}.{key} is "{context["tag"]}", which is not known. '
                f"{nearest(str(context['tag']), known)}"
            )
        elif entry["type"] in ("model_type", "tuple_type"):
            wanted = _as_table(model, raw) if entry["type"] == "model_type" else _as_list(entry)
            found = " is a table" if isinstance(entry["input"], dict) else f" is {entry['input']!r}"
            sentences.append(f"{where}: {dotted}{found}; {wanted}.{_description(model, raw)}")
        else:
            message = entry["msg"].removeprefix("Value error, ")
            if dotted and not message.startswith(f"{path[0]}."):
                found = "" if isinstance(entry["input"], dict) else f" is {entry['input']!r};"
                message = f"{dotted}{found} {message[0].lower()}{message[1:]}"
            ends = "" if message.endswith("?") else "."
            sentences.append(f"{where}: {message.rstrip('.')}{ends}{_description(model, raw)}")
    return "\n".join(sentences)


def _as_table(model: type[BaseModel], path: list[str]) -> str:
    """What to write where a table of settings belongs."""
    keys = ", ".join(f"{key} = ..." for key in _known_keys(model, path))
    return f"write a table, as in {{ {keys} }}"


def _as_list(entry: Mapping[str, Any]) -> str:
    """What to write where a list belongs."""
    given = entry["input"]
    if isinstance(given, str):
        return f'a list belongs there: write ["{given}"]'
    return "a list belongs there, so put it in brackets"


def _without_tags(model: type[BaseModel], path: list[str]) -> list[str]:
    """The path as a user writes it: pydantic adds the variant of a table that has several."""
    return [
        key
        for step, key in enumerate(path)
        if not (step and key in _variants(_model_at(model, path[:step])))
    ]


def _variants(found: Any) -> dict[str, Any]:
    """Settings classes by tag, where a path leads to a table that has several."""
    return found if isinstance(found, dict) else {}


def _model_at(model: Any, path: list[str]) -> Any:
    """The settings class that a path leads to, through optional, tuple and dict fields.

    Where a table has several variants, a dict of them by tag.
    """
    entries_follow = 0
    for key in path:
        if entries_follow:  # the place in a tuple, the name in a dict
            entries_follow -= 1
            continue
        if isinstance(model, dict):
            model = model.get(key)
            continue
        field = model.model_fields.get(key) if model is not None else None
        if field is None:
            return None
        entries_follow = _depth(field.annotation)
        model = _settings_in(field.annotation)
    return None if isinstance(model, dict) and entries_follow else model


def _depth(annotation: Any) -> int:
    """How many places and names lead to what is inside: 2 in `dict[str, tuple[Row, ...]]`."""
    if get_origin(annotation) in (tuple, dict):
        return 1 + max(_depth(part) for part in get_args(annotation))
    return 0


def _settings_in(annotation: Any) -> Any:
    """The settings class inside an annotation such as `tuple[Epoch, ...]` or `dict[str, Arm]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is Annotated:
        return _settings_in(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType, tuple, dict):
        inside = [found for part in get_args(annotation) if (found := _settings_in(part))]
        if len(inside) > 1:
            return {tag: variant for variant in inside for tag in _tags(variant)}
        return inside[0] if inside else None
    return None


def _tags(variant: type[BaseModel]) -> tuple[str, ...]:
    """The values of the field that tells a variant from the others."""
    literals = [f.annotation for f in variant.model_fields.values()]
    return next(get_args(a) for a in literals if get_origin(a) is Literal)


def _known_keys(model: type[BaseModel], path: list[str]) -> list[str]:
    found = _model_at(model, path)
    return [] if found is None or isinstance(found, dict) else list(found.model_fields)


def _description(model: type[BaseModel], path: list[str]) -> str:
    """What the setting means and in which unit, where the path ends at one."""
    owner = _model_at(model, path[:-1])
    is_one = bool(path) and owner is not None and not isinstance(owner, dict)
    field = owner.model_fields.get(path[-1]) if is_one else None
    return f" It is: {field.description}." if field is not None and field.description else ""
