"""From a checkpoint, conditions and seeds to uint8 images."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.networks.checkpoint import Checkpoint
from components.networks.conditioning import Rows, take
from components.runtime import Progress, silent
from components.sampling.denoiser import denoiser
from components.sampling.guidance import evaluations_per_step, guided
from components.sampling.noise import seeded_noise
from components.sampling.solvers import SOLVERS
from components.sampling.solvers.steps import Callback
from components.sampling.times import time_grid
from components.spec.catalogue import SOLVERS as CATALOGUE_SOLVERS
from components.spec.models import SamplingSpec

BATCH = 256  # images at once: changes memory, not the images


@torch.inference_mode()
def generate(
    model: Checkpoint,
    sampling: SamplingSpec,
    *,
    classes: Sequence[int],
    captions: Sequence[str],
    progress: Progress = silent,
) -> NDArray[np.uint8]:
    """One image for each (class, caption); image k is drawn from seed ``sampling.seed`` + k.

    Returns:
        (n, height, width, channel), uint8.

    Raises:
        AlphabarError: more solver steps than the process has, or unknown classes.
    """
    total = len(captions)
    if sampling.steps > model.schedule.steps:
        raise AlphabarError(
            f"`sampling.steps: {sampling.steps}` is more than the process's {model.schedule.steps}",
            "use fewer solver steps",
        )
    rows, null = model.conditioner.encode(classes, captions), model.conditioner.null(total)
    batches = []
    for start in range(0, total, BATCH):
        chosen = torch.arange(start, min(start + BATCH, total))

        def report(step: int, start: int = start, count: int = len(chosen)) -> None:
            progress(start * sampling.steps + count * (step + 1), total * sampling.steps, "")

        seeds = [sampling.seed + int(k) for k in chosen]
        batches.append(
            _batch(model, sampling, take(rows, chosen), take(null, chosen), seeds, report)
        )
    return np.concatenate(batches)


def network_evaluations(model: Checkpoint, sampling: SamplingSpec) -> int:
    """Network evaluations an image costs."""
    conditional = model.config["conditioning"]["encoder"] != "none"
    return sampling.steps * evaluations_per_step(sampling.guidance, conditional)


def _batch(
    model: Checkpoint,
    sampling: SamplingSpec,
    rows: Rows,
    null: Rows,
    seeds: list[int],
    callback: Callback,
) -> NDArray[np.uint8]:
    device = model.device
    times = time_grid(model.schedule, sampling.steps, sampling.grid)
    noise = seeded_noise(seeds, model.image_shape, device)
    predict = guided(model.predict, _to(rows, device), _to(null, device), sampling.guidance)
    denoise = denoiser(predict, model.schedule, model.prediction, clip=sampling.clip)
    start = (times.start_scale * noise(-1)).to(memory_format=torch.channels_last)
    names = CATALOGUE_SOLVERS[sampling.solver].options
    options = {name: getattr(sampling, name) for name in names}
    x0 = SOLVERS[sampling.solver](denoise, start, times, noise=noise, callback=callback, **options)
    pixels = ((x0.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    images: NDArray[np.uint8] = pixels.permute(0, 2, 3, 1).cpu().numpy()
    return images


def _to(rows: Rows, device: torch.device) -> Rows:
    return {name: tensor.to(device) for name, tensor in rows.items()}
