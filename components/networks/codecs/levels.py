"""The 256 levels of a pixel as numbers from −1 to 1, and back (Ho 2020, section 3.3)."""

import torch
from torch import Tensor

from components.errors import AlphabarError


def from_levels(images: Tensor) -> Tensor:
    """uint8 images of any shape → float32, the levels at equal distances from −1 to 1."""
    return images.to(torch.float32) / 127.5 - 1


def to_levels(values: Tensor) -> Tensor:
    """Any float values → uint8, the nearest level; what lies beyond is black or white."""
    return ((values.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def decoded_levels(decoded: Tensor, origin: str) -> Tensor:
    """`to_levels` of what an autoencoder's decoder has answered, (batch, channel, height, width).

    Args:
        origin: which autoencoder it is, in words.

    Raises:
        AlphabarError: some of it is not finite; as pixels that would be black or white.
    """
    lost = int((~decoded.isfinite().flatten(1).all(1)).sum())
    if lost:
        raise AlphabarError(
            f"{lost} of {len(decoded)} images are not finite (NaN or infinite) as {origin} "
            "decodes them",
            "take another autoencoder, or train one longer or with a smaller `codec.lr`",
        )
    return to_levels(decoded)
