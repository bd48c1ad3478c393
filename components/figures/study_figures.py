"""What a preference study found: the analysis makes it, a page shows it, MLflow and the gate keep
it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

View = Literal["counted", "all", "careless out"]
"""Whose answers: those that no recorded exclusion is about, all that came in, and those that are
left when people flagged by the rule are taken out of the counted ones."""

COUNTED: View = "counted"
MOST_PEEKS = 12
"""Early looks that are listed."""

ALPHA = (
    "Krippendorff’s α is corrected for chance and falls where nearly all answers are alike, so "
    "read it beside the shares of the answers"
)
"""What stands beside its values."""

AT_A_LOOK = "the interval does not hold at this look: it is for one look at the planned end"
"""What the note of an interval begins with that was made before the planned answers came."""

VIEWS: tuple[View, ...] = (COUNTED, "all", "careless out")


@dataclass(frozen=True)
class Finding:
    """One figure of a study.

    Attributes:
        name: what it is, such as ``win_rate``.
        question: that was asked; empty for what is of all questions.
        model, against: whose figure, and beside whom; empty where it is of no model.
        group: of prompts; empty for all.
        view: whose answers.
        value: None where there is none; ``note`` then says why.
        low, high: of its interval; None where there is none.
        confidence: of the interval.
        method: how the interval was made.
        independent: whether it takes answers for independent, and so is too narrow.
        answers: how many it was counted from.
        p_value: of no preference; None where that is not asked.
        p_adjusted: the same by Holm's method over its family: the groups of a question, or the
            pairs of models.
        note: what must be known of it, a sentence without its full stop.
    """

    name: str
    question: str = ""
    model: str = ""
    against: str = ""
    group: str = ""
    view: View = COUNTED
    value: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    method: str = ""
    independent: bool = False
    answers: int = 0
    p_value: float | None = None
    p_adjusted: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Person:
    """Somebody who answered.

    Attributes:
        name: as the answers have it.
        answers: of all questions, repeats and attention checks among them.
        seconds: the median of a choice; None where none is known.
        failed, checks: attention checks failed, of how many.
        unlike, repeats: hidden repeats answered otherwise than at first, of how many.
        flagged: whether the rule takes the answers for random clicks.
        enough: whether there was enough to tell.
        reason: what the rule counted.
        excluded: why these answers are not counted; empty where they are.
    """

    name: str
    answers: int
    seconds: float | None
    failed: int
    checks: int
    unlike: int
    repeats: int
    flagged: bool
    enough: bool
    reason: str
    excluded: str


@dataclass(frozen=True)
class PairTally:
    """What was answered about one pair.

    Attributes:
        one, other: the models; of `realism` who made the image, and ``generated``.
        for_one, for_other, ties, both_bad: answers.
        files: model → its image, a path from the study's folder.
    """

    question: str
    pair: str
    prompt: str
    group: str
    one: str
    other: str
    for_one: int
    for_other: int
    ties: int
    both_bad: int
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def decided(self) -> int:
        """Answers for either."""
        return self.for_one + self.for_other

    @property
    def lead(self) -> float:
        """The share of decided answers for one less that for the other; 0 without any."""
        return (self.for_one - self.for_other) / max(self.decided, 1)


@dataclass(frozen=True)
class Peek:
    """A look at the result before the planned answers were there.

    Attributes:
        when: ISO 8601.
        answers: first answers to the question with the fewest, then.
    """

    when: str
    answers: int


@dataclass(frozen=True)
class Progress:
    """How far a study is.

    Attributes:
        planned: first answers of each question; 0 where no plan is known.
        came: first answers by question.
        counted: those of them that no exclusion is about.
        people, planned_people: who answered, and for how many it was drawn.
        peek: whether figures were asked for before the plan is fulfilled.
        peeks: all looks at the result that there were before the plan was fulfilled.
    """

    planned: int
    came: Mapping[str, int]
    counted: Mapping[str, int]
    people: int
    planned_people: int
    peek: bool = False
    peeks: tuple[Peek, ...] = ()

    @property
    def missing(self) -> int:
        """Answers that lack in the question that lacks most."""
        return max((self.planned - came for came in self.came.values()), default=0)

    @property
    def finished(self) -> bool:
        """Whether the planned answers are there."""
        return self.missing <= 0

    @property
    def looked(self) -> str:
        """How often and when the result was looked at early, in words."""
        if not self.peeks:
            return "never"
        times = "once" if len(self.peeks) == 1 else f"{len(self.peeks)} times"
        when = [f"{each.when} at {each.answers:,} answers" for each in self.peeks]
        shown = when if len(when) <= MOST_PEEKS else [*when[: MOST_PEEKS - 1], "…", when[-1]]
        return f"{times} ({'; '.join(shown)})"

    @property
    def told(self) -> bool:
        """Whether it is said who won."""
        return self.finished or self.peek


@dataclass(frozen=True)
class StudyFigures:
    """All that a study found.

    Attributes:
        study, name, kind: of it.
        questions: name → in words.
        models: names, the baseline first.
        simulated: whether no person answered.
        confidence, draws, seed: of all intervals and bootstraps.
        progress: how far it is.
        findings: every figure, in the order of the page.
        people: in the order of their names.
        contested, one_sided: pairs of the counted answers, the most so first.
        notes: what bears on everything, a sentence each without its full stop.
    """

    study: str
    name: str
    kind: str
    questions: Mapping[str, str]
    models: tuple[str, ...]
    simulated: bool
    confidence: float
    draws: int
    seed: int
    progress: Progress
    findings: tuple[Finding, ...]
    people: tuple[Person, ...] = ()
    contested: tuple[PairTally, ...] = ()
    one_sided: tuple[PairTally, ...] = ()
    notes: tuple[str, ...] = ()

    def found(self, *names: str, **of: str) -> list[Finding]:
        """The findings of these names (any where there is none) and fields, such as ``view``."""
        return [
            each
            for each in self.findings
            if (not names or each.name in names)
            and all(getattr(each, part) == value for part, value in of.items())
        ]

    def record(self) -> dict[str, Any]:
        """All of it as plain JSON values; no number is NaN."""
        content = asdict(self)
        more = {"missing": max(self.progress.missing, 0), "finished": self.progress.finished}
        content["progress"] |= more
        plain: dict[str, Any] = _plain(content)
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
