"""The one thread that writes: what waits together is written in one transaction (group commit)."""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]

MOST_TOGETHER = 256


class NotSavedError(Exception):
    """Nothing of the transaction is on the disk, in a sentence."""


@dataclass(frozen=True)
class _Waiting:
    job: Job[Any]
    answer: Callable[[Any, Exception | None], None]


class Writer:
    """Runs jobs on a connection, in the order in which they come.

    A job's result is given only after the COMMIT of the transaction that it was part of, so it is
    as good as on the disk. A job that raises has written nothing: it looks before it writes.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="answers", daemon=True)
        self._thread.start()

    async def do(self, job: Job[T]) -> T:
        """The job's result, once it is on the disk.

        Raises:
            NotSavedError: the disk refused the transaction.
            Exception: what the job raised.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def answer(result: Any, error: Exception | None) -> None:
            loop.call_soon_threadsafe(_settle, future, result, error)

        self._queue.put(_Waiting(job, answer))
        return await future

    def close(self) -> None:
        """Write what waits, and end."""
        self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        going = True
        while going:
            batch = [self._queue.get()]
            with contextlib.suppress(queue.Empty):
                while len(batch) < MOST_TOGETHER:
                    batch.append(self._queue.get_nowait())
            going = None not in batch
            self._write([each for each in batch if each is not None])

    def _write(self, batch: list[_Waiting]) -> None:
        results: list[tuple[Any, Exception | None]] = []
        db = self._connection
        try:
            db.execute("BEGIN IMMEDIATE")
            results = [_done(each.job, db) for each in batch]
            db.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            results = [(None, NotSavedError(str(error)))] * len(batch)
        for each, (result, failed) in zip(batch, results, strict=True):
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                each.answer(result, failed)


def _done(job: Job[Any], db: sqlite3.Connection) -> tuple[Any, Exception | None]:
    try:
        return job(db), None
    except sqlite3.Error:
        raise
    except Exception as error:  # noqa: BLE001 - it is the asker's
        return None, error


def _settle(future: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
