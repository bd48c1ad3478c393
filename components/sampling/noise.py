"""Noise that belongs to a sample, not to a batch.

Image k of a run comes from seed k alone, whatever the batch size, the number of workers or
the order (as `StackedRandomGenerator` in Karras 2022's code does it). Step i's noise is known
without the steps before.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from components.process.streams import Purpose, normal
from components.process.transfer import to_device

Noise = Callable[[int], Tensor]
"""i → standard normal noise (batch, channel, height, width); i = −1 is the start, and every
i within [0, 2⁶³) has other noise."""


def seeded_noise(
    seeds: Sequence[int], shape: tuple[int, int, int], device: torch.device | str = "cpu"
) -> Noise:
    """Per-sample noise for images of ``shape`` (channel, height, width).

    The start of seed k is what ``torch.Generator().manual_seed(k)`` gives, as users of diffusers
    know it; torch reads 32 bits of k. The steps' noise has all 64 bits of the seed and of i.

    The start is drawn on the CPU, image by image, as its numbers are those of torch's own kernel,
    which takes one generator a call: 0.1 ms for an image of 32 px, a three-hundredth of what a
    forward of a small network takes there; `ready` hides it where another device works. The steps'
    noise is computed on a CUDA device itself, from the same words as on the CPU; its Φ⁻¹ may differ
    in the last bit.
    """
    place = torch.device(device)
    draws = place if place.type == "cuda" else torch.device("cpu")  # others have no float64

    def noise(step: int) -> Tensor:
        if step >= 0:
            return normal(seeds, step, Purpose.SAMPLING, shape, draws).to(place)
        rows, generator = torch.empty((len(seeds), *shape)), torch.Generator()
        for row, seed in zip(rows, seeds, strict=True):
            row.normal_(generator=generator.manual_seed(seed))
        return to_device(rows, place)

    return noise


def ready(noise: Noise) -> Noise:
    """``noise`` whose start is drawn now, while a device may still be at work on something else."""
    start = noise(-1)
    return lambda step: start if step == -1 else noise(step)
