"""A figure that is to be taken, and those that were."""

from dataclasses import dataclass, field

from components.evaluation.finding import Sight
from components.figures.figure import Figure


@dataclass(frozen=True)
class Take:
    """One figure to be taken.

    Attributes:
        name: its full name.
        family: what it is an instance of.
        sight: what it is taken of.
    """

    name: str
    family: str
    sight: Sight


@dataclass(frozen=True)
class Found:
    """Figures by name, and why others could not be taken."""

    figures: dict[str, Figure] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
