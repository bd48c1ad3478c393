"""Matplotlib figures as bytes that depend on nothing but the figure: SVG for the page, PNG."""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

Plot = Callable[[Axes], None]
"""Puts one plot on the axes that it is given."""

INK = "#2b313a"
"""Text and axes; in the SVG it becomes the page's text colour, dark or light."""
GREY = "#8a93a0"
"""What stands back: the grid, intervals of what is compared with."""
SERIES = ("#3f7fd9", "#d4690a", "#1fa867", "#8c46ae", "#c42e5d", "#087577", "#815f0a", "#c17cb5")
"""Line colours with a contrast of at least 3 to 1 against white and against the dark page, and
apart from each other for those who see no red or no green."""
MARKERS = "osD^vPX*<>h"
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)))
FEWEST = 3
"""Points that make a curve: a line between two would say more than is known."""
LOG_FROM = 4.0
"""An axis is logarithmic when its values span more than this factor: the small values, which
matter most, would lie on one another."""
CLOSE = 20.0
"""Within this factor such an axis has more ticks."""
SHORT = 24
"""Names of at most this many letters fit two a line in a legend."""
LONG = 52
"""Letters of a name in a legend on one line."""
LEGEND_ROW, FREE_ROWS = 0.235, 3
"""The height of a legend's line in inches; how many lines a plot has room for as it is."""
SIZE = (6.4, 4.8)
"""Width and height of a plot, inches, without what `grow` adds."""
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # which Matplotlib carries
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GREY,
    "grid.alpha": 0.25,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.fonttype": "path",
}


def svg(plot: Plot, name: str, label: str) -> str:
    """One plot as an ``<svg>`` element to put into a page.

    Args:
        plot: puts it on its axes.
        name: makes its ids unlike those of the page's other plots; letters only.
        label: what it shows, for those who cannot see it; plain text.
    """
    buffer = io.StringIO()
    with mpl.rc_context({**STYLE, "svg.hashsalt": name}):
        figure = _figure([plot])
        empty = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=empty)
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return _embeddable(text, name, label)


@dataclass(frozen=True, eq=False)
class Drawing:
    """Plots side by side; a notebook shows them.

    Attributes:
        figure: of Matplotlib, to be changed or saved.
        label: what it shows, in words.
    """

    figure: Figure
    label: str

    def __repr__(self) -> str:
        return f"<Drawing: {self.label}>"

    def save(self, file: str | Path) -> Path:
        """Write it, as its ending says: .png, .svg, .pdf; returns the path."""
        self.figure.savefig(file)
        return Path(file)

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        self.figure.savefig(picture, format="png")
        return picture.getvalue()


def drawing(plots: Sequence[Plot], label: str) -> Drawing:
    """Plots side by side, with what they show in words."""
    with mpl.rc_context(STYLE):
        return Drawing(_figure(plots), label)


def save_png(path: Path, plots: Sequence[Plot]) -> None:
    """Plots side by side on white, as PNG without metadata."""
    with mpl.rc_context(STYLE):
        figure = _figure(plots)
        figure.savefig(path, format="png", dpi=110, facecolor="white", metadata={"Software": None})


def line_style(index: int, points: int = FEWEST) -> dict[str, Any]:
    """The index-th line's colour, marker and dashes: 88 pairs of colour and marker.

    Args:
        points: that it goes through; below `FEWEST` there is no line, only they.
    """
    return {
        "color": colour(index),
        "marker": MARKERS[index % len(MARKERS)],
        "linestyle": DASHES[index // len(SERIES) % len(DASHES)] if points >= FEWEST else "none",
    }


def colour(index: int) -> str:
    """The index-th line's colour."""
    return SERIES[index % len(SERIES)]


def grow(axes: Axes, inches: float) -> None:
    """Make the plot's figure taller than `SIZE` by at least this much."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.set_figheight(max(figure.get_figheight(), SIZE[1] + inches))


def wide_scale(axes: Axes, values: Sequence[float]) -> None:
    """Make the axis y logarithmic where ``values`` span more than `LOG_FROM`."""
    if values and min(values) > 0 and max(values) / min(values) > LOG_FROM:
        close = max(values) / min(values) < CLOSE
        log_scale(axes, "y", (1, 1.5, 2, 3, 4, 5, 7) if close else (1, 2, 5))


def log_scale(axes: Axes, which: Literal["x", "y"], ticks: Sequence[float] = (1, 2, 5)) -> None:
    """Make the axis x or y logarithmic; each decade's ``ticks`` are written as plain numbers."""
    if which == "x":
        axes.set_xscale("log")
    else:
        axes.set_yscale("log")
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def legend(axes: Axes) -> None:
    """Above the axes, where it hides no point; one column when names are long, which are then
    written on several lines rather than cut off."""
    handles, names = axes.get_legend_handles_labels()
    if names:
        columns = 2 if max(len(name) for name in names) <= SHORT else 1
        folded = [
            name if len(name) <= LONG else fill(name.replace(",", ", "), LONG) for name in names
        ]
        place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0)}
        axes.legend(handles, folded, ncols=columns, borderaxespad=0.2, **place)
        rows = -(-len(names) // columns) + sum(name.count("\n") for name in folded)
        grow(axes, LEGEND_ROW * max(0, rows - FREE_ROWS))


def _folded(name: str) -> str:
    """A long name on several lines."""
    return name if len(name) <= LONG else fill(name.replace(",", ", "), LONG)


def _figure(plots: Sequence[Plot]) -> Figure:
    width, height = SIZE
    figure = Figure(figsize=(width * len(plots), height), layout="constrained")
    for axes, plot in zip(figure.subplots(1, len(plots), squeeze=False)[0], plots, strict=True):
        plot(axes)
    return figure


def _embeddable(text: str, name: str, label: str) -> str:
    """Ids that are unique in a page, the page's own text colour, a width that follows the page."""
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', text))
    text = re.sub(r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", text)
    text = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", text)
    text = text.replace(INK, "currentColor")
    escaped = label.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    view = re.search(r'viewBox="[^"]+"', text)
    opening = f'<svg {view[0] if view else ""} role="img" aria-label="{escaped}" '
    opening += 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    return opening + text[text.index(">") + 1 :].strip()
