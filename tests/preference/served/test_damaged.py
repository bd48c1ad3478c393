"""A record that is damaged, or that a full disk has no room for, is refused with the remedy."""

import functools
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.files.full_disk import FullDiskError
from components.preference.served import record
from components.preference.served.export import served_files
from components.preference.served.record import open_record
from components.preference.served.serving import ready
from tests.preference.served.conftest import STUDY, free_port

ANSWER = {
    "slot": 1, "revision": 1, "id": "message-1", "kind": "answer", "annotator": "anna",
    "item": "0123456789abcdef0123", "answers": '{"quality": "left"}', "seconds": 1.5, "place": 1,
    "told": "2026-05-04T12:00:00Z", "received": "2026-05-04T12:00:00+00:00",
}  # fmt: skip


def say(study: Path, **change: object) -> None:
    row = ANSWER | change
    with closing(open_record(study, STUDY)) as db:
        marks = ", ".join("?" * len(row))
        db.execute(f"INSERT INTO history ({', '.join(row)}) VALUES ({marks})", [*row.values()])


def refused(study: Path) -> list[AlphabarError]:
    """By what serves, and by what takes the answers in."""
    found = []
    with pytest.raises(AlphabarError) as caught, ready(study, "127.0.0.1", free_port()):
        pass
    found.append(caught.value)
    with pytest.raises(AlphabarError) as caught:
        served_files(study)
    return [*found, caught.value]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"answers": "x"}, "what cannot be read"),
        ({"answers": "[]"}, "answers that are none"),
        ({"answers": '{"quality": 5}'}, "answers that are none"),
        ({"answers": "{}"}, "an answer without"),
        ({"annotator": ""}, "an answer without"),
        ({"told": "x"}, "what cannot be read"),
        ({"received": "x"}, "what cannot be read"),
        ({"received": "2026-05-04T12:00:00"}, "a time without its zone"),
        ({"seconds": float("inf")}, "no seconds"),
    ],
)
def test_a_message_that_no_server_wrote_is_named(
    study: Path, change: dict[str, object], fault: str
) -> None:
    say(study, **change)
    for error in refused(study):
        assert "served.sqlite is damaged: message 1 has" in error.what
        assert fault in error.what
        assert "move served.sqlite away, or put back" in error.remedy


@pytest.mark.parametrize("part", ["TABLE history", "TABLE links", "VIEW present", "TABLE about"])
def test_a_record_without_one_of_its_parts_is_named(study: Path, part: str) -> None:
    say(study)
    with closing(sqlite3.connect(study / "served.sqlite")) as db:
        db.execute(f"DROP {part}")
    for error in refused(study):
        assert part.split()[1] in error.what
        assert "served.sqlite" in error.what
        assert "move served.sqlite away, or put back" in error.remedy


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_no_record(study: Path, make: Callable[[Path], None]) -> None:
    make(study / "served.sqlite")
    for error in refused(study):
        assert "served.sqlite is no regular file" in error.what


class Tiny(sqlite3.Connection):
    """A record that may have one page, as on a full disk."""

    def __init__(self, *given: object, **more: object) -> None:
        super().__init__(*given, **more)
        self.execute("PRAGMA max_page_count = 1")


class Full(sqlite3.Connection):
    """One whose COMMIT the disk refuses."""

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        if sql == "COMMIT":
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return super().execute(sql, *values)


@pytest.mark.parametrize("served", [False, True])
def test_a_full_disk_is_named_at_the_start_and_leaves_nothing(
    study: Path, monkeypatch: pytest.MonkeyPatch, served: bool
) -> None:
    if served:
        say(study)
    before = {path.name for path in study.iterdir()}
    factory = Full if served else Tiny
    connect = functools.partial(sqlite3.connect, factory=factory)
    monkeypatch.setattr(record.sqlite3, "connect", connect)
    with pytest.raises(FullDiskError, match="no disk space is left for .*served.sqlite") as caught:  # noqa: SIM117
        with ready(study, "127.0.0.1", free_port()):
            pass
    assert "free some space" in caught.value.remedy
    left = {path.name for path in study.iterdir()} - {".served.lock", "links.json"}
    assert left == before
