"""How often people preferred one of two models of a study."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class WinRate:
    """How often a version was preferred in a blind study, with its interval.

    Attributes:
        value: None when nobody preferred either model.
        low, high: about other people and other prompts; None where that cannot be said.
        choices: how many choices were counted.
        model, against: which of the study's models the version is, and beside whom.
        question: that was asked.
        without: why there is no interval; empty where there is one.
        simulated: whether no person answered.
        missing: answers that lack to the planned ones; 0 or fewer where none does.
        look: low and high of the interval that holds at any look, for a study that is not finished.
    """

    value: float | None
    low: float | None
    high: float | None
    confidence: float
    choices: int
    model: str = "finetuned"
    against: str = "baseline"
    question: str = ""
    without: str = ""
    simulated: bool = False
    missing: int = 0
    look: tuple[float, float] | None = None

    def of_other(self) -> "WinRate":
        """The same choices seen from the other model."""
        value, low, high = (
            None if end is None else 1 - end for end in (self.value, self.high, self.low)
        )
        look = (1 - self.look[1], 1 - self.look[0]) if self.look else None
        turned = replace(self, model=self.against, against=self.model)
        return replace(turned, value=value, low=low, high=high, look=look)
