"""The stage `sample`: a cell's images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from components.data.grids import contact_sheet, save_png
from components.generation.generate import generate, network_evaluations
from components.generation.prompts import Prompts, holdout_prompts
from components.networks.checkpoint import Checkpoint, load_checkpoint
from components.networks.device import resolve_device
from components.runtime import Progress, Runtime
from components.spec.models import SamplingSpec
from components.store import write_json

GRID_COLUMNS = 10
GRID_IMAGES = 50


def sample(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Draw ``spec["samples"]`` images from the checkpoint in ``inputs["model"]``."""
    model = load_checkpoint(inputs["model"], resolve_device(runtime.accelerator))
    prompts = holdout_prompts(inputs["data"], spec["samples"])
    sampling = SamplingSpec.model_validate(spec["sampling"])
    write_samples(model, sampling, prompts, out, runtime.progress)


def write_samples(
    model: Checkpoint,
    sampling: SamplingSpec,
    prompts: Prompts,
    out: Path,
    progress: Progress,
    *,
    png: bool = False,
) -> None:
    """Draw an image for every prompt.

    Writes images.npy (n, height, width, channel) uint8, samples.csv, grid.png, metrics.json,
    and with ``png`` an ImageFolder: images/00000.png, …, and images/metadata.csv.
    """
    images = generate(
        model, sampling, classes=prompts.classes, captions=prompts.captions, progress=progress
    )
    np.save(out / "images.npy", images)
    index = range(len(images))
    table = pd.DataFrame(
        {
            "index": index,
            "seed": [sampling.seed + k for k in index],
            "class": prompts.classes,
            "label": prompts.labels,
            "caption": prompts.captions,
        }
    )
    table.to_csv(out / "samples.csv", index=False)
    save_png(out / "grid.png", contact_sheet(images[:GRID_IMAGES], GRID_COLUMNS))
    evaluations = network_evaluations(model, sampling)
    write_json(out / "metrics.json", {"samples": len(images), "network_evaluations": evaluations})
    if png:
        (out / "images").mkdir()
        names = [f"{k:05d}.png" for k in index]
        for name, image in zip(names, images, strict=True):
            save_png(out / "images" / name, image)
        table.insert(0, "file_name", names)
        table.to_csv(out / "images" / "metadata.csv", index=False)
