"""README.md of an exported model: what it is, how to draw with it, what was left behind."""

from collections.abc import Mapping
from typing import Any

from components.networks.conditioners.conditioner import Exported
from components.spec.catalogue import GRIDS, GUIDANCE, SOLVERS
from components.spec.catalogue.sampling import guide_of
from components.spec.model_config import ModelConfig
from components.spec.sections.sampling import SamplingSpec


def readme(
    config: ModelConfig,
    told: Exported,
    sampling: Mapping[str, Any],
    scheduler: str,
    unet: str,
) -> str:
    """The text; its two blocks of Python run in the folder and draw the same images.

    Args:
        config: of the model.
        told: what the model is told of an image.
        sampling: how alphabar draws with the model.
        scheduler, unet: names of the exported classes.
    """
    parts = [
        "# A diffusion model for diffusers\n",
        _what(config, told),
        _settings(sampling, scheduler),
        "## As a pipeline\n",
        "Run in this folder. Seed k gives image k of alphabar; `trust_remote_code` lets diffusers "
        "run `pipeline.py`" + ("" if _stock(scheduler) else " and the scheduler's file") + ".\n",
        _block(_pipeline_code(told, sampling)),
        "## By hand\n",
        _by_hand_words(scheduler),
        _block(_loop_code(config, told, sampling, scheduler, unet)),
    ]
    left = left_behind(sampling, scheduler)
    if left:
        parts += ["## What is not exported\n", *(f"- {line}" for line in left), ""]
    return "\n".join(parts)


def left_behind(sampling: Mapping[str, Any], scheduler: str) -> list[str]:
    """What of a sampling section the folder does not draw with, in words.

    Args:
        scheduler: name of the exported class.
    """
    left = []
    kept = {1, 2} if _stock(scheduler) else {1}
    order = SOLVERS[sampling["solver"]].diffusers_order
    if order not in kept or sampling["eta"] or sampling["churn"]:
        left.append(
            f"alphabar draws with solver `{sampling['solver']}`"
            + "".join(f", {name} {sampling[name]:g}" for name in ("eta", "churn") if sampling[name])
            + "; the folder with DDIM, eta 0"
        )
    if not GRIDS[sampling["grid"]].exported:
        theirs = next(name for name, grid in GRIDS.items() if grid.exported)
        left.append(f"alphabar's grid is `{sampling['grid']}`; the folder's is `{theirs}`")
    if not GUIDANCE[sampling["guidance_kind"]].exported:
        left.append(f"guidance of kind `{sampling['guidance_kind']}`; the folder's is `cfg`")
    read = ("guidance_rescale", "guidance_sigma_min", "guidance_sigma_max", "negative_prompt")
    left += [
        f"`{name}: {sampling[name]}`"
        for name in read
        if sampling[name] != SamplingSpec.model_fields[name].default
    ]
    if lost := guide_of(sampling).left_behind:
        left.append(lost)
    return left


def _what(config: ModelConfig, told: Exported) -> str:
    images, process = config.images, config.process
    depth = "grey" if images.channels == 1 else f"{images.channels} channels"
    line = (
        f"{images.size} × {images.size} pixels, {depth}, within [−1, 1]. Schedule "
        f"`{process.schedule}`, prediction `{process.prediction}`, {process.steps} steps "
        "of training. Written by alphabar; `model.safetensors` is the same model for alphabar.\n"
    )
    return f"{line}\n{told.words}"


def _settings(sampling: Mapping[str, Any], scheduler: str) -> str:
    clip = "held within [−1, 1]" if sampling["clip"] else "not clipped"
    second = SOLVERS[sampling["solver"]].diffusers_order == 2 and _stock(scheduler)
    solver = "DPM-Solver++(2M)" if second else "DDIM with eta 0"
    return (
        f"Drawn in {sampling['steps']} steps at guidance {sampling['guidance']:g}, x0 {clip} "
        f"(`{scheduler}`: {solver}, trailing grid).\n"
    )


def _by_hand_words(scheduler: str) -> str:
    if not _stock(scheduler):
        return (
            "diffusers has no scheduler for this process that gives the same images at every "
            "number of steps: `scheduler/alphabar_scheduler.py` is one, on torch and diffusers.\n"
        )
    return (
        "The classes are diffusers' own. `DPMSolverMultistepScheduler` of order 1 is DDIM; with "
        "`solver_order=2` it is alphabar's `dpmpp_2m`. `DDIMScheduler` does not give these images: "
        "it steps to t − ⌊T/n⌋ where n does not divide T, and clips x0 without moving ε.\n"
    )


def _pipeline_code(told: Exported, sampling: Mapping[str, Any]) -> list[str]:
    call = ["    prompts,"] if told.prompts else []
    return [
        "import torch",
        "from diffusers import DiffusionPipeline",
        "",
        f"steps, guidance = {sampling['steps']}, {sampling['guidance']:g}",
        *([f"prompts = {told.prompts!r}"] if told.prompts else []),
        "seeds = [0, 1]",
        'pipeline = DiffusionPipeline.from_pretrained(".", trust_remote_code=True)',
        "images = pipeline(",
        *call,
        "    generator=[torch.Generator().manual_seed(k) for k in seeds],",
        "    num_inference_steps=steps,",
        "    guidance_scale=guidance,",
        ").images",
    ]


def _loop_code(
    config: ModelConfig,
    told: Exported,
    sampling: Mapping[str, Any],
    scheduler: str,
    unet: str,
) -> list[str]:
    images = config.images
    shape = f"({images.channels}, {images.size}, {images.size})"
    imported = [f"from diffusers import {scheduler}, {unet}"]
    if not _stock(scheduler):
        imported = [
            "import sys",
            f"from diffusers import {unet}",
            'sys.path.insert(0, "scheduler")',
            f"from alphabar_scheduler import {scheduler}",
        ]
    again = [
        "# of 61 steps and some others diffusers makes 62",
        "scheduler.set_timesteps(timesteps=scheduler.timesteps[:steps].tolist())",
    ]
    guided = [
        "        weak = unet(seen, timestep=t.expand(len(x)), **null).sample",
        "        output = weak + guidance * (output - weak)",
    ]
    return [
        "import torch",
        *imported,
        *told.imports,
        "",
        f"steps, guidance = {sampling['steps']}, {sampling['guidance']:g}",
        "seeds = [0, 1]",
        f'unet = {unet}.from_pretrained("unet").eval()',
        f'scheduler = {scheduler}.from_pretrained("scheduler")',
        *told.code,
        "scheduler.set_timesteps(steps)",
        *(again if _stock(scheduler) else []),
        f"noise = [torch.randn{shape[:-1]}, generator=torch.Generator().manual_seed(k)) "
        "for k in seeds]",
        "x = torch.stack(noise) * scheduler.init_noise_sigma",
        "with torch.inference_mode():",
        "    for t in scheduler.timesteps:",
        "        seen = scheduler.scale_model_input(x, t)",
        "        output = unet(seen, timestep=t.expand(len(x)), **told).sample",
        *(guided if told.prompts else []),
        "        x = scheduler.step(output, t, x).prev_sample",
        "pixels = ((x + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)",
    ]


def _stock(scheduler: str) -> bool:
    return scheduler != "AlphabarScheduler"


def _block(lines: list[str]) -> str:
    return "\n".join(["```python", *lines, "```", ""])
