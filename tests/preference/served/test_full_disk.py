"""A full disk: nothing is acknowledged, and the same message is taken when there is room."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from components.preference.about import KEY, read_about
from components.preference.design.key import read_key
from components.preference.served.application import Served, application
from components.preference.served.links import make_links
from components.preference.served.posted import Posted
from components.preference.served.record import add, open_record, standing
from components.preference.served.slots import read_slots
from components.preference.served.writer import Writer

WHEN = "2026-05-04T12:00:00+00:00"


def _rename(db: sqlite3.Connection, turn: int) -> None:
    """A message of another annotator."""
    add(db, 2, Posted("annotator", f"rename-{turn}", turn, f"b{turn}", "", {}, 0.0, 0, WHEN), WHEN)


def test_a_full_disk_is_told_and_costs_no_answer(study: Path) -> None:
    about, key = read_about(study), read_key(study / KEY)
    links = make_links(about.study, about.people)
    slots = read_slots(study, about, key, links.named)
    message = {
        "id": "message-1",
        "revision": 0,
        "annotator": "anna",
        "item": slots[0].items[0],
        "answers": {"prompt": "left", "quality": "tie"},
        "seconds": 2,
        "place": 1,
        "when": WHEN,
    }

    async def twice() -> list[httpx.Response]:
        db = open_record(study, about.study)
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            [_rename(db, turn) for turn in range(10_000)]
        writer = Writer(db)
        app = application(Served(study, about, key, links, slots), writer, None)
        address = f"/a/{links.tokens[1]}/answers"
        headers = {"x-csrf-token": links.csrf(1)}
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            answers = []
            for room in (pages, pages + 100):
                await writer.do(lambda db, most=room: db.execute(f"PRAGMA max_page_count = {most}"))
                answers.append(await client.post(address, json=message, headers=headers))
        await asyncio.to_thread(writer.close)
        return answers

    full, again = asyncio.run(twice())
    assert full.status_code == 503
    assert "was not saved (database or disk is full)" in full.json()["error"]
    assert full.json()["retry_after"] > 0
    assert again.json() == {"acknowledged": "message-1", "revision": 1}
    with closing(open_record(study, about.study)) as db:
        assert [each.annotator for each in standing(db)] == ["anna"]
