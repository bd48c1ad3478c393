"""Which answers can be taken: each is held against the study's key, alone."""

import math
from datetime import UTC, datetime, timedelta

from components.errors import quoted
from components.files.text_file import odd_character
from components.preference.answers.name import annotator_name
from components.preference.answers.row import SIGNED, AnswerRow, Raw, Refused, row_digest
from components.preference.design.key import Key
from components.preference.design.size import Kind
from components.preference.statistics.choices import Outcome

LONGEST_SECONDS = 86_400.0
AHEAD = timedelta(days=1)
"""How far a time may lie ahead: time zones that nobody wrote down, clocks that are fast."""

PAIRWISE = {
    "left": Outcome.LEFT,
    "right": Outcome.RIGHT,
    "tie": Outcome.TIE,
    "none": Outcome.TIE,
    "both bad": Outcome.BOTH_BAD,
}
REALISM = {"real": Outcome.LEFT, "generated": Outcome.RIGHT}

MTURK_TIME = "%a %b %d %H:%M:%S %Y"


def word_of(outcome: int, kind: Kind) -> str:
    """What files of answers say for an `Outcome` in a study of that kind."""
    words = PAIRWISE if kind == "pairwise" else REALISM
    return next(word for word, means in words.items() if int(means) == outcome)


def checked(raw: Raw, key: Key, now: datetime) -> AnswerRow | Refused:
    """The answer, or why it is not taken.

    Args:
        now: with its time zone.
    """
    try:
        return _row(raw, key, now)
    except ValueError as error:
        return Refused(raw.where, str(error))


def _row(raw: Raw, key: Key, now: datetime) -> AnswerRow:
    texts = {name: raw.texts.get(name, "") for name in SIGNED}
    for name, text in raw.texts.items():
        if odd := odd_character(text):
            raise ValueError(f"`{name}` has the character {odd}")
    if "digest" in raw.texts and raw.texts["digest"] != row_digest(list(texts.values())):
        raise ValueError("its digest does not fit: the row was changed after it was written")
    study, item = texts["study"] or key.study, texts["item"]
    if study != key.study:
        raise ValueError(f"it answers another study, {quoted(study)}, not {key.study}")
    if item not in key.items:
        raise ValueError(f"the item {quoted(item)} is not in the key")
    if (when := raw.texts.get("when", "")) and _moment(when) > now + AHEAD:
        raise ValueError(f"the time {quoted(when)} is in the future")
    return AnswerRow(
        study,
        item,
        _question(texts["question"], key),
        _outcome(texts["answer"], key),
        annotator_name(texts["annotator"]),
        _seconds(texts["seconds"]),
        _order(texts["place"]),
    )


def _question(text: str, key: Key) -> str:
    if not text and len(key.questions) == 1:
        return key.questions[0]
    if text not in key.questions:
        asked = ", ".join(key.questions)
        raise ValueError(f"the question {quoted(text)} is not asked, but {asked}")
    return text


def _outcome(text: str, key: Key) -> Outcome:
    known = PAIRWISE if key.kind == "pairwise" else REALISM
    said = text.strip().lower().replace("_", " ")
    if said not in known:
        raise ValueError(f"the answer {quoted(text)} is none of {', '.join(known)}")
    return known[said]


def _seconds(text: str) -> float:
    if not text.strip():
        return math.nan
    try:
        seconds = float(text)
    except ValueError:
        raise ValueError(f"the seconds {quoted(text)} are no number") from None
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"nobody answers in {quoted(text)} seconds")
    if seconds > LONGEST_SECONDS:
        raise ValueError(f"{quoted(text)} seconds are more than a day")
    return seconds


def _order(text: str) -> int | None:
    if not text.strip():
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise ValueError(f"the place {quoted(text)} is no whole number")
    return int(text)


def _moment(text: str) -> datetime:
    """A time as ISO 8601 or as MTurk writes it; without a zone, or with one in letters, as UTC."""
    words = text.split()
    try:
        if len(words) == 6:
            found = datetime.strptime(" ".join([*words[:4], words[5]]), MTURK_TIME)
        else:
            found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"the time {quoted(text)} is none") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
