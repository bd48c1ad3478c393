"""Files that may be read: no pipes, no devices, nothing that a link brings in from elsewhere."""

import errno
from pathlib import Path
from typing import BinaryIO

from components.errors import AlphabarError


def open_regular(path: Path) -> BinaryIO:
    """``path`` to be read as bytes; raises OSError where it cannot be, or where it is a pipe or a
    device, which might never end."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return path.open("rb")


def refuse_link_out(path: Path, folder: Path) -> None:
    """Raise AlphabarError where ``path``, which is there, is a link that leads out of ``folder``,
    whose owner did not mean that file to be read."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise AlphabarError(f"{path} is a link that leads out of {folder}", "copy the file there")
