"""The stage `sample`: a cell's images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.data.grids import contact_sheet, save_png
from components.errors import AlphabarError
from components.files.digests import file_sha256
from components.files.json_file import write_json
from components.files.samples import COLUMNS, GROUP
from components.files.tables import write_table
from components.generation.asked import prompts_of
from components.generation.generate import generate
from components.generation.image_folder import write_image_folder
from components.generation.prompts import Prompts, file_prompts, split_prompts
from components.generation.sampler import Sampler, load_sampler
from components.licences import licences_in, publish_licences
from components.networks.compiled import COMPILING, compile_cache
from components.networks.device import resolve_device
from components.runtime import Progress, Runtime
from components.spec.sections.sampling import SamplingSpec

GRID_COLUMNS = 10
GRID_IMAGES = 50


def sample(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Sample ``spec["samples"]`` images from the checkpoint in ``inputs["model"]``, guided by the
    one in ``inputs["guide"]`` where there is one. With ``inputs["base"]`` the model is an adapter
    of that. They are asked for by the file ``inputs["prompts"]``, whose digest the spec has, all by
    one ``text`` of the spec or by its ``texts`` in turn, or by the captions of a split, the
    holdout's unless the spec names another.

    Raises:
        AlphabarError: the file of prompts is not the one that was planned, or is broken.
    """
    sampling = SamplingSpec.model_validate(spec["sampling"])
    device = resolve_device(runtime.accelerator)
    compile_cache(runtime.kernels)
    base, guide = inputs.get("base"), inputs.get("guide")
    sampler = load_sampler(
        inputs["model"], sampling, guide, device, base=base, weights=runtime.weights
    )
    count, asked = spec["samples"], spec.get("prompts", {})
    if texts := asked.get("texts", [asked["text"]] if "text" in asked else []):
        prompts = prompts_of(sampler.model, texts, count)
    elif (file := inputs.get("prompts")) is None:
        split = asked.get("split", "holdout")
        prompts = split_prompts(inputs["data"], split, count, sampler.model.conditioner)
    else:
        if file_sha256(file) != asked["sha256"]:
            raise AlphabarError(f"{file} was changed since the plan was made", "run it again")
        prompts = file_prompts(file, sampler.model.conditioner, count)
    if sampling.compile == "on":
        runtime.progress(0, count, COMPILING)
    write_samples(sampler, prompts, out, runtime.progress)
    publish_licences(out, licences_in(inputs["model"]))


def write_samples(
    sampler: Sampler,
    prompts: Prompts,
    out: Path,
    progress: Progress,
    *,
    about: Mapping[str, str] | None = None,
) -> NDArray[np.uint8]:
    """Sample an image for every prompt.

    Writes images.npy (n, height, width, channel) uint8, samples.csv, grid.png, metrics.json (with
    ``batch`` where memory has not sufficed for as many images at once as usual), and with ``about``
    an ImageFolder: images/00000.png, …, each with its prompt, its seed and ``about`` in its
    metadata, and images/metadata.csv.

    Returns:
        The images.
    """
    sampled = generate(sampler, prompts, progress=progress)
    images = sampled.images
    named = save_samples(images, prompts, sampler.sampling.seed, out)
    save_png(out / "grid.png", contact_sheet(images[:GRID_IMAGES], GRID_COLUMNS))
    figures = {"samples": len(images), "network_evaluations": sampled.network_evaluations}
    forced = {"batch": sampled.batch} if sampled.batch else {}
    write_json(out / "metrics.json", figures | forced)
    if about is not None:
        write_image_folder(out / "images", images, named, about)
    return images


def save_samples(
    images: NDArray[np.uint8], prompts: Prompts, seed: int, out: Path
) -> list[dict[str, Any]]:
    """Write images.npy and samples.csv: what a folder of samples is judged by.

    Args:
        images: (n, height, width, channel); image k is of seed ``seed`` + k.

    Returns:
        The rows of samples.csv.
    """
    np.save(out / "images.npy", images)
    index = range(len(images))
    seeds = [seed + k for k in index]
    cells = [index, seeds, prompts.classes, prompts.labels, prompts.captions]
    columns = (*COLUMNS, GROUP) if prompts.groups else COLUMNS
    rows = list(zip(*cells, *([prompts.groups] if prompts.groups else []), strict=True))
    write_table(out / "samples.csv", columns, rows)
    return [dict(zip(columns, row, strict=True)) for row in rows]
