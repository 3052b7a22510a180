"""The ladder: what arms that hold different concentrations show, against free concentration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ketacortex.drug.doses import HeldDose
from ketacortex.evidence.off_targets import OFF_TARGETS
from ketacortex.experiment.schema import Experiment
from ketacortex.report.dosing import last_epoch_end_s
from ketacortex.report.drawing import (
    BAND,
    FAINT,
    INK,
    ReportFigure,
    class_colour,
    finish,
    in_style,
    new_figure,
    plain_logarithmic,
)
from ketacortex.report.tables import Material
from ketacortex.report.wording import measure_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST_STEPS = 3
PANELS = (
    ("evoked_rate_hz", "ratio", ("pyr", "pv", "sst")),
    ("spontaneous_rate_hz", "ratio", ("pyr", "pv", "sst")),
    ("osi", "ratio", ("pyr",)),
    ("fano_factor", "ratio", ("pyr",)),
    ("fano_factor_rate_matched", "ratio", ("pyr",)),
    ("preferred_orientation_shift_excess_deg", "change", ("pyr",)),
    ("noise_correlation", "change", ("pyr",)),
)
LINE_STYLES = ("-", "--", ":", "-.")
EDGE = {"ratio": ("ratio_ci_low", "ratio_ci_high"), "change": ("ci_low", "ci_high")}


def steps_of(experiment: Experiment) -> pd.DataFrame:
    """Arms that hold one concentration from the first dose to the end, or none at all.

    Returns
    -------
    DataFrame
        `arm, free_micromolar, set`: `set` is what the arm sets otherwise, in words.
    """
    rows = []
    for arm in experiment.arms:
        held = _held_micromolar(experiment, arm)
        if held is not None:
            changes = experiment.arms[arm].set.items()
            rows.append((arm, held, ", ".join(f"{path} = {value}" for path, value in changes)))
    return pd.DataFrame(rows, columns=["arm", "free_micromolar", "set"])


def _held_micromolar(experiment: Experiment, arm: str) -> float | None:
    """What an arm holds all along, 0 without a dose; None where it holds nothing so long."""
    doses = experiment.treatment(arm).doses
    if not doses:
        return 0.0
    first = doses[0]
    if len(doses) > 1 or not isinstance(first, HeldDose):
        return None
    is_held = first.start_s == 0 and first.duration_s >= last_epoch_end_s(experiment)
    return first.concentration_micromolar if is_held else None


def draw_ladder(material: Material) -> ReportFigure | str:
    """Block and every main measure against concentration, or why there is no ladder."""
    if material.experiment is None:
        return "No ladder: these are recordings."
    steps = steps_of(material.experiment)
    if steps["free_micromolar"].nunique() < FEWEST_STEPS:
        return "No ladder: fewer than three arms hold different free concentrations."
    epoch = material.epochs[-1]
    table = ladder_table(material, steps, epoch)
    is_paired = bool(paired_steps(material, steps))
    against = "no drug" if is_paired else "first epoch"
    with in_style():
        figure = new_figure(5.6)
        axes = figure.subplots(2, 4, squeeze=False, sharex=True).ravel()
        zero = _place_of_zero(steps)
        _draw_block(axes[0], table, zero)
        for place, (measure, column, classes) in zip(axes[1:], PANELS, strict=True):
            here = table[(table["measure"] == measure) & table["population"].isin(classes)]
            _draw_panel(place, here, column, zero)
            word = f"ratio to {against}" if column == "ratio" else f"change from {against}"
            place.set_title(measure_in_words(measure).split(" [")[0], loc="left", pad=11)
            place.set_ylabel(word)
        for place in axes:
            _mark_off_targets(place, material.experiment, steps)
        for place in axes[4:]:
            place.set_xlabel("free [µM]")
            plain_logarithmic(place.xaxis)
        _legend(axes[1], table)
        return finish(
            figure,
            name="ladder",
            title="Block, rates, selectivity, variability and shift against free concentration",
            caption=_caption(material, epoch, steps, is_paired),
            numbers=table,
        )


def ladder_table(material: Material, steps: pd.DataFrame, epoch: str) -> pd.DataFrame:
    """Mean block of each step, and its effects in the last epoch.

    Effects are those of the claim that holds the step against one without drug, animal by animal;
    without such a claim, those of the step against its own first epoch.
    """
    effects = material.effects[material.effects["epoch"] == epoch]
    wanted = effects[effects["measure"].isin([measure for measure, _, _ in PANELS])]
    stands_for = {claim: arm for arm, claim in paired_steps(material, steps).items()}
    if stands_for:
        wanted = wanted[wanted["arm"].isin(stands_for)]
        wanted = wanted.assign(arm=wanted["arm"].map(stands_for))
    columns = ["arm", "measure", "population", "change", "ci_low", "ci_high", "ratio",
               "ratio_ci_low", "ratio_ci_high", "n_animals"]  # fmt: skip
    both = pd.concat([_block(material, steps), wanted[columns]], ignore_index=True)
    return both.merge(steps, on="arm").sort_values(["set", "free_micromolar"], kind="stable")


def paired_steps(material: Material, steps: pd.DataFrame) -> dict[str, str]:
    """Claim of every treated step against an untreated one; nothing if one of them has none."""
    is_treated = steps["free_micromolar"] > 0
    untreated, treated = set(steps[~is_treated]["arm"]), steps[is_treated]["arm"]
    claim_of = {arm: name for name, (arm, control) in material.claims.items()
                if control in untreated}  # fmt: skip
    return {arm: claim_of[arm] for arm in treated} if set(treated) <= set(claim_of) else {}


def _block(material: Material, steps: pd.DataFrame) -> pd.DataFrame:
    """Block of each class at the end, 0 where nothing is given."""
    blocked = material.courses[material.courses["quantity"] == "blocked_share"]
    last = blocked.groupby(["arm", "animal", "population"], sort=False)["mean"].last()
    block = last.groupby(["arm", "population"], sort=False).mean().rename("change").reset_index()
    zero = [
        {"arm": arm, "population": name, "change": 0.0}
        for arm in steps[steps["free_micromolar"] == 0]["arm"]
        for name in ("pyr", "pv", "sst")
    ]
    return pd.concat([block, pd.DataFrame(zero)]).assign(measure="blocked_share")


def _place_of_zero(steps: pd.DataFrame) -> float:
    """Where 0 stands on the logarithmic axis: a third of the lowest concentration."""
    above = steps[steps["free_micromolar"] > 0]["free_micromolar"]
    return float(above.min()) / 3.0


def _draw_block(axes: Axes, table: pd.DataFrame, zero: float) -> None:
    _draw_panel(axes, table[table["measure"] == "blocked_share"], "change", zero)
    axes.set_ylim(-0.02, 1.02)
    axes.set_title("block", loc="left", pad=11)
    axes.set_ylabel("share of NMDA blocked")


def _draw_panel(axes: Axes, here: pd.DataFrame, column: str, zero: float) -> None:
    axes.set_xscale("log")
    baseline = here[(here["free_micromolar"] == 0) & (here["population"] == "pyr")]
    low, high = EDGE[column]
    if len(baseline) and low in baseline and baseline[low].notna().all():
        axes.axhspan(baseline[low].min(), baseline[high].max(), color=BAND, lw=0, zorder=0)
    axes.axhline(1.0 if column == "ratio" else 0.0, color=INK, lw=0.6, ls=":")
    for style, (_, of_set) in zip(LINE_STYLES, here.groupby("set", sort=False), strict=False):
        for name, rows in of_set.groupby("population", sort=False):
            colour = class_colour(str(name))
            x = rows["free_micromolar"].replace(0.0, zero).to_numpy(float)
            value = rows[column].to_numpy(float)
            axes.plot(x, value, style, marker="o", ms=3, lw=1.2, color=colour)
            if rows[low].notna().all():
                edges = np.abs(rows[[low, high]].to_numpy(float).T - value)
                axes.errorbar(x, value, edges, fmt="none", ecolor=colour, elinewidth=0.8)
    values = here[column].dropna().to_numpy(float)
    if len(values):
        # An interval over two animals may be far wider than the effect; it runs off the panel.
        middle = 1.0 if column == "ratio" else 0.0
        reach = 1.6 * max(np.abs(values - middle).max(), 0.05)
        axes.set_ylim(max(middle - reach, 0.0 if column == "ratio" else -np.inf), middle + reach)


def _mark_off_targets(axes: Axes, experiment: Experiment | None, steps: pd.DataFrame) -> None:
    highest = steps["free_micromolar"].max()
    for number, target in enumerate(_targets(experiment), start=1):
        at = target.onset_micromolar.value
        if at <= highest:
            axes.axvline(at, color=FAINT, lw=0.9, zorder=0)
            axes.text(at, 1.0, str(number), transform=axes.get_xaxis_transform(), fontsize=6.5,
                      ha="center", va="bottom")  # fmt: skip


def _targets(experiment: Experiment | None) -> tuple:
    blockers = {dose.blocker for dose in experiment.dose} if experiment is not None else set()
    return tuple(target for name in sorted(blockers) for target in OFF_TARGETS.get(name, ()))


def _legend(axes: Axes, table: pd.DataFrame) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker="o", linestyle="", markersize=4, color=class_colour(name), label=name)
        for name in ("pyr", "pv", "sst")
    ]
    sets = list(pd.unique(table["set"]))
    if len(sets) > 1:
        handles += [
            Line2D([], [], color=INK, lw=1.2, ls=style, label=words or "as it is")
            for style, words in zip(LINE_STYLES, sets, strict=False)
        ]
    axes.legend(handles=handles, fontsize=7, loc="best")


def _caption(material: Material, epoch: str, steps: pd.DataFrame, is_paired: bool) -> str:
    named = [
        f"{number} {target.name} ({target.onset_micromolar.value:g} µM)"
        for number, target in enumerate(_targets(material.experiment), start=1)
        if target.onset_micromolar.value <= steps["free_micromolar"].max()
    ]
    marks = f" Vertical marks: where targets outside the model begin: {', '.join(named)}." if (
        named
    ) else ""  # fmt: skip
    few = " Coarse: intervals over so few animals are wide." if material.n_animals < 4 else ""
    how = (
        "each arm against the one without drug, animal by animal"
        if is_paired
        else "against the first epoch of the same arm; leftmost: no drug, its interval as a band"
    )
    return (
        f"Epoch {epoch}, free concentration held everywhere: {how}. Mean and 95 % interval over "
        f"n = {material.n_animals} animals.{few}{marks}"
    )
