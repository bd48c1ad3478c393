"""A walk between the images of two seeds."""

from torch import Tensor

from components.generation.batches import Batch, Sampled, sample_in_batches
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.runtime import Progress, silent
from components.sampling.interpolation import noise_between
from components.sampling.noise import seeded_noise


def interpolate_seeds(
    sampler: Sampler,
    prompts: Prompts | None,
    seeds: tuple[int, int],
    frames: int,
    *,
    progress: Progress = silent,
) -> Sampled:
    """``frames`` images on the way from one seed's to the other's, both included.

    The noises are interpolated along the arc between them: the start's, and with a stochastic
    solver every step's. ``sampling.seed`` is not read.
    """

    def between(batch: Batch) -> Tensor:
        model = sampler.model
        first, second = (
            seeded_noise([seed] * len(batch.rows), model.codec.shape, model.device)
            for seed in seeds
        )
        return batch.solve(noise_between(first, second, batch.rows.double() / max(frames - 1, 1)))

    return sample_in_batches(
        sampler, prompts, frames, between, steps=sampler.times.steps, progress=progress
    )
