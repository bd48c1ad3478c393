"""Files and folders that are in the way or half-written, removed whatever they are."""

import contextlib
import shutil
from pathlib import Path


def remove(*paths: Path) -> None:
    """Remove files and folders as far as that goes, without a word.

    Made for the way out of an error: what cannot be removed, or is gone already, must not hide
    the error. Who needs the place to be free finds out when putting something there.
    """
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
