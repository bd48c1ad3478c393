"""What the catalogue says of the times that are walked, and of guidance on the way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class GridEntry:
    """Which times a solver walks.

    Attributes:
        exported: whether it is an exported model's; one grid is.
        ddim: whether diffusers' own DDIM steps along it to the next of its times.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()
    exported: bool = False
    ddim: bool = False


@dataclass(frozen=True)
class GuidanceEntry:
    """A way to put the strong and the weak prediction together.

    Attributes:
        alone: a sampling section → the scales at which one of the two is enough, as
            `components.sampling.guidance` does it.
        most: the largest scale; None where there is none.
        usual: a scale that suits it.
        to_level: whether it needs a solver whose steps end in α x0 + σ ε.
        exported: whether the pipeline of an exported model does it.
    """

    line: str
    source: str
    alone: Callable[[Mapping[str, Any]], set[float]]
    options: tuple[str, ...] = ()
    most: float | None = None
    usual: float = 2.0
    to_level: bool = False
    exported: bool = False


@dataclass(frozen=True)
class GuideEntry:
    """What gives the weak prediction.

    Attributes:
        another_model: whether another model does, that of the section `guide`: it also guides a
            model that is told nothing, and costs a second evaluation there, too.
        card: a model card's sentence on it; empty where it needs none.
        left_behind: what an exported model leaves behind of it; empty for nothing.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()
    another_model: bool = False
    card: str = ""
    left_behind: str = ""
