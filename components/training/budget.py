"""How much of the training time evaluations may take."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Budget:
    """Counts training time and evaluation time apart, and says when an evaluation is too dear.

    An evaluation is expected to cost what the latest one did. It is allowed while all of them
    with it take at most ``share`` of the training time so far, the evaluations' own time left
    out of that, and while that leaves the time of one more by the end of training, at the pace
    so far. What the first costs is to be found out before the first step, and counts too.

    Over the whole run the share is then exceeded only by what an evaluation takes longer than
    the one before it, or by the one before the first step where training is too short for it.

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

    @property
    def is_blind(self) -> bool:
        """Whether nobody knows yet what an evaluation costs."""
        return not self.expected

    def allows(self, done: float = 1.0) -> bool:
        """Whether another evaluation keeps within the share, and one more at the end as well.

        Args:
            done: the share of the steps that are trained, above 0; at 1 this is the last one.
        """
        if self.share is None:
            return True
        trained, after = self.trained(), self.spent + self.expected
        last = self.expected if done < 1 else 0.0
        return after <= self.share * trained and after + last <= self.share * trained / done

    def reason(self) -> str:
        """Why an evaluation is not allowed now."""
        assert self.share is not None
        trained, after = self.trained(), self.spent + self.expected
        if after <= self.share * trained:
            return f"the last evaluation, of about {self.expected:.1f} s, would be left no time"
        return (
            f"with about {self.expected:.1f} s more, evaluations would take {after:.1f} s; "
            f"`training.max_share: {self.share}` of {trained:.1f} s of training is less"
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
