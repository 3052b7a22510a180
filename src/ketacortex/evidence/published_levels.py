"""Plasma levels that others have measured, to be drawn over a model's course."""

from __future__ import annotations

from dataclasses import dataclass

from ketacortex.evidence.constants import Constant


@dataclass(frozen=True, kw_only=True)
class Level:
    """One published level.

    Parameters
    ----------
    species, blocker, route : as in a dose
    dose_mg_per_kg, dose_mg : one of them
    infused_s : s; 0 at once, None where it is not known
    time_s : s after the start of the dose; None for the highest, whenever it came
    plasma_ng_per_ml : total, with its range
    what : in words
    """

    species: str
    blocker: str
    route: str
    dose_mg_per_kg: float | None = None
    dose_mg: float | None = None
    infused_s: float | None
    time_s: float | None
    plasma_ng_per_ml: Constant
    what: str


def _level(value: float, low: float, high: float, source: str) -> Constant:
    return Constant(value=value, unit="ng/ml", low=low, high=high, source=source, grade="read")


PUBLISHED_LEVELS = (
    Level(
        species="human", blocker="ketamine", route="intravenous", dose_mg_per_kg=0.5,
        infused_s=2400.0, time_s=2400.0,
        plasma_ng_per_ml=_level(185.0, 185.0, 185.0, "Zarate et al. 2006, in a table of "
                                "PMC6020109"),
        what="end of 0.5 mg/kg over 40 min, depressed patients",
    ),
    Level(
        species="human", blocker="ketamine", route="intravenous", dose_mg_per_kg=0.5,
        infused_s=2400.0, time_s=2400.0,
        plasma_ng_per_ml=_level(175.0, 100.0, 250.0, "Krystal et al. 1994, in a table of "
                                "PMC6020109; the middle of its range"),
        what="end of 0.5 mg/kg over 40 min, healthy subjects, range",
    ),
    Level(
        species="human", blocker="ketamine", route="intravenous", dose_mg=10.0,
        infused_s=None, time_s=None,
        plasma_ng_per_ml=_level(296.0, 173.0, 506.0, "PMC9118341, table 6; geometric SD 1.71"),
        what="highest after 10 mg, about 2 min after it; duration of injection and times of "
        "sampling not known",
    ),
    Level(
        species="human", blocker="ketamine", route="intranasal", dose_mg=50.0,
        infused_s=0.0, time_s=960.0,
        plasma_ng_per_ml=_level(77.6, 77.6, 77.6, "PMC9118341, table 6"),
        what="highest after 50 mg into the nose, of which 0.11-0.17 reached the blood",
    ),
)  # fmt: skip
