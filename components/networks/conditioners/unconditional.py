"""Nothing: an unconditional model."""

from collections.abc import Sequence
from dataclasses import dataclass

from components.data.readers import Reader
from components.errors import AlphabarError, shortened
from components.networks.conditioners.conditioner import Exported, Given, Prompt, Table
from components.networks.conditioners.rows import Rows


@dataclass(frozen=True)
class NoCondition:
    """An unconditional model is told nothing, and knows no word."""

    n_classes: int = 0
    width: int | None = None
    pooled: int | None = None
    readers: Sequence[Reader] = ()

    def encode(self, classes: Sequence[int], captions: Sequence[str]) -> Rows:
        return {}

    def table(self, classes: Sequence[int], captions: Sequence[str]) -> Table:
        return lambda index: {}

    def null(self, count: int) -> Rows:
        return {}

    def prompt(self, text: str) -> Prompt:
        if not text:
            return Prompt(-1, "", "")
        raise AlphabarError(
            f"the model is unconditional: it cannot be told `{shortened(text)}`", "leave it out"
        )

    def unprompted(self) -> Sequence[str]:
        return [""]

    def release(self) -> None:
        """It has loaded nothing."""

    def exported(self) -> Exported:
        words = "It is unconditional: there is nothing to guide it by.\n"
        return Exported(words, code=["told = {}"])


def unconditional(given: Given) -> NoCondition:
    """A model that is told nothing."""
    return NoCondition()
