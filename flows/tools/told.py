"""A piece of work as a display shows it."""

import contextlib
from collections.abc import Iterator

from components.runtime import Progress
from flows.console import Display
from flows.run.execution import ProgressEvent


@contextlib.contextmanager
def told(display: Display, name: str) -> Iterator[Progress]:
    """Work that is shown under ``name``, by the progress function that this gives."""

    def progress(done: int, total: int, note: str = "") -> None:
        display.event(ProgressEvent(name, done, total, note))

    display.start(name)
    outcome = "stopped"
    try:
        yield progress
        outcome = "done"
    finally:
        display.finish(name, outcome)
