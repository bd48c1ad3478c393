"""An exported folder's model in one file as well, for programs that read Stable Diffusion so."""

from dataclasses import replace
from pathlib import Path

import torch

from components.errors import AlphabarError
from components.networks.export.export import OWN, Export
from components.networks.export.single_file.family import SD1, SD2, SDXL, Family
from components.networks.export.single_file.write import PREDICTIONS, Told, save_single_file
from components.networks.export.stable_diffusion import foldable
from components.process.schedules import build_schedule
from components.spec.sections.process import ProcessSpec


def family_of(export: Export) -> Family:
    """The family whose layout the model has.

    Raises:
        AlphabarError: it is not like Stable Diffusion.
    """
    if export.pipeline == OWN:
        raise AlphabarError(
            f"{export.checkpoint.origin} is not like Stable Diffusion, whose layout one file has: "
            "a UNet on latents of a VAE that reads captions by one CLIP, or two, with a table of "
            "noise, drawn at times that diffusers' pipeline for it takes",
            "leave out --single-file",
        )
    assert export.codec.vae is not None
    linear = export.network.config.use_linear_projection
    usual = SD2 if linear else SD1
    family = SDXL if export.pipeline == SDXL.pipeline else usual
    vae = export.codec.vae()
    if vae.config.scaling_factor != family.vae_scale and not foldable(vae):
        raise AlphabarError(
            f"{export.checkpoint.origin} has a VAE with scaling_factor {vae.config.scaling_factor}"
            f", and who reads one file takes it to be {family.vae_scale}",
            "leave out --single-file",
        )
    return family


def write_one_file(export: Export, out: Path, name: str) -> Export:
    """Write ``out``/``name``.safetensors from the parts in ``out``; returns the export with it.

    Raises:
        AlphabarError: the layout has no name for a layer, or no word for the prediction.
    """
    schedule, images = export.checkpoint.schedule, export.checkpoint.config.images
    bars = schedule.alphas_cumprod
    assert bars is not None
    zero_snr = bool(bars[-1] == 0)
    told = Told(
        name,
        export.scheduler.config.prediction_type,
        zero_snr,
        images.size,
        export.licences[0].licence.name if export.licences else "",
    )
    family, file = family_of(export), f"{name}.safetensors"
    save_single_file(out, out / file, family, told)
    marks = f"modelspec.prediction_type {PREDICTIONS[told.prediction]}"
    marks += ", the mark ztsnr" if zero_snr else ""
    words = [f"{file} is the same in one file ({marks})"]
    usual = ProcessSpec(schedule="scaled_linear", zero_terminal_snr=zero_snr, prediction="v")
    theirs = build_schedule(usual.model_dump()).alphas_cumprod
    if theirs is None or bars.shape != theirs.shape or not torch.allclose(bars, theirs, atol=1e-6):
        words.append(
            "not in the one file: the noise schedule "
            f"`{export.checkpoint.config.process.schedule}`; programs other than diffusers with "
            "`config` take it to be Stable Diffusion's"
        )
    return replace(export, file=file, one_file=words)
