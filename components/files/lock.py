"""Locks of the kernel, which lets go of them when the process that holds them dies."""

import contextlib
import fcntl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from components.errors import AlphabarError

LOOK_SECONDS = 0.1


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


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
