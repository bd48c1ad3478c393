"""How alike two images are."""

import math

from torch import Tensor


def decibels(found: Tensor, expected: Tensor) -> float:
    """PSNR of images within [−1, 1]."""
    error = (found.double() - expected.double()).square().mean().item()
    return 10 * math.log10(4 / max(error, 1e-20))
