"""When the work that a run of MLflow records was done: that of its stages, not of the record."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from components.files.manifest import MANIFEST, read_manifest

ENDED, WALL = "ended", "wall_seconds"
"""What a published stage's manifest says of its run."""


@dataclass(frozen=True)
class Worked:
    """A run's time, in milliseconds since 1970, as MLflow has it.

    Attributes:
        start: None where it is not known.
        end: None while the work goes on.
        seconds: of the device, all stages together; None where a manifest does not say.
    """

    start: int | None = None
    end: int | None = None
    seconds: float | None = None


def worked(directories: Iterable[Path]) -> Worked:
    """Of stages that were published, from their manifests.

    It ends with the last of them, and lasts as long as they took together: a cell that was judged
    long after it was sampled has not worked in between.

    Raises:
        AlphabarError: a manifest is damaged.
    """
    ends, seconds = list[float](), list[float | None]()
    for directory in directories:
        path = directory / MANIFEST
        if not path.is_file():
            return Worked()
        manifest = read_manifest(directory)
        ended = manifest.get(ENDED)  # what older versions published is as old as its file
        ends.append(datetime.fromisoformat(ended).timestamp() if ended else path.stat().st_mtime)
        seconds.append(manifest.get(WALL))
    known = [taken for taken in seconds if taken is not None]
    if not ends or len(known) < len(seconds):
        return Worked(end=round(1000 * max(ends)) if ends else None)
    end, total = max(ends), sum(known)
    return Worked(round(1000 * (end - total)), round(1000 * end), total)


def begun(lock: Path) -> Worked:
    """Of a stage that is at work, and holds ``lock`` since it began."""
    return Worked(round(1000 * lock.stat().st_mtime)) if lock.is_file() else Worked()
