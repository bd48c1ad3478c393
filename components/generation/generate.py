"""From prompts and seeds to images."""

from components.generation.batches import Sampled, sample_in_batches
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.runtime import Progress, silent


def generate(sampler: Sampler, prompts: Prompts, *, progress: Progress = silent) -> Sampled:
    """An image for each of ``prompts``; image k is of seed ``sampling.seed`` + k.

    Raises:
        AlphabarError: classes that the model does not know, or images that are not finite.
    """
    return sample_in_batches(
        sampler,
        prompts,
        len(prompts),
        lambda batch: batch.solve(batch.noise),
        steps=sampler.times.steps,
        progress=progress,
    )
