"""How large a study is, and what can be drawn of it."""

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

Kind = Literal["pairwise", "realism"]
"""Two images side by side, or one image: real or generated?"""

REAL, NOISE = "real", "noise"
"""What is shown that no model made: an image of the holdout, and an image of noise."""

FEWEST_HIDDEN = 6
"""Repeats and attention checks of a person: with fewer, neither says anything about anybody."""


@dataclass(frozen=True)
class Size:
    """A study's size.

    Attributes:
        models: names, in the order of the key. Two or more; of `realism` one or more.
        pairs: what is judged: pairs of images, of `realism` images.
        people: annotator slots.
        raters: how many people judge each pair.
        repeats, checks: of each person, at least `FEWEST_HIDDEN`.
        kind: of the study.

    Raises:
        ValueError: no design has this size.
    """

    models: tuple[str, ...]
    pairs: int
    people: int
    raters: int
    repeats: int = FEWEST_HIDDEN
    checks: int = FEWEST_HIDDEN
    kind: Kind = "pairwise"

    def __post_init__(self) -> None:
        fewest = 2 if self.kind == "pairwise" else 1
        if len(self.models) < fewest or len(set(self.models)) < len(self.models):
            raise ValueError(f"a {self.kind} study needs {fewest} or more models of unlike names")
        if taken := {"", REAL, NOISE}.intersection(self.models):
            raise ValueError(f"no model can be called {min(taken)!r}")
        if min(self.repeats, self.checks) < FEWEST_HIDDEN:
            raise ValueError(f"a person has {FEWEST_HIDDEN} repeats and checks at least")
        if self.pairs < 1 or not 1 <= self.raters <= self.people:
            raise ValueError(
                f"{self.people} people cannot judge each of {self.pairs} pairs {self.raters} times"
            )
        if self.pairs * self.raters < self.people:
            raise ValueError(
                f"{self.pairs} pairs with {self.raters} raters each leave some of "
                f"{self.people} people nothing to judge"
            )

    def shown(self) -> list[tuple[str, str]]:
        """The two models of each pair, those of one kind together; of one image there is no other.

        Every two models meet equally often, within one. Of `realism` half the images are real,
        and the models made equally many of the others, within one; the real ones come last.
        """
        if self.kind == "pairwise":
            return _dealt(_meetings(self.models), self.pairs)
        generated = _dealt([(model, "") for model in self.models], self.pairs // 2)
        return generated + [(REAL, "")] * (self.pairs - len(generated))


def _meetings(models: tuple[str, ...]) -> list[tuple[str, str]]:
    """Every two models, so ordered that in each beginning all have met about equally often."""
    left, met = list(combinations(models, 2)), dict.fromkeys(models, 0)
    ordered = []
    while left:
        pair = min(left, key=lambda two: (max(met[m] for m in two), sum(met[m] for m in two)))
        left.remove(pair)
        ordered.append(pair)
        for model in pair:
            met[model] += 1
    return ordered


def _dealt(kinds: list[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    """``count`` of ``kinds``, equally many of each within one, those of one kind together."""
    return [kind for place, kind in enumerate(kinds) for _ in range(place, count, len(kinds))]
