"""NMDA receptors by subunit: how far they open, and how magnesium holds them."""

from __future__ import annotations

from ketacortex.evidence.blockers import BLOCKERS
from ketacortex.evidence.constants import Constant

SUBUNITS = ("glun2a", "glun2b", "glun2c", "glun2d")

PEAK_OPEN_PROBABILITY = {
    "glun2a": Constant(
        value=0.50, unit="probability", low=0.3, high=0.5,
        source="Erreger et al. 2005, PMC1665591, at the peak of a brief pulse of glutamate",
        grade="read",
    ),
    "glun2b": Constant(
        value=0.12, unit="probability", low=0.1, high=0.2,
        source="Erreger et al. 2005, PMC1665591, at the peak of a brief pulse of glutamate",
        grade="read",
    ),
    "glun2d": Constant(
        value=0.04, unit="probability", low=0.01, high=0.04,
        source="assumed: a tenth of GluN2A, as for the other slow subunits", grade="assumed",
    ),
}  # fmt: skip
"""Gating alone, magnesium or not; it sets how fast a pore is blocked, not how far."""

MAGNESIUM_SLOPE_PER_MV = Constant(
    value=0.062, unit="1/mV", low=0.055, high=0.07,
    source="Jahr & Stevens 1990, 10.1523/JNEUROSCI.10-09-03178.1990; for GluN2C and GluN2D "
    "assumed to be the same",
    grade="remembered",
)  # fmt: skip


def _held_by_magnesium(subunit: str) -> Constant:
    """What the IC50 of one blocker without and with 1 mM of magnesium imply."""
    without = BLOCKERS["ketamine"].ic50_without_magnesium[subunit].value
    with_magnesium = BLOCKERS["ketamine"].ic50_with_magnesium[subunit].value
    value = without / (with_magnesium - without)
    spread = 1.4 if subunit in ("glun2a", "glun2b") else 2.0
    return Constant(
        value=value, unit="mM", low=value / spread, high=value * spread,
        source=f"derived: ketamine's IC50 of {without:g} µM without magnesium and "
        f"{with_magnesium:g} µM in 1 mM, competing for one pore at -65 mV; Jahr & Stevens 1990 "
        "give 0.063 mM for GluN2A and GluN2B",
        grade="derived",
    )  # fmt: skip


MAGNESIUM_AFFINITY = {subunit: _held_by_magnesium(subunit) for subunit in SUBUNITS}
"""Concentration that holds half of the open pores at `MAGNESIUM_REFERENCE_MV`."""

MAGNESIUM_REFERENCE_MV = BLOCKERS["ketamine"].reference_mv
