"""Blockers of the open NMDA receptor: what each is, how tightly and how fast it binds.

All at 37 C. Enantiomers and metabolites are placed by their affinity relative to racemic ketamine
in one binding study, so that equal parts of S and R bind as the racemate does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ketacortex.evidence.constants import Constant, Grade

KOTERMANSKI = "Kotermanski & Johnson 2009, 10.1523/JNEUROSCI.3703-08.2009, -65 mV"
DRAVID = "Dravid et al. 2007, 10.1113/jphysiol.2006.124958, -40 mV, 0 Mg"
EBERT = "Ebert et al. 1997, 10.1016/S0014-2999(97)01116-3, Ki against [3H]MK-801"
SHAFFER = "Shaffer et al. 2014, free in plasma at half occupancy, rat, [3H]MK-801 displacement"
CHEN = "Chen et al. 2009, 10.1523/JNEUROSCI.3481-08.2009"


@dataclass(frozen=True, kw_only=True)
class Blocker:
    """One blocker.

    Parameters
    ----------
    molar_mass_g_per_mol : by salt
    ic50_without_magnesium : µM by subunit, at `reference_mv`
    k_on : per µM and s, onto an open pore free of magnesium
    electrical_distance : share of the membrane field that the bound drug senses; its charge is 1
    ic50_with_magnesium : µM by subunit, at `reference_mv` and 1 mM Mg, where measured
    half_occupancy_in_vivo : µM free in plasma at which half of the receptors are occupied
    hcn1_ic50 : µM at which the effect on HCN1 is half of its largest; None where none is known
    metabolite : name of the blocker that the body makes of it
    reference_mv : mV of the IC50s
    """

    molar_mass_g_per_mol: Mapping[str, Constant]
    ic50_without_magnesium: Mapping[str, Constant]
    k_on: Constant
    electrical_distance: Constant
    ic50_with_magnesium: Mapping[str, Constant] = field(default_factory=dict)
    half_occupancy_in_vivo: Constant | None = None
    hcn1_ic50: Constant | None = None
    metabolite: str | None = None
    reference_mv: float = -65.0


def _ic50(
    source: str, grade: Grade = "remembered", spread: float = 1.5, **values: float
) -> dict[str, Constant]:
    return {
        subunit: Constant(
            value=value, unit="µM", low=value / spread, high=value * spread, source=source,
            grade=grade,
        )
        for subunit, value in values.items()
    }  # fmt: skip


def _mass(source: str, **values: float) -> dict[str, Constant]:
    return {
        salt: Constant(
            value=value, unit="g/mol", low=value, high=value, source=source, grade="derived"
        )
        for salt, value in values.items()
    }


def _ki(value: float) -> Constant:
    return Constant(
        value=value, unit="µM", low=value / 1.5, high=value * 1.5, source=EBERT, grade="read"
    )


BINDING = {
    "s-ketamine": _ki(0.3),
    "r-ketamine": _ki(1.4),
    "s-norketamine": _ki(1.7),
    "r-norketamine": _ki(13.0),
}
"""Inhibition constants of the enantiomers, of which only the ratios are used."""


def of_racemate(s: float, r: float) -> float:
    """Affinity constant of equal parts of two that compete for one site.

    >>> round(of_racemate(0.3, 1.4), 3)
    0.494
    """
    return 2 / (1 / s + 1 / r)


_RACEMIC_KI = of_racemate(BINDING["s-ketamine"].value, BINDING["r-ketamine"].value)
_KETAMINE = _ic50(KOTERMANSKI, glun2a=0.33, glun2b=0.31, glun2c=0.51, glun2d=0.83)
_KETAMINE_SALTS = _mass("PubChem CID 3821", hydrochloride=274.2, base=237.7)
_NORKETAMINE_SALTS = _mass("C12H14ClNO, by its atoms", hydrochloride=260.2, base=223.7)
_K_ON = Constant(
    value=2.0, unit="1/(µM s)", low=1.0, high=5.0,
    source="derived: the apparent forward rate 3e4-3e5 /M/s (PMC1181337) over an open "
    "probability of 0.1-0.3; alike for ketamine, phencyclidine and MK-801",
    grade="derived",
)  # fmt: skip
_K_ON_ASSUMED = Constant(
    value=2.0, unit="1/(µM s)", low=1.0, high=5.0,
    source="assumed: as ketamine, which is alike in size and charge", grade="assumed",
)  # fmt: skip
_DISTANCE = Constant(
    value=0.55, unit="share", low=0.45, high=0.85,
    source="Woodhull fit, single charge; 0.79 in human GluN2A, Gilling et al. 2009",
    grade="remembered",
)  # fmt: skip
_DISTANCE_ASSUMED = Constant(
    value=0.55, unit="share", low=0.45, high=0.8, source="assumed: as ketamine, the same site",
    grade="assumed",
)  # fmt: skip


def _relative(name: str, ki: float, **more: object) -> Blocker:
    """A relative of racemic ketamine, weaker or stronger at every subunit by the ratio of Ki."""
    ratio = ki / _RACEMIC_KI
    source = f"derived: ketamine's, times {ratio:.3g}, the ratio of Ki in {EBERT}"
    values = {subunit: ic50.value * ratio for subunit, ic50 in _KETAMINE.items()}
    salts = _NORKETAMINE_SALTS if name.endswith("norketamine") else _KETAMINE_SALTS
    return Blocker(
        molar_mass_g_per_mol=salts,
        ic50_without_magnesium=_ic50(source, "derived", 2.0, **values),
        k_on=_K_ON_ASSUMED,
        electrical_distance=_DISTANCE_ASSUMED,
        **more,  # type: ignore[arg-type]
    )


def _hcn1(value: float) -> Constant:
    return Constant(
        value=value, unit="µM", low=4.0, high=67.0,
        source=f"{CHEN}, mouse HCN1, 4-8 µM in a secondary source, unverified; human HCN1 in "
        "oocytes needs 67",
        grade="remembered",
    )  # fmt: skip


BLOCKERS = {
    "ketamine": Blocker(
        molar_mass_g_per_mol=_KETAMINE_SALTS,
        ic50_without_magnesium=_KETAMINE,
        ic50_with_magnesium=_ic50(
            KOTERMANSKI, glun2a=5.35, glun2b=5.08, glun2c=1.18, glun2d=2.95
        ),
        k_on=_K_ON,
        electrical_distance=_DISTANCE,
        half_occupancy_in_vivo=Constant(
            value=1.42, unit="µM", low=0.99, high=2.14, source=SHAFFER, grade="remembered"
        ),
        hcn1_ic50=_hcn1(8.0),
        metabolite="norketamine",
    ),
    "s-ketamine": _relative(
        "s-ketamine", BINDING["s-ketamine"].value, hcn1_ic50=_hcn1(4.0), metabolite="s-norketamine"
    ),
    "r-ketamine": _relative(
        "r-ketamine", BINDING["r-ketamine"].value, metabolite="r-norketamine"
    ),
    "norketamine": _relative(
        "norketamine",
        of_racemate(BINDING["s-norketamine"].value, BINDING["r-norketamine"].value),
        half_occupancy_in_vivo=Constant(
            value=9.1, unit="µM", low=5.9, high=13.7, source=SHAFFER, grade="remembered"
        ),
    ),
    "s-norketamine": _relative("s-norketamine", BINDING["s-norketamine"].value),
    "r-norketamine": _relative("r-norketamine", BINDING["r-norketamine"].value),
    "memantine": Blocker(
        molar_mass_g_per_mol=_mass("PubChem CID 4054", hydrochloride=215.8, base=179.3),
        ic50_without_magnesium=_ic50(
            KOTERMANSKI, glun2a=0.80, glun2b=0.57, glun2c=0.52, glun2d=0.54
        ),
        ic50_with_magnesium=_ic50(
            KOTERMANSKI, glun2a=13.0, glun2b=10.0, glun2c=1.6, glun2d=1.8
        ),
        k_on=Constant(
            value=4.3, unit="1/(µM s)", low=2.0, high=10.0,
            source="derived: ketamine's, times 0.32/0.15, the ratio of their apparent forward "
            "rates in Gilling et al. 2009",
            grade="derived",
        ),
        electrical_distance=Constant(
            value=0.8, unit="share", low=0.55, high=0.95, source="Woodhull fits; confidence 0.6",
            grade="remembered",
        ),
    ),
    "mk-801": Blocker(
        molar_mass_g_per_mol=_mass("PubChem CID 180081", maleate=337.4, base=221.3),
        ic50_without_magnesium=_ic50(
            DRAVID, glun2a=0.015, glun2b=0.009, glun2c=0.024, glun2d=0.038
        ),
        k_on=_K_ON,
        electrical_distance=_DISTANCE_ASSUMED,
        reference_mv=-40.0,
    ),
}  # fmt: skip
"""Racemic unless the name says otherwise."""

DEFAULT_BLOCKER = "ketamine"
