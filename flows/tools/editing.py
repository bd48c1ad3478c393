"""What the editing commands do: a folder of results and one labelled picture of them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from components.files.json_file import write_json
from components.files.new_folder import new_folder
from components.runtime import Progress
from flows.tools.chosen import Chosen
from flows.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from components.generation.prompts import Prompts
    from components.generation.sampler import Sampler
    from components.reporting.pictures.edits import Panels

PICTURE = "picture.png"

Texts = Mapping[str, str]
"""Of a PNG's metadata: keyword → text."""


@dataclass(frozen=True)
class Edit:
    """What every editing command is told.

    Attributes:
        chosen: the model and its settings.
        out: the new folder.
        prompts: classes or captions that the results take turns with; none tells nothing.
        notes: what is to be said about them, once it is done.
    """

    chosen: Chosen
    out: Path
    prompts: Sequence[str]
    workspace: Workspace
    progress: Progress
    notes: list[str] = field(default_factory=list)


def invert(edit: Edit, files: Sequence[Path], refinements: int) -> list[str]:
    """Write noise.npy, images/, reconstructions/, metrics.json and the picture.

    metrics.json has each image's PSNR in dB, null where every pixel is equal.

    Returns:
        What is to be said about each image.

    Raises:
        AlphabarError: ``out`` exists, a file is no image, or an option is out of range.
    """
    with _opened(edit) as (part, sampler):
        import numpy as np

        from components.generation.asked import edit_prompts
        from components.generation.editing.given import read_images
        from components.generation.editing.inversion import invert_images
        from components.generation.image_folder import write_images
        from components.reporting.pictures.edits import there_and_back
        from components.reporting.words.sampled import decibels

        images, notes = read_images(files, sampler.model)
        asked = edit_prompts(sampler, edit.prompts, len(images))
        found = invert_images(
            sampler, asked, images, refinements=refinements, progress=edit.progress
        )
        names = [path.name for path in files]
        np.save(part / "noise.npy", found.noise)
        write_images(part / "images", images, [{"source": name} for name in names])
        own = [{"source": name, "refinements": str(refinements)} for name in names]
        about = _about(edit, asked, own, "invert")
        write_images(part / "reconstructions", found.again.images, about)
        figures = {
            "images": names,
            "psnr": [value if math.isfinite(value) else None for value in found.psnr],
            "network_evaluations": found.again.network_evaluations,
        }
        write_json(part / "metrics.json", figures)
        title = f"Inversion (image, noise, drawn again): {_run(edit)}, {refinements} refinements"
        _picture(part, there_and_back(names, images, found), title)
    said = zip(names, found.psnr, strict=True)
    return [*notes, *(f"{name}: {decibels(value)}" for name, value in said)]


def interpolate(edit: Edit, seeds: tuple[int, int], frames: int) -> None:
    """Write images/ with ``frames`` images and the strip of them.

    Raises:
        AlphabarError: ``out`` exists, a prompt is no class, or an option is out of range.
    """
    with _opened(edit) as (part, sampler):
        from components.generation.asked import edit_prompts
        from components.generation.editing.interpolation import interpolate_seeds
        from components.reporting.pictures.edits import walk

        asked = edit_prompts(sampler, edit.prompts, frames)
        found = interpolate_seeds(sampler, asked, seeds, frames, progress=edit.progress)
        places = [_between(seeds, k / (frames - 1)) for k in range(frames)]
        about = _about(edit, asked, places, "interpolate")
        shown = walk(found.images, seeds)
        _write(part, found.images, about, shown, f"Interpolation: {_run(edit)}")


def image_to_image(edit: Edit, file: Path, strength: float, count: int) -> list[str]:
    """Write images/ with ``count`` results of one image, and the picture.

    Returns:
        What is to be said about the image.

    Raises:
        AlphabarError: ``out`` exists, the file is no image, or an option is out of range.
    """
    with _opened(edit) as (part, sampler):
        from components.generation.asked import edit_prompts
        from components.generation.editing.given import read_images
        from components.generation.editing.image_to_image import resample_images
        from components.reporting.pictures.edits import beside

        image, notes = read_images([file], sampler.model)
        asked = edit_prompts(sampler, edit.prompts, count)
        given = image.repeat(count, axis=0)
        results = resample_images(
            sampler, asked, given, strength=strength, progress=edit.progress
        ).images
        shown = beside(file.name, image[0], results, edit.prompts, sampler.sampling.seed)
        title = f"Image to image, strength {strength:g}: {_run(edit)}"
        own = {"source": file.name, "strength": f"{strength:g}"}
        about = _about(edit, asked, _seeded(edit, count, own), "img2img")
        _write(part, results, about, shown, title)
    return notes


def inpaint(
    edit: Edit, file: Path, mask: Path, count: int, *, resamples: int, jump: int
) -> list[str]:
    """Write images/ with ``count`` fillings of one image, and the picture.

    Returns:
        What is to be said about the image.

    Raises:
        AlphabarError: ``out`` exists, a file is no image, the mask does not fit, or an option
            is out of range.
    """
    with _opened(edit) as (part, sampler):
        from components.generation.asked import edit_prompts
        from components.generation.editing.given import read_images, read_mask
        from components.generation.editing.inpainting import inpaint_images
        from components.reporting.pictures.edits import beside

        image, notes = read_images([file], sampler.model)
        filled = read_mask(mask, file, sampler.model)
        asked = edit_prompts(sampler, edit.prompts, count)
        results = inpaint_images(
            sampler,
            asked,
            image.repeat(count, axis=0),
            ~filled,
            resamples=resamples,
            jump=jump,
            progress=edit.progress,
        ).images
        seed = sampler.sampling.seed
        shown = beside(file.name, image[0], results, edit.prompts, seed, filled)
        again = f", {resamples} resamples in jumps of {jump}" if resamples > 1 else ""
        own = {"source": file.name, "mask": mask.name}
        own |= {"resamples": str(resamples), "jump": str(jump)}
        about = _about(edit, asked, _seeded(edit, count, own), "inpaint")
        _write(part, results, about, shown, f"Inpainting: {_run(edit)}{again}")
    return notes


@contextmanager
def _opened(edit: Edit) -> "Iterator[tuple[Path, Sampler]]":
    """The folder to fill and the sampler."""
    with new_folder(edit.out, edit.workspace.store_root) as part:
        sampler = edit.chosen.load()
        from components.generation.asked import prompt_words

        edit.notes.extend(prompt_words(sampler, edit.prompts))
        yield part, sampler


def _about(
    edit: Edit, asked: "Prompts | None", own: Sequence[Texts], command: str
) -> list[dict[str, str]]:
    """The metadata of each result: as `alphabar sample` writes it, and what the command was given.

    Args:
        asked: the prompt of each; None where the model is told nothing.
        own: what is each one's own, such as its seed; a seed that is not there was not read.
    """
    from components.generation.image_folder import prompt_of

    found = []
    for k, texts in enumerate(own):
        prompt = prompt_of(asked.labels[k], asked.captions[k]) if asked else ""
        told = {"prompt": prompt} if prompt else {}
        drawn = edit.chosen.about(seeded="seed" in texts)
        found.append({**told, **texts, **drawn, "command": command})
    return found


def _seeded(edit: Edit, count: int, own: Texts) -> list[Texts]:
    first = edit.chosen.sampling.seed
    return [{"seed": str(first + k), **own} for k in range(count)]


def _between(seeds: tuple[int, int], place: float) -> Texts:
    return {"seeds": f"{seeds[0]} to {seeds[1]}", "between": f"{place:.6g}"}


def _write(
    part: Path,
    images: "NDArray[np.uint8]",
    about: Sequence[Texts],
    shown: "Panels",
    title: str,
) -> None:
    from components.generation.image_folder import write_images

    write_images(part / "images", images, about)
    _picture(part, shown, title)


def _picture(part: Path, rows: "Panels", title: str) -> None:
    from components.data.grids import save_png
    from components.reporting.pictures.panels import labelled_rows

    save_png(part / PICTURE, labelled_rows(rows, title))


def _run(edit: Edit) -> str:
    """How the results were sampled, in words; the panels tell the seeds."""
    from components.reporting.words.sampled import sampling_words

    prompt = f"prompt “{edit.prompts[0]}”, " if len(edit.prompts) == 1 else ""
    return prompt + sampling_words(edit.chosen.sampling.model_copy(update={"seed": 0}))
