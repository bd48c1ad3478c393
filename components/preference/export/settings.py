"""What a study is asked to be, before anything of it is drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.errors import AlphabarError
from components.preference.about import QUESTIONS, REALISM
from components.preference.design.size import FEWEST_HIDDEN, Kind, Size

MOST_EACH = 40
"""Pairs that a person is asked about at most where nobody says how many people there are, as
`planning.plan` has it: about ten minutes with repeats and checks."""

SECONDS_AN_ANSWER = 6.0
"""That an answer is reckoned to take, where minutes are told before anybody has answered."""

BRIEF_SECONDS = 1.0
"""How long one image of `realism` is seen."""


@dataclass(frozen=True)
class Settings:
    """A study as it is asked for.

    Attributes:
        name: its title.
        pairs: that are judged; of `realism` images.
        raters: people who judge each pair.
        people: annotator slots; None for the fewest with a bearable load.
        seed: of all that is drawn.
        kind: of the study.
        questions: names of `QUESTIONS`; of `realism` there is one question and no choice.
        repeats, checks: of each person.
        least_seconds: how long an item is looked at before an answer is taken.
        licences: of what is shown, a line each.
        simulated: whether simulated annotators answer it.
        images_url: where ``images/`` will lie for Label Studio and MTurk; a path or an address.
    """

    name: str
    pairs: int = 40
    raters: int = 3
    people: int | None = None
    seed: int = 0
    kind: Kind = "pairwise"
    questions: tuple[str, ...] = tuple(QUESTIONS)
    repeats: int = FEWEST_HIDDEN
    checks: int = FEWEST_HIDDEN
    least_seconds: float = 0.5
    licences: tuple[str, ...] = ()
    simulated: bool = False
    images_url: str = "images/"

    @property
    def brief_seconds(self) -> float:
        """How long an image is seen; 0: until it is answered."""
        return BRIEF_SECONDS if self.kind == "realism" else 0.0

    def asked(self) -> Mapping[str, str]:
        """The questions: name → in words. Raises AlphabarError where one is not known."""
        if self.kind == "realism":
            return REALISM
        if unknown := [name for name in self.questions if name not in QUESTIONS]:
            known = ", ".join(QUESTIONS)
            raise AlphabarError(f"the question {unknown[0]!r} cannot be asked", f"ask {known}")
        if not self.questions:
            raise AlphabarError("a study asks at least one question", f"ask {', '.join(QUESTIONS)}")
        return {name: words for name, words in QUESTIONS.items() if name in self.questions}

    def size(self, models: Sequence[str]) -> Size:
        """The design's size; raises AlphabarError where there is no such design."""
        people = self.people or fewest_people(self.pairs, self.raters)
        try:
            return Size(
                tuple(models),
                self.pairs,
                people,
                self.raters,
                self.repeats,
                self.checks,
                self.kind,
            )
        except ValueError as error:
            raise AlphabarError(
                f"no such study: {error}",
                "give other pairs, people, raters, repeats or checks: `alphabar study plan`",
            ) from None


def fewest_people(pairs: int, raters: int) -> int:
    """The fewest people who are asked about `MOST_EACH` pairs each at most; two where that can be,
    as one person's answers say nothing about other people."""
    return max(-(-pairs * raters // MOST_EACH), raters, min(2, pairs * raters))


def minutes(items: int, questions: int) -> float:
    """What a person's items are reckoned to take."""
    return items * questions * SECONDS_AN_ANSWER / 60
