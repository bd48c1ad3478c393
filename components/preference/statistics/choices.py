"""The answers to a study in long form: one place an answer, everything else is counted from it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]


class Outcome(IntEnum):
    """What somebody answered about the two images of a pair."""

    LEFT = 0
    RIGHT = 1
    TIE = 2
    BOTH_BAD = 3


NOBODY = -1
"""The index of no model: who won an undecided pair, and what an attention check shows."""


@dataclass(frozen=True)
class Answer:
    """One answer by its names, as a table of answers has it.

    Attributes:
        left, right: the models shown there; empty for an attention check.
        prompt: what the pair's images were asked to be; pairs of one prompt belong together. The
            pair's own name where it is empty.
        group: of prompts.
        seconds: from showing the pair to answering.
        repeat: whether the person saw this pair before; that answer is the first one.
        expected: the plain answer of an attention check; None for a pair of the study.
    """

    person: str
    pair: str
    left: str
    right: str
    outcome: Outcome
    question: str = ""
    seconds: float = np.nan
    prompt: str = ""
    group: str = ""
    repeat: bool = False
    expected: Outcome | None = None


@dataclass(frozen=True)
class Choices:
    """n answers, in the order in which they arrived.

    Attributes:
        person, pair, question: (n,) indices into ``people``, ``pairs`` and ``questions``.
        left, right: (n,) indices into ``models`` of what was shown there; `NOBODY` for checks.
        outcome: (n,) `Outcome`.
        seconds: (n,) from showing to answering; NaN where it is not known.
        repeat: (n,) whether this shows a pair again to the same person.
        expected: (n,) the `Outcome` that an attention check asks for; `NOBODY` elsewhere.
        people, pairs, models, questions: names.
        prompt_of, group_of: (pairs,) indices into ``prompts`` and ``groups``.
    """

    person: Indices
    pair: Indices
    left: Indices
    right: Indices
    outcome: Indices
    question: Indices
    seconds: Floats
    repeat: Flags
    expected: Indices
    people: tuple[str, ...]
    pairs: tuple[str, ...]
    models: tuple[str, ...]
    questions: tuple[str, ...]
    prompts: tuple[str, ...]
    groups: tuple[str, ...]
    prompt_of: Indices
    group_of: Indices

    def __len__(self) -> int:
        return len(self.person)

    @property
    def attention(self) -> Flags:
        """(n,) whether this is an attention check."""
        flags: Flags = self.expected != NOBODY
        return flags

    @property
    def prompt(self) -> Indices:
        """(n,) whose answers belong together beside those of one person."""
        return self.prompt_of[self.pair]

    @property
    def winner(self) -> Indices:
        """(n,) the model that was chosen; `NOBODY` where neither was."""
        neither = np.full(len(self), NOBODY)
        return np.select(
            [self.outcome == Outcome.LEFT, self.outcome == Outcome.RIGHT],
            [self.left, self.right],
            neither,
        )

    @property
    def loser(self) -> Indices:
        """(n,) the model that was passed over; `NOBODY` where neither was."""
        both = self.left + self.right - self.winner
        return np.where(self.winner == NOBODY, NOBODY, both)

    @property
    def is_decided(self) -> Flags:
        """(n,) whether left or right was chosen."""
        return np.isin(self.outcome, (Outcome.LEFT, Outcome.RIGHT))

    def where(self, chosen: Flags | Indices) -> "Choices":
        """The answers for which (n,) ``chosen`` holds, or those at ``chosen``; all names stay."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in _PER_ANSWER})

    def shown(self) -> "Choices":
        """First answers about pairs of the study: neither hidden repeats nor attention checks."""
        return self.where(~self.repeat & ~self.attention)

    def decided(self) -> "Choices":
        """Those in which one model was chosen."""
        return self.where(self.is_decided)

    def of_question(self, question: str) -> "Choices":
        """The answers to one question; raises KeyError for a name that there is not."""
        return self.where(self.question == _index(self.questions, question, "question"))

    def by_pair(self) -> "Choices":
        """The same answers, each pair as a prompt of its own: what is said of them is then about
        other pairs of the same prompts."""
        alone = np.arange(len(self.pairs), dtype=np.intp)
        return replace(self, prompts=self.pairs, prompt_of=alone)

    def of_group(self, group: str) -> "Choices":
        """The answers about one group of prompts; raises KeyError for a name that there is not."""
        return self.where(self.group_of[self.pair] == _index(self.groups, group, "group"))

    def between(self, one: int, other: int) -> "Choices":
        """The answers about pairs of these two models, whichever side they stood on."""
        low, high = min(one, other), max(one, other)
        sides = np.minimum(self.left, self.right), np.maximum(self.left, self.right)
        return self.where((sides[0] == low) & (sides[1] == high))

    def without(self, people: Collection[str]) -> "Choices":
        """The answers of everybody else; nobody's answers are deleted from anywhere."""
        out = [index for index, name in enumerate(self.people) if name in set(people)]
        return self.where(~np.isin(self.person, out))

    def model(self, name: str) -> int:
        """A model's index; raises KeyError for a name that there is not."""
        return _index(self.models, name, "model")


_PER_ANSWER = tuple(field.name for field in fields(Choices))[:9]


def choices_of(answers: Iterable[Answer]) -> Choices:
    """The long form of named answers.

    Names get their indices in the order of the alphabet, so that no figure hangs on the order in
    which answers came; that order is the answers' own.

    Raises:
        ValueError: two models of a pair are the same one, a pair has two prompts or groups, or
            somebody answered the same question about a pair twice with no repeat between them.
    """
    rows = list(answers)
    _check(rows)
    people, pairs, questions = (
        _names(getattr(row, what) for row in rows) for what in ("person", "pair", "question")
    )
    models = _names(name for row in rows for name in (row.left, row.right) if name)
    of_pair = {row.pair: (row.prompt or row.pair, row.group) for row in rows}
    prompts, groups = (_names(each[place] for each in of_pair.values()) for place in (0, 1))

    def indices(names: Sequence[str], wanted: Iterable[str]) -> Indices:
        at = {name: index for index, name in enumerate(names)}
        return np.array([at.get(name, NOBODY) for name in wanted], np.intp)

    return Choices(
        person=indices(people, (row.person for row in rows)),
        pair=indices(pairs, (row.pair for row in rows)),
        left=indices(models, (row.left for row in rows)),
        right=indices(models, (row.right for row in rows)),
        outcome=np.array([int(row.outcome) for row in rows], np.intp),
        question=indices(questions, (row.question for row in rows)),
        seconds=np.array([row.seconds for row in rows], np.float64),
        repeat=np.array([row.repeat for row in rows], bool),
        expected=np.array(
            [NOBODY if row.expected is None else int(row.expected) for row in rows], np.intp
        ),
        people=people,
        pairs=pairs,
        models=models,
        questions=questions,
        prompts=prompts,
        groups=groups,
        prompt_of=indices(prompts, (of_pair[pair][0] for pair in pairs)),
        group_of=indices(groups, (of_pair[pair][1] for pair in pairs)),
    )


def _check(rows: Sequence[Answer]) -> None:
    seen = set()
    facts: dict[str, tuple[str, str]] = {}
    for row in rows:
        if row.expected is None and (row.left == row.right or not row.left or not row.right):
            raise ValueError(f"pair {row.pair} shows {row.left!r} beside {row.right!r}")
        if facts.setdefault(row.pair, (row.prompt, row.group)) != (row.prompt, row.group):
            raise ValueError(f"pair {row.pair} has two prompts or two groups")
        answered = (row.person, row.pair, row.question)
        if answered in seen and not row.repeat and row.expected is None:
            raise ValueError(f"{row.person} answered pair {row.pair} twice, and not as a repeat")
        seen.add(answered)


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _index(names: Sequence[str], name: str, what: str) -> int:
    if name not in names:
        raise KeyError(f"no {what} {name!r}: there are {', '.join(names)}")
    return names.index(name)
