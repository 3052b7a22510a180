"""What the body does with ketamine: five species, each with one or more published sets.

Concentrations in plasma are total, of the base. Sets differ in where blood was drawn: arterial
levels lead and exceed venous ones while drug is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ketacortex.evidence.constants import Constant, Grade

INTRAVENOUS = "intravenous"
Sampling = Literal[
    "arterial", "arterial, assumed", "venous", "venous, assumed", "arterial and venous",
    "not stated",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Disposition:
    """A published set: how drug leaves the blood, and into what.

    Parameters
    ----------
    source : whose
    drug : of what it was measured
    sampling : where blood was drawn
    volume_l_per_kg : L/kg of the blood's compartment
    k10_per_min : 1/min, elimination
    k12_per_min, k21_per_min, k13_per_min, k31_per_min : 1/min; 0 where there is no compartment
    """

    source: str
    drug: str
    sampling: Sampling
    volume_l_per_kg: Constant
    k10_per_min: Constant
    k12_per_min: Constant
    k21_per_min: Constant
    k13_per_min: Constant
    k31_per_min: Constant

    @property
    def clearance_l_per_h_per_kg(self) -> float:
        """Clearance, L/(h kg)."""
        return 60 * self.k10_per_min.value * self.volume_l_per_kg.value


@dataclass(frozen=True, kw_only=True)
class Absorption:
    """A way into the body that does not lead into a vein.

    Parameters
    ----------
    bioavailability : share that reaches the blood unchanged
    rate_per_min : 1/min, first order
    first_pass_share : of the rest, what the liver has turned into the metabolite
    """

    bioavailability: Constant
    rate_per_min: Constant
    first_pass_share: Constant


@dataclass(frozen=True, kw_only=True)
class Metabolite:
    """Norketamine: one compartment.

    Parameters
    ----------
    formed_share : of what is eliminated from the blood
    volume_l_per_kg, elimination_per_min, free_in_plasma : of the metabolite
    """

    formed_share: Constant
    volume_l_per_kg: Constant
    elimination_per_min: Constant
    free_in_plasma: Constant


@dataclass(frozen=True, kw_only=True)
class Species:
    """What is known of one species.

    Parameters
    ----------
    body_mass_kg : kg
    dispositions : by name, the default first
    routes : by name, beside intravenous
    free_in_plasma : share of the drug in plasma that is not bound
    brain_over_plasma_free : free in the brain over free in plasma, once they are in balance
    brain_exchange_per_min : 1/min between the two
    metabolite : Metabolite
    clearance_cv, volume_cv : between subjects, standard deviation over mean
    doses_in_mg : whether doses without body mass are usual
    """

    body_mass_kg: Constant
    dispositions: Mapping[str, Disposition]
    routes: Mapping[str, Absorption]
    free_in_plasma: Constant
    brain_over_plasma_free: Constant
    brain_exchange_per_min: Constant
    metabolite: Metabolite
    clearance_cv: Constant
    volume_cv: Constant
    doses_in_mg: bool = False


def _constant(
    value: float, unit: str, low: float, high: float, source: str, grade: Grade = "remembered"
) -> Constant:
    return Constant(value=value, unit=unit, low=low, high=high, source=source, grade=grade)


def _per_min(value: float, source: str, grade: Grade = "remembered") -> Constant:
    return _constant(value, "1/min", 0.6 * value, 1.6 * value, source, grade)


_NONE = _constant(0.0, "1/min", 0.0, 0.0, "no such compartment in this set", "assumed")


def _disposition(
    source: str,
    volume_l_per_kg: float,
    k10: float,
    peripheral: tuple[float, ...] = (),
    *,
    grade: Grade = "remembered",
    drug: str = "racemic",
    sampling: Sampling = "not stated",
) -> Disposition:
    """A set from its rates, `peripheral` being k12, k21, k13, k31 as far as they go."""
    rates = [_per_min(rate, source, grade) for rate in peripheral]
    rates += [_NONE] * (4 - len(rates))
    return Disposition(
        source=source,
        drug=drug,
        sampling=sampling,
        volume_l_per_kg=_constant(
            volume_l_per_kg, "L/kg", volume_l_per_kg / 1.5, volume_l_per_kg * 1.5, source, grade
        ),
        k10_per_min=_per_min(k10, source, grade),
        k12_per_min=rates[0],
        k21_per_min=rates[1],
        k13_per_min=rates[2],
        k31_per_min=rates[3],
    )


RATE = (
    "assumed: first order, about as fast as levels rise; sets with a small first volume (domino) "
    "then peak sooner than is measured, after 6 instead of 14-23 min in the nose; "
)


def _absorption(
    bioavailability: tuple[float, float, float],
    rate_per_min: tuple[float, float, float],
    source: str,
    grade: Grade = "remembered",
    *,
    turned: float = 0.62,
) -> Absorption:
    """A route from value, low and high of its two numbers; `turned` is the first-pass share."""
    share, low, high = bioavailability
    rate, slowest, fastest = rate_per_min
    return Absorption(
        bioavailability=_constant(share, "share", low, high, source, grade),
        rate_per_min=_constant(
            rate, "1/min", slowest, fastest, RATE + source.removeprefix("assumed: "), "assumed"
        ),
        first_pass_share=_constant(
            turned, "share", 0.5, 0.8,
            "assumed: the liver makes as much norketamine of what it meets first as of the rest",
            "assumed",
        ),
    )  # fmt: skip


_EXCHANGE = _constant(
    0.3, "1/min", 0.1, 1.0, "ke0 of a lipophilic amine; confidence 0.7", "remembered"
)
_IN_BALANCE = _constant(
    1.0, "ratio", 0.8, 1.2,
    "free in brain as in plasma: a lipophilic amine crosses passively; confidence 0.7",
    "remembered",
)  # fmt: skip
DOMINO = (
    "Domino et al. 1984, Clin Pharmacol Ther 36:645, as target-controlled infusion programs "
    "have it; arterial by its small first volume, not confirmed"
)
KAMP = "Kamp et al. 2020, 10.1097/ALN.0000000000003577, meta-analysis of 18 studies"
CLEMENTS = "Clements & Nimmo 1981, 10.1093/bja/53.1.27, 250 µg/kg"
HANNA = "Hanna, Borchard & Schmidt 1988, J Vet Pharmacol Ther 11:84"
CLEMENTS_IM = "Clements et al. 1982, J Pharm Sci 71:539; Grant et al. 1981, Br J Anaesth 53:805"
YANAGIHARA = "Yanagihara et al. 2003, 10.1002/bdd.336"
PEREZ = "Perez-Ruixo et al. 2021, 10.1007/s40262-020-00953-4, S-ketamine"
KAKA = "Kaka & Hayton 1980, dog"
SCALED = (
    "derived: Kamp's 79 L/h and 252 L of a 70 kg human, clearance by body mass to the power of "
    "0.75, volume by body mass; distribution over 3-10 min"
)

HUMAN = Species(
    body_mass_kg=_constant(70.0, "kg", 50.0, 100.0, "convention of the field", "assumed"),
    dispositions={
        "domino": _disposition(
            DOMINO, 0.063, 0.438, (0.592, 0.247, 0.590, 0.0146), sampling="arterial, assumed"
        ),
        "domino-slowed": _disposition(
            f"derived: {DOMINO}; elimination times 0.7, which brings its clearance of 116 L/h to "
            f"the 79 L/h of {KAMP}",
            0.063, 0.7 * 0.438, (0.592, 0.247, 0.590, 0.0146), grade="derived",
            sampling="arterial, assumed",
        ),
        "clements": _disposition(
            CLEMENTS, 1.7522, 0.0109, (0.0186, 0.0137), sampling="venous, assumed"
        ),
        "kamp": _disposition(
            f"derived: one compartment of 252 L that clears 79 L/h, the means of {KAMP}",
            252 / 70, 79 / 60 / 252, grade="derived", sampling="arterial and venous",
        ),
    },
    routes={
        "intramuscular": _absorption(
            (0.93, 0.85, 1.0), (0.04, 0.03, 0.12), CLEMENTS_IM, turned=0.7
        ),
        "subcutaneous": _absorption(
            (0.95, 0.75, 1.0), (0.025, 0.02, 0.05), "assumed: as an injection into muscle, slower",
            "assumed", turned=0.7,
        ),
        "intranasal": _absorption(
            (0.45, 0.11, 0.54), (0.049, 0.03, 0.08), f"{YANAGIHARA}; 0.11-0.17 in PMC9118341; "
            f"rate {PEREZ}", turned=0.7,
        ),
        "oral": _absorption(
            (0.20, 0.08, 0.30), (0.016, 0.01, 0.04), f"{YANAGIHARA}; S-ketamine 0.08 (Fanta et al. "
            f"2015); rate {PEREZ}",
        ),
    },
    free_in_plasma=_constant(
        0.53, "share", 0.4, 0.75, "0.47 bound; Dayton et al. 1983, 10.1007/BF00607095, up to 0.47; "
        "confidence 0.65",
    ),
    brain_over_plasma_free=_IN_BALANCE,
    brain_exchange_per_min=_EXCHANGE,
    metabolite=Metabolite(
        formed_share=_constant(0.7, "share", 0.5, 0.8, f"derived: 2.77/(1.11 + 2.77), {PEREZ}",
                               "derived"),
        volume_l_per_kg=_constant(
            1.8, "L/kg", 1.0, 2.6,
            f"derived: one compartment between the 70 L of blood and the 185 L of all, {PEREZ}",
            "derived",
        ),
        elimination_per_min=_per_min(
            0.0055, f"derived: 38-53 L/h over that volume, {PEREZ}", "derived"
        ),
        free_in_plasma=_constant(0.5, "share", 0.4, 0.6, f"assumed: near the 0.4 of {KAKA}",
                                 "assumed"),
    ),
    clearance_cv=_constant(0.25, "share", 0.13, 0.35, "Hasan et al. 2021, 10.1097/ALN."
                           "0000000000003829, 0.23-0.25; Fanta 0.13; Perez-Ruixo 0.23"),
    volume_cv=_constant(0.30, "share", 0.25, 0.5, "Perez-Ruixo et al. 2021, central 0.28; Hasan et "
                        "al. 2021, steady state 0.33-0.38"),
    doses_in_mg=True,
)  # fmt: skip


def _norketamine(
    volume_l_per_kg: float,
    elimination_per_min: float,
    source: str = f"assumed: between human and {KAKA}: 0.61 L/kg, 89 ml/(min kg)",
) -> Metabolite:
    return Metabolite(
        formed_share=_constant(0.62, "share", 0.5, 0.8, KAKA),
        volume_l_per_kg=_constant(
            volume_l_per_kg, "L/kg", 0.5, 5.0, source, "assumed"
        ),
        elimination_per_min=_per_min(elimination_per_min, source, "assumed"),
        free_in_plasma=_constant(0.5, "share", 0.4, 0.6, f"assumed: near the 0.4 of {KAKA}",
                                 "assumed"),
    )  # fmt: skip


_CV = _constant(0.3, "share", 0.2, 0.5, "assumed: somewhat more than between humans", "assumed")

MACAQUE = Species(
    body_mass_kg=_constant(6.0, "kg", 3.0, 12.0, "adult rhesus", "assumed"),
    dispositions={
        "scaled-from-human": _disposition(
            f"{SCALED}; no intravenous study of a macaque was found",
            0.8, 0.044, (0.06, 0.017), grade="derived",
        ),
    },
    routes={
        "intramuscular": _absorption(
            (0.93, 0.8, 1.0), (0.08, 0.03, 0.2), f"assumed: as human, {CLEMENTS_IM}", "assumed"
        ),
        "intranasal": _absorption(
            (0.45, 0.2, 0.5), (0.049, 0.03, 0.08), f"assumed: as human, {YANAGIHARA}", "assumed"
        ),
        "oral": _absorption(
            (0.10, 0.03, 0.2), (0.03, 0.01, 0.1),
            "assumed: clearance near the flow of the liver leaves less than 0.2", "assumed",
        ),
    },
    free_in_plasma=_constant(0.5, "share", 0.4, 0.7, "assumed: as human and dog", "assumed"),
    brain_over_plasma_free=_IN_BALANCE,
    brain_exchange_per_min=_EXCHANGE,
    metabolite=_norketamine(1.5, 0.02),
    clearance_cv=_CV,
    volume_cv=_CV,
)  # fmt: skip

CAT = Species(
    body_mass_kg=_constant(4.0, "kg", 2.5, 6.0, "adult cat", "assumed"),
    dispositions={
        "hanna": _disposition(
            f"derived: 21 ml/(min kg) and 2.1 L/kg ({HANNA}, remembered), first volume assumed; "
            "terminal half-life 92 min, 67-79 measured",
            0.6, 0.035, (0.06, 0.024), grade="derived", sampling="venous, assumed",
        ),
    },
    routes={
        "intramuscular": _absorption((0.92, 0.85, 1.0), (0.15, 0.05, 0.3), HANNA),
        "oral": _absorption(
            (0.20, 0.1, 0.5), (0.03, 0.01, 0.1),
            "assumed: as human; what is sprayed into the mouth and not swallowed does better",
            "assumed",
        ),
    },
    free_in_plasma=_constant(
        0.55, "share", 0.47, 0.63, "product label of a veterinary ketamine: 37-53 % bound"
    ),
    brain_over_plasma_free=_IN_BALANCE,
    brain_exchange_per_min=_EXCHANGE,
    metabolite=_norketamine(1.5, 0.02),
    clearance_cv=_CV,
    volume_cv=_CV,
)  # fmt: skip

RODENT = (
    "assumed: volume as that of the drug; elimination such that norketamine in a mouse peaks near "
    "0.5 µg/ml after 10 mg/kg i.p. (Zanos et al. 2016, 10.1038/nature17998, remembered)"
)

RAT = Species(
    body_mass_kg=_constant(0.25, "kg", 0.15, 0.5, "adult rat", "assumed"),
    dispositions={
        "scaled-from-human": _disposition(
            f"{SCALED}; terminal half-life 51 min, 30-60 min in the literature",
            1.0, 0.077, (0.08, 0.031), grade="derived",
        ),
    },
    routes={
        "intraperitoneal": _absorption(
            (0.5, 0.3, 0.8), (0.15, 0.05, 0.3), "assumed: the liver meets it first", "assumed"
        ),
        "subcutaneous": _absorption(
            (0.95, 0.8, 1.0), (0.06, 0.03, 0.1),
            "PMID 29895202: as after a slow infusion; an intravenous bolus peaks 15 times higher",
        ),
        "intramuscular": _absorption(
            (0.95, 0.8, 1.0), (0.1, 0.05, 0.2), "PMID 29895202: as subcutaneous"
        ),
        "oral": _absorption(
            (0.05, 0.02, 0.15), (0.05, 0.02, 0.1),
            "assumed: clearance reaches the flow of the liver", "assumed",
        ),
    },
    free_in_plasma=_constant(0.5, "share", 0.4, 0.65, "assumed: as human and dog", "assumed"),
    brain_over_plasma_free=_IN_BALANCE,
    brain_exchange_per_min=_EXCHANGE,
    metabolite=_norketamine(3.0, 0.03, RODENT),
    clearance_cv=_CV,
    volume_cv=_CV,
)  # fmt: skip

LORD = (
    "fitted: volume, elimination, shares absorbed and unbound, to free levels of 1-2 µM 10 min "
    "after 10 mg/kg i.p. and to occupancy that peaks 15 min after 30 mg/kg s.c. and has all but "
    "gone at 60 min (Lord et al. 2013); half-life 10-30 min in the literature"
)

MOUSE = Species(
    body_mass_kg=_constant(0.025, "kg", 0.018, 0.035, "adult mouse", "assumed"),
    dispositions={
        "one-compartment": _disposition(
            LORD, 3.6, 0.06, grade="fitted",
        ),
    },
    routes={
        "intraperitoneal": _absorption(
            (0.4, 0.3, 0.8), (0.25, 0.1, 0.5), f"{LORD}; the liver meets it first", "fitted"
        ),
        "subcutaneous": _absorption(
            (0.8, 0.7, 1.0), (0.10, 0.05, 0.2), LORD, "fitted"
        ),
        "oral": _absorption(
            (0.03, 0.01, 0.1), (0.05, 0.02, 0.1),
            "assumed: clearance exceeds the flow of the liver", "assumed",
        ),
    },
    free_in_plasma=_constant(0.4, "share", 0.4, 0.7, LORD, "fitted"),
    brain_over_plasma_free=_IN_BALANCE,
    brain_exchange_per_min=_EXCHANGE,
    metabolite=_norketamine(3.6, 0.07, RODENT),
    clearance_cv=_CV,
    volume_cv=_CV,
)  # fmt: skip

SPECIES = {"human": HUMAN, "macaque": MACAQUE, "cat": CAT, "rat": RAT, "mouse": MOUSE}
