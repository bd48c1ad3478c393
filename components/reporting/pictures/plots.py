"""Plots of the cells: distances over guidance, over cost, and side by side."""

from collections.abc import Callable, Mapping, Sequence
from textwrap import fill
from types import MappingProxyType
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from components.figures.figure import Figure, direction, readable
from components.figures.interval import Interval
from components.figures.standing import BEST, NOISE, standings
from components.figures.winner import called, winner
from components.reporting.cells import Cell
from components.reporting.pictures.canvas import (
    GREY,
    Plot,
    grow,
    legend,
    line_style,
    log_scale,
    wide_scale,
)
from components.reporting.pictures.floor import draw_floor
from components.reporting.pictures.sheet import by_value
from components.spec.catalogue import GUIDANCE

ROW, LINE = 0.27, 0.16
"""The height of a row where cells are listed, and of each further line of its name, inches."""
OF_LINES = {"markersize": 5, "linewidth": 1.6, "elinewidth": 1.0, "capsize": 2.5}
LABEL = 34
"""Letters of such a name on one line."""


def trade_off(cells: Sequence[Cell], floor: Figure | None, distance: str, score: str) -> Plot:
    """Distance against CLIP score, a line a network and sampler, its points marked by guidance."""

    def plot(axes: Axes) -> None:
        for index, (name, line) in enumerate(_by_guidance(cells, distance, score).items()):
            x, y = [c.figures[score] for c in line], [c.figures[distance] for c in line]
            errorbar(axes, index, name, x, y)
            for cell, px, py in zip(line, x, y, strict=True):
                axes.annotate(
                    f"{cell.guidance:g}", (px.value, py.value), (7, 6), textcoords="offset points"
                )
        _distance_axis(axes, cells, floor, distance)
        axes.set_xlabel(f"{readable(score)}, higher is better")

    return plot


def over_guidance(cells: Sequence[Cell], floor: Figure | None, metric: str) -> Plot:
    """A metric against the guidance scale, a line a network and sampler."""

    def plot(axes: Axes) -> None:
        lines = _by_guidance(cells, metric)
        for index, (name, line) in enumerate(lines.items()):
            apart = _apart(index, len(lines))
            x = [cell.guidance * apart for cell in line]
            errorbar(axes, index, name, x, [cell.figures[metric] for cell in line])
        values = sorted({cell.guidance for cell in cells})
        if values[0] > 0 and values[-1] / values[0] > 3:
            axes.set_xscale("log")
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.minorticks_off()
        _distance_axis(axes, cells, floor, metric)
        kinds = {cell.sampling["guidance_kind"] for cell in cells}
        off = all(1 in GUIDANCE[kind].alone({}) for kind in kinds)
        axes.set_xlabel("guidance scale (1 is off)" if off else "guidance scale")

    return plot


def over_evaluations(cells: Sequence[Cell], floor: Figure | None, metric: str) -> Plot:
    """A metric against network evaluations an image (log), a line a network and sampler."""

    def plot(axes: Axes) -> None:
        lines = _lines(cells, lambda cell: cell.curve, lambda cell: cell.evaluations, metric)
        for index, (name, line) in enumerate(lines.items()):
            apart = _apart(index, len(lines))
            x = [cell.evaluations * apart for cell in line]
            errorbar(axes, index, name, x, [cell.figures[metric] for cell in line])
        log_scale(axes, "x")
        axes.set_xlabel("network evaluations an image")
        _distance_axis(axes, cells, floor, metric)

    return plot


def side_by_side(cells: Sequence[Cell], floor: Figure | None, metric: str) -> Plot:
    """A metric of every cell with its interval, a row a cell, the best value on top.

    The winner's interval is shaded over all rows; what differs from it is grey. A cell that may
    not win is called what it is.
    """

    def plot(axes: Axes) -> None:
        ranked = by_value([c for c in cells if metric in c.figures], metric)
        figures = [cell.figures[metric] for cell in ranked]
        rows, top = [{metric: figure} for figure in figures], winner(ranked, metric)
        standing = [s.kind for s in standings(rows, metric, top)]
        for row, (figure, kind) in enumerate(zip(figures, standing, strict=True)):
            style = line_style(0) if kind in (BEST, NOISE) else {"color": GREY, "marker": "o"}
            inside = None if kind == BEST else "none"
            axes.errorbar(
                [figure.value], [row], xerr=_reach([figure]), fillstyle=inside, capsize=2.5, **style
            )
        best = figures[standing.index(BEST)]
        axes.axvspan(best.low, best.high, color=line_style(0)["color"], alpha=0.12, linewidth=0)
        if floor is not None:
            draw_floor(axes.axvline, axes.axvspan, floor)
        names = [
            fill(called(cell).replace(",", ", "), LABEL, break_long_words=False) for cell in ranked
        ]
        axes.set_yticks(range(len(ranked)), names, fontsize="small")
        axes.set_ylim(len(ranked) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(f"{readable(metric)}\n{direction(metric)} is better")
        grow(axes, sum(ROW + LINE * name.count("\n") for name in names) - 4.0)
        legend(axes)

    return plot


def _by_guidance(cells: Sequence[Cell], *metrics: str) -> Mapping[str, list[Cell]]:
    return _lines(cells, lambda cell: cell.line, lambda cell: cell.guidance, *metrics)


def _lines(
    cells: Sequence[Cell],
    name: Callable[[Cell], str],
    position: Callable[[Cell], float],
    *metrics: str,
) -> Mapping[str, list[Cell]]:
    """The cells that have the metrics by the name of their line, in order of position."""
    lines: dict[str, list[Cell]] = {}
    for cell in cells:
        if all(metric in cell.figures for metric in metrics):
            lines.setdefault(name(cell), []).append(cell)
    return {line: sorted(on_line, key=position) for line, on_line in lines.items()}


def _apart(index: int, count: int) -> float:
    """A factor near 1, so that error bars at one position do not hide each other."""
    return float(1 + 0.012 * (index - (count - 1) / 2))


def _value(cell: Cell, metric: str) -> float:
    return cell.figures[metric].value


def errorbar(
    axes: Axes,
    index: int,
    name: str,
    x: Sequence[Interval | float],
    y: Sequence[Interval],
    style: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """The index-th line through points with their intervals, as far as they have such; points
    alone where they are too few to say how it goes between them.

    Args:
        style: what is not as other lines have it.
    """
    figures = [p for p in x if not isinstance(p, float | int)]
    axes.errorbar(
        [p if isinstance(p, float | int) else p.value for p in x],
        [p.value for p in y],
        xerr=_reach(figures) if figures else None,
        yerr=_reach(y),
        label=name,
        **({**OF_LINES, **line_style(index, len(y)), **style}),
    )


def _reach(figures: Sequence[Interval]) -> np.ndarray:
    """Error bars, (2, n): how far the interval reaches below and above the value."""
    reach = [(max(0.0, f.value - f.low), max(0.0, f.high - f.value)) for f in figures]
    return np.array(reach).T


def _distance_axis(axes: Axes, cells: Sequence[Cell], floor: Figure | None, metric: str) -> None:
    values = [_value(cell, metric) for cell in cells if metric in cell.figures]
    if floor is not None:
        values.append(floor.value)
        draw_floor(axes.axhline, axes.axhspan, floor)
    wide_scale(axes, values)
    axes.set_ylabel(f"{readable(metric)}\n{direction(metric)} is better")
    legend(axes)
