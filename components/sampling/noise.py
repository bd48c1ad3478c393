"""Noise that belongs to a sample, not to a batch.

Image k of a run comes from seed k alone, whatever the batch size, the number of workers or
the order (as `StackedRandomGenerator` in Karras 2022's code does it). Step i's noise has its
own generator, so that it does not depend on which steps were drawn before.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Noise = Callable[[int], Tensor]
"""i → standard normal noise (batch, channel, height, width); i = −1 is the start."""

_STEP_STRIDE = 0x9E3779B97F4A7C15  # 2⁶⁴/φ: keeps (seed, step) pairs apart


def seeded_noise(
    seeds: Sequence[int], shape: tuple[int, int, int], device: torch.device | str = "cpu"
) -> Noise:
    """Per-sample noise for images of ``shape`` (channel, height, width).

    Drawn on the CPU in float32, so that every device sees the same numbers.
    """

    def noise(step: int) -> Tensor:
        rows = [torch.randn(shape, generator=_generator(seed, step)) for seed in seeds]
        return torch.stack(rows).to(device)

    return noise


def _generator(seed: int, step: int) -> torch.Generator:
    mixed = (seed + (step + 1) * _STEP_STRIDE) % 2**63
    return torch.Generator().manual_seed(mixed)
