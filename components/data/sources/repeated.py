"""Rows that name one image: its several captions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from components.data.metadata import Row
from components.data.sources.rows import composed

_ALIKE = ("label", "style", "drawing", "split")
"""What rows of one image must agree in."""


@dataclass(frozen=True)
class Merged:
    """One row an image.

    Attributes:
        rows: in the order in which images are first named.
        faults: of images whose rows contradict each other, in words.
        repeated: captions that an image has more than once, and that are taken once.
    """

    rows: tuple[Row, ...]
    faults: tuple[str, ...]
    repeated: int


def merged(rows: Sequence[Row]) -> Merged:
    """The rows of each image as one, its captions in their order."""
    of: dict[str, list[Row]] = {}
    for row in rows:
        of.setdefault(composed(row.file_name), []).append(row)
    found, faults, repeated = [], [], 0
    for name, same in of.items():
        captions = [caption for row in same for caption in row.captions]
        distinct = tuple(dict.fromkeys(captions))
        repeated += len(captions) - len(distinct)
        found.append(replace(same[0], caption=distinct[0], more=distinct[1:]))
        faults += [
            f"{name} is listed {len(same)} times, with different words in `{column}`"
            for column in _ALIKE
            if len({getattr(row, column) for row in same}) > 1
        ]
    return Merged(tuple(found), tuple(faults), repeated)
