"""SHA-256 of files, computed once a process for each file as it lies there."""

import functools
import hashlib
from pathlib import Path


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces, at once."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def known_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, which this process reads only once.

    They are read again when anything in its `FileState` says that the file is another one. What
    changes a file behind that (a disk that rots) is found by the next process.
    """
    return hashed(path, file_state(path))


FileState = tuple[int, int, int, int]
"""Size, time of the last change of bytes and of the inode (which no command sets back), inode."""


def file_state(path: Path) -> FileState:
    """What tells a file from what it was before, without reading it; raises OSError."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


@functools.lru_cache(maxsize=1 << 16)
def hashed(path: Path, state: FileState) -> str:
    """What `known_sha256` remembers; its ``cache_info().misses`` counts the files read."""
    return file_sha256(path)
