"""Answers that are not counted: a record of what, why, when and by which rule; none is deleted."""

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from components.errors import AlphabarError, quoted
from components.files.json_file import read_json, write_json
from components.files.put import put
from components.preference.answers.row import AnswerRow
from components.preference.design.key import Key

FILE = "exclusions.json"

What = Literal["annotator", "pair", "item"]
WHATS = ("annotator", "pair", "item")


@dataclass(frozen=True)
class Exclusion:
    """Answers that are not counted.

    Attributes:
        what, name: all of one annotator, about one pair, or to one item.
        why: in words.
        rule: by which rule, such as `careless` or `by hand`.
        when: it was excluded, ISO 8601.
        taken_back: when it was counted again; None where it is not.
    """

    what: What
    name: str
    why: str
    rule: str
    when: str
    taken_back: str | None = None


def read_exclusions(study: Path) -> list[Exclusion]:
    """All that was ever excluded, what was taken back too; raises AlphabarError where broken."""
    path, remedy = study / FILE, "mend it, or remove it to count all answers"
    if not os.path.lexists(path):  # of a link that leads nowhere nobody knows what it excluded
        return []
    content = read_json(path, remedy)
    if not isinstance(content, list):
        raise AlphabarError(f"{path} is no list of exclusions", remedy)
    try:
        found = [Exclusion(**each) for each in content]
    except TypeError as error:
        raise AlphabarError(f"{path} is no list of exclusions: {error}", remedy) from error
    for each in found:
        texts = [each.name, each.why, each.rule, each.when]
        if each.taken_back is not None:
            texts.append(each.taken_back)
        sound = all(isinstance(text, str) for text in texts) and each.taken_back != ""
        if each.what not in WHATS or not sound:
            raise AlphabarError(f"{path} excludes {quoted(each.what)} {quoted(each.name)}", remedy)
    return found


def exclude(study: Path, what: What, name: str, why: str, rule: str, now: datetime) -> None:
    """Count some answers no longer; nothing changes where they are excluded already."""
    known = read_exclusions(study)
    if any(_same(each, what, name) for each in known):
        return
    when = now.isoformat(timespec="seconds")
    _write(study, [*known, Exclusion(what, name, why, rule, when)])


def take_back(study: Path, what: What, name: str, now: datetime) -> None:
    """Count them again; the record says so. Raises AlphabarError where they are not excluded."""
    known, when = read_exclusions(study), now.isoformat(timespec="seconds")
    refuse_counted([(what, name)], [(e.what, e.name) for e in known if not e.taken_back])
    changed = [replace(e, taken_back=when) if _same(e, what, name) else e for e in known]
    _write(study, changed)


def refuse_counted(asked: Iterable[tuple[What, str]], excluded: Iterable[tuple[What, str]]) -> None:
    """Raise AlphabarError where anything to be taken back is not excluded."""
    known = list(excluded)
    for what, name in asked:
        if (what, name) not in known:
            told = ", ".join(f"{each} {quoted(other)}" for each, other in known)
            raise AlphabarError(
                f"the {what} {quoted(name)} is not excluded",
                f"name one that is: {told or 'there is none'}",
            )


def counted(
    rows: Iterable[AnswerRow], exclusions: Iterable[Exclusion], key: Key
) -> tuple[AnswerRow, ...]:
    """The answers that no exclusion in force is about."""
    out = {(each.what, each.name) for each in exclusions if not each.taken_back}
    return tuple(
        row
        for row in rows
        if not out
        & {
            ("annotator", row.annotator),
            ("pair", key.items[row.item].pair),
            ("item", row.item),
        }
    )


def _same(each: Exclusion, what: What, name: str) -> bool:
    return (each.what, each.name, each.taken_back) == (what, name, None)


def _write(study: Path, exclusions: list[Exclusion]) -> None:
    with put(study / FILE) as place:
        write_json(place, [asdict(each) for each in exclusions])
