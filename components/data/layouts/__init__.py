"""The ways in which a folder says what its images are: each gives one table, a row an image."""

from pathlib import Path

from components.data.layouts.bare import from_images, from_names
from components.data.layouts.split_metadata import from_splits
from components.data.metadata import NAMES, Table, read_table


def read_layout(folder: Path, *, captioned: bool = True) -> Table:
    """The table of a folder: its metadata file; else those of its splits' folders; else the texts
    beside the images, or the names of their folders.

    Args:
        captioned: whether captions are read; else the images alone will do.

    Raises:
        AlphabarError: none of these is there, or it is broken.
    """
    if folder.is_dir() and not any((folder / name).is_file() for name in NAMES):
        found = from_splits(folder) or from_names(folder)
        if found is None and not captioned:
            found = from_images(folder)
        if found is not None:
            return found
    return read_table(folder)
