"""What a folder holds: its image files, told by their content, and whatever else there is."""

import os
from dataclasses import dataclass
from pathlib import Path

from components.data.images import is_image
from components.errors import AlphabarError


@dataclass(frozen=True)
class FolderFiles:
    """Everything in a folder and its sub-folders.

    Attributes:
        images: the image files, sorted by path.
        others: the rest as paths inside the folder, sorted: files of other kinds, hidden ones,
            broken links, and with ``/`` behind them folders that are not entered (hidden ones,
            links).
    """

    images: tuple[Path, ...]
    others: tuple[str, ...]


def folder_files(folder: Path) -> FolderFiles:
    """Look through ``folder``; raises AlphabarError where something cannot be read, so that
    what is locked is never a gap."""
    images: list[Path] = []
    others: list[str] = []
    for place, folders, files in os.walk(folder, onerror=_fail):
        here = Path(place)
        inside = here.relative_to(folder)
        for name in list(folders):
            if name.startswith(".") or (here / name).is_symlink():
                folders.remove(name)
                others.append(f"{(inside / name).as_posix()}/")
        for name in files:
            path = here / name
            if not name.startswith(".") and path.is_file() and is_image(path):
                images.append(path)
            else:
                others.append((inside / name).as_posix())
    return FolderFiles(tuple(sorted(images)), tuple(sorted(others)))


def _fail(error: OSError) -> None:
    raise AlphabarError(
        f"{error.filename} cannot be read: {error.strerror}", "make it readable"
    ) from error
