"""Draw an image for each row of a table into a folder of PNG files: the guided loop of diffusers'
documentation over `DDIMScheduler` or `DDPMScheduler`.

Two settings are not the schedulers' defaults, with which guided images of pixels are far worse:
steps end at the last time (`trailing`; Lin et al., 2024), and DDIM's noise follows from the clipped
image (`use_clipped_model_output`).
"""

import argparse
import csv
from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMScheduler, DDPMScheduler, UNet2DModel
from PIL import Image

from benchmarks.scripts.train import CLASSES

SCHEDULERS: dict[str, Any] = {"ddim": DDIMScheduler, "ddpm": DDPMScheduler}


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("prompts", type=Path, help="a table with a column label")
    parser.add_argument("out", type=Path)
    parser.add_argument("--solver", choices=SCHEDULERS, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--guidance", type=float, required=True)
    parser.add_argument("--samples", type=int, required=True)
    parser.add_argument("--batch-size", type=int, default=64)
    options = parser.parse_args()

    unet: Any = UNet2DModel.from_pretrained(options.model / "unet").eval()
    scheduler: Any = SCHEDULERS[options.solver].from_pretrained(
        options.model / "scheduler", timestep_spacing="trailing"
    )
    clipped = {"use_clipped_model_output": True} if options.solver == "ddim" else {}
    options.out.mkdir(parents=True)
    with options.prompts.open() as file:
        given = [int(row["label"]) for row in csv.DictReader(file)]
    labels = torch.tensor([given[k % len(given)] for k in range(options.samples)])
    generator = torch.Generator().manual_seed(0)
    size, done = unet.config.sample_size, 0
    for part in labels.split(options.batch_size):
        scheduler.set_timesteps(options.steps)
        x = torch.randn(len(part), unet.config.in_channels, size, size, generator=generator)
        for time in scheduler.timesteps:
            if options.guidance == 1:
                output = unet(x, time, class_labels=part).sample
            else:
                both = torch.cat([torch.full_like(part, CLASSES), part])
                without, asked = unet(torch.cat([x, x]), time, class_labels=both).sample.chunk(2)
                output = without + options.guidance * (asked - without)
            x = scheduler.step(output, time, x, generator=generator, **clipped).prev_sample
        pixels = ((x / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
        for image in pixels.permute(0, 2, 3, 1).numpy():
            grey = image.shape[-1] == 1
            Image.fromarray(image[..., 0] if grey else image).save(options.out / f"{done:05d}.png")
            done += 1


if __name__ == "__main__":
    main()
