"""Answers into a study, and answers out of its count: `alphabar study import`."""

import hashlib
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import AlphabarError, first_of, number_of, quoted
from components.files.full_disk import naming_a_full_disk
from components.reporting.tables.table import Column, Table, Text
from flows.telling import note, show, tell
from flows.tools.study_place import find_study
from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.preference.analysis.opened import Study
    from components.preference.answers.exclusions import Exclusion, What
    from components.preference.answers.imported import Imported

SHOWN = 20
"""Refused rows of a table; all of them are in refused.csv and --json."""


@dataclass(frozen=True)
class Asked:
    """What is to be done with a study's answers.

    Attributes:
        files: of answers; where None what `study serve` has, if it was served.
        columns: field → column, of tables that nobody knows.
        exclude, take_back: ``WHAT:NAME`` of what is counted no longer, or again.
        why: it is counted no longer.
        careless: whether those whom the rule flags are counted no longer.
    """

    files: Sequence[Path] = ()
    columns: dict[str, str] | None = None
    exclude: Sequence[str] = ()
    take_back: Sequence[str] = ()
    why: str = ""
    careless: bool = False

    @property
    def changes_count(self) -> bool:
        """Whether exclusions are asked for."""
        return bool(self.exclude or self.take_back or self.careless)

    def check(self) -> None:
        """Raise AlphabarError where an exclusion names nothing or has no reason."""
        for each in (*self.exclude, *self.take_back):
            _split(each)
        if self.exclude and not self.why.strip():
            raise AlphabarError(
                f"nothing is said of why {self.exclude[0]} is excluded", "give --why TEXT"
            )


@dataclass(frozen=True)
class Done:
    """What was done.

    Attributes:
        study: it was done to.
        found: all answers that it has now.
        exclusions: all that there ever were.
        taken: how many of the given files have any answer that is kept; None without files.
        left_out: of the exclusions those made now by the rule.
    """

    study: "Study"
    found: "Imported"
    exclusions: Sequence["Exclusion"]
    taken: int | None
    left_out: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        """Whether files were given, or answers asked for, and there were none."""
        return self.taken == 0 or not (self.found.kept or self.exclusions)


def mapped(columns: Sequence[str]) -> dict[str, str] | None:
    """``field=column`` each, as a mapping; None where there are none.

    Raises:
        AlphabarError: one is no such pair, or a field is given twice.
    """
    found: dict[str, str] = {}
    for each in columns:
        name, sign, column = each.partition("=")
        if not (sign and name and column) or name in found:
            raise AlphabarError(
                f"--columns {each} maps no field, or one that is mapped already",
                "give field=column each, such as item=image_pair answer=choice annotator=worker",
            )
        found[name] = column
    return found or None


def import_answers_of(name: str, asked: Asked, workspace: Workspace) -> Done:
    """Take in answers, then exclude and take back.

    Raises:
        AlphabarError: there is no such study, a name is not there, or there is nothing to do.
    """
    study, now = find_study(name, workspace), datetime.now(UTC)
    asked.check()
    with naming_a_full_disk(study.folder):
        return _imported(study, name, asked, now)


def _imported(study: "Study", name: str, asked: Asked, now: datetime) -> Done:
    from components.preference.answers.exclusions import read_exclusions
    from components.preference.answers.imported import import_answers
    from components.preference.answers.kept_files import SERVED

    with tempfile.TemporaryDirectory() as aside:
        files = list(asked.files) or _served(study, Path(aside))
        source = "" if asked.files else SERVED
        found = import_answers(study.folder, files, study.key, asked.columns, now, source)
        taken = sum(_is_kept(study, path) for path in files) if files else None
    if not (asked.files or found.kept or found.refused or asked.changes_count):
        raise AlphabarError(
            f"the study {study.about.name} has no answers, and no file was given",
            f"give files: `alphabar study import {name} FILE...`, or have it answered: "
            f"`alphabar study serve {name}`",
        )
    _write_refused(study, found)
    left_out = _left_out(study, asked, found, now)
    if asked.changes_count:
        again = import_answers(study.folder, [], study.key, None, now)
        found = replace(found, kept=again.kept, choices=again.choices, counted=again.counted)
    return Done(study, found, read_exclusions(study.folder), taken, left_out)


def _left_out(study: "Study", asked: Asked, found: "Imported", now: datetime) -> tuple[str, ...]:
    """Exclude and take back all that is asked for, or nothing; whom the rule has excluded."""
    from components.preference.answers.exclusions import (
        exclude,
        read_exclusions,
        refuse_counted,
        take_back,
    )
    from components.preference.statistics.careless import judged

    out = [_named(each, study, found) for each in asked.exclude]
    back = [_split(each) for each in asked.take_back]
    known = [(e.what, e.name) for e in read_exclusions(study.folder) if not e.taken_back]
    refuse_counted(back, [*known, *out])
    for what, named in out:
        exclude(study.folder, what, named, asked.why, "by hand", now)
    for what, named in dict.fromkeys(back):
        take_back(study.folder, what, named, now)
    if not asked.careless or not len(found.choices):
        return ()
    flagged = [each for each in judged(found.choices) if each.flagged]
    for person in flagged:
        exclude(study.folder, "annotator", person.person, person.reason, "careless", now)
    return tuple(verdict.person for verdict in flagged)


def _served(study: "Study", aside: Path) -> list[Path]:
    """The answers that `study serve` has, as files; none where the study was not served."""
    from components.preference.about import FILE
    from components.preference.answers.kept_files import superseded
    from components.preference.served.export import served_files

    found: list[Path] = []
    if not (study.folder / FILE).is_file():
        return found  # one of before: it cannot be served
    for name, content in served_files(study.folder):
        superseded(study.folder, name, content)
        if content:
            path = aside / name
            path.write_bytes(content)
            found.append(path)
    return found


def _is_kept(study: "Study", path: Path) -> bool:
    """Whether any answer of a file was taken: then the file is kept under its digest."""
    from components.preference.answers.kept_files import FOLDER, read_bytes

    try:
        content = read_bytes(path)
    except ValueError:
        return False
    return (study.folder / FOLDER / hashlib.sha256(content).hexdigest()).is_file()


def _write_refused(study: "Study", found: "Imported") -> None:
    from components.files.put import put
    from components.preference.analysis.written import write_refused

    path = refused_file(study)
    path.parent.mkdir(exist_ok=True)
    with put(path) as place:
        write_refused(place, found.refused)


def refused_file(study: "Study") -> Path:
    """Where all that the last import refused is listed; it lies beside the kept answers."""
    from components.preference.analysis.written import REFUSED
    from components.preference.answers.kept_files import FOLDER

    return study.folder / FOLDER / REFUSED


def _split(text: str) -> tuple["What", str]:
    from components.preference.answers.exclusions import WHATS

    what, sign, name = text.partition(":")
    if what not in WHATS or not sign or not name:
        raise AlphabarError(
            f"{quoted(text)} names nothing that can be excluded",
            "give annotator:NAME, pair:NAME or item:NAME",
        )
    kinds: dict[str, What] = {"annotator": "annotator", "pair": "pair", "item": "item"}
    return kinds[what], unicodedata.normalize("NFC", name.strip())


def _named(text: str, study: "Study", found: "Imported") -> tuple["What", str]:
    """What is to be excluded; it must be there, so that a slip of the pen is no silent one."""
    what, name = _split(text)
    known = {
        "annotator": sorted({row.annotator for row in found.kept}),
        "pair": sorted({item.pair for item in study.key.items.values()}),
        "item": sorted(study.key.items),
    }[what]
    if name not in known:
        raise AlphabarError(
            f"the study has no {what} {quoted(name)}",
            f"name one of {first_of(known) or 'those who answered, of whom there are none yet'}",
        )
    return what, name


def show_done(done: Done) -> None:
    """Print what was taken, what was refused and why, and what is not counted."""
    from components.preference.answers.slots import shared_slots

    found, refused = done.found, done.found.given
    earlier = len(found.refused) - len(refused)
    if refused:
        show(_refused_table(done))
        if len(refused) > SHOWN:
            note(f"{len(refused) - SHOWN} more refused rows are in {refused_file(done.study)}")
    if earlier:
        note(f"{earlier:,} refused of earlier files are in {refused_file(done.study)}")
    shared = list(shared_slots(found, done.study.key))
    for each in shared:
        note(each)
    if done.exclusions:
        show(_exclusion_table(done.exclusions))
    people = number_of(len({row.annotator for row in found.kept}), "annotator")
    content: dict[str, Any] = {
        "study": str(done.study.folder),
        "kept": len(found.kept),
        "counted": len(found.counted),
        "new": found.new,
        "twice": found.twice,
        "refused": [_flat(each) for each in refused],
        "refused_earlier": earlier,
        "shared_slots": shared,
        "exclusions": [asdict(each) for each in done.exclusions],
        "careless": list(done.left_out),
    }
    tell(
        f"{number_of(len(found.kept), 'answer')} of {people} kept, {len(found.counted):,} counted; "
        f"{number_of(found.new, 'new file')}, {found.twice:,} said twice, {len(refused):,} refused",
        **content,
    )
    if done.study.about.simulated:
        note("this study is answered by simulated annotators, and marked so")


def _flat(each: Any) -> dict[str, str]:
    return {"file": each.where.file, "place": each.where.place, "reason": each.reason}


def _refused_table(done: Done) -> Table:
    refused = done.found.given
    rows = [
        (each.where.file, each.where.place, Text(each.reason, each.reason))
        for each in refused[:SHOWN]
    ]
    shown = f"the first {SHOWN} of {len(refused):,}" if len(refused) > SHOWN else len(refused)
    return Table.of_texts(f"refused ({shown})", ["file", "where", "why"], rows)


def _exclusion_table(exclusions: Sequence["Exclusion"]) -> Table:
    rows = [
        (e.what, e.name, Text(e.why, e.why), e.rule, e.when, e.taken_back or "") for e in exclusions
    ]
    columns: list[str | Column] = ["what", "name", "why", "rule", "excluded", "taken back"]
    return Table.of_texts("not counted", columns, rows).without_empty_columns()
