"""Image features by name. A new extractor is one file and one line here."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.evaluation.extractors.clip import OpenClip
from components.evaluation.extractors.dinov2 import DinoV2
from components.evaluation.extractors.efficientnet import EfficientNetLite0
from components.evaluation.extractors.engine import Part
from components.evaluation.extractors.inception import Inception
from components.runtime import Progress, silent
from components.spec.catalogue import EXTRACTORS as LISTED
from components.spec.catalogue.evaluation import extractor_of


class Extractor(Protocol):
    """Maps images (n, height, width, channel) uint8 to features (n, dimension) float32.

    Making one finds its weights, or raises AlphabarError; the network is loaded at first use.
    """

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int:
        """Side at which the network looks, pixels."""

    @property
    def resize(self) -> str:
        """How images come to that size, for records."""

    @property
    def dimension(self) -> int: ...

    @property
    def device(self) -> torch.device: ...

    @property
    def engine(self) -> str:
        """What computes the features, for records: a package and its version."""

    @property
    def weights_digest(self) -> str:
        """SHA-256 of the weights."""

    def __call__(
        self, images: NDArray[np.uint8], progress: Progress = silent
    ) -> NDArray[np.float32]: ...

    def of_parts(
        self, parts: Iterable[Part], n: int, progress: Progress = silent
    ) -> NDArray[np.float32]:
        """The same of ``n`` images that come part by part, with their rows, each part of one size;
        the next parts are asked for while the network is at work."""

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """(n, classes) as the network's classifier reads features; None if it has none."""


Maker = Callable[[str, int | None, torch.device, Path | None], Extractor]
"""From a full name, the side to look at, a device and the folder of weights."""

EXTRACTORS: dict[str, Maker] = {
    EfficientNetLite0.name: lambda _name, size, device, _weights: EfficientNetLite0(size, device),
    Inception.name: lambda _name, _size, device, weights: Inception(device, weights),
    "clip": lambda name, _size, device, weights: OpenClip(name, device, weights),
    DinoV2.name: lambda _name, _size, device, weights: DinoV2(device, weights),
}
"""By the part of an extractor's name before the first colon."""


def build_extractor(
    name: str, size: int | None, device: torch.device, weights: Path | None = None
) -> Extractor:
    """The extractor called ``name``.

    Args:
        size: side at which it looks, pixels, where it leaves the choice: efficientnet_lite0 does;
            the others look at their own, whatever is given.
        weights: a folder of files of weights, looked through before ``~/.cache/alphabar/weights``.

    Raises:
        AlphabarError: there is none such, or its weights are missing.
    """
    if extractor_of(name) is None:
        raise AlphabarError(
            f"the feature extractor `{name}` does not exist", f"choose from {', '.join(LISTED)}"
        )
    return EXTRACTORS[name.partition(":")[0]](name, size, device, weights)
