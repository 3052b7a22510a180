"""Every constant of the evidence by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from ketacortex.evidence import hcn, nmda_receptors, physics, protocols, serotonin, tissue
from ketacortex.evidence.blockers import BINDING, BLOCKERS
from ketacortex.evidence.constants import Constant
from ketacortex.evidence.off_targets import OFF_TARGETS
from ketacortex.evidence.pharmacokinetics import SPECIES
from ketacortex.evidence.published_levels import PUBLISHED_LEVELS

ROOMS = {
    "hcn1": hcn,
    "nmda": nmda_receptors,
    "physics": physics,
    "protocol": protocols,
    "serotonin": serotonin,
    "tissue": tissue,
}
TABLES = {
    "blocker": BLOCKERS,
    "ki": BINDING,
    "off_target": OFF_TARGETS,
    "kinetics": SPECIES,
    "published_level": PUBLISHED_LEVELS,
}


@cache
def registry() -> dict[str, Constant]:
    """Constants by dotted name, as in `tissue.washout`.

    >>> registry()["blocker.ketamine.k_on"].unit
    '1/(µM s)'
    """
    found: dict[str, Constant] = {}
    for room, module in ROOMS.items():
        mine = {
            key.lower(): value
            for key, value in vars(module).items()
            if key.isupper() and value is not BLOCKERS
        }
        found |= dict(_constants(mine, room))
    for table, values in TABLES.items():
        found |= dict(_constants(values, table))
    return found


def _constants(value: Any, path: str) -> Iterator[tuple[str, Constant]]:
    """Constants inside a table, a tuple or a record, each with the way to it."""
    if isinstance(value, Constant):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inside in value.items():
            yield from _constants(inside, f"{path}.{key}")
    elif isinstance(value, tuple):
        for place, inside in enumerate(value):
            yield from _constants(inside, f"{path}.{getattr(inside, 'name', place)}")
    elif is_dataclass(value):
        for field in fields(value):
            yield from _constants(getattr(value, field.name), f"{path}.{field.name}")
