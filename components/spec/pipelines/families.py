"""Kinds of diffusers' pipelines that are read, by the class that model_index.json names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

VAE, SCHEDULER, UNET = "vae", "scheduler", "unet"
"""Parts of pipelines, as folders."""


@dataclass(frozen=True)
class TextPart:
    """A text encoder with its tokenizer, as folders of a pipeline.

    Attributes:
        encoder, tokenizer: the folders.
        kind: of `components.data.readers.family.FAMILIES`.
        positions: that are read of a caption, whatever the tokenizer says; None for what it does.
        optional: whether it may be left away.
    """

    encoder: str
    tokenizer: str
    kind: str = "clip"
    positions: int | None = None
    optional: bool = False


CLIP = TextPart("text_encoder", "tokenizer")
SECOND_CLIP = TextPart("text_encoder_2", "tokenizer_2")
SD3_POSITIONS = 256
"""Of T5."""

EMBEDDED_GUIDANCE = 3.5
"""The scale that a network with guidance distilled into it (Flux dev) is told, as its pipeline."""


@dataclass(frozen=True)
class Family:
    """A kind of pipeline.

    Attributes:
        words: what a message calls it.
        denoiser: the folder of its network.
        network: the class that reads it.
        texts: its text encoders, in the order in which they are joined.
        joined: how their states become what the network reads, as
            `components.networks.conditioners` knows it.
        zeroed: whether its absent condition is zeros, unless model_index.json says otherwise.
        flow: whether it is a rectified flow.
        packed: channels of the latents that the network sees in one: 4 where it is shown patches.
        patch: the latents' sides can be divided by it.
        sample_size: of the latents, where the network's configuration has none.
        usual: keys of the sampling section that its pipeline draws with, whatever its scheduler.
        told_guidance: the scale that a network with guidance distilled into it is told.
    """

    words: str
    denoiser: str
    network: str
    texts: tuple[TextPart, ...]
    joined: str
    zeroed: bool = False
    flow: bool = False
    packed: int = 1
    patch: int = 1
    sample_size: int | None = None
    usual: Mapping[str, Any] = field(default_factory=dict)
    told_guidance: float | None = None


FAMILIES: dict[str, Family] = {
    "StableDiffusionPipeline": Family(
        "Stable Diffusion 1.x or 2.x",
        UNET,
        "UNet2DConditionModel",
        (CLIP,),
        "one",
        usual={"steps": 50, "guidance": 7.5},
    ),
    "StableDiffusionXLPipeline": Family(
        "Stable Diffusion XL",
        UNET,
        "UNet2DConditionModel",
        (CLIP, SECOND_CLIP),
        "sdxl",
        zeroed=True,
        usual={"steps": 50, "guidance": 5.0},
    ),
    "StableDiffusion3Pipeline": Family(
        "Stable Diffusion 3",
        "transformer",
        "SD3Transformer2DModel",
        (
            CLIP,
            SECOND_CLIP,
            TextPart("text_encoder_3", "tokenizer_3", "t5", SD3_POSITIONS, optional=True),
        ),
        "sd3",
        flow=True,
        usual={"steps": 28, "guidance": 7.0},
    ),
    "FluxPipeline": Family(
        "Flux",
        "transformer",
        "FluxTransformer2DModel",
        (CLIP, TextPart("text_encoder_2", "tokenizer_2", "t5", 512)),
        "flux",
        flow=True,
        packed=4,
        patch=2,
        sample_size=128,
        usual={"steps": 28, "guidance": 1.0, "grid": "trailing"},
        told_guidance=EMBEDDED_GUIDANCE,
    ),
}

NETWORKS: dict[str, dict[str, Any]] = {
    "UNet2DConditionModel": {"in_channels": 4, "cross_attention_dim": 1280},
    "SD3Transformer2DModel": {
        "sample_size": 128,
        "patch_size": 2,
        "in_channels": 16,
        "joint_attention_dim": 4096,
        "pooled_projection_dim": 2048,
    },
    "FluxTransformer2DModel": {
        "in_channels": 64,
        "joint_attention_dim": 4096,
        "pooled_projection_dim": 768,
    },
}
"""Classes of diffusers that denoise → what they take where a configuration does not say."""
