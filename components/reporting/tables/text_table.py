"""Tables of text, and the rows that they are made from."""

from dataclasses import dataclass

from components.figures.figure import sampled
from components.figures.judgement import Figures, Judgement

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
        judgement: its figures, and what else its evaluation says.
        evaluations: network evaluations an image; None when not recorded.
        beside: what it is, such as ``reference``, where it may not win; empty where it may.
    """

    name: str
    judgement: Judgement
    evaluations: float | None = None
    beside: str = ""

    @property
    def figures(self) -> Figures:
        """Metric → figure."""
        return self.judgement.figures


def n_samples(figures: Figures) -> str:
    """How many images were judged: one number, or several where figures differ in it."""
    counts = {str(figure.protocol.n_generated) for figure in sampled(figures).values()}
    return ", ".join(sorted(counts))
