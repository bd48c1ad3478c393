"""How long a run has trained, and how long it has been evaluated meanwhile."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from components.files.manifest import MANIFEST, read_manifest

TRAINING, EVALUATIONS = "training", "evaluations"
"""The parts of a run's time, in seconds: what a manifest holds under `SECONDS`."""

SECONDS = "seconds"


class Stopwatch:
    """Counts the seconds of training and of evaluations apart.

    Args:
        clock: seconds from any origin, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._since = clock, clock()
        self._training = self._evaluations = 0.0

    def start(self) -> None:
        """Training starts now, or goes on."""
        self._since = self._clock()

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Around an evaluation: its time is no training time."""
        started = self._clock()
        self._training += started - self._since
        try:
            yield
        finally:
            self._since = self._clock()
            self._evaluations += self._since - started

    def seconds(self) -> dict[str, float]:
        """The time so far by part, which a resume point keeps and a manifest shows."""
        return {
            TRAINING: round(self._training + self._clock() - self._since, 3),
            EVALUATIONS: round(self._evaluations, 3),
        }

    def restore(self, seconds: dict[str, float]) -> None:
        """Go on from `seconds`."""
        self._training, self._evaluations = seconds[TRAINING], seconds[EVALUATIONS]
        self._since = self._clock()


def read_seconds(directory: Path) -> dict[str, float]:
    """The time by part of a published training run; empty where nobody has taken it.

    Under `dvc repro` a manifest has no times, since they are others every time.
    """
    if not (directory / MANIFEST).is_file():
        return {}
    seconds: dict[str, float] = read_manifest(directory).get(SECONDS, {})
    return seconds


def evaluations_share(seconds: Mapping[str, float]) -> float | None:
    """The share of a run's time that evaluations took; None where there were none."""
    if not seconds.get(EVALUATIONS):
        return None
    return seconds[EVALUATIONS] / (seconds[TRAINING] + seconds[EVALUATIONS])
