"""A number of the literature, with everything needed to trust it or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["read", "remembered", "derived", "assumed", "fitted"]


@dataclass(frozen=True, kw_only=True)
class Constant:
    """A number with its unit, plausible range, source and grade.

    Parameters
    ----------
    value : recommended
    unit : of `value`, `low` and `high`
    low, high : range to sweep; equal to `value` where none is known
    source : DOI or PMC number, the arithmetic, or what it was assumed or fitted from
    grade : `read` in the source named; `remembered` from it and not read again; `derived` from
        such numbers; `assumed`; `fitted`
    """

    value: float
    unit: str
    low: float
    high: float
    source: str
    grade: Grade
