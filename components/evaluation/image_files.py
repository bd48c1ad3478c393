"""A folder of image files as a set to be judged: of any sizes, decoded a window at a time."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.data.images import FORMATS, square_pixels, whole_pixels
from components.errors import AlphabarError

WINDOW = 64
"""Images that are decoded at once."""

DECODERS = 4
"""Threads that decode; Pillow lets go of the interpreter meanwhile."""

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
        found = sorted(
            path
            for path in folder.rglob("*")
            if path.suffix.lower() in FORMATS
            and path.is_file()
            and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        )
        if not found:
            raise AlphabarError(
                f"{folder} holds no image",
                f"give a folder of {', '.join(sorted(s.removeprefix('.') for s in FORMATS))} files",
            )
        return cls(tuple(found))

    def __len__(self) -> int:
        return len(self.paths)

    def some(self, rows: NDArray[np.intp]) -> "ImageFiles":
        """Some of the files."""
        return ImageFiles(tuple(self.paths[row] for row in rows))

    def digest(self) -> str:
        """SHA-256 over the files' bytes, in order; their names do not enter."""
        whole = hashlib.sha256()
        for path in self.paths:
            with path.open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
        return whole.hexdigest()

    def windows(self) -> Iterator[list[tuple[NDArray[np.intp], NDArray[np.uint8]]]]:
        """The images window by window: for each size rows and (k, height, width, 3) uint8.

        Raises:
            AlphabarError: a file is no image, or a hostile one.
        """
        with ThreadPoolExecutor(DECODERS) as pool:

            def decoding(start: int) -> Iterator[NDArray[np.uint8]]:
                return pool.map(whole_pixels, self.paths[start : start + WINDOW])

            coming = decoding(0)
            for start in range(0, len(self.paths), WINDOW):
                images, coming = list(coming), decoding(start + WINDOW)  # while these are read
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


Pictures = NDArray[np.uint8] | ImageFiles
"""Images to be judged: an array (n, height, width, channel), or files."""
