"""Images given noise and sampled anew from there."""

import math

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from components.errors import AlphabarError
from components.generation.batches import Batch, Sampled, sample_in_batches
from components.generation.editing.fit import check_editable
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.runtime import Progress, silent
from components.sampling.image_to_image import image_to_image, steps_left


def resample_images(
    sampler: Sampler,
    prompts: Prompts | None,
    images: NDArray[np.uint8],
    *,
    strength: float,
    progress: Progress = silent,
) -> Sampled:
    """Image to image: each is given noise and sampled anew from there, with any solver.

    Raises:
        AlphabarError: ``strength`` is less than one step, or images that are not of the model's
            shape.
    """
    check_editable(sampler, images)
    steps = sampler.times.steps
    left = steps_left(steps, strength)
    if left == 0:
        raise AlphabarError(
            f"strength {strength:g} is less than one of {steps} steps",
            f"give a strength of at least {math.ceil(100 / steps) / 100:g}, or more steps",
        )

    def resample(batch: Batch) -> Tensor:
        return image_to_image(
            sampler.solver,
            batch.denoise,
            batch.of(images),
            sampler.times,
            strength=strength,
            noise=batch.noise,
            callback=batch.callback,
            **sampler.options,
        )

    return sample_in_batches(sampler, prompts, len(images), resample, steps=left, progress=progress)
