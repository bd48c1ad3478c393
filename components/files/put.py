"""Files and folders that appear at their place in one step, whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from components.errors import AlphabarError
from components.files.leftovers import remove
from components.files.lock import HeldError, locked_folder

PART = ".part"
"""How the name ends of the folder in which lies what is not whole yet; it begins with a dot."""


@contextlib.contextmanager
def put(path: Path, *, wait: bool = True) -> Iterator[Path]:
    """A place beside ``path`` to write a file or make a folder, which becomes ``path`` at the end.

    An error leaves what was at ``path``, and nothing beside it. What a kill leaves is removed by
    the next one, or by `remove_parts`. Who puts something at the same ``path`` waits for it.

    Raises:
        AlphabarError: somebody else puts something there, and ``wait`` is false.
    """
    aside = path.with_name(f".{path.name}{PART}")
    try:
        with locked_folder(aside, wait=wait):
            yield aside / "new"
            _move(aside / "new", path, aside / "old")
    except HeldError:
        raise AlphabarError(
            f"{path} is being written by another command",
            "wait until it has ended, or give another place",
        ) from None


def remove_parts(folder: Path) -> None:
    """Remove what was about to be put somewhere at or below ``folder``."""
    remove(*folder.rglob(f".*{PART}"))


def sync(folder: Path) -> None:
    """Flush every file below ``folder`` to the disk, so that a rename never shows an empty one."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _move(part: Path, path: Path, old: Path) -> None:
    """One rename; a folder that is there goes aside first, as no rename replaces it."""
    if not path.is_dir() or path.is_symlink():
        part.replace(path)
        return
    path.rename(old)
    try:
        part.replace(path)
    except BaseException:
        old.rename(path)
        raise
