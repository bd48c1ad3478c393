"""Which of several fine-tunes is chosen, and why, read from what the stages have left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.figures.likeness import read_likeness
from components.figures.limits import Choice, Gain, Limits, choose, gain_of, reason
from components.figures.record import read_judgement


@dataclass(frozen=True)
class Measured:
    """Directories of one fine-tuned model's figures.

    Attributes:
        adapted: against the new data's holdout.
        drifted: against the base's, with its drift; None where that was not measured.
        similarity: to its subject; None for a model without one.
    """

    adapted: Path
    drifted: Path | None = None
    similarity: Path | None = None


@dataclass(frozen=True)
class Decision:
    """The choice, and what it was made by.

    Attributes:
        within: whether each model keeps the limits, as far as is known.
    """

    choice: Choice
    gain: Gain
    limits: Limits
    within: tuple[bool, ...]

    def reason(self, names: Sequence[str]) -> str:
        """Why, in a sentence; empty where there was no choice."""
        return reason(self.choice, names, self.gain, self.limits)


def decide(
    models: Sequence[Measured], before: Path, metric: str, limits: Mapping[str, float | None]
) -> Decision:
    """Choose by the rule of `components.figures.limits`.

    Args:
        before: the directory of the base's own figures.
        metric: the distance that ranks.
        limits: the section `finetune.limits`.

    Raises:
        AlphabarError: a file is missing or broken.
    """
    adapted = [read_judgement(model.adapted).figures for model in models]
    drifted = [read_judgement(each.drifted).figures if each.drifted else {} for each in models]
    likenesses = [read_likeness(each.similarity) if each.similarity else {} for each in models]
    gain, kept = gain_of(adapted, likenesses, metric), Limits.of(limits)
    base = read_judgement(before).figures
    within = tuple(kept.excess(figures, base, metric) == 0 for figures in drifted)
    return Decision(choose(gain, drifted, base, metric, kept), gain, kept, within)
