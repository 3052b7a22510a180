"""Effects that show a published phenomenon, beside the sign that was published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ketacortex.experiment.schema import Experiment
from ketacortex.report.tables import Material
from ketacortex.report.wording import MATCHED, NOTHING, measure_in_words, number, with_interval

MIN_ANIMALS = 8
"""Below, nothing is decided."""
GRADES = {
    "S": "a summary or caption of the laboratory says so",
    "L": "other literature",
    "O": "our own reading",
}
SIGN_IN_WORDS = {1: "up", -1: "down"}
CAT, MOUSE = "cat", "mouse"
UP_IN_CAT = {CAT: 1}
AS_PUBLISHED, OTHER_WAY, NEITHER, UNDECIDED = (
    "as published", "the other way", "neither", "undecided",
)  # fmt: skip

Sign = int | Mapping[str, int]
"""+1 or -1, or one for each map on which something was published."""
Contrast = Literal["experience", "drug", "drugs"]
"""Arms that a claim must hold against each other: with an adapter or training and without, with a
drug and without, with one drug and with another; whatever else is done in both alike."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """A phenomenon as it was published.

    Parameters
    ----------
    words : the phenomenon
    grade : one of `GRADES`
    contrast : which claims it is judged by
    signs : of the measures whose sign was published
    margins : of ratios within which a measure counts as unchanged, where that was published
    """

    words: str
    grade: str
    contrast: Contrast
    signs: Mapping[str, Sign] = field(default_factory=dict)
    margins: Mapping[str, tuple[float, float]] = field(default_factory=dict)


PUBLISHED: dict[str, Published] = {
    "A1": Published(
        words="preferred orientations move, beyond their error", grade="S", contrast="drug",
        signs={"preferred_orientation_shift_excess_deg": 1},
    ),
    "A2": Published(
        words="orientation selectivity falls", grade="S", contrast="drug",
        signs={"osi": -1, "gosi": -1},
    ),
    "A3": Published(
        words="Fano factors of evoked counts fall", grade="S", contrast="drug",
        signs={"fano_factor": -1},
    ),
    "A4": Published(
        words="the mean spontaneous rate does not change", grade="S", contrast="drug",
        margins={"spontaneous_rate_hz": (0.8, 1.25)},
    ),
    "A6": Published(
        words="dendritic inhibition falls and dendritic events rise", grade="L", contrast="drug",
        signs={"dendritic_inhibition_nanosiemens": -1, "plateau_rate_per_min": 1},
    ),
    "B1": Published(
        words="on a columnar map more pairs are linked, more strongly, and synchrony rises",
        grade="S", contrast="drug",
        signs={
            "link_share": UP_IN_CAT, "link_strength": UP_IN_CAT, "zero_lag_synchrony": UP_IN_CAT,
        },
    ),
    "C1": Published(
        words="after long adaptation, attracted cells outnumber repelled ones", grade="S",
        contrast="experience", signs={"attraction_balance": 1},
    ),
    "C2": Published(
        words="short adaptation repels and long adaptation attracts, in the same cells", grade="S",
        contrast="experience",
        signs={"attraction_balance": -1, "attraction_balance_since_first": 1, "turned_share": 1},
    ),
    "C3": Published(
        words="attracted cells gain on the adapted flank and lose on the opposite one; repelled "
        "cells lose on the adapted flank only",
        grade="S", contrast="experience",
        signs={
            "attractive_adapted_flank_change": 1, "attractive_opposite_flank_change": -1,
            "repulsive_adapted_flank_change": -1,
        },
    ),
    "C4": Published(
        words="a second adaptation after recovery is larger and attracts more often", grade="S",
        contrast="experience",
        signs={
            "second_minus_first_size_deg2": 1, "second_minus_first_balance": 1,
            "second_minus_first_towards_deg": 1,
        },
    ),
    "C5": Published(
        words="the summed strength of links is conserved", grade="S", contrast="experience",
        margins={"summed_strength": (0.9, 1.1)},
    ),
    "C6": Published(
        words="synchrony rises in pairs whose tuning converged", grade="S", contrast="experience",
        signs={"synchrony_by_convergence": -1},  # along the tuning difference
    ),
    "C7": Published(
        words="neighbours shift the same way; cells that do not are broader", grade="S",
        contrast="experience",
        signs={
            "neighbour_concordance": 1, "neighbour_concordance_excess": 1,
            "discordant_half_width_difference_deg": 1,
        },
    ),
    "C8": Published(
        words="cells far from the adapter, which it hardly drives, shift too", grade="S",
        contrast="experience",
        signs={"remote_shift_excess_deg": 1},
    ),
    "C9": Published(
        words="selectivity after adaptation rises in mouse and falls in cat", grade="S",
        contrast="experience", signs={"near_osi": {CAT: -1, MOUSE: 1}},
    ),
    "D1": Published(
        words="given after adaptation, the drug makes large shifts recover and small ones grow",
        grade="S", contrast="drug",
        signs={
            "recovery_slope": -1, "recovery_large_deg": -1, "recovery_small_deg": 1,
            "small_shift_growth_deg2": 1,
        },
    ),
    "D2": Published(
        words="training under the drug against each alone, at once and after washout: an open "
        "question",
        grade="S", contrast="drug",
    ),
    "D3": Published(
        words="a change of gain in place of the drug moves cells towards the adapter", grade="S",
        contrast="drugs",
        signs={
            "shift_towards_deg": 1, "shift_towards_since_first_deg": 1, "attraction_balance": 1,
        },
    ),
}  # fmt: skip
"""By the name that `[phenomena]` of an experiment gives the rows."""
NOTE = (
    "A phenomenon is judged by the rows of “A against B” in which the arms differ in nothing but "
    "what it is about; what a single arm shows is noise of measurement, time and effect together. "
    f"“{AS_PUBLISHED}”: the 95 % interval excludes 0 on the published side (where no change was "
    f"published: its ratio lies within the margin); “{OTHER_WAY}”: it excludes 0 on the other side "
    f"(lies wholly outside the margin); “{NEITHER}”: it does not tell; “{UNDECIDED}”: fewer than "
    f"{MIN_ANIMALS} animals."
)


def phenomenon_groups(material: Material) -> list[dict[str, Any]]:
    """Rows of effects that show a phenomenon, as text, a group for each phenomenon.

    Parameters
    ----------
    material : Material
        Of a run whose experiment names phenomena; without such rows there are no groups.

    Returns
    -------
    list of dict
        `name`, `words`, `grade`, and `rows` of `measure, who, epoch, is_claim, change, p_value,
        n_animals, sign, verdict`, claims first.
    """
    effects, experiment = material.effects, material.experiment
    if "phenomenon" not in effects or experiment is None:
        return []
    named = effects[effects["phenomenon"].notna()]
    groups = []
    for name in sorted(named["phenomenon"].astype(str).unique()):
        rows = named[named["phenomenon"].astype(str) == name].to_dict("records")
        published = PUBLISHED.get(name)
        groups.append(
            {
                "name": name,
                "words": "" if published is None else published.words,
                "grade": "" if published is None else GRADES[published.grade],
                "rows": sorted(
                    (_row(row, material, experiment, published) for row in rows),
                    key=lambda row: not row["is_claim"],
                ),
            }
        )
    return groups


def _row(
    row: Mapping[Any, Any],
    material: Material,
    experiment: Experiment,
    published: Published | None,
) -> dict[str, Any]:
    arm, measure = str(row["arm"]), str(row["measure"])
    sign = None if published is None else sign_of(published, measure, experiment.circuit.map)
    margin = None if published is None else published.margins.get(measure.removesuffix(MATCHED))
    is_judged = published is not None and is_judged_by(experiment, arm, published.contrast)
    return {
        "measure": measure_in_words(measure),
        "who": material.arm_in_words(arm),
        "is_claim": arm in material.claims,
        "epoch": row["epoch"],
        "change": with_interval(row["change"], row["ci_low"], row["ci_high"]),
        "p_value": number(row["p_value"], 2),
        "n_animals": int(row["n_animals"]),
        "sign": "none" if margin is not None else SIGN_IN_WORDS.get(sign or 0, NOTHING),
        "verdict": verdict_of(row, sign, margin) if is_judged else NOTHING,
    }


def sign_of(published: Published, measure: str, cortical_map: str) -> int | None:
    """Sign that was published of a measure, as recorded or at equal rates, on that map.

    >>> sign_of(PUBLISHED["C9"], "near_osi", "mouse"), sign_of(PUBLISHED["C9"], "osi", "mouse")
    (1, None)
    """
    sign = published.signs.get(measure.removesuffix(MATCHED))
    return sign.get(cortical_map) if isinstance(sign, Mapping) else sign


def is_judged_by(experiment: Experiment, claim: str, contrast: Contrast) -> bool:
    """Whether the two arms of a claim differ in what a phenomenon is about, and in nothing else.

    Parameters
    ----------
    experiment : Experiment
    claim : its name; the name of an arm judges nothing
    contrast : what the phenomenon is about
    """
    if claim not in experiment.claims:
        return False
    arm, control = (experiment.arms[name] for name in experiment.claims[claim])
    if arm.set != control.set:
        return False
    if contrast == "experience":
        return arm.doses == control.doses and set(arm.without) < set(control.without)
    is_other_drug = set(arm.doses) != set(control.doses) and bool(arm.doses)
    alike = set(arm.without) == set(control.without)
    return alike and is_other_drug and bool(control.doses) == (contrast == "drugs")


def verdict_of(
    row: Mapping[Any, Any], sign: int | None, margin: tuple[float, float] | None = None
) -> str:
    """In plain words, whether an interval agrees with what was published.

    Parameters
    ----------
    row : of effects: `ci_low, ci_high, ratio_ci_low, ratio_ci_high, n_animals`
    sign : +1, -1, or None if no sign was published
    margin : of the ratio within which nothing changed, or None

    Returns
    -------
    str
        A dash where nothing was published of the measure.

    Examples
    --------
    >>> row = {"ci_low": 0.1, "ci_high": 0.3, "n_animals": 8}
    >>> verdict_of(row, 1), verdict_of(row, -1), verdict_of({**row, "n_animals": 7}, 1)
    ('as published', 'the other way', 'undecided')
    """
    if sign is None and margin is None:
        return NOTHING
    if row["n_animals"] < MIN_ANIMALS:
        return UNDECIDED
    if margin is not None:
        low, high = row["ratio_ci_low"], row["ratio_ci_high"]
        is_inside = margin[0] <= low and high <= margin[1]
        is_outside = high < margin[0] or low > margin[1]
    else:
        low, high = sorted(((sign or 0) * row["ci_low"], (sign or 0) * row["ci_high"]))
        is_inside, is_outside = low > 0, high < 0
    return AS_PUBLISHED if is_inside else OTHER_WAY if is_outside else NEITHER
