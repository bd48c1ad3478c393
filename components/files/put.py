"""Files and folders that appear at their place in one step, whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from components.files.leftovers import remove

PART = ".part"
"""How the name ends of what is not whole yet; it begins with a dot."""


@contextlib.contextmanager
def put(path: Path) -> Iterator[Path]:
    """A place beside ``path`` to write a file or make a folder, which becomes ``path`` at the end.

    An error leaves what was at ``path``, and nothing beside it. What a kill leaves is removed by
    the next one, or by `remove_parts`.
    """
    part = path.with_name(f".{path.name}{PART}")
    remove(part)
    try:
        yield part
        _move(part, path)
    except BaseException:
        remove(part)
        raise


def remove_parts(folder: Path) -> None:
    """Remove what was about to be put somewhere at or below ``folder``."""
    remove(*folder.rglob(f".*{PART}"))


def sync(folder: Path) -> None:
    """Flush every file below ``folder`` to the disk, so that a rename never shows an empty one."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _move(part: Path, path: Path) -> None:
    """One rename; a folder that is there goes aside first, as no rename replaces it."""
    if not path.is_dir() or path.is_symlink():
        part.replace(path)
        return
    old = path.with_name(f".{path.name}.old")
    remove(old)
    path.rename(old)
    part.replace(path)
    remove(old)
