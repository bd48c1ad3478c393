"""How much of the training time evaluations may take."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Budget:
    """Counts training time and evaluation time apart, and says when an evaluation is too dear.

    An evaluation is expected to cost what the latest one did. It is allowed while all of them
    with it take at most ``share`` of the training time so far, the evaluations' own time left
    out of that. The first costs nobody knows what and is always allowed.

    What is allowed depends on how fast the machine is. With a share, two runs of one file may
    evaluate at other steps; where `publish: best` or `patience` decides, they may then publish
    other weights.

    Args:
        share: of the training time; None for no limit.
        clock: seconds from any origin, never going back.
    """

    def __init__(self, share: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.share, self._clock = share, clock
        self._trained, self._since = 0.0, clock()
        self.spent, self.expected = 0.0, 0.0

    def start(self) -> None:
        """Training starts now, or goes on."""
        self._since = self._clock()

    def trained(self) -> float:
        """Seconds of training so far, without evaluations."""
        return self._trained + self._clock() - self._since

    def allows(self) -> bool:
        """Whether another evaluation keeps within the share."""
        return self.share is None or self.spent + self.expected <= self.share * self.trained()

    def reason(self) -> str:
        """Why an evaluation is not allowed now."""
        return (
            f"with about {self.expected:.1f} s more, evaluations would take "
            f"{self.spent + self.expected:.1f} s; `training.max_share: {self.share}` of "
            f"{self.trained():.1f} s of training is less"
        )

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Around an evaluation: its time is no training time."""
        self._trained, started = self.trained(), self._clock()
        try:
            yield
        finally:
            self._since = self._clock()
            self.expected = self._since - started
            self.spent += self.expected

    def state(self) -> dict[str, float]:
        """What a resume point keeps, seconds."""
        return {"trained": self.trained(), "spent": self.spent, "expected": self.expected}

    def restore(self, state: dict[str, float]) -> None:
        """The reverse of `state`."""
        self._trained, self._since = state["trained"], self._clock()
        self.spent, self.expected = state["spent"], state["expected"]
