"""The codec of models that work on pixels themselves."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from components.networks.codecs.codec import ExportedCodec, Shape
from components.networks.codecs.levels import from_levels, to_levels
from components.spec.sections.codec import CodecConfig


@dataclass(frozen=True)
class Pixels:
    """x0 is the image with its 256 levels at equal distances from −1 to 1 (Ho 2020, section 3.3).

    `decode` rounds to the nearest level, and gives back what `encode` was given.
    """

    config: CodecConfig
    shape: Shape
    bounded: bool = True

    def encode(self, images: Tensor) -> Tensor:
        return from_levels(images)

    def decode(self, x0: Tensor) -> Tensor:
        return to_levels(x0)

    def save(self, folder: Path) -> None:
        """There are none."""

    def release(self) -> None:
        """There are none."""

    def exported(self) -> ExportedCodec:
        return ExportedCodec("It works on pixels themselves.", save=lambda folder: {})
