"""README.md of an exported model: what it is, how to draw with it, what was left behind."""

from components.networks.export.export import DDIM, OWN, Export


def readme(export: Export) -> str:
    """The text; its two blocks of Python run in the folder and draw the same images."""
    parts = [
        _front_matter(export),
        "# A diffusion model for diffusers\n",
        _what(export),
        _settings(export),
        "## As a pipeline\n",
        _pipeline_words(export),
        _block(_pipeline_code(export)),
        *_by_hand(export),
    ]
    if export.file:
        code = f"`{export.read_file(export.file, '.')}`"
        parts += ["## One file\n", *(f"- {line}" for line in export.one_file), f"- {code}", ""]
    if export.licences:
        parts += ["## Licences\n", *(f"- {each.words}" for each in export.licences), ""]
    if export.left_behind:
        parts += ["## What is not exported\n", *(f"- {line}" for line in export.left_behind), ""]
    return "\n".join(parts)


def _front_matter(export: Export) -> str:
    """What Hugging Face's pages read of a model card."""
    names = {each.licence.hub or "other" for each in export.licences[:1]}
    licence = [f"license: {name}" for name in names]
    return "\n".join(["---", *licence, "library_name: diffusers", "---", ""])


def _what(export: Export) -> str:
    config = export.checkpoint.config
    images, process = config.images, config.process
    for_alphabar = " `model.safetensors` is the same model for alphabar."
    if export.pipeline != OWN:
        for_alphabar = ""
    depth = "grey" if images.channels == 1 else f"{images.channels} channels"
    line = (
        f"{images.size} × {images.size} pixels, {depth}, within [−1, 1]. {export.codec.words} "
        f"Schedule `{process.schedule}`, prediction `{process.prediction}`, {process.steps} steps "
        f"of training. Written by alphabar.{for_alphabar}\n"
    )
    return f"{line}\n{export.told.words}"


def _settings(export: Export) -> str:
    sampling = export.sampling
    clip = "held within [−1, 1]" if sampling["clip"] else "not clipped"
    negative = sampling["negative_prompt"]
    against = f", negative prompt `{negative}`" if negative else ""
    return (
        f"Drawn in {sampling['steps']} steps at guidance {sampling['guidance']:g}{against}, "
        f"x0 {clip} (`{export.scheduler_name}`: {export.solver}, {export.grid} grid).\n"
    )


def _pipeline_words(export: Export) -> str:
    if export.pipeline != OWN:
        return (
            f"Run in this folder, whose parts are those of {export.pipeline}. Seed k gives image k "
            f"of alphabar. {_scheduler_words(export)}\n"
        )
    own = "`, which needs" if export.stock else "` and the scheduler's file, which need"
    return (
        "Run in this folder. Seed k gives image k of alphabar; `trust_remote_code` lets diffusers "
        f"run `pipeline.py{own} torch, diffusers and, for captions, transformers.\n"
    )


def _by_hand(export: Export) -> list[str]:
    if export.pipeline != OWN:
        return []
    if export.told.prompts and not export.told.code:
        return [f"{_scheduler_words(export)}\n"]
    return ["## By hand\n", f"{_scheduler_words(export)}\n", _block(_loop_code(export))]


def _scheduler_words(export: Export) -> str:
    orders = (
        "With `solver_order=1` it is DDIM (eta 0), with `solver_order=2` alphabar's `dpmpp_2m`."
    )
    if export.scheduler_name == DDIM:
        return (
            f"The scheduler is diffusers' own `{DDIM}` on the grid `{export.grid}`, on which its "
            "times and its steps agree."
        )
    if not export.stock:
        return (
            "diffusers has no scheduler for this process that gives the same images at every "
            "number of steps: `scheduler/alphabar_scheduler.py` is one, on torch and diffusers. "
            f"{orders}"
        )
    return (
        f"The scheduler is diffusers' own `DPMSolverMultistepScheduler`. {orders} "
        "`DDIMScheduler` does not give these images: "
        "it steps to t − ⌊T/n⌋ where n does not divide T, and clips x0 without moving ε."
    )


def _pipeline_code(export: Export) -> list[str]:
    sampling, told = export.sampling, export.told
    call = ["    prompts,"] if told.prompts else []
    loaded = 'DiffusionPipeline.from_pretrained(".", trust_remote_code=True)'
    if export.pipeline != OWN:
        loaded = f'{export.pipeline}.from_pretrained(".")'
        if negative := sampling["negative_prompt"]:
            call.append(f"    negative_prompt=[{negative!r}] * len(prompts),")
    return [
        "import torch",
        f"from diffusers import {loaded.partition('.')[0]}",
        "",
        f"steps, guidance = {sampling['steps']}, {sampling['guidance']:g}",
        *([f"prompts = {told.prompts!r}"] if told.prompts else []),
        "seeds = [0, 1]",
        f"pipeline = {loaded}",
        "images = pipeline(",
        *call,
        "    generator=[torch.Generator().manual_seed(k) for k in seeds],",
        "    num_inference_steps=steps,",
        "    guidance_scale=guidance,",
        ").images",
    ]


def _loop_code(export: Export) -> list[str]:
    sampling, told, codec = export.sampling, export.told, export.codec
    shape = ", ".join(str(side) for side in export.checkpoint.codec.shape)
    scheduler, unet = export.scheduler_name, export.unet_name
    imported = [f"from diffusers import {scheduler}, {unet}"]
    if not export.stock:
        imported = [
            "import sys",
            f"from diffusers import {unet}",
            'sys.path.insert(0, "scheduler")',
            f"from alphabar_scheduler import {scheduler}",
        ]
    negative = sampling["negative_prompt"]
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
        *codec.imports,
        *told.imports,
        "",
        f"steps, guidance = {sampling['steps']}, {sampling['guidance']:g}",
        "seeds = [0, 1]",
        f'unet = {unet}.from_pretrained("unet").eval()',
        f'scheduler = {scheduler}.from_pretrained("scheduler")',
        *codec.opened,
        *told.code,
        *([told.negative(negative)] if told.negative and negative else []),
        "scheduler.set_timesteps(steps)",
        *(again if export.stock and scheduler != DDIM else []),
        f"noise = [torch.randn({shape}, generator=torch.Generator().manual_seed(k)) "
        "for k in seeds]",
        "x = torch.stack(noise) * scheduler.init_noise_sigma",
        "with torch.inference_mode():",
        "    for t in scheduler.timesteps:",
        "        seen = scheduler.scale_model_input(x, t)",
        "        output = unet(seen, timestep=t.expand(len(x)), **told).sample",
        *(guided if told.prompts else []),
        "        x = scheduler.step(output, t, x).prev_sample",
        *(f"    {line}" for line in codec.decoded),
        "pixels = ((x + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)",
    ]


def _block(lines: list[str]) -> str:
    return "\n".join(["```python", *lines, "```", ""])
