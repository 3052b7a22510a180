"""How far inferred links are the synapses of the simulated animal: a figure and its sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.report.drawing import (
    INK,
    ReportFigure,
    class_colour,
    finish,
    in_style,
    new_figure,
)
from ketacortex.report.ground_truth import (
    SIGNS,
    Recovery,
    directed_pairs,
    recovery,
    recovery_in_bins,
    true_synapses,
)
from ketacortex.report.network_example import ExampleNetwork
from ketacortex.report.tables import Material
from ketacortex.report.wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

N_BINS = 6
ABOUT = {
    "rate_hz": "geometric mean rate [Hz]",
    "distance_um": "distance [µm]",
    "shared_input": "shared input, share of all inputs",
}
"""What pairs are sorted by, and its label."""
SIGN_COLOURS = {"excitatory": class_colour("sst"), "inhibitory": class_colour("pv")}
FALSE_COLOUR = class_colour("pyr")
MOST_CURVE_POINTS = 150


@dataclass(frozen=True, kw_only=True)
class GroundTruth:
    """What was inferred and what is true, of the example animal in its first epoch.

    Parameters
    ----------
    arm, epoch : of the recording
    pairs : of `directed_pairs`
    found : Recovery of `excitatory` and of `inhibitory` connections
    """

    arm: str
    epoch: str
    pairs: pd.DataFrame
    found: dict[str, Recovery]


def ground_truth(material: Material, networks: list[ExampleNetwork]) -> GroundTruth | None:
    """The first epoch of the example animal against its synapses; None where nobody knows them."""
    experiment = material.experiment
    if experiment is None or not experiment.analysis.network or not networks:
        return None
    first = networks[0]
    synapses = true_synapses(experiment, first.arm, first.recording)
    pairs = directed_pairs(first.network, synapses, first.recording.units)
    return GroundTruth(
        arm=first.arm,
        epoch=first.epoch,
        pairs=pairs,
        found={sign: recovery(pairs, sign) for sign in SIGNS},
    )


def truth_sentences(truth: GroundTruth) -> list[str]:
    """How many connections are seen, how many links are none, and what those have in common."""
    found, pairs = truth.found, truth.pairs
    sentences = []
    for sign, of_sign in found.items():
        possible = pairs[pairs[f"is_{sign}"]]
        if not of_sign.n_true:
            sentences.append(f"There are no {sign} connections between the units.")
            continue
        sentences.append(
            f"Of {of_sign.n_true} true {sign} connections {_percent(of_sign.recall)} are seen as "
            f"delayed {sign} links; {_precision(of_sign)}, where {_percent(possible[sign].mean())} "
            f"of all possible pairs are connected (area under the curve {number(of_sign.roc_area)}"
            ", 0.5 by chance)."
        )
    return [*sentences, *_without_synapse(pairs)]


def _precision(found: Recovery) -> str:
    if not found.n_found:
        return "there are no such links"
    return f"{_percent(found.precision)} of the {found.n_found} links of that kind are connections"


def _without_synapse(pairs: pd.DataFrame) -> list[str]:
    """Links between cells that no synapse joins, and how much input those cells share."""
    once = pairs[pairs["pre"] < pairs["post"]]
    linked = once[once["is_linked"]]
    if not len(linked):
        return ["No pair of units is linked."]
    apart = once[~once["is_joined"] & once["is_asked"]]
    shared, not_shared = (
        apart.loc[apart["is_linked"] == is_linked, "shared_input"].mean()
        for is_linked in (True, False)
    )
    bins = recovery_in_bins(pairs, "shared_input", bin_edges(pairs, "shared_input"))
    by_input = bins["false_link_share"].dropna().to_list()
    rise = (
        f" Of pairs without a synapse {_percent(by_input[0])} are linked where least input is "
        f"shared and {_percent(by_input[-1])} where most is."
        if len(by_input) > 1
        else ""
    )
    return [
        f"{_percent((~linked['is_joined']).mean())} of the {len(linked)} links of any kind join "
        f"cells without a synapse, as do {_percent((~once['is_joined']).mean())} of all pairs. "
        f"Cells that are linked without a synapse share {_percent(shared)} of their inputs, those "
        f"neither linked nor joined {_percent(not_shared)}.{rise} A link is a correlation in time "
        "and by itself no evidence that one cell drives the other."
    ]


def draw_ground_truth(material: Material, truth: GroundTruth) -> ReportFigure | str:
    """ROC curves, and hits and false links by rate, distance and shared input, or why not."""
    if not any(found.n_true for found in truth.found.values()):
        return "Not computed: no synapse joins two units of the first animal."
    bins = {
        column: recovery_in_bins(truth.pairs, column, edges)
        for column in ABOUT
        if len(edges := bin_edges(truth.pairs, column)) > 1
    }
    with in_style():
        figure = new_figure(4.6)
        axes = figure.subplots(2, 1 + len(bins), squeeze=False, sharey="row")
        _draw_curves(axes[0, 0], truth)
        _draw_shares(axes[1, 0], truth)
        for (upper, lower), (column, table) in zip(axes.T[1:], bins.items(), strict=True):
            middle = table["middle"].to_numpy(float)
            for sign, colour in SIGN_COLOURS.items():
                recall = table[f"{sign}_recall"].to_numpy(float)
                upper.plot(middle, recall, "o-", ms=3.0, lw=1.2, color=colour, label=sign)
            false_links = table["false_link_share"].to_numpy(float)
            lower.plot(middle, false_links, "o-", ms=3.0, lw=1.2, color=FALSE_COLOUR)
            lower.set_xlabel(ABOUT[column])
            upper.set_title("connections seen", loc="left")
            lower.set_title("linked without a synapse", loc="left")
        return finish(
            figure,
            name="ground-truth",
            title="Inferred links against true synapses",
            caption=_caption(material, truth),
            numbers=pd.concat([_summary(truth), *bins.values()], ignore_index=True),
        )


def bin_edges(pairs: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Edges of bins with as many pairs each, as far as values differ."""
    values = pairs[column].to_numpy(float)
    values = values[np.isfinite(values)]
    if not len(values):
        return np.zeros(0)
    edges = np.unique(np.quantile(values, np.linspace(0.0, 1.0, N_BINS + 1)))
    edges[-1] = np.nextafter(edges[-1], np.inf)
    return edges


def _draw_curves(axes: Axes, truth: GroundTruth) -> None:
    axes.plot([0, 1], [0, 1], color=INK, lw=0.6, ls=":")
    for sign, found in truth.found.items():
        kept = np.unique(np.linspace(0, len(found.hits) - 1, MOST_CURVE_POINTS).astype(int))
        area = number(found.roc_area, 2)
        axes.plot(
            found.false_alarms[kept], found.hits[kept], color=SIGN_COLOURS[sign], lw=1.4,
            label=f"{sign}, area {area}",
        )  # fmt: skip
    axes.set_title("all thresholds", loc="left")
    axes.set_xlabel("false alarms")
    axes.set_ylabel("share of connections")
    axes.set_ylim(0.0, 1.02)
    axes.legend(loc="lower right", fontsize=7.5)


def _draw_shares(axes: Axes, truth: GroundTruth) -> None:
    """Precision and recall of both signs as bars."""
    for k, (sign, found) in enumerate(truth.found.items()):
        x = np.array([0.0, 1.0]) + 0.36 * (k - 0.5)
        axes.bar(x, [found.recall, found.precision], 0.34, color=SIGN_COLOURS[sign], alpha=0.7)
        base = truth.pairs.loc[truth.pairs[f"is_{sign}"], sign].mean()
        axes.plot([x[1] - 0.17, x[1] + 0.17], [base, base], color=INK, lw=1.2)
    axes.set_xticks([0, 1], ["recall", "precision"])
    axes.set_title("links at q = 0.05", loc="left")
    axes.set_ylabel("share")
    axes.set_ylim(0.0, 1.0)


def _caption(material: Material, truth: GroundTruth) -> str:
    arm = material.arm_in_words(truth.arm)
    where = f"{arm}, epoch {truth.epoch}" if arm else f"epoch {truth.epoch}"
    return (
        f"First animal, {where}. Above left: connections found against false alarms as the "
        "threshold on the excess (of inhibition, the lack) of coincidences 1 to 5 ms after the "
        "source falls, pairs that could be asked. Below left: delayed links of the right sign; "
        "black: precision of a guess. Right: by properties of the pair, bins of equally many "
        "pairs, of the connections those seen as delayed links of the right sign, and of pairs "
        "that no synapse joins those that are linked in any way. Shared input: cells and "
        "afferent fibres that contact both, over those that contact either. Properties "
        "go together, so no panel shows the effect of one alone."
    )


def _summary(truth: GroundTruth) -> pd.DataFrame:
    table = pd.DataFrame(
        [
            {
                "column": f"all, {sign}",
                "n_connections": found.n_true,
                "n_links": found.n_found,
                "n_right": found.n_right,
                "roc_area": found.roc_area,
                "recall": found.recall,
                "precision": found.precision,
            }
            for sign, found in truth.found.items()
        ]
    )
    # Whole numbers beside empty fields, which floats would write in digits of their own.
    return table.astype(dict.fromkeys(("n_connections", "n_links", "n_right"), "Int64"))


def _percent(share: float) -> str:
    return f"{number(100.0 * share, 2)} %"
