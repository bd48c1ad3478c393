"""The one loop that samples: batches that fit into memory, each with its denoiser and noise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from components.errors import AlphabarError
from components.generation.batch_size import fitting, halved, is_out_of_memory, preferred
from components.generation.denoising import (
    Conditions,
    build_denoiser,
    encode_conditions,
    no_condition,
)
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.networks.checkpoint import Checkpoint
from components.networks.memory_format import laid
from components.runtime import Progress
from components.sampling.denoiser import Denoise
from components.sampling.network import Evaluations
from components.sampling.noise import Noise, ready, seeded_noise
from components.sampling.solvers.steps import Callback


@dataclass(frozen=True)
class Sampled:
    """Images and what they took.

    Attributes:
        images: (n, height, width, channel), uint8.
        network_evaluations: rows that went through networks, an image; measured.
        batch: images at once in the end, where memory has not sufficed for as many as usual; else
            None.
    """

    images: NDArray[np.uint8]
    network_evaluations: float
    batch: int | None = None


@dataclass(frozen=True)
class Batch:
    """Some of the results.

    Attributes:
        sampler: what all are sampled with.
        rows: which, (batch,) int64.
        denoise: as the settings say, under these results' conditions.
        noise: of these results' seeds.
        callback: to be told of every step.
    """

    sampler: Sampler
    rows: Tensor
    denoise: Denoise
    noise: Noise
    callback: Callback

    def solve(self, noise: Noise) -> Tensor:
        """What the solver makes of nothing but ``noise``: x0, (batch, *`Codec.shape`)."""
        sampler, times = self.sampler, self.sampler.times
        start = laid(times.start_scale * noise(-1))
        x0: Tensor = sampler.solver(
            self.denoise, start, times, noise=noise, callback=self.callback, **sampler.options
        )
        return x0

    def of(self, images: NDArray[np.uint8]) -> Tensor:
        """These results' ``images``, (n, height, width, channel), in the codec's space."""
        return from_images(images[self.rows.numpy()], self.sampler.model)


@torch.inference_mode()
def sample_in_batches(
    sampler: Sampler,
    prompts: Prompts | None,
    count: int,
    solve: Callable[[Batch], Tensor],
    *,
    steps: int,
    progress: Progress,
) -> Sampled:
    """What ``solve`` gives, (batch, *`Codec.shape`), as ``count`` images.

    Result k has seed ``sampling.seed`` + k and the k-th of ``prompts``.

    Args:
        prompts: None tells the model nothing.
        steps: that ``solve`` tells of.

    Raises:
        AlphabarError: a prompt that is none of the model's, or a result that is not finite.
    """
    evaluations, images = Evaluations(), []
    wanted = min(count, preferred(sampler.model))
    at_once = fitting(sampler, wanted, lambda: _conditions(sampler, prompts, [0]).strong)

    def begun(start: int) -> Batch:
        rows = range(start, min(start + at_once, count))

        def report(step: int) -> None:
            # a solver with adaptive steps may take more of them, or fewer
            progress(start * steps + len(rows) * min(step + 1, steps), count * steps, "")

        return _batch(sampler, prompts, rows, report, evaluations, at_once)

    start, batch, before = 0, None, 0
    while start < count:
        try:
            batch = batch or begun(start)
            x0, end = solve(batch), start + len(batch.rows)
            # while a device is still at work on this one
            following = begun(end) if end < count else None
            images.append(to_images(x0, sampler.model))
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            at_once, batch, evaluations.rows = halved(at_once, sampler.model), None, before
        else:
            batch.callback(steps)
            start, batch, before = end, following, evaluations.rows
    forced = at_once if at_once < wanted else None
    return Sampled(np.concatenate(images), evaluations.rows / count, forced)


def _conditions(sampler: Sampler, prompts: Prompts | None, rows: Sequence[int]) -> Conditions:
    if prompts is None:
        return no_condition(sampler, len(rows))
    return encode_conditions(sampler, prompts.some(rows))


def _batch(
    sampler: Sampler,
    prompts: Prompts | None,
    rows: Sequence[int],
    callback: Callback,
    evaluations: Evaluations,
    at_once: int,
) -> Batch:
    # batch by batch, as long captions take much memory
    conditions, model = _conditions(sampler, prompts, rows), sampler.model
    seeds = [sampler.sampling.seed + k for k in rows]
    noise = ready(seeded_noise(seeds, model.codec.shape, model.device))
    denoise = build_denoiser(sampler, conditions, evaluations, at_once)
    return Batch(sampler, torch.tensor(rows), denoise, noise, callback)


def from_images(images: NDArray[np.uint8], model: Checkpoint) -> Tensor:
    """Images (n, height, width, channel) as ``model`` sees them, (n, *`Codec.shape`) on its
    device; `to_images` goes the other way."""
    values = torch.from_numpy(images).to(model.device).permute(0, 3, 1, 2)
    return laid(model.codec.encode(values))


def to_images(x0: Tensor, model: Checkpoint) -> NDArray[np.uint8]:
    """The x0 of ``model``, (n, *`Codec.shape`), as images (n, height, width, channel).

    Raises:
        AlphabarError: some are not finite; as pixels they would be black.
    """
    lost = int((~x0.isfinite().flatten(1).all(1)).sum())
    if lost:
        raise AlphabarError(
            f"{lost} of {len(x0)} images that {model.origin} draws are not finite "
            "(NaN or infinite)",
            "take another checkpoint, train longer or with a smaller `training.lr`, or sample "
            "with less guidance",
        )
    images: NDArray[np.uint8] = model.codec.decode(x0).permute(0, 2, 3, 1).cpu().numpy()
    return images
