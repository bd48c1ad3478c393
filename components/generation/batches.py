"""Results in batches that fit into memory, each with its denoiser, its noise and its progress."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from components.generation import generate
from components.generation.denoising import Conditions, build_denoiser
from components.generation.generate import Drawn, to_images
from components.networks.checkpoint import Checkpoint
from components.runtime import Progress
from components.sampling.denoiser import Denoise
from components.sampling.network import Evaluations
from components.sampling.noise import Noise, seeded_noise
from components.sampling.solvers.steps import Callback
from components.spec.sections.sampling import SamplingSpec


@dataclass(frozen=True)
class Batch:
    """Some of the results.

    Attributes:
        rows: which, (batch,) int64.
        denoise: as the section says, under these results' conditions.
        noise: of these results' seeds.
        callback: to be told of every step.
    """

    rows: Tensor
    denoise: Denoise
    noise: Noise
    callback: Callback


def draw_in_batches(
    model: Checkpoint,
    sampling: SamplingSpec,
    conditions: Conditions,
    count: int,
    solve: Callable[[Batch], Tensor],
    *,
    steps: int,
    progress: Progress,
) -> Drawn:
    """What ``solve`` draws, (batch, *`Codec.shape`), as ``count`` images.

    Result k has row k of ``conditions`` and seed ``sampling.seed`` + k.

    Args:
        steps: that ``solve`` tells of.
    """
    evaluations, results = Evaluations(), []
    for start in range(0, count, generate.BATCH):
        rows = torch.arange(start, min(start + generate.BATCH, count))

        def report(step: int, start: int = start, size: int = len(rows)) -> None:
            # a solver with adaptive steps may take more of them, or fewer
            progress(start * steps + size * min(step + 1, steps), count * steps, "")

        seeds = [sampling.seed + int(k) for k in rows]
        batch = Batch(
            rows,
            build_denoiser(model, sampling, conditions.take(rows), evaluations=evaluations),
            seeded_noise(seeds, model.codec.shape, model.device),
            report,
        )
        results.append(to_images(solve(batch), model))
        report(steps)
    return Drawn(np.concatenate(results), evaluations.rows / count)


def from_images(images: NDArray[np.uint8], model: Checkpoint) -> Tensor:
    """Images (n, height, width, channel) as ``model`` sees them, (n, *`Codec.shape`) on its
    device; `to_images` goes the other way."""
    values = torch.from_numpy(images).to(model.device).permute(0, 3, 1, 2)
    return model.codec.encode(values).to(memory_format=torch.channels_last)
