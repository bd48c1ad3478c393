"""Sampling beside diffusers' own ways, and beside bare forwards of the same network.

Same weights, steps, guidance, batch and device on both sides, in turn: an unconditional UNet beside
`DDIMPipeline`; a class-conditional one beside the guided loop that users write over
`DDIMScheduler` and over `DPMSolverMultistepScheduler`; text beside `StableDiffusionPipeline`, all
of random weights. "Bare" is the network alone, asked as often for as many rows.

The last part asks how few evaluations of the network give guided DDIM's Fréchet distance
(`benchmarks.sampling_quality`).
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    DDIMPipeline,
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    StableDiffusionPipeline,
)
from torch import Tensor

from benchmarks.sampling_quality import quality
from benchmarks.small_diffusion import PROMPTS, write_stable_diffusion
from benchmarks.timing import Work, in_turn, report
from components.generation.asked import prompts_of
from components.generation.forwards import prepare
from components.generation.generate import generate
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.networks.checkpoint import Checkpoint, load_checkpoint, new_checkpoint
from components.networks.memory_format import laid, placed
from components.spec.model_config import new_config
from components.spec.sections.sampling import SamplingSpec

OURS, BARE, GUIDANCE = "alphabar", "bare forwards", 2.0
TRAINED: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_schedule": "squaredcos_cap_v2",
    "timestep_spacing": "trailing",
}


@dataclass(frozen=True)
class Size:
    """What is drawn, of what network and how.

    Attributes:
        goal: times that the peer's seconds are to be ours, at least.
        settings: of our sampling.
    """

    side: int
    channels: tuple[int, ...]
    batch: int
    steps: int
    goal: float
    settings: Mapping[str, Any]


CPU = Size(32, (32, 64, 128), 32, 10, 1.0, {})
QUICK = Size(8, (16, 32), 4, 3, 1.0, {})
CUDA = Size(64, (128, 256, 384, 512), 256, 20, 2.0, {"precision": "bf16-mixed", "compile": "on"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--quick", action="store_true", help="sizes of seconds")
    parser.add_argument("--model", type=Path, help="trained digits, with --data")
    parser.add_argument("--data", type=Path, help="what they were trained on, prepared")
    options = parser.parse_args()
    size = QUICK if options.quick else CUDA if options.device == "cuda" else CPU
    for make in (unconditional, class_conditional, text):
        with tempfile.TemporaryDirectory() as folder:
            title, sides = make(size, options.device, Path(folder))
            sides = {name: waited(work, options.device) for name, work in sides.items()}
            in_turn(sides, 1)  # warm
            medians = report(title, in_turn(sides, options.rounds), OURS, options.out)
        for name in sides:
            goal = 0.97 if name == BARE else size.goal
            ratio = medians[name] / medians[OURS]
            if name != OURS and not name.startswith(OURS):
                print(f"{OURS}: {ratio:.3f} times as fast as {name}; {goal:g} is asked")
    quality(options.model, options.data, options.device, options.out, quick=options.quick)


def waited(work: Work, device: str) -> Work:
    """``work``, at whose end nothing is left to do for the device."""

    def run() -> None:
        work()
        if device == "cuda":
            torch.cuda.synchronize()

    return run


def untrained(size: Size, classes: int, device: str) -> Checkpoint:
    """A UNet with attention at its smallest resolution."""
    sections: dict[str, Any] = {
        "codec": {"kind": "pixels"},
        "conditioning": {"encoder": "class" if classes else "none"},
        "network": {"channels": list(size.channels), "layers_per_block": 2},
        "process": {"prediction": "eps"},
        "images": {"size": size.side, "channels": 3, "classes": [str(k) for k in range(classes)]},
    }
    model = new_checkpoint(new_config(sections), 0)
    placed(model.network, device).eval()
    return model


def ours(model: Checkpoint, size: Size, prompts: Prompts, **settings: Any) -> Work:
    """As the stage `sample` draws."""
    spec = SamplingSpec.model_validate({"steps": size.steps, **size.settings, **settings})
    return lambda: generate(Sampler(model, spec), prompts)


def bare(ask: Callable[[], object], times: int, size: Size, device: str) -> Work:
    """Forwards and nothing else."""
    mixed = size.settings.get("precision") == "bf16-mixed"

    @torch.inference_mode()
    def run() -> None:
        with torch.autocast(device, torch.bfloat16, enabled=mixed):
            for _ in range(times):
                ask()

    return run


def unconditional(size: Size, device: str, folder: Path) -> tuple[str, dict[str, Work]]:
    """Beside `DDIMPipeline`."""
    model, theirs = untrained(size, 0, device), untrained(size, 0, device)
    prepare(model, SamplingSpec.model_validate(size.settings))
    pipeline: Any = DDIMPipeline(theirs.network.unet, DDIMScheduler(**TRAINED, clip_sample=True))
    pipeline.set_progress_bar_config(disable=True)
    x, t = inputs(size, size.batch, device)
    sides: dict[str, Work] = {
        OURS: ours(model, size, Prompts.of([-1] * size.batch, [""] * size.batch)),
        BARE: bare(lambda: model.network(x, t), size.steps, size, device),
        "DDIMPipeline": lambda: pipeline(
            batch_size=size.batch, num_inference_steps=size.steps, output_type="np"
        ),
    }
    return titled("unconditional", size), sides


def class_conditional(size: Size, device: str, folder: Path) -> tuple[str, dict[str, Work]]:
    """Beside guided loops over two schedulers."""
    model, theirs = untrained(size, 10, device), untrained(size, 10, device)
    prepare(model, SamplingSpec.model_validate(size.settings))
    classes = [k % 10 for k in range(size.batch)]
    labels = torch.tensor([*classes, *[10] * size.batch], device=device)
    prompts = Prompts.of(classes, [""] * size.batch)
    x, t = inputs(size, 2 * size.batch, device)
    sides = {
        OURS: ours(model, size, prompts, guidance=GUIDANCE),
        f"{OURS}, dpmpp_2m": ours(model, size, prompts, guidance=GUIDANCE, solver="dpmpp_2m"),
        BARE: bare(lambda: model.network(x, t, class_labels=labels), size.steps, size, device),
        "a loop over DDIMScheduler": Loop(theirs, DDIMScheduler(**TRAINED), labels, size).run,
        "a loop over DPMSolverMultistepScheduler": Loop(
            theirs, DPMSolverMultistepScheduler(**TRAINED), labels, size
        ).run,
    }
    return titled(f"class-conditional, guidance {GUIDANCE:g}", size), sides


@dataclass(frozen=True)
class Loop:
    """Guided sampling as it is written by hand."""

    model: Checkpoint
    scheduler: Any
    labels: Tensor
    size: Size

    @torch.no_grad()
    def run(self) -> Any:
        network: Any = self.model.network
        unet, device, size = network.unet, self.model.device, self.size
        self.scheduler.set_timesteps(size.steps)
        x = torch.randn(size.batch, 3, size.side, size.side, device=device)
        for t in self.scheduler.timesteps:
            both = self.scheduler.scale_model_input(torch.cat([x] * 2), t)
            told, untold = unet(both, t, class_labels=self.labels).sample.chunk(2)
            x = self.scheduler.step(untold + GUIDANCE * (told - untold), t, x).prev_sample
        x = (x / 2 + 0.5).clamp(0, 1)
        return (x.permute(0, 2, 3, 1).cpu().numpy() * 255).round().astype("uint8")


def text(size: Size, device: str, folder: Path) -> tuple[str, dict[str, Work]]:
    """Beside `StableDiffusionPipeline`, from one and the same directory."""
    write_stable_diffusion(folder, size.channels, latent_side=max(8, size.side // 2))
    model = load_checkpoint(folder, device)
    prepare(model, SamplingSpec.model_validate(size.settings))
    pipeline: Any = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None).to(device)
    pipeline.set_progress_bar_config(disable=True)
    images = min(size.batch, 8)
    asked = [PROMPTS[k % len(PROMPTS)] for k in range(images)]
    prompts, side = prompts_of(model, asked, images), model.image_shape[1]
    given = {"guidance": GUIDANCE, "grid": "leading", "end": "first"}
    rows = model.conditioner.encode([-1] * 2 * images, asked * 2)
    rows = {name: each.to(device) for name, each in rows.items()}
    x = laid(torch.randn(2 * images, *model.codec.shape, device=device))
    t = torch.full((2 * images,), 500.0, device=device)
    sides: dict[str, Work] = {
        OURS: ours(model, size, prompts, **given),
        BARE: bare(lambda: model.network(x, t, **rows), size.steps, size, device),
        "StableDiffusionPipeline": lambda: pipeline(
            asked,
            height=side,
            width=side,
            num_inference_steps=size.steps,
            guidance_scale=GUIDANCE,
            output_type="np",
        ),
    }
    return f"text: {images} images of {side} px, {size.steps} steps", sides


def inputs(size: Size, rows: int, device: str) -> tuple[Tensor, Tensor]:
    x = laid(torch.randn(rows, 3, size.side, size.side, device=device))
    return x, torch.full((rows,), 500.0, device=device)


def titled(what: str, size: Size) -> str:
    return f"{what}: {size.batch} images of {size.side} px, {size.steps} steps"


if __name__ == "__main__":
    main()
