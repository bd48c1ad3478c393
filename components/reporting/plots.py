"""What the report draws: the trade-off over guidance, losses, and the metrics met in training."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from components.reporting.cells import Cell, History
from components.reporting.drawing import INK, Draw, colour, marker
from components.reporting.figures import Figure, readable

POINTS = 250
"""A loss curve is averaged to at most this many points."""
SHORT = 20
"""Names of at most this many letters fit two a line in a legend."""
LOG_FROM = 8.0
"""A distance axis is logarithmic when its values span more than this factor."""


def trade_off(cells: Sequence[Cell], floor: Figure | None, distance: str, score: str) -> Draw:
    """Distance against CLIP score, a line a network and sampler, its points marked by guidance."""

    def draw(axes: Axes) -> None:
        for index, (name, line) in enumerate(_lines(cells, distance, score).items()):
            x, y = [c.figures[score] for c in line], [c.figures[distance] for c in line]
            _errorbar(axes, index, name, x, y)
            for cell, px, py in zip(line, x, y, strict=True):
                axes.annotate(
                    f"{cell.guidance:g}", (px.value, py.value), (7, 6), textcoords="offset points"
                )
        _distance_axis(axes, cells, floor, distance)
        axes.set_xlabel(f"{readable(score)}, higher is better")

    return draw


def over_guidance(cells: Sequence[Cell], floor: Figure | None, metric: str) -> Draw:
    """A metric against the guidance scale, a line a network and sampler."""

    def draw(axes: Axes) -> None:
        lines = _lines(cells, metric)
        for index, (name, line) in enumerate(lines.items()):
            # a little apart, so that error bars at one guidance do not hide each other
            shift = 1 + 0.012 * (index - (len(lines) - 1) / 2)
            _errorbar(
                axes,
                index,
                name,
                [c.guidance * shift for c in line],
                [c.figures[metric] for c in line],
            )
        values = sorted({cell.guidance for cell in cells})
        if values[0] > 0 and values[-1] / values[0] > 3:
            axes.set_xscale("log")
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.minorticks_off()
        _distance_axis(axes, cells, floor, metric)
        axes.set_xlabel("guidance scale (1 is off)")

    return draw


def losses(histories: Sequence[History]) -> Draw:
    """Training loss against the step, averaged over neighbouring steps."""

    def draw(axes: Axes) -> None:
        for index, history in enumerate(histories):
            if history.steps:
                steps, loss = averaged(history.steps, history.loss)
                axes.plot(steps, loss, color=colour(index), label=history.name, linewidth=1.6)
        _log_scale(axes)
        axes.set_xlabel("training step")
        axes.set_ylabel("loss (running mean)")
        _legend(axes)

    return draw


def watched(histories: Sequence[History], metric: str) -> Draw:
    """A metric of the EMA weights' samples during training, with its interval."""

    def draw(axes: Axes) -> None:
        for index, history in enumerate(histories):
            rows = np.array(history.watched.get(metric, ()), dtype=float).reshape(-1, 4)
            step, value, low, high = rows.T
            axes.fill_between(step, low, high, color=colour(index), alpha=0.18, linewidth=0)
            axes.plot(step, value, color=colour(index), marker=marker(index), label=history.name)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel("training step")
        axes.set_ylabel(readable(metric))
        _legend(axes)

    return draw


def averaged(steps: Sequence[int], values: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Means of up to `POINTS` equal runs of neighbouring steps: (step, value), both 1-d."""
    parts = min(POINTS, max(1, len(steps) // 10)) if len(steps) > 20 else len(steps)
    x, y = (np.array_split(np.asarray(v, dtype=float), parts) for v in (steps, values))
    return np.array([p.mean() for p in x]), np.array([p.mean() for p in y])


def _lines(cells: Sequence[Cell], *metrics: str) -> Mapping[str, list[Cell]]:
    lines: dict[str, list[Cell]] = {}
    for cell in sorted(cells, key=lambda cell: cell.guidance):
        if all(metric in cell.figures for metric in metrics):
            lines.setdefault(cell.line, []).append(cell)
    first = {cell.line: index for index, cell in reversed(list(enumerate(cells)))}
    return {name: lines[name] for name in sorted(lines, key=lambda name: first[name])}


def _errorbar(
    axes: Axes, index: int, name: str, x: Sequence[Figure | float], y: Sequence[Figure]
) -> None:
    figures = [p for p in x if isinstance(p, Figure)]
    axes.errorbar(
        [p.value if isinstance(p, Figure) else p for p in x],
        [p.value for p in y],
        xerr=_reach(figures) if figures else None,
        yerr=_reach(y),
        color=colour(index),
        marker=marker(index),
        markersize=5,
        linewidth=1.6,
        elinewidth=1.0,
        capsize=2.5,
        label=name,
    )


def _reach(figures: Sequence[Figure]) -> np.ndarray:
    """Error bars, (2, n): how far the interval reaches below and above the value."""
    reach = [(max(0.0, f.value - f.low), max(0.0, f.high - f.value)) for f in figures]
    return np.array(reach).T


def _distance_axis(axes: Axes, cells: Sequence[Cell], floor: Figure | None, metric: str) -> None:
    values = [c.figures[metric].value for c in cells if metric in c.figures]
    if floor is not None:
        values.append(floor.value)
        axes.axhline(
            floor.value, color=INK, linestyle="--", linewidth=1.2, label="floor (real images)"
        )
        axes.axhspan(floor.low, floor.high, color="#8a93a0", alpha=0.18, linewidth=0)
    if values and min(values) > 0 and max(values) / min(values) > LOG_FROM:
        _log_scale(axes)
    axes.set_ylabel(f"{readable(metric)}\nlower is better")
    _legend(axes)


def _log_scale(axes: Axes) -> None:
    """Logarithmic, its ticks written as plain numbers."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _legend(axes: Axes) -> None:
    """Above the axes, where it hides no point; one column when names are long."""
    names = axes.get_legend_handles_labels()[1]
    if names:
        columns = 2 if max(len(name) for name in names) <= SHORT else 1
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.2)
