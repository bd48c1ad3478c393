"""Parts of images sampled anew so that they go with the rest."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from components.generation.batches import Batch, Sampled, sample_in_batches
from components.generation.editing.fit import check_editable, check_mask
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.runtime import Progress, silent
from components.sampling.inpainting import JUMP, RESAMPLES, inpaint, visits


def inpaint_images(
    sampler: Sampler,
    prompts: Prompts | None,
    images: NDArray[np.uint8],
    known: NDArray[np.bool_],
    *,
    resamples: int = RESAMPLES,
    jump: int = JUMP,
    progress: Progress = silent,
) -> Sampled:
    """Each image with what is not ``known`` sampled so that it goes with what is, by any solver.

    Args:
        known: (height, width); True keeps a pixel as it is.

    Raises:
        AlphabarError: nothing is to be filled, a mask of another size, or images that are not of
            the model's shape.
    """
    check_editable(sampler, images)
    check_mask(known, images)
    options, sampling = sampler.options, sampler.sampling
    if "churn" in options:  # is noise over a run's steps, and each step is a run here
        options["churn"] = sampling.churn / sampling.steps
    kept = torch.from_numpy(known).to(sampler.model.device)[None, None]

    def fill(batch: Batch) -> Tensor:
        return inpaint(
            sampler.solver,
            batch.denoise,
            batch.of(images),
            kept,
            sampler.times,
            noise=batch.noise,
            resamples=resamples,
            jump=jump,
            callback=batch.callback,
            **options,
        )

    total = visits(sampler.times.steps, resamples, jump)
    return sample_in_batches(sampler, prompts, len(images), fill, steps=total, progress=progress)
