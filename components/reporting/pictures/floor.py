"""What real images reach, as a plot shows it."""

from collections.abc import Callable

from components.figures.figure import Figure
from components.reporting.pictures.canvas import GREY, INK


def draw_floor(line: Callable[..., object], band: Callable[..., object], floor: Figure) -> None:
    """A dashed line with the interval around it.

    Args:
        line, band: of the axes: ``axhline`` and ``axhspan``, or ``axvline`` and ``axvspan``.
    """
    line(floor.value, color=INK, linestyle="--", linewidth=1.2, label="floor (real images)")
    band(floor.low, floor.high, color=GREY, alpha=0.18, linewidth=0)
