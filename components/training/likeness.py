"""How like two images are, pixel by pixel: PSNR and SSIM of each image."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

OfEach = Callable[[Tensor, Tensor], Tensor]
"""(found, images), each (n, channel, height, width) of levels 0 … 255 as floats → (n,)."""

MOST_PSNR = 58.9
"""dB: of an image whose only error is that of rounding to 256 levels, a twelfth of a level²."""

WINDOWS = ((32, 1.5), (8, 0.5))
"""Least side of images, pixels, and σ of SSIM's Gaussian window: Wang's 11 pixels, and 5 for small
images. Smaller ones have no SSIM."""

_AT_ONCE = 256


def likeness(images: Tensor) -> dict[str, OfEach]:
    """What can be taken of images of that size, by name."""
    small = images.shape[-1] < WINDOWS[-1][0]
    return {"psnr": psnr} if small else {"psnr": psnr, "ssim": ssim}


def likeness_of_each(
    found: NDArray[np.uint8], images: NDArray[np.uint8]
) -> dict[str, NDArray[np.float32]]:
    """Name → (n,), of arrays (n, height, width, channel); only a part of them is ever floats."""
    measures = likeness(torch.empty(1, 1, *images.shape[1:3]))
    parts: dict[str, list[NDArray[np.float32]]] = {name: [] for name in measures}
    for start in range(0, len(images), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        ours, theirs = (_floats(each[rows]) for each in (found, images))
        for name, measure in measures.items():
            parts[name].append(measure(ours, theirs).numpy())
    return {name: np.concatenate(of_parts) for name, of_parts in parts.items()}


def psnr(found: Tensor, images: Tensor) -> Tensor:
    """(n,) dB."""
    of_each = peak_signal_noise_ratio(
        found, images, data_range=255.0, reduction="none", dim=(1, 2, 3)
    )
    return of_each.clamp(max=MOST_PSNR)


def ssim(found: Tensor, images: Tensor) -> Tensor:
    """(n,) in [−1, 1] (Wang et al. 2004)."""
    sigma = next(sigma for side, sigma in WINDOWS if images.shape[-1] >= side)
    of_each = structural_similarity_index_measure(
        found, images, data_range=255.0, reduction="none", sigma=sigma
    )
    assert isinstance(of_each, Tensor)
    return of_each


def _floats(images: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).float()
