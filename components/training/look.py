"""What an evaluation sees of a network while it trains."""

from collections.abc import Mapping, Sequence
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
        asked: what each image of the picture was asked to be, row by row; empty where nothing was.
        columns: images in a row of the picture.
    """

    @property
    def ranking(self) -> str: ...

    @property
    def asked(self) -> Sequence[str]: ...

    @property
    def columns(self) -> int: ...

    def names(self) -> list[str]:
        """The figures that it takes."""

    def __call__(self, average: nn.Module) -> Seen: ...

    def picture(self, average: nn.Module) -> NDArray[np.uint8]:
        """The picture alone, (height, width, 3 or 1): nobody judges, and no judge is loaded."""
