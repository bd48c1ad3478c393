"""What has a value and an interval: figures, likenesses, what is found in training."""

from typing import Protocol


class Interval(Protocol):
    """A figure with its interval."""

    @property
    def value(self) -> float: ...

    @property
    def low(self) -> float: ...

    @property
    def high(self) -> float: ...
