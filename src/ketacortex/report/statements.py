"""What was asked, what was found and what was not computed, in words and tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from ketacortex.analyse.network_values import measures_of_networks
from ketacortex.report.dosing import arm_in_short
from ketacortex.report.tables import LONE_RECORDING, Material
from ketacortex.report.wording import (
    NOTHING,
    counted,
    listed,
    measure_in_words,
    number,
    population_in_words,
    with_interval,
)

HEADLINES = (
    ("preferred_orientation_shift_abs_deg", "change", "mean |shift| [deg]"),
    ("preferred_orientation_shift_excess_deg", "change", "excess shift [deg]"),
    ("osi", "ratio", "OSI ratio"),
    ("fano_factor_rate_matched", "ratio", "Fano ratio, rate-matched"),
    ("evoked_rate_hz", "ratio", "evoked-rate ratio"),
    ("spontaneous_rate_hz", "ratio", "spontaneous-rate ratio"),
)
FEW_UNITS_PER_ANIMAL = 10
"""Below, an effect says little whatever its interval, which is over animals."""
MOST_SENTENCES = 6
CLAIM_NOTE = (
    "“A against B”: how much more arm A changed than arm B, animal by animal; a ratio above 1 is "
    "more, below 1 less. What B changes by itself is noise of measurement."
)
NOISE_SENTENCE = (
    "Noise of measurement alone moves a fitted preferred orientation, so |shift| is above 0 even "
    "where nothing changed; only the excess over that error counts as a change."
)


@dataclass(frozen=True)
class MissingGroup:
    """One reason, and everything that is missing because of it."""

    reason: str
    measures: list[str]
    n: int


def asked(material: Material) -> str:
    """One sentence: what was asked."""
    epochs = listed(material.epochs)
    if material.experiment is None:
        n_files = counted(len(material.sources), "recording")
        return (
            f"{_capital(counted(material.n_animals, 'animal'))} in {n_files}, "
            f"{material.n_units} units; {_epochs_in_words(material)} ({epochs})."
        )
    experiment = material.experiment
    what = _epochs_in_words(material)
    if len(material.epochs) > 1:
        what = f"{counted(len(material.epochs), 'measurement')} of the same cortex"
    return (
        f"{_capital(counted(experiment.animals, 'simulated animal'))}, circuit "
        f"{experiment.circuit.preset}, map {experiment.circuit.map}, {material.n_units} units: "
        f"{what} ({epochs}){_arms_in_words(material)}."
    )


def headline_rows(material: Material) -> list[dict[str, Any]]:
    """One row a claim or arm and later epoch, the numbers as text in the order of `HEADLINES`."""
    return [
        {
            "arm": arm,
            "is_claim": arm in material.claims,
            "who": material.arm_in_words(arm),
            "epoch": epoch,
            "n_animals": _n_animals(material, arm, epoch),
            "numbers": [
                _headline(material, arm, epoch, measure, column) for measure, column, _ in HEADLINES
            ],
        }
        for arm, epoch in [*_claimed(material), *material.comparisons]
    ]


def _claimed(material: Material) -> list[tuple[str, str]]:
    """(claim, later epoch) of every claim."""
    found = material.effects[["arm", "epoch"]].drop_duplicates()
    pairs = [(str(arm), str(epoch)) for arm, epoch in found.itertuples(index=False)]
    return [pair for pair in pairs if pair[0] in material.claims]


def headline_sentences(material: Material) -> list[str]:
    """The main findings as sentences: of claims where there are any, else the shift of each arm."""
    rows = headline_rows(material)
    if any(row["is_claim"] for row in rows):
        return [_claim_sentence(row) for row in rows if row["is_claim"]][:MOST_SENTENCES]
    return shift_sentences(material)


def _claim_sentence(row: dict[str, Any]) -> str:
    found = []
    for (measure, column, _), text in zip(HEADLINES, row["numbers"], strict=True):
        what, _, unit = measure_in_words(measure).partition(" [")
        if text == NOTHING:
            continue
        if column == "change":
            sign = "" if text.startswith("−") else "+"
            found.append(f"{what} {sign}{text} {unit.rstrip(']')}".rstrip())
        else:
            found.append(f"{what} × {text}")
    return f"{row['who']}, epoch {row['epoch']} (n = {row['n_animals']}): {'; '.join(found)}."


def shift_sentences(material: Material) -> list[str]:
    """The shift of every arm and later epoch as a sentence."""
    sentences = []
    for row in headline_rows(material):
        if row["is_claim"]:
            continue
        shift, excess = row["numbers"][:2]
        arm = material.arm_in_words(row["arm"])
        who = _capital(f"{arm}, epoch" if arm else "epoch") + f" {row['epoch']} against the first"
        if shift == NOTHING:
            sentences.append(f"{who}: no shift of preferred orientation could be measured.")
        else:
            excess_text = (
                f"of which {excess} deg exceed measurement error"
                if excess != NOTHING
                else "how much of it exceeds measurement error could not be computed"
            )
            sentences.append(f"{who}: mean |shift| {shift} deg, {excess_text}.")
    return sentences


def effect_tables(material: Material) -> list[dict[str, Any]]:
    """The effects as text: a table for each arm and epoch, in it a group for each population.

    Of the network only the main population is shown; the files hold the others.
    """
    order = [material.main_population, *material.cell_classes]
    tables = []
    effects = material.effects
    is_shown = ~effects["measure"].isin(measures_of_networks())
    is_shown |= effects["population"] == material.main_population
    for (arm, epoch), rows in effects[is_shown].groupby(["arm", "epoch"], sort=False):
        found = sorted(
            rows["population"].unique(),
            key=lambda name: order.index(name) if name in order else len(order),
        )
        groups = [
            {
                "population": population_in_words(name),
                "rows": [_effect_row(row) for row in of_population.to_dict("records")],
            }
            for name in found
            for of_population in [rows[rows["population"] == name]]
        ]
        tables.append(
            {
                "arm": material.arm_in_words(str(arm)),
                "is_claim": str(arm) in material.claims,
                "epoch": epoch,
                "groups": groups,
            }
        )
    return sorted(tables, key=lambda table: not table["is_claim"])


def effects_note(material: Material) -> str:
    """What the intervals of the table are over, or why it is empty."""
    if material.effects.empty:
        if not material.comparisons:
            return "Not computed: a change needs two epochs."
        if material.n_animals < 2:
            return "Not computed: an interval over animals needs at least two, and there is one."
        return "Not computed; the reasons are listed below."
    if "inference" in material.effects and material.effects["inference"].notna().any():
        return (
            "One animal: the intervals are over its trials (of shifts, over its units) and say "
            "nothing about another animal."
        )
    return (
        "95 % intervals are Student t over animals; a ratio is a geometric mean over animals. In "
        f"italics: fewer than {FEW_UNITS_PER_ANIMAL} units an animal, too few to build on."
    )


def missing_groups(material: Material) -> list[MissingGroup]:
    """What is missing, grouped by reason, the most frequent first."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in [*material.not_computed, *_silent_units(material)]:
        column, colon, rest = str(entry["reason"]).partition(": ")
        about = column if colon and column in ("ratio", "before") else ""
        reason = rest if about else str(entry["reason"])
        groups.setdefault(reason, []).append({**entry, "about": about})
    found = [
        MissingGroup(_sentence(reason), _missing_measures(entries), len(entries))
        for reason, entries in groups.items()
    ]
    return sorted(found, key=lambda group: -group.n)


def _effect_row(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        "measure": measure_in_words(row["measure"]),
        "before": number(row["before"]),
        "after": number(row["after"]),
        "change": with_interval(row["change"], row["ci_low"], row["ci_high"]),
        "ratio": with_interval(row["ratio"], row["ratio_ci_low"], row["ratio_ci_high"]),
        "n_animals": int(row["n_animals"]),
        "n_units": int(row["n_units"]),
        "has_few": row["n_units"] < FEW_UNITS_PER_ANIMAL * row["n_animals"],
    }


def _headline(material: Material, arm: str, epoch: str, measure: str, column: str) -> str:
    """An effect with its interval; without one, the mean over animals of what was measured."""
    row = _chosen(material.effects, material, arm, epoch, measure)
    if len(row):
        prefix = "" if column == "change" else "ratio_"
        first = row.iloc[0]
        if pd.notna(first[column]):
            return with_interval(first[column], first[f"{prefix}ci_low"], first[f"{prefix}ci_high"])
    pairs = _chosen(material.pairs, material, arm, epoch, measure)
    if pairs.empty:
        return NOTHING
    before = 1.0 if column == "change" else pairs["before"].mean()
    return number(pairs["after"].mean() / before) if before > 0 else NOTHING


def _chosen(
    table: pd.DataFrame, material: Material, arm: str, epoch: str, measure: str
) -> pd.DataFrame:
    return table[
        (table["measure"] == measure)
        & (table["arm"] == arm)
        & (table["epoch"] == epoch)
        & (table["population"] == material.main_population)
    ]


def _n_animals(material: Material, arm: str, epoch: str) -> int:
    if arm in material.claims:
        rows = material.effects[
            (material.effects["arm"] == arm) & (material.effects["epoch"] == epoch)
        ]
        return int(rows["n_animals"].max()) if len(rows) else 0
    here = material.changes
    return int(here[(here["arm"] == arm) & (here["epoch"] == epoch)]["animal"].nunique())


def _epochs_in_words(material: Material) -> str:
    return counted(len(material.epochs), "epoch")


def _arms_in_words(material: Material) -> str:
    """What is done in each arm: doses and settings of its own."""
    if material.experiment is None:
        return ""
    experiment = material.experiment
    if all(not arm.doses and not arm.set for arm in experiment.arms.values()):
        arms = "arms" if len(experiment.arms) > 1 else "arm"
        return f" without any drug ({arms} {listed(list(experiment.arms))})"
    done = [f"arm {name}: {arm_in_short(experiment, name)}" for name in experiment.arms]
    return "; " + "; ".join(done)


def _silent_units(material: Material) -> list[dict[str, Any]]:
    """Units without a spike have no tuning and no variability; they are counted by epoch."""
    silent = material.units[material.units["mean_rate_hz"].eq(0)]
    rows = []
    for (arm, epoch), table in silent.groupby(["arm", "epoch"], sort=False):
        n = len(table)
        rows.append(
            {
                "measure": "tuning and variability of single units",
                "arm": arm,
                "epoch": epoch,
                "population": listed(sorted(table["cell_class"].unique())),
                "reason": f"{n} unit{'s are' if n > 1 else ' is'} silent during the gratings.",
            }
        )
    return rows


def _missing_measures(entries: list[dict[str, Any]]) -> list[str]:
    """Each measure once with where it is missing; measures missing in the same places together."""
    places_of: dict[str, dict[str, list[str]]] = {}
    for entry in entries:
        about = f"{entry['about']} of " if entry["about"] else ""
        places = places_of.setdefault(about + measure_in_words(str(entry["measure"])), {})
        keys = [key for key in ("arm", "epoch") if entry.get(key)]
        where = ", ".join(f"{key} {entry[key]}" for key in keys if entry[key] != LONE_RECORDING)
        populations = places.setdefault(where, [])
        if entry.get("population") and str(entry["population"]) not in populations:
            populations.append(str(entry["population"]))
    together: dict[str, list[str]] = {}
    for measure, places in places_of.items():
        text = "; ".join(
            f"{where}: {', '.join(populations)}" if populations else where
            for where, populations in places.items()
        )
        together.setdefault(text, []).append(measure)
    return [
        f"{listed(measures)} ({where})" if where else listed(measures)
        for where, measures in together.items()
    ]


def _sentence(reason: str) -> str:
    return _capital(reason.rstrip(".") + ".")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
