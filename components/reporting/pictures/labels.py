"""Labels beside points, so that none lies on another one or on a point."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes

AREA = (385.0, 250.0)
"""About the width and height of a plot's axes, in points of 1/72 inch."""
LETTER, HEIGHT = 5.9, 9.0
"""About the width of a digit and the height of a line, in points, of a small label."""
MARKER = 3.5
"""Half the width of a marker, in points."""
GAPS = (4.0, 7.0, 11.0, 16.0, 22.0, 29.0, 37.0, 46.0, 56.0, 67.0, 79.0)
"""How far a label may be from its point, in points."""
LED = 7.0
"""From this far on a line leads from the label to its point."""
DIRECTIONS = 16


@dataclass(frozen=True)
class Label:
    """What stands beside a point.

    Attributes:
        text: of one line.
        x, y: the point, as the axes have it.
        colour: of the text, and of the line that leads to it.
    """

    text: str
    x: float
    y: float
    colour: str


@dataclass(frozen=True)
class Box:
    """A rectangle, by its middle and half its size."""

    x: float
    y: float
    width: float = 0.0
    height: float = 0.0

    def meets(self, other: "Box") -> bool:
        """Whether both have a place in common."""
        across, up = abs(self.x - other.x), abs(self.y - other.y)
        return across < self.width + other.width and up < self.height + other.height


@dataclass(frozen=True)
class _Way:
    """From a point to the middle of its label, in points."""

    across: float
    up: float
    led: bool


def put_labels(
    axes: Axes, labels: Sequence[Label], points: Sequence[Box], lines: Sequence[Box] = ()
) -> None:
    """Put each label where it is nearest to its point and free, with a line to it where it is far.

    The axes must have everything else on them already, since their limits say what lies near.

    Args:
        points: all of the plot's, as the axes have them; no label lies on one as long as there is
            room.
        lines: what a label need not lie on, such as intervals, as rectangles.
    """
    spots = [_on_paper(axes, Box(label.x, label.y)) for label in labels]
    hard = [replace(_on_paper(axes, each), width=MARKER, height=MARKER) for each in points]
    soft = [_on_paper(axes, each) for each in lines]
    for label, spot in zip(labels, spots, strict=True):
        way = _nearest(
            replace(spot, width=LETTER * len(label.text) / 2, height=HEIGHT / 2), hard, soft
        )
        line = {"arrowstyle": "-", "color": label.colour, "linewidth": 0.6, "shrinkA": 0.0}
        axes.annotate(
            label.text,
            (label.x, label.y),
            (way.across, way.up),
            textcoords="offset points",
            ha="center",
            va="center",
            color=label.colour,
            fontsize="small",
            arrowprops={**line, "shrinkB": MARKER} if way.led else None,
        )


def _nearest(label: Box, hard: list[Box], soft: Sequence[Box]) -> _Way:
    """Where a label has room that would lie on its point; it then is among what is ``hard``. The
    farthest where there is none."""
    ways = list(_ways(label))
    boxes = [replace(label, x=label.x + way.across, y=label.y + way.up) for way in ways]
    able = [i for i, box in enumerate(boxes) if _inside(box) and not _any(box, hard)]
    free = [i for i in able if not _any(boxes[i], soft)]
    chosen = next(iter([*free, *able, len(ways) - 1]))
    hard.append(boxes[chosen])
    return ways[chosen]


def _any(box: Box, others: Sequence[Box]) -> bool:
    return any(box.meets(other) for other in others)


def _inside(box: Box) -> bool:
    """Whether it lies in the axes."""
    across = box.width <= box.x <= AREA[0] - box.width
    return across and box.height <= box.y <= AREA[1] - box.height


def _ways(label: Box) -> Iterator[_Way]:
    """Ways to where a label of that size may be, the nearest first, up to the right before
    others."""
    for gap in GAPS:
        for k in range(DIRECTIONS):
            turn = math.pi / 4 + 2 * math.pi * ((k + 1) // 2) * (-1) ** k / DIRECTIONS
            across, up = math.cos(turn), math.sin(turn)
            longest = max(abs(across), abs(up))
            yield _Way(
                across / longest * (gap + label.width),
                up / longest * (gap + label.height),
                gap > LED,
            )


def _on_paper(axes: Axes, box: Box) -> Box:
    """About where it lies, in points from the lower left corner of the axes."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    wide, tall = AREA[0] / (right - left), AREA[1] / (high - low)
    return Box(wide * (box.x - left), tall * (box.y - low), wide * box.width, tall * box.height)
