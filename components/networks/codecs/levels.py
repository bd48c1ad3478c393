"""The 256 levels of a pixel as numbers from −1 to 1, and back (Ho 2020, section 3.3)."""

import torch
from torch import Tensor


def from_levels(images: Tensor) -> Tensor:
    """uint8 images of any shape → float32, the levels at equal distances from −1 to 1."""
    return images.to(torch.float32) / 127.5 - 1


def to_levels(values: Tensor) -> Tensor:
    """Any float values → uint8, the nearest level; what lies beyond is black or white."""
    return ((values.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
