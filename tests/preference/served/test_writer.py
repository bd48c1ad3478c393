"""Jobs are acknowledged after the COMMIT of all that waited with them, or all are refused."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from components.preference.served.limits import Limiter, Rate, network
from components.preference.served.writer import NotSavedError, Writer


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "x.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE t (x)")
        yield db


def put(value: int) -> object:
    return lambda db: db.execute("INSERT INTO t VALUES (?)", (value,)).lastrowid


def test_jobs_that_wait_together_are_one_transaction(connection: sqlite3.Connection) -> None:
    commits = []
    connection.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)

    async def many() -> list[int]:
        writer = Writer(connection)
        slow = writer.do(lambda db: asyncio.run(asyncio.sleep(0.05)))
        await asyncio.gather(slow, *(writer.do(put(n)) for n in range(100)))
        rows = await writer.do(lambda db: [x for (x,) in db.execute("SELECT x FROM t")])
        await asyncio.to_thread(writer.close)
        return rows

    assert asyncio.run(many()) == list(range(100))
    assert len(commits) < 20


def test_a_job_that_fails_takes_no_other_with_it(connection: sqlite3.Connection) -> None:
    def bad(db: sqlite3.Connection) -> None:
        raise ValueError("no")

    async def three() -> list[object]:
        writer = Writer(connection)
        jobs = (writer.do(put(1)), writer.do(bad), writer.do(put(2)))
        found = await asyncio.gather(*jobs, return_exceptions=True)
        await asyncio.to_thread(writer.close)
        return found

    first, failed, last = asyncio.run(three())
    assert (first, last) == (1, 2)
    assert isinstance(failed, ValueError)


def test_what_the_disk_refuses_is_acknowledged_to_nobody(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA max_page_count = 3")  # as a full disk

    async def fill() -> tuple[list[object], int]:
        writer = Writer(connection)
        big = [
            writer.do(lambda db: db.execute("INSERT INTO t VALUES (zeroblob(3000))").rowcount)
            for _ in range(10)
        ]
        found = await asyncio.gather(*big, return_exceptions=True)
        kept = await writer.do(lambda db: db.execute("SELECT count(*) FROM t").fetchone()[0])
        await asyncio.to_thread(writer.close)
        return found, kept

    found, kept = asyncio.run(fill())
    assert found.count(1) == kept
    refused = [each for each in found if isinstance(each, NotSavedError)]
    assert len(refused) == 10 - kept > 0
    assert "full" in str(refused[0])


class Held:
    """A connection whose COMMIT waits, and may fail."""

    def __init__(self, connection: sqlite3.Connection, fault: sqlite3.Error | None) -> None:
        self.connection, self.fault = connection, fault
        self.reached, self.free = threading.Event(), threading.Event()

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        if sql == "COMMIT":
            self.reached.set()
            assert self.free.wait(20)
            if self.fault:
                raise self.fault
        return self.connection.execute(sql, *values)

    def close(self) -> None:
        self.connection.close()


@pytest.mark.parametrize("fault", [None, sqlite3.OperationalError("disk I/O error")])
def test_nothing_is_acknowledged_before_its_commit_has_ended(
    connection: sqlite3.Connection, fault: sqlite3.Error | None
) -> None:
    held = Held(connection, fault)

    async def one() -> tuple[bool, object]:
        writer = Writer(held)  # type: ignore[arg-type]
        job = asyncio.create_task(writer.do(put(1)))
        assert await asyncio.to_thread(held.reached.wait, 20)
        await asyncio.sleep(0.05)  # an acknowledgement that was sent would be here
        early = job.done()
        held.free.set()
        (found,) = await asyncio.gather(job, return_exceptions=True)
        await asyncio.to_thread(writer.close)
        return early, found

    early, found = asyncio.run(one())
    assert not early
    assert isinstance(found, NotSavedError) if fault else found == 1


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    now = [0.0]
    limiter = Limiter(Rate(2, 3), lambda: now[0])
    assert [limiter.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert limiter.wait("b") == 0, "another has its own"
    now[0] = 0.5
    assert limiter.wait("a") == 0
    assert limiter.wait("a") == 0.5


def test_an_address_of_ipv6_stands_for_its_network() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff") != network("2001:db8:1::1")
    assert network("192.0.2.1") != network("192.0.2.2")
    assert network("") == ""
