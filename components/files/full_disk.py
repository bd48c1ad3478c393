"""A full disk, told as such wherever files are written."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from components.errors import AlphabarError

AGAIN = "free some space and run the same command again"


class FullDiskError(AlphabarError):
    """No space is left where something was to be written."""


@contextlib.contextmanager
def naming_a_full_disk(place: Path, remedy: str = AGAIN) -> Iterator[None]:
    """Turn "no space left" into an error that names ``place`` (or the file) and the remedy.

    Raises:
        FullDiskError: the disk was full.
    """
    try:
        yield
    except AlphabarError:
        raise
    except Exception as error:
        free = shutil.disk_usage(_existing(place)).free / 2**20
        if not _tells_of_a_full_disk(error, free):
            raise
        name = getattr(error, "filename", None) or place
        raise FullDiskError(
            f"no disk space is left for {name} ({free:.0f} MiB free)", remedy
        ) from error


def _tells_of_a_full_disk(error: Exception, free: float) -> bool:
    """safetensors and torch have errors of their own, and NumPy's has no number."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    nameless = not isinstance(error, OSError) or error.errno is None
    return nameless and (os.strerror(errno.ENOSPC) in str(error) or free < 1)


def _existing(path: Path) -> Path:
    return next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
