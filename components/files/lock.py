"""Locks of the kernel, which lets go of them when the process that holds them dies."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from components.errors import AlphabarError
from components.files.leftovers import remove

LOOK_SECONDS = 0.1
_LOCK = "lock"


class HeldError(Exception):
    """Somebody else holds it."""


@contextlib.contextmanager
def locked_folder(folder: Path, *, wait: bool) -> Iterator[None]:
    """Hold ``folder``, which is made, empty but for the lock, and gone at the end.

    What was there before is removed: nobody holds it any more.

    Raises:
        HeldError: somebody else holds it, and ``wait`` is false.
        OSError: it cannot be made.
    """
    with _lock_in(folder, wait=wait):
        try:
            remove(*(found for found in folder.iterdir() if found.name != _LOCK))
            yield
        finally:
            remove(folder)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold ``path``, a file in a folder that exists, waiting for whoever holds it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def locked_within(path: Path, seconds: float, waiting: Callable[[], None]) -> Iterator[None]:
    """As `locked`, for a while.

    ``waiting`` is called once when someone else holds it.

    Raises:
        AlphabarError: it is still held after ``seconds``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + seconds
    with path.open("a") as file:
        told = False
        while not _taken(file.fileno()):
            if time.monotonic() > deadline:
                raise AlphabarError(
                    f"another process has held {path} for {seconds:.0f} s",
                    f"see who it is with `fuser {path}`, end it and run this again",
                )
            if not told:
                waiting()
                told = True
            time.sleep(LOOK_SECONDS)
        yield


def _lock_in(folder: Path, *, wait: bool) -> IO[str]:
    """The file in ``folder`` that is held until it is closed.

    Whoever held it before has removed it, perhaps after it was opened here: that is no lock.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with contextlib.suppress(OSError):
            folder.unlink()  # a file or a link that is in the way, never a folder
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
        try:
            file = (folder / _LOCK).open("a")
        except FileNotFoundError:
            continue
        if wait:
            fcntl.flock(file, fcntl.LOCK_EX)
        elif not _taken(file.fileno()):
            file.close()
            raise HeldError
        if _lies_at(folder / _LOCK, file.fileno()):
            return file
        file.close()


def _lies_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
