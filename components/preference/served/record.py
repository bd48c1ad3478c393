"""The record of a served study: an SQLite file in which what was said is added and never changed.

It is in WAL mode with ``synchronous=FULL``: a COMMIT returns when the answers are on the disk, and
whoever reads meanwhile sees a whole state.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.json_file import parse_json
from components.preference.served.posted import Posted
from components.preference.served.sound import (
    REMEDY,
    SCHEMA,
    refusal,
    refuse_damaged,
    refuse_no_file,
)

FILE = "served.sqlite"
APPLICATION = 0x616C7072
"""What SQLite's header says the file is for."""


State = Mapping[str, Any]


@dataclass(frozen=True)
class Taken:
    """A message that is on the disk, now or since before.

    Attributes:
        revision: messages of the annotator up to it.
    """

    revision: int


@dataclass(frozen=True)
class Behind:
    """A message that does not go on from what was said: another tab or device is further.

    Attributes:
        state: of the annotator, as `state_of` gives it.
    """

    state: State


@dataclass(frozen=True)
class Said:
    """An answer that stands.

    Attributes:
        number: its place among all messages.
        slot: the annotator's number.
        annotator, item, answers, seconds, place: as posted.
        told, received: when, by the page's clock and by the server's.
    """

    number: int
    slot: int
    annotator: str
    item: str
    answers: Mapping[str, str]
    seconds: float
    place: int
    told: str
    received: str


def open_record(folder: Path, study: str) -> sqlite3.Connection:
    """The record of a study, which is made where there is none, for one thread at a time.

    Raises:
        AlphabarError: it is another study's, another program's or damaged, or the folder is on a
            disk where SQLite cannot do what is needed.
    """
    path = folder / FILE
    refuse_no_file(path)
    new = not path.exists()
    if new:  # SQLite would make it for everybody's eyes
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    with ExitStack() as undone:
        if new:
            undone.callback(_remove, path)
        try:
            db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
            undone.callback(db.close)
            _prepare(db, path, study)
        except sqlite3.Error as error:
            raise refusal(path, error) from None
        undone.pop_all()
    return db


@contextmanager
def reading(folder: Path, study: str) -> Iterator[sqlite3.Connection | None]:
    """The record to be read while a server may be writing; None where nothing was served.

    Raises:
        AlphabarError: as `open_record`.
    """
    path = folder / FILE
    refuse_no_file(path)
    if not path.is_file():
        yield None
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            if not db.execute("SELECT 1 FROM sqlite_schema").fetchone():
                yield None  # a server was killed before it wrote anything
                return
            _refuse_another(db, path, study)
            db.execute("BEGIN")  # all that is read is of one moment
            refuse_damaged(db, path)
            yield db
    except sqlite3.Error as error:
        raise refusal(path, error) from None


def keep_links(
    db: sqlite3.Connection, hashes: Mapping[int, str], folder: Path, *, new: bool
) -> int:
    """Hold the links against those that the record knows; how many answers it has.

    Args:
        new: whether they were made just now, and take the place of any before.

    Raises:
        AlphabarError: they are not the record's, or they cannot be written.
    """
    known = dict(db.execute("SELECT slot, sha256 FROM links"))
    if known and known != dict(hashes) and not new:
        raise AlphabarError(
            f"the links in {folder} are not those of its {FILE}",
            "put back the links.json that was there, or remove it: new links are made then",
        )
    try:
        db.execute("BEGIN IMMEDIATE")
        db.execute("DELETE FROM links")
        db.executemany("INSERT INTO links VALUES (?, ?)", hashes.items())
        db.execute("COMMIT")
    except sqlite3.Error as error:
        raise refusal(folder / FILE, error) from None
    return int(db.execute("SELECT count(*) FROM present").fetchone()[0])


def add(db: sqlite3.Connection, slot: int, posted: Posted, received: str) -> Taken | Behind:
    """Add a message within a transaction; one that is there already is not added again.

    Raises:
        ValueError: another message has its id.
    """
    answers = json.dumps(posted.answers)
    content = (posted.kind, posted.annotator, posted.item, answers)
    query = "SELECT revision, kind, item, answers FROM history WHERE slot = ? AND id = ?"
    if same := db.execute(query, (slot, posted.id)).fetchone():
        if tuple(same[1:]) != (posted.kind, posted.item, answers):
            raise ValueError("another message has this `id`")
        return Taken(int(same[0]))
    state = _standing(db, slot)
    if posted.revision != state[0] or not _goes_on(db, slot, posted, state[1]):
        return Behind(state_of(db, slot))
    said = (posted.seconds, posted.place, posted.when, received)
    row = (slot, posted.revision + 1, posted.id, *content, *said)
    columns = "slot, revision, id, kind, annotator, item, answers, seconds, place, told, received"
    db.execute(f"INSERT INTO history ({columns}) VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - constants
    return Taken(posted.revision + 1)


def state_of(db: sqlite3.Connection, slot: int) -> State:
    """What a page goes on from: the annotator's name, the revision, and the answers that stand."""
    revision, annotator = _standing(db, slot)
    query = """SELECT id, annotator, item, answers, seconds, place, told FROM present
               WHERE slot = ? ORDER BY number"""
    names = ("id", "annotator", "item", "answers", "seconds", "place", "when")
    answers = [dict(zip(names, row, strict=True)) for row in db.execute(query, (slot,))]
    for each in answers:
        each["answers"] = parse_json(each["answers"])
    return {"annotator": annotator, "revision": revision, "answers": answers}


def standing(db: sqlite3.Connection) -> list[Said]:
    """Every answer that stands, in the order in which they came."""
    query = """SELECT number, slot, annotator, item, answers, seconds, place, told, received
               FROM present ORDER BY number"""
    return [
        Said(number, slot, annotator, item, parse_json(answers), seconds, place, told, received)
        for number, slot, annotator, item, answers, seconds, place, told, received in db.execute(
            query
        )
    ]


def answered(db: sqlite3.Connection) -> list[int]:
    """Numbers of the annotators who ever answered, also where nothing of it stands."""
    query = "SELECT DISTINCT slot FROM history WHERE kind = 'answer' ORDER BY slot"
    return [int(slot) for (slot,) in db.execute(query)]


def names(db: sqlite3.Connection) -> dict[int, str]:
    """Number of the annotator → the name, of those who told one.

    A name that another annotator answered by before has the number behind it: two people are never
    taken for one. What somebody's first answer came by stays the name.
    """
    query = """SELECT slot, annotator, kind = 'answer' FROM history
               WHERE annotator <> '' ORDER BY number"""
    told: dict[int, str] = {}
    first: dict[int, None] = {}  # who answered, in the order of their first answers
    for slot, name, answered in db.execute(query):
        told[slot] = name
        if answered:
            first[slot] = None
    found: dict[int, str] = {}
    for slot in [*first, *(slot for slot in told if slot not in first)]:
        name = told[slot]
        while name in found.values():
            name = f"{name} ({slot})"
        found[slot] = name
    return found


def _statements(script: str) -> Iterator[str]:
    """The statements of an SQL script, so that they can be run within one transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _prepare(db: sqlite3.Connection, path: Path, study: str) -> None:
    """Bring a record into the form in which it is written to; a new one gets its tables."""
    if db.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
        raise AlphabarError(
            f"{path} lies where SQLite cannot share memory between processes, as on a network disk",
            "copy the study to a local disk and serve it there",
        )
    db.execute("PRAGMA synchronous = FULL")
    if not db.execute("SELECT 1 FROM sqlite_schema").fetchone():
        schema = SCHEMA.read_text(encoding="utf-8")
        db.execute("BEGIN IMMEDIATE")
        for statement in _statements(schema):
            db.execute(statement)
        db.execute("INSERT INTO about VALUES ('study', ?)", (study,))
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute("COMMIT")
    _refuse_another(db, path, study)
    if (found := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise AlphabarError(f"{path} is damaged: {found}", "put back a copy of it")
    refuse_damaged(db, path)


def _remove(path: Path) -> None:
    """A record that was not made; an empty one would say that the study was served."""
    for each in (path, *(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm"))):
        each.unlink(missing_ok=True)


def _refuse_another(db: sqlite3.Connection, path: Path, study: str) -> None:
    if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise AlphabarError(f"{path} is another program's", REMEDY.format(FILE))
    whose = db.execute("SELECT value FROM about WHERE name = 'study'").fetchone()
    if whose is None or whose[0] != study:
        raise AlphabarError(f"{path} has the answers to another study", REMEDY.format(FILE))


def _standing(db: sqlite3.Connection, slot: int) -> tuple[int, str]:
    """How many messages an annotator sent, and the name that was told last."""
    query = "SELECT coalesce(max(revision), 0) FROM history WHERE slot = ?"
    revision = db.execute(query, (slot,)).fetchone()[0]
    query = """SELECT annotator FROM history WHERE slot = ? AND annotator <> ''
               ORDER BY revision DESC LIMIT 1"""
    name = db.execute(query, (slot,)).fetchone()
    return int(revision), name[0] if name else ""


def _goes_on(db: sqlite3.Connection, slot: int, posted: Posted, name: str) -> bool:
    """Whether a message fits what stands: a name is told before the first answer and stays, an
    answer is given once until it is taken back."""
    if posted.kind == "annotator":
        query = "SELECT 1 FROM history WHERE slot = ? AND kind = 'answer' LIMIT 1"
        return posted.annotator == name or not db.execute(query, (slot,)).fetchone()
    query = "SELECT 1 FROM present WHERE slot = ? AND item = ?"
    answered = db.execute(query, (slot, posted.item)).fetchone() is not None
    if posted.kind == "undo":
        return answered
    return not answered and posted.annotator == (name or posted.annotator)
