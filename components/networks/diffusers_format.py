"""A checkpoint as diffusers reads it: a whole pipeline in a folder, with what it takes to use it.

model.safetensors  for alphabar
unet/ scheduler/   for diffusers; text_encoder/ tokenizer/ too where captions are read
model_index.json pipeline.py README.md
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from components.errors import AlphabarError
from components.files.json_file import write_json
from components.networks.checkpoint import Checkpoint, load_checkpoint
from components.networks.checkpoint_header import FILE_NAME
from components.networks.denoisers import DENOISERS, denoiser_of
from components.networks.export_readme import left_behind, readme
from components.spec.catalogue import CODECS, PREDICTIONS, SOLVERS

TAKEN_ALONG = Path(__file__).parent / "exported"
LEAST_BAR = 2.0**-24
"""ᾱ in the place of 0, as in diffusers' `rescale_betas_zero_snr`: its solvers work in σ/α."""


def save_diffusers(
    model: Path, out: Path, sampling: Mapping[str, Any], weights: Path | None = None
) -> list[str]:
    """Write the checkpoint in ``model`` into ``out``.

    Args:
        sampling: a sampling section: how the images that it is known by are drawn. Its steps,
            guidance scale and clipping go along, and `dpmpp_2m` where diffusers has it.
        weights: the folder in which an encoder's weights are looked for first.

    Returns:
        What of ``sampling`` the folder does not draw with, in words; README.md has them too.

    Raises:
        AlphabarError: the checkpoint is broken, or diffusers has nothing that draws the same.
    """
    checkpoint = load_checkpoint(model, weights=weights)
    network = _exported_network(model, checkpoint)
    sampling = {**sampling, "steps": min(sampling["steps"], checkpoint.schedule.steps)}
    shutil.copyfile(model / FILE_NAME, out / FILE_NAME)
    network.save_pretrained(out / "unet", safe_serialization=True)
    told = checkpoint.conditioner.exported()
    order = SOLVERS[sampling["solver"]].diffusers_order or 1
    scheduler = diffusers_scheduler(checkpoint, clip=sampling["clip"], order=order)
    scheduler.save_pretrained(out / "scheduler")
    stock = type(scheduler).__module__.startswith("diffusers.")
    if not stock:
        shutil.copy(TAKEN_ALONG / "alphabar_scheduler.py", out / "scheduler")
    shutil.copy(TAKEN_ALONG / "pipeline.py", out)
    name = type(scheduler).__name__
    index = {
        "_class_name": ["pipeline", "AlphabarPipeline"],
        "unet": ["diffusers", type(network).__name__],
        "scheduler": ["diffusers" if stock else "alphabar_scheduler", name],
        "text_encoder": [None, None],
        "tokenizer": [None, None],
        **told.index,
        **told.save(out),
        "steps": sampling["steps"],
        "guidance_scale": sampling["guidance"],
    }
    write_json(out / "model_index.json", index)
    text_of = readme(checkpoint.config, told, sampling, name, type(network).__name__)
    (out / "README.md").write_text(text_of, encoding="utf-8")
    return left_behind(sampling, name)


def _exported_network(model: Path, checkpoint: Checkpoint) -> Any:
    """The model of diffusers that computes what the checkpoint's network does.

    Raises:
        AlphabarError: codec, network or schedule have no counterpart in an exported pipeline.
    """
    config = checkpoint.config
    codec, kind, schedule = config.codec.kind, config.network.kind, config.process.schedule
    exported = denoiser_of(config.network.model_dump()).exported
    if CODECS[codec].levels is None:
        raise AlphabarError(
            f"{model} works on the latents of codec `{codec}`, which an exported pipeline has no "
            "decoder for",
            "export a model that works on pixels",
        )
    if exported is None:
        able = ", ".join(name for name, denoiser in DENOISERS.items() if denoiser.exported)
        raise AlphabarError(
            f"{model} has a network of kind `{kind}`, which diffusers has no counterpart of",
            f"export a model whose `network.kind` is {able}",
        )
    if checkpoint.schedule.alphas_cumprod is None:
        from components.networks.exported.alphabar_scheduler import WALKS

        if schedule not in WALKS:
            raise AlphabarError(
                f"{model} has the continuous schedule `{schedule}`, which an exported pipeline "
                "cannot walk",
                f"export a model whose `process.schedule` is a table, or {', '.join(WALKS)}",
            )
    return exported(checkpoint.network)


def diffusers_scheduler(checkpoint: Checkpoint, *, clip: bool = True, order: int = 1) -> Any:
    """A scheduler of diffusers that walks as `ddim` does on our grid, or else our own.

    DPM-Solver++ of first order is DDIM with η = 0, and of order 2 our `dpmpp_2m`; ours is of
    first order only. diffusers' `DDIMScheduler` is not: it steps to
    t − ⌊T/n⌋ instead of to the next time of its list, and clips x0 without moving ε. Thresholding
    at 1 is clipping.
    """
    process, bars = checkpoint.config.process, checkpoint.schedule.alphas_cumprod
    prediction = process.prediction
    theirs = PREDICTIONS[prediction].diffusers
    if bars is not None and theirs:
        from diffusers import DPMSolverMultistepScheduler

        bars = torch.where(bars == 0, LEAST_BAR, bars)
        before = torch.cat([torch.ones(1, dtype=torch.float64), bars[:-1]])
        return DPMSolverMultistepScheduler(
            num_train_timesteps=checkpoint.schedule.steps,
            trained_betas=(1 - bars / before).tolist(),
            prediction_type=theirs,
            algorithm_type="dpmsolver++",
            solver_order=order,
            thresholding=clip,
            sample_max_value=1.0,
            final_sigmas_type="zero",
            timestep_spacing="trailing",
        )
    from components.networks.exported.alphabar_scheduler import AlphabarScheduler

    return AlphabarScheduler(
        schedule="table" if bars is not None else process.schedule,
        num_train_timesteps=checkpoint.schedule.steps,
        alphas_cumprod=None if bars is None else bars.tolist(),
        shift=process.snr_shift,
        sigma_min=process.sigma_min,
        sigma_max=process.sigma_max,
        prediction_type=prediction,
        sigma_data=process.sigma_data,
        clip_sample=clip,
    )
