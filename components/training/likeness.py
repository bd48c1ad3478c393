"""How like two images are, pixel by pixel: PSNR and SSIM of each image."""

from collections.abc import Callable

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


def likeness(images: Tensor) -> dict[str, OfEach]:
    """What can be taken of images of that size, by name."""
    small = images.shape[-1] < WINDOWS[-1][0]
    return {"psnr": psnr} if small else {"psnr": psnr, "ssim": ssim}


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
