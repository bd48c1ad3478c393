"""Parts of images sampled anew so that they go with the rest."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_max_pool2d

from components.generation.batches import Batch, Sampled, sample_in_batches
from components.generation.editing.fit import check_editable, check_mask
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.networks.codecs import Codec
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
        known: (height, width); True keeps a pixel as it is. In the codec's space a place is
            known where all its pixels are.

    Raises:
        AlphabarError: nothing is to be filled, a mask of another size, or images that are not of
            the model's shape.
    """
    check_editable(sampler, images)
    check_mask(known, images)
    options, sampling = sampler.options, sampler.sampling
    if "churn" in options:  # is noise over a run's steps, and each step is a run here
        options["churn"] = sampling.churn / sampling.steps
    kept = _in_space_of(sampler.model.codec, known).to(sampler.model.device)

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
    filled = sample_in_batches(sampler, prompts, len(images), fill, steps=total, progress=progress)
    # what a codec gives back of known pixels is only near to them
    return replace(filled, images=np.where(known[..., None], images, filled.images))


def _in_space_of(codec: Codec, known: NDArray[np.bool_]) -> Tensor:
    """Where x0 is known, (1, 1, height, width): where all pixels of a place are."""
    unknown = torch.from_numpy(~known).to(torch.float32)[None, None]
    return adaptive_max_pool2d(unknown, codec.shape[1:]) == 0
