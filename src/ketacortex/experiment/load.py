"""From a preset's name or a file to an `Experiment`, with errors that say what to type instead."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ketacortex.errors import ConfigurationError, nearest
from ketacortex.experiment.schema import Experiment
from ketacortex.model.settings import CircuitSettings

DEFAULT_PRESET = "baseline-v1"


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
        arm_circuit(experiment, name, where=f"{where}: arms.{name}.set")
    return experiment


def validate(table: Mapping[str, Any], where: str) -> Experiment:
    """The experiment that a resolved table describes."""
    try:
        return Experiment.model_validate(table)
    except ValidationError as error:
        raise ConfigurationError(_explain(error, Experiment, where)) from None


def arm_circuit(experiment: Experiment, arm: str, where: str = "arms") -> CircuitSettings:
    """Circuit settings of one arm: the experiment's, with the arm's own `set` on top."""
    table = {"circuit": experiment.circuit.model_dump()}
    for path, value in experiment.arms[arm].set.items():
        _put(table, ("circuit." + path).split("."), value, where)
    return validate({**experiment.model_dump(), **table}, where).circuit


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
    """Tables are merged key by key; arms and lists are replaced as a whole."""
    merged = dict(base)
    for key, value in top.items():
        if key != "arms" and isinstance(value, Mapping) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged


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


def _put(table: dict[str, Any], path: list[str], value: Any, where: str) -> None:
    """Set a value deep in a table; a list of named tables is entered by name."""
    here: Any = table
    for step, key in enumerate(path[:-1]):
        if isinstance(here, list):
            names = [str(item.get("name")) for item in here]
            if key not in names:
                raise ConfigurationError(
                    f'{where}: there is no {".".join(path[:step])} called "{key}". '
                    f"{nearest(key, names)}"
                )
            here = here[names.index(key)]
        else:
            here = here.setdefault(key, {})
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
        path = [str(part) for part in entry["loc"]]
        dotted = ".".join(path) or "the experiment"
        if entry["type"] == "extra_forbidden":
            known = _known_keys(model, path[:-1])
            sentences.append(f"{where}: {dotted} is not a setting. {nearest(path[-1], known)}")
        elif entry["type"] == "missing":
            sentences.append(f"{where}: {dotted} is missing; add it.")
        else:
            found = "" if isinstance(entry["input"], dict) else f" is {entry['input']!r};"
            message = entry["msg"].removeprefix("Value error, ")
            unit = _description(model, path)
            sentences.append(f"{where}: {dotted}{found} {message[0].lower()}{message[1:]}.{unit}")
    return "\n".join(sentences)


def _model_at(model: Any, path: list[str]) -> Any:
    """The settings class that a path leads to, through optional, tuple and dict fields."""
    entry_follows = False
    for key in path:
        if entry_follows:  # the place in a tuple, the name in a dict
            entry_follows = False
            continue
        field = model.model_fields.get(key) if model is not None else None
        if field is None:
            return None
        entry_follows = get_origin(field.annotation) in (tuple, dict)
        model = _settings_in(field.annotation)
    return model


def _settings_in(annotation: Any) -> Any:
    """The settings class inside an annotation such as `tuple[Epoch, ...]` or `dict[str, Arm]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, tuple, dict):
        for inside in get_args(annotation):
            found = _settings_in(inside)
            if found is not None:
                return found
    return None


def _known_keys(model: type[BaseModel], path: list[str]) -> list[str]:
    found = _model_at(model, path)
    return list(found.model_fields) if found is not None else []


def _description(model: type[BaseModel], path: list[str]) -> str:
    """What the setting means and in which unit, where the path ends at one."""
    owner = _model_at(model, path[:-1])
    field = owner.model_fields.get(path[-1]) if owner is not None and path else None
    return f" It is: {field.description}." if field is not None and field.description else ""
