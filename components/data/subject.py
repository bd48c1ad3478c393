"""The stage `subject`: the few images of one subject, as they are trained on and compared with.

images.npy     (n, height, width, channel) uint8
subject.csv    file_name, caption: of each image
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from components.data.arrays import SplitName, load_captions, load_images, load_info
from components.data.faults import naming
from components.data.metadata import Row
from components.data.prepare import pixels_of
from components.data.sources.folder import has_captions, locate, read_rows
from components.errors import AlphabarError, first_of, number_of, quoted
from components.files.array_file import read_array
from components.files.manifest import intact
from components.files.tables import stream_csv, write_table
from components.runtime import Runtime
from components.spec.catalogue.subjects import FEWEST_IMAGES, MOST_IMAGES
from components.spec.sections.data import DataSpec

IMAGES, TABLE = "images.npy", "subject.csv"
OF_CAPTIONS = "with the captions of `finetune.subject` in the baseline's data"
SPLITS: tuple[SplitName, ...] = ("train", "holdout")


class _Image(NamedTuple):
    pixels: NDArray[np.uint8]
    file_name: str
    caption: str


def subject(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Write the images of the subject, at the size and with the channels of those in ``data``.

    Args:
        spec: ``captions``: images of ``data``, from both splits, that have one of them; or
            ``data``, a `DataSpec` of the folder in ``raw``, of which all images are taken.

    Raises:
        AlphabarError: there are fewer than 3 or more than 30, an image is missing or corrupt, or
            no image has one of the captions.
    """
    if "captions" in spec:
        images = _few(_with_captions(inputs["data"], spec["captions"]), OF_CAPTIONS)
    else:
        data = DataSpec.model_validate(spec["data"])
        found = _in_folder(inputs["raw"], data, grey=load_info(inputs["data"]).channels == 1)
        images = _few(found, of_folder(data))
    np.save(out / IMAGES, np.stack([image.pixels for image in images]))
    rows = [(image.file_name, image.caption) for image in images]
    write_table(out / TABLE, ("file_name", "caption"), rows)


def load_subject(directory: Path) -> NDArray[np.uint8]:
    """The images that the stage has written, (n, height, width, channel).

    Raises:
        AlphabarError: the file is missing or broken.
    """
    path = directory / IMAGES
    with naming(path):
        images = read_array(intact(path))
        if images.dtype != np.uint8 or images.ndim != 4:
            raise ValueError(f"it holds {images.dtype} {images.shape}, and no images")
    return images


def of_folder(data: DataSpec) -> str:
    """Where a subject's images lie that are a folder's."""
    return f"in datasets/{data.name}, which `finetune.subject` names"


def subject_rows(raw: Path, data: DataSpec) -> tuple[Row, ...]:
    """The images of a subject's folder ``raw``, with their captions where they have some."""
    captions = data.caption_column if has_captions(raw, data.caption_column) else None
    return read_rows(raw, captions, data.label_column)


def refuse_not_few(count: int, where: str) -> None:
    """Raise AlphabarError where so many images, which lie ``where``, are too few or too many."""
    if FEWEST_IMAGES <= count <= MOST_IMAGES:
        return
    many = count > MOST_IMAGES
    there = f"more than {MOST_IMAGES} images" if many else number_of(count, "image")
    raise AlphabarError(
        f"there {'is' if count == 1 else 'are'} {there} {where}",
        f"give {FEWEST_IMAGES} to {MOST_IMAGES} images of the subject; more are a style, which "
        "`finetune.kind: full` and `lora` learn",
    )


def refuse_unmet(captions: Set[str]) -> None:
    """Raise AlphabarError where there are captions of a subject that no image has."""
    if captions:
        missing = first_of([quoted(each) for each in sorted(captions)])
        raise AlphabarError(
            f"no image of the data has the caption {missing}",
            "give captions of `finetune.subject` as the data has them, letter by letter",
        )


def _few(found: Iterator[_Image], where: str) -> list[_Image]:
    """All of them; raises AlphabarError where they are too few or too many."""
    images = list[_Image]()
    for image in found:
        images.append(image)
        if len(images) > MOST_IMAGES:
            break
    refuse_not_few(len(images), where)
    return images


def _with_captions(data: Path, captions: Sequence[str]) -> Iterator[_Image]:
    """Images of both splits of which a caption is one of ``captions``; all of these must be met."""
    wanted, met = set(captions), set[str]()
    for split in SPLITS:
        of_images, images = load_captions(data, split), load_images(data, split, mapped=True)
        with naming(data / f"{split}.csv"):
            names = [row["file_name"] for row in stream_csv(intact(data / f"{split}.csv"))]
        for row, name in enumerate(names):
            if shared := wanted.intersection(of_images.of_image(row)):
                met |= shared
                yield _Image(np.array(images[row]), name, of_images[row])
    refuse_unmet(wanted - met)


def _in_folder(raw: Path, data: DataSpec, *, grey: bool) -> Iterator[_Image]:
    for row in subject_rows(raw, data):
        pixels = pixels_of(locate(raw, row.file_name), data, grey=grey)
        yield _Image(pixels, row.file_name, row.caption)
