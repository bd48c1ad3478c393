"""Tables of text, and the rows that they are made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.figures.figure import Figure, sampled

FLOOR = "real images (floor)"


@dataclass(frozen=True)
class Table:
    """A table to print: every cell is text, maybe of several lines.

    Attributes:
        columns: the header.
        rows: each as long as ``columns``.
        notes: what a reader must know, such as figures that were measured differently.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One set of images.

    Attributes:
        name: what it is called.
        figures: metric → figure.
        evaluations: network evaluations an image; None when not recorded.
        groups: group of classes or captions → its figures.
        beside: what it is, such as ``reference``, where it may not win; empty where it may.
    """

    name: str
    figures: Mapping[str, Figure]
    evaluations: float | None = None
    groups: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    beside: str = ""


def n_samples(figures: Mapping[str, Figure]) -> str:
    """How many images were judged: one number, or several where figures differ in it."""
    counts = {str(f.record.get("n_generated", "")) for f in sampled(figures).values()}
    return ", ".join(sorted(counts - {""}))
