"""The families of Stable Diffusion that have a layout in one file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from components.networks.export.single_file.clip_names import as_open_clip, as_transformers

Named = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]


@dataclass(frozen=True)
class Family:
    """How a family's file is read by others.

    Attributes:
        pipeline: diffusers' class.
        text: folder of each text encoder → before its names in the file, and the names.
        vae_scale: latents are multiplied by it: the file does not say, so readers know it.
        architecture: prediction → what `modelspec.architecture` calls it.
    """

    pipeline: str
    text: Mapping[str, tuple[str, Named]]
    vae_scale: float
    architecture: Mapping[str, str]


SD1 = Family(
    "StableDiffusionPipeline",
    {"text_encoder": ("cond_stage_model.transformer.", as_transformers)},
    0.18215,
    dict.fromkeys(("epsilon", "v"), "stable-diffusion-v1"),
)
SD2 = Family(
    "StableDiffusionPipeline",
    {"text_encoder": ("cond_stage_model.model.", as_open_clip)},
    0.18215,
    {"epsilon": "stable-diffusion-v2-512", "v": "stable-diffusion-v2-768-v"},
)
SDXL = Family(
    "StableDiffusionXLPipeline",
    {
        "text_encoder": ("conditioner.embedders.0.transformer.", as_transformers),
        "text_encoder_2": ("conditioner.embedders.1.model.", as_open_clip),
    },
    0.13025,
    dict.fromkeys(("epsilon", "v"), "stable-diffusion-xl-v1-base"),
)
