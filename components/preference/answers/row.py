"""One answer in long form, one that was written down and not yet checked, and one refused."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.preference.statistics.choices import Outcome

SIGNED = ("study", "item", "question", "answer", "annotator", "seconds", "place")
"""The columns of the page's file, in version 2, over which a row's `digest` is taken."""

FIELDS = (*SIGNED, "when")
"""What may be known of an answer."""

DIGEST_DIGITS = 16


@dataclass(frozen=True)
class AnswerRow:
    """An answer.

    Attributes:
        study, item, question: what was asked.
        answer: what was said.
        annotator: who said it.
        seconds: from showing to answering; NaN where it is not known.
        order: which of the annotator's answers it was; None where it is not known.
    """

    study: str
    item: str
    question: str
    answer: Outcome
    annotator: str
    seconds: float
    order: int | None


@dataclass(frozen=True)
class Where:
    """Where an answer was written down.

    Attributes:
        file: its name.
        place: a line, as ``line 3``, or a task; ``file`` for the whole of it.
    """

    file: str
    place: str


@dataclass(frozen=True)
class Raw:
    """An answer as it was written down.

    Attributes:
        where: it stands.
        texts: of `FIELDS`, as far as they are known; ``digest`` where the row has one.
    """

    where: Where
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Refused:
    """An answer, or a file, that is not taken.

    Attributes:
        where: it stands.
        reason: why not, in one sentence.
    """

    where: Where
    reason: str


def row_digest(texts: Sequence[str]) -> str:
    """What the page writes behind the texts of `SIGNED`: SHA-256 of them with U+001F between.

    It finds rows that a spreadsheet or a person changed. Who means to forge one can do so, as all
    that makes it is in the page.
    """
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()[:DIGEST_DIGITS]
