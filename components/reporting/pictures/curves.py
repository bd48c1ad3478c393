"""What the report plots of training: losses, and the metrics met on the way."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from components.figures.figure import Figure, readable
from components.reporting.cells import History
from components.reporting.pictures.canvas import FEWEST, Plot, legend, line_style, wide_scale
from components.reporting.pictures.floor import draw_floor

POINTS = 250
"""A loss curve is averaged to at most this many points."""


def losses(histories: Sequence[History]) -> Plot:
    """Training loss against the step, averaged over neighbouring steps; a few points are points."""

    def plot(axes: Axes) -> None:
        shown: list[float] = []
        for index, history in enumerate(histories):
            if history.steps:
                steps, loss = averaged(history.steps, history.loss)
                shown += loss.tolist()
                style = line_style(index, len(steps))
                if len(steps) >= FEWEST:
                    style |= {"marker": None}
                axes.plot(steps, loss, label=history.name, linewidth=1.6, **style)
        wide_scale(axes, shown)
        axes.set_xlabel("training step")
        axes.set_ylabel("loss (running mean)")
        legend(axes)

    return plot


def watched(
    histories: Sequence[History], metric: str, floor: Figure | None = None, otherwise: str = ""
) -> Plot:
    """A metric of the EMA weights' samples during training, with its interval.

    Args:
        floor: what real images reach, judged alike.
        otherwise: how these are measured where that is not as the results are.
    """

    def plot(axes: Axes) -> None:
        for index, history in enumerate(histories):
            rows = np.array(history.watched.get(metric, ()), dtype=float).reshape(-1, 4)
            step, value, low, high = rows.T
            style = line_style(index, len(rows))
            if len(rows) < FEWEST:
                axes.vlines(step, low, high, color=style["color"], alpha=0.5)
            else:
                axes.fill_between(step, low, high, color=style["color"], alpha=0.18, linewidth=0)
            axes.plot(step, value, label=history.name, **style)
        if floor is not None:
            draw_floor(axes.axhline, axes.axhspan, floor)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel("\n".join(filter(None, ("training step", otherwise))))
        axes.set_ylabel(readable(metric))
        legend(axes)

    return plot


def averaged(steps: Sequence[int], values: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Means of up to `POINTS` equal runs of neighbouring steps: (step, value), both 1-d."""
    parts = min(POINTS, max(1, len(steps) // 10)) if len(steps) > 20 else len(steps)
    x, y = (np.array_split(np.asarray(v, dtype=float), parts) for v in (steps, values))
    return np.array([p.mean() for p in x]), np.array([p.mean() for p in y])
