"""What stands between images and the process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from components.spec.sections.codec import CodecConfig

Shape = tuple[int, int, int]
"""(channel, height, width)."""


@dataclass(frozen=True)
class ExportedCodec:
    """What a folder for diffusers says and has of a codec.

    Attributes:
        words: what the process works on, a sentence of the README.
        save: writes its weights into the folder; returns its entries of model_index.json.
        imports: of the code.
        opened: Python that reads the weights.
        decoded: Python that turns the x0 `x` into images within [−1, 1], still `x`.
        vae: gives diffusers' `AutoencoderKL`; None where there is none.
        side: of the images, pixels.
    """

    words: str
    save: Callable[[Path], dict[str, Any]]
    imports: Sequence[str] = ()
    opened: Sequence[str] = ()
    decoded: Sequence[str] = ()
    vae: Callable[[], Any] | None = None
    side: int = 0


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

    def exported(self) -> ExportedCodec | None:
        """What a folder for diffusers needs; None where an exported pipeline has no decoder."""
