"""What an evaluation sees of a network while it trains."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from components.figures.interval import Interval


@dataclass(frozen=True)
class Seen:
    """One evaluation.

    Attributes:
        picture: (height, width, 3 or 1) uint8, for people.
        figures: by name.
    """

    picture: NDArray[np.uint8]
    figures: Mapping[str, Interval]


class Look(Protocol):
    """Judges a moving average; the training state and the global generator stay untouched.

    Attributes:
        ranking: the figure that decides which evaluation is the best, where the file does not say.
    """

    @property
    def ranking(self) -> str: ...

    def names(self) -> list[str]:
        """The figures that it takes."""

    def __call__(self, average: nn.Module) -> Seen: ...
