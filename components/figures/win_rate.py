"""How often people preferred one of two models."""

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class WinRate:
    """How often a version was preferred in a blind study, with its interval.

    Attributes:
        value: None when nobody preferred either model.
        low, high: about other people and other pairs; None where that cannot be said.
        choices: how many choices were counted.
        side: which of the study's two models the version is.
        without: why there is no interval; empty where there is one.
    """

    value: float | None
    low: float | None
    high: float | None
    confidence: float
    choices: int
    side: Literal["baseline", "finetuned"] = "finetuned"
    without: str = ""

    def of_baseline(self) -> "WinRate":
        """The same choices seen from the other model; ``self`` is the fine-tuned model's."""
        value, low, high = (
            None if end is None else 1 - end for end in (self.value, self.high, self.low)
        )
        return replace(self, value=value, low=low, high=high, side="baseline")
