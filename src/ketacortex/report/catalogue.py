"""Every parameter by name: the constants of the evidence, and the settings of an experiment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from ketacortex.evidence.constants import Grade
from ketacortex.evidence.registry import registry
from ketacortex.experiment.load import load_experiment
from ketacortex.report.methods import parameters

GRADES = get_args(Grade)


def parameter_rows() -> Iterator[dict[str, Any]]:
    """Rows of `name, value, unit, low, high, source, grade, meaning`.

    A setting has the value of the default experiment. Where it comes straight from a constant it
    has that one's range and grade; else its grade is the first word of its source, if that is one.
    """
    of_source = {(c.source, c.value): c for c in registry().values()}
    for name, c in registry().items():
        yield {
            "name": name, "value": c.value, "unit": c.unit, "low": c.low, "high": c.high,
            "source": c.source, "grade": c.grade, "meaning": None,
        }  # fmt: skip
    for p in parameters(load_experiment()):
        if p.path.startswith(("evidence.", "arms.")):
            continue
        value = _number(p.value)
        constant = of_source.get((p.source, value)) if isinstance(value, float) else None
        first = p.source.partition(":")[0]
        yield {
            "name": p.path, "value": value, "unit": p.unit or None,
            "low": constant.low if constant else None,
            "high": constant.high if constant else None,
            "source": p.source or None,
            "grade": constant.grade if constant else first if first in GRADES else None,
            "meaning": p.meaning or None,
        }  # fmt: skip


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
