"""What can go wrong while data files are written: a second writer, a full disk."""

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from components.errors import AlphabarError


@contextlib.contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold ``folder`` (which exists) against other writers, waiting for them to end.

    The lock is the kernel's, on the folder itself: it leaves no file behind and ends with the
    process that holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def naming_a_full_disk(folder: Path) -> Iterator[None]:
    """Turn "no space left" into an AlphabarError that names ``folder`` (which exists)."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        free = shutil.disk_usage(folder).free / 2**20
        raise AlphabarError(
            f"no disk space is left for {error.filename or folder} ({free:.0f} MiB free)",
            "free some space and run the same command again",
        ) from error
