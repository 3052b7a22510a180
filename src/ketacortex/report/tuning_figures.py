"""Tuning curves of example cells, and how far preferred orientations moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtr

from ketacortex.report.drawing import (
    INK,
    ReportFigure,
    epoch_colour,
    finish,
    in_style,
    legend_of,
    new_figure,
)
from ketacortex.report.tables import Example, Material

if TYPE_CHECKING:
    from matplotlib.axes import Axes

N_EXAMPLES = 6
MOST_PANELS = 4
SHIFT_BIN_DEG = 5.0
N_BESIDE_EACH_OTHER = 4
LOWEST_HIGHEST = (0.05, 0.95)
NO_SECOND_EPOCH = (
    "Not computed: a change needs two epochs, and no recording has trials in more than one."
)


def draw_examples(material: Material) -> ReportFigure | str:
    """Mean rates, standard errors and fitted curves of a few cells, or the reason for none."""
    shown = [(e, e.tuning) for e in material.examples if e.tuning is not None]
    if not any(tuning.sizes["orientation"] for _, tuning in shown):
        return "No tuning curve could be measured in the example animal."
    units = choose_examples(material, N_EXAMPLES if len(shown) == 1 else N_BESIDE_EACH_OTHER)
    if not len(units):
        return "No unit of the example animal responds and has a fitted tuning curve."
    with in_style():
        if len(shown) == 1:
            axes = _draw_one_arm(material, *shown[0], units)
        else:
            axes = _draw_arms(material, shown, units)
        for place in axes.ravel():
            place.set_ylim(bottom=0)
        for place in axes[-1]:
            place.set_xlabel("orientation [deg]")
        names = list(dict.fromkeys(name for _, tuning in shown for name in _epochs(tuning)))
        legend_of(axes[0, 0], {name: epoch_colour(material.epochs, name) for name in names})
        return finish(
            axes[0, 0].figure,
            name="tuning",
            title="Tuning curves of example units",
            caption=_examples_caption(material, len(units), len(shown)),
            numbers=pd.concat(
                [_curve_table(tuning, units).assign(arm=e.arm) for e, tuning in shown],
                ignore_index=True,
            ),
        )


def _draw_one_arm(
    material: Material, example: Example, tuning: xr.Dataset, units: NDArray[np.int64]
) -> Any:
    """Up to six units in two rows; returns the axes."""
    n_rows = 2 if len(units) > 3 else 1
    figure = new_figure(4.4 if n_rows == 2 else 2.5)
    axes = figure.subplots(n_rows, 3, squeeze=False)
    for i, place in enumerate(axes.ravel()):
        if i < len(units):
            _draw_unit(place, material, example.session, tuning, int(units[i]))
        else:
            place.axis("off")
    for place in axes[:, 0]:
        place.set_ylabel("rate [Hz]")
    return axes


def _draw_arms(
    material: Material, shown: list[tuple[Example, xr.Dataset]], units: NDArray[np.int64]
) -> Any:
    """One row of panels per arm, the same units below each other; returns the axes."""
    figure = new_figure(0.4 + 2.0 * len(shown))
    axes = figure.subplots(len(shown), len(units), squeeze=False, sharex=True, sharey="col")
    for row, (example, tuning) in enumerate(shown):
        for place, unit in zip(axes[row], units, strict=True):
            _draw_unit(place, material, example.session, tuning, int(unit))
            if row:
                place.set_title("")
        axes[row, 0].set_ylabel(f"{material.arm_in_words(example.arm)}\nrate [Hz]")
    return axes


def _examples_caption(material: Material, n_units: int, n_arms: int) -> str:
    rows = " One row per arm, the same units in each." if n_arms > 1 else ""
    return (
        f"{n_units} units of the first animal ({material.main_population}), taken at evenly spaced "
        f"quantiles of OSI in the first epoch ({LOWEST_HIGHEST[0]:.0%} to {LOWEST_HIGHEST[1]:.0%}) "
        f"among units that respond, not by eye.{rows} Dots: mean rate ± s.e.m. over trials; lines: "
        "fitted von Mises curves."
    )


def choose_examples(material: Material, n_units: int) -> NDArray[np.int64]:
    """Rows of units at even quantiles of OSI in the first epoch, each once."""
    first = material.first_epochs
    first = first[first["session"] == material.example_session].reset_index(drop=True)
    can_be_shown = (
        material.is_main(first)
        & first["is_responsive"].fillna(False).astype(bool)
        & first["osi"].notna()
    )
    osi = first["osi"][can_be_shown].astype(float).sort_values(kind="stable")
    if not len(osi):
        return np.zeros(0, np.int64)
    places = np.round(np.linspace(*LOWEST_HIGHEST, n_units) * (len(osi) - 1)).astype(int)
    return osi.index.to_numpy(np.int64)[np.unique(places)]


def _epochs(tuning: xr.Dataset) -> list[str]:
    return [str(epoch) for epoch in tuning["epoch"].to_numpy()]


def _draw_unit(axes: Axes, material: Material, session: int, tuning: xr.Dataset, row: int) -> None:
    unit = tuning.isel(unit=row)
    shown_deg = tuning["orientation"].to_numpy()
    fine_deg = np.linspace(0.0, 180.0, 121)
    for i, epoch in enumerate(_epochs(tuning)):
        colour = epoch_colour(material.epochs, epoch)
        here = unit.isel(epoch=i)
        error_hz = np.nan_to_num(here["standard_error_hz"].to_numpy())
        axes.errorbar(
            shown_deg, here["rate_hz"].to_numpy(), error_hz, fmt="o", ms=3.2, color=colour,
            elinewidth=0.9, alpha=0.85,
        )  # fmt: skip
        axes.plot(fine_deg, _fitted_hz(here, fine_deg), color=colour, lw=1.4)
    first = material.first_epochs
    osi = first[first["session"] == session]["osi"].iloc[row]
    axes.set_title(
        f"unit {unit['unit'].item()}, {unit['cell_class'].item()}, OSI {osi:.2f}", loc="left"
    )
    axes.set_xlim(-4, 184)
    axes.set_xticks([0, 45, 90, 135, 180])


def _fitted_hz(curve: xr.Dataset, orientation_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """b + a exp(kappa (cos 2(theta - mu) - 1)); NaN where nothing was fitted."""
    turn = np.deg2rad(2.0 * (orientation_deg - curve["preferred_orientation_deg"].item()))
    bump = np.exp(curve["kappa"].item() * (np.cos(turn) - 1.0))
    return curve["baseline_hz"].item() + curve["amplitude_hz"].item() * bump


def _curve_table(tuning: xr.Dataset, units: NDArray[np.int64]) -> pd.DataFrame:
    chosen = tuning.isel(unit=units)
    table = chosen[["rate_hz", "standard_error_hz"]].to_dataframe().reset_index()
    fits = chosen[
        ["baseline_hz", "amplitude_hz", "kappa", "preferred_orientation_deg"]
    ].to_dataframe()
    fits = fits.drop(columns="cell_class", errors="ignore").reset_index()
    return table.merge(fits, on=["epoch", "unit"])


def draw_shifts(material: Material) -> ReportFigure | str:
    """Distribution of the signed shift of preferred orientation in each arm, or why not."""
    if not material.comparisons:
        return NO_SECOND_EPOCH
    changes = material.changes
    changes = changes[
        material.is_main(changes) & changes["preferred_orientation_shift_deg"].notna()
    ]
    if not len(changes):
        return "Not computed: no unit is significantly tuned in two epochs."
    arms = [arm for arm in material.shown_arms if (changes["arm"] == arm).any()]
    with in_style():
        n_panels = min(len(arms), MOST_PANELS)
        figure = new_figure(2.7, 5.4 if n_panels == 1 else 9.6)
        axes = figure.subplots(1, n_panels, squeeze=False, sharey=True)[0]
        for place, arm in zip(axes, arms, strict=False):
            _draw_arm(place, material, changes[changes["arm"] == arm], arm)
        axes[0].set_ylabel(f"share of units\nper {SHIFT_BIN_DEG:g} deg")
        return finish(
            figure,
            name="shift",
            title="Distribution of shifts of preferred orientation",
            caption=_shift_caption(material, changes, len(arms)),
            numbers=_shift_table(changes),
        )


def _draw_arm(axes: Axes, material: Material, changes: pd.DataFrame, arm: str) -> None:
    edges_deg = np.arange(-90.0, 90.0 + SHIFT_BIN_DEG, SHIFT_BIN_DEG)
    colours = {}
    for epoch in pd.unique(changes["epoch"]):
        here = changes[changes["epoch"] == epoch]
        shift_deg = here["preferred_orientation_shift_deg"].to_numpy(float)
        share = np.histogram(shift_deg, edges_deg)[0] / len(shift_deg)
        colour = epoch_colour(material.epochs, epoch)
        axes.stairs(share, edges_deg, color=colour, fill=True, alpha=0.25)
        axes.stairs(share, edges_deg, color=colour, lw=1.3)
        colours[f"{here['epoch_before'].iloc[0]} → {epoch}, n = {len(here)} units"] = colour
    last = changes[changes["epoch"] == changes["epoch"].iloc[-1]]
    axes.stairs(_from_error_alone(last, edges_deg), edges_deg, color=INK, lw=1.0, ls="--")
    axes.axvline(0.0, color=INK, lw=0.6, ls=":")
    axes.set_title(material.arm_in_words(arm), loc="left")
    axes.set_xlabel("shift of preferred orientation [deg]")
    axes.set_xticks([-90, -45, 0, 45, 90])
    axes.set_ylim(0, axes.get_ylim()[1] * 1.15)
    legend_of(axes, colours, loc="upper right")


def _from_error_alone(changes: pd.DataFrame, edges_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares that unmoved units would show, each with the error that its own halves tell."""
    within_deg = changes["shift_within_deg"].to_numpy(float)
    # The mean distance of a normal error is sqrt(2 / pi) of its standard deviation.
    sd_deg = within_deg[within_deg > 0] * np.sqrt(np.pi / 2.0)
    if not len(sd_deg):
        return np.full(len(edges_deg) - 1, np.nan)
    below = ndtr(edges_deg / sd_deg[:, None])
    return np.asarray(np.diff(below, axis=1).mean(axis=0))


def _shift_caption(material: Material, changes: pd.DataFrame, n_arms: int) -> str:
    omitted = f" The first {MOST_PANELS} of {n_arms} arms." if n_arms > MOST_PANELS else ""
    return (
        f"Signed shift of the fitted preferred orientation ({material.main_population}), units "
        f"significantly tuned in both epochs, {changes['animal'].nunique()} animals together. "
        "Dashed: what unmoved units would show in the last epoch, from how the halves of the "
        f"trials of each agree (n = {int((changes['shift_within_deg'] > 0).sum())} in all)."
        f"{omitted}"
    )


def _shift_table(changes: pd.DataFrame) -> pd.DataFrame:
    columns = {
        "animal": "animal",
        "arm": "arm",
        "unit": "unit",
        "epoch_before": "reference",
        "epoch": "epoch",
        "preferred_orientation_deg_before": "before_deg",
        "preferred_orientation_deg": "after_deg",
        "preferred_orientation_shift_deg": "shift_deg",
    }
    return changes[list(columns)].rename(columns=columns)
