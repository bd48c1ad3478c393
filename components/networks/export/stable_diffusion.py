"""The layout of a model that is like Stable Diffusion: diffusers' own pipeline draws with it."""

import math
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch

from components.networks.codecs.autoencoder_files import scale_and_shift, write_autoencoder
from components.networks.codecs.codec import ExportedCodec
from components.networks.conditioners.conditioner import Exported
from components.networks.export.export import Export
from components.spec.codec_files import VAE
from components.spec.pipelines.folder import OLD_SCHEDULER

DIVISOR = 8
"""The pipelines draw images whose sides it divides."""

SETTINGS: dict[str, dict[str, Any]] = {
    "StableDiffusionPipeline": {"safety_checker": [None, None], "requires_safety_checker": False},
    "StableDiffusionXLPipeline": {"force_zeros_for_empty_prompt": False},
}
"""Pipeline → what its model_index.json says of a model that was trained here."""


def pipeline_of(network: Any, scheduler: Any, told: Exported, codec: ExportedCodec) -> str | None:
    """diffusers' pipeline that draws as the model does; None where there is none."""
    if told.pipeline is None or codec.vae is None or codec.side % DIVISOR:
        return None
    if told.pipeline == OLD_SCHEDULER and scheduler.config.get("steps_offset") != 1:
        return None  # it would move every time that is drawn at
    theirs = type(scheduler).__module__.startswith("diffusers.")
    unet = type(network).__name__ == "UNet2DConditionModel"
    vae = codec.vae()
    plain = scale_and_shift(vae)[1] == 0
    return told.pipeline if theirs and unet and (plain or foldable(vae)) else None


def write_pipeline(export: Export, out: Path, scale: float | None) -> dict[str, Any]:
    """Write all parts into ``out``; returns model_index.json.

    Args:
        scale: what the VAE's latents are to be multiplied by; None for what they are.
    """
    import diffusers

    assert export.codec.vae is not None
    vae = export.codec.vae()
    write_autoencoder(out / VAE, folded(vae, scale or scale_and_shift(vae)[0]))
    export.network.save_pretrained(out / "unet", safe_serialization=True)
    export.scheduler.save_pretrained(out / "scheduler")
    return {
        "_class_name": export.pipeline,
        "_diffusers_version": diffusers.__version__,
        VAE: ["diffusers", "AutoencoderKL"],
        "unet": ["diffusers", export.unet_name],
        "scheduler": ["diffusers", export.scheduler_name],
        **dict.fromkeys(("feature_extractor", "image_encoder"), [None, None]),
        **SETTINGS[export.pipeline],
        **export.told.settings,
        **export.told.save(out),
    }


def foldable(vae: Any) -> bool:
    """Whether what its latents are shifted and multiplied by can go into its weights."""
    return vae.quant_conv is not None and vae.post_quant_conv is not None


@torch.no_grad()
def folded(vae: Any, scale: float) -> Any:
    """The same autoencoder with latents that are not shifted, and multiplied by ``scale``.

    The pipelines shift no latents, and who reads one file knows one scale. With z the latents
    and z' the new ones, (z − shift) · own = z' · scale: the last layer of the encoder, of mean and
    log-variance, and the first of the decoder are convolutions of 1 × 1 that take this in.
    """
    own, shift = scale_and_shift(vae)
    if shift == 0 and own == scale:
        return vae
    vae, ratio = deepcopy(vae), scale / own
    first, last, means = vae.post_quant_conv, vae.quant_conv, vae.config.latent_channels
    first.bias += shift * first.weight.sum((1, 2, 3))
    first.weight *= ratio
    last.weight[:means] /= ratio
    last.bias[:means] = (last.bias[:means] - shift) / ratio
    last.bias[means:] -= 2 * math.log(ratio)
    vae.register_to_config(scaling_factor=scale, shift_factor=None)
    return vae
