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

    They are read again when size, time stamp or inode say that the file is another one. What
    changes a file behind these (a disk that rots) is found by the next process.
    """
    found = path.stat()
    return hashed(path, found.st_size, found.st_mtime_ns, found.st_ino)


@functools.lru_cache(maxsize=1 << 16)
def hashed(path: Path, size: int, mtime_ns: int, inode: int) -> str:
    """What `known_sha256` remembers; its ``cache_info().misses`` counts the files read."""
    return file_sha256(path)
