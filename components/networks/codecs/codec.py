"""What stands between images and the process."""

from pathlib import Path
from typing import Protocol

from torch import Tensor

from components.spec.sections.codec import CodecConfig

Shape = tuple[int, int, int]
"""(channel, height, width)."""


class Codec(Protocol):
    """Images, uint8 (batch, channel, height, width) ↔ x0, what the process works on."""

    @property
    def config(self) -> CodecConfig:
        """What it is rebuilt from; rides in a checkpoint's header."""

    @property
    def shape(self) -> Shape:
        """Of the x0 of one image."""

    @property
    def bounded(self) -> bool:
        """Whether every x0 lies within [−1, 1], so that a predicted one may be held there."""

    def encode(self, images: Tensor) -> Tensor:
        """The x0 of uint8 ``images``, (batch, *`shape`) float32, on their device."""

    def decode(self, x0: Tensor) -> Tensor:
        """The uint8 images of ``x0`` (batch, *`shape`) of any float type, on its device; finite
        values of any size are taken."""

    def save(self, folder: Path) -> None:
        """Put the weights that it needs, if any, into a model's ``folder``."""

    def release(self) -> None:
        """Give the memory of such weights back; they are read again when they are needed."""
