"""The stage `sample`: a cell's images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from components.data.grids import contact_sheet, save_png
from components.files.json_file import write_json
from components.files.samples import COLUMNS
from components.files.tables import write_table
from components.generation.generate import generate
from components.generation.prompts import Prompts, holdout_prompts
from components.networks.checkpoint import Checkpoint, load_checkpoint
from components.networks.device import resolve_device
from components.runtime import Progress, Runtime
from components.spec.sections.sampling import SamplingSpec

GRID_COLUMNS = 10
GRID_IMAGES = 50


def sample(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Draw ``spec["samples"]`` images from the checkpoint in ``inputs["model"]``, guided by the
    one in ``inputs["guide"]`` where there is one."""
    sampling = SamplingSpec.model_validate(spec["sampling"])
    device = resolve_device(runtime.accelerator)
    model = load_checkpoint(inputs["model"], device, ema_length=sampling.ema_length)
    prompts = holdout_prompts(inputs["data"], spec["samples"])
    guide = load_checkpoint(inputs["guide"], device) if "guide" in inputs else None
    write_samples(model, sampling, prompts, out, runtime.progress, guide=guide)


def write_samples(
    model: Checkpoint,
    sampling: SamplingSpec,
    prompts: Prompts,
    out: Path,
    progress: Progress,
    *,
    guide: Checkpoint | None = None,
    png: bool = False,
) -> None:
    """Draw an image for every prompt.

    Writes images.npy (n, height, width, channel) uint8, samples.csv, grid.png, metrics.json,
    and with ``png`` an ImageFolder: images/00000.png, …, and images/metadata.csv.
    """
    drawn = generate(
        model,
        sampling,
        classes=prompts.classes,
        captions=prompts.captions,
        guide=guide,
        progress=progress,
    )
    images = drawn.images
    np.save(out / "images.npy", images)
    index = range(len(images))
    seeds = [sampling.seed + k for k in index]
    rows = list(zip(index, seeds, prompts.classes, prompts.labels, prompts.captions, strict=True))
    write_table(out / "samples.csv", COLUMNS, rows)
    save_png(out / "grid.png", contact_sheet(images[:GRID_IMAGES], GRID_COLUMNS))
    figures = {"samples": len(images), "network_evaluations": drawn.network_evaluations}
    write_json(out / "metrics.json", figures)
    if png:
        (out / "images").mkdir()
        names = [f"{k:05d}.png" for k in index]
        for name, image in zip(names, images, strict=True):
            save_png(out / "images" / name, image)
        listed = [(name, *row) for name, row in zip(names, rows, strict=True)]
        write_table(out / "images" / "metadata.csv", ("file_name", *COLUMNS), listed)
