"""Noise that belongs to a sample, not to a batch.

Image k of a run comes from seed k alone, whatever the batch size, the number of workers or
the order (as `StackedRandomGenerator` in Karras 2022's code does it). Step i's noise is known
without the steps before.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from components.process.streams import Purpose, normal

Noise = Callable[[int], Tensor]
"""i → standard normal noise (batch, channel, height, width); i = −1 is the start, and every
i within [0, 2⁶³) has other noise."""


def seeded_noise(
    seeds: Sequence[int], shape: tuple[int, int, int], device: torch.device | str = "cpu"
) -> Noise:
    """Per-sample noise for images of ``shape`` (channel, height, width).

    The start of seed k is what ``torch.Generator().manual_seed(k)`` gives, as users of diffusers
    know it; torch reads 32 bits of k. The steps' noise has all 64 bits of the seed and of i.

    Drawn on the CPU in float32, so that every device sees the same numbers.
    """

    def noise(step: int) -> Tensor:
        if step >= 0:
            return normal(seeds, step, Purpose.SAMPLING, shape).to(device)
        rows = [torch.randn(shape, generator=torch.Generator().manual_seed(k)) for k in seeds]
        return torch.stack(rows).to(device)

    return noise
