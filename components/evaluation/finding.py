"""What a family of figures gives back, and what it is given: one judge's view of the images."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

from components.figures.statistics.intervals import Rows
from components.figures.statistics.measured import Measured
from components.spec.metric_family import Judge


@dataclass(frozen=True)
class Finding:
    """A figure and the part of its protocol that is its own.

    Attributes:
        against: which set it was measured against; ``none`` for figures of one set.
        n_reference: images (or captions) in that set.
        settings: what else two figures must share.
        chance: what a guess would reach.
        accuracy: what the judge itself reaches on real held-out images, where it may err.
    """

    measured: Measured
    against: str
    n_reference: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    chance: float | None = None
    accuracy: float | None = None


class Sight(Protocol):
    """Images as one judge sees them; the families of its kind are functions of it.

    Attributes:
        kind: which families it is for.
        judge: what stands behind the family in a figure's name; empty for a whole name.
        extractor, resize: who judges, for the record.
        engine: what computes its features; None where no network of images does.
    """

    kind: ClassVar[Judge]

    @property
    def judge(self) -> str: ...

    @property
    def extractor(self) -> str: ...

    @property
    def resize(self) -> str: ...

    @property
    def engine(self) -> str | None: ...

    def rows(self, generated: Rows, reference: Rows) -> Self:
        """Some of the images, against some of the reference."""
