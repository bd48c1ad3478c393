"""From stored pixels to what an image network reads."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from components.errors import AlphabarError

RESIZE = "bilinear-antialias"
_PIXELS_A_BATCH = 256 * 64 * 64


def resize_name(size: int) -> str:
    """How a record names the resize, such as ``bilinear-antialias 64px``."""
    return f"{RESIZE} {size}px"


def check_images(images: NDArray[np.uint8], place: object = "") -> None:
    """Raise AlphabarError unless ``images`` is uint8 (n, height, width, 1 or 3), n at least 1.

    Args:
        place: where they are from, for the message.
    """
    shape = images.shape
    if images.dtype != np.uint8 or len(shape) != 4 or shape[3] not in (1, 3) or 0 in shape:
        raise AlphabarError(
            f"{place}{': ' if place else ''}images of type {images.dtype} and shape {shape} cannot "
            "be evaluated",
            "give uint8 images of shape (n, height, width, channel) with 1 or 3 channels",
        )


def network_input(images: NDArray[np.uint8], size: int, device: torch.device) -> Tensor:
    """Resize and scale images for an ImageNet network.

    Grey is repeated to three channels. The resize works on floats and is not rounded back to
    eight bits, as in clean-fid (Parmar et al., 2022).

    Args:
        images: (n, height, width, channel) uint8, channel 1 or 3.
        size: side of the result, pixels.

    Returns:
        (n, 3, size, size) float32 in [-1, 1].
    """
    stored = on_device(torch.tensor(images), device).permute(0, 3, 1, 2)
    pixels = stored.to(torch.float32, memory_format=torch.contiguous_format).div_(255.0)
    if pixels.shape[2:] != (size, size):
        pixels = interpolate(pixels, (size, size), mode="bilinear", antialias=True)
    scaled = pixels.sub_(0.5).div_(0.5).expand(-1, 3, -1, -1)
    layout = torch.contiguous_format if device.type == "cpu" else torch.channels_last
    return scaled.contiguous(memory_format=layout)


def on_device(pixels: Tensor, device: torch.device) -> Tensor:
    """``pixels`` on ``device``; to a GPU they are copied while it and this thread go on."""
    if device.type != "cuda":
        return pixels.to(device)
    return pixels.pin_memory().to(device, non_blocking=True)


def probe_of(size: int) -> Tensor:
    """(1, 3, size, size) noise in [-1, 1], always the same, to try a network with."""
    values = np.random.default_rng(0).uniform(-1, 1, (1, 3, size, size))
    return torch.from_numpy(values.astype(np.float32))


def batch_size(size: int) -> int:
    """Images a batch at ``size`` pixels, so that memory stays the same."""
    return max(1, _PIXELS_A_BATCH // size**2)
