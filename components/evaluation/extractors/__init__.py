"""Image features by name. A new extractor is one file and one line here."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.evaluation.extractors.efficientnet import EfficientNetLite0
from components.runtime import Progress, silent


class Extractor(Protocol):
    """Maps images (n, height, width, channel) uint8 to features (n, dimension) float32."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def dimension(self) -> int: ...

    def __call__(
        self, images: NDArray[np.uint8], progress: Progress = silent
    ) -> NDArray[np.float32]: ...


EXTRACTORS: dict[str, Callable[[int, torch.device], Extractor]] = {
    EfficientNetLite0.name: EfficientNetLite0,
}
"""Each is made from the side at which it takes features, and a device."""


def build_extractor(name: str, size: int, device: torch.device) -> Extractor:
    """The extractor called ``name`` for images of ``size`` pixels; raises AlphabarError."""
    if name not in EXTRACTORS:
        raise AlphabarError(
            f"the feature extractor `{name}` does not exist",
            f"choose from {', '.join(sorted(EXTRACTORS))}",
        )
    return EXTRACTORS[name](size, device)
