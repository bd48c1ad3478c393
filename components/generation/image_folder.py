"""Generated images as files that say how they were made: PNG metadata, and Hugging Face's table."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.data.grids import save_png
from components.files.tables import write_table

METADATA = "metadata.csv"
"""The table of Hugging Face's ImageFolder, whose first column is `file_name`."""

Row = Mapping[str, object]


def write_images(
    folder: Path, images: NDArray[np.uint8], about: Sequence[Mapping[str, str]] = ()
) -> list[str]:
    """Put the images into the new ``folder`` as 00000.png, …, at their own size; their names.

    Args:
        images: (n, height, width, 1 or 3).
        about: text chunks of each file, keyword → text; none writes no metadata.
    """
    folder.mkdir()
    names = [f"{k:05d}.png" for k in range(len(images))]
    for k, (name, image) in enumerate(zip(names, images, strict=True)):
        save_png(folder / name, image, about[k] if about else {})
    return names


def write_image_folder(
    folder: Path, images: NDArray[np.uint8], rows: Sequence[Row], about: Mapping[str, str]
) -> None:
    """Write the images, and metadata.csv beside them.

    Args:
        rows: what each image was asked for: `components.files.samples.COLUMNS`, in this order.
        about: what holds for all of them, such as the model and its solver.
    """
    names = write_images(folder, images, list(_texts(rows, about)))
    listed = [(name, *row.values()) for name, row in zip(names, rows, strict=True)]
    write_table(folder / METADATA, ("file_name", *rows[0]), listed)


def _texts(rows: Sequence[Row], about: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """What stands in each file: its prompt and its seed, and what holds for all."""
    for row in rows:
        prompt = prompt_of(str(row["label"]), str(row["caption"]))
        yield {"prompt": prompt, "seed": str(row["seed"]), **about}


def prompt_of(label: str, caption: str) -> str:
    """What an image was asked for, as its metadata says it: its class, else its caption."""
    return label or caption
