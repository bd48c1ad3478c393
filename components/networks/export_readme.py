"""README.md of an exported model: what it is, how to draw with it, what was left behind."""

from collections.abc import Mapping
from typing import Any

from components.spec.sections.network import ENCODER_LIMIT
from components.spec.sections.sampling import SamplingSpec


def readme(
    config: Mapping[str, Any], sampling: Mapping[str, Any], scheduler: str, unet: str
) -> str:
    """The text; its two blocks of Python run in the folder and draw the same images.

    Args:
        config: a checkpoint's header.
        sampling: how alphabar draws with the model.
        scheduler, unet: names of the exported classes.
    """
    parts = [
        "# A diffusion model for diffusers\n",
        _what(config),
        _settings(sampling, scheduler),
        "## As a pipeline\n",
        "Run in this folder. Seed k gives image k of alphabar; `trust_remote_code` lets diffusers "
        "run `pipeline.py`" + ("" if _stock(scheduler) else " and the scheduler's file") + ".\n",
        _block(_pipeline_code(config, sampling)),
        "## By hand\n",
        _by_hand_words(scheduler),
        _block(_loop_code(config, sampling, scheduler, unet)),
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
    kept = {"ddim", "euler"} | ({"dpmpp_2m"} if _stock(scheduler) else set())
    if sampling["solver"] not in kept or sampling["eta"] or sampling["churn"]:
        left.append(
            f"alphabar draws with solver `{sampling['solver']}`"
            + "".join(f", {name} {sampling[name]:g}" for name in ("eta", "churn") if sampling[name])
            + "; the folder with DDIM, eta 0"
        )
    if sampling["grid"] != "trailing":
        left.append(f"alphabar's grid is `{sampling['grid']}`; the folder's is `trailing`")
    if sampling["guidance_kind"] != "cfg":
        left.append(f"guidance of kind `{sampling['guidance_kind']}`; the folder's is `cfg`")
    read = ("guidance_rescale", "guidance_sigma_min", "guidance_sigma_max", "negative_prompt")
    left += [
        f"`{name}: {sampling[name]}`"
        for name in read
        if sampling[name] != SamplingSpec.model_fields[name].default
    ]
    if sampling["guide"] == "weaker":
        left.append("the weaker model that guides it")
    return left


def _what(config: Mapping[str, Any]) -> str:
    images, process, kind = config["images"], config["process"], config["conditioning"]["encoder"]
    depth = "grey" if images["channels"] == 1 else f"{images['channels']} channels"
    lines = [
        f"{images['size']} × {images['size']} pixels, {depth}, within [−1, 1]. Schedule "
        f"`{process['schedule']}`, prediction `{process['prediction']}`, {process['steps']} steps "
        "of training. Written by alphabar; `model.safetensors` is the same model for alphabar.\n"
    ]
    if kind == "class":
        classes = images["classes"]
        named = ", ".join(f"{index} `{label}`" for index, label in enumerate(classes[:100]))
        more = f" and so on, up to {len(classes) - 1}" if len(classes) > 100 else ""
        lines.append(
            f"It draws {len(classes)} classes: {named}{more}. "
            f"Class {len(classes)} is the null class: no condition, which guidance needs.\n"
        )
    elif kind == "minilm":
        lines.append(
            f"It reads captions of up to {ENCODER_LIMIT} tokens: all-MiniLM-L6-v2 in "
            "`text_encoder/` and `tokenizer/`, its last hidden states with their mask. The empty "
            "caption is no condition, which guidance needs.\n"
        )
    else:
        lines.append("It is unconditional: there is nothing to guide it by.\n")
    return "\n".join(lines)


def _settings(sampling: Mapping[str, Any], scheduler: str) -> str:
    clip = "held within [−1, 1]" if sampling["clip"] else "not clipped"
    second = sampling["solver"] == "dpmpp_2m" and _stock(scheduler)
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


def _pipeline_code(config: Mapping[str, Any], sampling: Mapping[str, Any]) -> list[str]:
    kind = config["conditioning"]["encoder"]
    call = ["    prompts,"] if kind != "none" else []
    return [
        "import torch",
        "from diffusers import DiffusionPipeline",
        "",
        f"steps, guidance = {sampling['steps']}, {sampling['guidance']:g}",
        *_prompts(config),
        "seeds = [0, 1]",
        'pipeline = DiffusionPipeline.from_pretrained(".", trust_remote_code=True)',
        "images = pipeline(",
        *call,
        "    generator=[torch.Generator().manual_seed(k) for k in seeds],",
        "    num_inference_steps=steps,",
        "    guidance_scale=guidance,",
        ").images",
    ]


def _prompts(config: Mapping[str, Any]) -> list[str]:
    kind, classes = config["conditioning"]["encoder"], config["images"]["classes"]
    if kind == "none":
        return []
    asked = classes if kind == "class" else config.get("captions") or ["a picture"]
    return [f"prompts = {[asked[0], asked[-1]]!r}"]


def _loop_code(
    config: Mapping[str, Any], sampling: Mapping[str, Any], scheduler: str, unet: str
) -> list[str]:
    kind, images = config["conditioning"]["encoder"], config["images"]
    shape = f"({images['channels']}, {images['size']}, {images['size']})"
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
        "        weak = unet(seen, t, **null).sample",
        "        output = weak + guidance * (output - weak)",
    ]
    return [
        "import torch",
        *imported,
        *(["from transformers import AutoModel, AutoTokenizer"] if kind == "minilm" else []),
        "",
        f"steps, guidance = {sampling['steps']}, {sampling['guidance']:g}",
        "seeds = [0, 1]",
        f'unet = {unet}.from_pretrained("unet").eval()',
        f'scheduler = {scheduler}.from_pretrained("scheduler")',
        *_condition_code(config),
        "scheduler.set_timesteps(steps)",
        *(again if _stock(scheduler) else []),
        f"noise = [torch.randn{shape[:-1]}, generator=torch.Generator().manual_seed(k)) "
        "for k in seeds]",
        "x = torch.stack(noise) * scheduler.init_noise_sigma",
        "with torch.inference_mode():",
        "    for t in scheduler.timesteps:",
        "        seen = scheduler.scale_model_input(x, t)",
        "        output = unet(seen, t, **told).sample",
        *(guided if kind != "none" else []),
        "        x = scheduler.step(output, t, x).prev_sample",
        "pixels = ((x + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)",
    ]


def _condition_code(config: Mapping[str, Any]) -> list[str]:
    kind, classes = config["conditioning"]["encoder"], config["images"]["classes"]
    if kind == "none":
        return ["told = {}"]
    if kind == "class":
        count = len(classes)
        return [
            f'told = {{"class_labels": torch.tensor([0, {count - 1}])}}',
            f'null = {{"class_labels": torch.tensor([{count}, {count}])}}',
        ]
    return [
        *_prompts(config),
        'tokenizer = AutoTokenizer.from_pretrained("tokenizer")',
        'encoder = AutoModel.from_pretrained("text_encoder").eval()',
        "",
        "def tell(captions):",
        "    tokens = tokenizer(",
        "        captions, padding=True, truncation=True,",
        f'        max_length={ENCODER_LIMIT}, return_tensors="pt",',
        "    )",
        "    with torch.inference_mode():",
        "        states = encoder(**tokens).last_hidden_state",
        '    mask = tokens["attention_mask"]',
        '    return {"encoder_hidden_states": states, "encoder_attention_mask": mask}',
        "",
        'told, null = tell(prompts), tell([""] * len(prompts))',
    ]


def _stock(scheduler: str) -> bool:
    return scheduler != "AlphabarScheduler"


def _block(lines: list[str]) -> str:
    return "\n".join(["```python", *lines, "```", ""])
