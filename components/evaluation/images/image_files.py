"""A folder of image files as a set to be judged: of any sizes, decoded a window at a time."""

import hashlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from components.data.faults import listed
from components.data.folder_files import folder_files
from components.data.images import KINDS, check_image, square_pixels, whole_pixels
from components.errors import AlphabarError
from components.evaluation.working import working

WINDOW = 64
"""Images that are decoded at once."""

DECODERS = 4
"""Threads that decode; Pillow lets go of the interpreter meanwhile."""

Window = list[tuple[NDArray[np.intp], NDArray[np.uint8]]]
"""Images decoded together: for each size their rows and (k, height, width, 3)."""

THUMBNAIL = 96
"""Side of the pictures that `ImageFiles.thumbnails` makes, pixels."""


@dataclass(frozen=True)
class ImageFiles:
    """Image files in a fixed order.

    Attributes:
        paths: the files.
    """

    paths: tuple[Path, ...]

    @classmethod
    def in_folder(cls, folder: Path) -> "ImageFiles":
        """Every image in ``folder`` and its sub-folders, by name; hidden ones are left out.

        Raises:
            AlphabarError: there is no image.
        """
        return cls.found(folder_files(folder).images, folder)

    @classmethod
    def found(cls, paths: tuple[Path, ...], folder: Path) -> "ImageFiles":
        """What was found in ``folder``; raises AlphabarError where that is no image."""
        if not paths:
            raise AlphabarError(f"{folder} holds no image", f"give a folder of {KINDS} files")
        return cls(paths)

    def __len__(self) -> int:
        return len(self.paths)

    def some(self, rows: NDArray[np.intp]) -> "ImageFiles":
        """Some of the files."""
        return ImageFiles(tuple(self.paths[row] for row in rows))

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the files' bytes, in order; their names do not enter."""
        whole = hashlib.sha256()
        for path in self.paths:
            try:
                with path.open("rb") as file:
                    whole.update(hashlib.file_digest(file, "sha256").digest())
            except OSError as error:
                raise _unreadable(path, error) from error
        return whole.hexdigest()

    def windows(self) -> Generator[Window, None, None]:
        """The images window by window: for each size rows and (k, height, width, 3) uint8.

        Raises:
            AlphabarError: files are no images, or hostile ones; the first ten are named.
        """
        with working(DECODERS) as pool:

            def decoding(start: int) -> Iterator[NDArray[np.uint8]]:
                return pool.map(whole_pixels, self.paths[start : start + WINDOW])

            coming = decoding(0)
            for start in range(0, len(self.paths), WINDOW):
                try:
                    images = list(coming)
                except AlphabarError as error:
                    raise every_fault(self.paths, error) from error
                coming = decoding(start + WINDOW)  # while these are read
                by_size: dict[tuple[int, ...], list[int]] = {}
                for row, image in enumerate(images):
                    by_size.setdefault(image.shape, []).append(row)
                yield [
                    (start + np.array(rows), np.stack([images[row] for row in rows]))
                    for rows in by_size.values()
                ]

    def thumbnails(self, rows: Sequence[int]) -> NDArray[np.uint8]:
        """Small square pictures (k, side, side, 3) uint8 of some images, to be looked at."""
        return np.stack([square_pixels(self.paths[row], THUMBNAIL, grey=False) for row in rows])


def every_fault(paths: Sequence[Path], first: AlphabarError) -> AlphabarError:
    """What is wrong with all of ``paths``, once one of them is known to be at fault.

    Args:
        first: that one's error, which is the answer where it is the only one.
    """
    faults = []
    for path in paths:
        try:
            check_image(path)
        except AlphabarError as error:
            faults.append(error.what)
    if first.what not in faults:  # a later frame's
        faults.insert(0, first.what)
    if len(faults) == 1:
        return first
    return AlphabarError(
        f"{len(faults)} of {len(paths)} images cannot be read:{listed(faults)}",
        "replace or remove those images",
    )


def _unreadable(path: Path, error: OSError) -> AlphabarError:
    return AlphabarError(f"{path} cannot be read: {error.strerror}", "make it readable")


def alike(*sets: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Pictures (k, height, width, channel) brought to one shape, where theirs differ.

    That of the largest side, RGB; enlarged by repeating pixels, so that small images stay sharp.
    """
    if len({each.shape[1:] for each in sets}) == 1:
        return list(sets)
    side = max(max(each.shape[1:3]) for each in sets)
    nearest = Image.Resampling.NEAREST
    return [
        np.stack(
            [
                np.asarray(
                    Image.fromarray(np.repeat(p, 3 // p.shape[2], axis=2)).resize(
                        (side, side), nearest if max(p.shape[:2]) < side else None
                    )
                )
                for p in each
            ]
        )
        for each in sets
    ]


Pictures = NDArray[np.uint8] | ImageFiles
"""Images to be judged: an array (n, height, width, channel), or files."""


def digest_of(images: Pictures) -> str:
    """SHA-256 of what images are: of the files' bytes, or of pixels, shape and type.

    Raises:
        AlphabarError: a file cannot be read.
    """
    if isinstance(images, ImageFiles):
        return images.digest
    digest = hashlib.sha256(f"{images.dtype.str} {images.shape}\n".encode())
    digest.update(np.ascontiguousarray(images).data)
    return digest.hexdigest()
