"""What tables tell of: a set of images with its figures."""

from dataclasses import dataclass

from components.figures.figure import sampled
from components.figures.judgement import Figures, Judgement

FLOOR = "real images (floor)"


@dataclass(frozen=True)
class Subject:
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
