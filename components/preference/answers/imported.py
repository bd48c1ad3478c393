"""Files of answers into a study: what is taken, what is refused and why, and the choices."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from components.errors import shortened
from components.files.json_file import parse_json
from components.files.text_file import UTF16
from components.preference.answers.checked import checked
from components.preference.answers.exclusions import counted, read_exclusions
from components.preference.answers.kept_files import (
    keep,
    kept_files,
    read_bytes,
    read_kept,
    unknown_files,
)
from components.preference.answers.label_studio import label_studio_answers
from components.preference.answers.once import once
from components.preference.answers.row import AnswerRow, Raw, Refused, Where
from components.preference.answers.tables import table_answers
from components.preference.design.key import Key
from components.preference.statistics.choices import Answer, Choices, choices_of

Checked = tuple[AnswerRow, Where]


@dataclass(frozen=True)
class Imported:
    """The answers that a study has.

    Attributes:
        kept: every answer once, in the order in which they came.
        refused: every answer and file that was not taken, now or earlier.
        twice: answers that say again what was said before.
        new: how many files were not there before.
        choices: of all that is kept.
        counted: of what no exclusion is about.
        given: of those refused, what stands in the files given now, and kept files that are lost;
            all where none was given.
    """

    kept: tuple[AnswerRow, ...]
    refused: tuple[Refused, ...]
    twice: int
    new: int
    choices: Choices
    counted: Choices
    given: tuple[Refused, ...] = ()


def import_answers(
    study: Path,
    files: Sequence[Path],
    key: Key,
    columns: Mapping[str, str] | None = None,
    now: datetime | None = None,
    source: str = "",
) -> Imported:
    """Keep files of answers with a study, and read all that it has.

    A file of which no answer can be taken is not kept. The same files in any number of imports
    give the same answers.

    Args:
        study: its folder, which gets `answers/`.
        files: the page's, Label Studio's, MTurk's, or tables with ``columns``.
        columns: field (`row.FIELDS`) → column, of tables that none of those wrote.
        now: what is later than this is in the future; the clock's time where None.
        source: where ``files`` are from; empty where somebody gave them (`kept_files.About`).

    Raises:
        AlphabarError: what the study's folder says of earlier imports or exclusions is broken.
    """
    now = now or datetime.now(UTC)
    refused, new, named = _kept_now(study, files, key, columns, now, source)
    rows, lost, of_file = _kept(study, key, now)
    found = once([each for own in rows.values() for each in own], key.items)
    places = {id(where) for name in named for _, where in rows.get(name, [])}
    given = [
        *refused,
        *lost,
        *(each for name in of_file if name in named for each in of_file[name]),
    ]
    refused += [*lost, *(each for faults in of_file.values() for each in faults)]
    left = counted(found.kept, read_exclusions(study), key)
    everything = (*refused, *found.refused)
    return Imported(
        found.kept,
        everything,
        found.twice,
        new,
        as_choices(found.kept, key),
        as_choices(left, key),
        (*given, *(e for e in found.refused if id(e.where) in places)) if files else everything,
    )


def _kept_now(
    study: Path,
    files: Sequence[Path],
    key: Key,
    columns: Mapping[str, str] | None,
    now: datetime,
    source: str,
) -> tuple[list[Refused], int, set[str]]:
    """What is refused of files of which nothing is taken; how many others are new, and the SHA-256
    of each of these."""
    refused: list[Refused] = []
    new, named = 0, set()
    for path in files:
        name = shortened(path.name)
        try:
            content = read_bytes(path)
        except ValueError as error:
            refused.append(Refused(Where(name, "file"), str(error)))
            continue
        taken, faults = _read(name, content, columns, key, now)
        if taken:
            new += keep(study, content, path.name, columns, source)
            named.add(hashlib.sha256(content).hexdigest())
        else:
            refused += _alike(name, faults)
    return refused, new, named


def _alike(name: str, faults: list[Refused]) -> list[Refused]:
    """What is refused of a file of which nothing is taken, in one line where it has one reason."""
    reasons = {each.reason for each in faults}
    if not faults:
        return [Refused(Where(name, "file"), "it has no answers")]
    if len(faults) < 2 or len(reasons) > 1:
        return faults
    return [Refused(Where(name, "file"), f"all {len(faults):,} answers: {reasons.pop()}")]


def _kept(
    study: Path, key: Key, now: datetime
) -> tuple[dict[str, list[Checked]], list[Refused], dict[str, list[Refused]]]:
    """Of every kept file by its SHA-256 the answers, and what of them cannot be taken; between them
    the files that are not there, not as they were, or of which nothing is known."""
    rows: dict[str, list[Checked]] = {}
    refused: dict[str, list[Refused]] = {}
    lost = [
        Refused(Where(name, "file"), "nothing in answers/about/ says what it is: import it again")
        for name in unknown_files(study)
    ]
    for path, about in kept_files(study):
        try:
            content = read_kept(path)
        except ValueError as error:
            lost.append(Refused(Where(about.name, "file"), str(error)))
            continue
        rows[path.name], refused[path.name] = _read(about.name, content, about.columns, key, now)
    return rows, lost, refused


def as_choices(rows: Iterable[AnswerRow], key: Key) -> Choices:
    """Answers for the statistics: people as they came, of each the first answers before repeats."""
    listed = list(rows)
    came = {name: turn for turn, name in enumerate(dict.fromkeys(row.annotator for row in listed))}

    def turn(row: AnswerRow) -> tuple[int, bool, int]:
        again = key.items[row.item].kind == "repeat"
        return came[row.annotator], again, -1 if row.order is None else row.order

    return choices_of(_answer(row, key) for row in sorted(listed, key=turn))


def _read(
    name: str, content: bytes, columns: Mapping[str, str] | None, key: Key, now: datetime
) -> tuple[list[Checked], list[Refused]]:
    """The answers in a file that can be taken alone, and those that cannot."""
    taken: list[Checked] = []
    refused: list[Refused] = []
    try:
        for raw in _raw(name, content, columns):
            row = raw if isinstance(raw, Refused) else checked(raw, key, now)
            if isinstance(row, Refused):
                refused.append(row)
            else:
                taken.append((row, raw.where))
    except ValueError as error:
        refused.append(Refused(Where(name, "file"), shortened(error, 300)))
    return taken, refused


def _raw(name: str, content: bytes, columns: Mapping[str, str] | None) -> Iterator[Raw | Refused]:
    """What is written down in a file; raises ValueError where it is none of answers."""
    if content.startswith(UTF16):
        raise ValueError("it is UTF-16 text: save it as UTF-8")
    text = content.decode("utf-8-sig", "surrogateescape")
    if text.lstrip().startswith(("[", "{")):
        return label_studio_answers(name, parse_json(text, finite=False))
    return table_answers(name, text, columns)


def _answer(row: AnswerRow, key: Key) -> Answer:
    item = key.items[row.item]
    check = item.kind == "check"
    return Answer(
        person=row.annotator,
        pair=item.pair,
        left="" if check else item.left,
        right="" if check else item.right,
        outcome=row.answer,
        question=row.question,
        seconds=row.seconds,
        prompt=item.prompt,
        group=item.group,
        repeat=item.kind == "repeat",
        expected=item.expected,
    )
