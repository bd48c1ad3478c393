"""How much images of a subject are like its real ones, as the stage `similarity` has measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from components.errors import AlphabarError
from components.files.json_file import read_object
from components.files.manifest import intact, remedy

JUDGED = "judgement"
"""The folder in the stage's that has the tuned model's likeness as figures, `likeness_EXTRACTOR`,
with what each image adds (`components.figures.record`)."""


@dataclass(frozen=True)
class Value:
    """A mean cosine with its interval."""

    value: float
    low: float
    high: float

    def text(self) -> str:
        return f"{self.value:.3f} {self.interval()}"

    def interval(self, sign: str = "") -> str:
        """``[low, high]``; with the sign of positive numbers too where ``sign`` is ``+``."""
        return f"[{self.low:{sign}.3f}, {self.high:{sign}.3f}]"

    @property
    def apart(self) -> bool:
        """Whether the interval leaves out 0, as that of a difference may."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Likeness:
    """By one extractor, to the subject's images.

    Attributes:
        tuned: of the tuned model's images.
        baseline: of its base's, of the same seeds and prompt.
        difference: of the two.
        ceiling: of each real image to the others.
    """

    tuned: Value
    baseline: Value
    difference: Value
    ceiling: Value


def read_likeness(directory: Path) -> dict[str, Likeness]:
    """Extractor → what it has found; raises AlphabarError where the file is missing or broken."""
    path = directory / "metrics.json"
    content = read_object(intact(path), remedy(directory))
    try:
        return {name: _likeness(found) for name, found in content["similarity"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AlphabarError(f"{path} is broken ({error!r})", remedy(directory)) from error


def _likeness(found: Mapping[str, Mapping[str, float]]) -> Likeness:
    names = ("tuned", "baseline", "difference", "ceiling")
    ends = ("value", "low", "high")
    return Likeness(*(Value(*(float(found[name][end]) for end in ends)) for name in names))
