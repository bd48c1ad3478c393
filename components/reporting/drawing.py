"""Matplotlib figures as bytes that depend on nothing but the figure: SVG for the page, PNG."""

import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Draw = Callable[[Axes], None]
"""Draws one plot on the axes that it is given."""

INK = "#2b313a"
"""Text and axes; in the SVG it becomes the page's text colour, dark or light."""
SERIES = ("#3f7fd9", "#d4690a", "#2c9a62", "#9a62d6", "#cf3f6d", "#0d95a6", "#97801f", "#7c7c86")
"""Line colours with a contrast of at least 3 to 1 against white and against the dark page."""
MARKERS = "osD^vPX*"
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
    "grid.color": "#8a93a0",
    "grid.alpha": 0.25,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.fonttype": "path",
}


def svg(draw: Draw, name: str, label: str) -> str:
    """One plot as an ``<svg>`` element to put into a page.

    Args:
        draw: draws it.
        name: makes its ids unlike those of the page's other plots; letters only.
        label: what it shows, for those who cannot see it; plain text.
    """
    buffer = io.StringIO()
    with mpl.rc_context({**STYLE, "svg.hashsalt": name}):
        figure = _figure([draw], (6.4, 4.8))
        empty = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=empty)
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return _embeddable(text, name, label)


def save_png(path: Path, draws: Sequence[Draw]) -> None:
    """Plots side by side on white, as PNG without metadata."""
    with mpl.rc_context(STYLE):
        figure = _figure(draws, (6.4 * len(draws), 4.8))
        figure.savefig(path, format="png", dpi=110, facecolor="white", metadata={"Software": None})


def colour(index: int) -> str:
    """The index-th line's colour."""
    return SERIES[index % len(SERIES)]


def marker(index: int) -> str:
    """The index-th line's marker, so that colour is not all that tells lines apart."""
    return MARKERS[index % len(MARKERS)]


def _figure(draws: Sequence[Draw], size: tuple[float, float]) -> Figure:
    figure = Figure(figsize=size, layout="constrained")
    for axes, draw in zip(figure.subplots(1, len(draws), squeeze=False)[0], draws, strict=True):
        draw(axes)
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
