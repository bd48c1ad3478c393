"""Whether a record can be used: all that is in it is read once, before anything is made of it."""

import math
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

from components.errors import AlphabarError, first_line, shortened
from components.files.full_disk import AGAIN, FullDiskError, naming_a_full_disk
from components.files.json_file import parse_json

SCHEMA = Path(__file__).parent / "record.sql"
REMEDY = "move {} away, or put back the one of this study"

_TEXTS = ("id", "annotator", "item", "told", "received")
_COLUMNS = ("number", "slot", "revision", "kind", "answers", "seconds", "place", *_TEXTS)


def refuse_damaged(db: sqlite3.Connection, path: Path) -> None:
    """Raise AlphabarError where a record lacks a table, or says what no server has written.

    Raises:
        sqlite3.Error: it cannot be read at all.
    """
    lacking = sorted(_expected() - set(db.execute("SELECT type, name FROM sqlite_schema")))
    if lacking:
        told = ", ".join(f"{kind} {name}" for kind, name in lacking)
        raise AlphabarError(f"{path} is damaged: it has no {told}", REMEDY.format(path.name))
    for values in db.execute(f"SELECT {', '.join(_COLUMNS)} FROM history"):  # noqa: S608 - constants
        row = dict(zip(_COLUMNS, values, strict=True))
        if fault := _fault(row):
            raise AlphabarError(
                f"{path} is damaged: message {shortened(row['number'])} has {fault}",
                REMEDY.format(path.name),
            )


def refusal(path: Path, error: sqlite3.Error) -> AlphabarError:
    """What SQLite says of a record, with the remedy: where the disk is full it is another one."""
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return FullDiskError(f"no disk space is left for {path}", AGAIN)
    try:
        with naming_a_full_disk(path):
            raise error
    except FullDiskError as full:
        return full
    except sqlite3.Error:
        what = f"{path} cannot be used: {first_line(error)}"
        return AlphabarError(what, REMEDY.format(path.name))


def refuse_no_file(path: Path) -> None:
    """Raise AlphabarError where a folder, a pipe or a device has a record's name."""
    if path.exists() and not path.is_file():
        raise AlphabarError(f"{path} is no regular file", REMEDY.format(path.name))


def _expected() -> set[tuple[str, str]]:
    """Type and name of all that a record is made of."""
    with sqlite3.connect(":memory:") as db:
        db.executescript(SCHEMA.read_text(encoding="utf-8"))
        found = set(db.execute("SELECT type, name FROM sqlite_schema"))
    db.close()
    return found


def _fault(row: dict[str, Any]) -> str:
    """What of a message no server has written; empty where it is sound."""
    whole = all(isinstance(row[name], int) for name in ("number", "slot", "revision", "place"))
    if not whole or not all(isinstance(row[name], str) for name in (*_TEXTS, "answers")):
        return "values of another kind"
    if not isinstance(row["seconds"], float) or not math.isfinite(row["seconds"]):
        return "no seconds"
    try:
        datetime.fromisoformat(row["told"])
        if datetime.fromisoformat(row["received"]).tzinfo is None:
            return "a time without its zone"
        answers = parse_json(row["answers"])
    except ValueError as error:
        return f"what cannot be read: {shortened(error, 100)}"
    if not isinstance(answers, dict) or not all(isinstance(each, str) for each in answers.values()):
        return "answers that are none"
    if row["kind"] == "answer" and not (answers and row["item"] and row["annotator"].strip()):
        return "an answer without its item, its words or its annotator"
    return ""
