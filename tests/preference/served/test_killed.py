"""Fifty annotators at once answer a hundred pairs each; the server is killed three times."""

import asyncio
import contextlib
import json
import sqlite3
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from components.preference.answers.imported import import_answers
from components.preference.design.size import Size
from components.preference.served.export import served_files
from tests.preference.served.conftest import Server, content_of, free_port, start, write_study

PEOPLE, EACH = 50, 100
KILLS = (0.2, 0.5, 0.8)
"""Shares of all answers after whose acknowledgement the server is killed."""


@dataclass
class Tally:
    """What the annotators heard.

    Attributes:
        acknowledged: (annotator, item, id) of each acknowledgement.
        broken, busy: how often no answer came, and how often it was 429.
    """

    acknowledged: list[tuple[int, str, str]] = field(default_factory=list)
    broken: int = 0
    busy: int = 0


class Connection:
    """Requests over one kept connection, which is made anew when it breaks."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, head: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body; raises OSError where the connection breaks before both are there."""
        try:
            if self.streams is None:
                self.streams = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
            reader, writer = self.streams
            length = f"content-length: {len(body)}\r\n"
            writer.write(f"{head}\r\nhost: 127.0.0.1\r\n{length}\r\n".encode() + body)
            told = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            size = int(told.partition("content-length: ")[2].partition("\r\n")[0])
            return int(told.split()[1]), await reader.readexactly(size)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            raise OSError from error

    def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()
        self.streams = None


async def annotate(number: int, link: str, tally: Tally) -> None:
    """Open a page, answer all of it in order, and send again whatever was not acknowledged."""
    path = urlsplit(link).path
    connection = Connection(urlsplit(link).port or 0)
    content = content_of(
        (await ask_until_answered(connection, f"GET {path} HTTP/1.1", b"", tally)).decode()
    )
    server, revision = content["server"], 0
    head = f"POST {server['answers']} HTTP/1.1\r\nx-csrf-token: {server['csrf']}"
    for place, each in enumerate(content["items"], start=1):
        message = {
            "id": f"answer-{number}-{place}",
            "revision": revision,
            "annotator": f"person {number}",
            "item": each["item"],
            "answers": {"prompt": "left", "quality": ("right", "tie")[place % 2]},
            "seconds": 0.1 * place,
            "place": place,
            "when": datetime.now(UTC).isoformat(),
        }
        told = json.loads(
            await ask_until_answered(connection, head, json.dumps(message).encode(), tally)
        )
        assert told["acknowledged"] == message["id"]
        assert told["revision"] == revision + 1
        revision = told["revision"]
        tally.acknowledged.append((number, each["item"], message["id"]))
    connection.close()


async def ask_until_answered(connection: Connection, head: str, body: bytes, tally: Tally) -> bytes:
    while True:
        try:
            status, content = await connection.ask(head, body)
        except OSError:
            tally.broken += 1  # as often as a page tries again, at first
            await asyncio.sleep(0.4)
            continue
        if status == 200:
            return content
        assert status == 429, content
        tally.busy += 1
        await asyncio.sleep(0.3)


async def study_with_kills(server: Server, tally: Tally) -> Server:
    """Everybody answers while the server is killed and started again; the last server."""
    everybody = [
        asyncio.create_task(annotate(number, link, tally))
        for number, link in enumerate(server.links, start=1)
    ]
    for share in KILLS:
        while len(tally.acknowledged) < share * PEOPLE * EACH:
            await asyncio.sleep(0.01)
        server.kill()
        again = await asyncio.to_thread(start, server.folder, server.port)
        assert again.links == server.links
        server = again
    await asyncio.gather(*everybody)
    return server


@pytest.mark.slow
def test_every_acknowledged_answer_is_there_exactly_once(tmp_path: Path) -> None:
    size = Size(("old", "new"), 440, PEOPLE, 10)  # 88 pairs, 6 repeats and 6 checks a person
    key = write_study(tmp_path / "study", size, whole=False)
    tally = Tally()
    server = start(tmp_path / "study", free_port())
    began = time.perf_counter()
    server = asyncio.run(study_with_kills(server, tally))
    seconds = time.perf_counter() - began
    print(f"{PEOPLE * EACH} answers in {seconds:.1f} s, {tally.broken} breaks, {tally.busy} busy")
    server.kill()  # a fourth time: nothing more is written by a clean end
    assert len(tally.acknowledged) == PEOPLE * EACH
    assert tally.broken >= len(KILLS)
    with contextlib.closing(sqlite3.connect(tmp_path / "study" / "served.sqlite")) as db:
        kept = Counter(db.execute("SELECT slot, item, id FROM history WHERE kind = 'answer'"))
        assert kept == Counter(tally.acknowledged)
        assert Counter(db.execute("SELECT slot, item, id FROM present")) == kept
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    files = []
    for name, content in served_files(tmp_path / "study"):
        files.append(tmp_path / name)
        files[-1].write_bytes(content)
    found = import_answers(tmp_path / "study", files, key)
    assert found.refused == ()
    assert len(found.kept) == 2 * PEOPLE * EACH
    assert found.twice == 0
