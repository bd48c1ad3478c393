"""Directories of pipelines as others publish them: real layouts and configurations, diffusers' and
transformers' own classes, random weights of a few kilobytes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from tests.tiny_text_encoders import tiny_clip, tiny_t5

SD1_SCHEDULER: dict[str, Any] = {
    "_class_name": "PNDMScheduler",
    "_diffusers_version": "0.6.0",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
}
"""As stable-diffusion-v1-5 has it."""

SD2_SCHEDULER = SD1_SCHEDULER | {"_class_name": "DDIMScheduler", "prediction_type": "v_prediction"}
"""As stable-diffusion-2-1 has it."""

SDXL_SCHEDULER = SD1_SCHEDULER | {
    "_class_name": "EulerDiscreteScheduler",
    "interpolation_type": "linear",
    "prediction_type": "epsilon",
    "sample_max_value": 1.0,
    "timestep_spacing": "leading",
    "use_karras_sigmas": False,
}
"""As stable-diffusion-xl-base-1.0 has it."""

SD3_SCHEDULER: dict[str, Any] = {
    "_class_name": "FlowMatchEulerDiscreteScheduler",
    "num_train_timesteps": 1000,
    "shift": 3.0,
}
"""As stable-diffusion-3-medium has it."""

FLUX_SCHEDULER = SD3_SCHEDULER | {
    "base_image_seq_len": 256,
    "base_shift": 0.5,
    "max_image_seq_len": 4096,
    "max_shift": 1.15,
    "use_dynamic_shifting": True,
}
"""As FLUX.1-dev has it."""

CLIP, T5 = ("transformers", "CLIPTokenizer"), ("transformers", "T5TokenizerFast")


def write_sd1(
    folder: Path, scheduler: Mapping[str, Any] = SD1_SCHEDULER, *, grey: bool = False, **unet: Any
) -> Path:
    """Stable Diffusion 1.x, of grey images if asked for; ``unet`` changes its configuration."""
    tiny_clip(folder / "text_encoder", tokenizer=folder / "tokenizer")
    _save(_unet(16, **unet), folder / "unet")
    channels = 1 if grey else 3
    _save(_vae(in_channels=channels, out_channels=channels), folder / "vae")
    parts = {
        "text_encoder": ("transformers", "CLIPTextModel"),
        "tokenizer": CLIP,
        "unet": ("diffusers", "UNet2DConditionModel"),
        "safety_checker": (None, None),
        "feature_extractor": (None, None),
    }
    return _write_index(folder, "StableDiffusionPipeline", parts, scheduler)


def write_sd2(folder: Path, scheduler: Mapping[str, Any] = SD2_SCHEDULER) -> Path:
    """Stable Diffusion 2.x: heads of equal width, linear projections, padding by `!`."""
    write_sd1(folder, scheduler, attention_head_dim=(2, 4), use_linear_projection=True)
    told = {"pad": "!", "hidden_act": "gelu"}
    tiny_clip(folder / "text_encoder", tokenizer=folder / "tokenizer", **told)
    return folder


def write_sd1_whole_alpha(folder: Path) -> Path:
    """SD 1 whose last step leads to the image itself."""
    return write_sd1(folder, SD1_SCHEDULER | {"set_alpha_to_one": True})


def write_sd2_zero_snr(folder: Path) -> Path:
    """SD 2 with zero terminal SNR, sampled from pure noise (Lin 2023)."""
    changes = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    return write_sd2(folder, SD2_SCHEDULER | changes)


def write_sdxl(folder: Path, scheduler: Mapping[str, Any] = SDXL_SCHEDULER) -> Path:
    """Stable Diffusion XL: two encoders, a pooled text and six sizes."""
    tiny_clip(folder / "text_encoder", tokenizer=folder / "tokenizer")
    second = {"width": 24, "projection": 24, "pad": "!", "seed": 1}
    tiny_clip(folder / "text_encoder_2", tokenizer=folder / "tokenizer_2", **second)
    told = {
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 6 * 8 + 24,
        "transformer_layers_per_block": (1, 2),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "use_linear_projection": True,
    }
    _save(_unet(16 + 24, **told), folder / "unet")
    _save(_vae(scaling_factor=0.13025, force_upcast=True), folder / "vae")
    parts = {
        "force_zeros_for_empty_prompt": True,
        "text_encoder": ("transformers", "CLIPTextModel"),
        "text_encoder_2": ("transformers", "CLIPTextModelWithProjection"),
        "tokenizer": CLIP,
        "tokenizer_2": CLIP,
        "unet": ("diffusers", "UNet2DConditionModel"),
    }
    return _write_index(folder, "StableDiffusionXLPipeline", parts, scheduler)


def write_sd3(
    folder: Path, scheduler: Mapping[str, Any] = SD3_SCHEDULER, *, t5: bool = True
) -> Path:
    """Stable Diffusion 3: a transformer of a rectified flow; two encoders, and T5."""
    from diffusers import SD3Transformer2DModel

    tiny_clip(folder / "text_encoder", tokenizer=folder / "tokenizer", projection=16)
    second = {"width": 24, "projection": 24, "pad": "!", "seed": 1}
    tiny_clip(folder / "text_encoder_2", tokenizer=folder / "tokenizer_2", **second)
    if t5:
        tiny_t5(folder / "text_encoder_3", tokenizer=folder / "tokenizer_3", width=48)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformer = SD3Transformer2DModel(
            sample_size=8,
            patch_size=2,
            in_channels=16,
            num_layers=2,
            attention_head_dim=8,
            num_attention_heads=2,
            joint_attention_dim=48,
            caption_projection_dim=16,
            pooled_projection_dim=40,
            out_channels=16,
            pos_embed_max_size=8,
        )
    _save(transformer, folder / "transformer")
    flat = {"use_quant_conv": False, "use_post_quant_conv": False}
    _save(_vae(16, scaling_factor=1.5305, shift_factor=0.0609, **flat), folder / "vae")
    third = ("transformers", "T5EncoderModel") if t5 else (None, None)
    parts = {
        "text_encoder": ("transformers", "CLIPTextModelWithProjection"),
        "text_encoder_2": ("transformers", "CLIPTextModelWithProjection"),
        "text_encoder_3": third,
        "tokenizer": CLIP,
        "tokenizer_2": CLIP,
        "tokenizer_3": T5 if t5 else (None, None),
        "transformer": ("diffusers", "SD3Transformer2DModel"),
    }
    return _write_index(folder, "StableDiffusion3Pipeline", parts, scheduler)


def write_flux(
    folder: Path, scheduler: Mapping[str, Any] = FLUX_SCHEDULER, *, guided: bool = True
) -> Path:
    """Flux: latents in patches, T5's states and CLIP's pooled text, guidance as a number told."""
    from diffusers import FluxTransformer2DModel

    tiny_clip(folder / "text_encoder", tokenizer=folder / "tokenizer")
    tiny_t5(folder / "text_encoder_2", tokenizer=folder / "tokenizer_2", width=24)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformer = FluxTransformer2DModel(
            patch_size=1,
            in_channels=64,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=24,
            pooled_projection_dim=16,
            guidance_embeds=guided,
            axes_dims_rope=(4, 4, 8),
        )
    _save(transformer, folder / "transformer")
    flat = {"use_quant_conv": False, "use_post_quant_conv": False}
    _save(_vae(16, scaling_factor=0.3611, shift_factor=0.1159, **flat), folder / "vae")
    parts = {
        "text_encoder": ("transformers", "CLIPTextModel"),
        "text_encoder_2": ("transformers", "T5EncoderModel"),
        "tokenizer": CLIP,
        "tokenizer_2": T5,
        "transformer": ("diffusers", "FluxTransformer2DModel"),
    }
    return _write_index(folder, "FluxPipeline", parts, scheduler)


def _vae(channels: int = 4, **changes: Any) -> Any:
    """Two resolutions: latents of half the side."""
    from diffusers import AutoencoderKL

    with torch.random.fork_rng():
        torch.manual_seed(1)
        return AutoencoderKL(
            block_out_channels=(8, 16),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            layers_per_block=1,
            latent_channels=channels,
            norm_num_groups=4,
            sample_size=16,
            **changes,
        )


def _unet(width: int, **changes: Any) -> Any:
    """Two resolutions, cross-attention at the larger."""
    from diffusers import UNet2DConditionModel

    usual: dict[str, Any] = {
        "sample_size": 8,
        "block_out_channels": (8, 16),
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "layers_per_block": 1,
        "cross_attention_dim": width,
        "attention_head_dim": 2,
        "norm_num_groups": 4,
    }
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return UNet2DConditionModel(**usual | changes)


def _save(network: Any, folder: Path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        for name, weights in network.named_parameters():
            if "norm" not in name:  # their own start leaves whole branches at 0
                torch.nn.init.normal_(weights, std=0.1)
    network.save_pretrained(folder)


def _write_index(
    folder: Path, kind: str, parts: Mapping[str, Any], scheduler: Mapping[str, Any]
) -> Path:
    (folder / "scheduler").mkdir(exist_ok=True)
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(dict(scheduler)))
    shared = {
        "_class_name": kind,
        "_diffusers_version": "0.30.0",
        "scheduler": ("diffusers", scheduler["_class_name"]),
        "vae": ("diffusers", "AutoencoderKL"),
    }
    (folder / "model_index.json").write_text(json.dumps(shared | dict(parts)))
    return folder
