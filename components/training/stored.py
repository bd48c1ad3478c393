"""Images that are trained on, as rows in memory or on the disk."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from components.data.arrays import load_images
from components.files.array_file import give_back


class Stored(Protocol):
    """A row for each thing to train on, in memory or on the disk, of any shape and type."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Tensor, /) -> Tensor:
        """The rows ``index`` (batch,) int64."""


@dataclass(frozen=True, eq=False)
class StoredImages:
    """Images in a mapped file: only what a batch takes of it comes into memory.

    Attributes:
        images: (n, height, width, channel) uint8; its rows are (channel, height, width).
    """

    images: NDArray[np.uint8]

    @classmethod
    def of_data(cls, data: Path) -> "StoredImages":
        """The training images of prepared ``data``."""
        return cls(load_images(data, "train", mapped=True))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Tensor) -> Tensor:
        taken = np.ascontiguousarray(self.images[index.numpy()].transpose(0, 3, 1, 2))
        give_back(self.images)
        return torch.from_numpy(taken)


@dataclass(frozen=True)
class Mirrored:
    """Images (n, channel, height, width) with left and right changed."""

    images: Stored

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Tensor) -> Tensor:
        return self.images[index].flip(-1)
