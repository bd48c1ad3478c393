"""What the editing commands do: a folder of results and one labelled picture of them."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.files.new_folder import new_folder
from components.runtime import Progress
from components.spec.sections.sampling import SamplingSpec
from flows.run.stages import prepare_process
from flows.tools.edit_input import conditions_of, read_images, read_mask
from flows.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from components.generation.edit import Inverted
    from components.networks.checkpoint import Checkpoint
    from components.reporting.pictures.panels import Panel

PICTURE = "picture.png"
COLUMNS = 9
"""Panels a row."""


@dataclass(frozen=True)
class Edit:
    """What every editing command is told.

    Attributes:
        model: a checkpoint's directory.
        out: the new folder.
        prompts: classes or captions that the results take turns with; none tells nothing.
    """

    model: Path
    out: Path
    prompts: Sequence[str]
    sampling: SamplingSpec


def invert(edit: Edit, files: Sequence[Path], refinements: int, progress: Progress) -> list[str]:
    """Write noise.npy, images/, reconstructions/, metrics.json and the picture.

    metrics.json has each image's PSNR in dB, null where every pixel is equal.

    Returns:
        What is to be said about each image.

    Raises:
        AlphabarError: ``out`` exists, a file is no image, or an option is out of range.
    """
    with _opened(edit) as (part, model):
        from components.generation.edit import invert_images

        images, notes = read_images(files, model)
        asked = conditions_of(model, edit.sampling, edit.prompts, len(images))
        found = invert_images(
            model, edit.sampling, asked, images, refinements=refinements, progress=progress
        )
        names = [path.name for path in files]
        fidelity = _write_inversion(part, names, images, found)
        _picture(
            part,
            _there_and_back(names, images, found, fidelity),
            f"Inversion (image, noise, drawn again): {_run(edit)}, {refinements} refinements",
        )
    said = zip(names, fidelity, strict=True)
    return [*notes, *(f"{name}: {_decibels(value)}" for name, value in said)]


def interpolate(edit: Edit, seeds: tuple[int, int], frames: int, progress: Progress) -> None:
    """Write images/ with ``frames`` images and the strip of them.

    Raises:
        AlphabarError: ``out`` exists, a prompt is no class, or an option is out of range.
    """
    with _opened(edit) as (part, model):
        from components.generation.edit import interpolate_seeds
        from components.reporting.pictures.panels import Panel, wrapped

        asked = conditions_of(model, edit.sampling, edit.prompts, frames)
        images = interpolate_seeds(
            model, edit.sampling, asked, seeds, frames, progress=progress
        ).images
        _save(part / "images", images)
        ends = {0: f"seed {seeds[0]}", frames - 1: f"seed {seeds[1]}"}
        labels = [ends.get(k, f"{k}/{frames - 1}") for k in range(frames)]
        panels = [Panel(image, label) for image, label in zip(images, labels, strict=True)]
        _picture(part, wrapped(panels, COLUMNS), f"Interpolation: {_run(edit)}")


def image_to_image(
    edit: Edit, file: Path, strength: float, count: int, progress: Progress
) -> list[str]:
    """Write images/ with ``count`` results of one image, and the picture.

    Returns:
        What is to be said about the image.

    Raises:
        AlphabarError: ``out`` exists, the file is no image, or an option is out of range.
    """
    with _opened(edit) as (part, model):
        from components.generation.edit import redraw_images
        from components.reporting.pictures.panels import Panel

        image, notes = read_images([file], model)
        asked = conditions_of(model, edit.sampling, edit.prompts, count)
        results = redraw_images(
            model,
            edit.sampling,
            asked,
            image.repeat(count, axis=0),
            strength=strength,
            progress=progress,
        ).images
        _save(part / "images", results)
        title = f"Image to image, strength {strength:g}: {_run(edit)}"
        _picture(part, _beside([Panel(image[0], file.name)], results, edit), title)
    return notes


def inpaint(
    edit: Edit, file: Path, mask: Path, count: int, resamples: int, jump: int, progress: Progress
) -> list[str]:
    """Write images/ with ``count`` fillings of one image, and the picture.

    Returns:
        What is to be said about the image.

    Raises:
        AlphabarError: ``out`` exists, a file is no image, the mask does not fit, or an option
            is out of range.
    """
    with _opened(edit) as (part, model):
        from components.generation.edit import inpaint_images
        from components.reporting.pictures.panels import Panel, painted_over

        image, notes = read_images([file], model)
        drawn = read_mask(mask, file, model)
        asked = conditions_of(model, edit.sampling, edit.prompts, count)
        results = inpaint_images(
            model,
            edit.sampling,
            asked,
            image.repeat(count, axis=0),
            ~drawn,
            resamples=resamples,
            jump=jump,
            progress=progress,
        ).images
        _save(part / "images", results)
        before = [Panel(image[0], file.name), Panel(painted_over(image[0], drawn), "kept")]
        again = f", {resamples} resamples in jumps of {jump}" if resamples > 1 else ""
        title = f"Inpainting: {_run(edit)}{again}"
        _picture(part, _beside(before, results, edit), title)
    return notes


def psnr(image: "NDArray[np.uint8]", other: "NDArray[np.uint8]") -> float:
    """10 log10 (255²/mean square error), dB; ∞ where the images are the same."""
    import numpy as np

    error = float(np.square(image.astype(np.float64) - other).mean())
    return 10 * math.log10(255**2 / error) if error else math.inf


@contextmanager
def _opened(edit: Edit) -> "Iterator[tuple[Path, Checkpoint]]":
    """The folder to fill and the model."""
    with new_folder(edit.out, Workspace.here().store_root) as part:
        prepare_process(threads=None)
        from components.networks.checkpoint import load_checkpoint
        from components.networks.device import resolve_device

        device = resolve_device("auto")
        yield part, load_checkpoint(edit.model, device, ema_length=edit.sampling.ema_length)


def _write_inversion(
    part: Path, names: Sequence[str], images: "NDArray[np.uint8]", found: "Inverted"
) -> list[float]:
    """Write all but the picture; the PSNR of every image."""
    import numpy as np

    from components.files.json_file import write_json

    again = found.again.images
    fidelity = [psnr(a, b) for a, b in zip(again, images, strict=True)]
    np.save(part / "noise.npy", found.noise)
    _save(part / "images", images)
    _save(part / "reconstructions", again)
    figures = {
        "images": list(names),
        "psnr": [value if math.isfinite(value) else None for value in fidelity],
        "network_evaluations": found.again.network_evaluations,
    }
    write_json(part / "metrics.json", figures)
    return fidelity


def _there_and_back(
    names: Sequence[str],
    images: "NDArray[np.uint8]",
    found: "Inverted",
    fidelity: Sequence[float],
) -> "list[list[Panel]]":
    """A row for each image: itself, its noise, and what is drawn from that."""
    from components.reporting.pictures.panels import Panel, noise_image

    columns = zip(names, images, found.noise, found.again.images, fidelity, strict=True)
    return [
        [
            Panel(image, name),
            Panel(noise_image(noise), "noise"),
            Panel(again, _decibels(value)),
        ]
        for name, image, noise, again, value in columns
    ]


def _save(folder: Path, images: "NDArray[np.uint8]") -> None:
    """The images as 00000.png, …, at their own size."""
    from components.data.grids import save_png

    folder.mkdir()
    for k, image in enumerate(images):
        save_png(folder / f"{k:05d}.png", image)


def _picture(part: Path, rows: "Sequence[Sequence[Panel]]", title: str) -> None:
    from components.data.grids import save_png
    from components.reporting.pictures.panels import labelled_rows

    save_png(part / PICTURE, labelled_rows(rows, title))


def _beside(
    before: "Sequence[Panel]", results: "NDArray[np.uint8]", edit: Edit
) -> "list[Sequence[Panel]]":
    """``before`` and then the results, each called by its seed and, of several, its prompt."""
    from components.reporting.pictures.panels import Panel, wrapped

    labels = []
    for k in range(len(results)):
        turn = f"{edit.prompts[k % len(edit.prompts)]}, " if len(edit.prompts) > 1 else ""
        labels.append(f"{turn}seed {edit.sampling.seed + k}")
    drawn = [Panel(image, label) for image, label in zip(results, labels, strict=True)]
    return wrapped([*before, *drawn], COLUMNS)


def _run(edit: Edit) -> str:
    """How the results were drawn, in words."""
    sampling, words = edit.sampling, []
    if len(edit.prompts) == 1:
        words.append(f"prompt “{edit.prompts[0]}”")
    words += [sampling.solver, f"{sampling.steps} steps"]
    if sampling.guidance != 1:
        words.append(f"guidance {sampling.guidance:g}")
    return ", ".join(words)


def _decibels(value: float) -> str:
    return f"PSNR {value:.1f} dB" if math.isfinite(value) else "every pixel equal"
