"""Figures as inline SVG that takes its ink from the page, with the numbers beside them as CSV."""

from __future__ import annotations

import base64
import io
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

INK = "#1b1f24"
FAINT = "#c9ced5"
BAND = "#cfe3d4"
INKS = {INK: "currentColor", FAINT: "var(--faint)", BAND: "var(--band)"}
"""Colours that follow the page, light or dark."""
EPOCH_COLOURS = ("#2f7ed8", "#e0701a", "#8a9a1b", "#9c5fb5", "#0d9488", "#b0803a")
CLASS_COLOURS = {"pyr": "#7b8794", "pv": "#d6408a", "sst": "#149a7b", "vip": "#8a63d2"}
OTHER_CLASS_COLOUR = "#7b8794"
MAX_VECTOR_MARKS = 600
"""Marks above which they are drawn as pixels."""
MAX_CSV_ROWS = 3000
"""Rows of numbers in the page; more are thinned evenly, and the caption says so."""
PAGE_WIDTH_IN = 9.6
PIXELS_PER_IN = 100
LEAST_WIDTH_PX = 560
"""A narrower screen scrolls the figure sideways."""
STYLE: dict[str, object] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "ketacortex",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.titlesize": 9.0,
    "axes.labelsize": 9.0,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.7,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "savefig.dpi": 120,
}


@dataclass(frozen=True, kw_only=True)
class ReportFigure:
    """One figure of the page.

    Parameters
    ----------
    name : file name of its numbers, without ending
    svg : the drawing
    caption : what is shown, of how many
    csv : its numbers
    """

    name: str
    svg: str
    caption: str
    csv: str

    @property
    def csv_link(self) -> str:
        """The numbers as an address that needs no network."""
        return "data:text/csv;base64," + base64.b64encode(self.csv.encode()).decode()


def epoch_colour(epochs: Sequence[str], epoch: str) -> str:
    """Colour of an epoch, the same throughout the page."""
    return EPOCH_COLOURS[list(epochs).index(epoch) % len(EPOCH_COLOURS)]


def class_colour(cell_class: str) -> str:
    """Colour of a cell class, the same throughout the page."""
    return CLASS_COLOURS.get(cell_class, OTHER_CLASS_COLOUR)


def new_figure(height_in: float, width_in: float = PAGE_WIDTH_IN) -> Figure:
    """An empty figure in the style of the page, to be drawn on inside `in_style`."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), layout="constrained")


def in_style() -> Any:
    """Context in which figures are made and finished."""
    from matplotlib import rc_context

    style: Any = STYLE
    return rc_context(style)


def finish(
    figure: Figure, *, name: str, title: str, caption: str, numbers: pd.DataFrame
) -> ReportFigure:
    """The figure for the page: `title` is what a screen reader says, after it the caption."""
    kept = thinned(numbers)
    if len(kept) < len(numbers):
        caption += (
            f" The numbers given here are {len(kept)} of {len(numbers)} rows, evenly chosen; all "
            "are in the tables of findings."
        )
    return ReportFigure(
        name=name,
        svg=_svg(figure, name, f"{title}. {caption}"),
        caption=caption,
        csv=kept.to_csv(index=False, float_format="%.4g", lineterminator="\n"),
    )


def thinned(table: pd.DataFrame, most: int = MAX_CSV_ROWS) -> pd.DataFrame:
    """Every k-th row, so that no more than `most` are left."""
    return table.iloc[:: -(-len(table) // most)] if len(table) > most else table


def plain_logarithmic(axis: Axis) -> None:
    """Decades written out, as the page's letters have no exponents."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(10.0, numticks=6))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def legend_of(axes: Axes, colours: Mapping[str, str], **where: Any) -> None:
    """A legend of coloured dots."""
    from matplotlib.lines import Line2D

    dots = [
        Line2D([], [], marker="o", linestyle="", markersize=5, color=colour, label=label)
        for label, colour in colours.items()
    ]
    axes.legend(handles=dots, handletextpad=0.1, borderaxespad=0.0, **where)


def _svg(figure: Figure, name: str, description: str) -> str:
    """SVG that can stand inside a page: no header, no date, identifiers of its own."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    FigureCanvasSVG(figure)
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with warnings.catch_warnings():
        # Names may hold characters that the measuring font lacks; the browser's font draws them.
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*|<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'(<g) id="[A-Za-z0-9_.]+"', r"\1", text)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r'(id="|href="#|url\(#)', rf"\1{name}-", text)
    for ink, variable in INKS.items():
        text = text.replace(ink, variable)
    view_box = re.search(r'viewBox="[^"]*"', text)
    opening = f'<svg role="img" aria-label={quoteattr(description)}'
    opening += f" {view_box.group()}" if view_box else ""
    # Letters have one size in all figures, and a narrow figure stays narrow.
    width_px = round(figure.get_figwidth() * PIXELS_PER_IN)
    opening += f' style="max-width:{width_px}px;min-width:{min(width_px, LEAST_WIDTH_PX)}px">'
    return re.sub(r"\n\s*", "\n", opening + text[text.index(">") + 1 :])
