"""Editing with a checkpoint: inversion, walks between two seeds, image to image, inpainting.

Images go in and come out as uint8, (n, height, width, channel). Result k belongs to image k
and is drawn from seed ``sampling.seed`` + k, whatever the batch.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from components.errors import AlphabarError
from components.generation.batches import Batch, draw_in_batches, from_images
from components.generation.denoising import Conditions
from components.generation.generate import Drawn, check_steps, solver_options
from components.networks.checkpoint import Checkpoint
from components.runtime import Progress, silent
from components.sampling.image_to_image import image_to_image, steps_left
from components.sampling.inpainting import JUMP, RESAMPLES, inpaint, visits
from components.sampling.interpolation import noise_between
from components.sampling.inversion import REFINEMENTS, invert
from components.sampling.noise import seeded_noise
from components.sampling.solvers import SOLVERS
from components.sampling.times import Times, time_grid
from components.spec.catalogue import SOLVERS as CATALOGUE_SOLVERS
from components.spec.sections.sampling import SamplingSpec


@dataclass(frozen=True)
class Inverted:
    """Images as noise, and what is drawn from that noise.

    Attributes:
        noise: (n, channel, height, width), float32; a run that starts from it, in the place of
            standard normal noise, draws the images.
        again: the images that it draws, and the network evaluations of there and back.
    """

    noise: NDArray[np.float32]
    again: Drawn


def no_condition(model: Checkpoint, count: int) -> Conditions:
    """The conditions of ``count`` images of which the model is told nothing.

    Raises:
        AlphabarError: the model was never trained without a condition.
    """
    conditioning = model.config["conditioning"]
    if conditioning["encoder"] != "none" and conditioning["dropout"] == 0:
        raise AlphabarError(
            "the model was never trained without a condition (`conditioning.dropout: 0`)",
            "say what the image shows with --prompt",
        )
    null = model.conditioner.null(count)
    return Conditions(null, null)


@torch.inference_mode()
def invert_images(
    model: Checkpoint,
    sampling: SamplingSpec,
    conditions: Conditions,
    images: NDArray[np.uint8],
    *,
    refinements: int = REFINEMENTS,
    progress: Progress = silent,
) -> Inverted:
    """The noise that DDIM draws each image from, and what it draws from it.

    ``sampling.clip`` is taken as off, both ways: what was clipped cannot be undone.

    Raises:
        AlphabarError: another solver than DDIM with η = 0, more steps than the process has, or
            images that the model cannot draw.
    """
    _check_reversible(sampling)
    sampling = sampling.model_copy(update={"clip": False})
    times, noises = _grid(model, sampling, images), []
    back = 1 + refinements  # evaluations of a step

    def there_and_back(batch: Batch) -> Tensor:
        noise = invert(
            batch.denoise,
            from_images(images[batch.rows.numpy()], model),
            times,
            refinements=refinements,
            callback=lambda step: batch.callback((step + 1) * back - 1),
        )
        noises.append((noise / times.start_scale).float().cpu().numpy())
        return SOLVERS["ddim"](
            batch.denoise,
            noise,
            times,
            noise=batch.noise,
            callback=lambda step: batch.callback(times.steps * back + step),
        )

    total = times.steps * (back + 1)
    again = draw_in_batches(
        model, sampling, conditions, len(images), there_and_back, steps=total, progress=progress
    )
    return Inverted(np.concatenate(noises), again)


@torch.inference_mode()
def interpolate_seeds(
    model: Checkpoint,
    sampling: SamplingSpec,
    conditions: Conditions,
    seeds: tuple[int, int],
    frames: int,
    *,
    progress: Progress = silent,
) -> Drawn:
    """``frames`` images on the way from one seed's to the other's, both included.

    The noises are interpolated along the arc between them: the start's, and with a stochastic
    solver every step's. ``sampling.seed`` is not read.

    Raises:
        AlphabarError: more solver steps than the process has.
    """
    times = _grid(model, sampling)

    def between(batch: Batch) -> Tensor:
        first, second = (
            seeded_noise([seed] * len(batch.rows), model.codec.shape, model.device)
            for seed in seeds
        )
        noise = noise_between(first, second, batch.rows.double() / max(frames - 1, 1))
        start = (times.start_scale * noise(-1)).to(memory_format=torch.channels_last)
        return SOLVERS[sampling.solver](
            batch.denoise,
            start,
            times,
            noise=noise,
            callback=batch.callback,
            **solver_options(sampling),
        )

    return draw_in_batches(
        model, sampling, conditions, frames, between, steps=times.steps, progress=progress
    )


@torch.inference_mode()
def redraw_images(
    model: Checkpoint,
    sampling: SamplingSpec,
    conditions: Conditions,
    images: NDArray[np.uint8],
    *,
    strength: float,
    progress: Progress = silent,
) -> Drawn:
    """Image to image: each is given noise and drawn anew from there, with any solver.

    Raises:
        AlphabarError: ``strength`` is less than one step, more solver steps than the process
            has, or images that the model cannot draw.
    """
    times = _grid(model, sampling, images)
    left = steps_left(times.steps, strength)
    if left == 0:
        raise AlphabarError(
            f"strength {strength:g} is less than one of {times.steps} steps",
            f"give a strength of at least {math.ceil(100 / times.steps) / 100:g}, or more steps",
        )

    def redraw(batch: Batch) -> Tensor:
        return image_to_image(
            SOLVERS[sampling.solver],
            batch.denoise,
            from_images(images[batch.rows.numpy()], model),
            times,
            strength=strength,
            noise=batch.noise,
            callback=batch.callback,
            **solver_options(sampling),
        )

    return draw_in_batches(
        model, sampling, conditions, len(images), redraw, steps=left, progress=progress
    )


@torch.inference_mode()
def inpaint_images(
    model: Checkpoint,
    sampling: SamplingSpec,
    conditions: Conditions,
    images: NDArray[np.uint8],
    known: NDArray[np.bool_],
    *,
    resamples: int = RESAMPLES,
    jump: int = JUMP,
    progress: Progress = silent,
) -> Drawn:
    """Each image with what is not ``known`` drawn so that it goes with what is, by any solver.

    Args:
        known: (height, width); True keeps a pixel as it is.

    Raises:
        AlphabarError: nothing is to be drawn, a mask of another size, more solver steps than
            the process has, or images that the model cannot draw.
    """
    times = _grid(model, sampling, images)
    if known.shape != images.shape[1:3]:
        raise AlphabarError(
            f"the mask is {_size(known.shape)} pixels, the image {_size(images.shape[1:3])}",
            "give a mask of the image's size",
        )
    if bool(known.all()):
        raise AlphabarError("the mask leaves nothing to draw", "make white what is to be drawn")
    options = solver_options(sampling)
    if "churn" in options:  # is noise over a run's steps, and each step is a run here
        options["churn"] = sampling.churn / sampling.steps
    kept = torch.from_numpy(known).to(model.device)[None, None]

    def fill(batch: Batch) -> Tensor:
        return inpaint(
            SOLVERS[sampling.solver],
            batch.denoise,
            from_images(images[batch.rows.numpy()], model),
            kept,
            times,
            noise=batch.noise,
            resamples=resamples,
            jump=jump,
            callback=batch.callback,
            **options,
        )

    total = visits(times.steps, resamples, jump)
    return draw_in_batches(
        model, sampling, conditions, len(images), fill, steps=total, progress=progress
    )


def _grid(
    model: Checkpoint, sampling: SamplingSpec, images: NDArray[np.uint8] | None = None
) -> Times:
    """The grid of a run, once it is known that the model can take it and the images."""
    check_steps(model, sampling)
    channels, height, width = model.image_shape
    if images is not None and images.shape[1:] != (height, width, channels):
        raise AlphabarError(
            f"images of shape {images.shape[1:]} cannot be edited",
            f"give images of {_size((height, width))} pixels with {channels} channel(s)",
        )
    return time_grid(model.schedule, sampling.steps, sampling.grid)


def _check_reversible(sampling: SamplingSpec) -> None:
    """Raise AlphabarError unless the run is deterministic and has one step back for each step."""
    if CATALOGUE_SOLVERS[sampling.solver].reversible and sampling.eta == 0:
        return
    eta = f" with eta {sampling.eta:g}" if sampling.eta else ""
    raise AlphabarError(
        f"solver `{sampling.solver}`{eta} cannot be run backwards",
        "invert with solver `ddim` and eta 0",
    )


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"
