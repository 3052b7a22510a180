"""Blockers of the open NMDA receptor: what each is, how tightly and how fast it binds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ketacortex.evidence.constants import Constant

KOTERMANSKI = "Kotermanski & Johnson 2009, 10.1523/JNEUROSCI.3703-08.2009, -65 mV"


@dataclass(frozen=True, kw_only=True)
class Blocker:
    """One blocker.

    Parameters
    ----------
    molar_mass_g_per_mol : by salt
    ic50_without_magnesium, ic50_with_magnesium : µM by subunit, at `reference_mv`, 0 and 1 mM Mg
    k_on : per µM and s, onto an open pore free of magnesium
    electrical_distance : share of the membrane field that the bound drug senses; its charge is 1
    """

    molar_mass_g_per_mol: Mapping[str, Constant]
    ic50_without_magnesium: Mapping[str, Constant]
    ic50_with_magnesium: Mapping[str, Constant]
    k_on: Constant
    electrical_distance: Constant
    reference_mv: float = -65.0


def _ic50(**values: float) -> dict[str, Constant]:
    return {
        subunit: Constant(
            value=value, unit="µM", low=value / 1.5, high=value * 1.5,
            source=KOTERMANSKI, grade="remembered",
        )
        for subunit, value in values.items()
    }  # fmt: skip


def _mass(value: float) -> Constant:
    return Constant(
        value=value, unit="g/mol", low=value, high=value, source="PubChem CID 3821", grade="derived"
    )


BLOCKERS = {
    "ketamine": Blocker(
        molar_mass_g_per_mol={"hydrochloride": _mass(274.2), "base": _mass(237.7)},
        ic50_without_magnesium=_ic50(glun2a=0.33, glun2b=0.31, glun2c=0.51, glun2d=0.83),
        ic50_with_magnesium=_ic50(glun2a=5.35, glun2b=5.08, glun2c=1.18, glun2d=2.95),
        k_on=Constant(
            value=2.0, unit="1/(µM s)", low=1.0, high=5.0,
            source="derived: the apparent forward rate 3e4-3e5 /M/s (PMC1181337) over an open "
            "probability of 0.1-0.3",
            grade="derived",
        ),
        electrical_distance=Constant(
            value=0.55, unit="share", low=0.45, high=0.8, source="Woodhull fit, single charge",
            grade="remembered",
        ),
    ),
}  # fmt: skip
"""Racemic unless the name says otherwise; all at 37 C."""

DEFAULT_BLOCKER = "ketamine"
