"""What a stage is told about the machine that it runs on; nothing here changes its result."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

RESUME_SECONDS = 60.0
"""The longest that long work goes on without a resume point in `Runtime.scratch`."""


KERNELS = "compiled"
"""The folder of a store's cache in which compiled networks' kernels are kept."""


class Progress(Protocol):
    """Called by long work as it goes on: ``done`` of ``total`` units, with a short note."""

    def __call__(self, done: int, total: int, note: str = "") -> None: ...


def silent(done: int, total: int, note: str = "") -> None:
    """The progress of work that nobody watches."""


@dataclass(frozen=True)
class Runtime:
    """The surroundings of one stage run.

    Attributes:
        progress: receives (done, total, note).
        accelerator: Lightning's name: ``auto``, ``cpu``, ``gpu`` or ``mps``.
        scratch: a folder that survives a kill and is offered again when the same stage is
            started again, for checkpoints to resume from; ``None`` where there is none.
        cache: a folder of values that can be computed again, by content key, shared by all
            stages of a store; ``None`` where nothing is kept.
        weights: a folder with files of networks' weights, before the user's own cache.
        clock: seconds that only go forward, by which resume points are kept.
        seconds: part of the stage's work → what it took; the stage fills it, for the manifest.
        costs: what a training took, as `components.meter` has it; likewise.
    """

    progress: Progress = field(default=silent)
    accelerator: str = "auto"
    scratch: Path | None = None
    cache: Path | None = None
    weights: Path | None = None
    clock: Callable[[], float] = time.monotonic
    seconds: dict[str, float] = field(default_factory=dict)
    costs: dict[str, Any] = field(default_factory=dict)

    @property
    def kernels(self) -> Path | None:
        """The folder of compiled kernels; ``None`` where nothing is kept."""
        return self.cache and self.cache / KERNELS

    @property
    def taken(self) -> dict[str, dict[str, Any]]:
        """What a manifest holds of the stage's run: of its parts, those that were filled."""
        parts = {"seconds": self.seconds, "costs": self.costs}
        return {name: part for name, part in parts.items() if part}
