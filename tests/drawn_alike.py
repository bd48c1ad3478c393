"""The same images by our sampler and by a pipeline of diffusers: equal prompts, seeds and steps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from components.generation.asked import prompts_of
from components.generation.generate import generate
from components.generation.sampler import load_sampler
from components.spec.model_folder import own_sampling
from components.spec.sections.sampling import SamplingSpec

Adapters = Sequence[tuple[Path, float]]


def by_us(
    model: Path,
    prompts: Sequence[str],
    steps: int,
    guidance: float,
    adapters: Adapters = (),
    base: Path | None = None,
) -> Tensor:
    """Two images in [−1, 1], (2, height, width, channel), in the way of the pipeline's directory.

    Args:
        model: that directory, or an adapter of ours, whose ``base`` it then is.
    """
    own = own_sampling(base or model) | {"steps": steps, "guidance": guidance}
    settings = SamplingSpec.model_validate(own)
    sampler = load_sampler(model, settings, base=base, adapters=adapters)
    found = generate(sampler, prompts_of(sampler.model, prompts, 2)).images
    return torch.from_numpy(found) / 127.5 - 1


def by_diffusers(pipeline: Any, prompts: Sequence[str], steps: int, guidance: float) -> Tensor:
    """The same by a pipeline, as it is."""
    images = pipeline(
        prompts,
        num_inference_steps=steps,
        guidance_scale=guidance,
        generator=[torch.Generator().manual_seed(k) for k in (0, 1)],
        output_type="np",
    ).images
    return torch.from_numpy(images) * 2 - 1
