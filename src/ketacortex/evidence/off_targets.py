"""What else the drug binds to at doses that a piece of filter paper can reach."""

from __future__ import annotations

from dataclasses import dataclass

from ketacortex.evidence.constants import Constant


@dataclass(frozen=True, kw_only=True)
class OffTarget:
    """A target outside the model and the free concentration from which it matters."""

    name: str
    onset_micromolar: Constant
    is_hcn: bool = False


def _from(value: float, high: float, source: str, low: float | None = None) -> Constant:
    return Constant(
        value=value, unit="µM", low=value if low is None else low, high=high, source=source,
        grade="remembered",
    )  # fmt: skip


SECONDARY = "IC50, a secondary source, unverified"
OFF_TARGETS = {
    "ketamine": (
        OffTarget(
            name="HCN1 channels",
            is_hcn=True,
            onset_micromolar=_from(8, 67, "Chen et al. 2009, 10.1523/JNEUROSCI.3481-08.2009", 4),
        ),
        OffTarget(name="nicotinic receptors", onset_micromolar=_from(15, 15, SECONDARY)),
        OffTarget(name="sodium channels", onset_micromolar=_from(20, 100, "IC50 20-100 µM")),
        OffTarget(name="L-type calcium channels", onset_micromolar=_from(33, 33, SECONDARY)),
    )
}
"""Blocker by blocker, in order of concentration; none of them is in the model."""
