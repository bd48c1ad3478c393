"""From a checkpoint, conditions and seeds to uint8 images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from components.errors import AlphabarError
from components.generation.denoising import build_denoiser, encode_conditions
from components.networks.checkpoint import Checkpoint
from components.runtime import Progress, silent
from components.sampling.denoiser import Denoise
from components.sampling.network import Evaluations
from components.sampling.noise import seeded_noise
from components.sampling.solvers import SOLVERS
from components.sampling.solvers.steps import Callback
from components.sampling.times import time_grid
from components.spec.catalogue import SOLVERS as CATALOGUE_SOLVERS
from components.spec.sections.sampling import SamplingSpec

BATCH = 256  # images at once: changes memory, not the images


@dataclass(frozen=True)
class Drawn:
    """Images and what they took.

    Attributes:
        images: (n, height, width, channel), uint8.
        network_evaluations: rows that went through networks, an image; measured.
    """

    images: NDArray[np.uint8]
    network_evaluations: float


@torch.inference_mode()
def generate(
    model: Checkpoint,
    sampling: SamplingSpec,
    *,
    classes: Sequence[int],
    captions: Sequence[str],
    guide: Checkpoint | None = None,
    progress: Progress = silent,
) -> Drawn:
    """One image for each (class, caption); image k is drawn from seed ``sampling.seed`` + k.

    Args:
        guide: the weaker model of ``sampling.guide: weaker``.

    Raises:
        AlphabarError: more solver steps than the process has, unknown classes, or a guide
            that does not fit the model.
    """
    total = len(captions)
    check_steps(model, sampling)
    evaluations, batches = Evaluations(), []
    for start in range(0, total, BATCH):
        here = slice(start, min(start + BATCH, total))
        # batch by batch, as long captions take much memory
        conditions = encode_conditions(model, sampling, classes[here], captions[here], guide)
        seeds = range(sampling.seed + here.start, sampling.seed + here.stop)

        def report(step: int, start: int = start, count: int = len(seeds)) -> None:
            # a solver with adaptive steps may take more of them, or fewer
            done = start * sampling.steps + count * min(step + 1, sampling.steps)
            progress(done, total * sampling.steps, "")

        denoise = build_denoiser(model, sampling, conditions, guide=guide, evaluations=evaluations)
        drawn = _solve(model, sampling, denoise, list(seeds), report)
        batches.append(to_images(drawn, model))
        report(sampling.steps)
    return Drawn(np.concatenate(batches), evaluations.rows / total)


def check_steps(model: Checkpoint, sampling: SamplingSpec) -> None:
    """Raise AlphabarError if the solver is to take more steps than the process has."""
    if sampling.steps > model.schedule.steps:
        raise AlphabarError(
            f"`sampling.steps: {sampling.steps}` is more than the process's {model.schedule.steps}",
            "use fewer solver steps",
        )


def solver_options(sampling: SamplingSpec) -> dict[str, object]:
    """The options that the chosen solver reads, by name."""
    return {name: getattr(sampling, name) for name in CATALOGUE_SOLVERS[sampling.solver].options}


def to_images(x0: Tensor, model: Checkpoint) -> NDArray[np.uint8]:
    """What ``model`` draws, (n, *`Codec.shape`), as images (n, height, width, channel).

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


def _solve(
    model: Checkpoint,
    sampling: SamplingSpec,
    denoise: Denoise,
    seeds: list[int],
    callback: Callback,
) -> Tensor:
    times = time_grid(model.schedule, sampling.steps, sampling.grid)
    noise = seeded_noise(seeds, model.codec.shape, model.device)
    start = (times.start_scale * noise(-1)).to(memory_format=torch.channels_last)
    solver, options = SOLVERS[sampling.solver], solver_options(sampling)
    return solver(denoise, start, times, noise=noise, callback=callback, **options)
