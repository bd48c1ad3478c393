"""What a page posts: read within limits, and taken only if the file of it could be imported."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from components.errors import quoted
from components.files.json_file import parse_json
from components.preference.answers.checked import checked
from components.preference.answers.name import annotator_name
from components.preference.answers.row import Raw, Refused, Where
from components.preference.design.key import Key

MOST_VALUES = 200
LONGEST_NAME = 80
"""Shorter than an import takes, so that a number has room behind it."""

MOST_REVISION = 10**9
WORDS = {"pairwise": ("left", "right", "tie", "both bad"), "realism": ("real", "generated")}
"""Kind of the study → the answers that its page knows."""

_ID = re.compile("[0-9A-Za-z-]{8,64}")


@dataclass(frozen=True)
class Posted:
    """One message of a page.

    Attributes:
        kind: an annotator's name, an answer, or that an answer is taken back.
        id: the page's own name of the message: one that is sent again is the same message.
        revision: messages of this annotator that the page knows of.
        annotator: the name; empty for an undo.
        item: what is answered or taken back; empty for a name.
        answers: question → answer.
        seconds: from showing to answering.
        place: in the annotator's order, from 1; 0 where there is none.
        when: as the page's clock had it.
    """

    kind: Literal["annotator", "answer", "undo"]
    id: str
    revision: int
    annotator: str
    item: str
    answers: Mapping[str, str]
    seconds: float
    place: int
    when: str


def read_posted(body: bytes, items: Sequence[str], key: Key) -> Posted:
    """The message in a request's body; raises ValueError in a sentence.

    Args:
        items: what the annotator's page asks about.
    """
    try:
        content = parse_json(body, MOST_VALUES)
    except ValueError as error:
        raise ValueError(f"what was sent is no message: {error}") from None
    if not isinstance(content, dict):
        raise ValueError("what was sent is no message: it is no JSON object")
    name = _text(content, "id")
    if not _ID.fullmatch(name):
        raise ValueError("`id` is not 8 to 64 letters, digits and hyphens")
    revision, when = _whole(content, "revision", 0, MOST_REVISION), _moment(content)
    if "undo" in content:
        item = _item(_text(content, "undo"), items)
        return Posted("undo", name, revision, "", item, {}, 0.0, 0, when)
    annotator = annotator_name(_text(content, "annotator"))
    if len(annotator) > LONGEST_NAME:
        raise ValueError(f"the annotator's name {quoted(annotator)} is too long")
    if "item" not in content and "answers" not in content:
        return Posted("annotator", name, revision, annotator, "", {}, 0.0, 0, when)
    item, answers = _item(_text(content, "item"), items), _answers(content, key)
    seconds, place = _seconds(content), _whole(content, "place", 1, len(items))
    texts = {"item": item, "annotator": annotator, "seconds": repr(seconds), "place": f"{place}"}
    for question, answer in answers.items():
        said = {**texts, "question": question, "answer": answer}
        row = checked(Raw(Where("", ""), said), key, datetime.now(UTC))
        if isinstance(row, Refused):
            raise ValueError(row.reason)
    return Posted("answer", name, revision, annotator, item, answers, seconds, place, when)


def settled(when: str, received: str) -> str:
    """The time that a file of answers has: the page's, or the server's where a clock was wrong."""
    told, here = (datetime.fromisoformat(each) for each in (when, received))
    told = told if told.tzinfo else told.replace(tzinfo=UTC)
    return when if abs(told - here) < timedelta(days=1) else received


def _answers(content: Mapping[str, Any], key: Key) -> dict[str, str]:
    answers = content.get("answers")
    if not isinstance(answers, dict):
        raise ValueError("`answers` is no JSON object")
    if set(answers) != set(key.questions):
        asked = ", ".join(key.questions)
        raise ValueError(f"`answers` has {quoted(sorted(answers))}, and what is asked is {asked}")
    for question, answer in answers.items():
        if not isinstance(answer, str) or answer not in WORDS[key.kind]:
            known = ", ".join(WORDS[key.kind])
            raise ValueError(f"the answer to {question} is {quoted(answer)}, none of {known}")
    return {question: answers[question] for question in key.questions}


def _item(name: str, items: Sequence[str]) -> str:
    if name not in items:
        raise ValueError(f"the item {quoted(name)} is not on this page")
    return name


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str):
        raise ValueError(f"`{name}` is no text: {quoted(value)}")
    return value


def _whole(content: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = content.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"`{name}` is no whole number from {least} to {most}: {quoted(value)}")
    return value


def _seconds(content: Mapping[str, Any]) -> float:
    value = content.get("seconds")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"`seconds` is no number: {quoted(value)}")
    return float(value)


def _moment(content: Mapping[str, Any]) -> str:
    text = _text(content, "when")
    try:
        if len(text) > 40:
            raise ValueError
        datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"`when` is no time: {quoted(text)}") from None
    return text
