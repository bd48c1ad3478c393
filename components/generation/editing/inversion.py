"""From images to the noise that they are sampled from, and back."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from components.errors import AlphabarError
from components.generation.batches import Batch, Sampled, sample_in_batches
from components.generation.editing.fit import check_editable
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.runtime import Progress, silent
from components.sampling.inversion import REFINEMENTS, invert
from components.spec.catalogue import SOLVERS
from components.spec.sections.sampling import SamplingSpec


@dataclass(frozen=True)
class Inverted:
    """Images as noise, and what is sampled from that noise.

    Attributes:
        noise: (n, channel, height, width), float32; a run that starts from it, in the place of
            standard normal noise, gives the images.
        again: the images that it gives, and the network evaluations of there and back.
        psnr: how close these come to the images, dB; ∞ where every pixel is equal.
    """

    noise: NDArray[np.float32]
    again: Sampled
    psnr: tuple[float, ...]


def invert_images(
    sampler: Sampler,
    prompts: Prompts | None,
    images: NDArray[np.uint8],
    *,
    refinements: int = REFINEMENTS,
    progress: Progress = silent,
) -> Inverted:
    """The noise that DDIM samples each image from, and what it gives from it.

    ``sampling.clip`` is taken as off, both ways: what was clipped cannot be undone.

    Raises:
        AlphabarError: another solver than DDIM with η = 0, or images that are not of the
            model's shape.
    """
    _check_reversible(sampler.sampling)
    check_editable(sampler, images)
    sampler = replace(sampler, sampling=sampler.sampling.model_copy(update={"clip": False}))
    times = sampler.times
    noises = np.empty((len(images), *sampler.model.codec.shape), np.float32)
    back = 1 + refinements  # evaluations of a step

    def there_and_back(batch: Batch) -> Tensor:
        noise = invert(
            batch.denoise,
            batch.of(images),
            times,
            refinements=refinements,
            callback=lambda step: batch.callback((step + 1) * back - 1),
        )
        noises[batch.rows.numpy()] = (noise / times.start_scale).float().cpu().numpy()
        x0: Tensor = sampler.solver(
            batch.denoise,
            noise,
            times,
            noise=batch.noise,
            callback=lambda step: batch.callback(times.steps * back + step),
        )
        return x0

    total = times.steps * (back + 1)
    again = sample_in_batches(
        sampler, prompts, len(images), there_and_back, steps=total, progress=progress
    )
    pairs = zip(again.images, images, strict=True)
    return Inverted(noises, again, tuple(psnr(a, b) for a, b in pairs))


def psnr(image: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """10 log10 (255²/mean square error), dB; ∞ where the images are the same."""
    error = float(np.square(image.astype(np.float64) - other).mean())
    return 10 * math.log10(255**2 / error) if error else math.inf


def _check_reversible(sampling: SamplingSpec) -> None:
    """Raise AlphabarError unless the run is deterministic and has one step back for each step."""
    if SOLVERS[sampling.solver].reversible and sampling.eta == 0:
        return
    eta = f" with eta {sampling.eta:g}" if sampling.eta else ""
    raise AlphabarError(
        f"solver `{sampling.solver}`{eta} cannot be run backwards",
        "invert with solver `ddim` and eta 0",
    )
