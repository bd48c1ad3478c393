"""How far a served study is, and how well its annotators answer; its result only when asked."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from components.preference.about import About
from components.preference.answers.checked import checked
from components.preference.answers.imported import as_choices
from components.preference.answers.once import once
from components.preference.answers.row import AnswerRow, Raw, Where
from components.preference.design.key import GENERATED, Key
from components.preference.served.record import Said, names, standing
from components.preference.statistics.agreement import Share, alpha, failed_checks, ratings_of
from components.preference.statistics.choices import Choices
from components.preference.statistics.crossed import Interval
from components.preference.statistics.sequential import crossed_look
from components.preference.statistics.win_rate import win_rate

PAUSE = 300.0
"""Seconds between two answers beyond which somebody was away."""

LATELY = 20
"""Answers that a person's pace is taken from."""

LAST = timedelta(hours=1)
"""What the study's pace is taken from."""


@dataclass(frozen=True)
class Annotator:
    """How far one annotator is.

    Attributes:
        number: from 1.
        name: as told; empty where nobody has begun.
        answered, of: items.
        undone: answers that were taken back.
        pace: answers a minute, pauses apart; None where there are too few.
        last: when the last answer came; None where none did.
        failed, checks: attention checks answered otherwise than is plain, of how many.
    """

    number: int
    name: str
    answered: int
    of: int
    undone: int
    pace: float | None
    last: datetime | None
    failed: int
    checks: int


@dataclass(frozen=True)
class Result:
    """What one comparison shows.

    Attributes:
        question, candidate, baseline: what was asked about which models.
        answers, people: that it is made of.
        interval: of the win rate; None where there is none.
    """

    question: str
    candidate: str
    baseline: str
    answers: int
    people: int
    interval: Interval | None


@dataclass(frozen=True)
class Monitored:
    """A study so far.

    Attributes:
        annotators: by number.
        answered, planned: first showings of the study's pairs.
        items, of: the same with repeats and checks.
        hourly: items answered in the last hour, as if it were a whole one; None without any.
        ends: when all will be answered at that pace.
        agreement: question → Krippendorff's alpha of first answers; None where it has no value.
        failed: attention checks.
        results: None where they were not asked for, and the study has not its planned answers.
        at: the time of all this.
    """

    annotators: Sequence[Annotator]
    answered: int
    planned: int
    items: int
    of: int
    hourly: float | None
    ends: datetime | None
    agreement: Mapping[str, Interval | None]
    failed: Share
    results: Sequence[Result] | None
    at: datetime

    @property
    def complete(self) -> bool:
        """Whether the study has all answers that were planned."""
        return self.answered >= self.planned


def monitored(
    db: sqlite3.Connection, about: About, key: Key, now: datetime, *, peek: bool = False
) -> Monitored:
    """A study so far.

    Args:
        db: its record, to be read.
        now: with its time zone.
        peek: show results before the planned number of answers, by an interval that holds however
            often one looks.
    """
    said, called = [each for each in standing(db) if each.item in key.items], names(db)
    query = "SELECT slot, count(*) FROM history WHERE kind = 'undo' GROUP BY slot"
    undone = dict(db.execute(query))
    choices = as_choices(once(_rows(said, called, key, now), key.items).kept, key)
    annotators = [
        _annotator(number, said, called.get(number, ""), undone.get(number, 0), key, choices)
        for number in range(1, about.people + 1)
    ]
    planned = sum(item.kind == "shown" for item in key.items.values())
    answered = sum(key.items[each.item].kind == "shown" for each in said)
    hourly = _hourly(said, now)
    left = len(key.items) - len(said)
    agreement = {
        question: alpha(ratings_of(choices.of_question(question)), "nominal")
        if question in choices.questions
        else None
        for question in key.questions
    }
    shown = peek or answered >= planned
    return Monitored(
        annotators=annotators,
        answered=answered,
        planned=planned,
        items=len(said),
        of=len(key.items),
        hourly=hourly,
        ends=now + timedelta(hours=left / hourly) if hourly and left else None,
        agreement=agreement,
        failed=failed_checks(choices),
        results=_results(choices, about, complete=answered >= planned) if shown else None,
        at=now,
    )


def _rows(
    said: Sequence[Said], called: Mapping[int, str], key: Key, now: datetime
) -> list[tuple[AnswerRow, Where]]:
    rows = []
    for each in said:
        shared = {"item": each.item, "annotator": called[each.slot], "seconds": repr(each.seconds)}
        for question, answer in each.answers.items():
            texts = {**shared, "question": question, "answer": answer, "place": f"{each.place}"}
            row = checked(Raw(Where("", ""), texts), key, now)
            if isinstance(row, AnswerRow):
                rows.append((row, Where("", "")))
    return rows


def _annotator(
    number: int, said: Sequence[Said], name: str, undone: int, key: Key, choices: Choices
) -> Annotator:
    own = [datetime.fromisoformat(each.received) for each in said if each.slot == number]
    gaps = [(b - a).total_seconds() for a, b in zip(own, own[1:], strict=False)][-LATELY:]
    going = [gap for gap in gaps if 0 <= gap <= PAUSE]
    total = sum(going)
    checks = choices.where(choices.attention)
    if name in choices.people:
        checks = checks.where(checks.person == choices.people.index(name))
    else:
        checks = checks.where(np.zeros(len(checks), bool))
    return Annotator(
        number=number,
        name=name,
        answered=len(own),
        of=len([item for item in key.items.values() if item.slot == number - 1]),
        undone=undone,
        pace=60 * len(going) / total if len(going) > 1 and total else None,
        last=own[-1] if own else None,
        failed=int((checks.outcome != checks.expected).sum()),
        checks=len(checks),
    )


def _hourly(said: Sequence[Said], now: datetime) -> float | None:
    """Answers an hour: those of the last one, or since the first where that was later."""
    came = [datetime.fromisoformat(each.received) for each in said]
    lately = [when for when in came if when > now - LAST]
    if len(lately) < 2:
        return None
    since = LAST if min(came) <= now - LAST else now - min(came)
    return len(lately) / (max(since, timedelta(seconds=1)) / timedelta(hours=1))


def _results(choices: Choices, about: About, *, complete: bool) -> list[Result]:
    """Each candidate against the baseline; of one image, how often each model's is taken for real.

    With all planned answers the crossed interval, before them the one that holds at every look.
    """
    single = about.kind == "realism"
    against = GENERATED if single else about.models[0]
    candidates = about.models if single else about.models[1:]
    found = []
    for question in about.questions:
        for name in candidates:
            if question not in choices.questions or not {name, against} <= set(choices.models):
                found.append(Result(question, name, against, 0, 0, None))
                continue
            asked = choices.of_question(question)
            two = choices.model(name), choices.model(against)
            if complete:
                rate = win_rate(asked, *two, draws=0)
                counts = rate.wins + rate.losses, rate.people
                found.append(Result(question, name, against, *counts, rate.crossed))
            else:
                look = crossed_look(asked, *two)
                said = None if look.interval.high - look.interval.low >= 1 else look.interval
                found.append(Result(question, name, against, look.answers, look.people, said))
    return found
