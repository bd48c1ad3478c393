"""Where images to be judged may lie: a folder of files, an array, samples, prepared data."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.data.folder_files import folder_files
from components.data.metadata import NAMES
from components.data.sources.folder import locate, read_rows
from components.errors import AlphabarError
from components.evaluation.images.folder_reading import FolderReading
from components.evaluation.images.image_files import ImageFiles, Pictures
from components.evaluation.images.image_set import ImageSet
from components.evaluation.images.pixels import check_images
from components.figures.figure import Origins
from components.files import samples
from components.files.array_file import read_archive, read_array
from components.files.manifest import check, intact, there
from components.spec.sections.data import DataSpec


@dataclass(frozen=True)
class Source:
    """Images, and what else is known where they lie.

    Attributes:
        images: the set.
        seeds: (n,) what each was drawn from; None for images that were not sampled.
        training: what a model of this data has learnt from; None where that is not known.
        folder: how a folder of files was taken; None for other sources.
    """

    images: ImageSet
    seeds: NDArray[np.int64] | None = None
    training: ImageSet | None = None
    folder: FolderReading | None = None


def read_source(path: Path, *, captioned: bool = False) -> Source:
    """The images at ``path``.

    A folder of samples (images.npy and samples.csv), a prepared dataset (its holdout, with its
    training images), a folder of image files of any sizes, or an array uint8 (n, height, width,
    channel) in a .npy or, as ``arr_0``, a .npz.

    Args:
        captioned: read a folder's metadata file for captions.

    Raises:
        AlphabarError: there is nothing of that kind, or it is broken.
    """
    if path.suffix in (".npy", ".npz") and path.is_file():
        return Source(_bare(_array(path), path.name))
    if not path.is_dir():
        raise AlphabarError(
            f"{path} holds no images: it is no folder, .npy or .npz that there is",
            "give a folder of image files, a folder of samples, prepared data, a .npy or a .npz",
        )
    if _sampled(path):
        images, seeds = read_samples(path)
        return Source(replace(images, name=path.name), seeds)
    if (path / "dataset.json").is_file():
        return Source(ImageSet.load(path, "holdout"), None, ImageSet.load(path, "train"))
    return _files(path, captioned)


def _sampled(folder: Path) -> bool:
    """Whether it is a folder of samples, all of it as it was written.

    Raises:
        AlphabarError: a file was changed, removed or added since.
    """
    try:
        both = [there(folder / name) for name in ("images.npy", "samples.csv")]
        if all(both):
            check(folder)
    except AlphabarError as error:
        pictures = folder / "images"
        if not pictures.is_dir():
            raise
        raise AlphabarError(
            error.what, f"give {pictures} to judge the pictures that are there; or {error.remedy}"
        ) from error
    return all(both)


def read_samples(directory: Path) -> tuple[ImageSet, NDArray[np.int64]]:
    """A folder of samples as what is judged, and each image's seed.

    Raises:
        AlphabarError: it is missing or broken, or holds no image.
    """
    found = samples.read_samples(directory)
    check_images(found.images)
    classes = np.array([row.class_index for row in found.rows], np.int64)
    captions = tuple(row.caption for row in found.rows)
    seeds = np.array([row.seed for row in found.rows], np.int64)
    groups = tuple(row.group for row in found.rows)
    images = ImageSet(found.images, classes, captions, "samples")
    return replace(images, prompt_groups=groups if any(groups) else ()), seeds


def read_alike(folder: Path, tuned: Origins) -> ImageSet:
    """The samples in ``folder``; raises AlphabarError where they are not those of ``tuned`` one by
    one."""
    images, seeds = read_samples(folder)
    own = Origins.of(seeds, images.classes, images.captions)
    if own.prompts != tuned.prompts or not np.array_equal(own.seeds, tuned.seeds):
        raise AlphabarError(
            f"the samples in {folder} are of other seeds or prompts than those of the tuned model",
            "draw both alike",
        )
    return images


def _array(path: Path) -> NDArray[np.uint8]:
    try:
        images: NDArray[np.uint8] = (
            read_archive(intact(path), "arr_0")["arr_0"]
            if path.suffix == ".npz"
            else read_array(intact(path), mapped=True)
        )
    except KeyError as error:
        raise AlphabarError(
            f"{path} has no array `arr_0`; it has {error.args[0]}",
            "save the images under that name, as numpy.savez(path, images) does",
        ) from None
    except (OSError, ValueError) as error:
        raise AlphabarError(
            f"{path} is not an array of images: {error}", "save uint8 images with numpy.save"
        ) from error
    check_images(images, path)
    return images


def _files(folder: Path, captioned: bool) -> Source:
    found = folder_files(folder)
    if not captioned:
        files = ImageFiles.found(found.images, folder)
        reading = FolderReading.of(folder, files.paths, found.others)
        return Source(_bare(files, folder.name), folder=reading)
    if not any((folder / name).is_file() for name in NAMES):
        raise AlphabarError(
            f"{folder} has no captions: {' or '.join(NAMES)} is missing",
            "add it, with the columns `file_name` and `caption`, or leave `--clip` and "
            "`--preference` away",
        )
    fields = DataSpec.model_fields
    rows = read_rows(folder, fields["caption_column"].default, fields["label_column"].default)
    files = ImageFiles(tuple(locate(folder, row.file_name) for row in rows))
    captions = tuple(row.caption for row in rows)
    metadata = next(name for name in NAMES if (folder / name).is_file())
    reading = FolderReading.of_listed(folder, files.paths, found, metadata)
    return Source(replace(_bare(files, folder.name), captions=captions), folder=reading)


def _bare(images: Pictures, name: str) -> ImageSet:
    """Images of which nothing is known; what stands for DVC's hash is that of their content."""
    found = ImageSet.bare(images, name)
    return replace(found, data_hash=found.key)
